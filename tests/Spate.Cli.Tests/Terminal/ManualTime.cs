namespace Spate.Cli.Tests.Terminal;

/// <summary>A clock that only goes when it is told to.</summary>
internal sealed class ManualTime : TimeProvider
{
    private long ticks = 1_000_000_000;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => ticks;

    public void Advance(double seconds) => ticks += (long)(seconds * TimeSpan.TicksPerSecond);
}
