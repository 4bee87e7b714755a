using Spate.Api;
using Spate.Engine.Discovery;
using Spate.Engine.Torrents;
using Spate.Protocol;
using EngineState = Spate.Engine.Torrents.TorrentState;
using EngineTracker = Spate.Engine.Discovery.TrackerState;
using TorrentState = Spate.Api.TorrentState;

namespace Spate.Daemon.Torrents;

/// <summary>Makes rows of torrents.</summary>
internal static class RowMaker
{
    // Times of torrents that just stand there grow in steps, so that they do not change rows every second.
    private const long TimeStep = 60;

    /// <param name="torrent">The torrent.</param>
    /// <param name="queuePosition">From 1; 0 when there is no queue.</param>
    public static TorrentRow Make(ManagedTorrent torrent, int queuePosition)
    {
        State.SavedTorrent saved = torrent.Saved;
        TorrentStatus? status = torrent.Engine?.Status; // of one moment, for all of the row
        var row = new TorrentRow
        {
            Id = torrent.Name,
            Name = saved.Name ?? torrent.Name,
            State = StateOf(torrent, status),
            Error = torrent.Broken,
            Category = saved.Category ?? "",
            Tags = saved.Tags,
            QueuePosition = queuePosition,
            IsForced = saved.IsForced,
            IsSequential = saved.IsSequential,
            SavePath = saved.Folder,
            AddedAt = saved.Added,
            FinishedAt = saved.Completed,
            LastActivityAt = torrent.LastActivity,
            DownloadLimit = saved.Limits.Download,
            UploadLimit = saved.Limits.Upload,
        };
        if (torrent.Engine is { } engine && status is not null) return WithStatus(row, saved.Name, engine, status);
        if (torrent.Search is { } search)
        {
            Engine.Metadata.MetadataStatus sought = search.Status;
            row = row with { Name = saved.Name ?? sought.Name, Peers = sought.Peers, Tracker = TrackerOf(sought.Trackers) };
        }
        else if (saved is { Name: null, Magnet: { } magnet } && MagnetLink.TryParse(magnet, out MagnetLink? link, out _)) row = row with { Name = link.Name ?? torrent.Name };
        return row;
    }

    private static TorrentState StateOf(ManagedTorrent torrent, TorrentStatus? status)
    {
        if (torrent.Broken is not null) return TorrentState.Error;
        if (torrent.IsMoving) return TorrentState.Moving;
        TorrentState standing = torrent.IsStopped ? TorrentState.Paused : TorrentState.Queued;
        if (status is null) return torrent.Search is null ? standing : TorrentState.Metadata;
        return status.State switch
        {
            EngineState.Checking => TorrentState.Checking,
            EngineState.Downloading => TorrentState.Downloading,
            EngineState.Seeding => TorrentState.Seeding,
            EngineState.Error => TorrentState.Error,
            _ => standing,
        };
    }

    private static TorrentRow WithStatus(TorrentRow row, string? name, Torrent engine, TorrentStatus status)
    {
        (int? seeders, int? leechers) = SwarmOf(status.Trackers);
        return row with
        {
            Name = name ?? engine.Metainfo.Name,
            Error = row.Error ?? status.Error,
            Progress = Math.Round(status.State == EngineState.Checking ? status.CheckProgress : status.Progress, 5),
            IsFinished = status.IsFinished,
            TotalBytes = status.TotalBytes,
            WantedBytes = status.WantedBytes,
            DoneBytes = status.DoneBytes,
            DownloadRate = (long)status.DownloadRate,
            UploadRate = (long)status.UploadRate,
            Downloaded = status.Downloaded,
            Uploaded = status.Uploaded,
            Ratio = Math.Round(status.Ratio, 3),
            EtaSeconds = status.Eta is { } eta ? (long)eta.TotalSeconds : null,
            Peers = status.Peers,
            Seeds = status.Seeds,
            SwarmSeeds = seeders,
            SwarmLeechers = leechers,
            Availability = status.Availability,
            Tracker = TrackerOf(status.Trackers),
            IsPrivate = engine.Metainfo.IsPrivate,
            ActiveSeconds = (long)status.Active.TotalSeconds / TimeStep * TimeStep,
            SeedingSeconds = (long)status.Seeding.TotalSeconds / TimeStep * TimeStep,
        };
    }

    private static string TrackerOf(IReadOnlyList<TrackerStatus> trackers)
    {
        TrackerStatus? shown = null;
        foreach (TrackerStatus tracker in trackers)
        {
            if (tracker.State == EngineTracker.Working) return tracker.Url.Host;
            shown ??= tracker;
        }
        return shown?.Url.Host ?? "";
    }

    private static (int? Seeders, int? Leechers) SwarmOf(IReadOnlyList<TrackerStatus> trackers)
    {
        int? seeders = null, leechers = null;
        foreach (TrackerStatus tracker in trackers)
        {
            if (tracker.Seeders is { } s && (seeders is null || s > seeders)) seeders = s;
            if (tracker.Leechers is { } l && (leechers is null || l > leechers)) leechers = l;
        }
        return (seeders, leechers);
    }
}
