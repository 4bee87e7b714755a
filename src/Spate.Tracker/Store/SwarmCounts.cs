namespace Spate.Tracker.Store;

/// <summary>Counts of a swarm.</summary>
/// <param name="Seeders">Peers that have everything.</param>
/// <param name="Leechers">All others.</param>
/// <param name="Partials">Those of the leechers that are partial seeds (BEP 21).</param>
internal readonly record struct SwarmCounts(uint Seeders, uint Leechers, uint Partials)
{
    public static SwarmCounts operator +(SwarmCounts a, SwarmCounts b) =>
        new(a.Seeders + b.Seeders, a.Leechers + b.Leechers, a.Partials + b.Partials);

    /// <summary>Seeders and leechers.</summary>
    public uint Peers => Seeders + Leechers;
}
