using System.Globalization;
using Spate.Api;
using Spate.Daemon.Security;
using Spate.Daemon.State;

namespace Spate.Daemon.Torrents;

/// <summary>Settings as the API shows them, and as they are saved.</summary>
internal static class SettingsMap
{
    /// <param name="saved">The settings.</param>
    /// <param name="alternative">The alternative limits hold now.</param>
    public static Settings ToApi(SavedSettings saved, bool alternative) => new()
    {
        Downloads = new DownloadSettings { SavePath = saved.DownloadFolder, Preallocate = saved.Preallocate, AddPaused = saved.AddStopped },
        Connection = new ConnectionSettings
        {
            ListenPort = saved.Network.ListenPort,
            MaxConnections = saved.Network.MaxConnections,
            MaxPeersPerTorrent = saved.Network.MaxPeersOfTorrent,
            UploadSlotsPerTorrent = saved.Network.UploadSlots,
            Dht = saved.Network.Dht,
            PeerExchange = saved.Network.PeerExchange,
            LocalDiscovery = saved.Network.LocalDiscovery,
        },
        Speed = new SpeedSettings
        {
            DownloadLimit = saved.Limits.Download,
            UploadLimit = saved.Limits.Upload,
            UseAlternative = alternative,
            AlternativeDownloadLimit = saved.AlternativeLimits.Download,
            AlternativeUploadLimit = saved.AlternativeLimits.Upload,
            ScheduleEnabled = saved.Schedule.IsEnabled,
            Schedule = [.. saved.Schedule.Windows.Select(static window => new ScheduleWindow
            {
                Days = [.. window.Days.Select(static day => (Weekday)(int)day)], From = ClockOf(window.FromMinute), To = ClockOf(window.ToMinute),
            })],
        },
        Queue = new QueueSettings
        {
            Enabled = saved.Queue.IsEnabled,
            MaxDownloads = saved.Queue.MaxDownloads,
            MaxSeeds = saved.Queue.MaxSeeds,
            MaxActive = saved.Queue.MaxActive,
            IgnoreSlow = saved.Queue.ExemptSlow,
            SlowDownloadRate = saved.Queue.SlowDownload,
            SlowUploadRate = saved.Queue.SlowUpload,
            SlowSeconds = saved.Queue.SlowSeconds,
        },
        Sharing = new ShareSettings
        {
            Ratio = saved.ShareLimits.Ratio ?? -1, SeedingMinutes = saved.ShareLimits.SeedingMinutes ?? -1, Action = ToApi(saved.ShareLimits.Action ?? SavedShareAction.Stop),
        },
        WatchFolders = [.. saved.WatchFolders.Select(static folder => new WatchFolder
        {
            Path = folder.Path, SavePath = folder.Folder ?? "", Category = folder.Category ?? "", Tags = folder.Tags, Paused = folder.AddStopped,
        })],
    };

    public static SavedSettings Apply(SavedSettings saved, SettingsChange change) => saved with
    {
        DownloadFolder = change.Downloads?.SavePath ?? saved.DownloadFolder,
        Preallocate = change.Downloads?.Preallocate ?? saved.Preallocate,
        AddStopped = change.Downloads?.AddPaused ?? saved.AddStopped,
        Network = change.Connection is { } network ? Apply(saved.Network, network) : saved.Network,
        Limits = new SavedLimits { Download = change.Speed?.DownloadLimit ?? saved.Limits.Download, Upload = change.Speed?.UploadLimit ?? saved.Limits.Upload },
        AlternativeLimits = new SavedLimits
        {
            Download = change.Speed?.AlternativeDownloadLimit ?? saved.AlternativeLimits.Download, Upload = change.Speed?.AlternativeUploadLimit ?? saved.AlternativeLimits.Upload,
        },
        UseAlternative = change.Speed?.UseAlternative ?? saved.UseAlternative,
        Schedule = new SavedSchedule
        {
            IsEnabled = change.Speed?.ScheduleEnabled ?? saved.Schedule.IsEnabled,
            Windows = change.Speed?.Schedule is { } windows ? [.. windows.Select(ToSaved)] : saved.Schedule.Windows,
        },
        Queue = change.Queue is { } queue ? Apply(saved.Queue, queue) : saved.Queue,
        ShareLimits = new SavedShareLimits
        {
            Ratio = change.Sharing?.Ratio ?? saved.ShareLimits.Ratio,
            SeedingMinutes = change.Sharing?.SeedingMinutes ?? saved.ShareLimits.SeedingMinutes,
            Action = change.Sharing?.Action is { } action ? ToSaved(action) : saved.ShareLimits.Action,
        },
        WatchFolders = change.WatchFolders is { } folders ? [.. folders.Select(ToSaved)] : saved.WatchFolders,
    };

    /// <exception cref="ApiProblem">Something in it is wrong.</exception>
    public static void Validate(SettingsChange change, FolderRoots roots)
    {
        var check = new FieldCheck();
        Folder("downloads.savePath", change.Downloads?.SavePath);
        check.Range("connection.listenPort", change.Connection?.ListenPort, 0, 65535);
        check.Range("connection.maxConnections", change.Connection?.MaxConnections, 1, 100_000);
        check.Range("connection.maxPeersPerTorrent", change.Connection?.MaxPeersPerTorrent, 1, 10_000);
        check.Range("connection.uploadSlotsPerTorrent", change.Connection?.UploadSlotsPerTorrent, 0, 1000);
        check.Range("speed.downloadLimit", change.Speed?.DownloadLimit, 0, long.MaxValue);
        check.Range("speed.uploadLimit", change.Speed?.UploadLimit, 0, long.MaxValue);
        check.Range("speed.alternativeDownloadLimit", change.Speed?.AlternativeDownloadLimit, 0, long.MaxValue);
        check.Range("speed.alternativeUploadLimit", change.Speed?.AlternativeUploadLimit, 0, long.MaxValue);
        if (change.Speed?.Schedule is { Count: > 50 }) check.Fail("speed.schedule", "There may be 50 windows at most.");
        for (int i = 0; i < (change.Speed?.Schedule?.Count ?? 0); i++)
        {
            ScheduleWindow window = change.Speed!.Schedule![i];
            if (MinuteOf(window.From) is not { } from || from == 24 * 60) check.Fail($"speed.schedule[{i}].from", "It must be a time such as 08:00.");
            if (MinuteOf(window.To) is null) check.Fail($"speed.schedule[{i}].to", "It must be a time such as 18:00, to 24:00.");
            if (window.Days.Count is 0 or > 7) check.Fail($"speed.schedule[{i}].days", "Name 1 to 7 days.");
        }
        check.Range("queue.maxDownloads", change.Queue?.MaxDownloads, 0, 1_000_000);
        check.Range("queue.maxSeeds", change.Queue?.MaxSeeds, 0, 1_000_000);
        check.Range("queue.maxActive", change.Queue?.MaxActive, 0, 1_000_000);
        check.Range("queue.slowDownloadRate", change.Queue?.SlowDownloadRate, 0, long.MaxValue);
        check.Range("queue.slowUploadRate", change.Queue?.SlowUploadRate, 0, long.MaxValue);
        check.Range("queue.slowSeconds", change.Queue?.SlowSeconds, 1, 86_400);
        if (change.Sharing?.Ratio is { } ratio && (!double.IsFinite(ratio) || ratio > 1_000_000)) check.Fail("sharing.ratio", "It must be 1000000 at most.");
        check.Range("sharing.seedingMinutes", change.Sharing?.SeedingMinutes, -1, 100_000_000);
        if (change.WatchFolders is { Count: > 100 }) check.Fail("watchFolders", "There may be 100 at most.");
        for (int i = 0; i < (change.WatchFolders?.Count ?? 0); i++)
        {
            WatchFolder folder = change.WatchFolders![i];
            Folder($"watchFolders[{i}].path", folder.Path);
            if (folder.SavePath.Length > 0) Folder($"watchFolders[{i}].savePath", folder.SavePath);
            check.Label($"watchFolders[{i}].category", folder.Category);
            check.Labels($"watchFolders[{i}].tags", folder.Tags, 100);
        }
        check.Done();

        void Folder(string field, string? path)
        {
            if (path is null) return;
            try { roots.Check(path); }
            catch (ForbiddenPathException e) { check.Fail(field, e.Message); }
        }
    }

    public static SavedShareLimits ToSaved(ShareLimits limits) =>
        new() { Ratio = limits.Ratio, SeedingMinutes = limits.SeedingMinutes, Action = limits.Action is { } action ? ToSaved(action) : null };

    public static ShareLimits ToApi(SavedShareLimits limits) =>
        new() { Ratio = limits.Ratio, SeedingMinutes = limits.SeedingMinutes, Action = limits.Action is { } action ? ToApi(action) : null };

    private static SavedShareAction ToSaved(ShareAction action) => (SavedShareAction)(int)action;

    private static ShareAction ToApi(SavedShareAction action) => (ShareAction)(int)action;

    private static SavedWindow ToSaved(ScheduleWindow window) => new()
    {
        Days = [.. window.Days.Distinct().Select(static day => (DayOfWeek)(int)day)], FromMinute = MinuteOf(window.From)!.Value, ToMinute = MinuteOf(window.To)!.Value,
    };

    private static SavedWatchFolder ToSaved(WatchFolder folder) => new()
    {
        Path = folder.Path, Folder = NullIfEmpty(folder.SavePath), Category = NullIfEmpty(folder.Category), Tags = folder.Tags, AddStopped = folder.Paused,
    };

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;

    private static SavedNetwork Apply(SavedNetwork saved, ConnectionSettingsChange change) => saved with
    {
        ListenPort = change.ListenPort ?? saved.ListenPort,
        MaxConnections = change.MaxConnections ?? saved.MaxConnections,
        MaxPeersOfTorrent = change.MaxPeersPerTorrent ?? saved.MaxPeersOfTorrent,
        UploadSlots = change.UploadSlotsPerTorrent ?? saved.UploadSlots,
        Dht = change.Dht ?? saved.Dht,
        PeerExchange = change.PeerExchange ?? saved.PeerExchange,
        LocalDiscovery = change.LocalDiscovery ?? saved.LocalDiscovery,
    };

    private static SavedQueue Apply(SavedQueue saved, QueueSettingsChange change) => saved with
    {
        IsEnabled = change.Enabled ?? saved.IsEnabled,
        MaxDownloads = change.MaxDownloads ?? saved.MaxDownloads,
        MaxSeeds = change.MaxSeeds ?? saved.MaxSeeds,
        MaxActive = change.MaxActive ?? saved.MaxActive,
        ExemptSlow = change.IgnoreSlow ?? saved.ExemptSlow,
        SlowDownload = change.SlowDownloadRate ?? saved.SlowDownload,
        SlowUpload = change.SlowUploadRate ?? saved.SlowUpload,
        SlowSeconds = change.SlowSeconds ?? saved.SlowSeconds,
    };

    private static string ClockOf(int minute) => string.Create(CultureInfo.InvariantCulture, $"{minute / 60:00}:{minute % 60:00}");

    // 0 to 1440, or null.
    private static int? MinuteOf(string clock)
    {
        if (clock.Length != 5 || clock[2] != ':' || !int.TryParse(clock.AsSpan(0, 2), NumberStyles.None, CultureInfo.InvariantCulture, out int hour)
            || !int.TryParse(clock.AsSpan(3, 2), NumberStyles.None, CultureInfo.InvariantCulture, out int minute)) return null;
        int sum = hour * 60 + minute;
        return minute < 60 && sum <= 24 * 60 ? sum : null;
    }
}
