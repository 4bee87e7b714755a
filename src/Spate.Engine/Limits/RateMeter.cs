namespace Spate.Engine.Limits;

/// <summary>Counts bytes and tells their rate over about the last five seconds. Pumps add; the torrent's tick samples.</summary>
internal sealed class RateMeter
{
    private const double WindowMs = 5000;

    private long total;
    private long sampledTotal;
    private long sampledAtMs = -1;
    private double rate;

    /// <summary>All bytes ever.</summary>
    public long Total => Volatile.Read(ref total);

    /// <summary>Bytes a second at the last sample.</summary>
    public double BytesPerSecond => rate;

    public void Add(int bytes) => Interlocked.Add(ref total, bytes);

    /// <summary>Starts from totals of an earlier run.</summary>
    public void Restore(long bytes) => (total, sampledTotal) = (bytes, bytes);

    /// <summary>Takes what came since the last sample into the rate.</summary>
    public void Sample(long nowMs)
    {
        long now = Total;
        long elapsed = sampledAtMs < 0 ? 0 : nowMs - sampledAtMs;
        if (elapsed > 0)
        {
            double current = (now - sampledTotal) * 1000.0 / elapsed;
            // A new transfer shows its rate at once; later samples are weighed by the time they cover.
            double weight = rate == 0 ? 1 : 1 - Math.Exp(-elapsed / WindowMs * 2);
            rate += (current - rate) * weight;
            if (rate < 1) rate = 0;
        }
        else if (sampledAtMs >= 0) return;
        (sampledAtMs, sampledTotal) = (nowMs, now);
    }
}
