namespace Spate.Tracker.Tests.Server;

/// <summary>A clock that stands still until a test lets time pass.</summary>
internal sealed class SetTime : TimeProvider
{
    private long ticks = TimeSpan.TicksPerDay;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref ticks);

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(Interlocked.Read(ref ticks));

    public void Pass(TimeSpan time) => Interlocked.Add(ref ticks, time.Ticks);
}
