namespace Spate.Engine.Discovery;

/// <summary>To which of a torrent's trackers it announces.</summary>
public enum TierMode
{
    /// <summary>One working tracker of each tier. The default: tiers often hold trackers that do not share their peers.</summary>
    AllTiers,

    /// <summary>One working tracker, of the first tier that has one (BEP 12 to the letter).</summary>
    Standard,

    /// <summary>Every tracker.</summary>
    AllTrackers,
}

/// <summary>How a torrent announces.</summary>
public sealed record AnnounceOptions
{
    /// <summary>Which trackers.</summary>
    public TierMode Tiers { get; init; }

    /// <summary>Peers to ask for at most (<c>numwant</c>).</summary>
    public int MaxPeersWanted { get; init; } = 200;

    /// <summary>Time for the last announces of a torrent that stops.</summary>
    public TimeSpan StopDeadline { get; init; } = TimeSpan.FromSeconds(3);
}
