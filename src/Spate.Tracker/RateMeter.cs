using System.Diagnostics;

namespace Spate.Tracker;

/// <summary>The rate of a growing count over the last seconds. One thread samples, any may read.</summary>
internal sealed class RateMeter(int seconds)
{
    private readonly Queue<(long Count, long Timestamp)> samples = new();
    private double perSecond;

    public double PerSecond => Volatile.Read(ref perSecond);

    /// <summary>Takes the count; meant to be called every second.</summary>
    public void Sample(long count, long timestamp)
    {
        samples.Enqueue((count, timestamp));
        if (samples.Count > seconds + 1) samples.Dequeue();
        (long oldCount, long oldTimestamp) = samples.Peek();
        double elapsed = Stopwatch.GetElapsedTime(oldTimestamp, timestamp).TotalSeconds;
        Volatile.Write(ref perSecond, elapsed > 0 ? (count - oldCount) / elapsed : 0);
    }
}
