using Spate.Engine.Ports;

namespace Spate.Engine.Disk;

/// <summary>A call that blocks, made on a disk worker and awaited on a strand.</summary>
internal sealed class DiskCall<T> : IWorkItem
{
    private readonly Func<T> call;

    // Without RunContinuationsAsynchronously: a waiter on a strand gets its continuation posted there by the context it captured.
    private readonly TaskCompletionSource<T> done = new();

    private DiskCall(Func<T> call)
    {
        this.call = call;
    }

    /// <summary>Queues the call; the task ends as the call did. Await it on a strand.</summary>
    public static Task<T> Run(IWorkers workers, Func<T> call)
    {
        var item = new DiskCall<T>(call);
        workers.Queue(item);
        return item.done.Task;
    }

    void IWorkItem.Run()
    {
        try { done.SetResult(call()); }
        catch (Exception e) { done.SetException(e); } // thrown again where it is awaited
    }
}
