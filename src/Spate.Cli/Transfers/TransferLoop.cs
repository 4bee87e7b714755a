using Spate.Cli.Terminal;
using Spate.Engine.Session;
using Spate.Engine.Torrents;

namespace Spate.Cli.Transfers;

/// <summary>
/// Watches torrents of a session until all are done with what was asked, something stops them for good, or Ctrl-C: shows progress, tells
/// of changes, decides when seeding is enough.
/// </summary>
internal sealed class TransferLoop(CommandContext context, TorrentSession session, string folder)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan DiskPatience = TimeSpan.FromSeconds(10);

    private readonly Dictionary<Torrent, TorrentState> shown = [];
    private readonly Dictionary<Torrent, long> troubledSince = [];
    private readonly HashSet<Torrent> finished = [];
    private readonly long started = context.Environment.Time.GetTimestamp();
    private TorrentStatus[] last = []; // as they stood when it ended, before the session was closed
    private long lastLine;
    private long lastData, lastDataAt = context.Environment.Time.GetTimestamp();

    /// <summary>Searches for metadata that still run, by their link.</summary>
    public List<Task<Torrent>> Searches { get; } = [];

    /// <summary>What is watched.</summary>
    public List<Torrent> Torrents { get; } = [];

    /// <summary>Keep seeding until Ctrl-C.</summary>
    public bool SeedForever { get; init; }

    /// <summary>Wait for a disk that refuses, however long.</summary>
    public bool KeepTrying { get; init; }

    /// <summary>Give up when nothing arrived for so long; zero never does.</summary>
    public TimeSpan StallTimeout { get; init; }

    private bool HasSeedGoal => context.Has(TransferOptions.SeedRatio) || context.Has(TransferOptions.SeedTime);

    /// <summary>Runs; ends the session in order, and says how it went.</summary>
    public async Task<ExitCode> RunAsync()
    {
        ExitCode code;
        try { code = await WatchAsync(); }
        finally
        {
            context.Progress.Clear();
            last = [.. Torrents.Select(torrent => torrent.Status)];
            if (context.Cancel.IsCancellationRequested) context.Note($"stopping; Ctrl-C again quits at once");
            await session.DisposeAsync();
        }
        Report(code);
        return code;
    }

    private async Task<ExitCode> WatchAsync()
    {
        while (true)
        {
            await TakeFoundAsync();
            Show();
            if (Torrents.Count > 0 && Searches.Count == 0 && Torrents.TrueForAll(IsDone)) return ExitCode.Ok;
            if (!KeepTrying && Torrents.Exists(IsStuck)) return ExitCode.Disk;
            if (IsStalled()) return ExitCode.Network;
            try { await Task.Delay(Look, context.Environment.Time, context.Cancel); }
            catch (OperationCanceledException) { return Torrents.Count > 0 && Searches.Count == 0 && Torrents.TrueForAll(torrent => torrent.Status.IsFinished) ? ExitCode.Ok : ExitCode.Incomplete; }
        }
    }

    private async Task TakeFoundAsync()
    {
        for (int i = Searches.Count - 1; i >= 0; i--)
        {
            if (!Searches[i].IsCompleted) continue;
            Task<Torrent> done = Searches[i];
            Searches.RemoveAt(i);
            Torrent torrent = await done;
            int files = torrent.Metainfo.Files.Count(file => !file.IsPadding);
            context.Note($"{torrent.Name}: {(files == 1 ? "1 file" : $"{files} files")}, {ByteSize.Show(torrent.Metainfo.TotalLength)}");
            Torrents.Add(torrent);
        }
    }

    private void Show()
    {
        var lines = new List<ProgressLine>();
        foreach (Engine.Metadata.MetadataDownload search in session.Searches) lines.Add(TransferReport.Line(search.Status));
        bool tick = context.Environment.Time.GetElapsedTime(lastLine) >= TimeSpan.FromSeconds(1);
        if (tick) lastLine = context.Environment.Time.GetTimestamp();
        foreach (Torrent torrent in Torrents)
        {
            TorrentStatus now = torrent.Status;
            lines.Add(TransferReport.Line(now));
            bool changed = !shown.TryGetValue(torrent, out TorrentState before) || before != now.State;
            shown[torrent] = now.State;
            if (context.Get(TransferOptions.JsonLines) && (changed || tick)) TransferReport.PrintLine(context, changed ? "state" : "progress", now);
            if (changed && now.State == TorrentState.Error) context.Warn($"{now.Name}: {now.Error}");
            if (changed && before == TorrentState.Error && now.State is TorrentState.Downloading or TorrentState.Seeding && shown.Count > 0 && troubledSince.Remove(torrent))
                context.Note($"{now.Name}: going on");
            if (now.IsFinished && now.State != TorrentState.Checking && finished.Add(torrent) && now.Downloaded > 0)
                context.Note($"{now.Name}: complete, {ByteSize.Show(now.WantedBytes)} in {ProgressLine.ShowTime(context.Environment.Time.GetElapsedTime(started))}");
        }
        context.Progress.Show(lines);
    }

    private bool IsDone(Torrent torrent)
    {
        TorrentStatus now = torrent.Status;
        if (!now.IsFinished || now.State is TorrentState.Checking or TorrentState.Error || SeedForever) return false;
        if (!HasSeedGoal) return now.PiecesDurable == now.PiecesDone || now.State == TorrentState.Paused; // what is said to be there survives a power cut
        bool ratio = context.Has(TransferOptions.SeedRatio) && now.Ratio >= context.Get(TransferOptions.SeedRatio);
        bool time = context.Has(TransferOptions.SeedTime) && now.Seeding >= TimeSpan.FromMinutes(context.Get(TransferOptions.SeedTime));
        return ratio || time;
    }

    private bool IsStuck(Torrent torrent)
    {
        if (torrent.Status.State != TorrentState.Error)
        {
            troubledSince.Remove(torrent);
            return false;
        }
        troubledSince.TryAdd(torrent, context.Environment.Time.GetTimestamp());
        return context.Environment.Time.GetElapsedTime(troubledSince[torrent]) > DiskPatience;
    }

    private bool IsStalled()
    {
        if (StallTimeout <= TimeSpan.Zero) return false;
        long data = Torrents.Sum(torrent => torrent.Status.Downloaded + torrent.Status.Uploaded + (long)(torrent.Status.CheckProgress * torrent.Status.TotalBytes));
        if (data != lastData) (lastData, lastDataAt) = (data, context.Environment.Time.GetTimestamp());
        return context.Environment.Time.GetElapsedTime(lastDataAt) > StallTimeout;
    }

    private void Report(ExitCode code)
    {
        double seconds = context.Environment.Time.GetElapsedTime(started).TotalSeconds;
        if (context.IsJson)
        {
            context.Print(new TransferReport.ResultJson(
                "spate.transfer/1", code == ExitCode.Ok, Math.Round(seconds, 3), [.. last.Select(status => TransferReport.TorrentJson.Of(status, folder))]),
                TransferReport.ResultContext.Default.ResultJson);
            return;
        }
        if (context.Get(TransferOptions.JsonLines)) return;
        foreach (TorrentStatus s in last)
        {
            string what = s.IsFinished ? "complete" : $"{(int)(s.Progress * 100)} %, the rest is fetched when the same command is run again";
            context.Out.Line($"{s.Name}: {what} ({ByteSize.Show(s.Downloaded)} down, {ByteSize.Show(s.Uploaded)} up)");
        }
        if (code == ExitCode.Network) context.Err.Line($"spate: gave up: nothing arrived for {ProgressLine.ShowTime(StallTimeout)}");
    }
}
