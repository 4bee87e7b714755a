using System.Text.Json.Serialization;

namespace Spate.Api;

/// <summary>A torrent to be made of files that the daemon can read.</summary>
public sealed record NewCreation
{
    /// <summary>A file or folder below one of the daemon's roots.</summary>
    public required string Path { get; init; }

    /// <summary>Announce URLs by tier.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Trackers { get; set; } = [];

    public IReadOnlyList<string> WebSeeds { get; set; } = [];

    public string Comment { get; set; } = "";

    /// <summary>Sets the torrent apart from the same content elsewhere.</summary>
    public string Source { get; set; } = "";

    public bool Private { get; init; }

    public CreationFormat Format { get; set; } = CreationFormat.V1;

    /// <summary>Bytes, a power of two from 16 KiB to 128 MiB; 0 lets the size of the content decide.</summary>
    public int PieceSize { get; init; }

    /// <summary>Add it and seed from where the files are.</summary>
    public bool Seed { get; init; }

    /// <summary>With `seed`.</summary>
    public string Category { get; set; } = "";
}

[JsonConverter(typeof(ApiEnum<CreationFormat>))]
public enum CreationFormat
{
    V1,
    V2,
    Hybrid,
}

[JsonConverter(typeof(ApiEnum<CreationState>))]
public enum CreationState
{
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
}

/// <summary>A torrent that is being made, or was.</summary>
public sealed record Creation
{
    public required string Id { get; init; }

    public required string Path { get; init; }

    public required CreationState State { get; init; }

    /// <summary>The part of the bytes that was read, 0 to 1.</summary>
    public double Progress { get; init; }

    public long TotalBytes { get; init; }

    /// <summary>Bytes a second.</summary>
    public long Rate { get; init; }

    public string? Error { get; init; }

    /// <summary>Of the torrent, when it is done.</summary>
    public string? TorrentId { get; init; }

    public string? Magnet { get; init; }

    /// <summary>What was left out, and names that not every system can store.</summary>
    public IReadOnlyList<string> Remarks { get; set; } = [];

    public DateTimeOffset StartedAt { get; init; }
}

public sealed record CreationList
{
    public required IReadOnlyList<Creation> Creations { get; init; }
}
