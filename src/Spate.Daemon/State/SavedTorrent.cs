using Spate.Engine.Pieces;
using Spate.Protocol;

namespace Spate.Daemon.State;

/// <summary>
/// What the daemon keeps of a torrent beside its .torrent file and the engine's resume data (which hold pieces, totals and times of
/// activity: nothing stands in two places).
/// </summary>
internal sealed record SavedTorrent
{
    /// <summary>The info-hash as it is used on the wire.</summary>
    public required Sha1Hash Id { get; init; }

    /// <summary>The SHA-256 of the .torrent file; null while only <see cref="Magnet"/> is known.</summary>
    public string? MetainfoHash { get; set; }

    /// <summary>The magnet link that it was added by.</summary>
    public string? Magnet { get; set; }

    /// <summary>The name that the user gave it; null for the torrent's own.</summary>
    public string? Name { get; set; }

    /// <summary>The download folder.</summary>
    public required string Folder { get; init; }

    /// <summary>Where its files are being moved; null while they are not. A move that a kill interrupts goes on at the next start.</summary>
    public string? MovingTo { get; set; }

    /// <summary>It is being removed with its files; what a kill leaves of them is deleted at the next start.</summary>
    public bool IsLeaving { get; set; }

    public string? Category { get; set; }

    public IReadOnlyList<string> Tags { get; set; } = [];

    public DateTimeOffset Added { get; set; }

    public DateTimeOffset? Completed { get; set; }

    /// <summary>The user stopped it, or a share limit did.</summary>
    public bool IsStopped { get; set; }

    /// <summary>Runs whatever the queue says.</summary>
    public bool IsForced { get; set; }

    public bool IsSequential { get; set; }

    /// <summary>The data is known to be complete: not checked when it is first started.</summary>
    public bool TrustData { get; set; }

    /// <summary>Its place in the queue among all others: the smaller, the sooner.</summary>
    public long Rank { get; set; }

    /// <summary>By file index; null is normal for all.</summary>
    public IReadOnlyList<PiecePriority>? FilePriorities { get; set; }

    public SavedLimits Limits { get; set; } = new();

    /// <summary>Connected peers at most; null for the default.</summary>
    public int? MaxPeers { get; set; }

    public SavedShareLimits ShareLimits { get; set; } = new();

    /// <summary>A share limit stopped it once: when the user starts it again, it is left alone.</summary>
    public bool IsShared { get; set; }

    /// <summary>Trackers by tier in place of those of the torrent; null keeps those.</summary>
    public IReadOnlyList<IReadOnlyList<string>>? Trackers { get; set; }
}
