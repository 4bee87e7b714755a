using System.Buffers.Binary;
using System.Net;
using Spate.Protocol;
using Spate.Protocol.Wire;
using static Spate.Fuzz.Targets.Documents;

namespace Spate.Fuzz.Targets;

/// <summary>
/// What a peer sends (BEP 3, 6, 9, 10): the handshake, then messages. They are the same however the stream is sliced, nothing is longer than allowed,
/// and what is in them is read by the parsers that would read it.
/// </summary>
internal sealed class PeerWireTarget : FuzzTarget
{
    private const int Pieces = 77;
    private const int MaxPayload = 4096;

    private static readonly MessageId[] bare = [MessageId.Choke, MessageId.Unchoke, MessageId.Interested, MessageId.NotInterested, MessageId.HaveAll, MessageId.HaveNone];

    public override string Name => "wire";

    public override IReadOnlyList<byte[]> Words { get; } =
    [
        [0, 0, 0, 0], [0, 0, 0, 13, 6], [0, 0, 0, 5, 4], [0, 0, 0, 9, 7], [0, 0, 0, 11, 5], [0, 0, 0, 3, 9], [0, 0, 0, 2, 20], [0, 0, 64, 9, 7],
        [0, 0, 64, 0], [0, 2, 0, 0], [0, 16, 0, 1], [127, 255, 255, 255], [255, 255, 255, 255],
        Bytes("d1:md6:ut_pexi1ee1:pi6881e4:reqqi250ee"), Bytes("d8:msg_typei1e5:piecei0e10:total_sizei20ee"), Bytes("13:metadata_sizei999999999e"),
    ];

    public override IEnumerable<byte[]> Seeds()
    {
        var all = new List<byte>();
        foreach (MessageId id in bare) all.AddRange(Written(5, target => MessageWriter.Bare(target, id)));
        foreach (MessageId id in (MessageId[])[MessageId.Have, MessageId.Suggest, MessageId.AllowedFast])
            all.AddRange(Written(9, target => MessageWriter.Piece(target, id, 5)));
        foreach (MessageId id in (MessageId[])[MessageId.Request, MessageId.Cancel, MessageId.Reject])
            all.AddRange(Written(MessageWriter.RequestLength, target => MessageWriter.Block(target, id, 5, 16384, 16384)));
        all.AddRange(Written(7, target => MessageWriter.Port(target, 6881)));
        all.AddRange(Written(4, MessageWriter.KeepAlive));
        var have = new Bitfield(Pieces);
        have.Set(0);
        have.Set(Pieces - 1);
        all.AddRange(Written(5 + have.WireLength, target => MessageWriter.Bits(target, have)));
        yield return [.. all];

        byte[] extended = ExtendedHandshake.Write([Extension.Metadata, Extension.PeerExchange], "client 1", 6881, 250, IPAddress.Loopback, 20_000, uploadOnly: true);
        byte[] metadata = new MetadataMessage(MetadataMessageKind.Data, 1, 20_000).Write(new byte[3616]);
        yield return
        [
            .. Written(6 + extended.Length, target => MessageWriter.Extended(target, 0, extended)),
            .. Written(6 + metadata.Length, target => MessageWriter.Extended(target, 2, metadata)),
        ];
        byte[] handshake = new byte[Handshake.Length];
        new Handshake(HandshakeFeatures.Fast | HandshakeFeatures.Extended, default, default).Write(handshake);
        yield return [.. handshake, .. Piece(3, 16384, 100), .. Piece(0, 0, 1), .. all];
        yield return [.. Piece(1, 0, 2000), 0, 0, 0, 0, .. Piece(2, 0, 2000)];
    }

    public override int Run(ReadOnlySpan<byte> input)
    {
        int answer = 0;
        if (input.Length >= Handshake.Length && Handshake.TryRead(input, out Handshake handshake))
        {
            byte[] again = new byte[Handshake.Length];
            handshake.Write(again);
            Check(Handshake.TryRead(again, out Handshake same) && same == handshake, "a handshake is the same when it is written and read again");
            Check(!Handshake.IsForeign(input), "what is a handshake begins like one");
            answer = 1 << 20;
            input = input[Handshake.Length..];
        }
        var whole = new Transcript();
        Decode(input, input.Length, whole);
        foreach (int slice in (int[])[1, 3, 17])
        {
            var sliced = new Transcript();
            Decode(input, slice, sliced);
            Check(sliced.Equals(whole), "messages are the same however the stream is sliced");
        }
        return answer + whole.Answer;
    }

    private static void Decode(ReadOnlySpan<byte> input, int slice, Transcript transcript)
    {
        var decoder = new FrameDecoder(MaxPayload);
        int left = 0;
        for (int at = 0; at < input.Length; at += slice)
        {
            ReadOnlySpan<byte> part = input.Slice(at, Math.Min(slice, input.Length - at));
            while (true)
            {
                int before = part.Length;
                Frame frame = decoder.Next(ref part);
                Check(part.Length <= before, "a decoder never gives bytes back");
                if (frame.Kind == FrameKind.NeedMore)
                {
                    Check(part.IsEmpty, "who asks for more has used what there was");
                    break;
                }
                if (frame.Kind == FrameKind.BlockStart) left = frame.C;
                if (frame.Kind == FrameKind.BlockData)
                {
                    left -= frame.Payload.Length;
                    Check(left == frame.C && left >= 0, "a block has the length that was announced");
                }
                Check(frame.Kind != FrameKind.Payload || frame.Payload.Length <= MaxPayload, "no message is longer than allowed");
                Check(frame.Kind != FrameKind.BlockStart || frame.C is > 0 and <= FrameDecoder.MaxBlock, "no block is longer than allowed");
                Check((frame.A | frame.B | frame.C) >= 0, "no number is negative");
                transcript.Add(frame);
                if (frame.Kind != FrameKind.Error) continue;
                ReadOnlySpan<byte> more = [0, 0, 0, 0];
                Check(decoder.Next(ref more).Kind == FrameKind.Error, "nothing is decoded after an error");
                return;
            }
        }
    }

    private static byte[] Written(int length, Writer write)
    {
        byte[] bytes = new byte[length];
        return bytes[..write(bytes)];
    }

    private delegate int Writer(Span<byte> target);

    private static byte[] Piece(int piece, int offset, int length)
    {
        byte[] message = new byte[13 + length];
        BinaryPrimitives.WriteInt32BigEndian(message, 9 + length);
        message[4] = (byte)MessageId.Piece;
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(5), piece);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(9), offset);
        return message;
    }

    /// <summary>What a stream said, apart from how its blocks were cut into portions.</summary>
    private sealed class Transcript
    {
        private ulong hash = 14695981039346656037; // FNV-1a: of the bytes alone, however they come

        /// <summary>Stands for what was in it.</summary>
        public int Answer { get; private set; }

        public void Add(in Frame frame)
        {
            if (frame.Kind != FrameKind.BlockData)
            {
                foreach (int number in (ReadOnlySpan<int>)[(int)frame.Kind, (int)frame.Id, frame.A, frame.B, frame.C, (int)frame.Error]) Add((uint)number);
                Answer |= 1 << ((int)frame.Kind + (frame.Kind == FrameKind.Error ? (int)frame.Error : 0));
            }
            foreach (byte each in frame.Payload) Add(each);
            if (frame.Kind == FrameKind.Payload) Look(frame.Id, frame.Payload);
        }

        public bool Equals(Transcript other) => hash == other.hash && Answer == other.Answer;

        private void Add(ulong number) => hash = (hash ^ number) * 1099511628211;

        private void Look(MessageId id, ReadOnlySpan<byte> payload)
        {
            if (id == MessageId.Bitfield && Bitfield.TryFromWire(payload, Pieces, out Bitfield? bits))
            {
                byte[] wire = new byte[bits.WireLength];
                bits.CopyToWire(wire);
                Check(payload.SequenceEqual(wire), "a bitfield is the same when it is written again");
                Answer |= 1 << 12;
            }
            if (id != MessageId.Extended || payload.IsEmpty) return;
            if (payload[0] == 0 && ExtendedHandshake.TryRead(payload[1..], out ExtendedHandshake? shake))
            {
                Check(shake.Port is null or (> 0 and < 65536), "a port is one");
                Check(shake.RequestQueue is null or > 0, "a queue is not negative");
                Check(shake.MetadataSize is null or > 0, "metadata has a size");
                Check(shake.Client is null || shake.Client.Length <= 64, "the name of a client is short");
                Answer |= 1 << 13 | (shake.Port is null ? 0 : 1 << 14) | (shake.MetadataSize is null ? 0 : 1 << 15);
            }
            if (payload[0] != 0 && MetadataMessage.TryRead(payload[1..], out MetadataMessage message, out ReadOnlySpan<byte> data))
            {
                Check(message is { Piece: >= 0, TotalSize: >= 0 } && data.Length < payload.Length, "a part of metadata has a number and a size");
                Answer |= 1 << (16 + Math.Clamp((int)message.Kind, 0, 3));
            }
        }
    }
}
