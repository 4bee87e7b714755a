using System.Collections.Concurrent;
using Spate.Create;
using Spate.Daemon.Security;

namespace Spate.Daemon.Creation;

/// <summary>
/// Torrents that are made in the background, one after the other: each hashes on all cores and reads as fast as the disk gives. What was
/// made is kept until it is fetched and dropped, or many others came. All members may be used from any thread.
/// </summary>
internal sealed class CreationJobs : IAsyncDisposable
{
    /// <summary>Jobs that wait or run.</summary>
    public const int MostOpen = 20;

    /// <summary>Jobs that are over and kept.</summary>
    public const int MostKept = 20;

    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private readonly ConcurrentDictionary<string, CreationJob> jobs = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim waiting = new(0);
    private readonly Queue<CreationJob> queue = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly Task loop;

    public CreationJobs(TimeProvider time)
    {
        this.time = time;
        loop = Task.Run(RunAsync);
    }

    /// <summary>All, the newest first.</summary>
    public IReadOnlyList<CreationJob> All => [.. jobs.Values.OrderByDescending(job => job.Created).ThenBy(job => job.Id, StringComparer.Ordinal)];

    public CreationJob? Find(string id) => jobs.GetValueOrDefault(id);

    /// <summary>Puts a job in line; null when too many stand there.</summary>
    /// <param name="path">The file or folder, which the caller has checked.</param>
    /// <param name="options">How.</param>
    /// <param name="whenMade">Runs before the job is done, such as to add the torrent; what it throws is the reason of a failure.</param>
    public CreationJob? Start(string path, CreateOptions options, Func<CreatedTorrent, Task>? whenMade = null)
    {
        lock (gate)
        {
            if (jobs.Values.Count(job => !job.IsOver) >= MostOpen) return null;
            foreach (CreationJob old in jobs.Values.Where(job => job.IsOver).OrderByDescending(job => job.Created).Skip(MostKept - 1)) jobs.TryRemove(old.Id, out _);
            var job = new CreationJob(SecretHash.NewId(), path, options, whenMade, time.GetUtcNow());
            jobs[job.Id] = job;
            queue.Enqueue(job);
            waiting.Release();
            return job;
        }
    }

    /// <summary>Stops a job that waits or runs, forgets one that is over; false when there is none.</summary>
    public bool Drop(string id)
    {
        if (!jobs.TryGetValue(id, out CreationJob? job)) return false;
        if (job.IsOver) return jobs.TryRemove(id, out _);
        job.Cancellation.Cancel();
        return true;
    }

    /// <summary>Stops all.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        foreach (CreationJob job in jobs.Values) await job.Cancellation.CancelAsync();
        await loop;
        stopping.Dispose();
        waiting.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await waiting.WaitAsync(stopping.Token);
                CreationJob job;
                lock (gate) job = queue.Dequeue();
                await job.RunAsync(time);
            }
        }
        catch (OperationCanceledException) { }
    }
}
