using Spate.Daemon.State;

namespace Spate.Daemon.Policies;

/// <summary>The limits that hold for a torrent after all.</summary>
/// <param name="Ratio">Null is no limit.</param>
/// <param name="Seeding">Null is no limit.</param>
/// <param name="Action">What becomes of it.</param>
internal readonly record struct ShareLimits(double? Ratio, TimeSpan? Seeding, SavedShareAction Action);

/// <summary>Decides when a torrent has been shared enough.</summary>
internal static class ShareLimitPolicy
{
    /// <summary>Each limit by itself: the torrent's own, else that of its category, else that of all.</summary>
    public static ShareLimits Resolve(SavedShareLimits torrent, SavedShareLimits? category, SavedShareLimits all)
    {
        double? ratio = torrent.Ratio ?? category?.Ratio ?? all.Ratio;
        int? minutes = torrent.SeedingMinutes ?? category?.SeedingMinutes ?? all.SeedingMinutes;
        return new ShareLimits(
            ratio >= 0 ? ratio : null, minutes >= 0 ? TimeSpan.FromMinutes(minutes.Value) : null, torrent.Action ?? category?.Action ?? all.Action ?? SavedShareAction.Stop);
    }

    /// <summary>What is to be done with a torrent; null while it goes on.</summary>
    /// <param name="limits">The limits that hold for it.</param>
    /// <param name="isSeeding">It has all that is wanted, and runs.</param>
    /// <param name="ratio">Bytes sent for each byte of the content.</param>
    /// <param name="seeding">How long it was offered, over all runs.</param>
    /// <param name="wasStoppedBefore">
    /// A limit stopped it once and the user started it again: it is left alone, until a limit of its own is set or it downloads again.
    /// </param>
    public static SavedShareAction? Decide(ShareLimits limits, bool isSeeding, double ratio, TimeSpan seeding, bool wasStoppedBefore) =>
        isSeeding && !wasStoppedBefore && (ratio >= limits.Ratio || seeding >= limits.Seeding) ? limits.Action : null;
}
