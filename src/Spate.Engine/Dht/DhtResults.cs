using System.Net;
using Spate.Protocol;
using Spate.Protocol.Dht;

namespace Spate.Engine.Dht;

/// <summary>What came of a lookup.</summary>
public record DhtLookupResult
{
    /// <summary>Queries sent.</summary>
    public int NodesAsked { get; init; }

    /// <summary>Nodes that answered.</summary>
    public int NodesAnswered { get; init; }

    /// <summary>The nodes closest to the target, closest first; of both families, where both are used.</summary>
    public IReadOnlyList<NodeInfo> Closest { get; init; } = [];

    /// <summary>How long it took.</summary>
    public TimeSpan Took { get; init; }
}

/// <summary>Peers of a torrent.</summary>
public sealed record DhtPeers : DhtLookupResult
{
    /// <summary>Each peer once.</summary>
    public IReadOnlyList<IPEndPoint> Peers { get; init; } = [];

    /// <summary>Estimated peers that have everything (BEP 33), where they were asked for.</summary>
    public double Seeds { get; init; }

    /// <summary>Estimated peers that do not.</summary>
    public double Leechers { get; init; }

    /// <summary>Nodes that took our announce, where we announced.</summary>
    public int Announced { get; init; }
}

/// <summary>An item.</summary>
public sealed record DhtGot : DhtLookupResult
{
    /// <summary>The newest that was found and whose hash or signature is right; null when there was none.</summary>
    public DhtItem? Item { get; init; }

    /// <summary>Nodes that had one.</summary>
    public int Copies { get; init; }
}

/// <summary>What came of a put.</summary>
public sealed record DhtPut : DhtLookupResult
{
    /// <summary>Nodes that keep the item now.</summary>
    public int Stored { get; init; }

    /// <summary>Nodes that refused it, or of whose item it is known that it may not be replaced by this one.</summary>
    public int Refused { get; init; }

    /// <summary>The last reason of a refusal (BEP 44: 301 another version is current, 302 the version is too old), or 0.</summary>
    public int LastError { get; init; }
}

/// <summary>Torrents that nodes know of (BEP 51).</summary>
public sealed record DhtSamples : DhtLookupResult
{
    /// <summary>Each torrent once.</summary>
    public IReadOnlyList<Sha1Hash> Torrents { get; init; } = [];

    /// <summary>How many torrents the nodes say that they know, added up.</summary>
    public long Known { get; init; }
}

/// <summary>The answer to a ping.</summary>
/// <param name="Id">Who is there.</param>
/// <param name="RoundTrip">How long it took.</param>
/// <param name="Software">Four bytes that name its software, or nothing.</param>
public sealed record DhtPong(Sha1Hash Id, TimeSpan RoundTrip, ReadOnlyMemory<byte> Software);

/// <summary>The DHT of a session at one moment.</summary>
public sealed record DhtStatus
{
    /// <summary>IPv4 nodes that are known to work.</summary>
    public int Nodes4 { get; init; }

    /// <summary>IPv6 nodes that are known to work.</summary>
    public int Nodes6 { get; init; }

    /// <summary>True once enough nodes are known to look something up.</summary>
    public bool IsReady { get; init; }

    /// <summary>Lookups under way.</summary>
    public int Lookups { get; init; }

    /// <summary>Torrents that are announced.</summary>
    public int Torrents { get; init; }

    /// <summary>Torrents of others of which we keep peers.</summary>
    public int StoredTorrents { get; init; }

    /// <summary>Items that we keep for others.</summary>
    public int StoredItems { get; init; }

    /// <summary>What went in and out over IPv4; null where that is off.</summary>
    public DhtCounters? Counters4 { get; init; }

    /// <summary>What went in and out over IPv6; null where that is off.</summary>
    public DhtCounters? Counters6 { get; init; }

    /// <summary>What keeps it from working, for people; empty when nothing does.</summary>
    public string Problem { get; init; } = "";
}
