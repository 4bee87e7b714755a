using System.Text.Json.Serialization;

namespace Spate.Api;

/// <summary>Everything about one torrent that is not a list of its own.</summary>
public sealed record TorrentDetails
{
    public required TorrentRow Row { get; init; }

    /// <summary>Hexadecimal; absent when the torrent is v2 only.</summary>
    public string? InfoHashV1 { get; init; }

    /// <summary>Hexadecimal; absent when the torrent is v1 only.</summary>
    public string? InfoHashV2 { get; init; }

    public required string Magnet { get; init; }

    /// <summary>Its description is here, and so are its files and pieces.</summary>
    public bool HasMetadata { get; init; }

    public string Comment { get; set; } = "";

    public string CreatedBy { get; set; } = "";

    /// <summary>When the .torrent file was made; absent where it does not say.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>Bytes.</summary>
    public int PieceSize { get; init; }

    public int PieceCount { get; init; }

    public int PiecesDone { get; init; }

    public int FileCount { get; init; }

    /// <summary>Bytes received that were not needed or were wrong.</summary>
    public long Wasted { get; init; }

    /// <summary>Peers known and not connected.</summary>
    public int KnownPeers { get; init; }

    /// <summary>Connected peers at most.</summary>
    public int MaxPeers { get; init; }

    public required ShareLimits ShareLimits { get; init; }

    /// <summary>Why it is not faster, the most important first.</summary>
    public required IReadOnlyList<Finding> Diagnosis { get; init; }
}

/// <summary>Something that explains how a torrent does.</summary>
public sealed record Finding
{
    /// <summary>Stable, for programs: such as `noPeers` or `limitReached`.</summary>
    public required string Code { get; init; }

    public required FindingLevel Level { get; init; }

    /// <summary>What is, for people.</summary>
    public required string Message { get; init; }

    /// <summary>What can be done about it; absent when nothing needs to.</summary>
    public string? Advice { get; init; }
}

[JsonConverter(typeof(ApiEnum<FindingLevel>))]
public enum FindingLevel
{
    Good,
    Note,
    Problem,
}

/// <summary>When a torrent has shared enough. What is absent is as its category says, then the settings; below 0 is no limit.</summary>
public sealed record ShareLimits
{
    /// <summary>Bytes sent for each byte of the content.</summary>
    public double? Ratio { get; init; }

    public int? SeedingMinutes { get; init; }

    public ShareAction? Action { get; init; }
}

/// <summary>What happens to a torrent that has shared enough.</summary>
[JsonConverter(typeof(ApiEnum<ShareAction>))]
public enum ShareAction
{
    Pause,
    Remove,
    RemoveWithData,
}

/// <summary>One thing that happened to a torrent.</summary>
public sealed record LogEntry
{
    /// <summary>Grows with time.</summary>
    public required long Number { get; init; }

    public required DateTimeOffset At { get; init; }

    public required FindingLevel Level { get; init; }

    public required string Message { get; init; }
}

/// <summary>The last things that happened, oldest first.</summary>
public sealed record TorrentLog
{
    public required IReadOnlyList<LogEntry> Entries { get; init; }
}
