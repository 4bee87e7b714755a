using System.Net;
using Spate.Engine.Torrents;
using Spate.Interop.Tests.Content;
using Spate.Interop.Tests.Programs;

namespace Spate.Interop.Tests;

/// <summary>
/// Two who both know a third hear of each other from it (BEP 11). Nobody has the content, so nobody leaves; the first word may take a
/// minute and a half, for that is how often some clients speak.
/// </summary>
public class PexTests
{
    [Theory]
    [InlineData(Client.Libtorrent)]
    [InlineData(Client.Transmission)]
    public Task Two_of_ours_hear_of_each_other_from(Client client) => Scene.RunAsync(async scene =>
    {
        string torrent = SampleContent.Create(scene, Shape.Single).WriteTorrent(scene);
        ForeignPeer between = await ForeignPeer.StartAsync(client, scene, torrent, scene.NewFolder());
        SpatePeer first = await SpatePeer.StartAsync(scene, torrent, scene.NewFolder(), peers: between.Address);
        SpatePeer second = await SpatePeer.StartAsync(scene, torrent, scene.NewFolder(), peers: between.Address);
        await scene.WaitAsync(async () => await IsConnectedAsync(first, second.Address) || await IsConnectedAsync(second, first.Address), "the two to meet");
    }, limitSeconds: 150);

    [Fact]
    public Task Libtorrent_and_transmission_hear_of_each_other_from_us() => Scene.RunAsync(async scene =>
    {
        string torrent = SampleContent.Create(scene, Shape.Single).WriteTorrent(scene);
        ForeignPeer first = await ForeignPeer.StartAsync(Client.Libtorrent, scene, torrent, scene.NewFolder());
        ForeignPeer second = await ForeignPeer.StartAsync(Client.Transmission, scene, torrent, scene.NewFolder());
        SpatePeer between = await SpatePeer.StartAsync(scene, torrent, scene.NewFolder(), peers: [first.Address, second.Address]);
        await scene.WaitAsync(async () => await IsConnectedAsync(between, first.Address) && await IsConnectedAsync(between, second.Address), "us to know both");
        // libtorrent prints with whom it connects; every peer has an address of its own.
        await scene.WaitAsync(() => first.Log.Contains($"{second.Address.Address}:", StringComparison.Ordinal), "the two to meet");
    }, limitSeconds: 150);

    private static async Task<bool> IsConnectedAsync(SpatePeer peer, IPEndPoint other)
    {
        IReadOnlyList<PeerStatus> peers = await peer.Torrent.GetPeersAsync();
        return peers.Any(p => p.Remote.Address.Equals(other.Address));
    }
}
