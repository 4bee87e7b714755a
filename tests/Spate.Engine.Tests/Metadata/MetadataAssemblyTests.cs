using Spate.Engine.Metadata;
using Spate.Protocol;
using Spate.Protocol.Wire;

namespace Spate.Engine.Tests.Metadata;

/// <summary>The info dictionary comes together from honest and lying peers (BEP 9).</summary>
public class MetadataAssemblyTests
{
    private static readonly byte[] info = Enumerable.Range(0, 40_000).Select(i => (byte)(i * 7)).ToArray();
    private readonly MetadataAssembly assembly = new(InfoHash.FromV1(Sha1Hash.Of(info)));

    [Fact]
    public void Parts_of_several_peers_make_the_whole()
    {
        Assert.True(assembly.Offer(1, info.Length));
        Assert.True(assembly.Offer(2, info.Length));
        int first = assembly.Next(1, info.Length, 0), second = assembly.Next(2, info.Length, 0), third = assembly.Next(1, info.Length, 0);
        Assert.Equal([0, 1, 2], new[] { first, second, third }.Order());
        Assert.Null(Give(1, first));
        Assert.Null(Give(2, second));
        Assert.Equal(info, Give(1, third));
    }

    [Fact]
    public void A_part_that_does_not_come_is_asked_of_somebody_else()
    {
        assembly.Offer(1, info.Length);
        int part = assembly.Next(1, info.Length, 0);
        Assert.NotEqual(part, assembly.Next(2, info.Length, 100));
        assembly.Forget(1);
        Assert.Equal(part, assembly.Next(2, info.Length, 200));
    }

    [Fact]
    public void One_peer_that_lies_alone_is_found_at_once()
    {
        assembly.Offer(1, info.Length);
        bool liar = false;
        for (int part; (part = assembly.Next(1, info.Length, 0)) >= 0;) Assert.Null(Give(1, part, out liar, spoil: part == 1));
        Assert.True(liar);
        Assert.True(assembly.NeedsOffers(2));
    }

    [Fact]
    public void Among_several_the_liar_is_found_by_asking_each_for_all_of_it()
    {
        assembly.Offer(1, info.Length);
        assembly.Offer(2, info.Length);
        int[] parts = [assembly.Next(1, info.Length, 0), assembly.Next(2, info.Length, 0), assembly.Next(1, info.Length, 0)];
        Give(1, parts[0], out _);
        Give(2, parts[1], out _, spoil: true);
        Assert.Null(Give(1, parts[2], out bool blamed));
        Assert.False(blamed); // peer 1 is honest

        foreach (int peer in new[] { 1, 2 })
        {
            Assert.True(assembly.NeedsOffers(peer));
            Assert.True(assembly.Offer(peer, info.Length));
        }
        bool liar = false;
        for (int part; (part = assembly.Next(2, info.Length, 10_000)) >= 0;) Give(2, part, out liar, spoil: true);
        Assert.True(liar);
        byte[]? whole = null;
        for (int part; (part = assembly.Next(1, info.Length, 10_000)) >= 0;) whole = Give(1, part, out liar);
        Assert.Equal(info, whole);
        Assert.False(liar);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    [InlineData(MetadataAssembly.MaxSize + 1)]
    public void An_implausible_size_is_refused(int size) => Assert.False(assembly.Offer(1, size));

    [Fact]
    public void Data_of_the_wrong_length_or_place_never_throws()
    {
        assembly.Offer(1, info.Length);
        foreach (int part in new[] { 0, 2, 3, 1_000_000, int.MaxValue })
        {
            foreach (int length in new[] { 0, 1, 16_384, 16_385, 7_232 })
            {
                if (part == 0 && length == 16_384) continue;
                Assert.Null(assembly.OnData(1, new MetadataMessage(MetadataMessageKind.Data, part, info.Length), new byte[length], out _));
            }
        }
    }

    private byte[]? Give(int peer, int part) => Give(peer, part, out _);

    private byte[]? Give(int peer, int part, out bool liar, bool spoil = false)
    {
        int start = part * MetadataMessage.PartSize;
        byte[] data = info[start..Math.Min(info.Length, start + MetadataMessage.PartSize)];
        if (spoil) data[0] ^= 1;
        return assembly.OnData(peer, new MetadataMessage(MetadataMessageKind.Data, part, info.Length), data, out liar);
    }
}
