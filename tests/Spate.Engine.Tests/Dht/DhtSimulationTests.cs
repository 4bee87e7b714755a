using System.Net;
using System.Net.Sockets;
using Spate.Engine.Dht;
using Spate.Protocol;
using Spate.Protocol.Bencode;
using Spate.Protocol.Dht;
using Xunit.Abstractions;

namespace Spate.Engine.Tests.Dht;

public class DhtSimulationTests(ITestOutputHelper output)
{
    [Fact]
    public void Two_thousand_nodes_with_churn_and_liars_find_what_was_announced()
    {
        var world = new DhtWorld(42) { Loss = 0.01 };
        List<DhtHost> honest = Grow(world, 1800);
        List<DhtHost> bad = [];
        for (int i = 0; i < 200; i++)
        {
            DhtHost host = Join(world, honest);
            bad.Add(host);
            if (i % 2 == 0) world.At(world.NowMs + 30_000, () => host.IsSilent = true); // silent once others know it
            else host.Twist = (datagram, from) => Lie(world, host, datagram, from);
            world.Run(20);
        }
        world.Run(120_000);

        var torrents = new List<(Sha1Hash Hash, IPEndPoint Peer)>();
        int stored = 0;
        for (int i = 0; i < 300; i++)
        {
            DhtHost host = honest[world.Next(honest.Count)];
            Sha1Hash hash = NodeIds.Any(world);
            torrents.Add((hash, new IPEndPoint(host.At.Address, 6881)));
            Announce(host, hash, 6881, round => stored += round.Stored);
            world.Run(100);
        }
        world.Run(30_000);
        Assert.True(stored > 300 * 6, $"{stored} announces were stored for 300 torrents");

        // A fifth leaves without a word, and as many come.
        for (int i = 0; i < 360; i++)
        {
            DhtHost leaving = honest[world.Next(honest.Count)];
            honest.Remove(leaving);
            world.Remove(leaving);
            honest.Add(Join(world, honest));
            world.Run(500);
        }

        var messages = new List<int>();
        var times = new List<long>();
        int found = 0;
        foreach ((Sha1Hash hash, IPEndPoint peer) in torrents)
        {
            Looked looked = GetPeers(world, honest[world.Next(honest.Count)], hash);
            if (looked.Peers.Contains(peer)) found++;
            messages.Add(looked.Messages);
            times.Add(looked.FirstMs);
        }
        messages.Sort();
        times.Sort();
        output.WriteLine($"found {found} of {torrents.Count}; queries per lookup: median {messages[150]}, nine tenths below {messages[270]}; " +
            $"first peer after {times[150]} ms (median) at 10 to 110 ms one way; {world.Datagrams} datagrams in {(world.NowMs - 1_000_000) / 1000} s");
        Assert.True(found >= torrents.Count * 99 / 100, $"only {found} of {torrents.Count} were found");
        Assert.True(messages[150] <= 60, $"a lookup takes {messages[150]} queries");
    }

    [Fact]
    public void An_attacker_with_two_hundred_ids_around_a_torrent_does_not_hide_its_peers()
    {
        var world = new DhtWorld(7);
        List<DhtHost> honest = Grow(world, 400);
        world.Run(60_000);
        Sha1Hash torrent = NodeIds.Any(world);
        IPEndPoint decoy = world.FreshAddress();

        var attackers = new List<DhtHost>();
        for (int i = 0; i < 200; i++)
        {
            // His ids share forty bits with the torrent, more than any honest node's; they can't fit his addresses.
            DhtHost attacker = world.AddNode(id: NodeIds.WithSharedBits(torrent, 40 + i % 60, world));
            attackers.Add(attacker);
            attacker.Do(n => n.AddRouter(honest[world.Next(honest.Count)].At));
        }
        foreach (DhtHost attacker in attackers) attacker.Twist = (datagram, from) => Hide(world, attackers, attacker, decoy, datagram, from);
        // They make themselves known to everybody.
        foreach (DhtHost host in honest)
        {
            foreach (DhtHost attacker in attackers) attacker.Node.Ping(host.At, Nobody.Instance, null, world.NowMs);
            world.Run(50);
        }
        world.Run(300_000);

        DhtHost announcer = honest[3];
        int stored = 0;
        Announce(announcer, torrent, 6881, round => stored = round.Stored);
        world.Run(30_000);
        Assert.True(stored >= 8);

        int found = 0;
        for (int i = 0; i < 50; i++)
        {
            Looked looked = GetPeers(world, honest[world.Next(honest.Count)], torrent);
            if (looked.Peers.Contains(new IPEndPoint(announcer.At.Address, 6881))) found++;
        }
        output.WriteLine($"{found} of 50 lookups found the true peer among the answers of 200 attackers");
        Assert.True(found >= 49);
    }

    [Fact]
    public void Half_of_the_nodes_being_one_attackers_inventions_leaves_lookups_working()
    {
        var world = new DhtWorld(11);
        List<DhtHost> honest = Grow(world, 500);
        var attackers = new List<DhtHost>();
        IPEndPoint decoy = world.FreshAddress();
        IPAddress[] his = [.. Enumerable.Range(0, 16).Select(_ => world.FreshAddress().Address)];
        for (int i = 0; i < 500; i++)
        {
            // Ids that fit, as many as there are honest nodes; but he has sixteen addresses, with thirty-one ports each.
            DhtHost attacker = world.AddNode(new IPEndPoint(his[i % his.Length], 1000 + i));
            attacker.Do(n => n.AddRouter(honest[world.Next(honest.Count)].At));
            attackers.Add(attacker);
            attacker.Twist = (datagram, from) => Hide(world, attackers, attacker, decoy, datagram, from);
            world.Run(50);
        }
        world.Run(600_000);

        int found = 0;
        for (int i = 0; i < 100; i++)
        {
            Sha1Hash torrent = NodeIds.Any(world);
            DhtHost announcer = honest[world.Next(honest.Count)];
            Announce(announcer, torrent, 1234, _ => { });
            world.Run(10_000);
            Looked looked = GetPeers(world, honest[world.Next(honest.Count)], torrent);
            if (looked.Peers.Contains(new IPEndPoint(announcer.At.Address, 1234))) found++;
        }
        output.WriteLine($"{found} of 100 lookups found the true peer with half of all nodes invented");
        Assert.True(found >= 95);
    }

    [Fact]
    public void Nodes_that_name_a_victim_again_and_again_have_it_asked_a_few_times_a_minute()
    {
        const int minutes = 60;
        var world = new DhtWorld(13);
        List<DhtHost> honest = Grow(world, 100);
        DhtHost ours = honest[5];
        IPAddress victim = world.FreshAddress().Address;
        int asked = 0, named = 0;
        world.OnSent = (from, to, _) => asked += from.Equals(ours.At) && to.Address.Equals(victim) ? 1 : 0;
        for (int i = 0; i < 60; i++)
        {
            DhtHost attacker = Join(world, honest);
            attacker.Twist = (datagram, from) =>
            {
                if (!KrpcMessage.TryRead(datagram, out KrpcMessage query) || query.Kind != KrpcKind.Query || query.Target.IsEmpty) return false;
                if (from.Equals(ours.At)) named += 8;
                var nodes = new List<NodeInfo>();
                for (int n = 0; n < 8; n++)
                {
                    // On another port each time, with an id that fits the address, or one that is close.
                    Sha1Hash id = n % 2 == 0 ? NodeIds.For(victim, world) : NodeIds.WithSharedBits(new Sha1Hash(query.Target), 30 + n, world);
                    nodes.Add(new NodeInfo(id, new IPEndPoint(victim, 1 + world.Next(65_535))));
                }
                Reply(world, attacker, new KrpcReply { Id = attacker.Node.Id, Nodes = nodes, Token = "evil"u8 }, query, from);
                return true;
            };
            world.Run(50);
        }
        world.Run(60_000);
        asked = 0;
        for (int i = 0; i < 10 * minutes; i++)
        {
            GetPeers(world, ours, NodeIds.Any(world));
            world.Run(5_000);
        }
        output.WriteLine($"the victim was named {named} times and asked {asked} times within 600 lookups");
        Assert.True(named > 1000);
        double seconds = 10 * minutes * 10;
        Assert.InRange(asked, 1, 20 + 6 * seconds / 60);
    }

    [Fact]
    public void The_same_seed_gives_the_same_run()
    {
        Assert.Equal(Trace(5), Trace(5));
        Assert.NotEqual(Trace(5), Trace(6));

        static string Trace(int seed)
        {
            var world = new DhtWorld(seed) { Loss = 0.02 };
            List<DhtHost> hosts = Grow(world, 60);
            world.Run(60_000);
            return string.Join(" ", hosts.Select(h => $"{h.Node.Id}:{h.Node.Counters.BytesSent}:{h.Node.Table.Count}")) + world.Datagrams;
        }
    }

    internal static List<DhtHost> Grow(DhtWorld world, int count)
    {
        var hosts = new List<DhtHost>();
        for (int i = 0; i < count; i++)
        {
            hosts.Add(Join(world, hosts));
            world.Run(100);
        }
        return hosts;
    }

    internal static DhtHost Join(DhtWorld world, List<DhtHost> others)
    {
        DhtHost host = world.AddNode();
        if (others.Count > 0) host.Do(n => n.AddRouter(others[world.Next(others.Count)].At));
        return host;
    }

    internal static void Announce(DhtHost host, Sha1Hash torrent, int port, Action<StoreRound> onDone, bool isSeed = false)
    {
        host.Do(node => node.Find(new LookupGoal { Method = KrpcMethod.GetPeers, Target = torrent }, lookup =>
            new StoreRound(node, onDone).Announce(lookup, port, isSeed, host.NowMs), host.NowMs));
    }

    internal static Looked GetPeers(DhtWorld world, DhtHost host, Sha1Hash torrent)
    {
        var peers = new HashSet<IPEndPoint>();
        long begin = world.NowMs, first = -1;
        Lookup? done = null;
        var goal = new LookupGoal
        {
            Method = KrpcMethod.GetPeers,
            Target = torrent,
            OnPeers = some =>
            {
                if (first < 0) first = world.NowMs - begin;
                peers.UnionWith(some);
            },
        };
        host.Do(node => node.Find(goal, lookup => done = lookup, world.NowMs));
        world.RunUntil(() => done is not null, 60_000);
        return new Looked(peers, done!.Asked, first);
    }

    internal sealed record Looked(HashSet<IPEndPoint> Peers, int Messages, long FirstMs);

    // Answers everything with nodes that do not exist.
    private static bool Lie(DhtWorld world, DhtHost host, byte[] datagram, IPEndPoint from)
    {
        if (!KrpcMessage.TryRead(datagram, out KrpcMessage query) || query.Kind != KrpcKind.Query) return false;
        var invented = new List<NodeInfo>();
        for (int i = 0; i < 8; i++)
        {
            IPEndPoint nowhere = world.FreshAddress();
            Sha1Hash id = query.Target.IsEmpty ? NodeIds.Any(world) : NodeIds.WithSharedBits(new Sha1Hash(query.Target), 20 + i, world);
            invented.Add(new NodeInfo(id, nowhere));
        }
        Reply(world, host, new KrpcReply { Id = host.Node.Id, Nodes = invented, Token = "liar"u8 }, query, from);
        return true;
    }

    // Answers with a decoy and with its accomplices.
    internal static bool Hide(DhtWorld world, List<DhtHost> attackers, DhtHost host, IPEndPoint decoy, byte[] datagram, IPEndPoint from)
    {
        if (!KrpcMessage.TryRead(datagram, out KrpcMessage query) || query.Kind != KrpcKind.Query) return false;
        var accomplices = new List<NodeInfo>();
        for (int i = 0; i < 8; i++)
        {
            DhtHost other = attackers[world.Next(attackers.Count)];
            accomplices.Add(new NodeInfo(other.Node.Id, other.At));
        }
        Reply(world, host, new KrpcReply { Id = host.Node.Id, Nodes = accomplices, Token = "evil"u8, Peers = [decoy] }, query, from);
        return true;
    }

    private static void Reply(DhtWorld world, DhtHost host, KrpcReply reply, in KrpcMessage query, IPEndPoint to)
    {
        var writer = new BencodeWriter();
        reply.Write(writer, query.TransactionId, "XX00"u8, to);
        world.Send(host.At, to, writer.Written);
    }

    internal sealed class Nobody : IDhtAsker
    {
        public static readonly Nobody Instance = new();

        public void OnAnswer(DhtQuery query, in KrpcMessage answer, long nowMs) { }

        public void OnRefusal(DhtQuery query, in KrpcMessage error, long nowMs) { }

        public void OnSlow(DhtQuery query, long nowMs) { }

        public void OnTimeout(DhtQuery query, long nowMs) { }
    }
}
