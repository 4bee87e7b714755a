using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Spate.Protocol.Bencode;

namespace Spate.Protocol.Tests.Bencode;

public class BencodeReaderTests
{
    private static readonly BencodeLimits Limits = BencodeLimits.Torrent;

    private static BencodeFault FaultOf(string text, BencodeLimits? limits = null)
    {
        bool opened = BencodeReader.TryOpen(Encoding.Latin1.GetBytes(text), limits ?? Limits, out _, out BencodeFault fault);
        Assert.Equal(opened, fault.Error == BencodeError.None);
        return fault;
    }

    [Theory]
    [InlineData("i0e")]
    [InlineData("i-1e")]
    [InlineData("i9223372036854775807e")]
    [InlineData("i99999999999999999999999999999999e")]
    [InlineData("0:")]
    [InlineData("4:spam")]
    [InlineData("le")]
    [InlineData("de")]
    [InlineData("l4:spami7eleded1:ai1eee")]
    [InlineData("d3:cow3:moo4:spam4:eggse")]
    [InlineData("d0:i1e1:\u0000i2e2:\u0000\u0000i3ee")]
    public void Well_formed_documents_open(string text) => Assert.Equal(default, FaultOf(text));

    [Theory]
    [InlineData("", BencodeError.UnexpectedEnd, 0)]
    [InlineData("i", BencodeError.UnexpectedEnd, 1)]
    [InlineData("i-", BencodeError.UnexpectedEnd, 2)]
    [InlineData("i12", BencodeError.UnexpectedEnd, 3)]
    [InlineData("ie", BencodeError.IntegerEmpty, 1)]
    [InlineData("i-e", BencodeError.IntegerEmpty, 2)]
    [InlineData("i-0e", BencodeError.IntegerMinusZero, 1)]
    [InlineData("i00e", BencodeError.IntegerLeadingZero, 1)]
    [InlineData("i01e", BencodeError.IntegerLeadingZero, 1)]
    [InlineData("i-01e", BencodeError.IntegerLeadingZero, 2)]
    [InlineData("i1.5e", BencodeError.UnexpectedByte, 2)]
    [InlineData("i+1e", BencodeError.UnexpectedByte, 1)]
    [InlineData("i 1e", BencodeError.UnexpectedByte, 1)]
    [InlineData("4:spa", BencodeError.StringTooLong, 0)]
    [InlineData("4", BencodeError.UnexpectedEnd, 1)]
    [InlineData("4spam", BencodeError.UnexpectedByte, 1)]
    [InlineData("04:spam", BencodeError.LengthLeadingZero, 0)]
    [InlineData("00:", BencodeError.LengthLeadingZero, 0)]
    [InlineData("-1:a", BencodeError.UnexpectedByte, 0)]
    [InlineData("2147483647:a", BencodeError.StringTooLong, 0)]
    [InlineData("99999999999999999999:a", BencodeError.StringTooLong, 0)]
    [InlineData("l", BencodeError.UnexpectedEnd, 1)]
    [InlineData("d", BencodeError.UnexpectedEnd, 1)]
    [InlineData("d1:a", BencodeError.UnexpectedEnd, 4)]
    [InlineData("d1:ae", BencodeError.KeyWithoutValue, 4)]
    [InlineData("di1ei2ee", BencodeError.KeyNotString, 1)]
    [InlineData("dlei2ee", BencodeError.KeyNotString, 1)]
    [InlineData("d1:bi1e1:ai2ee", BencodeError.KeysOutOfOrder, 7)]
    [InlineData("d1:ai1e1:ai2ee", BencodeError.KeyRepeated, 7)]
    [InlineData("d2:aai1e1:ai2ee", BencodeError.KeysOutOfOrder, 8)]
    [InlineData("d1:ad1:bi1e1:bi1eee", BencodeError.KeyRepeated, 11)]
    [InlineData("e", BencodeError.UnexpectedByte, 0)]
    [InlineData("x", BencodeError.UnexpectedByte, 0)]
    [InlineData("i1ei2e", BencodeError.TrailingBytes, 3)]
    [InlineData("lee", BencodeError.TrailingBytes, 2)]
    public void Malformed_documents_are_refused_with_the_place(string text, BencodeError error, int offset) =>
        Assert.Equal(new BencodeFault(error, offset), FaultOf(text));

    [Fact]
    public void Keys_compare_as_raw_bytes_not_as_text()
    {
        Assert.Equal(default, FaultOf("d1:Zi1e1:ai2e1:\u00e9i3ee"));
        Assert.Equal(BencodeError.KeysOutOfOrder, FaultOf("d1:\u00e9i1e1:ai2ee").Error);
    }

    [Fact]
    public void Limits_hold()
    {
        Assert.Equal(default, FaultOf("lllleeee", new BencodeLimits(100, 4, 100)));
        Assert.Equal(new(BencodeError.TooDeep, 3), FaultOf("lllleeee", new BencodeLimits(100, 3, 100)));
        Assert.Equal(default, FaultOf("d1:ai1ee", new BencodeLimits(100, 4, 3)));
        Assert.Equal(new(BencodeError.TooManyTokens, 4), FaultOf("d1:ai1ee", new BencodeLimits(100, 4, 2)));
        Assert.Equal(new(BencodeError.TooLong, 5), FaultOf("4:spam", new BencodeLimits(5, 4, 2)));
    }

    [Fact]
    public void Nesting_beyond_what_any_limit_can_ask_for_is_refused_and_not_a_crash()
    {
        string bomb = new('l', 5_000_000);
        Assert.Equal(new(BencodeError.TooDeep, 100), FaultOf(bomb));
        Assert.Equal(new(BencodeError.TooDeep, BencodeLimits.DeepestPossible), FaultOf(bomb, new BencodeLimits(int.MaxValue, int.MaxValue, int.MaxValue)));
    }

    [Fact]
    public void A_lenient_source_may_have_keys_out_of_order_and_the_first_of_a_repeated_key_counts()
    {
        BencodeLimits lenient = Limits with { AllowUnsortedKeys = true };
        Assert.True(BencodeReader.TryOpen("d1:bi1e1:ai2e1:bi3ee"u8, lenient, out BencodeReader reader, out _));
        Assert.True(reader.TryFindKey("a"u8, out BencodeReader a) && a.TryReadInt64(out long two) && two == 2);
        Assert.True(reader.TryFindKey("b"u8, out BencodeReader b) && b.TryReadInt64(out long one) && one == 1);
    }

    [Fact]
    public void A_prefix_may_be_followed_by_anything()
    {
        Assert.True(BencodeReader.TryOpenPrefix("d1:ai1eeRAW"u8, Limits, out BencodeReader reader, out int length, out _));
        Assert.Equal(8, length);
        Assert.True(reader.TryFindKey("a"u8, out _));
        reader.Skip();
        Assert.Equal(BencodeKind.End, reader.Kind);
    }

    [Fact]
    public void Finding_a_key_keeps_raw_bytes_and_offsets()
    {
        Assert.True(BencodeReader.TryOpen("d1:ai1e4:infod1:xl1:y1:zee1:z0:e"u8, Limits, out BencodeReader reader, out _));
        Assert.True(reader.TryFindKey("info"u8, out BencodeReader info));
        Assert.Equal(13, info.Offset);
        Assert.True(info.TryFindKey("x"u8, out BencodeReader x));
        Assert.Equal(17, x.Offset);
        Assert.Equal("d1:xl1:y1:zee", Encoding.ASCII.GetString(info.ReadRaw()));
        Assert.False(reader.TryFindKey("inf"u8, out _));
        Assert.False(reader.TryFindKey("zz"u8, out _));
        Assert.False(x.TryFindKey("y"u8, out _));
    }

    [Fact]
    public void A_wrong_kind_reads_nothing_and_stays()
    {
        Assert.True(BencodeReader.TryOpen("i5e"u8, Limits, out BencodeReader reader, out _));
        Assert.False(reader.TryReadBytes(out _));
        Assert.False(reader.TryEnterList());
        Assert.False(reader.TryEnterDictionary());
        Assert.False(reader.TryLeave());
        Assert.False(reader.TryReadKey(out _));
        Assert.True(reader.TryReadInt64(out long five));
        Assert.Equal(5, five);
        Assert.True(reader.TryLeave());
        Assert.False(reader.TryReadInt64(out _));
        reader.Skip();
        Assert.True(reader.ReadRaw().IsEmpty);
    }

    [Theory]
    [InlineData("i9223372036854775807e", true, false)]
    [InlineData("i-9223372036854775808e", true, false)]
    [InlineData("i9223372036854775808e", false, false)]
    [InlineData("i2147483647e", true, true)]
    [InlineData("i2147483648e", true, false)]
    [InlineData("i-1e", true, false)]
    public void Integers_beyond_the_range_asked_for_are_not_read(string text, bool isLong, bool isCount)
    {
        Assert.True(BencodeReader.TryOpen(Encoding.ASCII.GetBytes(text), Limits, out BencodeReader reader, out _));
        BencodeReader again = reader;
        Assert.Equal(isCount, reader.TryReadCount(out _));
        Assert.Equal(isLong, again.TryReadInt64(out _));
        if (!isCount) Assert.Equal(0, reader.Offset);
    }

    [Fact]
    public void A_string_of_another_length_is_not_read()
    {
        Assert.True(BencodeReader.TryOpen("4:spam"u8, Limits, out BencodeReader reader, out _));
        Assert.False(reader.TryReadBytes(5, out _));
        Assert.True(reader.TryReadBytes(4, out ReadOnlySpan<byte> spam));
        Assert.True(spam.SequenceEqual("spam"u8));
    }

    [Fact]
    public void Walking_allocates_nothing()
    {
        byte[] document = Encoding.ASCII.GetBytes("d4:infod5:filesl" + string.Concat(Enumerable.Repeat("d6:lengthi7e4:pathl1:aee", 100)) + "eee");
        long Walk()
        {
            long sum = 0;
            BencodeReader.TryOpen(document, BencodeLimits.Torrent, out BencodeReader reader, out _);
            reader.TryFindKey("info"u8, out BencodeReader info);
            info.TryFindKey("files"u8, out BencodeReader files);
            files.TryEnterList();
            while (!files.TryLeave())
            {
                files.TryFindKey("length"u8, out BencodeReader length);
                length.TryReadInt64(out long value);
                sum += value;
                files.Skip();
            }
            return sum;
        }
        Assert.Equal(700, Walk());
        long before = GC.GetAllocatedBytesForCurrentThread();
        Walk();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void What_is_written_reads_back_the_same() =>
        Prop.ForAll(BencodeNode.Arbitrary(), node =>
        {
            byte[] encoded = node.Encode();
            if (!BencodeReader.TryOpen(encoded, Limits, out BencodeReader reader, out _)) return false;
            BencodeNode? back = BencodeNode.Read(ref reader);
            return node.Equals(back) && reader.Kind == BencodeKind.End;
        }).QuickCheckThrowOnFailure();

    /// <summary>Strictness in one property: a document that is accepted is the only encoding of what it says.</summary>
    [Fact]
    public void Damaged_documents_are_refused_or_canonical() =>
        Prop.ForAll(BencodeNode.Arbitrary(), Damage.Arbitrary(), (node, damage) =>
        {
            byte[] damaged = damage.Apply(node.Encode());
            if (!BencodeReader.TryOpen(damaged, Limits, out BencodeReader reader, out BencodeFault fault))
                return fault.Error != BencodeError.None && fault.Offset >= 0 && fault.Offset <= damaged.Length;
            return BencodeNode.Read(ref reader) is not { } back || back.Encode().AsSpan().SequenceEqual(damaged);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    /// <summary>Calls in any order, sensible or not, end without an exception.</summary>
    [Fact]
    public void No_sequence_of_calls_throws() =>
        Prop.ForAll(BencodeNode.Arbitrary(), ArbMap.Default.ArbFor<byte[]>(), (node, calls) =>
        {
            BencodeReader.TryOpen(node.Encode(), Limits, out BencodeReader reader, out _);
            foreach (byte call in calls)
            {
                switch (call % 9)
                {
                    case 0: reader.TryReadInt64(out _); break;
                    case 1: reader.TryReadBytes(out _); break;
                    case 2: reader.TryEnterList(); break;
                    case 3: reader.TryEnterDictionary(); break;
                    case 4: reader.TryReadKey(out _); break;
                    case 5: reader.TryLeave(); break;
                    case 6: reader.Skip(); break;
                    case 7: reader.ReadRaw(); break;
                    case 8: reader.TryFindKey("a"u8, out _); break;
                }
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
}
