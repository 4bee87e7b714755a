using Spate.Engine.Ports;
using Spate.Protocol.Hashing;

namespace Spate.Simulation;

/// <summary>
/// Disk workers. An item starts when a worker is free, after the latency of the disk; it runs whole at one moment, and then the
/// worker stays busy for as long as the calls on the disk take by its model.
/// </summary>
public sealed class SimWorkers : IWorkers
{
    private readonly SimProcess process;
    private readonly Queue<IWorkItem> waiting = new();
    private readonly Stack<Worker> idle = new();

    internal SimWorkers(SimProcess process, int count)
    {
        this.process = process;
        Count = count;
        for (int i = 0; i < count; i++) idle.Push(new Worker(this));
    }

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public int HashLanes => Sha1Lanes.Count; // on every machine, or a seed would not replay elsewhere

    /// <summary>Items that wait for a worker.</summary>
    public int Waiting => waiting.Count;

    /// <inheritdoc/>
    public void Queue(IWorkItem item)
    {
        if (!process.World.GuardQuietly("Work was queued")) return;
        if (process.IsDead) return;
        waiting.Enqueue(item);
        if (idle.TryPop(out Worker? worker)) worker.Begin(waiting.Dequeue());
    }

    private sealed class Worker(SimWorkers owner) : SimEvent
    {
        private IWorkItem? item;

        public void Begin(IWorkItem next)
        {
            item = next;
            DiskOptions disk = owner.process.Host.Disk.Options;
            owner.process.World.Arm(this, owner.process.World.NowTicks + disk.Latency.Ticks);
        }

        internal override void Fire()
        {
            SimProcess process = owner.process;
            if (process.IsDead) return;
            if (item is { } due)
            {
                item = null;
                process.Note(TraceKind.Work, owner.waiting.Count);
                process.Host.Disk.TakeCost();
                process.World.RunOnWorker(process, due);
                long cost = process.Host.Disk.TakeCost();
                if (cost > 0)
                {
                    process.World.Arm(this, process.World.NowTicks + cost);
                    return;
                }
            }
            if (owner.waiting.TryDequeue(out IWorkItem? next)) Begin(next);
            else owner.idle.Push(this);
        }
    }
}
