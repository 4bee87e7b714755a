using System.Security.Cryptography;
using Spate.Tracker.Udp;

namespace Spate.Tracker.Tests.Udp;

public class ConnectionIdTests
{
    private static readonly byte[] address = [1, 2, 3, 4], otherAddress = [1, 2, 3, 5];

    [Fact]
    public void An_id_is_taken_for_two_minutes_from_its_address_only()
    {
        var ids = new ConnectionIds(null);
        for (ulong start = 0; start < 600; start += 7)
        {
            ulong id = ids.Make(address, start);
            for (ulong age = 0; age < 1000; age++) Assert.Equal(age <= 120, ids.IsValid(id, address, start + age));
            Assert.False(ids.IsValid(id, otherAddress, start));
        }
    }

    [Fact]
    public void No_bit_of_an_id_can_be_changed()
    {
        var ids = new ConnectionIds(null);
        ulong id = ids.Make(address, 1000);
        for (int bit = 0; bit < 64; bit++) Assert.False(ids.IsValid(id ^ 1ul << bit, address, 1000));
    }

    [Fact]
    public void Trackers_with_one_secret_take_each_others_ids_and_others_do_not()
    {
        byte[] secret = RandomNumberGenerator.GetBytes(20);
        ConnectionIds a = new(secret), b = new(secret), c = new(null);
        ulong id = a.Make(address, 5000);
        Assert.True(b.IsValid(id, address, 5003));
        Assert.True(b.IsValid(id, address, 4995)); // its clock goes a little after
        Assert.False(b.IsValid(id, address, 4980));
        Assert.False(c.IsValid(id, address, 5000));
    }

    [Fact]
    public void IPv4_and_IPv6_ids_differ()
    {
        var ids = new ConnectionIds(new byte[16]);
        byte[] v6 = new byte[16];
        address.CopyTo(v6, 0);
        Assert.NotEqual(ids.Make(address, 7), ids.Make(v6, 7));
        byte[] one = new byte[16], two = new byte[16];
        two[15] = 1;
        Assert.NotEqual(ids.Make(one, 7), ids.Make(two, 7));
    }

    [Fact]
    public void Ids_look_random()
    {
        var ids = new ConnectionIds(null);
        var seen = new HashSet<ulong>();
        for (int i = 0; i < 100_000; i++) Assert.True(seen.Add(ids.Make(BitConverter.GetBytes(i), 1)));
        int bits = seen.Sum(id => System.Numerics.BitOperations.PopCount(id >> 8));
        Assert.InRange(bits / (56.0 * seen.Count), 0.49, 0.51);
    }
}
