using System.Net;
using Spate.Create;
using Spate.Engine;
using Spate.Engine.Session;
using Spate.Engine.Torrents;
using Spate.Protocol;

namespace Spate.Tests.Session;

/// <summary>A magnet link becomes a torrent and then its content, over real sockets.</summary>
public sealed class MagnetTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("spate-magnet-").FullName;

    [Fact]
    public async Task A_link_and_one_peer_are_enough()
    {
        byte[] content = new byte[3_000_017];
        new Random(5).NextBytes(content);
        string original = Path.Combine(folder, "content.bin");
        await File.WriteAllBytesAsync(original, content);
        // Small pieces: the metadata takes several parts.
        Metainfo metainfo = TorrentCreator.Create(original, new CreateOptions { PieceLength = 1 << 14 }).Metainfo;

        await using TorrentSession seeder = await StartAsync();
        Torrent seed = seeder.Add(metainfo, new TorrentOptions { SaveTo = folder });
        await seed.WhenComplete(Limit());

        await using TorrentSession leech = await StartAsync();
        string target = Path.Combine(folder, "target");
        Torrent torrent = await leech.AddAsync(
            new MagnetLink { InfoHash = metainfo.InfoHash }, new TorrentOptions { SaveTo = target, Peers = [seeder.ListenEndPoints[0]] }, Limit());
        Assert.Equal(metainfo.Name, torrent.Name);
        Assert.Empty(leech.Searches);
        await torrent.WhenComplete(Limit());
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(target, "content.bin")));
    }

    [Fact]
    public async Task A_search_that_is_ended_says_so()
    {
        await using TorrentSession session = await StartAsync();
        Engine.Metadata.MetadataDownload search = session.Search(new MagnetLink { InfoHash = InfoHash.FromV1(Sha1Hash.Of("nobody has it"u8)) });
        Assert.Same(search, session.Search(search.Link));
        session.EndSearch(search);
        await Assert.ThrowsAsync<InvalidOperationException>(() => search.WhenComplete(Limit()));
        Assert.Empty(session.Searches);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static CancellationToken Limit() => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    private static Task<TorrentSession> StartAsync() => SpateSession.StartAsync(new SessionOptions { Listen = [new IPEndPoint(IPAddress.Loopback, 0)] });
}
