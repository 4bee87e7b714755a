namespace Spate.Tracker.Announcing;

/// <summary>The tracker's time in whole seconds, counted from 1 at its start; never goes back.</summary>
internal sealed class TrackerClock(TimeProvider time)
{
    private readonly long start = time.GetTimestamp();

    /// <summary>Seconds since the start, and one.</summary>
    public uint NowSeconds => (uint)time.GetElapsedTime(start).TotalSeconds + 1;

    /// <summary>Seconds of the calendar's time, on which trackers that share a secret agree.</summary>
    public ulong UnixSeconds => (ulong)time.GetUtcNow().ToUnixTimeSeconds();
}
