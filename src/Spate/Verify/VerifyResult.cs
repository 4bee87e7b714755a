using Spate.Protocol;

namespace Spate.Verify;

/// <summary>What is wrong with a file.</summary>
public enum FileState
{
    /// <summary>Nothing: every byte is as it should be.</summary>
    Complete,

    /// <summary>There is no such file.</summary>
    Missing,

    /// <summary>It cannot be read.</summary>
    Unreadable,

    /// <summary>It has fewer bytes than it should.</summary>
    TooShort,

    /// <summary>It has more bytes than it should.</summary>
    TooLong,

    /// <summary>Pieces of it have the wrong content.</summary>
    Damaged,

    /// <summary>It may be right, but shares a piece with a file that is not there, so that it cannot be told.</summary>
    Unknown,
}

/// <summary>What was found for one file.</summary>
/// <param name="File">The file in the torrent.</param>
/// <param name="Path">Where it was looked for.</param>
/// <param name="State">What is wrong with it.</param>
/// <param name="BadPieces">The pieces it has part in that are wrong or could not be read.</param>
/// <param name="Reason">More about it, for people; null when there is nothing to add.</param>
public sealed record FileVerdict(MetainfoFile File, string Path, FileState State, IReadOnlyList<int> BadPieces, string? Reason);

/// <summary>What was found when content was compared with its torrent.</summary>
/// <param name="Metainfo">The torrent.</param>
/// <param name="GoodPieces">Number of pieces whose hash is right.</param>
/// <param name="BadPieces">Those whose hash is wrong or which could not be read, in order.</param>
/// <param name="Files">A verdict for every file that is stored.</param>
public sealed record VerifyResult(Metainfo Metainfo, int GoodPieces, IReadOnlyList<int> BadPieces, IReadOnlyList<FileVerdict> Files)
{
    /// <summary>True when all of the content is there and right.</summary>
    public bool IsComplete => BadPieces.Count == 0 && Files.All(f => f.State == FileState.Complete);
}
