using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Spate.Engine.Session;

/// <summary>
/// Hands events to whoever watches, each through a queue of its own that drops the oldest when full and counts what it dropped: a
/// slow watcher costs bounded memory and never holds up a strand.
/// </summary>
public sealed class EventHub
{
    private const int QueueLength = 4096;

    private volatile Watcher[] watchers = [];
    private readonly Lock changing = new();

    /// <summary>True when somebody watches: spares making events that nobody sees.</summary>
    public bool IsWatched => watchers.Length > 0;

    /// <summary>Events from now on. <paramref name="onDropped"/> is told, when it is too late, how many were lost.</summary>
    public async IAsyncEnumerable<SessionEvent> WatchAsync(Action<long>? onDropped = null, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var watcher = new Watcher();
        lock (changing) watchers = [.. watchers, watcher];
        try
        {
            while (await watcher.Queue.Reader.WaitToReadAsync(cancellation))
            {
                while (watcher.Queue.Reader.TryRead(out SessionEvent? e))
                {
                    long dropped = watcher.TakeDropped();
                    if (dropped > 0) onDropped?.Invoke(dropped);
                    yield return e;
                }
            }
        }
        finally
        {
            lock (changing) watchers = [.. watchers.Where(other => other != watcher)];
        }
    }

    internal void Publish(SessionEvent e)
    {
        foreach (Watcher watcher in watchers) watcher.Queue.Writer.TryWrite(e);
    }

    internal void Close()
    {
        foreach (Watcher watcher in watchers) watcher.Queue.Writer.TryComplete();
    }

    private sealed class Watcher
    {
        private long dropped;

        public Watcher()
        {
            var options = new BoundedChannelOptions(QueueLength) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true };
            Queue = Channel.CreateBounded<SessionEvent>(options, _ => Interlocked.Increment(ref dropped));
        }

        public Channel<SessionEvent> Queue { get; }

        public long TakeDropped() => Interlocked.Exchange(ref dropped, 0);
    }
}
