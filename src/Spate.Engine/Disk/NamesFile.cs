using System.Security.Cryptography;
using Spate.Protocol;
using Spate.Protocol.Bencode;

namespace Spate.Engine.Disk;

/// <summary>
/// What is saved of the names that a torrent's files have on disk: those in force and, while a rename is under way, those that shall
/// be. Written whole and replaced atomically; a SHA-256 over the content tells a torn or edited file.
/// </summary>
internal sealed record NamesFile(FileNames Names, FileNames? Next)
{
    /// <summary>Most bytes that such a file may have.</summary>
    public const int MaxBytes = 64 << 20;

    private static ReadOnlySpan<byte> Magic => "SPATE-NAMES-1\n"u8;

    public byte[] Write(Metainfo metainfo)
    {
        var writer = new BencodeWriter(256);
        writer.BeginDictionary();
        writer.Bytes("info-hash"u8, metainfo.InfoHash.Wire.AsSpan());
        Write(writer.Key("names"u8), Names);
        if (Next is not null) Write(writer.Key("next"u8), Next);
        writer.End();

        byte[] file = new byte[Magic.Length + SHA256.HashSizeInBytes + writer.Length];
        Magic.CopyTo(file);
        SHA256.HashData(writer.Written, file.AsSpan(Magic.Length));
        writer.Written.CopyTo(file.AsSpan(Magic.Length + SHA256.HashSizeInBytes));
        return file;
    }

    /// <summary>Reads a file as hostile input; null when it is not whole or not of this torrent.</summary>
    public static NamesFile? Read(ReadOnlySpan<byte> file, Metainfo metainfo)
    {
        if (!file.StartsWith(Magic) || file.Length < Magic.Length + SHA256.HashSizeInBytes) return null;
        ReadOnlySpan<byte> body = file[(Magic.Length + SHA256.HashSizeInBytes)..];
        if (!SHA256.HashData(body).AsSpan().SequenceEqual(file.Slice(Magic.Length, SHA256.HashSizeInBytes))) return null;
        if (!BencodeReader.TryOpen(body, BencodeLimits.OwnState, out BencodeReader root, out _)) return null;
        if (!root.TryFindKey("info-hash"u8, out BencodeReader hash) || !hash.TryReadBytes(Sha1Hash.Size, out ReadOnlySpan<byte> infoHash)) return null;
        if (!infoHash.SequenceEqual(metainfo.InfoHash.Wire.AsSpan())) return null;
        if (!root.TryFindKey("names"u8, out BencodeReader now) || Read(now, metainfo) is not { } names) return null;
        if (!root.TryFindKey("next"u8, out BencodeReader then)) return new NamesFile(names, null);
        return Read(then, metainfo) is { } next ? new NamesFile(names, next) : null;
    }

    private static void Write(BencodeWriter writer, FileNames names)
    {
        writer.BeginList();
        foreach ((string path, string name) in names.Renamed) writer.BeginList().Text(path).Text(name).End();
        writer.End();
    }

    private static FileNames? Read(BencodeReader list, Metainfo metainfo)
    {
        var renamed = new List<(string, string)>();
        if (!list.TryEnterList()) return null;
        while (!list.TryLeave())
        {
            if (!list.TryEnterList() || !list.TryReadBytes(out ReadOnlySpan<byte> path) || !list.TryReadBytes(out ReadOnlySpan<byte> name) || !list.TryLeave()) return null;
            renamed.Add((SafePath.Decode(path), SafePath.Decode(name)));
        }
        return FileNames.TryCreate(metainfo, renamed, out FileNames? names) ? names : null;
    }
}
