using Spate.Protocol;

namespace Spate.Create;

/// <summary>What becomes of symbolic links in the folder a torrent is made of.</summary>
public enum SymlinkPolicy
{
    /// <summary>They are left out.</summary>
    Skip,

    /// <summary>What they point at is taken in their place.</summary>
    Follow,

    /// <summary>They are written as links (BEP 47) when they point at something in the same folder, else left out.</summary>
    Store,
}

/// <summary>How a torrent is made.</summary>
public sealed record CreateOptions
{
    /// <summary>The torrent's name; null for that of the file or folder.</summary>
    public string? Name { get; init; }

    /// <summary>Bytes of a piece; null to choose by the size of the content.</summary>
    public int? PieceLength { get; init; }

    /// <summary>Peers come from the trackers only (BEP 27).</summary>
    public bool IsPrivate { get; init; }

    /// <summary>Text that tells the info-hash from that of the same files elsewhere.</summary>
    public string? Source { get; init; }

    /// <summary>Trackers, web seeds, comment and whatever else does not change the info-hash.</summary>
    public TorrentOuter Outer { get; init; } = new();

    /// <summary>Takes files and folders whose name starts with a dot, or that Windows calls hidden.</summary>
    public bool IncludeHidden { get; init; }

    /// <summary>Takes what file browsers leave behind, such as Thumbs.db and .DS_Store.</summary>
    public bool IncludeJunk { get; init; }

    /// <summary>Marks executable files as such (BEP 47). The same files then give another info-hash where permissions differ.</summary>
    public bool KeepExecutable { get; init; }

    /// <summary>What becomes of symbolic links.</summary>
    public SymlinkPolicy Symlinks { get; init; } = SymlinkPolicy.Skip;

    /// <summary>Patterns with <c>*</c> and <c>?</c> of files and folders to leave out, matched against the name and the path below the root.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>Threads to hash on; 0 for one per core.</summary>
    public int Threads { get; init; }
}

/// <summary>A torrent that was made.</summary>
/// <param name="Torrent">The .torrent file.</param>
/// <param name="Metainfo">What it says.</param>
/// <param name="LeftOut">Paths below the root that were not taken, with the reason.</param>
/// <param name="Warnings">Names that other systems cannot store as they are.</param>
public sealed record CreatedTorrent(byte[] Torrent, Metainfo Metainfo, IReadOnlyList<string> LeftOut, IReadOnlyList<string> Warnings);
