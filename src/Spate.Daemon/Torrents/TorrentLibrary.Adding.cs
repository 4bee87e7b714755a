using System.Net;
using Spate.Api;
using Spate.Daemon.State;
using Spate.Engine.Pieces;
using Spate.Protocol;

namespace Spate.Daemon.Torrents;

// Adding torrents. What is here already is answered, and nothing changes.
internal sealed partial class TorrentLibrary
{
    /// <summary>Adds a torrent by its .torrent file.</summary>
    /// <exception cref="ApiProblem">It can't be used, or the options are wrong.</exception>
    /// <exception cref="IOException">It could not be saved.</exception>
    public async Task<AddedTorrent> AddAsync(string source, ReadOnlyMemory<byte> torrentFile, AddOptions options, string field = "torrents", string? magnet = null)
    {
        if (!Metainfo.TryParse(torrentFile, MetainfoOptions.Default, out Metainfo? metainfo, out MetainfoError? error))
            throw ApiProblem.Field(field, $"It is no torrent that can be used: {error}");
        Sha1Hash id = metainfo.InfoHash.Wire;
        if (leaving.TryGetValue(id, out Task? gone)) await gone;
        if (torrents.TryGetValue(id, out ManagedTorrent? known)) return await JoinAsync(known, source, metainfo, torrentFile);
        PiecePriority[]? priorities = options.Priorities.Count == 0 ? null : PrioritiesOf(metainfo, null, null, options.Priorities, "options.priorities");
        SavedTorrent saved = await NewAsync(id, options) with { Magnet = magnet, FilePriorities = priorities };
        IReadOnlyList<IPEndPoint> peers = PeersOf(options.Peers, "options.peers");
        if (!await state.TryAddAsync(saved, torrentFile)) return Duplicate(source, id);
        if (!state.TryGetTorrent(id, out SavedTorrent? now)) return Duplicate(source, id);
        var torrent = new ManagedTorrent(now);
        TakeIn(torrent, () => StartEngine(torrent, metainfo, peers));
        return new AddedTorrent { Source = source, Id = torrent.Name, Name = now.Name ?? metainfo.Name };
    }

    /// <summary>Adds a torrent by a magnet link; its description is looked for when the queue lets it run.</summary>
    public async Task<AddedTorrent> AddAsync(string source, MagnetLink link, AddOptions options)
    {
        Sha1Hash id = link.InfoHash.Wire;
        if (leaving.TryGetValue(id, out Task? gone)) await gone;
        if (torrents.ContainsKey(id)) return Duplicate(source, id);
        if (options.Priorities.Count > 0) throw ApiProblem.Field("options.priorities", "The files of a magnet link are not known yet; make a preview first.");
        SavedTorrent saved = await NewAsync(id, options) with { Magnet = link.ToString() };
        IReadOnlyList<IPEndPoint> peers = PeersOf(options.Peers, "options.peers");
        if (!await state.TryAddAsync(saved)) return Duplicate(source, id);
        var torrent = new ManagedTorrent(saved);
        TakeIn(torrent, () =>
        {
            if (torrent.Runs) StartSearch(torrent, peers);
        });
        return new AddedTorrent { Source = source, Id = torrent.Name, Name = saved.Name ?? link.Name };
    }

    private void TakeIn(ManagedTorrent torrent, Action start)
    {
        Say(torrent, FindingLevel.Note, "Added.");
        torrent.IsNew = true;
        torrents[torrent.Id] = torrent;
        IReadOnlyList<Policies.QueueDecision> decisions;
        lock (policies)
        {
            order.Set(torrent.Id, torrent.Saved.Rank);
            if (!torrent.IsStopped) queue.Set(EntryOf(torrent));
            decisions = queue.Decide();
        }
        // The engine must know it before it is told to run.
        torrent.Runs = decisions.Any(decision => decision.Id == torrent.Id && decision.Runs);
        start();
        foreach ((Sha1Hash id, bool runs) in decisions)
        {
            if (id != torrent.Id && torrents.TryGetValue(id, out ManagedTorrent? other)) SetRuns(other, runs);
        }
        // Somebody may have decided otherwise before the engine knew it.
        bool shallRun;
        lock (policies) shallRun = queue.Runs(torrent.Id);
        if (shallRun != torrent.Runs) SetRuns(torrent, shallRun);
        Show(torrent);
        Mark(torrent);
        Wake();
    }

    // A torrent that waits for its description gets it from the file; any other has it.
    private async Task<AddedTorrent> JoinAsync(ManagedTorrent known, string source, Metainfo metainfo, ReadOnlyMemory<byte> torrentFile)
    {
        if (known.Engine is null && known.Broken is null) await TakeMetadataAsync(known, metainfo, torrentFile, []);
        return Duplicate(source, known.Id);
    }

    private AddedTorrent Duplicate(string source, Sha1Hash id) => new() { Source = source, Id = id.ToString(), Name = Table.Find(id.ToString())?.Name, Duplicate = true };

    private async Task<SavedTorrent> NewAsync(Sha1Hash id, AddOptions options)
    {
        var check = new FieldCheck();
        check.Text("options.name", options.Name, LongestName);
        check.Label("options.category", options.Category);
        check.Labels("options.tags", options.Tags, MostTags);
        check.Range("options.downloadLimit", options.DownloadLimit, 0, long.MaxValue);
        check.Range("options.uploadLimit", options.UploadLimit, 0, long.MaxValue);
        check.ShareLimits("options.shareLimits", options.ShareLimits);
        check.Done();
        SavedSettings settings = state.Settings;
        if (options.Category is { Length: > 0 } category) await AddCategoryAsync(category);
        if (options.Tags.Count > 0) await AddTagsAsync(options.Tags);
        SavedCategory? ofCategory = settings.Categories.FirstOrDefault(c => c.Name == options.Category);
        string folder = NullIfEmpty(options.SavePath) ?? NullIfEmpty(ofCategory?.Folder) ?? settings.DownloadFolder;
        long rank;
        lock (policies) rank = options.AtTopOfQueue ? order.RankAtTop : order.RankAtEnd;
        return new SavedTorrent
        {
            Id = id,
            Folder = CheckFolder("options.savePath", folder),
            Name = NullIfEmpty(options.Name),
            Category = NullIfEmpty(options.Category),
            Tags = [.. options.Tags.Distinct()],
            Added = time.GetUtcNow(),
            IsStopped = options.Paused ?? settings.AddStopped,
            IsForced = options.Forced,
            IsSequential = options.Sequential ?? false,
            TrustData = options.SkipCheck,
            Rank = rank,
            Limits = new SavedLimits { Download = options.DownloadLimit, Upload = options.UploadLimit },
            ShareLimits = options.ShareLimits is { } limits ? SettingsMap.ToSaved(limits) : new SavedShareLimits(),
        };
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
