using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text;
using Spate.Protocol.Bencode;

namespace Spate.Protocol.Wire;

/// <summary>The extensions (BEP 10) that this program knows, by the number that it gives them in its own handshake.</summary>
public enum Extension : byte
{
    /// <summary>The handshake itself.</summary>
    Handshake = 0,

    /// <summary>BEP 9, <c>ut_metadata</c>.</summary>
    Metadata = 1,

    /// <summary>BEP 11, <c>ut_pex</c>.</summary>
    PeerExchange = 2,

    /// <summary>BEP 54, <c>lt_donthave</c>.</summary>
    DontHave = 3,

    /// <summary>BEP 21, <c>upload_only</c>: one byte says whether the sender wants nothing.</summary>
    UploadOnly = 4,
}

/// <summary>The handshake of the extension protocol (BEP 10; also 9, 21). May come more than once; what is left out stays as it was.</summary>
public sealed record ExtendedHandshake
{
    private const int LongestClientName = 64;

    /// <summary>How many extensions there are, the handshake included.</summary>
    public const int ExtensionCount = 5;

    /// <summary>By our number for an extension: the sender's number for it, 0 for switched off, -1 for not mentioned.</summary>
    public required IReadOnlyList<int> Ids { get; init; }

    /// <summary>The sender's name and version (<c>v</c>), cut to 64 characters.</summary>
    public string? Client { get; init; }

    /// <summary>The port on which the sender listens (<c>p</c>).</summary>
    public int? Port { get; init; }

    /// <summary>How many requests the sender queues (<c>reqq</c>).</summary>
    public int? RequestQueue { get; init; }

    /// <summary>The address from which the sender sees us (<c>yourip</c>).</summary>
    public IPAddress? YourAddress { get; init; }

    /// <summary>Bytes of the info dictionary (BEP 9).</summary>
    public int? MetadataSize { get; init; }

    /// <summary>The sender wants no data (BEP 21).</summary>
    public bool? UploadOnly { get; init; }

    private static ReadOnlySpan<byte> NameOf(Extension extension) => extension switch
    {
        Extension.Metadata => "ut_metadata"u8,
        Extension.PeerExchange => "ut_pex"u8,
        Extension.DontHave => "lt_donthave"u8,
        Extension.UploadOnly => "upload_only"u8,
        _ => [],
    };

    /// <summary>Reads the payload behind the extension number; false when it is not a dictionary or breaks a limit.</summary>
    public static bool TryRead(ReadOnlySpan<byte> payload, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ExtendedHandshake? handshake)
    {
        handshake = null;
        if (!BencodeReader.TryOpenPrefix(payload, BencodeLimits.PeerExtension, out BencodeReader root, out _, out _)) return false;
        if (root.Kind != BencodeKind.Dictionary) return false;

        int[] ids = [-1, -1, -1, -1, -1];
        if (root.TryFindKey("m"u8, out BencodeReader m))
        {
            for (var extension = Extension.Metadata; (int)extension < ExtensionCount; extension++)
            {
                if (m.TryFindKey(NameOf(extension), out BencodeReader id) && id.TryReadInt64(out long number) && number is >= 0 and <= 255)
                    ids[(int)extension] = (int)number;
            }
        }
        handshake = new ExtendedHandshake
        {
            Ids = ids,
            Client = root.TryFindKey("v"u8, out BencodeReader v) && v.TryReadBytes(out ReadOnlySpan<byte> name) ? Printable(name) : null,
            Port = Number(root, "p"u8, 1, 65535),
            RequestQueue = Number(root, "reqq"u8, 1, int.MaxValue),
            MetadataSize = Number(root, "metadata_size"u8, 1, int.MaxValue),
            UploadOnly = Number(root, "upload_only"u8, 0, 1) is { } only ? only == 1 : null,
            YourAddress = root.TryFindKey("yourip"u8, out BencodeReader ip) && ip.TryReadBytes(out ReadOnlySpan<byte> address) && address.Length is 4 or 16
                ? new IPAddress(address) : null,
        };
        return true;
    }

    /// <summary>Writes our handshake's payload (what stands behind the extension number).</summary>
    /// <param name="extensions">What we offer; numbers above 0 as in <see cref="Extension"/>.</param>
    public static byte[] Write(IEnumerable<Extension> extensions, string client, int port, int requestQueue, IPAddress yourAddress, int metadataSize, bool uploadOnly)
    {
        var writer = new BencodeWriter();
        writer.BeginDictionary().Key("m"u8).BeginDictionary();
        foreach (Extension extension in extensions.OrderBy(e => Encoding.ASCII.GetString(NameOf(e)), StringComparer.Ordinal))
            writer.Integer(NameOf(extension), (int)extension);
        writer.End();
        if (metadataSize > 0) writer.Integer("metadata_size"u8, metadataSize);
        if (port > 0) writer.Integer("p"u8, port);
        writer.Integer("reqq"u8, requestQueue);
        if (uploadOnly) writer.Integer("upload_only"u8, 1);
        writer.Text("v"u8, client);
        IPAddress address = yourAddress.IsIPv4MappedToIPv6 ? yourAddress.MapToIPv4() : yourAddress;
        writer.Bytes("yourip"u8, address.GetAddressBytes());
        writer.End();
        return writer.ToArray();
    }

    private static int? Number(BencodeReader root, ReadOnlySpan<byte> key, int least, int most) =>
        root.TryFindKey(key, out BencodeReader value) && value.TryReadInt64(out long number) && number >= least && number <= most ? (int)number : null;

    private static string Printable(ReadOnlySpan<byte> name)
    {
        var kept = new StringBuilder();
        while (Rune.DecodeFromUtf8(name, out Rune rune, out int used) is var status && used > 0)
        {
            name = name[used..];
            if (kept.Length + rune.Utf16SequenceLength > LongestClientName) break;
            // No control characters, and none that are unseen or turn the text around them.
            bool shown = status == OperationStatus.Done
                && Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
                    or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
            if (shown) kept.Append(rune);
        }
        return kept.ToString();
    }
}
