namespace Spate.Engine.Ports;

/// <summary>Something that can be run once it is its turn.</summary>
public interface IWorkItem : IThreadPoolWorkItem
{
    /// <summary>Runs it. Must not throw.</summary>
    void Run();

    // So that the thread pool takes it as it is, without an allocation.
    void IThreadPoolWorkItem.Execute() => Run();
}

/// <summary>Runs short pieces of work, in parallel where the world allows it: the thread pool, or the simulation's one thread.</summary>
public interface IScheduler
{
    /// <summary>Runs the item soon. Items of one caller may run in any order.</summary>
    void Schedule(IWorkItem item);
}

/// <summary>Runs work that blocks on a disk or computes for long, on a few threads of its own; first come, first served.</summary>
public interface IWorkers
{
    /// <summary>How many items run at the same time.</summary>
    int Count { get; }

    /// <summary>How many pieces are best hashed at once, on one worker; 1 where it makes no difference.</summary>
    int HashLanes { get; }

    /// <summary>Queues the item; never blocks. What may be queued is bounded by the callers' own budgets.</summary>
    void Queue(IWorkItem item);
}
