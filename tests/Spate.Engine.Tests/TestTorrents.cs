using Spate.Protocol;

namespace Spate.Engine.Tests;

/// <summary>A torrent with content that is computed, never the same in two places.</summary>
internal sealed class TestContent
{
    public TestContent(Metainfo metainfo, byte[] bytes)
    {
        (Metainfo, Bytes) = (metainfo, bytes);
    }

    public Metainfo Metainfo { get; }

    /// <summary>The torrent's stream of bytes.</summary>
    public byte[] Bytes { get; }

    public ReadOnlySpan<byte> Piece(int piece) => Bytes.AsSpan(piece * Metainfo.PieceLength, Metainfo.PieceSize(piece));

    public byte[] FileBytes(MetainfoFile file) => Bytes.AsSpan((int)file.Offset, (int)file.Length).ToArray();
}

/// <summary>Makes torrents for tests.</summary>
internal static class TestTorrents
{
    /// <summary>One file.</summary>
    public static TestContent Single(long length, int pieceLength = 16 * 1024, int seed = 1, string name = "file.bin") =>
        Make(name, [new NewFile([], length)], pieceLength, seed);

    /// <summary>Files in a folder; those whose name begins with <c>.pad/</c> are padding (BEP 47).</summary>
    public static TestContent Multi(int pieceLength, params (string Path, long Length)[] files) =>
        Make("folder", [.. files.Select(file => new NewFile(file.Path.Split('/'), file.Length))], pieceLength, 1);

    /// <summary>A torrent of which only the shape matters: its hashes are zeros.</summary>
    public static Metainfo Shape(int pieces, int pieceLength = 16 * 1024, int lastPiece = 0)
    {
        long length = (long)pieces * pieceLength - (lastPiece == 0 ? 0 : pieceLength - lastPiece);
        var builder = new TorrentBuilder { Name = "shape", Files = [new NewFile([], length)], PieceLength = pieceLength };
        return Metainfo.Parse(builder.Build(new byte[pieces * Sha1Hash.Size]));
    }

    private static TestContent Make(string name, IReadOnlyList<NewFile> files, int pieceLength, int seed)
    {
        var builder = new TorrentBuilder { Name = name, Files = files, PieceLength = pieceLength };
        byte[] content = new byte[builder.TotalLength];
        new Random(seed).NextBytes(content);
        long at = 0;
        foreach (NewFile file in files)
        {
            if (IsPadding(file)) content.AsSpan((int)at, (int)file.Length).Clear();
            at += file.Length;
        }
        byte[] hashes = new byte[builder.PieceCount * Sha1Hash.Size];
        for (int piece = 0; piece < builder.PieceCount; piece++)
        {
            int start = piece * pieceLength;
            Sha1Hash.Of(content.AsSpan(start, Math.Min(pieceLength, content.Length - start))).AsSpan().CopyTo(hashes.AsSpan(piece * Sha1Hash.Size));
        }
        return new TestContent(Metainfo.Parse(MarkPadding(builder.Build(hashes), files)), content);
    }

    private static bool IsPadding(NewFile file) => file.Path is [".pad", ..];

    // The builder writes no padding, as we never create it; here its attribute is put in by hand. A file's dictionary begins with its length.
    private static byte[] MarkPadding(byte[] torrent, IReadOnlyList<NewFile> files)
    {
        string text = System.Text.Encoding.Latin1.GetString(torrent);
        foreach (NewFile file in files.Where(IsPadding))
        {
            string plain = $"d6:lengthi{file.Length}e4:pathl4:.pad";
            text = text.Replace(plain, "d4:attr1:p" + plain[1..], StringComparison.Ordinal);
        }
        return System.Text.Encoding.Latin1.GetBytes(text);
    }
}
