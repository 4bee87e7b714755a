using System.Net;

namespace Spate.Protocol.Trackers;

/// <summary>What a tracker answers to an announce, over HTTP or UDP. Where <see cref="Failure"/> is set, little else is.</summary>
public sealed record AnnounceAnswer
{
    /// <summary>Time to wait before the next regular announce; null where the tracker does not say.</summary>
    public TimeSpan? Interval { get; init; }

    /// <summary>Time below which the tracker wants no announce at all.</summary>
    public TimeSpan? MinInterval { get; init; }

    /// <summary>Peers that have everything.</summary>
    public int? Seeders { get; init; }

    /// <summary>Peers that do not.</summary>
    public int? Leechers { get; init; }

    /// <summary>How often the torrent was completed.</summary>
    public int? Downloaded { get; init; }

    /// <summary>Peers to connect to: addresses with a port, as many as the reader was asked to take at most.</summary>
    public IReadOnlyList<IPEndPoint> Peers { get; init; } = [];

    /// <summary>The address from which the tracker saw the announce (BEP 24).</summary>
    public IPAddress? ExternalAddress { get; init; }

    /// <summary>A message for people; the announce succeeded all the same.</summary>
    public string? Warning { get; init; }

    /// <summary>Why the tracker refused.</summary>
    public string? Failure { get; init; }

    /// <summary>
    /// With a <see cref="Failure"/>: when to try again (BEP 31); <see cref="Timeout.InfiniteTimeSpan"/> means never.
    /// </summary>
    public TimeSpan? RetryIn { get; init; }

    /// <summary>To be sent back in later announces.</summary>
    public ReadOnlyMemory<byte> TrackerId { get; init; }
}
