using Microsoft.Extensions.Logging;
using Spate.Api;
using Spate.Daemon.Operations;
using Spate.Daemon.Policies;
using Spate.Daemon.State;
using Spate.Engine.Session;
using EngineState = Spate.Engine.Torrents.TorrentState;

namespace Spate.Daemon.Torrents;

/// <summary>Looks at the session every second: what it transfers goes into the statistics, and the clock may switch its limits.</summary>
internal sealed partial class SessionMeter(
    DaemonState state, TorrentSession session, TorrentLibrary library, StatisticsCollector collector, TimeProvider time, ILogger<SessionMeter> log) : IAsyncDisposable
{
    private const int SecondsBetweenDiskLooks = 10;
    private const long LeastFreeBytes = 64 << 20;

    private readonly CancellationTokenSource stopping = new();
    private readonly LimitSchedule schedule = new();
    private bool alternative = state.Settings.UseAlternative;
    private long freeBytes = -1;
    private Task ticks = Task.CompletedTask;

    /// <summary>The alternative limits hold.</summary>
    public bool UsesAlternative => Volatile.Read(ref alternative);

    public StatisticsNow Now
    {
        get
        {
            TorrentCounts counts = library.Table.Counts;
            (long down, long up) = library.Table.Rates;
            long free = Volatile.Read(ref freeBytes);
            return new StatisticsNow
            {
                DownloadRate = down,
                UploadRate = up,
                Torrents = counts.Total,
                Downloading = counts.States["downloading"],
                Seeding = counts.States["seeding"],
                Peers = session.Connections,
                DhtNodes = session.Dht is { } dht ? dht.Status.Nodes4 + dht.Status.Nodes6 : null,
                ListenPort = session.ListenEndPoints.Count > 0 ? session.ListenEndPoints[0].Port : 0,
                FreeBytes = free < 0 ? null : free,
                DownloadLimit = session.DownloadLimit,
                UploadLimit = session.UploadLimit,
                UsesAlternative = UsesAlternative,
            };
        }
    }

    /// <summary>What keeps the daemon from its work, for people.</summary>
    public IReadOnlyList<string> Problems
    {
        get
        {
            var problems = new List<string>();
            if (session.Options.Listen.Count > 0 && session.ListenEndPoints.Count == 0) problems.Add("It does not listen for peers.");
            if (Volatile.Read(ref freeBytes) is >= 0 and < LeastFreeBytes) problems.Add("The disk of the download folder is full.");
            return problems;
        }
    }

    public Statistics Statistics => new() { Now = Now, Session = Show(collector.Run), AllTime = Show(collector.AllTime) };

    public void Start()
    {
        library.Completed = collector.CountCompleted;
        ApplyLimits();
        ticks = RunAsync();
    }

    /// <summary>The settings changed: their limits hold from now on.</summary>
    /// <param name="chosen">The user chose the limits or the alternative ones just now; null when he did not.</param>
    public void ApplySettings(bool? chosen)
    {
        // What a schedule that is off now had chosen is over.
        if (!state.Settings.Schedule.IsEnabled) chosen ??= state.Settings.UseAlternative;
        if (chosen is { } choice) Volatile.Write(ref alternative, choice);
        ApplyLimits();
    }

    public History History(HistorySpan span)
    {
        RateHistory rates = span == HistorySpan.Live ? collector.Live() : collector.Day();
        return new History { Span = span, From = rates.From, StepSeconds = rates.StepSeconds, Download = rates.Download, Upload = rates.Upload };
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await ticks;
        try { await collector.SaveAsync(); }
        catch (IOException e) { LogUnsaved(log, e); }
        stopping.Dispose();
    }

    private static StatisticsTotals Show(SavedTotals totals) => new()
    {
        Downloaded = totals.Downloaded, Uploaded = totals.Uploaded, Wasted = totals.Wasted, Seconds = totals.Seconds, TorrentsFinished = totals.Completed,
    };

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        int second = 0;
        try
        {
            do
            {
                if (second++ % SecondsBetweenDiskLooks == 0) LookAtDisk();
                if (schedule.Tick(state.Settings.Schedule, time.GetLocalNow()) is { } switched) ApplySettings(switched);
                try { await collector.SampleAsync(Totals(), session.Connections); }
                catch (IOException e) { LogUnsaved(log, e); }
            }
            while (await timer.WaitForNextTickAsync(stopping.Token));
        }
        catch (OperationCanceledException) { }
    }

    private IEnumerable<TorrentTotals> Totals()
    {
        foreach (ManagedTorrent torrent in library.All)
        {
            if (torrent.Engine?.Status is not { } status) continue;
            if (torrent.IsNew && status.State == EngineState.Checking) continue;
            if (torrent.IsNew) yield return new TorrentTotals(torrent.Id, true, 0, 0, 0); // all that it has, it got in this run
            torrent.IsNew = false;
            yield return new TorrentTotals(torrent.Id, status.State != EngineState.Checking, status.Downloaded, status.Uploaded, status.Wasted);
        }
    }

    private void LookAtDisk()
    {
        long free = -1;
        try { free = new DriveInfo(state.Settings.DownloadFolder).AvailableFreeSpace; }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException) { } // then it can't be told
        Volatile.Write(ref freeBytes, free);
    }

    private void ApplyLimits()
    {
        SavedSettings settings = state.Settings;
        SavedLimits limits = UsesAlternative ? settings.AlternativeLimits : settings.Limits;
        (session.DownloadLimit, session.UploadLimit) = (limits.Download, limits.Upload);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The statistics could not be saved.")]
    private static partial void LogUnsaved(ILogger log, Exception e);
}
