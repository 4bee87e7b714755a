using System.Text;
using Spate.Protocol.Bencode;

namespace Spate.Protocol.Tests.Bencode;

public class BencodeWriterTests
{
    private static string Text(BencodeWriter writer) => Encoding.UTF8.GetString(writer.Written);

    [Fact]
    public void Writes_every_kind()
    {
        var writer = new BencodeWriter();
        writer.BeginDictionary()
            .Integer("a"u8, long.MinValue)
            .Bytes("b"u8, "xyz"u8)
            .Text("c"u8, "é")
            .Key("d"u8).BeginList().Integer(0).Text("").Raw("le"u8).End()
            .Key("e"u8).BeginDictionary().End();
        "123"u8.CopyTo(writer.Key("f"u8).BytesToFill(3));
        writer.End();
        Assert.Equal("d1:ai-9223372036854775808e1:b3:xyz1:c2:é1:dli0e0:lee1:ede1:f3:123e", Text(writer));
    }

    [Fact]
    public void A_cleared_writer_starts_over_without_allocating()
    {
        var writer = new BencodeWriter();
        void Write()
        {
            writer.Clear();
            writer.BeginDictionary().Integer("n"u8, 12).Text("t"u8, "some text").End();
        }
        Write();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Write();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal("d1:ni12e1:t9:some texte", Text(writer));
    }

    [Fact]
    public void Grows_as_needed()
    {
        var writer = new BencodeWriter(1);
        byte[] big = new byte[1_000_000];
        writer.BeginList().Bytes(big).Bytes(big).End();
        Assert.Equal(2 * (8 + big.Length) + 2, writer.Length);
    }

    [Fact]
    public void Deep_nesting_is_written()
    {
        var writer = new BencodeWriter();
        for (int i = 0; i < 1000; i++) writer.BeginList();
        for (int i = 0; i < 1000; i++) writer.End();
        Assert.Equal(2000, writer.Length);
    }

    [Fact]
    public void Bugs_of_the_caller_are_exceptions()
    {
        Assert.Throws<InvalidOperationException>(() => new BencodeWriter().BeginDictionary().Integer("b"u8, 1).Key("a"u8));
        Assert.Throws<InvalidOperationException>(() => new BencodeWriter().BeginDictionary().Integer("a"u8, 1).Key("a"u8));
        Assert.Throws<InvalidOperationException>(() => new BencodeWriter().BeginDictionary().Integer(1));
        Assert.Throws<InvalidOperationException>(() => new BencodeWriter().BeginDictionary().Key("a"u8).End());
        Assert.Throws<InvalidOperationException>(() => new BencodeWriter().BeginDictionary().Key("a"u8).Key("b"u8));
        Assert.Throws<InvalidOperationException>(() => new BencodeWriter().BeginList().Key("a"u8));
        Assert.Throws<InvalidOperationException>(() => new BencodeWriter().End());
        Assert.Throws<InvalidOperationException>(() => new BencodeWriter().Integer(1).Integer(2));
    }
}
