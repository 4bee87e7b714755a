using FsCheck;
using FsCheck.Fluent;
using Spate.Protocol.Wire;

namespace Spate.Protocol.Tests.Wire;

public class HandshakeTests
{
    private static byte[] Example()
    {
        byte[] bytes = new byte[Handshake.Length];
        new Handshake(HandshakeFeatures.Fast | HandshakeFeatures.Extended, Sha1Hash.Of("info"u8), PeerId.Create("0100", new byte[12])).Write(bytes);
        return bytes;
    }

    [Fact]
    public void Stands_on_the_wire_as_BEP_3_says()
    {
        byte[] bytes = Example();
        Assert.Equal(19, bytes[0]);
        Assert.Equal("BitTorrent protocol"u8, bytes.AsSpan(1, 19));
        Assert.Equal((byte[])[0, 0, 0, 0, 0, 0x10, 0, 0x04], bytes[20..28]);
        Assert.Equal(Sha1Hash.Of("info"u8), new Sha1Hash(bytes.AsSpan(28, 20)));
        Assert.Equal("-sP0100-000000000000"u8, bytes.AsSpan(48));
    }

    [Fact]
    public void Reads_what_it_writes_and_keeps_unknown_bits() => Prop.ForAll(
        ArbMap.Default.ArbFor<ulong>(), Gen.Choose(0, 255).ArrayOf(40).ToArbitrary(), (features, random) =>
        {
            byte[] raw = random.Select(i => (byte)i).ToArray();
            var written = new Handshake((HandshakeFeatures)features, new Sha1Hash(raw.AsSpan(0, 20)), new PeerId(raw.AsSpan(20, 20)));
            byte[] bytes = new byte[Handshake.Length];
            written.Write(bytes);
            Assert.True(Handshake.TryRead(bytes, out Handshake read));
            Assert.Equal(written, read);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Is_refused_when_cut_or_foreign()
    {
        byte[] bytes = Example();
        for (int length = 0; length < bytes.Length; length++) Assert.False(Handshake.TryRead(bytes.AsSpan(0, length), out _));
        for (int i = 0; i < 20; i++)
        {
            byte[] foreign = Example();
            foreign[i] ^= 0x20;
            Assert.False(Handshake.TryRead(foreign, out _));
            // Known as soon as the wrong byte is there, and not before.
            Assert.False(Handshake.IsForeign(foreign.AsSpan(0, i)));
            Assert.True(Handshake.IsForeign(foreign.AsSpan(0, i + 1)));
            Assert.True(Handshake.IsForeign(foreign));
        }
        for (int length = 0; length <= bytes.Length; length++) Assert.False(Handshake.IsForeign(bytes.AsSpan(0, length)));
    }

    [Fact]
    public void Never_throws() => Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), noise =>
    {
        Handshake.TryRead(noise, out _);
        Handshake.IsForeign(noise);
        byte[] bytes = Example();
        noise.AsSpan(0, Math.Min(noise.Length, 48)).CopyTo(bytes.AsSpan(20));
        Assert.True(Handshake.TryRead(bytes, out _)); // every byte behind the preamble is allowed
    }).QuickCheckThrowOnFailure();
}
