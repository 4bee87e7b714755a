using System.Diagnostics;
using System.Net;
using Spate.Engine;
using Spate.Engine.Session;
using Spate.Engine.Torrents;
using Spate.Interop.Tests.Content;
using Spate.Interop.Tests.Programs;
using Spate.Protocol;
using Xunit.Abstractions;

namespace Spate.Interop.Tests;

/// <summary>A magnet link without tracker or peer, and a DHT of fifty libtorrent nodes, of which we know one.</summary>
public sealed class MagnetDhtTests(ITestOutputHelper output)
{
    private const int Rounds = 7;

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

    /// <summary>Measures, and asserts nothing of it: this machine may be busy.</summary>
    [Fact]
    public Task How_long_it_takes_from_the_link_to_the_metadata() => InDhtAsync(async (scene, theirs) =>
    {
        List<long> ours = [], lts = [];
        await using TorrentSession session = await OurSessionAsync(scene, theirs);
        await scene.WaitAsync(() => session.Dht is { Status.IsReady: true }, "the DHT to be ready");
        for (int i = 0; i < Rounds; i++)
        {
            SampleContent content = SampleContent.Create(scene, Shape.Single, seed: i + 1);
            Assert.Equal("seeding", await theirs.AskAsync($"seed {10 + i} {content.WriteTorrent(scene)} {content.Folder}"));
            await Task.Delay(500); // its announce is on the way
            var clock = Stopwatch.StartNew();
            await session.Search(MagnetLink.Parse($"magnet:?xt=urn:btih:{content.Metainfo.InfoHash}")).WhenComplete();
            ours.Add(clock.ElapsedMilliseconds);
            string answer = await theirs.AskAsync($"fetch {30 + i} magnet:?xt=urn:btih:{content.Metainfo.InfoHash} {scene.NewFolder()}");
            Assert.StartsWith("fetched", answer);
            lts.Add(long.Parse(answer.Split(' ')[1]));
        }
        ours.Sort();
        lts.Sort();
        output.WriteLine($"from the magnet link to the metadata, median of {Rounds}: spate {ours[Rounds / 2]} ms ({ours[0]} to {ours[^1]}), " +
            $"libtorrent {lts[Rounds / 2]} ms ({lts[0]} to {lts[^1]})");
    });

    private static Task InDhtAsync(Func<Scene, LibtorrentDht, Task> act) => Scene.RunAsync(async scene =>
    {
        await using LibtorrentDht theirs = await LibtorrentDht.StartAsync(50);
        await act(scene, theirs);
    }, limitSeconds: 120);

    private static Task<TorrentSession> OurSessionAsync(Scene scene, LibtorrentDht theirs) => SpateSession.StartAsync(new SessionOptions
    {
        Listen = [new IPEndPoint(theirs.Beside(1), 0)],
        StateFolder = scene.NewFolder(),
        LocalDiscovery = false,
        DhtNodes = [new DnsEndPoint(theirs.EndPointOf(1).Address.ToString(), 6881)],
    });
}
