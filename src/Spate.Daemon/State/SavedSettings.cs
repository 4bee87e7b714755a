namespace Spate.Daemon.State;

// Optional properties have setters rather than initialisers: source-generated JSON would put zeros in place of the defaults of
// properties that a record does not name. Nothing changes a record after it was made.

/// <summary>Everything that can be set while the daemon runs. What could open it to others is an option of the program instead.</summary>
internal sealed record SavedSettings
{
    /// <summary>Where downloads go that name no folder and no category with one.</summary>
    public string DownloadFolder { get; set; } = "";

    /// <summary>Added torrents wait until they are started by hand.</summary>
    public bool AddStopped { get; set; }

    /// <summary>Reserve the space of each file when it is first written.</summary>
    public bool Preallocate { get; set; }

    public SavedLimits Limits { get; set; } = new();

    public SavedLimits AlternativeLimits { get; set; } = new() { Download = 1 << 20, Upload = 512 << 10 };

    /// <summary>The user chose the alternative limits; what the schedule says is not kept here.</summary>
    public bool UseAlternative { get; set; }

    public SavedSchedule Schedule { get; set; } = new();

    public SavedQueue Queue { get; set; } = new();

    public SavedShareLimits ShareLimits { get; set; } = new();

    public SavedNetwork Network { get; set; } = new();

    public IReadOnlyList<SavedCategory> Categories { get; set; } = [];

    public IReadOnlyList<string> Tags { get; set; } = [];

    public IReadOnlyList<SavedWatchFolder> WatchFolders { get; set; } = [];
}

/// <summary>Limits in bytes a second; 0 is none.</summary>
internal sealed record SavedLimits
{
    public long Download { get; set; }

    public long Upload { get; set; }
}

/// <summary>When the alternative limits hold.</summary>
internal sealed record SavedSchedule
{
    public bool IsEnabled { get; set; }

    public IReadOnlyList<SavedWindow> Windows { get; set; } = [];
}

/// <summary>Hours of some days of the week, in the time of this machine.</summary>
internal sealed record SavedWindow
{
    /// <summary>Days on which it begins.</summary>
    public IReadOnlyList<DayOfWeek> Days { get; set; } = [];

    /// <summary>Minutes after midnight, 0 to 1439.</summary>
    public int FromMinute { get; set; }

    /// <summary>Minutes after midnight, 0 to 1440; not after <see cref="FromMinute"/>: on the next day.</summary>
    public int ToMinute { get; set; }
}

/// <summary>How many torrents run at once; 0 is no limit.</summary>
internal sealed record SavedQueue
{
    public bool IsEnabled { get; set; } = true;

    public int MaxDownloads { get; set; } = 5;

    public int MaxSeeds { get; set; }

    /// <summary>Downloads and seeds together, the slow ones too.</summary>
    public int MaxActive { get; set; }

    /// <summary>Torrents that hardly transfer take no place of their kind.</summary>
    public bool ExemptSlow { get; set; } = true;

    /// <summary>A download below this many bytes a second is slow.</summary>
    public long SlowDownload { get; set; } = 2048;

    /// <summary>A seed below this many bytes a second is slow.</summary>
    public long SlowUpload { get; set; } = 2048;

    /// <summary>Seconds after which a torrent counts as slow, or as fast again.</summary>
    public int SlowSeconds { get; set; } = 60;
}

/// <summary>When a torrent has been shared enough; null leaves that to the next wider setting, a value below zero is no limit.</summary>
internal sealed record SavedShareLimits
{
    /// <summary>Bytes sent for each byte of the content.</summary>
    public double? Ratio { get; set; }

    public int? SeedingMinutes { get; set; }

    public SavedShareAction? Action { get; set; }
}

/// <summary>What becomes of a torrent that has been shared enough.</summary>
internal enum SavedShareAction
{
    Stop,
    Remove,
    RemoveWithData,
}

/// <summary>How the session meets the world; what is marked takes effect at the next start.</summary>
internal sealed record SavedNetwork
{
    /// <summary>Addresses to listen on for peers (next start). Empty: all.</summary>
    public IReadOnlyList<string> ListenAddresses { get; set; } = [];

    /// <summary>The port for peers (next start); 0 lets the system choose.</summary>
    public int ListenPort { get; set; } = 6881;

    /// <summary>Next start.</summary>
    public bool Dht { get; set; } = true;

    /// <summary>Next start.</summary>
    public bool PeerExchange { get; set; } = true;

    /// <summary>Next start.</summary>
    public bool LocalDiscovery { get; set; } = true;

    /// <summary>Connected peers over all torrents (next start).</summary>
    public int MaxConnections { get; set; } = 500;

    /// <summary>Connected peers of a torrent that is added from now on.</summary>
    public int MaxPeersOfTorrent { get; set; } = 200;

    /// <summary>Upload slots of each torrent; 0 lets the upload capacity decide (next start).</summary>
    public int UploadSlots { get; set; }
}

/// <summary>A kind of torrents.</summary>
internal sealed record SavedCategory
{
    public required string Name { get; init; }

    /// <summary>Where its torrents go; null for the download folder.</summary>
    public string? Folder { get; set; }

    public SavedShareLimits ShareLimits { get; set; } = new();
}

/// <summary>A folder in which torrents that appear are added.</summary>
internal sealed record SavedWatchFolder
{
    public required string Path { get; init; }

    /// <summary>Where its torrents go; null for that of the category, or the download folder.</summary>
    public string? Folder { get; set; }

    public string? Category { get; set; }

    public IReadOnlyList<string> Tags { get; set; } = [];

    public bool AddStopped { get; set; }
}
