namespace Spate.Protocol.Wire;

/// <summary>The 68 bytes that open a connection (BEP 3): protocol name, reserved bits, info-hash, peer id.</summary>
public readonly record struct Handshake(HandshakeFeatures Features, Sha1Hash InfoHash, PeerId PeerId)
{
    /// <summary>Bytes of a handshake.</summary>
    public const int Length = 68;

    /// <summary>Bytes up to and with the info-hash: enough to know which torrent is meant.</summary>
    public const int LengthToInfoHash = 48;

    private static ReadOnlySpan<byte> Preamble => "\u0013BitTorrent protocol"u8;

    /// <summary>Writes <see cref="Length"/> bytes.</summary>
    public void Write(Span<byte> target)
    {
        Preamble.CopyTo(target);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(target[20..], (ulong)Features);
        InfoHash.AsSpan().CopyTo(target[28..]);
        PeerId.AsSpan().CopyTo(target[48..]);
    }

    /// <summary>Reads <see cref="Length"/> bytes; false when they do not begin as the protocol does.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out Handshake handshake)
    {
        handshake = default;
        if (source.Length < Length || !source.StartsWith(Preamble)) return false;
        var features = (HandshakeFeatures)System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(source[20..]);
        handshake = new Handshake(features, new Sha1Hash(source.Slice(28, 20)), new PeerId(source.Slice(48, 20)));
        return true;
    }

    /// <summary>True when these first bytes can't belong to a handshake: a reason to hang up before the rest is there.</summary>
    public static bool IsForeign(ReadOnlySpan<byte> start) => !Preamble.StartsWith(start[..Math.Min(start.Length, Preamble.Length)]);
}

/// <summary>The reserved bits of a handshake, as one big-endian number.</summary>
[Flags]
public enum HandshakeFeatures : ulong
{
    None = 0,

    /// <summary>BEP 5: reserved[7] 0x01.</summary>
    Dht = 0x01,

    /// <summary>BEP 6: reserved[7] 0x04.</summary>
    Fast = 0x04,

    /// <summary>BEP 52: reserved[7] 0x10, a v1 handshake that can go on as v2.</summary>
    Upgrade = 0x10,

    /// <summary>BEP 10: reserved[5] 0x10.</summary>
    Extended = 0x100000,
}
