using System.Net;
using Spate.Engine;
using Spate.Engine.Session;
using Spate.Engine.Torrents;
using Spate.Interop.Tests.Content;
using Spate.Interop.Tests.Programs;
using Spate.Protocol;

namespace Spate.Interop.Tests;

/// <summary>A magnet link and one peer of another client: its metadata comes from there (BEP 9), and then its content; and the same with us as that peer.</summary>
public class MetadataTests
{
    [Theory]
    [InlineData(Client.Libtorrent)]
    [InlineData(Client.Transmission)]
    [InlineData(Client.Aria2)]
    public Task Metadata_comes_from(Client client) => Scene.RunAsync(async scene =>
    {
        SampleContent content = SampleContent.Create(scene, Shape.SmallPieces);
        ForeignPeer seeder = await ForeignPeer.StartAsync(client, scene, content.WriteTorrent(scene), content.Folder);
        await scene.WaitAsync(seeder.IsCompleteAsync, $"{client} to check its content");
        await using TorrentSession session = await SpateSession.StartAsync(new SessionOptions
        {
            Listen = [Addresses.NextEndPoint()], StateFolder = scene.NewFolder(), LocalDiscovery = false, Dht = false,
        });
        string folder = scene.NewFolder();
        var link = MagnetLink.Parse($"magnet:?xt=urn:btih:{content.Metainfo.InfoHash}&x.pe={seeder.Address}");
        Task<Torrent> adding = session.AddAsync(link, new TorrentOptions { SaveTo = folder });
        await scene.WaitAsync(() => adding.IsCompleted, "the metadata");
        Torrent torrent = await adding;
        Assert.True(content.Metainfo.RawInfo.Length > 16 << 10);
        Assert.True(torrent.Metainfo.RawInfo.Span.SequenceEqual(content.Metainfo.RawInfo.Span));
        await scene.WaitAsync(() => torrent.Status.IsFinished, "spate to complete");
        await torrent.PauseAsync();
        content.AssertSame(folder);
    }, limitSeconds: 150);

    [Theory]
    [InlineData(Client.Libtorrent)]
    [InlineData(Client.Transmission)]
    [InlineData(Client.Aria2)]
    public Task Metadata_goes_to(Client client) => Scene.RunAsync(async scene =>
    {
        SampleContent content = SampleContent.Create(scene, Shape.SmallPieces);
        string folder = scene.NewFolder();
        ForeignPeer leech = await ForeignPeer.StartAsync(client, scene, $"magnet:?xt=urn:btih:{content.Metainfo.InfoHash}", folder);
        Assert.False(await leech.IsCompleteAsync());
        SpatePeer seeder = await SpatePeer.StartAsync(scene, content.WriteTorrent(scene), content.Folder, peers: leech.Address); // it knows nobody; we come to it
        await scene.WaitAsync(leech.IsCompleteAsync, $"{client} to complete");
        await leech.DisposeAsync(); // its files are written now
        content.AssertSame(folder);
        seeder.AssertHealthy(mayWaste: 0);
    }, limitSeconds: 150);
}
