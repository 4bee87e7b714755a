using System.Text.Json.Serialization;

namespace Spate.Api;

/// <summary>A torrent to look at before it is added. Give one of the two.</summary>
public sealed record NewPreview
{
    /// <summary>A magnet link, an info-hash, or the URL of a .torrent file.</summary>
    public string? Source { get; init; }

    /// <summary>A .torrent file in base 64.</summary>
    public string? Metainfo { get; init; }
}

[JsonConverter(typeof(ApiEnum<PreviewState>))]
public enum PreviewState
{
    /// <summary>The description is being looked for.</summary>
    Searching,

    /// <summary>Files and sizes are known.</summary>
    Ready,

    /// <summary>Nothing came of it; `error` says why.</summary>
    Failed,
}

/// <summary>
/// A torrent that is not added yet. Of a magnet link the files come as soon as a peer has sent the description: ask again, or watch the
/// events. A preview that nobody asks for within 30 minutes is dropped.
/// </summary>
public sealed record Preview
{
    public required string Id { get; init; }

    public required PreviewState State { get; init; }

    /// <summary>How the search stands, for people; absent when it is over.</summary>
    public string? Searching { get; init; }

    public string? Error { get; init; }

    /// <summary>The id that the torrent will have, or has.</summary>
    public string? TorrentId { get; init; }

    /// <summary>A torrent with this id is here already.</summary>
    public bool Duplicate { get; init; }

    public string Name { get; set; } = "";

    public long TotalBytes { get; init; }

    public int PieceSize { get; init; }

    public string Comment { get; set; } = "";

    public bool IsPrivate { get; init; }

    public IReadOnlyList<string> Trackers { get; set; } = [];

    /// <summary>Empty until it is ready.</summary>
    public IReadOnlyList<FileRow> Files { get; set; } = [];
}
