using Spate.Api;
using Spate.Daemon.State;
using Spate.Engine.Pieces;
using Spate.Engine.Torrents;
using Spate.Protocol;
using EngineTracker = Spate.Engine.Discovery.TrackerStatus;
using TrackerState = Spate.Api.TrackerState;

namespace Spate.Daemon.Torrents;

/// <summary>Tells everything about one torrent, in the words of the API.</summary>
internal sealed class TorrentReport(TorrentLibrary library, DaemonState state, TimeProvider time)
{
    private const int MostFiles = 10_000;

    public TorrentDetails Details(ManagedTorrent torrent)
    {
        TorrentRow row = RowMaker.Make(torrent, library.PositionOf(torrent));
        SavedTorrent saved = torrent.Saved;
        Metainfo? metainfo = torrent.Engine?.Metainfo;
        TorrentStatus? status = torrent.Engine?.Status;
        MagnetLink? link = metainfo is not null ? MagnetLink.Of(metainfo) : saved.Magnet is { } magnet && MagnetLink.TryParse(magnet, out MagnetLink? parsed, out _) ? parsed : null;
        InfoHash? hash = metainfo?.InfoHash ?? link?.InfoHash;
        return new TorrentDetails
        {
            Row = row,
            InfoHashV1 = hash is { HasV1: true } v1 ? v1.V1.ToString() : null,
            InfoHashV2 = hash is { HasV2: true } v2 ? v2.V2.ToString() : null,
            Magnet = link?.ToString() ?? "",
            HasMetadata = metainfo is not null,
            Comment = metainfo?.Comment ?? "",
            CreatedBy = metainfo?.CreatedBy ?? "",
            CreatedAt = metainfo?.CreationDate,
            PieceSize = metainfo?.PieceLength ?? 0,
            PieceCount = metainfo?.PieceCount ?? 0,
            PiecesDone = status?.PiecesDone ?? 0,
            FileCount = metainfo?.Files.Count(static file => !file.IsPadding) ?? 0,
            Wasted = status?.Wasted ?? 0,
            KnownPeers = status?.Candidates ?? torrent.Search?.Status.Candidates ?? 0,
            MaxPeers = saved.MaxPeers ?? state.Settings.Network.MaxPeersOfTorrent,
            ShareLimits = SettingsMap.ToApi(saved.ShareLimits),
            Diagnosis = Diagnosis.Of(torrent, row),
        };
    }

    /// <exception cref="ApiProblem">The folder is not there, or its description is not.</exception>
    public static async Task<FileList> FilesAsync(ManagedTorrent torrent, string? folder, int offset, int limit)
    {
        var check = new FieldCheck();
        check.Range("offset", offset, 0, int.MaxValue);
        check.Range("limit", limit, 0, MostFiles);
        check.Done();
        if (torrent.Engine is not { } engine) return new FileList { Total = 0, Offset = 0, Folders = [], Files = [] };
        IReadOnlyList<FileStatus> files = await engine.GetFilesAsync();
        var folders = new SortedDictionary<string, FolderRow>(NaturalOrder.Instance);
        if (folder is not null)
        {
            string prefix = folder.Length == 0 ? "" : folder.TrimEnd('/') + "/";
            var here = new List<FileStatus>();
            bool any = false;
            foreach (FileStatus file in files)
            {
                if (!file.Path.StartsWith(prefix, StringComparison.Ordinal)) continue;
                any = true;
                int slash = file.Path.IndexOf('/', prefix.Length);
                if (slash < 0) here.Add(file);
                else AddTo(folders, file.Path[prefix.Length..slash], file.Path[..slash], file);
            }
            if (!any) throw ApiProblem.NotFound($"The torrent has no folder \"{folder}\".");
            files = here;
        }
        return new FileList
        {
            Total = files.Count,
            Offset = Math.Min(offset, files.Count),
            Folders = [.. folders.Values],
            Files = [.. files.Skip(offset).Take(limit).Select(static file => new FileRow
            {
                Index = file.Index, Path = file.Path, PathInTorrent = file.PathInTorrent == file.Path ? null : file.PathInTorrent, Length = file.Length,
                DoneBytes = file.DoneBytes, Priority = (FilePriority)(int)file.Priority,
            })],
        };
    }

    private static void AddTo(SortedDictionary<string, FolderRow> folders, string name, string path, FileStatus file)
    {
        FilePriority priority = (FilePriority)(int)file.Priority;
        folders[name] = folders.TryGetValue(name, out FolderRow? row)
            ? row with
            {
                Files = row.Files + 1, Length = row.Length + file.Length, DoneBytes = row.DoneBytes + file.DoneBytes,
                Priority = row.Priority == priority ? priority : null,
            }
            : new FolderRow { Name = name, Path = path, Files = 1, Length = file.Length, DoneBytes = file.DoneBytes, Priority = priority };
    }

    public static async Task<IReadOnlyList<PeerRow>> PeersAsync(ManagedTorrent torrent)
    {
        if (torrent.Engine is not { } engine) return [];
        IReadOnlyList<PeerStatus> peers = await engine.GetPeersAsync();
        return [.. peers.Select(static peer => new PeerRow
        {
            Address = peer.Remote.ToString(),
            Client = peer.Client,
            Flags = FlagsOf(peer),
            IsIncoming = peer.Incoming,
            Progress = Math.Round(peer.Progress, 4),
            DownloadRate = (long)peer.DownloadRate,
            UploadRate = (long)peer.UploadRate,
            Downloaded = peer.Downloaded,
            Uploaded = peer.Uploaded,
            Requests = peer.Requests.InFlight,
            RoundTripMs = (int)peer.RoundTrip.TotalMilliseconds,
        })];
    }

    private static string FlagsOf(PeerStatus peer)
    {
        var flags = new System.Text.StringBuilder(6);
        if (peer.AmInterested) flags.Append(peer.PeerChoking ? 'd' : 'D');
        else if (!peer.PeerChoking) flags.Append('K');
        if (peer.PeerInterested) flags.Append(peer.AmChoking ? 'u' : 'U');
        else if (!peer.AmChoking) flags.Append('?');
        if (peer.IsSnubbed) flags.Append('S');
        if (peer.Incoming) flags.Append('I');
        return flags.ToString();
    }

    public IReadOnlyList<TrackerRow> Trackers(ManagedTorrent torrent)
    {
        IReadOnlyList<EngineTracker> trackers = torrent.Engine?.Status.Trackers ?? torrent.Search?.Status.Trackers ?? [];
        DateTimeOffset now = time.GetUtcNow();
        return [.. trackers.Select(tracker => new TrackerRow
        {
            Url = tracker.Url.OriginalString,
            Tier = tracker.Tier,
            State = (TrackerState)(int)tracker.State,
            Message = tracker.Message,
            // To the second: computed from what is left, it would differ by a little each time.
            NextAnnounceAt = tracker.NextAnnounce is { } next ? DateTimeOffset.FromUnixTimeSeconds((now + next).AddMilliseconds(500).ToUnixTimeSeconds()) : null,
            Fails = tracker.Fails,
            PeersReceived = tracker.PeersReceived,
            Seeders = tracker.Seeders,
            Leechers = tracker.Leechers,
            Completed = tracker.Completed,
        })];
    }

    public static async Task<PieceMap> PiecesAsync(ManagedTorrent torrent)
    {
        if (torrent.Engine is not { } engine) return new PieceMap { Count = 0, PieceSize = 0, Have = "", Active = "", Skipped = "", Availability = "" };
        PieceStatus pieces = await engine.GetPieceStatusAsync();
        return new PieceMap
        {
            Count = engine.Metainfo.PieceCount,
            PieceSize = engine.Metainfo.PieceLength,
            Have = Text(pieces.Have),
            Active = Text(pieces.Active),
            Skipped = Text(pieces.Skipped),
            Availability = Convert.ToBase64String(pieces.Availability),
        };
    }

    private static string Text(Bitfield bits)
    {
        byte[] wire = new byte[bits.WireLength];
        bits.CopyToWire(wire);
        return Convert.ToBase64String(wire);
    }
}
