using System.Buffers.Binary;

namespace Spate.Protocol.Wire;

/// <summary>Writes peer messages (BEP 3, 6, 10) into a span that the caller made large enough.</summary>
public static class MessageWriter
{
    /// <summary>Bytes of a piece message before the block itself.</summary>
    public const int PieceHeader = 13;

    /// <summary>Bytes of a request, cancel or reject message.</summary>
    public const int RequestLength = 17;

    /// <summary>Four zero bytes.</summary>
    public static int KeepAlive(Span<byte> target)
    {
        target[..4].Clear();
        return 4;
    }

    /// <summary>A message without content: choke, unchoke, interested, not interested, have all, have none.</summary>
    public static int Bare(Span<byte> target, MessageId id)
    {
        BinaryPrimitives.WriteInt32BigEndian(target, 1);
        target[4] = (byte)id;
        return 5;
    }

    /// <summary>A message of one piece index: have, suggest, allowed fast.</summary>
    public static int Piece(Span<byte> target, MessageId id, int piece)
    {
        BinaryPrimitives.WriteInt32BigEndian(target, 5);
        target[4] = (byte)id;
        BinaryPrimitives.WriteInt32BigEndian(target[5..], piece);
        return 9;
    }

    /// <summary>A message that names a block: request, cancel, reject.</summary>
    public static int Block(Span<byte> target, MessageId id, int piece, int offset, int length)
    {
        BinaryPrimitives.WriteInt32BigEndian(target, 13);
        target[4] = (byte)id;
        BinaryPrimitives.WriteInt32BigEndian(target[5..], piece);
        BinaryPrimitives.WriteInt32BigEndian(target[9..], offset);
        BinaryPrimitives.WriteInt32BigEndian(target[13..], length);
        return RequestLength;
    }

    /// <summary>The head of a piece message; <paramref name="length"/> bytes of the block follow it.</summary>
    public static int PieceHead(Span<byte> target, int piece, int offset, int length)
    {
        BinaryPrimitives.WriteInt32BigEndian(target, 9 + length);
        target[4] = (byte)MessageId.Piece;
        BinaryPrimitives.WriteInt32BigEndian(target[5..], piece);
        BinaryPrimitives.WriteInt32BigEndian(target[9..], offset);
        return PieceHeader;
    }

    /// <summary>A bitfield message: 5 bytes and the set.</summary>
    public static int Bits(Span<byte> target, Bitfield bits)
    {
        BinaryPrimitives.WriteInt32BigEndian(target, 1 + bits.WireLength);
        target[4] = (byte)MessageId.Bitfield;
        bits.CopyToWire(target[5..]);
        return 5 + bits.WireLength;
    }

    /// <summary>The UDP port of our DHT node (BEP 5).</summary>
    public static int Port(Span<byte> target, int port)
    {
        BinaryPrimitives.WriteInt32BigEndian(target, 3);
        target[4] = (byte)MessageId.Port;
        BinaryPrimitives.WriteUInt16BigEndian(target[5..], (ushort)port);
        return 7;
    }

    /// <summary>An extended message (BEP 10): 6 bytes and the payload.</summary>
    public static int Extended(Span<byte> target, byte extension, ReadOnlySpan<byte> payload)
    {
        BinaryPrimitives.WriteInt32BigEndian(target, 2 + payload.Length);
        target[4] = (byte)MessageId.Extended;
        target[5] = extension;
        payload.CopyTo(target[6..]);
        return 6 + payload.Length;
    }
}
