using Spate.Engine;

namespace Spate.Simulation;

/// <summary>How a node of a simulated swarm is made.</summary>
public sealed record NodeOptions
{
    public LinkOptions Link { get; init; } = LinkOptions.Of(1_000_000, 4_000_000, TimeSpan.FromMilliseconds(50));

    public DiskOptions Disk { get; init; } = new();

    /// <summary>Its session. Listens on port 6881 of both families unless told otherwise.</summary>
    public SessionOptions Session { get; init; } = new() { StateFolder = SimNode.StateFolder, LocalDiscovery = false, Dht = false };

    /// <summary>Its torrent.</summary>
    public TorrentOptions Torrent { get; init; } = new() { SaveTo = SimNode.Folder, MaxPeers = 40 };

    /// <summary>Whether its disk holds the content from the beginning.</summary>
    public bool IsSeed { get; init; }
}
