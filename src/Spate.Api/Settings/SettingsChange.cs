namespace Spate.Api;

/// <summary>What to change of the settings; what is absent stays. See <see cref="Settings"/> for the meaning of each.</summary>
public sealed record SettingsChange
{
    public DownloadSettingsChange? Downloads { get; init; }

    public ConnectionSettingsChange? Connection { get; init; }

    public SpeedSettingsChange? Speed { get; init; }

    public QueueSettingsChange? Queue { get; init; }

    public ShareSettingsChange? Sharing { get; init; }

    /// <summary>All watch folders from now on.</summary>
    public IReadOnlyList<WatchFolder>? WatchFolders { get; init; }
}

public sealed record DownloadSettingsChange
{
    public string? SavePath { get; init; }

    public bool? Preallocate { get; init; }

    public bool? AddPaused { get; init; }
}

public sealed record ConnectionSettingsChange
{
    public int? ListenPort { get; init; }

    public int? MaxConnections { get; init; }

    public int? MaxPeersPerTorrent { get; init; }

    public int? UploadSlotsPerTorrent { get; init; }

    public bool? Dht { get; init; }

    public bool? PeerExchange { get; init; }

    public bool? LocalDiscovery { get; init; }
}

public sealed record SpeedSettingsChange
{
    public long? DownloadLimit { get; init; }

    public long? UploadLimit { get; init; }

    public bool? UseAlternative { get; init; }

    public long? AlternativeDownloadLimit { get; init; }

    public long? AlternativeUploadLimit { get; init; }

    public bool? ScheduleEnabled { get; init; }

    public IReadOnlyList<ScheduleWindow>? Schedule { get; init; }
}

public sealed record QueueSettingsChange
{
    public bool? Enabled { get; init; }

    public int? MaxDownloads { get; init; }

    public int? MaxSeeds { get; init; }

    public int? MaxActive { get; init; }

    public bool? IgnoreSlow { get; init; }

    public long? SlowDownloadRate { get; init; }

    public long? SlowUploadRate { get; init; }

    public int? SlowSeconds { get; init; }
}

public sealed record ShareSettingsChange
{
    public double? Ratio { get; init; }

    public int? SeedingMinutes { get; init; }

    public ShareAction? Action { get; init; }
}
