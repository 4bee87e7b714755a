using System.Net;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Spate.Protocol.Wire;

namespace Spate.Protocol.Tests.Wire;

public class ExtendedHandshakeTests
{
    private static ExtendedHandshake Read(string text)
    {
        Assert.True(ExtendedHandshake.TryRead(Encoding.Latin1.GetBytes(text), out ExtendedHandshake? handshake));
        return handshake;
    }

    [Fact]
    public void Reads_what_it_writes()
    {
        byte[] bytes = ExtendedHandshake.Write([Extension.UploadOnly, Extension.DontHave, Extension.Metadata, Extension.PeerExchange], "Spate 0.1.0", 6881, 2000,
            IPAddress.Parse("::ffff:192.0.2.7"), 31337, uploadOnly: true);
        Assert.True(ExtendedHandshake.TryRead(bytes, out ExtendedHandshake? read));
        Assert.Equal([-1, 1, 2, 3, 4], read.Ids);
        Assert.Equal("Spate 0.1.0", read.Client);
        Assert.Equal((6881, 2000, 31337), (read.Port, read.RequestQueue, read.MetadataSize));
        Assert.True(read.UploadOnly);
        Assert.Equal(IPAddress.Parse("192.0.2.7"), read.YourAddress);
    }

    [Fact]
    public void Leaves_out_what_there_is_nothing_to_say_of()
    {
        byte[] bytes = ExtendedHandshake.Write([], "x", 0, 1, IPAddress.IPv6Loopback, 0, uploadOnly: false);
        ExtendedHandshake read = Read(Encoding.Latin1.GetString(bytes));
        Assert.Null(read.Port);
        Assert.Null(read.MetadataSize);
        Assert.Null(read.UploadOnly);
        Assert.Equal([-1, -1, -1, -1, -1], read.Ids);
        Assert.Equal(IPAddress.IPv6Loopback, read.YourAddress);
    }

    [Fact]
    public void Says_nothing_of_what_is_missing_or_makes_no_sense()
    {
        ExtendedHandshake read = Read("de");
        Assert.Equal([-1, -1, -1, -1, -1], read.Ids);
        Assert.True(read is { Client: null, Port: null, RequestQueue: null, YourAddress: null, MetadataSize: null, UploadOnly: null });

        read = Read("d1:md11:ut_metadatai256e6:ut_pexi-1e11:upload_onlyi0ee13:metadata_sizei-5e1:pi65536e4:reqqi0e11:upload_onlyi2e1:vi3e6:yourip5:12345e");
        Assert.Equal([-1, -1, -1, -1, 0], read.Ids);
        Assert.True(read is { Client: null, Port: null, RequestQueue: null, YourAddress: null, MetadataSize: null, UploadOnly: null });

        read = Read("d1:mi7e4:reqqi99999999999ee");
        Assert.Null(read.RequestQueue);
    }

    [Fact]
    public void Bytes_behind_the_dictionary_are_left_alone() => Assert.Equal(250, Read("d4:reqqi250eetrailing").RequestQueue);

    [Theory]
    [InlineData("")]
    [InlineData("le")]
    [InlineData("i1e")]
    [InlineData("d")]
    [InlineData("d1:v")]
    [InlineData("d1:v99:xe")]
    public void Anything_but_a_dictionary_is_refused(string text) => Assert.False(ExtendedHandshake.TryRead(Encoding.Latin1.GetBytes(text), out _));

    [Fact]
    public void Depth_is_limited()
    {
        string deep = "d1:m" + new string('l', 10_000) + new string('e', 10_000) + "e";
        Assert.False(ExtendedHandshake.TryRead(Encoding.Latin1.GetBytes(deep), out _));
    }

    [Fact]
    public void Client_names_can_be_shown_as_they_are()
    {
        Assert.Equal("evil[2Jname", Read("d1:v12:evil\u001b[2Jnamee").Client);
        Assert.Equal(64, Read($"d1:v1000:{new string('x', 1000)}e").Client!.Length);
    }

    [Fact]
    public void Client_names_hold_no_half_characters_and_nothing_that_turns_text_around() => Prop.ForAll(
        ArbMap.Default.ArbFor<string>().Filter(text => text is not null), text =>
        {
            // Enough four-byte characters to be cut between the halves of one.
            byte[] name = Encoding.UTF8.GetBytes("x\u202e" + text + string.Concat(Enumerable.Repeat("\U0001F600", 40)));
            byte[] bytes = [.. Encoding.ASCII.GetBytes($"d1:v{name.Length}:"), .. name, (byte)'e'];
            Assert.True(ExtendedHandshake.TryRead(bytes, out ExtendedHandshake? read));
            Assert.InRange(read.Client!.Length, 1, 64);
            Assert.DoesNotContain(read.Client, char.IsControl);
            Assert.DoesNotContain('\u202e', read.Client);
            // A lone surrogate would not survive the way to bytes and back.
            Assert.Equal(read.Client, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(read.Client)));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Never_throws() => Prop.ForAll(Damage.Arbitrary(), damage =>
    {
        byte[] good = ExtendedHandshake.Write([Extension.DontHave, Extension.PeerExchange], "Spate", 6881, 2000, IPAddress.Loopback, 1000, true);
        ExtendedHandshake.TryRead(damage.Apply(good), out _);
    }).QuickCheckThrowOnFailure();
}
