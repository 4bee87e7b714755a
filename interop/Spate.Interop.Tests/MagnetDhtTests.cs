using System.Net;
using Spate.Engine;
using Spate.Engine.Session;
using Spate.Engine.Torrents;
using Spate.Interop.Tests.Content;
using Spate.Interop.Tests.Programs;
using Spate.Protocol;

namespace Spate.Interop.Tests;

/// <summary>A magnet link without tracker or peer, and a DHT of fifty libtorrent nodes, of which we know one.</summary>
[Collection(LibtorrentNetwork.Name)]
public sealed class MagnetDhtTests(LibtorrentNetwork network)
{
    [Fact]
    public Task We_download_what_libtorrent_seeds() => InDhtAsync(async (scene, theirs) =>
    {
        SampleContent content = SampleContent.Create(scene, Shape.Single);
        Assert.Equal("seeding", await theirs.AskAsync($"seed 50 {content.WriteTorrent(scene)} {content.Folder}"));
        await using TorrentSession session = await OurSessionAsync(scene, theirs);
        string folder = scene.NewFolder();
        Torrent torrent = await session.AddAsync(MagnetLink.Parse($"magnet:?xt=urn:btih:{content.Metainfo.InfoHash}"), new TorrentOptions { SaveTo = folder });
        await scene.WaitAsync(() => torrent.Status.IsFinished, "spate to complete");
        await torrent.PauseAsync();
        content.AssertSame(folder);
    });

    [Fact]
    public Task Libtorrent_downloads_what_we_seed() => InDhtAsync(async (scene, theirs) =>
    {
        SampleContent content = SampleContent.Create(scene, Shape.Single);
        await using TorrentSession session = await OurSessionAsync(scene, theirs);
        Torrent torrent = session.Add(content.Metainfo, new TorrentOptions { SaveTo = content.Folder });
        await scene.WaitAsync(() => torrent.Status.IsFinished && session.Dht?.Status.Torrents == 1, "spate to seed");
        string folder = scene.NewFolder();
        string answer = await theirs.AskAsync($"fetch 33 magnet:?xt=urn:btih:{content.Metainfo.InfoHash} {folder}");
        Assert.StartsWith("fetched", answer);
        content.AssertSame(folder);
    });

    private Task InDhtAsync(Func<Scene, LibtorrentDht, Task> act) => Scene.RunAsync(scene => act(scene, network.Nodes), limitSeconds: 120);

    private static Task<TorrentSession> OurSessionAsync(Scene scene, LibtorrentDht theirs) => SpateSession.StartAsync(new SessionOptions
    {
        Listen = [new IPEndPoint(theirs.NextBeside(), 0)],
        StateFolder = scene.NewFolder(),
        LocalDiscovery = false,
        DhtNodes = [new DnsEndPoint(theirs.EndPointOf(1).Address.ToString(), 6881)],
    });
}
