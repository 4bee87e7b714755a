using Spate.Engine.Ports;

namespace Spate.Runtime;

/// <summary>Runs work on the thread pool.</summary>
internal sealed class PoolScheduler : IScheduler
{
    public void Schedule(IWorkItem item) => ThreadPool.UnsafeQueueUserWorkItem(item, preferLocal: false);
}
