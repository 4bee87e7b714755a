namespace Spate.Protocol.Trackers;

/// <summary>A tracker's counts for one torrent (BEP 15, BEP 48).</summary>
/// <param name="Seeders">Peers that have everything.</param>
/// <param name="Completed">How often the torrent was completed.</param>
/// <param name="Leechers">Peers that do not have everything, partial seeds among them.</param>
/// <param name="Downloaders">Peers that still download (BEP 21); null where the tracker does not say.</param>
public readonly record struct ScrapeEntry(int Seeders, int Completed, int Leechers, int? Downloaders = null);
