using System.Net;
using FsCheck;
using FsCheck.Fluent;
using Spate.Engine.Dht;
using Spate.Engine.Tests.Discovery;
using Spate.Protocol;

namespace Spate.Engine.Tests.Dht;

public class NodeIdsTests
{
    private readonly TestWorld world = new();

    [Theory] // the examples of BEP 42
    [InlineData("124.31.75.21", "5fbfbff10c5d6a4ec8a88e4c6ab4c28b95eee401")]
    [InlineData("21.75.31.124", "5a3ce9c14e7a08645677bbd1cfe7d8f956d53256")]
    [InlineData("65.23.51.170", "a5d43220bc8f112a3d426c84764f8c2a1150e616")]
    [InlineData("84.124.73.14", "1b0321dd1bb1fe518101ceef99462b947a01ff41")]
    [InlineData("43.213.53.83", "e56f6cbf5b7c4be0237986d5243b87aa6d51305a")]
    public void Published_vectors(string address, string id)
    {
        Sha1Hash hash = Id(id);
        Assert.True(NodeIds.IsValid(hash, IPAddress.Parse(address)));
        Assert.False(NodeIds.IsValid(hash, IPAddress.Parse("198.51.100.1")));
        // The lower three bits of the third byte are free, the 21st is not.
        Assert.True(NodeIds.IsValid(Flip(hash, 23), IPAddress.Parse(address)));
        Assert.False(NodeIds.IsValid(Flip(hash, 20), IPAddress.Parse(address)));
    }

    [Theory]
    [InlineData("203.0.113.5")]
    [InlineData("2001:db8:7:8:9::1")]
    public void Ids_made_for_an_address_are_valid_there(string address)
    {
        IPAddress at = IPAddress.Parse(address);
        var firsts = new HashSet<byte>();
        for (int i = 0; i < 200; i++)
        {
            Sha1Hash id = NodeIds.For(at, world);
            Assert.True(NodeIds.IsValid(id, at));
            firsts.Add(id.AsSpan()[0]);
        }
        Assert.InRange(firsts.Count, 2, 8); // one for each of the eight values of r
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("10.1.2.3")]
    [InlineData("192.168.7.7")]
    [InlineData("::1")]
    [InlineData("fe80::1")]
    public void Local_addresses_may_have_any_id(string address) => Assert.True(NodeIds.IsValid(default, IPAddress.Parse(address)));

    [Fact]
    public void Shared_bits_are_what_was_asked_for()
    {
        for (int bits = 0; bits < NodeIds.Bits; bits++)
        {
            Sha1Hash id = NodeIds.Any(world);
            Assert.Equal(bits, NodeIds.SharedBits(id, NodeIds.WithSharedBits(id, bits, world)));
        }
        Sha1Hash same = NodeIds.Any(world);
        Assert.Equal(NodeIds.Bits, NodeIds.SharedBits(same, same));
    }

    [Fact]
    public void Distance_orders_as_the_xor_does()
    {
        Prop.ForAll<int>(seed =>
        {
            var random = new TestWorld(seed);
            Sha1Hash target = NodeIds.Any(random), a = NodeIds.Any(random);
            Sha1Hash b = NodeIds.WithSharedBits(a, random.Next(160), random);
            byte[] x = new byte[20], y = new byte[20];
            for (int i = 0; i < 20; i++)
            {
                x[i] = (byte)(a.AsSpan()[i] ^ target.AsSpan()[i]);
                y[i] = (byte)(b.AsSpan()[i] ^ target.AsSpan()[i]);
            }
            int expected = Math.Sign(x.AsSpan().SequenceCompareTo(y));
            return Math.Sign(NodeIds.CompareDistance(target, a, b)) == expected && NodeIds.CompareDistance(target, a, a) == 0;
        }).QuickCheckThrowOnFailure();
    }

    private static Sha1Hash Id(string hex) => Sha1Hash.TryParseHex(hex, out Sha1Hash id) ? id : throw new ArgumentException(hex);

    private static Sha1Hash Flip(Sha1Hash id, int bit)
    {
        byte[] bytes = id.AsSpan().ToArray();
        bytes[bit / 8] ^= (byte)(0x80 >> (bit % 8));
        return new Sha1Hash(bytes);
    }
}
