using Spate.Interop.Tests.Content;
using Spate.Interop.Tests.Programs;

namespace Spate.Interop.Tests;

public class MixedSwarmTests
{
    /// <summary>One seeder and two downloaders of ours, and one downloader of every other client, who all meet at opentracker.</summary>
    [Fact]
    public Task All_four_clients_complete_in_one_swarm() => Scene.RunAsync(async scene =>
    {
        SampleContent content = SampleContent.Create(scene, Shape.Multi);
        Opentracker tracker = await Opentracker.StartAsync(scene, content.Metainfo.InfoHash.Wire);
        string torrent = content.WriteTorrent(scene, tracker.HttpUrl);

        SpatePeer seeder = await SpatePeer.StartAsync(scene, torrent, content.Folder);
        await scene.WaitAsync(() => seeder.Status.IsFinished && seeder.IsAnnounced, "the seeder to be announced");

        var others = new List<(ForeignPeer Peer, string Folder)>();
        foreach (Client client in Enum.GetValues<Client>())
        {
            string folder = scene.NewFolder();
            others.Add((await ForeignPeer.StartAsync(client, scene, torrent, folder), folder));
        }
        string[] folders = [scene.NewFolder(), scene.NewFolder()];
        SpatePeer[] ours =
        [
            await SpatePeer.StartAsync(scene, torrent, folders[0]),
            await SpatePeer.StartAsync(scene, torrent, folders[1]),
        ];

        foreach (SpatePeer peer in ours) await scene.WaitAsync(() => peer.Status.IsFinished, "our downloaders to complete");
        foreach ((ForeignPeer peer, _) in others) await scene.WaitAsync(peer.IsCompleteAsync, $"{peer.Name} to complete");

        foreach ((ForeignPeer peer, string folder) in others)
        {
            await peer.DisposeAsync();
            content.AssertSame(folder, mayLackEmptyFiles: true);
        }
        foreach (SpatePeer peer in ours) await peer.Torrent.PauseAsync();
        foreach (string folder in folders) content.AssertSame(folder);
        seeder.AssertHealthy(mayWaste: 0);
        // What is left over at the end is asked of several peers at once, and some of it comes twice.
        foreach (SpatePeer peer in ours) peer.AssertHealthy(mayWaste: content.Metainfo.TotalLength / 10);
    }, limitSeconds: 180);
}
