using System.Net;
using System.Net.Sockets;
using System.Text;
using Spate.Engine.Dht;
using Spate.Protocol;
using Spate.Protocol.Bencode;
using Spate.Protocol.Dht;
using Xunit.Abstractions;

namespace Spate.Engine.Tests.Dht;

public class DhtNodeTests(ITestOutputHelper output)
{
    private static readonly Sha1Hash hash = Sha1Hash.Of("torrent"u8);
    private static readonly IPEndPoint stranger = IPEndPoint.Parse("198.51.100.9:4444");

    private readonly DhtWorld world = new(1);
    private readonly List<(byte[] Datagram, IPEndPoint To)> sent = [];

    [Fact]
    public void Answers_a_ping_with_its_id_and_the_askers_address()
    {
        DhtNode node = Alone();
        Query(node, new KrpcQuery { Method = KrpcMethod.Ping, Id = hash });
        KrpcMessage answer = Sent(0);
        Assert.Equal(KrpcKind.Response, answer.Kind);
        Assert.True(answer.Id.SequenceEqual(node.Id.AsSpan()));
        Assert.Equal("C6336409115C", Convert.ToHexString(answer.Ip));
        Assert.True(answer.TransactionId.SequenceEqual("tt"u8));
    }

    [Fact]
    public void Refuses_with_the_codes_of_the_BEP()
    {
        DhtNode node = Alone();
        Receive(node, "d1:ade1:q4:ping1:t2:tt1:y1:qe");
        Receive(node, "d1:ad2:id20:abcdefghij0123456789e1:q9:get_peers1:t2:tt1:y1:qe");
        Receive(node, "d1:ad2:id20:abcdefghij0123456789e1:q5:dance1:t2:tt1:y1:qe");
        Query(node, new KrpcQuery { Method = KrpcMethod.AnnouncePeer, Id = hash, Target = hash, Port = 1, Token = "guess"u8 });
        Assert.Equal([203, 203, 204, 203], Enumerable.Range(0, 4).Select(i => Sent(i).ErrorCode));
        Assert.Equal(0, node.Peers.TorrentCount);
    }

    [Fact]
    public void An_unknown_method_with_a_target_is_helped_along()
    {
        DhtNode node = Alone();
        Receive(node, "d1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz123456e1:q5:dance1:t2:tt1:y1:qe");
        Assert.Equal(KrpcKind.Response, Sent(0).Kind);
    }

    [Fact]
    public void A_read_only_node_is_silent_and_says_so_when_it_asks()
    {
        DhtNode node = Alone(new DhtNodeOptions { ReadOnly = true });
        Query(node, new KrpcQuery { Method = KrpcMethod.Ping, Id = hash });
        Assert.Empty(sent);
        node.Try(stranger, world.NowMs);
        Assert.True(Sent(0).IsReadOnly);
    }

    [Fact]
    public void A_read_only_asker_is_not_remembered()
    {
        DhtNode node = Alone();
        Query(node, new KrpcQuery { Method = KrpcMethod.Ping, Id = hash, IsReadOnly = true });
        Assert.Null(node.Table.NextToTry(world.NowMs, 0));
        Query(node, new KrpcQuery { Method = KrpcMethod.Ping, Id = hash });
        Assert.NotNull(node.Table.NextToTry(world.NowMs, 0));
    }

    [Fact]
    public void Answers_count_only_from_where_the_question_went()
    {
        DhtNode node = Alone();
        node.Try(stranger, world.NowMs);
        byte[] transaction = Sent(0).TransactionId.ToArray();
        IPEndPoint other = IPEndPoint.Parse("198.51.100.10:4444");
        node.OnDatagram(Reply(transaction, new KrpcReply { Id = hash }, node), other, world.NowMs);
        node.OnDatagram(Reply([1, 2, 3, 4], new KrpcReply { Id = hash }, node), stranger, world.NowMs);
        node.OnDatagram(Reply([1], new KrpcReply { Id = hash }, node), stranger, world.NowMs);
        Assert.Equal((0, 3), (node.Table.Count, node.Counters.Unmatched));
        node.OnDatagram(Reply(transaction, new KrpcReply { Id = hash }, node), stranger, world.NowMs);
        Assert.Equal(1, node.Table.Count);
        node.OnDatagram(Reply(transaction, new KrpcReply { Id = NodeIds.Any(world) }, node), stranger, world.NowMs); // a replay
        Assert.Equal((1, 4), (node.Table.Count, node.Counters.Unmatched));
    }

    [Fact]
    public void A_flood_is_ignored_after_a_few_and_costs_no_memory()
    {
        DhtNode node = Alone();
        for (int i = 0; i < 5000; i++) Query(node, new KrpcQuery { Method = KrpcMethod.Ping, Id = NodeIds.Any(world) });
        Assert.InRange(sent.Count, 40, 60);
        Assert.Equal(5000 - node.Counters.QueriesReceived, node.Counters.Limited);
        sent.Clear();
        for (int i = 0; i < 5000; i++) Receive(node, "garbage" + i);
        Assert.Equal(5000, node.Counters.Malformed);
        Assert.Empty(sent);
    }

    /// <summary>Somebody who guesses transaction ids in the name of a node that we asked: 32 random bits, and the node itself still counts.</summary>
    [Fact]
    public void A_flood_of_guessed_and_replayed_answers_changes_nothing_and_shuts_nobody_out()
    {
        DhtNode node = Alone();
        node.Try(stranger, world.NowMs);
        byte[] transaction = Sent(0).TransactionId.ToArray();
        for (int i = 0; i < 20_000; i++)
        {
            byte[] guess = BitConverter.GetBytes(i * 214_013 + 2_531_011);
            if (guess.AsSpan().SequenceEqual(transaction)) continue;
            node.OnDatagram(Reply(guess, new KrpcReply { Id = NodeIds.Any(world), Nodes = [new NodeInfo(hash, stranger)] }, node), stranger, world.NowMs);
        }
        Assert.Equal((0, 0), (node.Table.Count, node.LookupCount));
        Assert.Null(node.Table.NextToTry(world.NowMs, 0));
        node.OnDatagram(Reply(transaction, new KrpcReply { Id = hash }, node), stranger, world.NowMs);
        Assert.Equal(1, node.Table.Count);
        long unmatched = node.Counters.Unmatched;
        for (int i = 0; i < 1000; i++) node.OnDatagram(Reply(transaction, new KrpcReply { Id = NodeIds.Any(world) }, node), stranger, world.NowMs);
        Assert.Equal((1, unmatched + 1000), (node.Table.Count, node.Counters.Unmatched));
        Assert.True(node.Table.TryGet(stranger, out Contact? contact) && contact.Id == hash);
    }

    [Fact]
    public void Any_garbage_leaves_a_node_working()
    {
        List<DhtHost> hosts = DhtSimulationTests.Grow(world, 20);
        world.Run(10_000);
        var random = new Random(4);
        byte[][] models =
        [
            Bytes(new KrpcQuery { Method = KrpcMethod.GetPeers, Id = hash, Target = hash, Want = KrpcWant.V4 | KrpcWant.V6, WantsScrape = true }),
            Bytes(new KrpcQuery { Method = KrpcMethod.Put, Id = hash, Token = "x"u8, Value = "i1e"u8, Sequence = 1 }),
            Bytes(new KrpcQuery { Method = KrpcMethod.SampleInfohashes, Id = hash, Target = hash }),
            Reply([1, 2, 3, 4], new KrpcReply { Id = hash, Nodes = [new NodeInfo(hash, stranger)], Peers = [stranger] }, hosts[0].Node),
        ];
        for (int i = 0; i < 20_000; i++)
        {
            byte[] datagram = [.. models[i % models.Length]];
            for (int change = random.Next(6); change > 0; change--) datagram[random.Next(datagram.Length)] = (byte)random.Next(256);
            if (random.Next(10) == 0) datagram = datagram[..random.Next(datagram.Length)];
            hosts[i % 20].Receive(datagram, world.FreshAddress());
        }
        world.Run(60_000);
        DhtSimulationTests.Announce(hosts[3], hash, 99, _ => { });
        world.Run(20_000);
        Assert.Contains(new IPEndPoint(hosts[3].At.Address, 99), DhtSimulationTests.GetPeers(world, hosts[9], hash).Peers);
    }

    [Fact]
    public void An_address_that_has_not_shown_itself_gets_three_bytes_for_one_at_most()
    {
        List<DhtHost> hosts = DhtSimulationTests.Grow(world, 60);
        world.Run(30_000);
        DhtHost host = hosts[0];
        for (int i = 0; i < 400; i++) host.Node.Peers.Add(hash, world.FreshAddress(), i % 2 == 0, world.NowMs);
        DhtItem big = DhtItem.Immutable(Encoding.ASCII.GetBytes($"900:{new string('x', 900)}"));
        Store(host.Node, big);
        double worst = 0;
        foreach (bool readOnly in new[] { false, true })
        {
            byte[][] queries =
            [
                Bytes(new KrpcQuery { Method = KrpcMethod.Ping, Id = hash, IsReadOnly = readOnly }),
                Bytes(new KrpcQuery { Method = KrpcMethod.FindNode, Id = hash, Target = hash, Want = KrpcWant.V4 | KrpcWant.V6, IsReadOnly = readOnly }),
                Bytes(new KrpcQuery { Method = KrpcMethod.GetPeers, Id = hash, Target = hash, WantsScrape = true, IsReadOnly = readOnly }),
                Bytes(new KrpcQuery { Method = KrpcMethod.GetPeers, Id = hash, Target = hash, IsReadOnly = readOnly }),
                Bytes(new KrpcQuery { Method = KrpcMethod.Get, Id = hash, Target = big.Target, IsReadOnly = readOnly }),
                Bytes(new KrpcQuery { Method = KrpcMethod.SampleInfohashes, Id = hash, Target = hash, IsReadOnly = readOnly }),
                Encoding.ASCII.GetBytes("d1:ade1:q0:1:t1:a1:y1:qe"),
            ];
            foreach (byte[] query in queries)
            {
                IPEndPoint victim = world.FreshAddress(); // nobody there: whoever wrote, wrote in its name
                long before = host.Node.Counters.BytesSent;
                long others = Background(host);
                host.Receive(query, victim);
                world.Run(3_000);
                long bytes = sentTo.GetValueOrDefault(victim);
                double factor = (double)bytes / query.Length;
                output.WriteLine($"{Name(query)}{(readOnly ? " (read-only)" : "")}: {query.Length} bytes bring {bytes}, {factor:0.00} for one");
                worst = Math.Max(worst, factor);
                Assert.True(bytes <= 3 * query.Length, $"{bytes} bytes for {query.Length}");
            }
        }
        Assert.True(worst > 1);

        long Background(DhtHost watched)
        {
            sentTo.Clear();
            world.OnSent = (from, to, length) =>
            {
                if (from.Equals(watched.At)) sentTo[to] = sentTo.GetValueOrDefault(to) + length;
            };
            return 0;
        }
    }

    private readonly Dictionary<IPEndPoint, long> sentTo = [];

    [Fact]
    public void All_strangers_together_get_eight_thousand_bytes_a_second()
    {
        List<DhtHost> hosts = DhtSimulationTests.Grow(world, 60);
        world.Run(30_000);
        DhtHost host = hosts[0];
        long bytes = 0;
        world.OnSent = (from, to, length) => bytes += from.Equals(host.At) && !world.IsThere(to) ? length : 0;
        byte[] query = Bytes(new KrpcQuery { Method = KrpcMethod.FindNode, Id = hash, Target = hash });
        for (int i = 0; i < 2000; i++)
        {
            host.Receive(query, world.FreshAddress());
            world.Run(10);
        }
        Assert.InRange(bytes, 50_000, 16_000 + 20 * 8_000 + 20_000); // twenty seconds, a burst, and pings to those who claim to be nodes
    }

    [Fact]
    public void Who_shows_itself_gets_everything()
    {
        List<DhtHost> hosts = DhtSimulationTests.Grow(world, 30);
        world.Run(30_000);
        DhtItem big = DhtItem.Mutable(new byte[32], "s"u8.ToArray(), 7, Encoding.ASCII.GetBytes($"900:{new string('x', 900)}"));
        int stored = 0;
        hosts[0].Do(node => node.Find(
            new LookupGoal { Method = KrpcMethod.Get, Target = big.Target, Salt = [.. "s"u8] },
            lookup => new StoreRound(node, round => stored = round.Stored).Put(lookup, big, null, world.NowMs), world.NowMs));
        world.Run(20_000);
        Assert.True(stored >= 8);

        DhtHost newcomer = DhtSimulationTests.Join(world, hosts);
        world.Run(10_000);
        DhtItem? found = null;
        Lookup? done = null;
        newcomer.Do(node => node.Find(
            new LookupGoal { Method = KrpcMethod.Get, Target = big.Target, Salt = [.. "s"u8], OnItem = item => found = item }, lookup => done = lookup, world.NowMs));
        world.Run(20_000);
        Assert.Equal(big.Value.ToArray(), found!.Value.ToArray());
        Assert.True(done!.Copies >= 8);
    }

    [Fact]
    public void Scrape_estimates_the_swarm()
    {
        List<DhtHost> hosts = DhtSimulationTests.Grow(world, 150);
        world.Run(30_000);
        for (int i = 0; i < 100; i++)
        {
            DhtSimulationTests.Announce(hosts[i], hash, 1, _ => { }, isSeed: i < 40);
            world.Run(500);
        }
        world.Run(20_000);
        Lookup? done = null;
        hosts[120].Do(node => node.Find(new LookupGoal { Method = KrpcMethod.GetPeers, Target = hash, Scrape = true }, lookup => done = lookup, world.NowMs));
        world.Run(30_000);
        Assert.InRange(ScrapeFilter.Estimate(done!.SeedFilter), 34, 46);
        Assert.InRange(ScrapeFilter.Estimate(done.PeerFilter), 51, 69);
    }

    [Fact]
    public void Samples_tell_which_torrents_are_known()
    {
        List<DhtHost> hosts = DhtSimulationTests.Grow(world, 30);
        world.Run(20_000);
        for (int i = 0; i < 50; i++)
        {
            DhtSimulationTests.Announce(hosts[i % 30], Sha1Hash.Of([(byte)i]), 1, _ => { });
            world.Run(1000);
        }
        world.Run(20_000);
        var seen = new HashSet<Sha1Hash>();
        hosts[3].Do(node => node.Find(
            new LookupGoal { Method = KrpcMethod.SampleInfohashes, Target = hash, OnSamples = (_, some, _) => seen.UnionWith(some) }, _ => { }, world.NowMs));
        world.Run(20_000);
        Assert.True(seen.Count > 20);
        Assert.Subset(Enumerable.Range(0, 50).Select(i => Sha1Hash.Of([(byte)i])).ToHashSet(), seen);
    }

    [Fact]
    public void Nodes_of_the_other_family_are_told_to_those_who_want_them()
    {
        DhtNode four = Alone();
        var six = new DhtNode(AddressFamily.InterNetworkV6, NodeIds.Any(world), new DhtNodeOptions(), world, (_, _) => { }, world.NowMs);
        (four.Sibling, six.Sibling) = (six, four);
        IPEndPoint there = IPEndPoint.Parse("[2001:db8::7]:7");
        six.Table.OnAnswer(new NodeInfo(hash, there), 1, world.NowMs);
        Query(four, new KrpcQuery { Method = KrpcMethod.FindNode, Id = NodeIds.Any(world), Target = hash, Want = KrpcWant.V6 });
        var nodes = new List<NodeInfo>();
        NodeInfo.Read(Sent(0).Nodes6, AddressFamily.InterNetworkV6, 8, nodes);
        Assert.Equal([new NodeInfo(hash, there)], nodes);
        Assert.True(Sent(0).Nodes.IsEmpty);
        Assert.Equal(KrpcWant.V4 | KrpcWant.V6, four.Wants); // the other table is nearly empty
    }

    [Fact]
    public void A_node_outside_does_not_lead_us_inside()
    {
        DhtHost host = world.AddNode();
        DhtHost liar = world.AddNode();
        liar.Twist = (datagram, from) =>
        {
            if (!KrpcMessage.TryRead(datagram, out KrpcMessage query)) return true;
            var inside = new List<NodeInfo>();
            foreach (string address in new[] { "127.0.0.1:53", "192.168.1.1:80", "10.0.0.1:1", "169.254.1.1:1", "0.0.0.0:1", "224.0.0.1:5" })
                inside.Add(new NodeInfo(NodeIds.Any(world), IPEndPoint.Parse(address)));
            var writer = new BencodeWriter();
            new KrpcReply { Id = liar.Node.Id, Nodes = inside, Peers = [IPEndPoint.Parse("127.0.0.1:22")] }.Write(writer, query.TransactionId, default, from);
            world.Send(liar.At, from, writer.Written);
            return true;
        };
        host.Do(n => n.AddRouter(liar.At));
        var targets = new HashSet<IPEndPoint>();
        world.OnSent = (from, to, _) => targets.Add(to);
        world.Run(60_000);
        Assert.Empty(DhtSimulationTests.GetPeers(world, host, hash).Peers);
        Assert.Equal([liar.At, host.At], targets.OrderBy(t => t.Equals(liar.At) ? 0 : 1));
    }

    [Fact]
    public void A_new_id_keeps_the_nodes()
    {
        List<DhtHost> hosts = DhtSimulationTests.Grow(world, 100);
        world.Run(30_000);
        int before = hosts[5].Node.Table.Count;
        hosts[5].Do(n => n.ChangeId(NodeIds.Any(world), world.NowMs));
        Assert.InRange(hosts[5].Node.Table.Count, before / 2, before);
        world.Run(20_000);
        DhtSimulationTests.Announce(hosts[5], hash, 99, _ => { });
        world.Run(20_000);
        Assert.NotEmpty(DhtSimulationTests.GetPeers(world, hosts[50], hash).Peers);
    }

    [Fact]
    public void Others_tell_us_our_address()
    {
        var votes = new HashSet<IPAddress>();
        List<DhtHost> hosts = DhtSimulationTests.Grow(world, 10);
        hosts[9].Node.OnExternalAddress = (claimed, _) => votes.Add(claimed);
        world.Run(700_000);
        Assert.Equal([hosts[9].At.Address], votes);
    }

    [Fact]
    public void A_node_alone_is_quiet_and_comes_alive_when_somebody_is_named()
    {
        DhtHost alone = world.AddNode();
        world.Run(600_000);
        Assert.Equal(0, alone.Node.Counters.DatagramsSent);
        DhtHost other = world.AddNode();
        alone.Do(n => n.Try(other.At, world.NowMs)); // as a peer's port message does
        world.Run(30_000);
        Assert.Equal(1, alone.Node.Table.Count);
        Assert.True(alone.Node.IsReady);
    }

    [Fact]
    public void An_idle_node_costs_little()
    {
        List<DhtHost> hosts = DhtSimulationTests.Grow(world, 200);
        world.Run(300_000);
        long before = world.Datagrams;
        world.Run(3_600_000);
        double perSecond = (world.Datagrams - before) / 3600.0 / hosts.Count;
        output.WriteLine($"an idle node sends and answers {perSecond:0.00} datagrams a second");
        Assert.True(perSecond < 2);
    }

    private DhtNode Alone(DhtNodeOptions? options = null) => new(
        AddressFamily.InterNetwork, NodeIds.Any(world), options ?? new DhtNodeOptions(), world,
        (datagram, to) => sent.Add((datagram.ToArray(), to)), world.NowMs);

    private void Query(DhtNode node, KrpcQuery query) => node.OnDatagram(Bytes(query), stranger, world.NowMs);

    private void Receive(DhtNode node, string text) => node.OnDatagram(Encoding.ASCII.GetBytes(text), stranger, world.NowMs);

    private KrpcMessage Sent(int index)
    {
        Assert.True(KrpcMessage.TryRead(sent[index].Datagram, out KrpcMessage message));
        return message;
    }

    private static byte[] Bytes(KrpcQuery query)
    {
        var writer = new BencodeWriter();
        query.Write(writer, "tt"u8, "XX00"u8);
        return writer.ToArray();
    }

    private static byte[] Reply(byte[] transaction, KrpcReply reply, DhtNode to)
    {
        var writer = new BencodeWriter();
        reply.Write(writer, transaction, "XX00"u8, IPEndPoint.Parse("203.0.113.1:1"));
        return writer.ToArray();
    }

    private static string Name(byte[] query)
    {
        string text = Encoding.Latin1.GetString(query);
        int at = text.IndexOf("1:q", StringComparison.Ordinal);
        return text.AsSpan(at + 3, Math.Min(20, text.Length - at - 3)).ToString();
    }

    private void Store(DhtNode node, DhtItem item)
    {
        Assert.True(KrpcMessage.TryRead(Bytes(new KrpcQuery { Method = KrpcMethod.Put, Id = hash, Token = "x"u8, Value = item.Value.Span }), out KrpcMessage put));
        Assert.Equal(0, node.Items.Put(put, stranger.Address, world.NowMs));
    }
}
