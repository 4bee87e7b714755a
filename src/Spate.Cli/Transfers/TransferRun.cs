using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Spate.Cli.Commands;
using Spate.Cli.Terminal;
using Spate.Engine.Metadata;
using Spate.Engine.Session;
using Spate.Engine.Torrents;
using Spate.Protocol;

namespace Spate.Cli.Transfers;

/// <summary>
/// Watches over the torrents of a command from their start to the point where each is done, cannot go on, or Ctrl-C ends them all;
/// shows how far they are, and says at the end how it went.
/// </summary>
internal sealed class TransferRun : IAsyncDisposable
{
    private const int MostFiles = 20; // of a magnet link that are printed

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ErrorPatience = TimeSpan.FromSeconds(12); // the engine tries again every five seconds
    private static readonly TimeSpan StallAfter = TimeSpan.FromSeconds(2);

    private readonly CommandContext context;
    private readonly TorrentSession session;
    private readonly bool jsonLines;
    private readonly SeedGoals goals;
    private readonly List<Transfer> transfers = [];
    private readonly ConcurrentQueue<(SessionEvent Event, long At)> events = new();
    private readonly Task watching, interrupted;
    private readonly TimeProvider time;
    private long nextSample;
    private bool isClosing;

    /// <param name="context">The command.</param>
    /// <param name="session">Does the work; it is closed with this.</param>
    /// <param name="goals">How long complete torrents are seeded.</param>
    /// <param name="jsonLines">Prints what happens as lines of JSON.</param>
    public TransferRun(CommandContext context, TorrentSession session, SeedGoals goals, bool jsonLines)
    {
        (this.context, this.session, this.goals, this.jsonLines) = (context, session, goals, jsonLines);
        time = context.Environment.Time;
        watching = WatchAsync();
        interrupted = context.Cancel.WhenCancelled();
    }

    /// <summary>A download that gets nothing for so long ends; null for never.</summary>
    public TimeSpan? GiveUp { get; init; }

    /// <summary>Waits for a disk that refuses, however long.</summary>
    public bool KeepTrying { get; init; }

    /// <summary>Takes the metadata of magnet links, of which nothing is downloaded then; null where the content is wanted.</summary>
    public Action<Transfer, Metainfo>? TakeMetadata { get; init; }

    /// <summary>Starts a torrent.</summary>
    public Transfer Add(Metainfo metainfo, Transfer transfer)
    {
        if (IsKnown(metainfo.InfoHash, metainfo.Name)) return transfer;
        transfer.AddedAt = transfer.AdvancedAt = time.GetTimestamp();
        transfer.Torrent = session.Add(metainfo, transfer.Options(metainfo));
        transfers.Add(transfer);
        return transfer;
    }

    /// <summary>Starts to look for the torrent of a magnet link, and then starts that.</summary>
    public void Add(MagnetLink link, IReadOnlyList<IPEndPoint> peers, Transfer transfer)
    {
        if (IsKnown(link.InfoHash, link.Name ?? link.InfoHash.ToString())) return;
        transfer.AddedAt = transfer.AdvancedAt = time.GetTimestamp();
        transfer.Link = link;
        transfer.Search = session.Search(link, peers);
        transfers.Add(transfer);
    }

    /// <summary>The torrent of a magnet link, where <see cref="RunAsync"/> found it.</summary>
    public Metainfo Found(MagnetLink link) => transfers.Find(transfer => transfer.Link?.InfoHash.Wire == link.InfoHash.Wire)!.Metainfo!;

    /// <summary>Runs until all is done, and says how it went.</summary>
    /// <param name="schema">Of the JSON result; null prints no result, only what went wrong.</param>
    /// <exception cref="CliException">Something went wrong, and there is no result as JSON to hold it.</exception>
    public async Task<ExitCode> RunAsync(string? schema)
    {
        while (!context.Cancel.IsCancellationRequested && transfers.Exists(static transfer => transfer.End is null))
        {
            bool sample = time.GetTimestamp() >= nextSample;
            if (sample) nextSample = time.GetTimestamp() + time.TimestampFrequency;
            TakeEvents();
            foreach (Transfer transfer in transfers) await AdvanceAsync(transfer, sample);
            if (sample && jsonLines) PrintProgress();
            context.Progress.Show([.. transfers.Where(transfer => transfer.End is null || goals.Forever).Select(Line)]);
            await Task.WhenAny(Task.Delay(Pause, time), interrupted);
        }
        context.Progress.Clear();
        foreach (Transfer transfer in transfers)
        {
            if (transfer.End is null) EndEarly(transfer);
            if (transfer.Torrent is { } torrent) transfer.State = Say(torrent.Status.State);
        }
        await CloseAsync();
        TakeEvents();
        return Conclude(schema);
    }

    public async ValueTask DisposeAsync() => await CloseAsync();

    private async Task AdvanceAsync(Transfer transfer, bool sample)
    {
        if (transfer.End is not null && transfer.Torrent is null) return;
        if (transfer.Search is { } search && !await FoundAsync(transfer, search))
        {
            GiveUpIfIdle(transfer, search.Status.Peers, search.Status.Describe());
            return;
        }
        Torrent torrent = transfer.Torrent!;
        TorrentStatus status = torrent.Status;
        long now = time.GetTimestamp();
        if (status.State == TorrentState.Checking || transfer.End is not null) return;
        if (status.DownloadedThisRun != transfer.DownloadedThen) (transfer.AdvancedAt, transfer.DownloadedThen) = (now, status.DownloadedThisRun);
        if (status.Peers > 0 && time.GetElapsedTime(transfer.AdvancedAt, now) < StallAfter) transfer.Stall = null;
        else if (sample || transfer.Stall is null)
        {
            transfer.Stall = StallReason.Of(
                status, status.Peers > 0 ? await torrent.GetPeersAsync() : [], torrent.Metainfo.IsPrivate ? null : session.Dht?.Status, transfer.Unreached);
        }

        if (status.State == TorrentState.Paused && transfer.MustBeComplete && !transfer.IsComplete)
        {
            if (!status.IsFinished)
            {
                Fail(transfer, ExitCode.VerifyFailed, $"{ShowCommand.Count(status.PieceCount - status.PiecesDone, "piece")} of {status.PieceCount.ToString("N0", CultureInfo.InvariantCulture)} missing or wrong");
                return;
            }
            await torrent.ResumeAsync();
        }
        if (status.State == TorrentState.Error) await OnErrorAsync(transfer, status.Error ?? "an error");
        else transfer.ErrorSince = null;
        if (status.IsFinished) await OnFinishedAsync(transfer, status);
        else if (status.State == TorrentState.Downloading) GiveUpIfIdle(transfer, status.Peers, transfer.Stall ?? "nothing arrived");
    }

    private bool IsKnown(InfoHash infoHash, string name)
    {
        bool isKnown = transfers.Exists(known => (known.Torrent?.InfoHash ?? known.Link?.InfoHash)?.Wire == infoHash.Wire);
        if (isKnown) context.Warn($"{name} is named twice; it is taken once");
        return isKnown;
    }

    // Whether the torrent of a magnet link is known by now.
    private async Task<bool> FoundAsync(Transfer transfer, MetadataDownload search)
    {
        Task<Metainfo> found = search.WhenComplete();
        if (!found.IsCompleted) return false;
        Metainfo metainfo = await found;
        transfer.Metainfo = metainfo;
        if (TakeMetadata is not null)
        {
            TakeMetadata(transfer, metainfo);
            transfer.End = ExitCode.Ok;
            return false;
        }
        SayFiles(metainfo);
        transfer.Torrent = session.Add(metainfo, transfer.Options(metainfo));
        transfer.Torrent.AddKnownPeers(await search.KnownPeersAsync());
        session.EndSearch(search);
        transfer.Search = null;
        return true;
    }

    // What the link stands for, at last.
    private void SayFiles(Metainfo metainfo)
    {
        MetainfoFile[] files = [.. metainfo.Files.Where(static file => !file.IsPadding)];
        context.Note($"{metainfo.Name}: {ShowCommand.Count(files.Length, "file")}, {ByteSize.Show(metainfo.TotalLength)}");
        if (!metainfo.IsMultiFile) return;
        int digits = files[^1].Index.ToString().Length;
        foreach (MetainfoFile file in files.Take(MostFiles)) context.Note($"{file.Index.ToString().PadLeft(digits)}  {ByteSize.Show(file.Length),10}  {file.Path}");
        if (files.Length > MostFiles) context.Note($"and {ShowCommand.Count(files.Length - MostFiles, "more file")}; --list prints them all");
    }

    private async Task OnFinishedAsync(Transfer transfer, TorrentStatus status)
    {
        // What is said to be there survives a power cut.
        if (status.PiecesDurable < status.PiecesDone && status.State == TorrentState.Seeding) return;
        if (!transfer.IsComplete)
        {
            transfer.IsComplete = true;
            if (status.DownloadedThisRun > 0)
            {
                // Its events may be under way still.
                transfer.StartedAt ??= transfer.AddedAt;
                transfer.FinishedAt ??= time.GetTimestamp();
            }
            if (!transfer.MustBeComplete) SayComplete(transfer, status);
        }
        if (!goals.IsReached(status)) return;
        transfer.End = ExitCode.Ok;
        // Where the others need longer it may go on to seed, but not past a goal that was set.
        if (goals.Ratio is not null || goals.Time is not null) await transfer.Torrent!.PauseAsync();
    }

    private Task OnErrorAsync(Transfer transfer, string error)
    {
        if (transfer.ErrorSince is null)
        {
            transfer.ErrorSince = time.GetTimestamp();
            context.Warn($"{transfer.Name}: {error}");
        }
        if (KeepTrying || time.GetElapsedTime(transfer.ErrorSince.Value) < ErrorPatience) return Task.CompletedTask;
        Fail(transfer, ExitCode.Disk, error);
        return Task.CompletedTask;
    }

    private void GiveUpIfIdle(Transfer transfer, int peers, string reason)
    {
        if (transfer.End is not null || GiveUp is not { } patience || time.GetElapsedTime(transfer.AdvancedAt) < patience) return;
        Fail(transfer, peers == 0 ? ExitCode.Network : ExitCode.Incomplete, $"nothing arrived for {ProgressLine.ShowTime(patience)}: {reason}");
    }

    private static void Fail(Transfer transfer, ExitCode code, string reason) => (transfer.End, transfer.Reason) = (code, reason);

    private static void EndEarly(Transfer transfer)
    {
        // Seeding has no end of its own: who stops it has not broken anything off.
        if (transfer.Torrent?.Status is { IsFinished: true }) transfer.End = ExitCode.Ok;
        else Fail(transfer, ExitCode.Incomplete, "stopped");
    }

    private async Task CloseAsync()
    {
        if (context.Cancel.IsCancellationRequested && !isClosing) context.Note($"stopping; Ctrl-C again quits at once");
        isClosing = true;
        Task closing = session.DisposeAsync().AsTask();
        await closing;
        await watching;
    }

    private ProgressLine Line(Transfer transfer)
    {
        if (transfer.Search is { } search) return new ProgressLine(transfer.Name, 0, 0, null, search.Status.Describe());
        TorrentStatus status = transfer.Torrent!.Status;
        string peers = ShowCommand.Count(status.Peers, "peer");
        string up = status.UploadRate >= 1 ? $"  up {ByteSize.ShowRate(status.UploadRate)}" : "";
        return status.State switch
        {
            TorrentState.Checking => new ProgressLine(transfer.Name, (long)(status.CheckProgress * status.TotalBytes), status.TotalBytes, null, "checking"),
            TorrentState.Error => new ProgressLine(transfer.Name, status.DoneBytes, status.WantedBytes, null, status.Error ?? "error"),
            TorrentState.Seeding when !transfer.IsComplete => new ProgressLine(transfer.Name, status.DoneBytes, status.WantedBytes, null, "writing to disk"),
            TorrentState.Seeding => new ProgressLine(
                transfer.Name, 0, 0, null,
                FormattableString.Invariant($"seeding  up {ByteSize.ShowRate(status.UploadRate)}  {peers}  sent {ByteSize.Show(status.Uploaded)}  ratio {status.Ratio:F2}")),
            _ when transfer.Stall is { } stall => new ProgressLine(transfer.Name, status.DoneBytes, status.WantedBytes, null, stall),
            _ => new ProgressLine(
                transfer.Name, status.DoneBytes, status.WantedBytes, status.DownloadRate, $"{peers}  {status.PiecesDone}/{status.PieceCount} pieces{up}"),
        };
    }

    private void SayComplete(Transfer transfer, TorrentStatus status)
    {
        if (context.IsJson || jsonLines) return;
        long got = Math.Min(status.DownloadedThisRun, status.DoneBytes);
        if (got == 0)
        {
            context.Result($"{context.Out.Green("complete")}: {transfer.ShownPath} ({ByteSize.Show(status.WantedBytes)}, all of it was there already)");
            return;
        }
        string what = got < status.DoneBytes ? $"the last {ByteSize.Show(got)} of {ByteSize.Show(status.WantedBytes)}" : ByteSize.Show(got);
        TimeSpan time = transfer.Took(this.time) ?? TimeSpan.Zero;
        string took = time.TotalSeconds < 60 ? FormattableString.Invariant($"{time.TotalSeconds:F1} s") : ProgressLine.ShowTime(time);
        string rate = ByteSize.ShowRate(got / Math.Max(time.TotalSeconds, 0.001));
        context.Result($"{context.Out.Green("complete")}: {transfer.ShownPath} ({what} in {took}, {rate})");
    }

    private ExitCode Conclude(string? schema)
    {
        ExitCode[] worst = [ExitCode.Disk, ExitCode.Network, ExitCode.VerifyFailed, ExitCode.Incomplete];
        ExitCode code = worst.FirstOrDefault(bad => transfers.Exists(transfer => transfer.End == bad), ExitCode.Ok);
        if (schema is null)
        {
            Transfer[] failed = [.. transfers.Where(static transfer => transfer.End != ExitCode.Ok)];
            if (failed.Length > 0 && (context.IsJson || jsonLines))
                throw new CliException(code, string.Join(" ", failed.Select(static transfer => $"{transfer.Name}: {transfer.Reason}.")));
            foreach (Transfer transfer in failed) SayEnd(transfer);
            return code;
        }
        var json = new TransfersJson(
            schema, transfers.TrueForAll(static transfer => transfer.End == ExitCode.Ok), (int)code, [.. transfers.Select(transfer => TransferJson.Of(transfer, time))]);
        if (jsonLines) context.PrintLine(new TransferEventJson("end", time.GetUtcNow()) { Result = json }, TransferJsonContext.Default.TransferEventJson);
        else if (context.IsJson) context.Print(json, TransferJsonContext.Default.TransfersJson);
        else
        {
            foreach (Transfer transfer in transfers) SayEnd(transfer);
        }
        bool canGoOn = transfers.Exists(static transfer => transfer.End is ExitCode.Incomplete or ExitCode.Network or ExitCode.Disk && transfer.Torrent is not null);
        if (canGoOn) context.Note($"the same command goes on where this one ended");
        return code;
    }

    private void SayEnd(Transfer transfer)
    {
        TorrentStatus? status = transfer.Torrent?.Status;
        if (transfer.End != ExitCode.Ok)
        {
            string part = status is null ? "" : $" ({(int)(status.Progress * 100)} % of {ByteSize.Show(status.WantedBytes)})";
            context.Result($"{context.Out.Red("incomplete")}: {transfer.ShownPath}{part}: {transfer.Reason}");
        }
        else if (status is not null && (transfer.MustBeComplete || status.Uploaded > 0))
        {
            string ratio = FormattableString.Invariant($"{status.Ratio:F2}");
            FormattableString line = $"sent {ByteSize.Show(status.Uploaded)} of {transfer.Name} (ratio {ratio})";
            if (transfer.MustBeComplete) context.Result(line);
            else context.Note(line);
        }
    }

    private async Task WatchAsync()
    {
        await foreach (SessionEvent e in session.Events.WatchAsync()) events.Enqueue((e, time.GetTimestamp()));
    }

    private void TakeEvents()
    {
        while (events.TryDequeue(out (SessionEvent Event, long At) next))
        {
            Transfer? transfer = transfers.Find(transfer => transfer.Torrent?.InfoHash == next.Event.InfoHash);
            if (transfer is not null) Note(transfer, next.Event, next.At);
            if (next.Event is PeerBanned banned) context.Note($"peer {banned.Address} sent bad data and is banned");
            if (jsonLines && Describe(next.Event) is { } described) Print(described);
        }
    }

    private static void Note(Transfer transfer, SessionEvent e, long at)
    {
        switch (e)
        {
            case TorrentAdded:
                transfer.IsAnnounced = true;
                break;
            case TorrentStateChanged { To: TorrentState.Downloading }:
                transfer.StartedAt ??= at;
                break;
            case PeerUnreached unreached:
                transfer.Unreached = Engine.Peers.DisconnectReasonText.Describe(unreached.Reason);
                break;
            case TorrentFinished:
                transfer.FinishedAt = at;
                break;
        }
    }

    private void PrintProgress()
    {
        foreach (Transfer transfer in transfers)
        {
            if (!transfer.IsAnnounced || transfer.Torrent?.Status is not { State: not TorrentState.Removed } status) continue;
            Print(new TransferEventJson("progress", time.GetUtcNow())
            {
                InfoHash = status.InfoHash.ToString(), State = Say(status.State), DoneBytes = status.DoneBytes, WantedBytes = status.WantedBytes,
                PiecesDone = status.PiecesDone, DownloadRate = (long)status.DownloadRate, UploadRate = (long)status.UploadRate,
                Uploaded = status.Uploaded, Peers = status.Peers, Seeds = status.Seeds, Reason = transfer.Stall,
                SecondsLeft = status.Eta is { } left ? Math.Round(left.TotalSeconds, 1) : null,
            });
        }
    }

    private void Print(TransferEventJson line) => context.PrintLine(line, TransferJsonContext.Default.TransferEventJson);

    private TransferEventJson? Describe(SessionEvent e)
    {
        TransferEventJson Named(string name) => new(name, time.GetUtcNow()) { InfoHash = e.InfoHash.ToString() };
        return e switch
        {
            TorrentAdded added => Named("added") with { Name = added.Name },
            TorrentStateChanged changed => Named("state") with { State = Say(changed.To), Reason = changed.Reason },
            TorrentFinished => Named("finished"),
            PieceFailed failed => Named("piece_failed") with { Piece = failed.Piece },
            PeerBanned banned => Named("peer_banned") with { Peer = banned.Address },
            PeerChanged { Reason: Engine.Peers.DisconnectReason.None } came => Named("peer_connected") with { Peer = came.Address },
            PeerUnreached missed => Named("peer_unreached") with { Peer = missed.Address, Reason = Engine.Peers.DisconnectReasonText.Describe(missed.Reason) },
            PeerChanged left => Named("peer_disconnected") with { Peer = left.Address, Reason = Engine.Peers.DisconnectReasonText.Describe(left.Reason) },
            _ => null,
        };
    }

    private static string Say(TorrentState state) => state.ToString().ToLowerInvariant();
}
