using System.Security.Cryptography;
using Spate.Protocol;

namespace Spate.Interop.Tests.Content;

/// <summary>What the content of a test looks like.</summary>
public enum Shape
{
    /// <summary>One file whose last piece is short and of odd length.</summary>
    Single,

    /// <summary>Folders, empty files at the start, in the middle and at the end, files that share pieces, names in other scripts.</summary>
    Multi,

    /// <summary>20,000 small files.</summary>
    ManyFiles,

    /// <summary>One file of so many pieces that its metadata has three parts.</summary>
    SmallPieces,
}

/// <summary>Content on disk and its torrent.</summary>
internal sealed class SampleContent
{
    private SampleContent(string folder, byte[] torrent)
    {
        (Folder, Metainfo) = (folder, Metainfo.Parse(torrent));
    }

    /// <summary>The download folder of whoever has it.</summary>
    public string Folder { get; }

    public Metainfo Metainfo { get; }

    /// <param name="scene">The test.</param>
    /// <param name="shape">What it looks like.</param>
    /// <param name="seed">Another number gives other bytes, and another torrent.</param>
    public static SampleContent Create(Scene scene, Shape shape, int seed = 0)
    {
        string folder = scene.NewFolder();
        (string name, int pieceLength, (string Path, int Length)[] files) = Describe(shape);
        var random = new Random((int)shape + 1 + (seed * 1000));
        using var all = new MemoryStream();
        foreach ((string path, int length) in files)
        {
            byte[] bytes = new byte[length];
            random.NextBytes(bytes);
            all.Write(bytes);
            string full = Path.Combine(folder, name, path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            if (path.Length == 0) full = Path.Combine(folder, name);
            File.WriteAllBytes(full, bytes);
        }
        var builder = new TorrentBuilder
        {
            Name = name,
            PieceLength = pieceLength,
            Files = [.. files.Select(file => new NewFile(file.Path.Length == 0 ? [] : file.Path.Split('/'), file.Length))],
        };
        return new SampleContent(folder, builder.Build(HashPieces(all.GetBuffer().AsSpan(0, (int)all.Length), pieceLength)));
    }

    /// <summary>The .torrent file, with these trackers.</summary>
    public string WriteTorrent(Scene scene, params string[] trackers)
    {
        string path = Path.Combine(scene.NewFolder(), "content.torrent");
        File.WriteAllBytes(path, new TorrentOuter { TrackerTiers = [.. trackers.Select(url => new[] { url })] }.ToTorrent(Metainfo.RawInfo.Span));
        return path;
    }

    /// <summary>That a download folder holds the same files, byte for byte, and no others.</summary>
    /// <param name="folder">The download folder.</param>
    /// <param name="mayLackEmptyFiles">For clients that do not create files of no length.</param>
    public void AssertSame(string folder, bool mayLackEmptyFiles = false)
    {
        string[] expected = FilesIn(Folder), actual = FilesIn(folder);
        if (mayLackEmptyFiles) expected = [.. expected.Where(path => actual.Contains(path) || new FileInfo(Path.Combine(Folder, path)).Length > 0)];
        Assert.Equal(expected, actual);
        foreach (string path in expected)
        {
            Assert.True(File.ReadAllBytes(Path.Combine(Folder, path)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(folder, path))), $"{path} differs");
        }
    }

    private static string[] FilesIn(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(folder, path)).Order(StringComparer.Ordinal)];

    private static (string Name, int PieceLength, (string Path, int Length)[] Files) Describe(Shape shape) => shape switch
    {
        Shape.Single => ("odd.bin", 64 << 10, [("", (24 << 20) + 12_345)]),
        Shape.Multi => ("Ünïçødé 文件 коллекция", 32 << 10,
            [
                ("a/empty at the start", 0),
                ("a/книга.txt", 100_001),
                ("b/empty in the middle", 0),
                ("b/音楽/曲 01.flac", 3 << 20),
                ("b/音楽/one byte", 1),
                ("b/عربي.bin", 32 << 10),
                ("c/ελληνικά/d/e/f/g/deep.dat", 777_777),
                ("c/ไทย 🌊.bin", 5_000_000),
                ("z/empty at the end", 0),
            ]),
        Shape.SmallPieces => ("small pieces.bin", 16 << 10, [("", (32 << 20) + 17)]),
        _ => ("many", 64 << 10, [.. Enumerable.Range(0, 20_000).Select(i => ($"d{i / 200:000}/f{i:00000}.dat", 200 + (i * 7919 % 3000)))]),
    };

    private static byte[] HashPieces(ReadOnlySpan<byte> content, int pieceLength)
    {
        byte[] hashes = new byte[(content.Length + pieceLength - 1) / pieceLength * Sha1Hash.Size];
        for (int piece = 0; piece * pieceLength < content.Length; piece++)
        {
            ReadOnlySpan<byte> bytes = content[(piece * pieceLength)..Math.Min((piece + 1) * pieceLength, content.Length)];
            SHA1.HashData(bytes, hashes.AsSpan(piece * Sha1Hash.Size));
        }
        return hashes;
    }
}
