using System.Net;
using Spate.Api;
using Spate.Daemon.Security;
using Spate.Daemon.State;
using Spate.Engine.Disk;
using Spate.Engine.Pieces;
using Spate.Protocol;
using EngineTorrent = Spate.Engine.Torrents.Torrent;

namespace Spate.Daemon.Torrents;

// What is done to torrents that are here.
internal sealed partial class TorrentLibrary
{
    private const int MostIds = 10_000;
    private const int MostTags = 100;
    private const int LongestName = 500;

    /// <summary>The ids that a selection names.</summary>
    /// <exception cref="ApiProblem">It names nothing, both kinds, or too many.</exception>
    public IReadOnlyList<string> Resolve(TorrentSelection selection)
    {
        if (selection.Ids is null == selection.Filter is null) throw ApiProblem.Field("ids", "Give either ids or a filter.");
        if (selection.Filter is { } filter) return Table.Select(filter);
        if (selection.Ids!.Count > MostIds) throw ApiProblem.Field("ids", $"At most {MostIds:N0} can be named.");
        return [.. selection.Ids.Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    /// <summary>Does something to each of them; what fails is told, the others are done.</summary>
    public async Task<ActionResult> ForEachAsync(TorrentSelection selection, Func<ManagedTorrent, Task> action)
    {
        ActionFailure?[] outcomes = await Task.WhenAll(Resolve(selection).Select(async id =>
        {
            try
            {
                await action(Get(id));
                return null;
            }
            catch (ApiProblem e) { return new ActionFailure { Id = id, Message = e.Message }; }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return new ActionFailure { Id = id, Message = e.Message }; }
        }));
        ActionFailure[] failed = [.. outcomes.OfType<ActionFailure>()];
        return new ActionResult { Done = outcomes.Length - failed.Length, Failed = failed };
    }

    public Task PauseAsync(ManagedTorrent torrent) => ChangeAsync(torrent, static saved => saved with { IsStopped = true, IsForced = false });

    public Task ResumeAsync(ManagedTorrent torrent, bool force)
    {
        // One that stands in an error is tried again now.
        if (torrent is { Runs: true, Engine: { } engine }) Watch(torrent, engine.ResumeAsync());
        return ChangeAsync(torrent, saved => saved with { IsStopped = false, IsForced = force || saved.IsForced });
    }

    public async Task RecheckAsync(ManagedTorrent torrent)
    {
        EngineTorrent engine = EngineOf(torrent);
        Watch(torrent, engine.RecheckAsync());
        Say(torrent, FindingLevel.Note, "A check was asked for.");
        await engine.GetPiecesAsync(); // answered behind what was asked before it
        ShowNow(torrent);
    }

    public static Task AnnounceAsync(ManagedTorrent torrent)
    {
        if (!torrent.Runs) throw ApiProblem.Conflict("It does not run, so it announces nothing.");
        torrent.Engine?.Announce();
        return Task.CompletedTask;
    }

    /// <summary>Takes a torrent out, with its files if so wished.</summary>
    public async Task RemoveAsync(ManagedTorrent torrent, bool deleteData)
    {
        if (!torrents.TryRemove(new KeyValuePair<Sha1Hash, ManagedTorrent>(torrent.Id, torrent))) return;
        lock (policies)
        {
            queue.Remove(torrent.Id);
            order.Remove(torrent.Id);
        }
        try
        {
            await LeaveAsync(torrent, deleteData);
        }
        catch (IOException) when (state.TryGetTorrent(torrent.Id, out _)) // it could not be saved that it goes
        {
            torrents[torrent.Id] = torrent;
            TakeOver(torrent);
            throw;
        }
    }

    // With files: that they go is saved first, so that they do, whatever happens; then they are deleted; then the torrent is forgotten.
    private async Task LeaveAsync(ManagedTorrent torrent, bool deleteData)
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        leaving[torrent.Id] = gone.Task;
        try
        {
            EndSearch(torrent);
            EngineTorrent? engine = torrent.Engine;
            if (deleteData && engine is not null) await state.ChangeAsync(torrent.Id, static saved => saved with { IsLeaving = true });
            else await state.RemoveAsync(torrent.Id);
            Table.Remove(torrent.Name);
            MarkAllIfQueued();
            Decide();
            Wake();
            if (engine is null) return;
            try { await session.RemoveAsync(engine, deleteData); }
            finally { await state.RemoveAsync(torrent.Id); }
        }
        finally
        {
            leaving.TryRemove(torrent.Id, out _);
            gone.SetResult();
        }
    }

    /// <summary>Begins to move the files of a torrent. Once it returns they will be moved, whatever happens to this process.</summary>
    public async Task MoveAsync(ManagedTorrent torrent, string savePath)
    {
        string folder = CheckFolder("savePath", savePath);
        if (torrent.IsMoving) throw ApiProblem.Conflict("It is being moved already.");
        if (torrent.Saved.MovingTo is { } other)
            throw ApiProblem.Conflict($"A move to {other} was interrupted and is not finished. Its log says what stands in the way; start the torrent to try again.");
        if (folder == torrent.Saved.Folder) return;
        if (torrent.Engine is not { } engine)
        {
            await ChangeAsync(torrent, saved => saved with { Folder = folder });
            return;
        }
        torrent.IsMoving = true;
        try
        {
            await ChangeAsync(torrent, saved => saved with { MovingTo = folder });
        }
        catch
        {
            torrent.IsMoving = false;
            throw;
        }
        BeginMove(torrent, engine, folder, again: false);
    }

    private void BeginMove(ManagedTorrent torrent, EngineTorrent engine, string folder, bool again)
    {
        torrent.IsMoving = true;
        Mark(torrent);
        Wake();
        Watch(torrent, MoveFilesAsync(torrent, engine, folder, again));
    }

    private async Task MoveFilesAsync(ManagedTorrent torrent, EngineTorrent engine, string folder, bool again)
    {
        try
        {
            Say(torrent, FindingLevel.Note, again ? $"Moving on to {folder}." : $"Moving to {folder}.");
            await engine.MoveAsync(folder);
            await TryChangeAsync(torrent, saved => saved with { Folder = folder, MovingTo = null });
            Say(torrent, FindingLevel.Good, $"Moved to {folder}.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && !again)
        {
            // All files are where they were; what another run began is in two places, and is tried again.
            await TryChangeAsync(torrent, static saved => saved with { MovingTo = null });
            throw;
        }
        finally
        {
            torrent.IsMoving = false;
            Mark(torrent);
        }
    }

    /// <summary>Changes places in the queue.</summary>
    public async Task<ActionResult> QueueAsync(QueueTorrents move)
    {
        if (!state.Settings.Queue.IsEnabled) throw ApiProblem.Conflict("Queueing is off; switch it on in the settings.");
        if (move.To == QueueMove.Position != move.Position is not null) throw ApiProblem.Field("position", "Give it with \"to\": \"position\", and only then.");
        if (move.Position < 1) throw ApiProblem.Field("position", "It counts from 1.");
        var failed = new List<ActionFailure>();
        var ids = new List<Sha1Hash>();
        foreach (string id in Resolve(move))
        {
            if (Find(id) is { } torrent) ids.Add(torrent.Id);
            else failed.Add(new ActionFailure { Id = id, Message = "There is no such torrent." });
        }
        IReadOnlyList<(Sha1Hash Id, long Rank)> changes;
        lock (policies)
        {
            changes = move.To switch
            {
                QueueMove.Top => order.MoveToTop(ids),
                QueueMove.Bottom => order.MoveToEnd(ids),
                QueueMove.Up => order.MoveUp(ids),
                QueueMove.Down => order.MoveDown(ids),
                _ => order.MoveTo(ids, move.Position!.Value - 1),
            };
        }
        var ranks = changes.ToDictionary(static change => change.Id, static change => change.Rank);
        try { await state.ChangeAsync(ranks.Keys, saved => saved with { Rank = ranks[saved.Id] }); }
        finally
        {
            // Where they could not be saved, they are what they were.
            foreach (Sha1Hash id in ranks.Keys)
            {
                if (torrents.TryGetValue(id, out ManagedTorrent? torrent)) TakeOver(torrent);
            }
        }
        MarkAllIfQueued();
        return new ActionResult { Done = ids.Count, Failed = failed };
    }

    /// <summary>Changes what a user may change of a torrent.</summary>
    public async Task ChangeAsync(ManagedTorrent torrent, TorrentChange change)
    {
        Validate(change);
        if (change.Category is { Length: > 0 } category) await AddCategoryAsync(category);
        string[] newTags = [.. (change.Tags ?? []).Concat(change.AddTags ?? []).Distinct()];
        if (newTags.Length > 0) await AddTagsAsync(newTags);
        await ChangeAsync(torrent, saved => Apply(saved, change));
        SavedTorrent now = torrent.Saved;
        if (torrent.Engine is not { } engine) return;
        if (change.UploadLimit is not null || change.DownloadLimit is not null) engine.SetLimits(now.Limits.Upload, now.Limits.Download);
        if (change.IsSequential is { } sequential) engine.SetSequential(sequential);
        if (change.MaxPeers is { } peers) engine.SetMaxPeers(peers);
    }

    private static SavedTorrent Apply(SavedTorrent saved, TorrentChange change)
    {
        IReadOnlyList<string> tags = change.Tags ?? saved.Tags;
        if (change.AddTags is { Count: > 0 } more) tags = [.. tags.Union(more)];
        if (change.RemoveTags is { Count: > 0 } less) tags = [.. tags.Except(less)];
        return saved with
        {
            Name = change.Name is null ? saved.Name : change.Name.Length == 0 ? null : change.Name,
            Category = change.Category is null ? saved.Category : change.Category.Length == 0 ? null : change.Category,
            Tags = tags.SequenceEqual(saved.Tags) ? saved.Tags : [.. tags.Distinct()],
            Limits = new SavedLimits { Download = change.DownloadLimit ?? saved.Limits.Download, Upload = change.UploadLimit ?? saved.Limits.Upload },
            MaxPeers = change.MaxPeers ?? saved.MaxPeers,
            IsSequential = change.IsSequential ?? saved.IsSequential,
            IsForced = change.IsForced ?? saved.IsForced,
            ShareLimits = change.ShareLimits is { } limits ? SettingsMap.ToSaved(limits) : saved.ShareLimits,
            IsShared = change.ShareLimits is null && saved.IsShared,
        };
    }

    private static void Validate(TorrentChange change)
    {
        var check = new FieldCheck();
        check.Text("name", change.Name, LongestName);
        check.Label("category", change.Category);
        check.Labels("tags", change.Tags, MostTags);
        check.Labels("addTags", change.AddTags, MostTags);
        check.Labels("removeTags", change.RemoveTags, MostTags);
        check.Range("downloadLimit", change.DownloadLimit, 0, long.MaxValue);
        check.Range("uploadLimit", change.UploadLimit, 0, long.MaxValue);
        check.Range("maxPeers", change.MaxPeers, 1, 10_000);
        check.ShareLimits("shareLimits", change.ShareLimits);
        check.Done();
    }

    /// <summary>Says which files are wanted.</summary>
    public async Task ChangeFilesAsync(ManagedTorrent torrent, FilesChange change)
    {
        EngineTorrent engine = EngineOf(torrent);
        Dictionary<int, string> paths = (await engine.GetFilesAsync()).ToDictionary(static file => file.Index, static file => file.Path);
        await ChangeAsync(torrent, saved => saved with { FilePriorities = PrioritiesOf(engine.Metainfo, paths, saved.FilePriorities, change.Priorities, "priorities") });
        if (torrent.Saved.FilePriorities is { } priorities) await engine.SetFilePrioritiesAsync(priorities);
        ShowNow(torrent);
    }

    /// <summary>Gives a file or folder of a torrent another name on disk.</summary>
    public async Task RenameFileAsync(ManagedTorrent torrent, RenameFile rename)
    {
        EngineTorrent engine = EngineOf(torrent);
        if (torrent.IsMoving) throw ApiProblem.Conflict("It is being moved; rename its files when that is done.");
        try { await engine.RenameAsync(rename.Path, rename.Name); }
        catch (RenameException e) { throw ApiProblem.Field(e.Problem.IsPath ? "path" : "name", e.Message); }
        catch (InvalidOperationException) { throw ApiProblem.NotFound("The torrent was removed meanwhile."); }
        Say(torrent, FindingLevel.Note, $"{rename.Path.TrimEnd('/')} is called {rename.Name} now.");
    }

    // By which paths folders are meant: those in the torrent, or where the files lie.
    internal static PiecePriority[] PrioritiesOf(
        Metainfo metainfo, IReadOnlyDictionary<int, string>? paths, IReadOnlyList<PiecePriority>? before, IReadOnlyList<PriorityChange> changes, string field)
    {
        var priorities = new PiecePriority[metainfo.Files.Count];
        for (int i = 0; i < priorities.Length; i++) priorities[i] = before is not null && before.Count == priorities.Length ? before[i] : PiecePriority.Normal;
        for (int i = 0; i < changes.Count; i++)
        {
            PriorityChange change = changes[i];
            var priority = (PiecePriority)(int)change.Priority;
            if (change.Indexes is null == change.Folder is null) throw ApiProblem.Field($"{field}[{i}]", "Give either indexes or a folder.");
            foreach (int index in change.Indexes ?? [])
            {
                if (index < 0 || index >= priorities.Length) throw ApiProblem.Field($"{field}[{i}].indexes", $"The torrent has the files 0 to {priorities.Length - 1}, and none of number {index}.");
                priorities[index] = priority;
            }
            if (change.Folder is not { } folder) continue;
            string prefix = folder.Length == 0 ? "" : folder.TrimEnd('/') + "/";
            bool any = false;
            foreach (MetainfoFile file in metainfo.Files)
            {
                string path = paths?.GetValueOrDefault(file.Index) ?? file.Path;
                if (!path.StartsWith(prefix, StringComparison.Ordinal)) continue;
                priorities[file.Index] = priority;
                any = true;
            }
            if (!any) throw ApiProblem.Field($"{field}[{i}].folder", $"The torrent has no folder \"{folder}\".");
        }
        return priorities;
    }

    public static Task AddPeersAsync(ManagedTorrent torrent, NewPeers peers)
    {
        foreach (IPEndPoint peer in PeersOf(peers.Addresses, "addresses"))
        {
            torrent.Engine?.AddPeer(peer);
            torrent.Search?.AddPeer(peer);
        }
        return Task.CompletedTask;
    }

    private static List<IPEndPoint> PeersOf(IReadOnlyList<string> addresses, string field)
    {
        if (addresses.Count > 100) throw ApiProblem.Field(field, "At most 100 are taken at once.");
        var peers = new List<IPEndPoint>();
        for (int i = 0; i < addresses.Count; i++)
        {
            if (!IPEndPoint.TryParse(addresses[i], out IPEndPoint? peer) || peer.Port == 0) throw ApiProblem.Field($"{field}[{i}]", "It must be an IP address with a port, such as 192.0.2.7:6881.");
            peers.Add(peer);
        }
        return peers;
    }

    public async Task SetTrackersAsync(ManagedTorrent torrent, TrackerTiers trackers)
    {
        var check = new FieldCheck();
        check.Trackers("tiers", trackers.Tiers);
        check.Done();
        IReadOnlyList<IReadOnlyList<string>> tiers = [.. trackers.Tiers.Where(static tier => tier.Count > 0)];
        await ChangeAsync(torrent, saved => saved with { Trackers = tiers });
        if (torrent.Engine is { } engine) await engine.SetTrackersAsync(tiers);
    }

    /// <summary>Makes a category if it is not there.</summary>
    public Task AddCategoryAsync(string name) => state.Settings.Categories.Any(category => category.Name == name)
        ? Task.CompletedTask
        : state.ChangeAsync(settings => settings.Categories.Any(category => category.Name == name)
            ? settings
            : settings with { Categories = [.. settings.Categories, new SavedCategory { Name = name }] });

    /// <summary>Makes tags that are not there.</summary>
    public Task AddTagsAsync(IReadOnlyList<string> tags) => tags.All(state.Settings.Tags.Contains)
        ? Task.CompletedTask
        : state.ChangeAsync(settings => settings with { Tags = [.. settings.Tags.Union(tags)] });

    /// <summary>Takes a category or a tag from all torrents that have it.</summary>
    public Task StripAsync(TorrentFilter which, Func<SavedTorrent, SavedTorrent> strip) =>
        Task.WhenAll(Table.Select(which).Select(id => Find(id) is { } torrent ? ChangeAsync(torrent, strip) : Task.CompletedTask));

    /// <summary>A folder that may be used, in its plain form.</summary>
    /// <exception cref="ApiProblem">It may not be.</exception>
    public string CheckFolder(string field, string path)
    {
        try { return roots.Check(path); }
        catch (ForbiddenPathException e) { throw ApiProblem.ForbiddenPath(field, e.Message); }
    }

    private static EngineTorrent EngineOf(ManagedTorrent torrent) =>
        torrent.Engine ?? throw ApiProblem.Conflict(torrent.Broken ?? "The description of the torrent is not here yet.");

    private void MarkAllIfQueued()
    {
        if (!state.Settings.Queue.IsEnabled) return;
        foreach (ManagedTorrent torrent in torrents.Values) Mark(torrent);
        Wake();
    }
}
