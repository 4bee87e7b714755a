using Spate.Daemon.State;

namespace Spate.Daemon.Watch;

/// <summary>
/// All watch folders. Each is looked into every few seconds, which works everywhere, and at once where the system tells of changes
/// (network file systems don't).
/// </summary>
internal sealed class FolderWatches : IAsyncDisposable
{
    private static readonly TimeSpan interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan gathering = TimeSpan.FromMilliseconds(200); // between a change and a look: many come together

    private readonly Func<FoundTorrent, Task> add;
    private readonly Func<string, bool> mayUse;
    private readonly TimeProvider time;
    private readonly Action<string> report;
    private readonly SemaphoreSlim wake = new(0, 1);
    private readonly CancellationTokenSource stopping = new();
    private readonly Task loop;
    private volatile IReadOnlyList<SavedWatchFolder> wanted = [];

    /// <param name="add">Adds a torrent; what it throws is the reason that the user is told. One that is there already is no failure.</param>
    /// <param name="mayUse">Whether a folder may be read and written.</param>
    /// <param name="time">The clock.</param>
    /// <param name="report">Told what went wrong, for people.</param>
    public FolderWatches(Func<FoundTorrent, Task> add, Func<string, bool> mayUse, TimeProvider time, Action<string> report)
    {
        (this.add, this.mayUse, this.time, this.report) = (add, mayUse, time, report);
        loop = Task.Run(RunAsync);
    }

    /// <summary>Watches these folders from now on.</summary>
    public void Set(IReadOnlyList<SavedWatchFolder> folders)
    {
        wanted = folders;
        Wake();
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await loop;
        stopping.Dispose();
        wake.Dispose();
    }

    private void Wake()
    {
        try { wake.Release(); }
        catch (SemaphoreFullException) { } // awake already
        catch (ObjectDisposedException) { } // a last change, while all ends
    }

    private async Task RunAsync()
    {
        IReadOnlyList<SavedWatchFolder> current = [];
        var watches = new List<FolderWatch>();
        var signals = new List<FileSystemWatcher>();
        try
        {
            while (true)
            {
                if (current != wanted)
                {
                    current = wanted;
                    // Those that stay keep what they know of their files.
                    watches = [.. current.Select(folder => watches.Find(watch => watch.Settings == folder) ?? new FolderWatch(folder, add, mayUse, time, report))];
                    Drop(signals);
                    foreach (SavedWatchFolder folder in current)
                    {
                        if (Signal(folder.Path) is { } signal) signals.Add(signal);
                    }
                }
                foreach (FolderWatch watch in watches) await watch.LookAsync(stopping.Token);
                if (await wake.WaitAsync(interval, stopping.Token)) await Task.Delay(gathering, stopping.Token);
            }
        }
        catch (OperationCanceledException) { }
        finally { Drop(signals); }
    }

    // Null where the system can't tell: too many watches, a folder that is not there.
    private FileSystemWatcher? Signal(string path)
    {
        FileSystemWatcher? watcher = null;
        try
        {
            watcher = new FileSystemWatcher(path) { NotifyFilter = NotifyFilters.FileName | NotifyFilters.LastWrite };
            watcher.Created += (_, _) => Wake();
            watcher.Changed += (_, _) => Wake();
            watcher.Renamed += (_, _) => Wake();
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception e) when (e is IOException or ArgumentException or UnauthorizedAccessException)
        {
            watcher?.Dispose();
            return null;
        }
    }

    private static void Drop(List<FileSystemWatcher> signals)
    {
        foreach (FileSystemWatcher signal in signals) signal.Dispose();
        signals.Clear();
    }
}
