using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Spate.Protocol;

namespace Spate.Simulation;

/// <summary>A file of some content: its path below the download folder, with slashes, and where it stands in the torrent.</summary>
public sealed record SimFile(string Path, long Offset, long Length);

/// <summary>What the torrent of some content is made from.</summary>
public sealed record ContentOptions
{
    /// <summary>Name of the file, or of the folder when there are several files.</summary>
    public string Name { get; init; } = "content.bin";

    /// <summary>Bytes of a single file; not used with <see cref="Files"/>.</summary>
    public long Length { get; init; } = 4 << 20;

    /// <summary>Files below the folder <see cref="Name"/>, or null for a single file.</summary>
    public IReadOnlyList<(string Path, long Length)>? Files { get; init; }

    public int PieceLength { get; init; } = 64 << 10;

    public ulong Seed { get; init; } = 1;

    /// <summary>
    /// When not 0, the content repeats itself after so many pieces, and only these are hashed: torrents of terabytes are made
    /// in no time.
    /// </summary>
    public int DistinctPieces { get; init; }

    /// <summary>Announce addresses, each a tier of its own.</summary>
    public IReadOnlyList<string> Trackers { get; init; } = [];

    public IReadOnlyList<string> WebSeeds { get; init; } = [];

    public bool Private { get; init; }
}

/// <summary>Content that is generated, not stored, and its v1 torrent.</summary>
public sealed class SimContent
{
    internal SimContent(ContentOptions options)
    {
        Options = options;
        var files = new List<SimFile>();
        if (options.Files is null) files.Add(new SimFile(options.Name, 0, options.Length));
        else
        {
            long offset = 0;
            foreach (var (path, length) in options.Files)
            {
                files.Add(new SimFile($"{options.Name}/{path}", offset, length));
                offset += length;
            }
        }
        Files = files;
        Length = files[^1].Offset + files[^1].Length;
        PieceCount = (int)((Length + options.PieceLength - 1) / options.PieceLength);
        byte[] info = WriteInfo();
        InfoHash = Sha1Hash.Of(info);
        Torrent = WriteTorrent(info);
    }

    public ContentOptions Options { get; }

    /// <summary>The files, in the order of the torrent.</summary>
    public IReadOnlyList<SimFile> Files { get; }

    /// <summary>All bytes together.</summary>
    public long Length { get; }

    public int PieceLength => Options.PieceLength;

    public int PieceCount { get; }

    public Sha1Hash InfoHash { get; }

    /// <summary>The .torrent file.</summary>
    public byte[] Torrent { get; }

    /// <summary>Bytes of the given piece: the last may be shorter.</summary>
    public int PieceBytes(int piece) => (int)Math.Min(PieceLength, Length - ((long)piece * PieceLength));

    /// <summary>Reads content at an offset within the torrent.</summary>
    public void Read(long offset, Span<byte> target)
    {
        if (Options.DistinctPieces == 0)
        {
            GeneratedBytes.Fill(Options.Seed, offset, target);
            return;
        }
        long period = (long)Options.DistinctPieces * PieceLength;
        while (!target.IsEmpty)
        {
            long at = offset % period;
            int n = (int)Math.Min(target.Length, period - at);
            GeneratedBytes.Fill(Options.Seed, at, target[..n]);
            target = target[n..];
            offset += n;
        }
    }

    /// <summary>Bytes of a block, in a new array.</summary>
    public byte[] Block(int piece, int begin, int length)
    {
        byte[] block = new byte[length];
        Read(((long)piece * PieceLength) + begin, block);
        return block;
    }

    private byte[] WriteInfo()
    {
        var info = new MemoryStream();
        Text(info, "d");
        if (Options.Files is null) Text(info, $"6:lengthi{Length}e");
        else
        {
            Text(info, "5:filesl");
            foreach (var (path, length) in Options.Files)
            {
                Text(info, $"d6:lengthi{length}e4:pathl");
                foreach (string part in path.Split('/')) String(info, part);
                Text(info, "ee");
            }
            Text(info, "e");
        }
        Text(info, "4:name");
        String(info, Options.Name);
        Text(info, $"12:piece lengthi{PieceLength}e6:pieces{PieceCount * Sha1Hash.Size}:");
        info.Write(HashPieces());
        if (Options.Private) Text(info, "7:privatei1e");
        Text(info, "e");
        return info.ToArray();
    }

    private byte[] HashPieces()
    {
        byte[] hashes = new byte[PieceCount * Sha1Hash.Size];
        byte[] piece = new byte[PieceLength];
        for (int i = 0; i < PieceCount; i++)
        {
            Span<byte> target = hashes.AsSpan(i * Sha1Hash.Size, Sha1Hash.Size);
            int period = Options.DistinctPieces;
            int length = PieceBytes(i);
            if (period > 0 && i >= period && length == PieceLength)
            {
                hashes.AsSpan(i % period * Sha1Hash.Size, Sha1Hash.Size).CopyTo(target);
                continue;
            }
            Read((long)i * PieceLength, piece.AsSpan(0, length));
            SHA1.HashData(piece.AsSpan(0, length), target);
        }
        return hashes;
    }

    private byte[] WriteTorrent(byte[] info)
    {
        var torrent = new MemoryStream();
        Text(torrent, "d");
        if (Options.Trackers.Count > 0)
        {
            Text(torrent, "8:announce");
            String(torrent, Options.Trackers[0]);
            Text(torrent, "13:announce-listl");
            foreach (string tracker in Options.Trackers)
            {
                Text(torrent, "l");
                String(torrent, tracker);
                Text(torrent, "e");
            }
            Text(torrent, "e");
        }
        Text(torrent, "4:info");
        torrent.Write(info);
        if (Options.WebSeeds.Count > 0)
        {
            Text(torrent, "8:url-listl");
            foreach (string seed in Options.WebSeeds) String(torrent, seed);
            Text(torrent, "e");
        }
        Text(torrent, "e");
        return torrent.ToArray();
    }

    private static void Text(MemoryStream to, string text) => to.Write(Encoding.ASCII.GetBytes(text));

    private static void String(MemoryStream to, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Text(to, bytes.Length.ToString(CultureInfo.InvariantCulture) + ":");
        to.Write(bytes);
    }
}

/// <summary>Which file names hold which content, so that disks recognise it and need not store it.</summary>
internal sealed class ContentRegistry
{
    private readonly Dictionary<string, (SimContent Content, SimFile File)> byPath = new(StringComparer.Ordinal);

    public void Add(SimContent content)
    {
        foreach (SimFile file in content.Files) byPath[file.Path] = (content, file);
    }

    /// <summary>The content that belongs at a path, going by the end of it.</summary>
    public (SimContent Content, SimFile File)? Find(string path)
    {
        if (byPath.Count == 0) return null;
        for (int i = path.LastIndexOf('/'); i >= 0; i = i == 0 ? -1 : path.LastIndexOf('/', i - 1))
        {
            if (byPath.TryGetValue(path[(i + 1)..], out var found)) return found;
        }
        return null;
    }
}
