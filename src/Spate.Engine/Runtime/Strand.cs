using System.Collections.Concurrent;
using Spate.Engine.Ports;

namespace Spate.Engine.Runtime;

/// <summary>
/// A serial queue: what is posted to it runs one after the other, never at the same time, on whatever thread the scheduler
/// lends. An idle strand costs this object and no thread. Being a <see cref="SynchronizationContext"/>, it also gets every
/// continuation of an <c>await</c> made on it, so code on a strand needs no locks.
/// </summary>
public sealed class Strand : SynchronizationContext, IWorkItem
{
    // A turn runs at most this many items before it goes to the back of the scheduler's queue: one busy torrent must not keep a thread.
    private const int ItemsPerTurn = 256;

    private readonly IScheduler scheduler;
    private readonly Action<Exception> onFault;
    private readonly ConcurrentQueue<Item> items = new();
    private int pending; // items that were posted and did not end; whoever raises it from 0 sees to it that a turn runs

    /// <param name="scheduler">Lends the threads.</param>
    /// <param name="onFault">Told of every exception that an item lets out: always a bug.</param>
    public Strand(IScheduler scheduler, Action<Exception> onFault)
    {
        this.scheduler = scheduler;
        this.onFault = onFault;
    }

    private readonly record struct Item(Action<object?> Action, object? State);

    /// <summary>Runs after each turn, on the strand: where replies that were gathered during the turn are sent in one go.</summary>
    public Action? TurnEnd { get; set; }

    /// <summary>True while the caller runs on this strand.</summary>
    public bool IsCurrent => Current == this;

    /// <summary>Queues an action. Allocates nothing when the delegate and its state exist already.</summary>
    public void Enqueue(Action<object?> action, object? state = null)
    {
        items.Enqueue(new Item(action, state));
        if (Interlocked.Increment(ref pending) == 1) scheduler.Schedule(this);
    }

    /// <summary>
    /// Queues an action and runs it here and now when the strand is idle: spares a pump that has nothing else to do the way over
    /// the thread pool. Never call it from a strand.
    /// </summary>
    public void EnqueueOrRun(Action<object?> action, object? state = null)
    {
        items.Enqueue(new Item(action, state));
        if (Interlocked.Increment(ref pending) == 1) Turn();
    }

    /// <summary>Awaits of code that runs on the strand come back through here.</summary>
    public override void Post(SendOrPostCallback d, object? state) => Enqueue(static s =>
    {
        var (callback, inner) = ((SendOrPostCallback, object?))s!;
        callback(inner);
    }, (d, state));

    /// <summary>Blocking sends are a deadlock waiting to happen.</summary>
    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("A strand is never waited for.");

    /// <inheritdoc/>
    public override SynchronizationContext CreateCopy() => this;

    void IWorkItem.Run() => Turn();

    private void Turn()
    {
        SynchronizationContext? outer = Current;
        SetSynchronizationContext(this);
        int ran = 0;
        bool again;
        try
        {
            do
            {
                while (ran < ItemsPerTurn && items.TryDequeue(out Item item))
                {
                    ran++;
                    try { item.Action(item.State); }
                    catch (Exception e) { onFault(e); }
                }
                try { TurnEnd?.Invoke(); }
                catch (Exception e) { onFault(e); }
                int left = Interlocked.Add(ref pending, -ran);
                again = left > 0;
                if (again && ran >= ItemsPerTurn)
                {
                    again = false;
                    scheduler.Schedule(this);
                }
                ran = 0;
            }
            while (again);
        }
        finally { SetSynchronizationContext(outer); }
    }
}
