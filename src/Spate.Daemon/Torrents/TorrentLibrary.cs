using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Spate.Api;
using Spate.Daemon.Policies;
using Spate.Daemon.Security;
using Spate.Daemon.State;
using Spate.Engine;
using Spate.Engine.Metadata;
using Spate.Engine.Session;
using Spate.Engine.Torrents;
using Spate.Protocol;
using EngineState = Spate.Engine.Torrents.TorrentState;

namespace Spate.Daemon.Torrents;

/// <summary>
/// The torrents of the daemon: joins what is saved, what the engine does, and what the policies decide. A change is durable before it is
/// acknowledged. All members may be used from any thread.
/// </summary>
internal sealed partial class TorrentLibrary : IAsyncDisposable
{
    private static readonly TimeSpan round = TimeSpan.FromMilliseconds(500);

    private readonly DaemonState state;
    private readonly TorrentSession session;
    private readonly FolderRoots roots;
    private readonly TimeProvider time;
    private readonly ILogger<TorrentLibrary> log;
    private readonly ConcurrentDictionary<Sha1Hash, ManagedTorrent> torrents = new();
    private readonly ConcurrentDictionary<Sha1Hash, Task> leaving = new(); // until their files are gone nobody may add them again
    private readonly ConcurrentQueue<ManagedTorrent> dirty = new();
    private readonly Lock policies = new();
    private readonly QueueOrder order = new();
    private readonly QueuePolicy queue = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly SemaphoreSlim wake = new(0, 1);
    private Task rounds = Task.CompletedTask;

    public TorrentLibrary(DaemonState state, TorrentSession session, FolderRoots roots, TimeProvider time, ILogger<TorrentLibrary> log)
    {
        (this.state, this.session, this.roots, this.time, this.log) = (state, session, roots, time, log);
        session.StatusPublished = OnStatus;
    }

    /// <summary>All torrents as rows.</summary>
    public TorrentTable Table { get; } = new();

    /// <summary>Told of every torrent that was downloaded to its end.</summary>
    public Action? Completed { get; set; }

    public IEnumerable<ManagedTorrent> All => torrents.Values;

    /// <summary>Brings back all that is saved. Torrents that shall run begin to.</summary>
    public void Start()
    {
        queue.Settings = state.Settings.Queue;
        foreach (SavedTorrent saved in state.Torrents)
        {
            var torrent = new ManagedTorrent(saved);
            if (saved.IsLeaving) _ = RemoveQuietlyAsync(torrent);
            else torrents[saved.Id] = torrent;
        }
        IReadOnlyList<QueueDecision> decisions;
        lock (policies)
        {
            foreach (ManagedTorrent torrent in torrents.Values)
            {
                order.Set(torrent.Id, torrent.Saved.Rank);
                if (!torrent.IsStopped) queue.Set(EntryOf(torrent));
            }
            decisions = queue.Decide();
        }
        foreach (QueueDecision decision in decisions) torrents[decision.Id].Runs = decision.Runs;
        Parallel.ForEach(torrents.Values, torrent =>
        {
            BringBack(torrent);
            Mark(torrent);
        });
        rounds = RunAsync();
    }

    /// <summary>The torrent of this id.</summary>
    /// <exception cref="ApiProblem">There is none.</exception>
    public ManagedTorrent Get(string id) =>
        Sha1Hash.TryParseHex(id, out Sha1Hash hash) && torrents.TryGetValue(hash, out ManagedTorrent? torrent)
            ? torrent
            : throw ApiProblem.NotFound($"There is no torrent {(id.Length <= 64 ? id : id[..64] + "…")}.");

    /// <summary>The same, or null.</summary>
    public ManagedTorrent? Find(string id) => Sha1Hash.TryParseHex(id, out Sha1Hash hash) ? torrents.GetValueOrDefault(hash) : null;

    /// <summary>Its place in the queue, from 1; 0 while there is no queue.</summary>
    public int PositionOf(ManagedTorrent torrent)
    {
        if (!state.Settings.Queue.IsEnabled) return 0;
        lock (policies) return order.PositionOf(torrent.Id) + 1;
    }

    /// <summary>True while one of the torrents waits for this search.</summary>
    public bool Uses(MetadataDownload search) => torrents.TryGetValue(search.InfoHash.Wire, out ManagedTorrent? torrent) && torrent.Search == search;

    /// <summary>The settings changed: what concerns torrents holds from now on.</summary>
    public void ApplySettings()
    {
        lock (policies) queue.Settings = state.Settings.Queue;
        foreach (ManagedTorrent torrent in torrents.Values) Mark(torrent);
        Decide();
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        session.StatusPublished = null;
        await rounds;
        stopping.Dispose();
    }

    private static QueueEntry EntryOf(ManagedTorrent torrent) =>
        new(torrent.Id, torrent.Saved.Rank, torrent.Saved.Completed is not null, torrent.Saved.IsForced);

    private void BringBack(ManagedTorrent torrent)
    {
        if (torrent.Saved.MetainfoHash is null)
        {
            if (torrent.Runs) StartSearch(torrent, []);
            return;
        }
        if (state.ReadMetainfo(torrent.Saved) is not { } bytes)
            torrent.Broken = "Its .torrent file is lost or damaged. Remove it and add it again.";
        else if (!Metainfo.TryParse(bytes, MetainfoOptions.Default, out Metainfo? metainfo, out MetainfoError? error))
            torrent.Broken = $"Its .torrent file can't be read: {error}";
        else StartEngine(torrent, metainfo, []);
        if (torrent is { Engine: { } engine, Saved.MovingTo: { } folder }) BeginMove(torrent, engine, folder, again: true);
    }

    private void StartEngine(ManagedTorrent torrent, Metainfo metainfo, IReadOnlyList<System.Net.IPEndPoint> peers)
    {
        SavedTorrent saved = torrent.Saved;
        SavedSettings settings = state.Settings;
        torrent.Engine = session.Add(metainfo, new TorrentOptions
        {
            SaveTo = saved.Folder,
            MovingTo = saved.MovingTo,
            Preallocate = settings.Preallocate,
            Sequential = saved.IsSequential,
            Paused = !torrent.Runs,
            TrustData = saved.TrustData,
            FilePriorities = saved.FilePriorities is { } priorities && priorities.Count == metainfo.Files.Count ? priorities : null,
            Peers = peers,
            Trackers = saved.Trackers,
            MaxPeers = saved.MaxPeers ?? settings.Network.MaxPeersOfTorrent,
            UploadLimit = saved.Limits.Upload,
            DownloadLimit = saved.Limits.Download,
        });
    }

    private void StartSearch(ManagedTorrent torrent, IReadOnlyList<System.Net.IPEndPoint> peers)
    {
        if (torrent.Saved.Magnet is not { } magnet || !MagnetLink.TryParse(magnet, out MagnetLink? link, out _))
        {
            torrent.Broken = "Neither its .torrent file nor its magnet link is there. Remove it and add it again.";
            return;
        }
        torrent.Search = session.Search(link, peers);
        _ = AwaitMetadataAsync(torrent, torrent.Search);
    }

    private async Task AwaitMetadataAsync(ManagedTorrent torrent, MetadataDownload search)
    {
        try
        {
            Metainfo metainfo = await search.WhenComplete(stopping.Token);
            if (torrent.Search != search) return;
            IReadOnlyList<KnownPeer> peers = await search.KnownPeersAsync();
            await TakeMetadataAsync(torrent, metainfo, TorrentOuter.Of(metainfo).ToTorrent(metainfo.RawInfo.Span), peers);
        }
        catch (OperationCanceledException) { } // stopped; it is looked for again when the torrent is started
        catch (IOException e)
        {
            Say(torrent, FindingLevel.Problem, $"The description came and could not be saved: {e.Message}");
        }
    }

    private async Task TakeMetadataAsync(ManagedTorrent torrent, Metainfo metainfo, ReadOnlyMemory<byte> bytes, IReadOnlyList<KnownPeer> peers)
    {
        IReadOnlyList<Engine.Pieces.PiecePriority>? wanted = null;
        if (torrent.Saved.Magnet is { } magnet && MagnetLink.TryParse(magnet, out MagnetLink? link, out _) && link.SelectOnly.Count > 0)
            wanted = [.. metainfo.Files.Select(file => link.Selects(file.Index) ? Engine.Pieces.PiecePriority.Normal : Engine.Pieces.PiecePriority.Skip)];
        if (!await TryChangeAsync(torrent, saved => saved with { FilePriorities = saved.FilePriorities ?? wanted }, bytes)) return; // removed meanwhile
        EndSearch(torrent);
        StartEngine(torrent, metainfo, []);
        torrent.Engine?.AddKnownPeers(peers);
        Say(torrent, FindingLevel.Good, "The description of the torrent is here.");
        Mark(torrent);
        Wake();
    }

    private void EndSearch(ManagedTorrent torrent)
    {
        if (torrent.Search is not { } search) return;
        torrent.Search = null;
        session.EndSearch(search);
    }

    /// <summary>Asks the queue who runs, and tells the engine.</summary>
    private void Decide()
    {
        IReadOnlyList<QueueDecision> decisions;
        lock (policies) decisions = queue.Decide();
        foreach ((Sha1Hash id, bool runs) in decisions)
        {
            if (torrents.TryGetValue(id, out ManagedTorrent? torrent)) SetRuns(torrent, runs);
        }
    }

    private void SetRuns(ManagedTorrent torrent, bool runs)
    {
        torrent.Runs = runs;
        if (torrent.Engine is { } engine) Watch(torrent, runs ? engine.ResumeAsync() : engine.PauseAsync());
        else if (!runs) EndSearch(torrent);
        else if (torrent.Search is null && torrent.Broken is null) StartSearch(torrent, []);
        Mark(torrent);
    }

    // What goes wrong in the background is shown by the torrent's state; its log says it too.
    private void Watch(ManagedTorrent torrent, Task work) => _ = WatchAsync(torrent, work);

    private async Task WatchAsync(ManagedTorrent torrent, Task work)
    {
        try { await work; }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Say(torrent, FindingLevel.Problem, e.Message);
        }
        Mark(torrent);
    }

    private void Say(ManagedTorrent torrent, FindingLevel level, string message) => torrent.Log.Add(time.GetUtcNow(), level, message);

    private void OnStatus(Torrent engine)
    {
        if (torrents.TryGetValue(engine.InfoHash.Wire, out ManagedTorrent? torrent)) Mark(torrent);
    }

    private void Mark(ManagedTorrent torrent)
    {
        if (torrent.MarkDirty()) dirty.Enqueue(torrent);
    }

    // The table shall show soon what was just done.
    private void Wake()
    {
        if (wake.CurrentCount > 0) return;
        try { wake.Release(); }
        catch (SemaphoreFullException) { } // somebody else was faster
    }

    private async Task RunAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                Refresh();
                await wake.WaitAsync(round, stopping.Token);
            }
            catch (OperationCanceledException) { }
            catch (Exception e)
            {
                LogBug(log, e); // one torrent's trouble must not stop the others
            }
        }
    }

    /// <summary>Takes over what changed. Costs what changed.</summary>
    private void Refresh()
    {
        long now = Environment.TickCount64;
        for (int left = dirty.Count; left > 0 && dirty.TryDequeue(out ManagedTorrent? torrent); left--)
        {
            torrent.MarkClean();
            if (!torrents.TryGetValue(torrent.Id, out ManagedTorrent? known) || known != torrent) continue;
            if (torrent.Search is not null && !stopping.IsCancellationRequested) Mark(torrent); // its search has no word for changes
            if (torrent.Engine is { } engine) TakeStatus(torrent, engine.Status, now);
            Show(torrent);
        }
        Decide();
    }

    private void Show(ManagedTorrent torrent)
    {
        Table.Set(RowMaker.Make(torrent, PositionOf(torrent)));
        if (!torrents.ContainsKey(torrent.Id)) Table.Remove(torrent.Name); // removed meanwhile
    }

    private void TakeStatus(ManagedTorrent torrent, TorrentStatus status, long now)
    {
        TorrentStatus? was = torrent.Logged;
        if (status.DownloadRate > 0 || status.UploadRate > 0) torrent.LastActivity = MinuteNow();
        bool runs = status.State is EngineState.Downloading or EngineState.Seeding;
        if (runs)
        {
            lock (policies) queue.Report(torrent.Id, status.DownloadRate, status.UploadRate, now);
        }
        if (runs && status.IsFinished != torrent.Saved.Completed is not null) TakeFinished(torrent, status, downloaded: was?.State == EngineState.Downloading);
        if (status.State == EngineState.Seeding) TakeShareLimits(torrent, status);
        // An interrupted move that could not go on at the start did so now.
        if (torrent is { IsMoving: false, Saved.MovingTo: { } folder } && torrent.Engine?.SaveTo == folder) Save(torrent, saved => saved with { Folder = folder, MovingTo = null });
        TorrentNews.Tell(torrent, status, time.GetUtcNow());
    }

    // To the minute, so that an active torrent does not change by it every second.
    private DateTimeOffset MinuteNow() => DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds() / 60 * 60);

    private void TakeFinished(ManagedTorrent torrent, TorrentStatus status, bool downloaded)
    {
        DateTimeOffset? completed = status.IsFinished ? time.GetUtcNow() : null;
        if (status.IsFinished && downloaded) Completed?.Invoke();
        Save(torrent, saved => saved with { Completed = completed, IsShared = completed is not null && saved.IsShared, TrustData = false });
    }

    private void TakeShareLimits(ManagedTorrent torrent, TorrentStatus status)
    {
        SavedTorrent saved = torrent.Saved;
        SavedSettings settings = state.Settings;
        SavedCategory? category = saved.Category is { } name ? settings.Categories.FirstOrDefault(c => c.Name == name) : null;
        var limits = ShareLimitPolicy.Resolve(saved.ShareLimits, category?.ShareLimits, settings.ShareLimits);
        switch (ShareLimitPolicy.Decide(limits, isSeeding: true, status.Ratio, status.Seeding, saved.IsShared))
        {
            case SavedShareAction.Stop:
                Say(torrent, FindingLevel.Note, "It has been shared enough and is paused.");
                Save(torrent, was => was with { IsStopped = true, IsShared = true });
                break;
            case SavedShareAction.Remove:
                _ = RemoveQuietlyAsync(torrent, deleteData: false);
                break;
            case SavedShareAction.RemoveWithData:
                _ = RemoveQuietlyAsync(torrent, deleteData: true);
                break;
        }
    }

    // A kill interrupted its removal.
    private async Task RemoveQuietlyAsync(ManagedTorrent torrent)
    {
        try
        {
            if (state.ReadMetainfo(torrent.Saved) is { } bytes && Metainfo.TryParse(bytes, MetainfoOptions.Default, out Metainfo? metainfo, out _)) StartEngine(torrent, metainfo, []);
            await LeaveAsync(torrent, deleteData: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { LogLeft(log, torrent.Name, e); }
    }

    private async Task RemoveQuietlyAsync(ManagedTorrent torrent, bool deleteData)
    {
        try { await RemoveAsync(torrent, deleteData); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ApiProblem)
        {
            Say(torrent, FindingLevel.Problem, $"It has been shared enough and could not be removed: {e.Message}");
        }
    }

    // For changes that nobody waits for: what could not be saved is said, and tried again with the next change.
    private void Save(ManagedTorrent torrent, Func<SavedTorrent, SavedTorrent> change) => Watch(torrent, TryChangeAsync(torrent, change));

    /// <summary>Changes what is saved of a torrent, then what follows from it. Durable when it returns.</summary>
    /// <exception cref="IOException">It could not be saved, and was not made.</exception>
    /// <exception cref="ApiProblem">The torrent was removed meanwhile.</exception>
    private async Task ChangeAsync(ManagedTorrent torrent, Func<SavedTorrent, SavedTorrent> change)
    {
        if (!await TryChangeAsync(torrent, change)) throw ApiProblem.NotFound($"There is no torrent {torrent.Name}.");
    }

    /// <summary>The same; false when it was removed meanwhile.</summary>
    private async Task<bool> TryChangeAsync(ManagedTorrent torrent, Func<SavedTorrent, SavedTorrent> change, ReadOnlyMemory<byte> torrentFile = default)
    {
        try
        {
            if (!await state.ChangeAsync(torrent.Id, change, torrentFile)) return false;
        }
        catch (IOException)
        {
            TakeOver(torrent); // changes that were seen and not saved are taken back
            throw;
        }
        return TakeOver(torrent);
    }

    // What follows from what is saved of a torrent now; false when it was removed.
    private bool TakeOver(ManagedTorrent torrent)
    {
        bool stops;
        lock (policies)
        {
            // Looked at here, so that of two changes the newer stays, and one that was removed meanwhile gets no place again.
            if (!state.TryGetTorrent(torrent.Id, out SavedTorrent? saved) || torrents.GetValueOrDefault(torrent.Id) != torrent) return false;
            torrent.Saved = saved;
            order.Set(torrent.Id, saved.Rank);
            stops = saved.IsStopped && queue.Runs(torrent.Id);
            if (saved.IsStopped) queue.Remove(torrent.Id);
            else queue.Set(EntryOf(torrent));
        }
        if (stops) SetRuns(torrent, false);
        Decide();
        ShowNow(torrent);
        return true;
    }

    // Whoever made a change sees it in the next list.
    private void ShowNow(ManagedTorrent torrent)
    {
        Show(torrent);
        Mark(torrent);
        Wake();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The torrent {Id} was being removed with its files when the daemon ended, and not all of them can be deleted.")]
    private static partial void LogLeft(ILogger log, string id, Exception e);

    [LoggerMessage(Level = LogLevel.Error, Message = "An error in this program, in the table of torrents.")]
    private static partial void LogBug(ILogger log, Exception e);
}
