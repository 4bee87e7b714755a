using System.Diagnostics;
using System.Globalization;

namespace Spate.Bench.Tracker;

/// <summary>What came of a load.</summary>
internal sealed class LoadReport(string name)
{
    // Latencies in steps of a hundredth of a millisecond, up to 400 ms.
    private readonly int[] latencies = new int[40_000];
    private readonly long started = Stopwatch.GetTimestamp();
    private long last;

    public long Sent, Answers, Errors, Lost, Bytes, Peers;

    public void Answered(long sentAt, long now)
    {
        Answers++;
        last = now;
        latencies[Math.Min(latencies.Length - 1, (int)(Stopwatch.GetElapsedTime(sentAt, now).TotalMilliseconds * 100))]++;
    }

    public override string ToString()
    {
        double seconds = Stopwatch.GetElapsedTime(started, last).TotalSeconds;
        double own = Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds;
        return string.Create(CultureInfo.InvariantCulture,
            $"{name} sent={Sent} replies={Answers} errors={Errors} lost={Lost} seconds={seconds:F2} replies_per_s={Answers / seconds:F0} "
            + $"bytes_per_reply={(double)Bytes / Math.Max(1, Answers):F1} peers_per_reply={(double)Peers / Math.Max(1, Answers):F1} "
            + $"lat_ms p50={Percentile(0.5):F2} p99={Percentile(0.99):F2} max={Percentile(1):F2} own_cpu={own:F2}");
    }

    private double Percentile(double part)
    {
        long wanted = (long)(part * (Answers - 1)), seen = 0;
        for (int i = 0; i < latencies.Length; i++)
        {
            seen += latencies[i];
            if (seen > wanted) return i / 100.0;
        }
        return 0;
    }
}
