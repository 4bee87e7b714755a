using System.Text.Json.Serialization;

namespace Spate.Api;

/// <summary>A connected peer.</summary>
public sealed record PeerRow
{
    /// <summary>IP address and port.</summary>
    public required string Address { get; init; }

    /// <summary>As it calls itself: text from a stranger.</summary>
    public required string Client { get; init; }

    /// <summary>
    /// One letter for each thing that is so. `D` we download from it, `d` we want to and it does not let us; `U` we upload to it, `u` it
    /// wants and we do not let it; `K` it lets us and we want nothing, `?` we let it and it wants nothing; `S` snubbed, `I` it came to us,
    /// `E` encrypted, `P` over uTP.
    /// </summary>
    public required string Flags { get; init; }

    public bool IsIncoming { get; init; }

    /// <summary>The part of the torrent that it has, 0 to 1.</summary>
    public double Progress { get; init; }

    public long DownloadRate { get; init; }

    public long UploadRate { get; init; }

    public long Downloaded { get; init; }

    public long Uploaded { get; init; }

    /// <summary>Blocks that we have asked it for.</summary>
    public int Requests { get; init; }

    /// <summary>The shortest round trip seen; 0 while unknown.</summary>
    public int RoundTripMs { get; init; }
}

public sealed record PeerList
{
    public required IReadOnlyList<PeerRow> Peers { get; init; }
}

/// <summary>Peers to try.</summary>
public sealed record NewPeers
{
    /// <summary>IP addresses with ports, such as `192.0.2.7:6881` or `[2001:db8::7]:6881`; 100 at most.</summary>
    public required IReadOnlyList<string> Addresses { get; init; }
}

[JsonConverter(typeof(ApiEnum<TrackerState>))]
public enum TrackerState
{
    /// <summary>Not asked yet, or not needed.</summary>
    Idle,

    /// <summary>Waits for its turn.</summary>
    Queued,
    Announcing,

    /// <summary>It answered the last announce.</summary>
    Working,

    /// <summary>The last announce failed; it is tried again.</summary>
    Failing,

    /// <summary>It told us never to come back, or nobody here speaks its protocol.</summary>
    Disabled,
}

/// <summary>A tracker of a torrent.</summary>
public sealed record TrackerRow
{
    /// <summary>May hold a passkey.</summary>
    public required string Url { get; init; }

    /// <summary>From 0.</summary>
    public required int Tier { get; init; }

    public required TrackerState State { get; init; }

    /// <summary>What it answered last, for people: a failure, a warning, or empty.</summary>
    public string Message { get; set; } = "";

    /// <summary>When it is asked next; absent when nothing is planned.</summary>
    public DateTimeOffset? NextAnnounceAt { get; init; }

    /// <summary>Announces that failed in a row.</summary>
    public int Fails { get; init; }

    /// <summary>Peers in its last answer.</summary>
    public int PeersReceived { get; init; }

    public int? Seeders { get; init; }

    public int? Leechers { get; init; }

    /// <summary>How often the torrent was completed, as it tells.</summary>
    public int? Completed { get; init; }
}

public sealed record TrackerList
{
    public required IReadOnlyList<TrackerRow> Trackers { get; init; }
}

/// <summary>The trackers that a torrent shall have from now on, by tier.</summary>
public sealed record TrackerTiers
{
    public required IReadOnlyList<IReadOnlyList<string>> Tiers { get; init; }
}

/// <summary>The pieces of a torrent. Bit fields as on the wire: the first piece is the highest bit of the first byte.</summary>
public sealed record PieceMap
{
    public required int Count { get; init; }

    /// <summary>Bytes.</summary>
    public required int PieceSize { get; init; }

    /// <summary>Bit field of the pieces that are there and verified, in base 64.</summary>
    public required string Have { get; init; }

    /// <summary>Bit field of the pieces that are being downloaded, in base 64.</summary>
    public required string Active { get; init; }

    /// <summary>Bit field of the pieces that are not wanted, in base 64.</summary>
    public required string Skipped { get; init; }

    /// <summary>A byte for each piece, in base 64: the connected peers that have it, 255 at most.</summary>
    public required string Availability { get; init; }
}

/// <summary>An HTTP source of a torrent's content (BEP 19).</summary>
public sealed record WebSeedRow
{
    public required string Url { get; init; }
}

public sealed record WebSeedList
{
    public required IReadOnlyList<WebSeedRow> WebSeeds { get; init; }
}
