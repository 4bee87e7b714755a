using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using Spate.Protocol.Wire;

namespace Spate.Protocol.Tests.Wire;

public class FrameDecoderTests
{
    private const int MaxPayload = 1000;
    private const uint LongestMessage = FrameDecoder.MaxBlock + 9;

    /// <summary>A frame as tests compare it: a block is one frame, however many parts it came in.</summary>
    private sealed record Seen(FrameKind Kind, MessageId Id, int A, int B, int C, FrameError Error, string Payload);

    /// <summary>Decodes portions of the given lengths (the last ones as they come) and checks what holds at each step.</summary>
    private static List<Seen> Decode(byte[] bytes, IEnumerable<int> portions, int maxPayload = MaxPayload)
    {
        var decoder = new FrameDecoder(maxPayload);
        var seen = new List<Seen>();
        int at = 0;
        using IEnumerator<int> lengths = portions.GetEnumerator();
        while (at < bytes.Length)
        {
            int length = lengths.MoveNext() ? Math.Clamp(lengths.Current, 0, bytes.Length - at) : bytes.Length - at;
            ReadOnlySpan<byte> input = bytes.AsSpan(at, length);
            at += length;
            while (true)
            {
                int before = input.Length;
                Frame frame = decoder.Next(ref input);
                Assert.True(input.Length <= before);
                if (frame.Kind == FrameKind.NeedMore)
                {
                    Assert.True(input.IsEmpty, "It asked for more and left some.");
                    break;
                }
                if (!Record(frame, seen)) return seen;
            }
        }
        return seen;
    }

    private static bool Record(in Frame frame, List<Seen> seen)
    {
        string payload = Convert.ToHexString(frame.Payload);
        if (frame.Kind == FrameKind.BlockData)
        {
            Assert.False(frame.Payload.IsEmpty);
            Seen block = seen[^1];
            Assert.Equal(FrameKind.BlockStart, block.Kind);
            seen[^1] = block with { Payload = block.Payload + payload };
            Assert.Equal(block.C, seen[^1].Payload.Length / 2 + frame.C);
            return true;
        }
        seen.Add(new Seen(frame.Kind, frame.Id, frame.A, frame.B, frame.C, frame.Error, payload));
        return frame.Kind != FrameKind.Error;
    }

    private static byte[] Raw(uint length, params byte[] rest)
    {
        byte[] bytes = new byte[4 + rest.Length];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, length);
        rest.CopyTo(bytes, 4);
        return bytes;
    }

    private static byte[] BigEndian(int number)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        return bytes;
    }

    private static FrameError ErrorOf(params byte[] bytes)
    {
        List<Seen> frames = Decode(bytes, []);
        return frames.Count > 0 ? frames[^1].Error : FrameError.None;
    }

    /// <summary>Valid messages of all kinds, and now and then a broken one.</summary>
    private static Gen<byte[]> Messages()
    {
        Gen<byte[]> number = Gen.Choose(0, int.MaxValue).Select(BigEndian);
        Gen<byte[]> Bytes(int most) => Gen.Choose(0, most).SelectMany(n => Gen.Choose(0, 255).Select(i => (byte)i).ArrayOf(n));
        Gen<byte[]> Message(byte id, Gen<byte[]> content) => content.Select(c => Raw((uint)(1 + c.Length), [id, .. c]));
        Gen<byte[]> Numbers(int count) => number.ArrayOf(count).Select(parts => parts.SelectMany(part => part).ToArray());
        Gen<byte[]> block = Numbers(2).SelectMany(head => Bytes(300).Where(data => data.Length > 0).Select(data => (byte[])[.. head, .. data]));
        return Gen.OneOf(
            Gen.Constant(Raw(0)),
            Gen.Elements<byte>(0, 1, 2, 3, 14, 15).SelectMany(id => Message(id, Gen.Constant(Array.Empty<byte>()))),
            Gen.Elements<byte>(4, 13, 17).SelectMany(id => Message(id, Numbers(1))),
            Gen.Elements<byte>(6, 8, 16).SelectMany(id => Message(id, Numbers(3))),
            Message(9, Bytes(2).Select(b => b.Concat(new byte[2]).Take(2).ToArray())),
            Message(7, block),
            Gen.Elements<byte>(5, 20, 21, 22, 23, 99, 255).SelectMany(id => Message(id, Bytes(MaxPayload))));
    }

    private static Arbitrary<(byte[] Stream, int[] Portions)> Streams() =>
        (from messages in Messages().ListOf()
         from damage in Gen.Frequency((3, Gen.Constant(new Damage([]))), (1, Damage.Arbitrary().Generator))
         from portions in Gen.Choose(0, 40).ArrayOf()
         select (damage.Apply([.. messages.SelectMany(m => m)]), portions)).ToArbitrary();

    [Fact]
    public void Any_slicing_gives_the_same_frames() => Prop.ForAll(Streams(), stream =>
    {
        List<Seen> whole = Decode(stream.Stream, []);
        Assert.Equal(whole, Decode(stream.Stream, stream.Portions));
        Assert.Equal(whole, Decode(stream.Stream, Enumerable.Repeat(1, int.MaxValue)));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void What_was_written_is_read() => Prop.ForAll(Messages().ListOf().ToArbitrary(), messages =>
    {
        List<Seen> frames = Decode([.. messages.SelectMany(m => m)], []);
        Assert.Equal(messages.Count, frames.Count);
        foreach ((byte[] message, Seen frame) in messages.Zip(frames))
        {
            byte[] again = new byte[message.Length];
            byte[] payload = Convert.FromHexString(frame.Payload);
            int length = frame.Kind switch
            {
                FrameKind.KeepAlive => MessageWriter.KeepAlive(again),
                FrameKind.BlockStart => MessageWriter.PieceHead(again, frame.A, frame.B, frame.C),
                FrameKind.Message when frame.Id is MessageId.Have or MessageId.Suggest or MessageId.AllowedFast => MessageWriter.Piece(again, frame.Id, frame.A),
                FrameKind.Message when frame.Id is MessageId.Request or MessageId.Cancel or MessageId.Reject =>
                    MessageWriter.Block(again, frame.Id, frame.A, frame.B, frame.C),
                FrameKind.Message when frame.Id == MessageId.Port => MessageWriter.Port(again, frame.A),
                FrameKind.Message => MessageWriter.Bare(again, frame.Id),
                FrameKind.Payload when frame.Id == MessageId.Extended && payload.Length > 0 => MessageWriter.Extended(again, payload[0], payload.AsSpan(1)),
                _ => -1,
            };
            if (frame.Kind == FrameKind.BlockStart) payload.CopyTo(again.AsSpan(length));
            if (length >= 0) Assert.Equal(message, again);
            else Assert.Equal(message[5..], payload);
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Bitfields_are_written_as_they_are_read()
    {
        var bits = new Bitfield(13);
        bits.Set(0);
        bits.Set(12);
        byte[] bytes = new byte[7];
        Assert.Equal(7, MessageWriter.Bits(bytes, bits));
        Seen frame = Assert.Single(Decode(bytes, []));
        Assert.Equal((FrameKind.Payload, MessageId.Bitfield, "8008"), (frame.Kind, frame.Id, frame.Payload));
    }

    [Fact]
    public void Never_throws_and_always_goes_on() => Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), Gen.Choose(1, 9).ArrayOf().ToArbitrary(), (noise, portions) =>
    {
        Assert.Equal(Decode(noise, []), Decode(noise, portions));
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(0)] // choke
    [InlineData(4)] // have
    [InlineData(5)] // bitfield
    [InlineData(6)] // request
    [InlineData(7)] // piece
    [InlineData(9)] // port
    [InlineData(20)]
    [InlineData(200)]
    public void No_length_is_too_large_to_be_refused_at_once(byte id)
    {
        foreach (uint length in (uint[])[LongestMessage + 1, 1 << 24, int.MaxValue, 0x80000000, 0x80000009, 0x80000001, uint.MaxValue])
        {
            Assert.Equal(FrameError.TooLong, ErrorOf(Raw(length, id)));
            Assert.Equal(FrameError.TooLong, ErrorOf(Raw(length)));
        }
    }

    [Fact]
    public void Lengths_fit_their_kind()
    {
        foreach (byte id in (byte[])[0, 1, 2, 3, 14, 15])
        {
            Assert.Equal(FrameError.None, ErrorOf(Raw(1, id)));
            Assert.Equal(FrameError.WrongLength, ErrorOf(Raw(2, id, 0)));
        }
        foreach (byte id in (byte[])[4, 13, 17])
        {
            Assert.Equal(FrameError.None, ErrorOf(Raw(5, id, 0, 0, 0, 0)));
            Assert.Equal(FrameError.WrongLength, ErrorOf(Raw(4, id, 0, 0, 0)));
            Assert.Equal(FrameError.WrongLength, ErrorOf(Raw(6, id, 0, 0, 0, 0, 0)));
        }
        foreach (byte id in (byte[])[6, 8, 16])
        {
            Assert.Equal(FrameError.None, ErrorOf(Raw(13, [id, .. new byte[12]])));
            Assert.Equal(FrameError.WrongLength, ErrorOf(Raw(12, [id, .. new byte[11]])));
            Assert.Equal(FrameError.WrongLength, ErrorOf(Raw(14, [id, .. new byte[13]])));
        }
        Assert.Equal(FrameError.WrongLength, ErrorOf(Raw(2, 9, 0)));
        Assert.Equal(FrameError.WrongLength, ErrorOf(Raw(8, [7, .. new byte[7]])));
    }

    [Fact]
    public void Blocks_have_a_byte_at_least_and_128_KiB_at_most()
    {
        Assert.Equal(FrameError.BlockSize, ErrorOf(Raw(9, [7, .. new byte[8]])));
        Assert.Equal(FrameError.None, ErrorOf(Raw(10, [7, .. new byte[9]])));
        Assert.Equal(FrameError.None, ErrorOf(Raw(9 + FrameDecoder.MaxBlock, [7, .. new byte[8 + FrameDecoder.MaxBlock]])));
        // With room for longer payloads, so that it is the block's own limit that holds.
        List<Seen> frames = Decode(Raw(10 + FrameDecoder.MaxBlock, [7, .. new byte[8]]), [], 1 << 20);
        Assert.Equal(FrameError.BlockSize, frames[^1].Error);
    }

    [Fact]
    public void Payloads_have_their_limit()
    {
        Assert.Equal(FrameError.None, ErrorOf(Raw(1, 20)));
        Assert.Equal(FrameError.None, ErrorOf(Raw(1 + MaxPayload, [20, .. new byte[MaxPayload]])));
        Assert.Equal(FrameError.TooLong, ErrorOf(Raw(2 + MaxPayload, 20)));
    }

    [Fact]
    public void Negative_numbers_are_refused()
    {
        byte[] have = Raw(5, 4, 0x80, 0, 0, 0);
        Assert.Equal(FrameError.OutOfRange, ErrorOf(have));
        for (int at = 0; at < 3; at++)
        {
            byte[] request = Raw(13, [6, .. new byte[12]]);
            request[5 + at * 4] = 0xff;
            Assert.Equal(FrameError.OutOfRange, ErrorOf(request));
        }
    }

    [Fact]
    public void After_an_error_nothing_is_decoded_any_more()
    {
        var decoder = new FrameDecoder();
        ReadOnlySpan<byte> bad = Raw(2, 0, 0);
        Assert.Equal(FrameKind.Error, decoder.Next(ref bad).Kind);
        ReadOnlySpan<byte> good = Raw(1, 1);
        Assert.Equal(FrameKind.Error, decoder.Next(ref good).Kind);
    }

    [Fact]
    public void A_length_alone_costs_no_memory()
    {
        byte[] start = Raw(1 << 20, 20, 0);
        Feed(start, 1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Feed(start, 100);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100 * 32 * 1024);

        static void Feed(byte[] bytes, int decoders)
        {
            for (int i = 0; i < decoders; i++)
            {
                ReadOnlySpan<byte> input = bytes;
                Assert.Equal(FrameKind.NeedMore, new FrameDecoder().Next(ref input).Kind);
            }
        }
    }

    [Fact]
    public void Long_payloads_are_gathered_whole()
    {
        byte[] content = new byte[300_000];
        new System.Random(1).NextBytes(content);
        byte[] message = Raw(1 + (uint)content.Length, [20, .. content]);
        Seen frame = Assert.Single(Decode(message, Enumerable.Repeat(7001, int.MaxValue), 1 << 20));
        Assert.Equal(Convert.ToHexString(content), frame.Payload);
    }

    [Fact]
    public void Blocks_and_fixed_messages_are_decoded_without_an_allocation()
    {
        byte[] bytes = [.. Raw(9 + 16384, [7, .. new byte[8 + 16384]]), .. Raw(13, [6, .. new byte[12]]), .. Raw(5, 4, 0, 0, 0, 1)];
        var decoder = new FrameDecoder();
        Feed(decoder, bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) Feed(decoder, bytes);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        static void Feed(FrameDecoder decoder, ReadOnlySpan<byte> input)
        {
            while (decoder.Next(ref input) is { Kind: not FrameKind.NeedMore }) { }
        }
    }
}
