using System.Net;

namespace Spate.Interop.Tests.Programs;

/// <summary>Whose client it is.</summary>
public enum Client
{
    Libtorrent,
    Transmission,
    Aria2,
}

/// <summary>A BitTorrent client of somebody else with one torrent, which it checks, downloads and seeds until it is disposed.</summary>
internal abstract class ForeignPeer : IParticipant
{
    /// <summary>Where it listens for peers.</summary>
    public required IPEndPoint Address { get; init; }

    public abstract string Name { get; }

    public abstract string Log { get; }

    /// <summary>Whether it has all of the content, checked, and seeds.</summary>
    public abstract Task<bool> IsCompleteAsync();

    public abstract ValueTask DisposeAsync();

    /// <summary>Starts one; completes when it listens.</summary>
    public static async Task<ForeignPeer> StartAsync(Client client, Scene scene, string torrent, string folder, IPEndPoint? at = null)
    {
        IPEndPoint address = at ?? Addresses.NextEndPoint();
        string work = scene.NewFolder();
        ForeignPeer peer = client switch
        {
            Client.Libtorrent => new LibtorrentPeer(torrent, folder, address),
            Client.Transmission => new TransmissionPeer(torrent, folder, address, work),
            _ => new Aria2Peer(torrent, folder, address, work),
        };
        scene.Add(peer);
        await scene.WaitAsync(peer.IsReadyAsync, $"{client} to start");
        return peer;
    }

    protected virtual Task<bool> IsReadyAsync() => Task.FromResult(Addresses.IsListening(Address));
}
