namespace Spate.Tracker;

/// <summary>What a tracker is doing: a snapshot.</summary>
public sealed record TrackerStatus
{
    /// <summary>Time since the start.</summary>
    public TimeSpan Uptime { get; init; }

    /// <summary>Torrents that have peers, or had some not long ago.</summary>
    public long Torrents { get; init; }

    /// <summary>Peers that have everything; a client that announces over IPv4 and IPv6 counts twice.</summary>
    public long Seeders { get; init; }

    /// <summary>All other peers.</summary>
    public long Leechers { get; init; }

    /// <summary>Those of the leechers that are partial seeds (BEP 21).</summary>
    public long PartialSeeds { get; init; }

    /// <summary>Those of the peers that are behind IPv6 addresses.</summary>
    public long PeersV6 { get; init; }

    /// <summary>Connected WebTorrent clients.</summary>
    public int WebSockets { get; init; }

    /// <summary>Bytes of memory that torrents and peers take.</summary>
    public long StoreBytes { get; init; }

    /// <summary>True while new torrents are refused for want of memory.</summary>
    public bool IsFull { get; init; }

    /// <summary>Successful announces a second over the last ten seconds, all front ends together.</summary>
    public double AnnouncesPerSecond { get; init; }

    /// <summary>What each front end did since the start.</summary>
    public IReadOnlyList<FrontEndStatus> FrontEnds { get; init; } = [];

    /// <summary>Refused announces since the start, by reason.</summary>
    public IReadOnlyList<KeyValuePair<string, long>> Refusals { get; init; } = [];
}

/// <summary>What a front end did since the start.</summary>
public sealed record FrontEndStatus
{
    /// <summary><c>udp</c>, <c>http</c> or <c>websocket</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Requests of any kind, answered or not.</summary>
    public long Requests { get; init; }

    /// <summary>UDP connection ids given.</summary>
    public long Connects { get; init; }

    /// <summary>Successful announces.</summary>
    public long Announces { get; init; }

    /// <summary>Successful scrapes.</summary>
    public long Scrapes { get; init; }

    /// <summary>Failure answers.</summary>
    public long Errors { get; init; }

    /// <summary>Datagrams that got no answer.</summary>
    public long Dropped { get; init; }

    /// <summary>Payload bytes received.</summary>
    public long BytesIn { get; init; }

    /// <summary>Payload bytes sent.</summary>
    public long BytesOut { get; init; }

    /// <summary>Accepted connections.</summary>
    public long Connections { get; init; }
}
