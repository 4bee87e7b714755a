namespace Spate.Tests.Files;

/// <summary>A clock that goes on when it is told to.</summary>
internal sealed class SetTime : TimeProvider
{
    private long ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => ticks;

    public void Advance(TimeSpan time) => ticks += time.Ticks;
}
