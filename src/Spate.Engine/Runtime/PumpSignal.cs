using System.Threading.Tasks.Sources;
using Spate.Engine.Ports;

namespace Spate.Engine.Runtime;

/// <summary>
/// What one pump waits on when it must pause: memory, quota, or its consumer. One waiter at a time; a set signal is remembered.
/// The pump goes on over the scheduler, never on the stack of whoever sets the signal. Reused without allocation.
/// </summary>
public sealed class PumpSignal : IValueTaskSource, IWorkItem
{
    private const int Idle = 0, Waiting = 1, Set_ = 2;

    private readonly IScheduler scheduler;
    private ManualResetValueTaskSourceCore<bool> core;
    private int state;

    public PumpSignal(IScheduler scheduler)
    {
        this.scheduler = scheduler;
    }

    /// <summary>The line that it stands in; belongs to that line.</summary>
    public object? Line { get; set; }

    /// <summary>Completes once <see cref="Set"/> is called; at once if it was since the last wait.</summary>
    public ValueTask WaitAsync()
    {
        core.Reset();
        short version = core.Version;
        return Interlocked.CompareExchange(ref state, Waiting, Idle) == Idle
            ? new ValueTask(this, version)
            : Consume();
    }

    // Fences on both sides: the waiter must look at its condition after the signal is taken, and who sets the signal must look at the
    // state after the condition is written. A plain write on either side may still be in the processor's store buffer by then; each end
    // would see the past of the other, and the waiter would sleep for ever.
    private ValueTask Consume()
    {
        Interlocked.Exchange(ref state, Idle);
        return default;
    }

    /// <summary>Lets the waiter go on, or the next one not wait. Safe from any thread.</summary>
    public void Set()
    {
        Interlocked.MemoryBarrier();
        while (true)
        {
            int seen = Volatile.Read(ref state);
            if (seen == Set_) return;
            int next = seen == Waiting ? Idle : Set_;
            if (Interlocked.CompareExchange(ref state, next, seen) != seen) continue;
            if (seen == Waiting) scheduler.Schedule(this);
            return;
        }
    }

    void IWorkItem.Run() => core.SetResult(true);

    void IValueTaskSource.GetResult(short token) => core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        core.OnCompleted(continuation, state, token, flags);
}
