using Spate.Protocol;
using Spate.Protocol.Trackers;

namespace Spate.Engine.Discovery;

/// <summary>Gives each tracker to the first client that can reach it.</summary>
public sealed class TrackerClients(params ITrackerClient[] clients) : ITrackerClient
{
    /// <inheritdoc/>
    public bool CanReach(Uri tracker) => Array.Exists(clients, c => c.CanReach(tracker));

    /// <inheritdoc/>
    public ValueTask<AnnounceAnswer> AnnounceAsync(Uri tracker, AnnounceRequest request, CancellationToken cancellation) =>
        For(tracker).AnnounceAsync(tracker, request, cancellation);

    /// <inheritdoc/>
    public ValueTask<ScrapeEntry?[]> ScrapeAsync(Uri tracker, ReadOnlyMemory<Sha1Hash> infoHashes, CancellationToken cancellation) =>
        For(tracker).ScrapeAsync(tracker, infoHashes, cancellation);

    private ITrackerClient For(Uri tracker) => Array.Find(clients, c => c.CanReach(tracker))
        ?? throw new IOException($"Trackers over {tracker.Scheme}: are not supported.");
}
