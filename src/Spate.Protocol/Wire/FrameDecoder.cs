using System.Buffers.Binary;

namespace Spate.Protocol.Wire;

/// <summary>What <see cref="FrameDecoder.Next"/> found.</summary>
public enum FrameKind
{
    /// <summary>The input is used up.</summary>
    NeedMore,

    /// <summary>Four zero bytes (BEP 3).</summary>
    KeepAlive,

    /// <summary>A message of up to three numbers: <see cref="Frame.A"/>, <see cref="Frame.B"/>, <see cref="Frame.C"/>.</summary>
    Message,

    /// <summary>A piece message begins: piece A, offset B, C bytes. Its bytes follow as <see cref="BlockData"/>.</summary>
    BlockStart,

    /// <summary>Some bytes of the block that began, in <see cref="Frame.Payload"/>; the last ones when C is 0, else C are still to come.</summary>
    BlockData,

    /// <summary>A whole message of variable length (bitfield, extended, v2 hashes, unknown ones) in <see cref="Frame.Payload"/>.</summary>
    Payload,

    /// <summary>The peer broke the protocol; <see cref="Frame.Error"/> says how. Nothing more will be decoded.</summary>
    Error,
}

/// <summary>Why a frame was refused.</summary>
public enum FrameError
{
    None,

    /// <summary>The message is longer than any that we accept.</summary>
    TooLong,

    /// <summary>The length does not fit the kind of message.</summary>
    WrongLength,

    /// <summary>A number is negative.</summary>
    OutOfRange,

    /// <summary>A block of no bytes or of more than <see cref="FrameDecoder.MaxBlock"/>.</summary>
    BlockSize,
}

/// <summary>One step of decoding. Payloads are views: valid until the next step.</summary>
public readonly ref struct Frame
{
    public FrameKind Kind { get; init; }

    public MessageId Id { get; init; }

    public int A { get; init; }

    public int B { get; init; }

    public int C { get; init; }

    public FrameError Error { get; init; }

    public ReadOnlySpan<byte> Payload { get; init; }
}

/// <summary>
/// Cuts a stream of peer messages (BEP 3: four bytes of length, one of kind, the rest) into frames, from input of any slicing.
/// Pulled, not pushed, so that the caller can stop between any two frames. Blocks are passed through and never gathered here.
/// Total: any input ends in frames or in an error.
/// </summary>
public sealed class FrameDecoder
{
    /// <summary>The longest block that may be asked for or sent, in bytes.</summary>
    public const int MaxBlock = 128 * 1024;

    private const int MaxFixed = 17; // prefix, id and three numbers: a request
    private const int FirstGathered = 4096;

    private readonly byte[] head = new byte[MaxFixed];
    private readonly int maxPayload;
    private int headLength;
    private int blockLeft;
    private byte[]? gathered;
    private int gatheredLength;
    private int gatheredLeft;
    private MessageId gatheredId;
    private FrameError failed;

    /// <param name="maxPayload">Bytes that a bitfield, extended or unknown message may have.</param>
    public FrameDecoder(int maxPayload = 1 << 20)
    {
        this.maxPayload = maxPayload;
    }

    /// <summary>Decodes the next frame and moves <paramref name="input"/> behind what it used.</summary>
    public Frame Next(ref ReadOnlySpan<byte> input)
    {
        if (failed != FrameError.None) return new Frame { Kind = FrameKind.Error, Error = failed };
        if (blockLeft > 0) return BlockBytes(ref input);
        if (gathered is not null) return Gather(ref input);

        // The common case reads straight from the input; only a head that is cut in two goes through the small buffer.
        ReadOnlySpan<byte> view = input;
        if (headLength > 0)
        {
            int take = Math.Min(MaxFixed - headLength, input.Length);
            input[..take].CopyTo(head.AsSpan(headLength));
            view = head.AsSpan(0, headLength + take);
        }
        Frame frame = Head(view, out int used);
        if (frame.Kind == FrameKind.NeedMore)
        {
            if (headLength == 0) view.CopyTo(head);
            headLength = view.Length;
            input = [];
            return frame;
        }
        input = input[Math.Max(0, used - headLength)..];
        headLength = 0;
        return gathered is null ? frame : Gather(ref input);
    }

    private Frame Head(ReadOnlySpan<byte> view, out int used)
    {
        used = 0;
        if (view.Length < 4) return default;
        uint length = BinaryPrimitives.ReadUInt32BigEndian(view);
        if (length == 0)
        {
            used = 4;
            return new Frame { Kind = FrameKind.KeepAlive };
        }
        // First of all, so that the answer is the same whether or not the kind is known yet.
        if (length > (uint)Math.Max(maxPayload + 1, MaxBlock + 9)) return Fail(FrameError.TooLong);
        if (view.Length < 5) return default;
        var id = (MessageId)view[4];
        int numbers = id switch
        {
            MessageId.Choke or MessageId.Unchoke or MessageId.Interested or MessageId.NotInterested or MessageId.HaveAll or MessageId.HaveNone => 0,
            MessageId.Have or MessageId.Suggest or MessageId.AllowedFast => 1,
            MessageId.Request or MessageId.Cancel or MessageId.Reject => 3,
            MessageId.Piece => 2,
            MessageId.Port => -2,
            _ => -1,
        };
        if (numbers == -1) return StartGathering(id, length, out used);
        if (id == MessageId.Port)
        {
            if (length != 3) return Fail(FrameError.WrongLength);
            if (view.Length < 7) return default;
            used = 7;
            return new Frame { Kind = FrameKind.Message, Id = id, A = BinaryPrimitives.ReadUInt16BigEndian(view[5..]) };
        }
        if (id == MessageId.Piece)
        {
            if (length < 9) return Fail(FrameError.WrongLength);
            if (length - 9 is 0 or > MaxBlock) return Fail(FrameError.BlockSize);
        }
        else if (length != 1 + numbers * 4) return Fail(FrameError.WrongLength);
        int need = 5 + numbers * 4;
        if (view.Length < need) return default;
        used = need;
        int a = numbers > 0 ? BinaryPrimitives.ReadInt32BigEndian(view[5..]) : 0;
        int b = numbers > 1 ? BinaryPrimitives.ReadInt32BigEndian(view[9..]) : 0;
        int c = numbers > 2 ? BinaryPrimitives.ReadInt32BigEndian(view[13..]) : 0;
        if ((a | b | c) < 0) return Fail(FrameError.OutOfRange);
        if (id != MessageId.Piece) return new Frame { Kind = FrameKind.Message, Id = id, A = a, B = b, C = c };
        blockLeft = (int)length - 9;
        return new Frame { Kind = FrameKind.BlockStart, Id = id, A = a, B = b, C = blockLeft };
    }

    private Frame StartGathering(MessageId id, uint length, out int used)
    {
        used = 5;
        int payload = (int)(length - 1);
        if (length - 1 > (uint)maxPayload) return Fail(FrameError.TooLong);
        if (payload == 0) return new Frame { Kind = FrameKind.Payload, Id = id };
        gathered = new byte[Math.Min(payload, FirstGathered)];
        (gatheredLength, gatheredLeft) = (0, payload);
        gatheredId = id;
        return new Frame { Kind = FrameKind.Payload, Id = id };
    }

    private Frame Gather(ref ReadOnlySpan<byte> input)
    {
        int take = Math.Min(gatheredLeft, input.Length);
        if (gathered!.Length - gatheredLength < take)
        {
            // Memory follows what really came: to announce a long message costs the sender as much as us.
            int wanted = Math.Min(gatheredLength + gatheredLeft, Math.Max(gathered.Length * 2, gatheredLength + take));
            Array.Resize(ref gathered, wanted);
        }
        input[..take].CopyTo(gathered.AsSpan(gatheredLength));
        gatheredLength += take;
        gatheredLeft -= take;
        input = input[take..];
        if (gatheredLeft > 0) return default;
        ReadOnlySpan<byte> whole = gathered.AsSpan(0, gatheredLength);
        gathered = null;
        return new Frame { Kind = FrameKind.Payload, Id = gatheredId, Payload = whole };
    }

    private Frame BlockBytes(ref ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty) return default;
        int take = Math.Min(blockLeft, input.Length);
        ReadOnlySpan<byte> bytes = input[..take];
        input = input[take..];
        blockLeft -= take;
        return new Frame { Kind = FrameKind.BlockData, Id = MessageId.Piece, C = blockLeft, Payload = bytes };
    }

    private Frame Fail(FrameError error)
    {
        failed = error;
        return new Frame { Kind = FrameKind.Error, Error = error };
    }
}
