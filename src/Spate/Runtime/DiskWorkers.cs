using Spate.Engine.Ports;
using Spate.Protocol.Hashing;

namespace Spate.Runtime;

/// <summary>A few threads of their own for work that blocks or computes for long, so that it never takes a pool thread from a socket.</summary>
internal sealed class DiskWorkers : IWorkers, IDisposable
{
    private readonly Queue<IWorkItem> queue = new();
    private readonly Action<Exception> onFault;
    private bool ended;

    public DiskWorkers(int count, Action<Exception> onFault)
    {
        this.onFault = onFault;
        Count = count;
        for (int i = 0; i < count; i++) new Thread(Work) { IsBackground = true, Name = $"spate disk {i}" }.Start();
    }

    public int Count { get; }

    public int HashLanes => Sha1Lanes.Available;

    public void Queue(IWorkItem item)
    {
        lock (queue)
        {
            queue.Enqueue(item);
            Monitor.Pulse(queue);
        }
    }

    /// <summary>Lets the threads end once the queue is empty.</summary>
    public void Dispose()
    {
        lock (queue)
        {
            ended = true;
            Monitor.PulseAll(queue);
        }
    }

    private void Work()
    {
        while (true)
        {
            IWorkItem? item;
            lock (queue)
            {
                while (!queue.TryDequeue(out item))
                {
                    if (ended) return;
                    Monitor.Wait(queue);
                }
            }
            try { item.Run(); }
            catch (Exception e) { onFault(e); }
        }
    }
}
