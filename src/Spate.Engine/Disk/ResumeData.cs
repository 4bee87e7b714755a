using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Spate.Protocol;
using Spate.Protocol.Bencode;

namespace Spate.Engine.Disk;

/// <summary>
/// What a torrent knows of its own data across restarts. A piece stands in it only once its bytes are durable, so after kill -9 or a power
/// cut it claims too little at worst. Written whole and replaced atomically; a SHA-256 over the content tells a torn or edited file.
/// </summary>
internal sealed class ResumeData
{
    private const int MostBytes = 64 << 20;

    private static ReadOnlySpan<byte> Magic => "SPATE-RESUME-1\n"u8;

    public required Sha1Hash InfoHash { get; init; }

    /// <summary>Pieces that are verified and durable.</summary>
    public required Bitfield Pieces { get; init; }

    /// <summary>Blocks, of pieces that are not complete, that are durable and not verified.</summary>
    public IReadOnlyList<(int Piece, Bitfield Blocks)> Partial { get; init; } = [];

    /// <summary>Length and time of change of each file, by index; (-1, 0) for one that is not there.</summary>
    public IReadOnlyList<(long Length, long ModifiedMs)> Files { get; init; } = [];

    /// <summary>It was written at an orderly stop: a file that changed since was changed by somebody else.</summary>
    public bool IsClean { get; init; }

    public long Uploaded { get; init; }

    public long Downloaded { get; init; }

    public long SeedingSeconds { get; init; }

    public long ActiveSeconds { get; init; }

    /// <summary>Peers worth trying first after a restart, as text (address:port).</summary>
    public IReadOnlyList<string> Peers { get; init; } = [];

    /// <summary>Most bytes that a file of resume data may have.</summary>
    public static int MaxBytes => MostBytes;

    public byte[] Write()
    {
        var writer = new BencodeWriter(1024 + Pieces.WireLength);
        writer.BeginDictionary();
        writer.Integer("active"u8, ActiveSeconds);
        writer.Integer("clean"u8, IsClean ? 1 : 0);
        writer.Integer("downloaded"u8, Downloaded);
        writer.Key("files"u8).BeginList();
        foreach ((long length, long modified) in Files) writer.BeginList().Integer(length).Integer(modified).End();
        writer.End();
        writer.Bytes("info-hash"u8, InfoHash.AsSpan());
        writer.Key("partial"u8).BeginList();
        foreach ((int piece, Bitfield blocks) in Partial)
        {
            writer.BeginList().Integer(piece);
            blocks.CopyToWire(writer.BytesToFill(blocks.WireLength));
            writer.End();
        }
        writer.End();
        writer.Key("peers"u8).BeginList();
        foreach (string peer in Peers) writer.Text(peer);
        writer.End();
        writer.Key("pieces"u8);
        Pieces.CopyToWire(writer.BytesToFill(Pieces.WireLength));
        writer.Integer("seeding"u8, SeedingSeconds);
        writer.Integer("uploaded"u8, Uploaded);
        writer.End();

        byte[] file = new byte[Magic.Length + SHA256.HashSizeInBytes + writer.Length];
        Magic.CopyTo(file);
        SHA256.HashData(writer.Written, file.AsSpan(Magic.Length));
        writer.Written.CopyTo(file.AsSpan(Magic.Length + SHA256.HashSizeInBytes));
        return file;
    }

    /// <summary>Reads a file as hostile input; false, with a reason for people, when it is not whole or not of this torrent.</summary>
    public static bool TryRead(ReadOnlySpan<byte> file, Metainfo metainfo, [NotNullWhen(true)] out ResumeData? data, out string problem)
    {
        data = null;
        problem = "not resume data of this program";
        if (!file.StartsWith(Magic) || file.Length < Magic.Length + SHA256.HashSizeInBytes) return false;
        ReadOnlySpan<byte> sum = file.Slice(Magic.Length, SHA256.HashSizeInBytes);
        ReadOnlySpan<byte> body = file[(Magic.Length + SHA256.HashSizeInBytes)..];
        problem = "its checksum is wrong";
        if (!SHA256.HashData(body).AsSpan().SequenceEqual(sum)) return false;
        problem = "its content does not fit the torrent";
        if (!BencodeReader.TryOpen(body, BencodeLimits.OwnState, out BencodeReader root, out _)) return false;
        if (!root.TryFindKey("info-hash"u8, out BencodeReader hash) || !hash.TryReadBytes(Sha1Hash.Size, out ReadOnlySpan<byte> infoHash)) return false;
        Sha1Hash expected = metainfo.InfoHash.Wire;
        if (!infoHash.SequenceEqual(expected.AsSpan())) return false;
        if (!root.TryFindKey("pieces"u8, out BencodeReader bits) || !bits.TryReadBytes(out ReadOnlySpan<byte> wire)
            || !Bitfield.TryFromWire(wire, metainfo.PieceCount, out Bitfield? pieces)) return false;
        if (!TryReadFiles(root, metainfo, out List<(long, long)>? files) || !TryReadPartial(root, metainfo, pieces, out List<(int, Bitfield)>? partial)) return false;
        data = new ResumeData
        {
            InfoHash = expected,
            Pieces = pieces,
            Partial = partial,
            Files = files,
            IsClean = Number(root, "clean"u8) == 1,
            Uploaded = Number(root, "uploaded"u8),
            Downloaded = Number(root, "downloaded"u8),
            SeedingSeconds = Number(root, "seeding"u8),
            ActiveSeconds = Number(root, "active"u8),
            Peers = ReadPeers(root),
        };
        problem = "";
        return true;
    }

    private static long Number(BencodeReader root, ReadOnlySpan<byte> key) =>
        root.TryFindKey(key, out BencodeReader value) && value.TryReadInt64(out long number) ? Math.Max(0, number) : 0;

    private static bool TryReadFiles(BencodeReader root, Metainfo metainfo, [NotNullWhen(true)] out List<(long, long)>? files)
    {
        files = [];
        if (!root.TryFindKey("files"u8, out BencodeReader list) || !list.TryEnterList()) return false;
        while (!list.TryLeave())
        {
            if (!list.TryEnterList() || !list.TryReadInt64(out long length) || !list.TryReadInt64(out long modified) || !list.TryLeave()) return false;
            files.Add((length, modified));
        }
        return files.Count == metainfo.Files.Count;
    }

    private static bool TryReadPartial(BencodeReader root, Metainfo metainfo, Bitfield pieces, [NotNullWhen(true)] out List<(int, Bitfield)>? partial)
    {
        partial = [];
        var seen = new HashSet<int>();
        if (!root.TryFindKey("partial"u8, out BencodeReader list) || !list.TryEnterList()) return false;
        while (!list.TryLeave())
        {
            if (!list.TryEnterList() || !list.TryReadInt64(out long piece) || !list.TryReadBytes(out ReadOnlySpan<byte> wire) || !list.TryLeave()) return false;
            if (piece < 0 || piece >= metainfo.PieceCount || pieces[(int)piece] || !seen.Add((int)piece)) return false;
            int blocks = (metainfo.PieceSize((int)piece) + BlockPool.BlockSize - 1) / BlockPool.BlockSize;
            if (!Bitfield.TryFromWire(wire, blocks, out Bitfield? stored)) return false;
            partial.Add(((int)piece, stored));
        }
        return true;
    }

    private static List<string> ReadPeers(BencodeReader root)
    {
        var peers = new List<string>();
        if (!root.TryFindKey("peers"u8, out BencodeReader list) || !list.TryEnterList()) return peers;
        while (peers.Count < 200 && list.TryReadBytes(out ReadOnlySpan<byte> text)) peers.Add(System.Text.Encoding.UTF8.GetString(text));
        return peers;
    }
}
