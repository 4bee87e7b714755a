namespace Spate.Protocol;

/// <summary>One file of a torrent.</summary>
public sealed record MetainfoFile
{
    /// <summary>Position in the torrent's list, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>
    /// Where the file stands below the download folder, parted by <c>/</c>: safe on this and other systems, and different from the
    /// path of every other file that is stored. With several files it starts with the torrent's own folder.
    /// </summary>
    public required string Path { get; init; }

    /// <summary>The path as the torrent says it, for showing only. It may hold anything, control characters too.</summary>
    public required string OriginalPath { get; init; }

    /// <summary>Bytes.</summary>
    public required long Length { get; init; }

    /// <summary>Where the file starts in the torrent's stream of bytes.</summary>
    public required long Offset { get; init; }

    /// <summary>Filler of zeros that aligns the next file to a piece (BEP 47): never stored, never asked for, served as zeros.</summary>
    public bool IsPadding { get; init; }

    /// <summary>Should have its execute permission (BEP 47).</summary>
    public bool IsExecutable { get; init; }

    /// <summary>Should be hidden (BEP 47).</summary>
    public bool IsHidden { get; init; }

    /// <summary>
    /// For a symbolic link (BEP 47): where it points, relative to the folder the link is in. Set only when that is a file or folder of
    /// this torrent; a link to anything else is an empty file.
    /// </summary>
    public string? LinkTarget { get; init; }
}
