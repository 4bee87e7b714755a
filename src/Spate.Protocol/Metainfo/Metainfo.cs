using System.Diagnostics.CodeAnalysis;
using Spate.Protocol.Bencode;

namespace Spate.Protocol;

/// <summary>
/// What a .torrent file says (BEP 3, 12, 19, 27, 47), checked and made safe. Immutable. The info-hash is that of the bytes that
/// were read, never of a re-encoding.
/// </summary>
public sealed class Metainfo
{
    /// <summary>Most pieces that are accepted.</summary>
    public const int MaxPieces = 2_097_152;

    /// <summary>Longest piece that is accepted, in bytes.</summary>
    public const int MaxPieceLength = 1 << 29;

    /// <summary>Most folders inside each other.</summary>
    public const int MaxPathDepth = 100;

    private readonly ReadOnlyMemory<byte> pieces;

    internal Metainfo(ParsedInfo info, ParsedOuter outer)
    {
        RawInfo = info.Raw;
        InfoHash = info.InfoHash;
        Version = info.Version;
        Name = info.Name;
        OriginalName = info.OriginalName;
        PieceLength = info.PieceLength;
        TotalLength = info.TotalLength;
        pieces = info.Pieces;
        Files = info.Files;
        IsMultiFile = info.IsMultiFile;
        IsPrivate = info.IsPrivate;
        Source = info.Source;
        Comment = outer.Comment;
        CreatedBy = outer.CreatedBy;
        CreationDate = outer.CreationDate;
        TrackerTiers = outer.TrackerTiers;
        WebSeeds = outer.WebSeeds;
        Nodes = outer.Nodes;
        Warnings = outer.Warnings;
    }

    /// <summary>What names the torrent. A hybrid has both hashes.</summary>
    public InfoHash InfoHash { get; }

    /// <summary>The format; never <see cref="MetainfoVersion.V2"/> yet, such torrents are refused.</summary>
    public MetainfoVersion Version { get; }

    /// <summary>The torrent's name as a safe file name: its only file, or the folder of its files.</summary>
    public string Name { get; }

    /// <summary>The name as the torrent says it, for showing only. It may hold anything, control characters too.</summary>
    public string OriginalName { get; }

    /// <summary>Bytes of all files together, padding too.</summary>
    public long TotalLength { get; }

    /// <summary>Bytes of every piece but the last.</summary>
    public int PieceLength { get; }

    /// <summary>Number of pieces, at least one.</summary>
    public int PieceCount => pieces.Length / Sha1Hash.Size;

    /// <summary>The files in the order of their bytes.</summary>
    public IReadOnlyList<MetainfoFile> Files { get; }

    /// <summary>True when the files stand in a folder of the torrent's name, even if it is one file only.</summary>
    public bool IsMultiFile { get; }

    /// <summary>Peers come from the torrent's trackers only (BEP 27).</summary>
    public bool IsPrivate { get; }

    /// <summary>What private trackers write into the info dictionary to tell their torrents from others'.</summary>
    public string? Source { get; }

    /// <summary>Free text of whoever made the torrent.</summary>
    public string? Comment { get; }

    /// <summary>The program that made it.</summary>
    public string? CreatedBy { get; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset? CreationDate { get; }

    /// <summary>Tracker URLs as they stand there, by tier (BEP 12); <c>announce</c> alone is one tier of one.</summary>
    public IReadOnlyList<IReadOnlyList<string>> TrackerTiers { get; }

    /// <summary>HTTP sources of the content (BEP 19).</summary>
    public IReadOnlyList<string> WebSeeds { get; }

    /// <summary>DHT nodes to start from (BEP 5).</summary>
    public IReadOnlyList<(string Host, int Port)> Nodes { get; }

    /// <summary>Fields that were odd and left out, for people. What matters for the content is never left out but refused.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>The info dictionary, byte for byte.</summary>
    public ReadOnlyMemory<byte> RawInfo { get; }

    /// <summary>Bytes of one piece.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such piece.</exception>
    public int PieceSize(int piece)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)piece, (uint)PieceCount, nameof(piece));
        return piece < PieceCount - 1 ? PieceLength : (int)(TotalLength - (long)piece * PieceLength);
    }

    /// <summary>The twenty bytes that the SHA-1 of a piece must be.</summary>
    public ReadOnlySpan<byte> PieceHash(int piece) => pieces.Span.Slice(piece * Sha1Hash.Size, Sha1Hash.Size);

    /// <summary>Reads a .torrent file. The memory is kept and must not change afterwards.</summary>
    public static bool TryParse(
        ReadOnlyMemory<byte> torrent, [NotNullWhen(true)] out Metainfo? metainfo, [NotNullWhen(false)] out MetainfoError? error) =>
        TryParse(torrent, MetainfoOptions.Default, out metainfo, out error);

    /// <inheritdoc cref="TryParse(ReadOnlyMemory{byte}, out Metainfo?, out MetainfoError?)"/>
    public static bool TryParse(
        ReadOnlyMemory<byte> torrent, MetainfoOptions options,
        [NotNullWhen(true)] out Metainfo? metainfo, [NotNullWhen(false)] out MetainfoError? error)
    {
        metainfo = null;
        if (!OuterParser.TryParse(torrent, options, out ReadOnlyMemory<byte> rawInfo, out BencodeReader reader, out ParsedOuter? outer, out error)
            || !InfoParser.TryParse(reader, rawInfo, options, out ParsedInfo? info, out error)) return false;
        metainfo = new Metainfo(info, outer);
        return true;
    }

    /// <summary>
    /// Reads an info dictionary that came without its .torrent file (BEP 9). The memory is kept and must not change afterwards. The caller
    /// compares <see cref="InfoHash"/> with the hash that was asked for.
    /// </summary>
    public static bool TryParseInfo(
        ReadOnlyMemory<byte> rawInfo, IReadOnlyList<IReadOnlyList<string>> trackerTiers, IReadOnlyList<string> webSeeds,
        [NotNullWhen(true)] out Metainfo? metainfo, [NotNullWhen(false)] out MetainfoError? error, MetainfoOptions? options = null)
    {
        metainfo = null;
        options ??= MetainfoOptions.Default with { Limits = BencodeLimits.Metadata };
        if (!InfoParser.TryParse(rawInfo, options, out ParsedInfo? info, out error)) return false;
        metainfo = new Metainfo(info, new ParsedOuter { TrackerTiers = trackerTiers, WebSeeds = webSeeds });
        return true;
    }

    /// <summary>Reads a .torrent file. The memory is kept and must not change afterwards.</summary>
    /// <exception cref="MetainfoException">It is not a valid torrent; the message says what is wrong and where.</exception>
    public static Metainfo Parse(ReadOnlyMemory<byte> torrent, MetainfoOptions? options = null) =>
        TryParse(torrent, options ?? MetainfoOptions.Default, out Metainfo? metainfo, out MetainfoError? error)
            ? metainfo
            : throw new MetainfoException(error);

    /// <summary>
    /// The info-hash of a .torrent file whose content may be of a version that cannot be used: v1 when there are v1 pieces, v2 when
    /// <c>meta version</c> is 2 (BEP 52).
    /// </summary>
    public static bool TryReadInfoHash(ReadOnlyMemory<byte> torrent, out InfoHash infoHash)
    {
        infoHash = default;
        if (!OuterParser.TryParse(torrent, MetainfoOptions.Default, out ReadOnlyMemory<byte> rawInfo, out _, out _, out _)) return false;
        infoHash = InfoParser.HashOf(rawInfo.Span);
        return true;
    }

    /// <summary>Name and info-hash.</summary>
    public override string ToString() => $"{Name} ({InfoHash})";
}
