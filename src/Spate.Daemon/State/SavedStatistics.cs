namespace Spate.Daemon.State;

/// <summary>Totals of all runs, of torrents that are gone too.</summary>
internal sealed record SavedTotals
{
    public long Downloaded { get; set; }

    public long Uploaded { get; set; }

    public long Wasted { get; set; }

    /// <summary>Seconds that the daemon ran.</summary>
    public long Seconds { get; set; }

    /// <summary>Torrents that were completed.</summary>
    public long Completed { get; set; }
}

/// <summary>One minute of the graph of a day.</summary>
internal sealed record SavedMinute
{
    /// <summary>Minutes since 1970.</summary>
    public required long Minute { get; init; }

    /// <summary>Bytes received in it.</summary>
    public required long Downloaded { get; init; }

    /// <summary>Bytes sent in it.</summary>
    public required long Uploaded { get; init; }

    /// <summary>Connected peers at its end.</summary>
    public required int Peers { get; init; }
}
