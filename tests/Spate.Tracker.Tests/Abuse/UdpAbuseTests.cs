using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Spate.Protocol;
using Spate.Protocol.Trackers;
using Spate.Tracker.Tests.Server;
using Spate.Tracker.Udp;

namespace Spate.Tracker.Tests.Abuse;

[Collection(Alone.Name)]
public class UdpAbuseTests
{
    private static readonly byte[] secret = "a secret of some length"u8.ToArray();

    // Longer datagrams do not leave an IPv4 socket.
    private const int LongestDatagram = 65_507;

    /// <summary>Ids that prove nothing: none, made up, somebody else's, and one that was good two minutes ago.</summary>
    private static ulong[] FalseIds(SetTime time, byte[] ownAddress)
    {
        var ids = new ConnectionIds(secret);
        ulong now = (ulong)time.GetUtcNow().ToUnixTimeSeconds();
        byte[] other = (byte[])ownAddress.Clone();
        other[^1] ^= 0x40;
        ulong good = ids.Make(ownAddress, now);
        return [UdpTracker.ProtocolId, 0, 1, ulong.MaxValue, 0x1234_5678_9ABC_DEF0, ids.Make(other, now), ids.Make(ownAddress, now - 121), good ^ 1, good ^ 1ul << 63];
    }

    private static IEnumerable<byte[]> AllKinds(ulong[] ids, bool v6)
    {
        int[] lengths = [0, 1, 7, 8, 12, 15, 16, 17, 20, 35, 36, 56, 97, 98, 99, 150, 500, 1000, 1496, 1500, 1599, 1600, 1601, 2000, 9000, v6 ? 60_000 : LongestDatagram];
        uint number = 0;
        foreach (uint action in new uint[] { 0, 1, 2, 3, 4, 0x0100_0000, uint.MaxValue })
        {
            foreach (ulong id in ids)
            {
                foreach (int length in lengths)
                {
                    byte[] packet = new byte[length];
                    new Random(length).NextBytes(packet);
                    byte[] head = new byte[16];
                    BinaryPrimitives.WriteUInt64BigEndian(head, id);
                    BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(8), action);
                    BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(12), ++number);
                    head.AsSpan(0, Math.Min(16, length)).CopyTo(packet);
                    yield return packet;
                }
            }
        }
    }

    [Theory, InlineData(false, false), InlineData(false, true), InlineData(true, false), InlineData(true, true)]
    public async Task Who_has_not_shown_that_he_receives_never_gets_more_than_he_sent(bool portable, bool v6)
    {
        if (v6 && !Socket.OSSupportsIPv6) return;
        var time = new SetTime();
        await using TestTracker tracker = await TestTracker.StartAsync(o => o with { UsePortableSockets = portable, ConnectionSecret = secret, Time = time });
        IPEndPoint to = tracker.Server.UdpEndPoints[v6 ? 1 : 0];
        using var client = new UdpTestClient(to);
        byte[][] packets = [.. AllKinds(FalseIds(time, to.Address.GetAddressBytes()), v6)];
        List<byte[]> answers = client.AnswersTo(packets);

        // The transaction, which an answer repeats, tells what it is an answer to.
        Dictionary<uint, byte[]> sent = packets.Where(packet => packet.Length >= 16).ToDictionary(packet => BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(12)));
        foreach (byte[] answer in answers)
        {
            byte[] question = sent[BinaryPrimitives.ReadUInt32BigEndian(answer.AsSpan(4))];
            Assert.True(answer.Length <= question.Length, $"{answer.Length} bytes for {question.Length}");
            Assert.Equal(0, BinaryPrimitives.ReadInt32BigEndian(answer)); // only who asks for an id gets anything at all
        }
        Assert.Equal(16, answers.Count); // a connect request of each length from 16 bytes to the longest that is read
        FrontEndStatus udp = tracker.Server.Status.FrontEnds.Single(f => f.Name == "udp");
        Assert.True(udp.BytesOut <= udp.BytesIn);
        Assert.Equal(0, udp.Announces + udp.Scrapes + udp.Errors);
        Assert.Equal(0, tracker.Server.Status.Torrents);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task What_is_cut_off_or_too_long_gets_silence_with_a_good_id_too(bool portable)
    {
        await using TestTracker tracker = await TestTracker.StartAsync(o => o with { UsePortableSockets = portable });
        using var client = new UdpTestClient(tracker.Udp);
        ulong id = client.Connect();
        byte[] announce = new byte[LongestDatagram], scrape = new byte[LongestDatagram];
        UdpRequestWriter.WriteAnnounce(announce, id, 1, TestTracker.Request("t", 1));
        UdpRequestWriter.WriteScrape(scrape, id, 2, [Sha1Hash.Of("t"u8)]);
        Assert.Empty(client.AnswersTo(Enumerable.Range(0, 98).Select(length => announce[..length])));
        Assert.Empty(client.AnswersTo(Enumerable.Range(0, 36).Select(length => scrape[..length])));
        Assert.Empty(client.AnswersTo([announce[..1601], announce, scrape[..1601], scrape])); // 3,274 torrents at once
        byte[] unknown = announce[..98];
        unknown[11] = 9; // an action that there is none of
        Assert.Empty(client.AnswersTo([unknown]));
        byte[] many = new byte[1600];
        announce.AsSpan(0, 16).CopyTo(many);
        many[11] = 2;
        Assert.Equal(8 + 74 * 12, Assert.Single(client.AnswersTo([many])).Length); // as many torrents as a scrape may have
        Assert.Single(client.AnswersTo([announce[..98]]));
    }

    [Fact]
    public async Task Options_that_make_no_sense_do_no_harm()
    {
        await using TestTracker tracker = await TestTracker.StartAsync();
        using var client = new UdpTestClient(tracker.Udp);
        ulong id = client.Connect();
        var random = new Random(8);
        var packets = new List<byte[]>();
        for (int i = 0; i < 500; i++)
        {
            byte[] packet = new byte[98 + random.Next(1400)];
            random.NextBytes(packet);
            UdpRequestWriter.WriteAnnounce(packet, id, (uint)i, TestTracker.Request("t", 1 + i % 7));
            packets.Add(packet);
        }
        Assert.Equal(500, client.AnswersTo(packets).Count);
        Assert.Equal(7, tracker.Server.Status.Leechers);
    }

    [Fact]
    public async Task Honest_clients_are_served_through_a_flood_of_packets()
    {
        await using TestTracker tracker = await TestTracker.StartAsync();
        using var stop = new CancellationTokenSource();
        long sent = 0;
        Thread[] attackers = [.. Enumerable.Range(0, 2).Select(n => new Thread(() => Interlocked.Add(ref sent, Flood(tracker.Udp, n, stop.Token))))];
        foreach (Thread attacker in attackers) attacker.Start();
        int good;
        try { good = await Task.Run(() => HonestClients.AnnounceUdp(tracker, 200)); }
        finally { stop.Cancel(); }
        foreach (Thread attacker in attackers) attacker.Join();
        Assert.Equal(200, good);
        Assert.True(sent > 1000, $"{sent} packets are no flood");
        Assert.Equal(200, tracker.Server.Status.Leechers);
        Assert.Equal(1, tracker.Server.Status.Torrents);
    }

    // Connect requests, announces with made up ids and rubbish, as fast as they leave.
    private static long Flood(IPEndPoint tracker, int seed, CancellationToken stop)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(tracker);
        var random = new Random(seed);
        byte[] connect = new byte[16], announce = new byte[98], rubbish = new byte[1400];
        UdpRequestWriter.WriteConnect(connect, 1);
        random.NextBytes(rubbish);
        long sent = 0;
        for (; !stop.IsCancellationRequested; sent++)
        {
            UdpRequestWriter.WriteAnnounce(announce, (ulong)random.NextInt64(), 1, TestTracker.Request("attack", 1));
            ReadOnlySpan<byte> packet = (sent % 3) switch { 0 => connect, 1 => announce, _ => rubbish.AsSpan(0, random.Next(1400)) };
            try { socket.Send(packet); }
            catch (SocketException) { } // no buffer left: the flood is as wide as the machine lets it be
        }
        return sent;
    }

    [Fact]
    public async Task Invented_torrents_fill_no_more_than_the_cap_and_push_nobody_out()
    {
        const long cap = 4 << 20;
        await using TestTracker tracker = await TestTracker.StartAsync(o => o with { MemoryCapBytes = cap });
        Assert.Equal(50, HonestClients.AnnounceUdp(tracker, 50));
        using var client = new UdpTestClient(tracker.Udp);
        ulong id = client.Connect();
        List<byte[]> answers = client.AnswersTo(Enumerable.Range(0, 100_000).Select(i =>
        {
            byte[] packet = new byte[98];
            UdpRequestWriter.WriteAnnounce(packet, id, (uint)i, TestTracker.Request($"invented {i}", 1));
            return packet;
        }));
        Assert.Equal(100_000, answers.Count);
        TrackerStatus status = tracker.Server.Status;
        Assert.True(status.IsFull);
        Assert.InRange(status.StoreBytes, cap, cap * 5 / 4); // the last table to grow may go over it
        Assert.InRange(status.Torrents, 10_000, 99_000);
        Assert.Equal(100_001 - status.Torrents, status.Refusals.Single(refusal => refusal.Key == "TrackerFull").Value);

        // Who was there stays, is counted and finds the others; who is new to a known torrent finds them too.
        Assert.Equal(50, HonestClients.AnnounceUdp(tracker, 50));
        AnnounceAnswer late = await tracker.AnnounceHttpAsync(TestTracker.Request("honest", 999));
        Assert.Equal((50, 50), (late.Leechers, late.Peers.Count));
        AnnounceAnswer refused = await tracker.AnnounceHttpAsync(TestTracker.Request("one more", 999));
        Assert.Equal(("the tracker is full and takes no new torrents for now", TimeSpan.FromMinutes(30)), (refused.Failure, refused.RetryIn));
    }
}
