namespace Spate.Simulation;

/// <summary>The virtual clock of one process: its timers end with it. A tick is 100 ns.</summary>
public sealed class SimClock : TimeProvider
{
    private readonly SimProcess process;

    internal SimClock(SimProcess process) => this.process = process;

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override long GetTimestamp() => process.World.NowTicks;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => process.World.UtcNow + process.Host.ClockOffset;

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        process.World.Guard("CreateTimer");
        var timer = new SimTimer(process, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class SimTimer(SimProcess process, TimerCallback callback, object? state) : SimEvent, ITimer
    {
        private long periodTicks;
        private bool disposed;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (disposed) return false;
            process.World.Guard("a timer");
            periodTicks = period == Timeout.InfiniteTimeSpan ? 0 : period.Ticks;
            if (dueTime == Timeout.InfiniteTimeSpan) EventHeap.Disarm(this);
            else process.World.Arm(this, process.World.NowTicks + dueTime.Ticks);
            return true;
        }

        internal override void Fire()
        {
            if (disposed || process.IsDead) return;
            if (periodTicks > 0) process.World.Arm(this, process.World.NowTicks + periodTicks);
            process.Note(TraceKind.Timer, 0);
            process.Ready(static s =>
            {
                var timer = (SimTimer)s!;
                if (!timer.disposed) timer.Invoke();
            }, this);
        }

        private void Invoke() => callback(state);

        public void Dispose()
        {
            // The finaliser of an abandoned CancellationTokenSource may come from another thread; it touches nothing of the world.
            disposed = true;
            if (process.World.IsOnThread) EventHeap.Disarm(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
