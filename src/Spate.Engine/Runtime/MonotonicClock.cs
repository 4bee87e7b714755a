namespace Spate.Engine.Runtime;

/// <summary>Milliseconds since an arbitrary moment, from a <see cref="TimeProvider"/>; never goes back. What deadlines are kept in.</summary>
public readonly struct MonotonicClock(TimeProvider time)
{
    /// <summary>Milliseconds now.</summary>
    public long NowMs => (long)(time.GetTimestamp() * (1000.0 / time.TimestampFrequency));
}
