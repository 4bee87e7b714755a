using Spate.Protocol.Bencode;

namespace Spate.Protocol;

/// <summary>What goes into a new .torrent file (BEP 3, 12, 19, 27, 47), all but the hashes of its pieces.</summary>
public sealed record TorrentBuilder
{
    /// <summary>Shortest piece that is written, in bytes: that of one block.</summary>
    public const int MinPieceLength = 16 * 1024;

    // Some 2,000 pieces keep the .torrent file near 40 KB; beyond 16 MiB a piece takes too long to be of use to others.
    private const int WantedPieces = 2048;
    private const int LongestChosen = 16 * 1024 * 1024;

    /// <summary>Name of the file, or of the folder.</summary>
    public required string Name { get; init; }

    /// <summary>The files in their order; one file whose path is empty is a single-file torrent.</summary>
    public required IReadOnlyList<NewFile> Files { get; init; }

    /// <summary>Bytes of a piece, at least <see cref="MinPieceLength"/> and a power of two.</summary>
    public required int PieceLength { get; init; }

    /// <summary>Peers come from the trackers only (BEP 27).</summary>
    public bool IsPrivate { get; init; }

    /// <summary>Text that tells the info-hash from that of the same files elsewhere.</summary>
    public string? Source { get; init; }

    /// <summary>What stands around the info dictionary.</summary>
    public TorrentOuter Outer { get; init; } = new();

    /// <summary>Bytes of all files.</summary>
    public long TotalLength => Files.Sum(f => f.Length);

    /// <summary>Number of pieces.</summary>
    public int PieceCount => checked((int)((TotalLength + PieceLength - 1) / PieceLength));

    /// <summary>A good piece length for so many bytes: a power of two from 16 KiB on that gives some two thousand pieces.</summary>
    public static int PieceLengthFor(long totalLength)
    {
        long length = MinPieceLength;
        while (length * WantedPieces < totalLength && length < LongestChosen) length *= 2;
        while (length * Metainfo.MaxPieces < totalLength) length *= 2;
        return (int)Math.Min(length, Metainfo.MaxPieceLength);
    }

    /// <summary>Why a piece length cannot be used, or null when it can.</summary>
    public static string? CheckPieceLength(long pieceLength, long totalLength)
    {
        if (pieceLength < MinPieceLength) return $"a piece length of {pieceLength} bytes is below {MinPieceLength}";
        if (pieceLength > Metainfo.MaxPieceLength) return $"a piece length of {pieceLength} bytes is above {Metainfo.MaxPieceLength}";
        if (!System.Numerics.BitOperations.IsPow2(pieceLength)) return $"a piece length of {pieceLength} bytes is no power of two";
        if ((totalLength - 1) / pieceLength >= Metainfo.MaxPieces)
            return $"pieces of {pieceLength} bytes are too short: {totalLength} bytes would need more than {Metainfo.MaxPieces} of them";
        return null;
    }

    /// <summary>The .torrent file.</summary>
    /// <param name="pieceHashes">The SHA-1 of each piece, one behind the other.</param>
    /// <exception cref="ArgumentException">The number of hashes does not fit.</exception>
    public byte[] Build(ReadOnlySpan<byte> pieceHashes)
    {
        if (pieceHashes.Length != (long)PieceCount * Sha1Hash.Size)
            throw new ArgumentException($"{PieceCount} pieces need {(long)PieceCount * Sha1Hash.Size} bytes of hashes, not {pieceHashes.Length}.");
        var info = new BencodeWriter(pieceHashes.Length + 100 * Files.Count + 256);
        WriteInfo(info, pieceHashes);
        var file = new BencodeWriter(info.Length + 1024);
        Outer.Write(file, info.Written);
        return file.ToArray();
    }

    private void WriteInfo(BencodeWriter writer, ReadOnlySpan<byte> pieceHashes)
    {
        writer.BeginDictionary();
        if (Files is [{ Path.Count: 0 } single])
        {
            if (single.IsExecutable) writer.Bytes("attr"u8, "x"u8);
            writer.Integer("length"u8, single.Length);
        }
        else
        {
            writer.Key("files"u8).BeginList();
            foreach (NewFile file in Files) WriteFile(writer, file);
            writer.End();
        }
        writer.Text("name"u8, Name);
        writer.Integer("piece length"u8, PieceLength);
        writer.Bytes("pieces"u8, pieceHashes);
        if (IsPrivate) writer.Integer("private"u8, 1);
        if (Source is not null) writer.Text("source"u8, Source);
        writer.End();
    }

    private static void WriteFile(BencodeWriter writer, NewFile file)
    {
        writer.BeginDictionary();
        if (file.LinkTarget is not null) writer.Bytes("attr"u8, "l"u8);
        else if (file.IsExecutable) writer.Bytes("attr"u8, "x"u8);
        writer.Integer("length"u8, file.Length);
        WritePath(writer.Key("path"u8), file.Path);
        if (file.LinkTarget is { } target) WritePath(writer.Key("symlink path"u8), target);
        writer.End();
    }

    private static void WritePath(BencodeWriter writer, IReadOnlyList<string> components)
    {
        writer.BeginList();
        foreach (string component in components) writer.Text(component);
        writer.End();
    }
}

/// <summary>A file of a new torrent.</summary>
/// <param name="Path">Its path below the torrent's folder; empty for the only file of a single-file torrent.</param>
/// <param name="Length">Bytes; 0 for a symbolic link.</param>
public sealed record NewFile(IReadOnlyList<string> Path, long Length)
{
    /// <summary>Marked as executable (BEP 47).</summary>
    public bool IsExecutable { get; init; }

    /// <summary>For a symbolic link: the path of its target below the torrent's folder (BEP 47).</summary>
    public IReadOnlyList<string>? LinkTarget { get; init; }
}
