using System.Text.Json.Serialization;

namespace Spate.Api;

/// <summary>How much a file is wanted.</summary>
[JsonConverter(typeof(ApiEnum<FilePriority>))]
public enum FilePriority
{
    /// <summary>Not downloaded.</summary>
    Skip,
    Low,
    Normal,
    High,
}

/// <summary>One file of a torrent.</summary>
public sealed record FileRow
{
    /// <summary>Its position in the torrent, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>Where it lies: below the save path, parted by `/`.</summary>
    public required string Path { get; init; }

    /// <summary>Its path in the torrent; absent unless it or a folder above it was renamed.</summary>
    public string? PathInTorrent { get; init; }

    public required long Length { get; init; }

    /// <summary>Bytes that are there and verified.</summary>
    public long DoneBytes { get; init; }

    public FilePriority Priority { get; set; } = FilePriority.Normal;
}

/// <summary>A folder of a torrent.</summary>
public sealed record FolderRow
{
    public required string Name { get; init; }

    /// <summary>Below the save path, parted by `/`.</summary>
    public required string Path { get; init; }

    /// <summary>Files below it, in all depths.</summary>
    public required int Files { get; init; }

    public required long Length { get; init; }

    public long DoneBytes { get; init; }

    /// <summary>The priority of all files below it; absent when they differ.</summary>
    public FilePriority? Priority { get; init; }
}

/// <summary>Files of a torrent.</summary>
public sealed record FileList
{
    /// <summary>Files that match, on all pages.</summary>
    public required int Total { get; init; }

    public required int Offset { get; init; }

    /// <summary>The folders right below the one that was asked for; empty when all files were.</summary>
    public required IReadOnlyList<FolderRow> Folders { get; init; }

    public required IReadOnlyList<FileRow> Files { get; init; }
}

/// <summary>What to change of the files of a torrent.</summary>
public sealed record FilesChange
{
    /// <summary>Applied in this order.</summary>
    public required IReadOnlyList<PriorityChange> Priorities { get; init; }
}

/// <summary>A priority for some files: name them by index or by a folder that holds them.</summary>
public sealed record PriorityChange
{
    public IReadOnlyList<int>? Indexes { get; init; }

    /// <summary>Below the save path; the empty one holds all files.</summary>
    public string? Folder { get; init; }

    public required FilePriority Priority { get; init; }
}

/// <summary>A new name on disk for a file or folder of a torrent.</summary>
public sealed record RenameFile
{
    /// <summary>Where it lies now: below the save path, parted by `/`.</summary>
    public required string Path { get; init; }

    /// <summary>Its new name, without a path: it stays in its folder.</summary>
    public required string Name { get; init; }
}
