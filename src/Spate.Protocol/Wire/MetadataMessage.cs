using Spate.Protocol.Bencode;

namespace Spate.Protocol.Wire;

/// <summary>Kinds of metadata messages (BEP 9).</summary>
public enum MetadataMessageKind { Request = 0, Data = 1, Reject = 2 }

/// <summary>A message of the metadata exchange (BEP 9): a small dictionary, for data followed by the bytes themselves.</summary>
public readonly record struct MetadataMessage(MetadataMessageKind Kind, int Piece, int TotalSize)
{
    /// <summary>Bytes of a part but the last.</summary>
    public const int PartSize = 16 * 1024;

    /// <summary>Reads the payload behind the extension number; <paramref name="data"/> is what follows the dictionary.</summary>
    public static bool TryRead(ReadOnlySpan<byte> payload, out MetadataMessage message, out ReadOnlySpan<byte> data)
    {
        message = default;
        data = default;
        if (!BencodeReader.TryOpenPrefix(payload, BencodeLimits.PeerExtension, out BencodeReader root, out int length, out _)) return false;
        if (!root.TryFindKey("msg_type"u8, out BencodeReader kind) || !kind.TryReadInt64(out long type)) return false;
        if (!root.TryFindKey("piece"u8, out BencodeReader part) || !part.TryReadInt64(out long piece) || piece is < 0 or > int.MaxValue) return false;
        long total = 0;
        if (root.TryFindKey("total_size"u8, out BencodeReader size) && (!size.TryReadInt64(out total) || total is < 0 or > int.MaxValue)) return false;
        message = new MetadataMessage((MetadataMessageKind)Math.Clamp(type, -1, 100), (int)piece, (int)total);
        data = payload[length..];
        return true;
    }

    /// <summary>Writes the payload; <paramref name="data"/> only with a data message.</summary>
    public byte[] Write(ReadOnlySpan<byte> data = default)
    {
        var writer = new BencodeWriter(64 + data.Length);
        writer.BeginDictionary().Integer("msg_type"u8, (int)Kind).Integer("piece"u8, Piece);
        if (Kind == MetadataMessageKind.Data) writer.Integer("total_size"u8, TotalSize);
        writer.End();
        return [.. writer.Written, .. data];
    }
}
