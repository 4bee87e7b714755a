using System.Text.Json.Serialization;

namespace Spate.Api;

/// <summary>
/// What can be set while the daemon runs. Where it listens, its roots and whatever could open it to others are options of the program
/// and can't be changed by this API.
/// </summary>
public sealed record Settings
{
    public required DownloadSettings Downloads { get; init; }

    public required ConnectionSettings Connection { get; init; }

    public required SpeedSettings Speed { get; init; }

    public required QueueSettings Queue { get; init; }

    public required ShareSettings Sharing { get; init; }

    public required IReadOnlyList<WatchFolder> WatchFolders { get; init; }
}

/// <summary>Where downloads go and how they begin.</summary>
public sealed record DownloadSettings
{
    /// <summary>The default folder, below one of the daemon's roots.</summary>
    public required string SavePath { get; init; }

    /// <summary>Reserve the space of a file when it is first written.</summary>
    public required bool Preallocate { get; init; }

    /// <summary>Torrents are added without being started.</summary>
    public required bool AddPaused { get; init; }
}

/// <summary>How peers are found and how many.</summary>
public sealed record ConnectionSettings
{
    /// <summary>1 to 65535; 0 lets the system choose. Takes effect at the next start.</summary>
    public required int ListenPort { get; init; }

    /// <summary>Peers of all torrents at most, 1 to 100,000. Takes effect at the next start.</summary>
    public required int MaxConnections { get; init; }

    /// <summary>Peers of a torrent at most, 1 to 10,000, for torrents that are added from now on.</summary>
    public required int MaxPeersPerTorrent { get; init; }

    /// <summary>Upload slots of a torrent, 0 to 1,000; 0 lets the upload capacity decide. Takes effect at the next start.</summary>
    public required int UploadSlotsPerTorrent { get; init; }

    /// <summary>Find peers by the DHT. Takes effect at the next start.</summary>
    public required bool Dht { get; init; }

    /// <summary>Exchange peers with peers. Takes effect at the next start.</summary>
    public required bool PeerExchange { get; init; }

    /// <summary>Find peers on the local network. Takes effect at the next start.</summary>
    public required bool LocalDiscovery { get; init; }
}

/// <summary>Limits of all torrents together.</summary>
public sealed record SpeedSettings
{
    /// <summary>Bytes a second; 0 is no limit.</summary>
    public required long DownloadLimit { get; init; }

    /// <summary>Bytes a second; 0 is no limit.</summary>
    public required long UploadLimit { get; init; }

    /// <summary>The alternative limits hold now. While the schedule is on it switches this by itself.</summary>
    public required bool UseAlternative { get; init; }

    /// <summary>Bytes a second; 0 is no limit.</summary>
    public required long AlternativeDownloadLimit { get; init; }

    /// <summary>Bytes a second; 0 is no limit.</summary>
    public required long AlternativeUploadLimit { get; init; }

    /// <summary>Switch to the alternative limits and back by the clock.</summary>
    public required bool ScheduleEnabled { get; init; }

    /// <summary>When the alternative limits hold; 50 at most.</summary>
    public required IReadOnlyList<ScheduleWindow> Schedule { get; init; }
}

/// <summary>Hours of some days of the week, in the time of the daemon's machine.</summary>
public sealed record ScheduleWindow
{
    /// <summary>Days on which it begins.</summary>
    public required IReadOnlyList<Weekday> Days { get; init; }

    /// <summary>As `HH:mm`.</summary>
    public required string From { get; init; }

    /// <summary>As `HH:mm`, to `24:00`; when it is not after `from` it is of the next day.</summary>
    public required string To { get; init; }
}

[JsonConverter(typeof(ApiEnum<Weekday>))]
public enum Weekday
{
    Sunday,
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
}

/// <summary>How many torrents run at once.</summary>
public sealed record QueueSettings
{
    public required bool Enabled { get; init; }

    /// <summary>0 is no limit.</summary>
    public required int MaxDownloads { get; init; }

    /// <summary>0 is no limit.</summary>
    public required int MaxSeeds { get; init; }

    /// <summary>Of both together; 0 is no limit.</summary>
    public required int MaxActive { get; init; }

    /// <summary>Torrents that are slow for a while do not count.</summary>
    public required bool IgnoreSlow { get; init; }

    /// <summary>Bytes a second below which a download is slow.</summary>
    public required long SlowDownloadRate { get; init; }

    /// <summary>Bytes a second below which a seed is slow.</summary>
    public required long SlowUploadRate { get; init; }

    /// <summary>Seconds after which a torrent counts as slow, or as fast again.</summary>
    public required int SlowSeconds { get; init; }
}

/// <summary>When a torrent has shared enough, unless it or its category has limits of its own. Below 0 is no limit.</summary>
public sealed record ShareSettings
{
    /// <summary>Bytes sent for each byte of the content.</summary>
    public required double Ratio { get; init; }

    public required int SeedingMinutes { get; init; }

    public required ShareAction Action { get; init; }
}

/// <summary>A folder whose .torrent and .magnet files are added; they are renamed to `*.added` or `*.invalid`.</summary>
public sealed record WatchFolder
{
    /// <summary>Below one of the daemon's roots.</summary>
    public required string Path { get; init; }

    /// <summary>Where what is found there goes; empty for that of the category or the default folder.</summary>
    public string SavePath { get; set; } = "";

    public string Category { get; set; } = "";

    public IReadOnlyList<string> Tags { get; set; } = [];

    public bool Paused { get; init; }
}
