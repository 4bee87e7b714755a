using Spate.Protocol;
using Spate.Protocol.Trackers;

namespace Spate.Engine.Discovery;

/// <summary>Talks to trackers of one or more protocols. Shared by all torrents of a session; safe to call from any strand.</summary>
public interface ITrackerClient
{
    /// <summary>True when it can talk to trackers of this URL's scheme.</summary>
    bool CanReach(Uri tracker);

    /// <summary>
    /// Announces. A refusal by the tracker is an answer (<see cref="AnnounceAnswer.Failure"/>), not an exception.
    /// </summary>
    /// <exception cref="IOException">No answer, or one that makes no sense. The message is for people and holds no passkey.</exception>
    ValueTask<AnnounceAnswer> AnnounceAsync(Uri tracker, AnnounceRequest request, CancellationToken cancellation);

    /// <summary>Asks for the counts of torrents (BEP 15, 48). The result has one element for each hash; null where the tracker knows none.</summary>
    /// <exception cref="IOException">No answer, or the tracker can't be scraped.</exception>
    ValueTask<ScrapeEntry?[]> ScrapeAsync(Uri tracker, ReadOnlyMemory<Sha1Hash> infoHashes, CancellationToken cancellation);
}
