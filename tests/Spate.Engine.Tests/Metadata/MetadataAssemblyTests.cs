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
        int first = assembly.Next(1, 0), second = assembly.Next(2, 0), third = assembly.Next(1, 0);
        Assert.Equal([0, 1, 2], new[] { first, second, third }.Order());
        Assert.Null(Give(1, first));
        Assert.Null(Give(2, second));
        Assert.Equal(info, Give(1, third));
    }

    [Fact]
    public void A_part_that_does_not_come_is_asked_of_somebody_else()
    {
        assembly.Offer(1, info.Length);
        assembly.Offer(2, info.Length);
        int part = assembly.Next(1, 0);
        Assert.NotEqual(part, assembly.Next(2, 100));
        assembly.Forget(1);
        Assert.Equal(part, assembly.Next(2, 200));
    }

    [Fact]
    public void One_peer_that_lies_alone_is_found_at_once()
    {
        assembly.Offer(1, info.Length);
        bool liar = false;
        for (int part; !liar && (part = assembly.Next(1, 0)) >= 0;) Assert.Null(Give(1, part, out liar, spoil: part == 1));
        Assert.True(liar);
        assembly.Forget(1);
        assembly.Offer(2, info.Length);
        byte[]? whole = null;
        for (int part; (part = assembly.Next(2, 0)) >= 0;) whole = Give(2, part);
        Assert.Equal(info, whole);
    }

    [Fact]
    public void Among_several_the_liar_is_found_by_asking_each_for_all_of_it()
    {
        assembly.Offer(1, info.Length);
        assembly.Offer(2, info.Length);
        int[] parts = [assembly.Next(1, 0), assembly.Next(2, 0), assembly.Next(1, 0)];
        Give(1, parts[0], out _);
        Give(2, parts[1], out _, spoil: true);
        Assert.Null(Give(1, parts[2], out bool blamed));
        Assert.False(blamed); // peer 1 is honest

        bool liar = false;
        for (int part; !liar && (part = assembly.Next(2, 10_000)) >= 0;) Give(2, part, out liar, spoil: true);
        Assert.True(liar);
        byte[]? whole = null;
        for (int part; (part = assembly.Next(1, 10_000)) >= 0;) whole = Give(1, part, out liar);
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
                Assert.Null(assembly.OnData(1, new MetadataMessage(MetadataMessageKind.Data, part, info.Length), new byte[length], 0, out _));
            }
        }
    }

    [Fact]
    public void A_false_size_keeps_nobody_from_the_true_one()
    {
        assembly.Offer(1, 20 << 20); // and never gives anything, nor leaves
        assembly.Offer(2, info.Length);
        Assert.True(assembly.Next(1, 0) >= 0);
        byte[]? whole = null;
        for (int part; (part = assembly.Next(2, 0)) >= 0;) whole = Give(2, part);
        Assert.Equal(info, whole);
    }

    [Fact]
    public void When_all_parts_are_in_flight_one_more_is_asked_for_each()
    {
        for (int peer = 1; peer <= 3; peer++) assembly.Offer(peer, info.Length);
        for (int part = 0; part < 3; part++) Assert.Equal(part, assembly.Next(1, 0));
        Assert.Equal(-1, assembly.Next(1, 0));
        for (int part = 0; part < 3; part++) Assert.Equal(part, assembly.Next(2, 10));
        Assert.Equal(-1, assembly.Next(3, 10));
        Assert.Equal(0, assembly.Next(3, 3_001)); // nobody answered
    }

    [Fact]
    public void Who_says_nothing_or_only_no_is_useless()
    {
        assembly.Offer(1, info.Length);
        assembly.Offer(2, info.Length);
        Assert.Equal(0, assembly.Next(1, 1_000));
        Assert.False(assembly.IsUseless(1, 30_000));
        Assert.True(assembly.IsUseless(1, 31_001));
        for (int i = 0; i < 16; i++)
        {
            Assert.False(assembly.IsUseless(2, 1_000));
            assembly.OnReject(2, assembly.Next(2, 1_000), 1_000);
        }
        Assert.True(assembly.IsUseless(2, 1_000));
        Assert.False(assembly.IsUseless(3, 1_000)); // has nothing to give, and was not asked
    }

    [Fact]
    public void Who_gives_parts_is_not_useless_however_long_it_takes()
    {
        assembly.Offer(1, info.Length);
        long now = 0;
        for (int part; (part = assembly.Next(1, now)) >= 0;)
        {
            now += 25_000;
            Assert.False(assembly.IsUseless(1, now));
            Give(1, part, out _, now: now);
        }
    }

    [Fact]
    public void Many_who_lie_about_the_size_and_give_much_hold_no_more_than_the_limit()
    {
        const int most = MetadataAssembly.MaxSize;
        byte[] part = new byte[MetadataMessage.PartSize];
        for (int round = 0; round < most / MetadataMessage.PartSize - 10; round++)
        {
            for (int peer = 1; peer <= 5; peer++)
            {
                assembly.Offer(peer, most - peer);
                assembly.OnData(peer, new MetadataMessage(MetadataMessageKind.Data, round, most - peer), part, 0, out bool liar);
                Assert.False(liar);
            }
            Assert.True(assembly.Held <= MetadataAssembly.MaxHeld);
        }
        assembly.Offer(9, info.Length);
        byte[]? whole = null;
        for (int next; (next = assembly.Next(9, 0)) >= 0;) whole = Give(9, next);
        Assert.Equal(info, whole);
        for (int peer = 1; peer <= 5; peer++) assembly.Forget(peer);
        Assert.True(assembly.Held <= info.Length);
    }

    private byte[]? Give(int peer, int part) => Give(peer, part, out _);

    private byte[]? Give(int peer, int part, out bool liar, bool spoil = false, long now = 0)
    {
        int start = part * MetadataMessage.PartSize;
        byte[] data = info[start..Math.Min(info.Length, start + MetadataMessage.PartSize)];
        if (spoil) data[0] ^= 1;
        return assembly.OnData(peer, new MetadataMessage(MetadataMessageKind.Data, part, info.Length), data, now, out liar);
    }
}
