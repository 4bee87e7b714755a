namespace Spate.Engine.Discovery;

/// <summary>What a tracker is to us at the moment.</summary>
public enum TrackerState
{
    /// <summary>Not tried yet: the trackers before it do, or the torrent does not announce.</summary>
    Idle,

    /// <summary>Waits for its turn, because many announces go out.</summary>
    Queued,

    /// <summary>An announce is under way.</summary>
    Announcing,

    /// <summary>The last announce was answered.</summary>
    Working,

    /// <summary>The last announce failed; it is tried again.</summary>
    Failing,

    /// <summary>It told us never to come back (BEP 31), or nobody here speaks its protocol.</summary>
    Disabled,
}

/// <summary>A tracker of a torrent, at one moment.</summary>
public sealed record TrackerStatus
{
    /// <summary>The announce URL as the torrent has it. May hold a passkey.</summary>
    public required Uri Url { get; init; }

    /// <summary>The tier, from 0.</summary>
    public required int Tier { get; init; }

    public required TrackerState State { get; init; }

    /// <summary>What it answered last, for people: a failure, a warning, or empty.</summary>
    public string Message { get; init; } = "";

    /// <summary>Time to the next announce; null when none is planned.</summary>
    public TimeSpan? NextAnnounce { get; init; }

    /// <summary>Announces that failed in a row.</summary>
    public int Fails { get; init; }

    /// <summary>Peers in the last answer.</summary>
    public int PeersReceived { get; init; }

    /// <summary>Peers that have everything; null where it did not say.</summary>
    public int? Seeders { get; init; }

    /// <summary>Peers that do not; null where it did not say.</summary>
    public int? Leechers { get; init; }

    /// <summary>How often the torrent was completed; null where it did not say.</summary>
    public int? Completed { get; init; }
}
