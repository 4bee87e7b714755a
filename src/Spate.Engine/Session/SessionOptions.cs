using System.Net;

namespace Spate.Engine;

/// <summary>How a session behaves. Immutable; what may change later has a setter on the session.</summary>
public sealed record SessionOptions
{
    /// <summary>
    /// Where to listen for peers. Empty: do not listen. Port 0: the system chooses, the same for all. When none of them is a wildcard,
    /// connections and datagrams, to trackers too, leave from these addresses only.
    /// </summary>
    public IReadOnlyList<IPEndPoint> Listen { get; init; } = [new(IPAddress.IPv6Any, 6881)];

    /// <summary>Where resume data is kept; null keeps none.</summary>
    public string? StateFolder { get; init; }

    /// <summary>Memory for received blocks on their way to disk, in bytes; at least 1 MiB.</summary>
    public long WriteMemory { get; init; } = 64L << 20;

    /// <summary>
    /// Write large runs past the system's page cache where the file system can (Linux 6.1) and the device is quick. For <c>SpateSession</c>; a storage
    /// of one's own decides for itself.
    /// </summary>
    public bool DirectWrites { get; init; } = true;

    /// <summary>Memory for blocks on their way to peers, in bytes.</summary>
    public long ReadMemory { get; init; } = 32L << 20;

    /// <summary>Connected peers at most, over all torrents.</summary>
    public int MaxConnections { get; init; } = 500;

    /// <summary>Connections being opened at most, over all torrents.</summary>
    public int MaxHalfOpen { get; init; } = 60;

    /// <summary>Open files at most.</summary>
    public int MaxOpenFiles { get; init; } = 128;

    /// <summary>Upload limit in bytes a second; 0 is none.</summary>
    public long UploadLimit { get; init; }

    /// <summary>Download limit in bytes a second; 0 is none.</summary>
    public long DownloadLimit { get; init; }

    /// <summary>Upload slots of each torrent; 0 lets the upload capacity decide.</summary>
    public int UploadSlots { get; init; }

    /// <summary>What we call ourselves towards peers (BEP 10 <c>v</c>).</summary>
    public string ClientName { get; init; } = "Spate 0.1.0";

    /// <summary>The four characters of the version in the peer id (BEP 20).</summary>
    public string PeerIdVersion { get; init; } = "0100";

    /// <summary>How often what was written is made durable and resume data follows.</summary>
    public TimeSpan FlushInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Exchange peers with peers (BEP 11). Never for private torrents.</summary>
    public bool PeerExchange { get; init; } = true;

    /// <summary>Find peers on the local network by multicast (BEP 14). Never for private torrents.</summary>
    public bool LocalDiscovery { get; init; } = true;

    /// <summary>Find peers by the DHT (BEP 5), and be a node of it. Never for private torrents.</summary>
    public bool Dht { get; init; } = true;

    /// <summary>
    /// DHT nodes to start from while too few are known; null takes public ones, except for a session that listens on the loopback alone,
    /// which takes part in the DHT only when nodes are named here (an empty list will do: then others may name it).
    /// </summary>
    public IReadOnlyList<DnsEndPoint>? DhtNodes { get; init; }

    /// <summary>How announces choose among trackers.</summary>
    public Discovery.AnnounceOptions Announces { get; init; } = new();
}

/// <summary>How one torrent is downloaded. Immutable; what may change later has a setter on the torrent.</summary>
public sealed record TorrentOptions
{
    /// <summary>The download folder. Files land in it under the torrent's own names.</summary>
    public required string SaveTo { get; init; }

    /// <summary>Where an earlier run was moving the files to when it ended: the rest is moved before anything else. Null for no such move.</summary>
    public string? MovingTo { get; init; }

    /// <summary>Reserve the space of each file when it is first written.</summary>
    public bool Preallocate { get; init; }

    /// <summary>Ask for pieces in their order.</summary>
    public bool Sequential { get; init; }

    /// <summary>Added, checked, and not started.</summary>
    public bool Paused { get; init; }

    /// <summary>The data is known to be complete and is not checked at the start; a piece found wrong later is told.</summary>
    public bool TrustData { get; init; }

    /// <summary>
    /// Where pieces were saved and none of the files is there any more, download them anew. Else that is an error, and the torrent goes on
    /// when the files are back: their drive may only not be connected.
    /// </summary>
    public bool MayStartOver { get; init; }

    /// <summary>Priority by file index; null is normal for all.</summary>
    public IReadOnlyList<Pieces.PiecePriority>? FilePriorities { get; init; }

    /// <summary>Peers to try at once.</summary>
    public IReadOnlyList<IPEndPoint> Peers { get; init; } = [];

    /// <summary>Trackers by tier in place of those of the torrent; null keeps those.</summary>
    public IReadOnlyList<IReadOnlyList<string>>? Trackers { get; init; }

    /// <summary>Connected peers at most.</summary>
    public int MaxPeers { get; init; } = 200;

    /// <summary>Upload limit in bytes a second; 0 is none.</summary>
    public long UploadLimit { get; init; }

    /// <summary>Download limit in bytes a second; 0 is none.</summary>
    public long DownloadLimit { get; init; }

    /// <summary>Upload slots; 0 takes the session's setting.</summary>
    public int UploadSlots { get; init; }
}
