using System.Net;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Spate.Engine.Discovery;
using Spate.Protocol;
using Spate.Protocol.Wire;

namespace Spate.Engine.Tests.Discovery;

public sealed class LocalDiscoveryTests : IDisposable
{
    private static readonly Sha1Hash hash = Sha1Hash.Of("torrent"u8);

    private readonly TestWorld world = new();
    private readonly TestNetwork network;
    private readonly List<IPEndPoint> found = [];
    private readonly List<LocalDiscovery> all = [];

    public LocalDiscoveryTests() => network = new TestNetwork(world);

    public void Dispose()
    {
        all.ForEach(d => d.Dispose());
        world.Settle();
    }

    [Fact]
    public void A_message_is_what_the_BEP_says()
    {
        byte[] datagram = new byte[LsdMessage.MaxSize];
        int length = LsdMessage.Write(datagram, "239.192.152.143:6771", 6881, [hash, hash], "cafe");
        Assert.Equal(
            $"BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 6881\r\nInfohash: {hash}\r\nInfohash: {hash}\r\ncookie: cafe\r\n\r\n\r\n",
            Encoding.ASCII.GetString(datagram, 0, length));
    }

    [Fact]
    public void As_many_torrents_as_are_allowed_fit_a_datagram()
    {
        byte[] datagram = new byte[LsdMessage.MaxSize];
        LsdMessage.Write(datagram, "[ff15::efc0:988f]:6771", 65535, new Sha1Hash[LsdMessage.MaxHashes], new string('c', 16));
    }

    [Theory]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nhost: x\r\nPORT: 1\r\ninfohash: {0}\r\n\r\n", true)]
    [InlineData("BT-SEARCH * HTTP/1.1\nPort:1\nInfohash:{0}\n\n", true)]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: {0}\r\nX-New: y\r\n", true)]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nPort: 0\r\nInfohash: {0}\r\n\r\n", false)]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nPort: 65536\r\nInfohash: {0}\r\n\r\n", false)]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nPort: 1x\r\nInfohash: {0}\r\n\r\n", false)]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nInfohash: {0}\r\n\r\n", false)]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: {0}0\r\n\r\n", false)]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: zz\r\n\r\n", false)]
    [InlineData("BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nnonsense\r\n\r\n", false)]
    [InlineData("M-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: {0}\r\n\r\n", false)]
    [InlineData("", false)]
    public void Reads_what_others_write(string text, bool valid)
    {
        byte[] datagram = Encoding.ASCII.GetBytes(string.Format(text, hash));
        Assert.Equal(valid, LsdMessage.TryRead(datagram, new Sha1Hash[4], out int count, out ushort port, out _));
        if (valid) Assert.Equal((1, 1), (count, port));
    }

    [Fact]
    public void Any_bytes_are_read_without_an_exception()
    {
        Prop.ForAll<byte[], string>((bytes, text) =>
        {
            LsdMessage.TryRead(bytes, new Sha1Hash[2], out _, out _, out _);
            byte[] headers = [.. "BT-SEARCH * HTTP/1.1\r\n"u8, .. Encoding.UTF8.GetBytes(text ?? ""), .. "\r\n"u8, .. bytes];
            LsdMessage.TryRead(headers, new Sha1Hash[2], out int count, out _, out _);
            return count <= 2;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Two_sessions_find_each_other_and_not_themselves()
    {
        List<IPEndPoint> foundByA = [], foundByB = [];
        Session("10.0.0.1", 1111).Add(hash, world.Strand, foundByA.Add);
        world.Advance(100);
        Session("10.0.0.2", 2222).Add(hash, world.Strand, foundByB.Add);
        world.Advance(100);
        Assert.Equal(["10.0.0.2:2222", "[::1]:2222"], foundByA.Select(p => p.ToString()).Distinct().Order());
        Assert.Empty(foundByB); // A spoke before B was there
        world.Advance(301_000);
        Assert.Equal(["10.0.0.1:1111", "[::1]:1111"], foundByB.Select(p => p.ToString()).Distinct().Order());
    }

    [Fact]
    public void Each_torrent_every_five_minutes_and_one_datagram_a_minute()
    {
        LocalDiscovery session = Session("10.0.0.1", 1);
        for (int i = 0; i < 50; i++) session.Add(Sha1Hash.Of([(byte)i]), world.Strand, found.Add);
        world.Advance(3_600_000);
        var announces = network.Sent.Where(s => s.To.Equals(LocalDiscovery.Group4)).ToList();
        Assert.InRange(announces.Count, 37, 60);
        var hashes = new Sha1Hash[64];
        var counts = new Dictionary<Sha1Hash, int>();
        foreach (var (_, _, payload) in announces)
        {
            Assert.True(LsdMessage.TryRead(payload, hashes, out int count, out _, out _));
            for (int i = 0; i < count; i++) counts[hashes[i]] = counts.GetValueOrDefault(hashes[i]) + 1;
        }
        Assert.Equal(50, counts.Count);
        Assert.All(counts.Values, c => Assert.InRange(c, 11, 13));
    }

    [Fact]
    public void A_removed_torrent_is_silent()
    {
        LocalDiscovery session = Session("10.0.0.1", 1);
        session.Add(hash, world.Strand, found.Add);
        world.Advance(1000);
        session.Remove(hash);
        int before = network.Sent.Count;
        world.Advance(1_000_000);
        Assert.Equal(before, network.Sent.Count);
    }

    [Fact]
    public void Nobody_outside_can_point_us_anywhere_and_a_flood_is_bounded()
    {
        Session("10.0.0.1", 1).Add(hash, world.Strand, found.Add);
        world.Advance(100);
        byte[] datagram = new byte[LsdMessage.MaxSize];
        int length = LsdMessage.Write(datagram, "239.192.152.143:6771", 80, [hash], "other");
        network.Multicast(IPEndPoint.Parse("203.0.113.1:6771"), LocalDiscovery.Group4, datagram[..length]);
        world.Advance(100);
        Assert.Empty(found);
        for (int i = 0; i < 1000; i++) network.Multicast(IPEndPoint.Parse("10.0.0.7:6771"), LocalDiscovery.Group4, datagram[..length]);
        world.Advance(100);
        Assert.Equal(20, found.Count);
        world.Advance(60_000);
        network.Multicast(IPEndPoint.Parse("10.0.0.7:6771"), LocalDiscovery.Group4, datagram[..length]);
        world.Advance(100);
        Assert.Equal(21, found.Count);
    }

    [Fact]
    public void Without_multicast_it_says_so_and_does_nothing()
    {
        network.HasMulticast = false;
        LocalDiscovery session = Session("10.0.0.1", 1);
        session.Add(hash, world.Strand, found.Add);
        world.Advance(1000);
        Assert.Equal("This network has no multicast.", session.Problem);
        Assert.Empty(network.Sent);
    }

    private LocalDiscovery Session(string address, int port)
    {
        network.MulticastFrom = IPAddress.Parse(address);
        var session = new LocalDiscovery(network, world, world, world, port, e => throw e);
        world.Settle();
        all.Add(session);
        return session;
    }
}
