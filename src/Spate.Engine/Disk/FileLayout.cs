using Spate.Protocol;

namespace Spate.Engine.Disk;

/// <summary>Part of a file that a range of the torrent's bytes falls on.</summary>
public readonly record struct FileSlice(int File, long Position, int Length);

/// <summary>Maps the torrent's one stream of bytes to its files and back. Immutable.</summary>
public sealed class FileLayout
{
    private readonly long[] starts; // of files that have bytes, in order
    private readonly int[] files;

    public FileLayout(Metainfo metainfo)
    {
        Metainfo = metainfo;
        int count = metainfo.Files.Count(file => file.Length > 0);
        starts = new long[count];
        files = new int[count];
        int at = 0;
        foreach (MetainfoFile file in metainfo.Files)
        {
            if (file.Length == 0) continue;
            starts[at] = file.Offset;
            files[at++] = file.Index;
        }
    }

    public Metainfo Metainfo { get; }

    /// <summary>Where a byte of a piece stands in the torrent's stream.</summary>
    public long Position(int piece, int offset) => (long)piece * Metainfo.PieceLength + offset;

    /// <summary>
    /// The first slice of the range that begins at <paramref name="position"/>: one file's share. Call again behind it until the range is used up.
    /// </summary>
    public FileSlice Slice(long position, int length)
    {
        int at = Array.BinarySearch(starts, position);
        if (at < 0) at = ~at - 1;
        MetainfoFile file = Metainfo.Files[files[at]];
        long inFile = position - file.Offset;
        return new FileSlice(file.Index, inFile, (int)Math.Min(length, file.Length - inFile));
    }

    /// <summary>First and last piece that hold bytes of a file; an empty file has none (first above last).</summary>
    public (int First, int Last) Pieces(MetainfoFile file) => file.Length == 0
        ? (0, -1)
        : ((int)(file.Offset / Metainfo.PieceLength), (int)((file.Offset + file.Length - 1) / Metainfo.PieceLength));
}
