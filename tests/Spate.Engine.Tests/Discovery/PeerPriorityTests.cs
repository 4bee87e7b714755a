using System.Net;
using FsCheck;
using FsCheck.Fluent;
using Spate.Engine.Discovery;

namespace Spate.Engine.Tests.Discovery;

public class PeerPriorityTests
{
    [Theory] // the examples of BEP 40
    [InlineData("123.213.32.10", "98.76.54.32", 0xec2d7224)]
    [InlineData("123.213.32.10", "123.213.32.234", 0x99568189)]
    public void Published_vectors(string client, string peer, uint expected)
    {
        Assert.Equal(expected, PeerPriority.Of(At(client, 1), At(peer, 2)));
        Assert.Equal(expected, PeerPriority.Of(At(peer, 9), At(client, 8)));
    }

    [Fact] // RFC 3720, B.4
    public void Crc32C_check_value() => Assert.Equal(0xe3069283u, PeerPriority.Crc32C("123456789"u8));

    [Fact]
    public void Same_16_keeps_three_bytes()
    {
        // Masked to 7bd52000 & 7bd5ff00 with ff.ff.ff.55: the last byte counts only through 0x55.
        Assert.Equal(PeerPriority.Of(At("123.213.32.0", 1), At("123.213.255.0", 1)), PeerPriority.Of(At("123.213.32.170", 1), At("123.213.255.2", 1)));
        Assert.NotEqual(PeerPriority.Of(At("123.213.32.0", 1), At("123.213.255.0", 1)), PeerPriority.Of(At("123.213.32.0", 1), At("123.213.254.0", 1)));
    }

    [Fact]
    public void Ports_decide_between_equal_addresses()
    {
        uint priority = PeerPriority.Of(At("10.0.0.1", 6881), At("10.0.0.1", 6882));
        Assert.Equal(PeerPriority.Crc32C([0x1a, 0xe1, 0x1a, 0xe2]), priority);
        Assert.Equal(priority, PeerPriority.Of(At("10.0.0.1", 6882), At("10.0.0.1", 6881)));
    }

    [Theory] // BEP 40's masks for IPv6: ffff:ffff:ffff:5555…, one more whole byte for each byte in common
    [InlineData("2001:db8:1::", "2001:db8:2::", "2001:db8:1:aaaa:aaaa::aaaa", true)]
    [InlineData("2001:db8:1::", "2001:db8:2::", "2001:db8:1:1::", false)]
    [InlineData("2001:db8:1::", "2001:db8:1:f000::", "2001:db8:1:00aa::", true)]
    [InlineData("2001:db8:1::", "2001:db8:1:f000::", "2001:db8:1:0800::", false)]
    public void Ipv6_masks(string a, string b, string otherA, bool same)
    {
        Assert.Equal(same, PeerPriority.Of(At(a, 1), At(b, 1)) == PeerPriority.Of(At(otherA, 1), At(b, 1)));
    }

    [Fact]
    public void Is_symmetric_for_all_addresses()
    {
        Prop.ForAll<uint, uint, bool>((x, y, wide) =>
        {
            IPEndPoint a = wide ? At($"2001:db8::{x & 0xffff:x}", 1) : new IPEndPoint(new IPAddress(BitConverter.GetBytes(x)), 1);
            var b = new IPEndPoint(new IPAddress(BitConverter.GetBytes(y)), 2);
            return PeerPriority.Of(a, b) == PeerPriority.Of(b, a);
        }).QuickCheckThrowOnFailure();
    }

    private static IPEndPoint At(string address, int port) => new(IPAddress.Parse(address), port);
}
