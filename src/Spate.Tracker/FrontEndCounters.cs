using Spate.Tracker.Announcing;

namespace Spate.Tracker;

/// <summary>
/// What one thread of a front end did. Only that thread writes, so there are no interlocked instructions; whoever reads may see
/// numbers that are a moment old.
/// </summary>
internal sealed class FrontEndCounters
{
    public long Requests, Connects, Announces, Scrapes, Errors, Dropped, BytesIn, BytesOut, Connections;
    public readonly long[] Refusals = new long[Announcing.Refusals.Count];

    public void Refused(Refusal refusal)
    {
        Errors++;
        Refusals[(int)refusal]++;
    }
}
