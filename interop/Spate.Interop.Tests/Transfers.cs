using Spate.Interop.Tests.Content;
using Spate.Interop.Tests.Programs;
using Spate.Protocol;

namespace Spate.Interop.Tests;

/// <summary>How two find each other.</summary>
public enum Meeting
{
    /// <summary>We are told the other's address and connect.</summary>
    WeDial,

    /// <summary>An HTTP tracker names the other to us.</summary>
    HttpTracker,

    /// <summary>A UDP tracker names the other to us.</summary>
    UdpTracker,

    /// <summary>An HTTP tracker names us to the other; we only wait.</summary>
    TheyDial,
}

/// <summary>A transfer between one client of somebody else and us, in either direction.</summary>
internal static class Transfers
{
    private const int BlockLength = 16 << 10;
    private const int LimitSeconds = 150;

    public static Task DownloadAsync(Client client, Shape shape, Meeting meeting) => Scene.RunAsync(async scene =>
    {
        SampleContent content = SampleContent.Create(scene, shape);
        string folder = scene.NewFolder();

        (ForeignPeer seeder, SpatePeer us) = await MeetAsync(scene, client, meeting, content, ours: folder, theirs: content.Folder);
        await us.CompleteAsync(scene);

        Assert.True(await seeder.IsCompleteAsync());
        content.AssertSame(folder);
        us.AssertHealthy(mayWaste: 0);
        Assert.Equal(content.Metainfo.TotalLength, us.Status.Downloaded);
    }, LimitSeconds);

    public static Task SeedAsync(Client client, Shape shape, Meeting meeting) => Scene.RunAsync(async scene =>
    {
        SampleContent content = SampleContent.Create(scene, shape);
        string folder = scene.NewFolder();

        (ForeignPeer leecher, SpatePeer us) = await MeetAsync(scene, client, meeting, content, ours: content.Folder, theirs: folder);
        await scene.WaitAsync(leecher.IsCompleteAsync, $"{client} to complete");
        await leecher.DisposeAsync(); // its files are written now
        await scene.WaitAsync(() => us.Status.Uploaded >= content.Metainfo.TotalLength, "spate's counter of what it sent");

        content.AssertSame(folder, mayLackEmptyFiles: true);
        us.AssertHealthy(mayWaste: 0);
        // Some clients ask for a block twice at the end.
        Assert.InRange(us.Status.Uploaded, 0, content.Metainfo.TotalLength + (20 * BlockLength));
    }, LimitSeconds);

    // Whoever is to be found is there first, with its content checked and the tracker told.
    private static async Task<(ForeignPeer, SpatePeer)> MeetAsync(
        Scene scene, Client client, Meeting meeting, SampleContent content, string ours, string theirs)
    {
        Opentracker? tracker = meeting == Meeting.WeDial ? null : await Opentracker.StartAsync(scene, content.Metainfo.InfoHash.Wire);
        string torrent = content.WriteTorrent(scene, tracker is null ? [] : [meeting == Meeting.UdpTracker ? tracker.UdpUrl : tracker.HttpUrl]);
        bool theySeed = theirs == content.Folder;
        if (meeting == Meeting.TheyDial)
        {
            SpatePeer waiting = await SpatePeer.StartAsync(scene, torrent, ours, dials: false);
            await scene.WaitAsync(() => waiting.IsAnnounced, "the tracker to answer");
            return (await ForeignPeer.StartAsync(client, scene, torrent, theirs), waiting);
        }
        ForeignPeer other = await ForeignPeer.StartAsync(client, scene, torrent, theirs);
        if (theySeed) await scene.WaitAsync(other.IsCompleteAsync, $"{client} to check its content");
        if (tracker is not null) await scene.WaitAsync(async () => await tracker.CountPeersAsync() > 0, $"{client} to be announced");
        return (other, await SpatePeer.StartAsync(scene, torrent, ours, peers: tracker is null ? [other.Address] : []));
    }
}
