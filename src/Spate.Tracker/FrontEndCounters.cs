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

    /// <summary>Counts a refused announce.</summary>
    public void Refused(Refusal refusal)
    {
        Errors++;
        Refusals[(int)refusal]++;
    }

    /// <summary>Adds up the threads of a front end.</summary>
    public static FrontEndStatus Sum(string name, IReadOnlyCollection<FrontEndCounters> counters) => new()
    {
        Name = name,
        Requests = counters.Sum(c => c.Requests),
        Connects = counters.Sum(c => c.Connects),
        Announces = counters.Sum(c => c.Announces),
        Scrapes = counters.Sum(c => c.Scrapes),
        Errors = counters.Sum(c => c.Errors),
        Dropped = counters.Sum(c => c.Dropped),
        BytesIn = counters.Sum(c => c.BytesIn),
        BytesOut = counters.Sum(c => c.BytesOut),
        Connections = counters.Sum(c => c.Connections),
    };

    /// <summary>Adds up refusals by reason.</summary>
    public static IReadOnlyList<KeyValuePair<string, long>> SumRefusals(IReadOnlyCollection<FrontEndCounters> counters)
    {
        var sums = new List<KeyValuePair<string, long>>();
        foreach (Refusal refusal in Enum.GetValues<Refusal>())
        {
            if (refusal != Refusal.None) sums.Add(new(refusal.ToString(), counters.Sum(c => c.Refusals[(int)refusal])));
        }
        return sums;
    }
}
