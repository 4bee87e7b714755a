using System.Text.Json.Serialization;

namespace Spate.Api;

/// <summary>What the session does and did.</summary>
public sealed record Statistics
{
    public required StatisticsNow Now { get; init; }

    /// <summary>Since the daemon started.</summary>
    public required StatisticsTotals Session { get; init; }

    /// <summary>Over all runs.</summary>
    public required StatisticsTotals AllTime { get; init; }
}

/// <summary>At this moment.</summary>
public sealed record StatisticsNow
{
    /// <summary>Bytes a second.</summary>
    public required long DownloadRate { get; init; }

    /// <summary>Bytes a second.</summary>
    public required long UploadRate { get; init; }

    public required int Torrents { get; init; }

    public required int Downloading { get; init; }

    public required int Seeding { get; init; }

    /// <summary>Connected peers of all torrents.</summary>
    public required int Peers { get; init; }

    /// <summary>Nodes of the DHT that we know; absent while it is off.</summary>
    public int? DhtNodes { get; init; }

    /// <summary>Where peers reach us; 0 while nobody can.</summary>
    public required int ListenPort { get; init; }

    /// <summary>Bytes free where downloads go; absent when that can't be told.</summary>
    public long? FreeBytes { get; init; }

    /// <summary>The limit that holds now, in bytes a second; 0 is none.</summary>
    public required long DownloadLimit { get; init; }

    /// <summary>The limit that holds now, in bytes a second; 0 is none.</summary>
    public required long UploadLimit { get; init; }

    /// <summary>The alternative limits hold.</summary>
    public required bool UsesAlternative { get; init; }
}

public sealed record StatisticsTotals
{
    /// <summary>Bytes.</summary>
    public required long Downloaded { get; init; }

    /// <summary>Bytes.</summary>
    public required long Uploaded { get; init; }

    /// <summary>Bytes received that were not needed or were wrong.</summary>
    public required long Wasted { get; init; }

    /// <summary>Seconds that the daemon ran.</summary>
    public required long Seconds { get; init; }

    /// <summary>Torrents that were finished.</summary>
    public required long TorrentsFinished { get; init; }
}

[JsonConverter(typeof(ApiEnum<HistorySpan>))]
public enum HistorySpan
{
    /// <summary>The last ten minutes, second by second.</summary>
    Live,

    /// <summary>The last 24 hours, minute by minute.</summary>
    Day,
}

/// <summary>Rates over time, oldest first, at even steps. Times when the daemon did not run count as 0.</summary>
public sealed record History
{
    public required HistorySpan Span { get; init; }

    /// <summary>The time of the first value.</summary>
    public required DateTimeOffset From { get; init; }

    public required int StepSeconds { get; init; }

    /// <summary>Bytes a second.</summary>
    public required IReadOnlyList<long> Download { get; init; }

    /// <summary>Bytes a second.</summary>
    public required IReadOnlyList<long> Upload { get; init; }
}

/// <summary>Whether the daemon does its work.</summary>
public sealed record Health
{
    /// <summary>`ok`, or `degraded` when `problems` names something.</summary>
    public required string Status { get; init; }

    public required string Version { get; init; }

    public required long UptimeSeconds { get; init; }

    public required IReadOnlyList<string> Problems { get; init; }
}
