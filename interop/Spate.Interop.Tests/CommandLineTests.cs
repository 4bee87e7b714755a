using Spate.Engine.Torrents;
using Spate.Interop.Tests.Content;
using Spate.Interop.Tests.Programs;

namespace Spate.Interop.Tests;

/// <summary>./spate as a process: with another client, with signals, and killed in the middle.</summary>
public class CommandLineTests
{
    private const int SlowBytesPerSecond = 4 << 20; // six seconds for the content

    [Fact]
    public Task Get_downloads_from_libtorrent() => Scene.RunAsync(async scene =>
    {
        SampleContent content = SampleContent.Create(scene, Shape.Multi);
        string torrent = content.WriteTorrent(scene), folder = scene.NewFolder();
        ForeignPeer seeder = await ForeignPeer.StartAsync(Client.Libtorrent, scene, torrent, content.Folder);
        await scene.WaitAsync(seeder.IsCompleteAsync, "libtorrent to check its content");

        SpateProgram get = Get(scene, scene.NewFolder(), torrent, folder, seeder.Address.ToString());

        Assert.Equal(0, await get.EndAsync(scene));
        content.AssertSame(folder);
    });

    [Fact]
    public Task Seed_serves_libtorrent() => Scene.RunAsync(async scene =>
    {
        SampleContent content = SampleContent.Create(scene, Shape.Multi);
        string torrent = content.WriteTorrent(scene), folder = scene.NewFolder();
        ForeignPeer leecher = await ForeignPeer.StartAsync(Client.Libtorrent, scene, torrent, folder);

        string address = Addresses.NextEndPoint().Address.ToString();
        SpateProgram seed = SpateProgram.Start(
            scene, scene.NewFolder(), "seed", torrent, "--data", content.Folder, "--listen", address, "--port", "0", "--no-dht", "--peer", leecher.Address.ToString());
        await scene.WaitAsync(leecher.IsCompleteAsync, "libtorrent to complete");
        seed.Signal("INT");

        Assert.Equal(0, await seed.EndAsync(scene));
        await leecher.DisposeAsync();
        content.AssertSame(folder);
    });

    [Fact]
    public Task Ctrl_C_once_ends_in_order_and_the_same_command_goes_on() => Scene.RunAsync(async scene =>
    {
        (SampleContent content, string torrent, SpatePeer seeder) = await SlowSeederAsync(scene);
        string folder = scene.NewFolder(), state = scene.NewFolder();

        SpateProgram first = Get(scene, state, torrent, folder, seeder.Address.ToString());
        await scene.WaitAsync(() => seeder.Status.Uploaded > content.Metainfo.TotalLength / 4, "a quarter to be sent");
        first.Signal("INT");
        Assert.Equal(7, await first.EndAsync(scene));

        long before = seeder.Status.Uploaded;
        SpateProgram second = Get(scene, state, torrent, folder, seeder.Address.ToString());
        Assert.Equal(0, await second.EndAsync(scene));
        content.AssertSame(folder);
        // What was there was not fetched again.
        await scene.WaitAsync(() => seeder.Status.Uploaded >= content.Metainfo.TotalLength, "the seeder's counter");
        Assert.InRange(seeder.Status.Uploaded - before, 1, content.Metainfo.TotalLength - (before / 2));
    });

    [Fact]
    public Task Ctrl_C_twice_ends_at_once() => Scene.RunAsync(async scene =>
    {
        // The tracker takes the farewell and never answers, so that the orderly end takes its time.
        (SampleContent content, string torrent, SpatePeer seeder) = await SlowSeederAsync(scene, silentTracker: true);
        SpateProgram get = Get(scene, scene.NewFolder(), torrent, scene.NewFolder(), seeder.Address.ToString());
        await scene.WaitAsync(() => seeder.Status.Uploaded > content.Metainfo.TotalLength / 10, "a tenth to be sent");
        get.Signal("INT");
        await scene.WaitAsync(() => get.Log.Contains("stopping", StringComparison.Ordinal), "it to stop");
        get.Signal("INT");
        Assert.Equal(130, await get.EndAsync(scene));
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task Killed_it_claims_no_piece_that_is_not_there(bool filesAreDeleted) => Scene.RunAsync(async scene =>
    {
        (SampleContent content, string torrent, SpatePeer seeder) = await SlowSeederAsync(scene);
        string folder = scene.NewFolder(), state = scene.NewFolder();
        SpateProgram first = Get(scene, state, torrent, folder, seeder.Address.ToString());
        await scene.WaitAsync(() => seeder.Status.Uploaded > content.Metainfo.TotalLength / 2, "a half to be sent");
        first.Signal("KILL");
        await first.EndAsync(scene);
        if (filesAreDeleted) Directory.Delete(Path.Combine(folder, content.Metainfo.Name), recursive: true);

        SpateProgram second = Get(scene, state, torrent, folder, seeder.Address.ToString());

        Assert.Equal(0, await second.EndAsync(scene));
        content.AssertSame(folder);
    });

    private static SpateProgram Get(Scene scene, string state, string torrent, string folder, string peer) => SpateProgram.Start(
        scene, state, "get", torrent, "-o", folder, "--peer", peer, "--listen", Addresses.NextEndPoint().Address.ToString(), "--port", "0", "--no-dht", "--no-lsd");

    private static async Task<(SampleContent, string Torrent, SpatePeer)> SlowSeederAsync(Scene scene, bool silentTracker = false)
    {
        SampleContent content = SampleContent.Create(scene, Shape.Multi);
        string[] trackers = silentTracker ? [SilentTracker.Start(scene).Url] : [];
        SpatePeer seeder = await SpatePeer.StartAsync(scene, content.WriteTorrent(scene), content.Folder);
        seeder.Torrent.SetLimits(upload: SlowBytesPerSecond / 2, download: 0);
        await scene.WaitAsync(() => seeder.Status.State == TorrentState.Seeding, "the seeder to start");
        return (content, content.WriteTorrent(scene, trackers), seeder);
    }
}
