using Spate.Api;

namespace Spate.Daemon;

/// <summary>Values that the document shows as examples.</summary>
internal static class Examples
{
    public const string Id = "0123456789abcdef0123456789abcdef01234567";

    private static readonly DateTimeOffset then = new(2026, 11, 21, 10, 30, 0, TimeSpan.Zero);

    public static readonly TorrentRow Row = new()
    {
        Id = Id, Name = "debian-13.0.0-amd64-netinst.iso", State = TorrentState.Downloading, Progress = 0.42, TotalBytes = 786432000, WantedBytes = 786432000,
        DoneBytes = 330301440, DownloadRate = 5242880, UploadRate = 262144, Downloaded = 331350016, Uploaded = 16777216, Ratio = 0.05, EtaSeconds = 87,
        Peers = 31, Seeds = 24, SwarmSeeds = 412, SwarmLeechers = 17, Availability = 24, Category = "linux", Tags = ["iso"], Tracker = "tracker.example.org",
        QueuePosition = 1, SavePath = "/srv/downloads", AddedAt = then, LastActivityAt = then.AddMinutes(2), ActiveSeconds = 120,
    };

    public static readonly TorrentPage Page = new() { Total = 1, Offset = 0, Rows = [Row] };

    public static readonly TorrentCounts Counts = new()
    {
        Total = 1,
        States = new Dictionary<string, int> { ["all"] = 1, ["downloading"] = 1, ["active"] = 1, ["unfinished"] = 1 },
        Categories = new Dictionary<string, int> { ["linux"] = 1 },
        Tags = new Dictionary<string, int> { ["iso"] = 1 },
        Trackers = new Dictionary<string, int> { ["tracker.example.org"] = 1 },
    };

    public static readonly TorrentDetails Details = new()
    {
        Row = Row, InfoHashV1 = Id, Magnet = $"magnet:?xt=urn:btih:{Id}&dn=debian-13.0.0-amd64-netinst.iso", HasMetadata = true, Comment = "Debian CD",
        CreatedBy = "mktorrent 1.1", CreatedAt = then.AddDays(-7), PieceSize = 262144, PieceCount = 3000, PiecesDone = 1260, FileCount = 1, KnownPeers = 80, MaxPeers = 200,
        ShareLimits = new ShareLimits { Ratio = 2 },
        Diagnosis = [new Finding { Code = "downloading", Level = FindingLevel.Good, Message = "31 peers send 5.0 MiB/s." }],
    };

    public static readonly FileList Files = new()
    {
        Total = 1, Offset = 0, Folders = [],
        Files = [new FileRow { Index = 0, Path = "debian-13.0.0-amd64-netinst.iso", Length = 786432000, DoneBytes = 330301440 }],
    };

    public static readonly PeerList Peers = new()
    {
        Peers =
        [
            new PeerRow { Address = "192.0.2.7:51413", Client = "Transmission 4.0.6", Flags = "DK", Progress = 1, DownloadRate = 1048576, Downloaded = 73400320, Requests = 40, RoundTripMs = 23 },
        ],
    };

    public static readonly TrackerList Trackers = new()
    {
        Trackers =
        [
            new TrackerRow
            {
                Url = "https://tracker.example.org/announce", Tier = 0, State = TrackerState.Working, NextAnnounceAt = then.AddMinutes(30), PeersReceived = 50, Seeders = 412, Leechers = 17,
            },
        ],
    };

    public static readonly PieceMap Pieces = new() { Count = 12, PieceSize = 16384, Have = "/oA=", Active = "AEA=", Skipped = "AAA=", Availability = "AwMDAwMDAwMDAwMC" };

    public static readonly TorrentLog Log = new()
    {
        Entries = [new LogEntry { Number = 1, At = then, Level = FindingLevel.Note, Message = "Added." }],
    };

    public static readonly ActionResult Done = new() { Done = 1, Failed = [] };

    public static readonly AddResult Added = new() { Torrents = [new AddedTorrent { Source = "debian.torrent", Id = Id, Name = Row.Name }] };

    public static readonly Preview Preview = new()
    {
        Id = "p7", State = PreviewState.Ready, TorrentId = Id, Name = Row.Name, TotalBytes = 786432000, PieceSize = 262144, Trackers = ["https://tracker.example.org/announce"],
        Files = [new FileRow { Index = 0, Path = Row.Name, Length = 786432000 }],
    };

    public static readonly Category Category = new() { Name = "linux", SavePath = "/srv/downloads/linux", Torrents = 1 };

    public static readonly Settings Settings = new()
    {
        Downloads = new DownloadSettings { SavePath = "/srv/downloads", Preallocate = false, AddPaused = false },
        Connection = new ConnectionSettings
        {
            ListenPort = 6881, MaxConnections = 500, MaxPeersPerTorrent = 200, UploadSlotsPerTorrent = 0, Dht = true, PeerExchange = true, LocalDiscovery = true,
        },
        Speed = new SpeedSettings
        {
            DownloadLimit = 0, UploadLimit = 0, UseAlternative = false, AlternativeDownloadLimit = 1048576, AlternativeUploadLimit = 524288, ScheduleEnabled = true,
            Schedule = [new ScheduleWindow { Days = [Weekday.Monday, Weekday.Friday], From = "08:00", To = "18:00" }],
        },
        Queue = new QueueSettings
        {
            Enabled = true, MaxDownloads = 5, MaxSeeds = 50, MaxActive = 0, IgnoreSlow = true, SlowDownloadRate = 2048, SlowUploadRate = 2048, SlowSeconds = 60,
        },
        Sharing = new ShareSettings { Ratio = 2, SeedingMinutes = -1, Action = ShareAction.Pause },
        WatchFolders = [new WatchFolder { Path = "/srv/watch", Category = "linux" }],
    };

    public static readonly Statistics Statistics = new()
    {
        Now = new StatisticsNow
        {
            DownloadRate = 5242880, UploadRate = 262144, Torrents = 1, Downloading = 1, Seeding = 0, Peers = 31, DhtNodes = 240, ListenPort = 6881, FreeBytes = 512000000000,
            DownloadLimit = 0, UploadLimit = 0, UsesAlternative = false,
        },
        Session = new StatisticsTotals { Downloaded = 331350016, Uploaded = 16777216, Wasted = 0, Seconds = 120, TorrentsFinished = 0 },
        AllTime = new StatisticsTotals { Downloaded = 9331350016, Uploaded = 4916777216, Wasted = 1048576, Seconds = 864000, TorrentsFinished = 12 },
    };

    public static readonly History History = new() { Span = HistorySpan.Day, From = then.AddDays(-1), StepSeconds = 60, Download = [0, 5242880], Upload = [0, 262144] };

    public static readonly FolderListing Folders = new()
    {
        Path = "/srv/downloads", FreeBytes = 512000000000, Entries = [new FolderEntry { Name = "linux", Path = "/srv/downloads/linux", IsFolder = true }],
    };

    public static readonly Api.Creation Creation = new()
    {
        Id = "c1", Path = "/srv/downloads/holiday", State = CreationState.Running, Progress = 0.3, TotalBytes = 4294967296, Rate = 1073741824, StartedAt = then,
    };

    public static readonly Health Health = new() { Status = "ok", Version = "0.1.0", UptimeSeconds = 120, Problems = [] };

    public static readonly AccountSession Session = new() { IsLoggedIn = true, Scopes = [Scope.Read, Scope.Write, Scope.Admin], HasPassword = true, Version = "0.1.0" };

    public static readonly ApiKey Key = new() { Id = "k1", Name = "home automation", Scopes = [Scope.Read], CreatedAt = then };

    public static readonly EventSnapshot Snapshot = new() { At = then, Now = Statistics.Now, Counts = Counts, Page = Page };
}
