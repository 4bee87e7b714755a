using Spate.Engine.Ports;
using Spate.Engine.Runtime;

namespace Spate.Engine.Tests.Discovery;

/// <summary>One thread, a clock that only tests move, and a strand to run code on: enough of a world for one collaborator.</summary>
internal sealed class TestWorld : TimeProvider, IScheduler, IRandom
{
    private readonly Queue<IWorkItem> ready = new();
    private readonly PriorityQueue<TestTimer, (long Due, long Order)> timers = new();
    private readonly List<Exception> faults = [];
    private readonly Random random;
    private long now = 1_000_000;
    private long order;

    public TestWorld(int seed = 1)
    {
        random = new Random(seed);
        Strand = new Strand(this, faults.Add);
    }

    public Strand Strand { get; }

    public long NowMs => now;

    public override long TimestampFrequency => 1000;

    public override long GetTimestamp() => now;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddMilliseconds(now);

    public void Schedule(IWorkItem item) => ready.Enqueue(item);

    public void Fill(Span<byte> bytes) => random.NextBytes(bytes);

    public int Next(int limit) => random.Next(limit);

    /// <summary>Runs the action on the strand, and all that follows from it without time passing.</summary>
    public void Do(Action action)
    {
        Strand.Enqueue(static a => ((Action)a!)(), action);
        Settle();
    }

    /// <summary>Runs until only time could change anything.</summary>
    public void Settle()
    {
        SynchronizationContext? outer = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            while (ready.TryDequeue(out IWorkItem? item)) item.Run();
        }
        finally { SynchronizationContext.SetSynchronizationContext(outer); }
        if (faults.Count > 0) throw new AggregateException(faults);
    }

    /// <summary>Lets time pass, timer by timer.</summary>
    public void Advance(long ms)
    {
        long end = now + ms;
        Settle();
        while (timers.TryPeek(out TestTimer? timer, out (long Due, long Order) at) && at.Due <= end)
        {
            timers.Dequeue();
            if (timer.Due != at.Due) continue; // changed since
            now = Math.Max(now, at.Due);
            timer.Fire();
            Settle();
        }
        now = end;
        Settle();
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new TestTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class TestTimer(TestWorld world, Action callback) : ITimer
    {
        private TimeSpan every;

        public long Due { get; private set; } = long.MaxValue;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            every = period;
            Due = dueTime == Timeout.InfiniteTimeSpan ? long.MaxValue : world.now + (long)Math.Ceiling(dueTime.TotalMilliseconds);
            if (Due != long.MaxValue) world.timers.Enqueue(this, (Due, world.order++));
            return true;
        }

        public void Fire()
        {
            Due = long.MaxValue;
            if (every != Timeout.InfiniteTimeSpan && every > TimeSpan.Zero) Change(every, every);
            callback();
        }

        public void Dispose() => Due = long.MaxValue;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

internal static class TestTasks
{
    /// <summary>The result of a task that must have ended by now: in a <see cref="TestWorld"/> nothing is waited for.</summary>
    public static T Ended<T>(this Task<T> task)
    {
        Assert.True(task.IsCompleted, "The task should have ended by now.");
        return task.GetAwaiter().GetResult();
    }
}
