using Spate.Interop.Tests.Content;
using Spate.Interop.Tests.Programs;
using Spate.Protocol;

namespace Spate.Interop.Tests;

/// <summary>How two find each other.</summary>
public enum Meeting
{
    /// <summary>We are told the other's address and connect.</summary>
    WeDial,

    /// <summary>An HTTP tracker names us; we only wait.</summary>
    TheyDial,

    HttpTracker,

    UdpTracker,
}

/// <summary>A transfer between one client of somebody else and us, in either direction.</summary>
internal static class Transfers
{
    private const int BlockLength = 16 << 10;
    private const int LimitSeconds = 120;

    public static Task DownloadAsync(Client client, Shape shape, Meeting meeting) => Scene.RunAsync(async scene =>
    {
        SampleContent content = SampleContent.Create(scene, shape);
        string torrent = content.WriteTorrent(scene, await TrackerAsync(scene, meeting, content.Metainfo));
        string folder = scene.NewFolder();

        // Who only waits must be known to the tracker before the other one asks.
        SpatePeer? waiting = meeting == Meeting.TheyDial ? await AnnouncedAsync(scene, torrent, folder) : null;
        ForeignPeer seeder = await ForeignPeer.StartAsync(client, scene, torrent, content.Folder);
        await scene.WaitAsync(seeder.IsCompleteAsync, $"{client} to check its content");
        SpatePeer us = waiting
            ?? await SpatePeer.StartAsync(scene, torrent, folder, peers: meeting == Meeting.WeDial ? [seeder.Address] : []);
        await us.CompleteAsync(scene);

        content.AssertSame(folder);
        us.AssertHealthy(mayWaste: 0);
        Assert.Equal(content.Metainfo.TotalLength, us.Status.Downloaded);
    }, LimitSeconds);

    public static Task SeedAsync(Client client, Shape shape, Meeting meeting) => Scene.RunAsync(async scene =>
    {
        SampleContent content = SampleContent.Create(scene, shape);
        string torrent = content.WriteTorrent(scene, await TrackerAsync(scene, meeting, content.Metainfo));
        string folder = scene.NewFolder();

        SpatePeer us = meeting == Meeting.WeDial
            ? await SpatePeer.StartAsync(scene, torrent, content.Folder)
            : await AnnouncedAsync(scene, torrent, content.Folder, dials: meeting != Meeting.TheyDial);
        await scene.WaitAsync(() => us.Status.IsFinished, "spate to check its content");
        ForeignPeer leecher = await ForeignPeer.StartAsync(client, scene, torrent, folder);
        if (meeting == Meeting.WeDial) us.Torrent.AddPeer(leecher.Address);
        await scene.WaitAsync(leecher.IsCompleteAsync, $"{client} to complete");
        await leecher.DisposeAsync(); // its files are written now
        await scene.WaitAsync(() => us.Status.Uploaded >= content.Metainfo.TotalLength, "spate's counter of what it sent");

        content.AssertSame(folder, mayLackEmptyFiles: true);
        us.AssertHealthy(mayWaste: 0);
        // Our counter is of what was sent; some clients ask for a block twice at the end.
        Assert.InRange(us.Status.Uploaded, 0, content.Metainfo.TotalLength + (20 * BlockLength));
    }, LimitSeconds);

    private static async Task<string[]> TrackerAsync(Scene scene, Meeting meeting, Metainfo metainfo)
    {
        if (meeting == Meeting.WeDial) return [];
        Opentracker tracker = await Opentracker.StartAsync(scene, metainfo.InfoHash.Wire);
        return [meeting == Meeting.UdpTracker ? tracker.UdpUrl : tracker.HttpUrl];
    }

    private static async Task<SpatePeer> AnnouncedAsync(Scene scene, string torrent, string folder, bool dials = false)
    {
        SpatePeer us = await SpatePeer.StartAsync(scene, torrent, folder, dials);
        await scene.WaitAsync(() => us.IsAnnounced, "the tracker to answer");
        return us;
    }
}
