namespace Spate.Cli.Terminal;

/// <summary>The rate of something that only says how far it has come, smoothed over some three seconds.</summary>
internal sealed class RateEstimate(TimeProvider time)
{
    private const double SmoothingSeconds = 3;
    private const double ShortestSeconds = 0.05; // less says more about the clock than about the rate

    private readonly long start = time.GetTimestamp();
    private long lastAt = time.GetTimestamp();
    private long lastDone;
    private double? rate;

    /// <summary>Time since the start.</summary>
    public TimeSpan Elapsed => time.GetElapsedTime(start);

    /// <summary>Bytes per second, given how many are done by now; null at the very start.</summary>
    public double? Update(long done)
    {
        double seconds = time.GetElapsedTime(lastAt).TotalSeconds;
        if (seconds < ShortestSeconds) return rate;
        double now = (done - lastDone) / seconds;
        double weight = 1 - Math.Exp(-seconds / SmoothingSeconds);
        rate = rate is { } before ? before + (now - before) * weight : now;
        (lastAt, lastDone) = (time.GetTimestamp(), done);
        return rate;
    }
}
