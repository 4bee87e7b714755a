using System.Net;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Spate.Engine.Discovery;
using Spate.Protocol.Bencode;
using Spate.Protocol.Wire;

namespace Spate.Engine.Tests.Discovery;

public class PexTests
{
    private readonly PexSwarm swarm = new();
    private readonly CandidateList candidates = new(1);

    [Fact]
    public void A_message_is_what_the_BEP_says()
    {
        var writer = new BencodeWriter();
        PexMessage.Write(writer, [new(At("1.2.3.4", 0x1ae1), PexFlags.Seed | PexFlags.Reachable)], [At("5.6.7.8", 1)]);
        Assert.Equal("d5:added6:\x01\x02\x03\x04\x1a\u00e17:added.f1:\x12" + "7:dropped6:\x05\x06\x07\b\0\x01" + "e", Encoding.Latin1.GetString(writer.Written));
    }

    [Fact]
    public void What_is_written_is_read()
    {
        PexPeer[] added = [new(At("1.2.3.4", 1), PexFlags.Seed), new(At("2001:db8::1", 2), PexFlags.SupportsUtp), new(At("1.2.3.5", 3), PexFlags.None)];
        IPEndPoint[] dropped = [At("2001:db8::2", 4), At("9.9.9.9", 5)];
        var writer = new BencodeWriter();
        PexMessage.Write(writer, added, dropped);
        var readAdded = new List<PexPeer>();
        var readDropped = new List<IPEndPoint>();
        Assert.True(PexMessage.TryRead(writer.Written, 100, readAdded, readDropped));
        Assert.Equal(added.OrderBy(p => p.EndPoint.Port), readAdded.OrderBy(p => p.EndPoint.Port));
        Assert.Equal(dropped.OrderBy(p => p.Port), readDropped.OrderBy(p => p.Port));
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("le", false)]
    [InlineData("d5:addedi1ee", false)]
    [InlineData("d5:added6:123456", false)]
    [InlineData("de", true)]
    [InlineData("d5:added5:12345e", true)] // not a whole peer
    [InlineData("d5:added6:1234\0\0e", true)] // port 0
    public void Odd_messages_bring_nothing(string text, bool valid)
    {
        var added = new List<PexPeer>();
        Assert.Equal(valid, PexMessage.TryRead(Encoding.Latin1.GetBytes(text), 10, added, []));
        Assert.Empty(added);
    }

    [Fact]
    public void Flags_belong_to_their_peer_even_after_one_that_is_left_out()
    {
        var added = new List<PexPeer>();
        byte[] text = Encoding.Latin1.GetBytes("d5:added18:aaaa\0\x01" + "bbbb\0\0cccc\0\x02" + "7:added.f3:\x01\x02\x04" + "e");
        Assert.True(PexMessage.TryRead(text, 10, added, []));
        Assert.Equal([PexFlags.PrefersEncryption, PexFlags.SupportsUtp], added.Select(a => a.Flags));
    }

    [Fact]
    public void Any_bytes_are_read_without_an_exception()
    {
        Prop.ForAll<byte[]>(bytes =>
        {
            var added = new List<PexPeer>();
            var dropped = new List<IPEndPoint>();
            PexMessage.TryRead(bytes, 50, added, dropped);
            byte[] inside = [.. "d5:added"u8, .. Encoding.ASCII.GetBytes($"{bytes.Length}:"), .. bytes, .. "e"u8];
            return PexMessage.TryRead(inside, 50, added, dropped) && added.Count <= 50 && added.All(a => a.EndPoint.Port != 0);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Tells_who_came_and_who_went_once_a_minute()
    {
        var sender = new PexSender(swarm, At("10.0.0.9", 9));
        swarm.OnConnected(At("10.0.0.1", 1), PexFlags.None);
        swarm.OnConnected(At("10.0.0.9", 9), PexFlags.None); // the recipient itself
        (List<PexPeer> added, List<IPEndPoint> dropped) = Compose(sender, 0)!.Value;
        Assert.Equal(["10.0.0.1:1"], added.Select(a => a.EndPoint.ToString()));
        Assert.Empty(dropped);

        swarm.OnConnected(At("10.0.0.2", 2), PexFlags.Seed);
        swarm.OnDisconnected(At("10.0.0.1", 1), isStillGood: false);
        Assert.Null(Compose(sender, 59_999));
        (added, dropped) = Compose(sender, 60_000)!.Value;
        Assert.Equal([new PexPeer(At("10.0.0.2", 2), PexFlags.Seed)], added);
        Assert.Equal(["10.0.0.1:1"], dropped.Select(d => d.ToString()));

        Assert.Null(Compose(sender, 120_000)); // nothing new
        swarm.OnConnected(At("10.0.0.3", 3), PexFlags.None);
        Assert.NotNull(Compose(sender, 120_001)); // so it need not wait another minute
    }

    [Fact]
    public void No_more_than_fifty_of_each_and_all_of_them_in_the_end()
    {
        var sender = new PexSender(swarm, null);
        var known = new HashSet<IPEndPoint>();
        for (int i = 0; i < 170; i++) swarm.OnConnected(At($"10.0.{i}.1", 1), PexFlags.None);
        long now = 0;
        for (int round = 0; Compose(sender, now) is (List<PexPeer> added, List<IPEndPoint> dropped); round++, now += 60_000)
        {
            Assert.True(added.Count <= 50 && dropped.Count <= 50);
            foreach (PexPeer peer in added) Assert.True(known.Add(peer.EndPoint));
            foreach (IPEndPoint gone in dropped) Assert.True(known.Remove(gone));
            if (round != 2) continue;
            for (int i = 0; i < 120; i++) swarm.OnDisconnected(At($"10.0.{i}.1", 1), isStillGood: false);
        }
        Assert.Equal(50, known.Count);
    }

    [Fact]
    public void Peers_left_for_our_own_reasons_are_told_once_and_dropped_with_the_next_message()
    {
        var sender = new PexSender(swarm, null);
        for (int i = 0; i < 40; i++)
        {
            swarm.OnConnected(At($"10.0.{i}.1", 1), PexFlags.Seed);
            swarm.OnDisconnected(At($"10.0.{i}.1", 1), isStillGood: i % 10 != 9);
        }
        (List<PexPeer> added, _) = Compose(sender, 0)!.Value;
        Assert.Equal(25, added.Count); // the last 25 of 36
        (List<PexPeer> again, List<IPEndPoint> dropped) = Compose(sender, 60_000)!.Value;
        Assert.Empty(again);
        Assert.Equal(25, dropped.Count);
        Assert.Null(Compose(sender, 120_000));
    }

    [Fact]
    public void A_swarm_with_enough_connections_tells_of_those_alone()
    {
        var sender = new PexSender(swarm, null);
        for (int i = 0; i < 25; i++) swarm.OnConnected(At($"10.0.{i}.1", 1), PexFlags.None);
        swarm.OnConnected(At("10.1.0.1", 1), PexFlags.None);
        swarm.OnDisconnected(At("10.1.0.1", 1), isStillGood: true);
        Assert.Equal(25, Compose(sender, 0)!.Value.Added.Count);
    }

    [Fact]
    public void Any_history_tells_a_consistent_story()
    {
        Prop.ForAll<(byte Peer, bool Connects, bool Good, bool Minute)[]>(history =>
        {
            var here = new PexSwarm();
            var sender = new PexSender(here, At("10.0.0.200", 1));
            var believed = new HashSet<IPEndPoint>();
            long now = 0;
            foreach ((byte peer, bool connects, bool good, bool minute) in history)
            {
                IPEndPoint at = At($"10.0.0.{peer % 8}", 1);
                if (connects) here.OnConnected(at, PexFlags.None);
                else here.OnDisconnected(at, good);
                if (!minute) continue;
                now += 60_000;
                if (Compose(sender, now) is not (List<PexPeer> added, List<IPEndPoint> dropped)) continue;
                if (added.Any(a => dropped.Contains(a.EndPoint))) return false;
                if (added.Any(a => !believed.Add(a.EndPoint)) || dropped.Any(d => !believed.Remove(d))) return false;
                if (here.Live.Keys.Any(l => !believed.Contains(l))) return false;
            }
            Compose(sender, now + 60_000);
            Compose(sender, now + 120_000);
            return Compose(sender, now + 180_000) is null;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Received_peers_become_candidates_with_their_seed_flag()
    {
        var receiver = new PexReceiver(IPAddress.Parse("198.51.100.1"), candidates);
        Assert.Equal(PexVerdict.Taken, receiver.Receive(Message([new(At("203.0.113.1", 1), PexFlags.Seed), new(At("203.0.113.2", 1), PexFlags.None)], []), 0));
        Assert.Equal([true, false], candidates.Entries.Select(c => c.IsSeed));
        Assert.Equal(2, candidates.CountOf(CandidateSource.Pex));
    }

    [Fact]
    public void A_peer_outside_can_not_point_inside()
    {
        PexPeer[] inside = [new(At("127.0.0.1", 80), 0), new(At("192.168.1.1", 80), 0), new(At("fe80::1", 80), 0), new(At("::ffff:10.0.0.1", 80), 0)];
        new PexReceiver(IPAddress.Parse("198.51.100.1"), candidates).Receive(Message(inside, []), 0);
        Assert.Equal(0, candidates.Count);
        new PexReceiver(IPAddress.Parse("192.168.1.2"), candidates).Receive(Message(inside, []), 0);
        Assert.Equal(3, candidates.Count);
    }

    [Fact]
    public void One_port_for_each_address_except_on_loopback()
    {
        var receiver = new PexReceiver(IPAddress.Loopback, candidates);
        receiver.Receive(Message([.. Enumerable.Range(1, 20).Select(i => new PexPeer(At("203.0.113.1", i), 0))], []), 0);
        Assert.Equal(1, candidates.Count);
        receiver.Receive(Message([.. Enumerable.Range(1, 20).Select(i => new PexPeer(At("127.0.0.1", i), 0))], []), 60_000);
        Assert.Equal(21, candidates.Count);
    }

    [Fact]
    public void Messages_that_come_too_often_are_ignored_and_end_in_a_disconnect()
    {
        var receiver = new PexReceiver(IPAddress.Loopback, candidates);
        Assert.Equal(PexVerdict.Taken, receiver.Receive(Message([], []), 0));
        for (int i = 0; i < 5; i++) Assert.Equal(PexVerdict.Ignored, receiver.Receive(Message([new(At("203.0.113.1", 1), 0)], []), 1000 + i));
        Assert.Equal(PexVerdict.Abusive, receiver.Receive(Message([], []), 2000));
        Assert.Equal(0, candidates.Count);
    }

    [Fact]
    public void A_peer_that_floods_gets_little_of_the_list()
    {
        var receiver = new PexReceiver(IPAddress.Parse("198.51.100.1"), candidates);
        IPEndPoint[] before = [];
        for (int minute = 0; minute < 60; minute++)
        {
            PexPeer[] invented = [.. Enumerable.Range(0, 1000).Select(i => new PexPeer(At($"203.{minute}.{i / 250}.{i % 250 + 1}", 6881), 0))];
            receiver.Receive(Message(invented, before), minute * 60_000);
            before = [.. invented.Select(p => p.EndPoint)];
        }
        Assert.InRange(receiver.Taken, 100, 100 + 60 * 20);
        Assert.Equal(PexVerdict.Malformed, receiver.Receive("junk"u8, 61 * 60_000));
    }

    private static byte[] Message(PexPeer[] added, IPEndPoint[] dropped)
    {
        var writer = new BencodeWriter();
        PexMessage.Write(writer, added, dropped);
        return writer.ToArray();
    }

    private static (List<PexPeer> Added, List<IPEndPoint> Dropped)? Compose(PexSender sender, long now)
    {
        var writer = new BencodeWriter();
        if (!sender.TryCompose(now, writer)) return null;
        var added = new List<PexPeer>();
        var dropped = new List<IPEndPoint>();
        Assert.True(PexMessage.TryRead(writer.Written, 1000, added, dropped));
        return (added, dropped);
    }

    private static IPEndPoint At(string address, int port) => new(IPAddress.Parse(address), port);
}
