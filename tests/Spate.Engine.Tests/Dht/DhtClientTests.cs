using System.Net;
using Spate.Engine.Dht;
using Spate.Engine.Discovery;
using Spate.Engine.Runtime;
using Spate.Engine.Tests.Discovery;
using Spate.Protocol;
using Xunit.Abstractions;

namespace Spate.Engine.Tests.Dht;

public sealed class DhtClientTests : IDisposable
{
    private readonly ITestOutputHelper output;
    private static readonly Sha1Hash hash = Sha1Hash.Of("torrent"u8);

    private readonly TestWorld world = new();
    private readonly TestNetwork network;
    private readonly List<DhtClient> clients = [];
    private readonly List<Exception> faults = [];

    public DhtClientTests(ITestOutputHelper output)
    {
        this.output = output;
        network = new TestNetwork(world) { LatencyMs = 20 };
    }

    public void Dispose()
    {
        clients.ForEach(c => c.Dispose());
        world.Settle();
        Assert.Empty(faults);
    }

    [Fact]
    public void Clients_find_each_others_torrents()
    {
        Grow(20);
        var found = new List<IPEndPoint>();
        clients[3].Add(hash, 1111, world.Strand, _ => { });
        world.Advance(5_000);
        DhtTorrent torrent = clients[17].Add(hash, 2222, world.Strand, found.AddRange);
        world.Advance(2_000);
        Assert.Contains(IPEndPoint.Parse("127.0.0.1:1111"), found);
        Assert.True(torrent.NodesAsked > 0 && torrent.NodesAnswered > 0 && torrent.PeersFound > 0);
        Assert.Equal(2, torrent.LookupsDone); // one for each family
    }

    [Fact]
    public void A_new_torrent_is_looked_up_at_once_and_then_every_quarter_of_an_hour()
    {
        Grow(10);
        clients[1].Add(hash, 1111, world.Strand, _ => { });
        world.Advance(5_000);
        DhtTorrent torrent = clients[5].Add(hash, 2222, world.Strand, _ => { });
        world.Advance(1_500);
        Assert.Equal(2, torrent.LookupsDone);
        world.Advance(14 * 60_000);
        Assert.Equal(2, torrent.LookupsDone);
        world.Advance(3 * 60_000);
        Assert.Equal(4, torrent.LookupsDone);
    }

    [Fact]
    public void A_torrent_that_nobody_has_is_looked_up_again_soon_and_then_later()
    {
        Grow(10);
        // Later it finds its own announce; what counts is that the second lookup comes after about a minute.
        var client = Client(new DhtOptions { BootstrapNodes = [Node(0)], Local6 = null, Node = new DhtNodeOptions { ReadOnly = true } });
        world.Advance(5_000);
        DhtTorrent torrent = client.Add(hash, 2222, world.Strand, _ => { });
        world.Advance(5_000);
        Assert.Equal(1, torrent.LookupsDone);
        world.Advance(70_000);
        Assert.Equal(2, torrent.LookupsDone);
    }

    [Fact]
    public void A_removed_torrent_is_left_alone()
    {
        Grow(10);
        DhtTorrent torrent = clients[5].Add(hash, 2222, world.Strand, _ => { });
        world.Advance(5_000);
        clients[5].Remove(torrent);
        int before = torrent.LookupsDone;
        world.Advance(60 * 60_000);
        Assert.Equal(before, torrent.LookupsDone);
        Assert.Equal(0, clients[5].Status.Torrents);
    }

    [Fact]
    public void Ten_thousand_torrents_are_spread_and_all_have_their_turn()
    {
        const int count = 10_000, seconds = 4_200;
        for (int i = 0; i < 12; i++)
        {
            Client(new DhtOptions { BootstrapNodes = i == 0 ? [] : [Node(0)], Local6 = null, Node = new DhtNodeOptions { QueriesPerSecond = 1000, QueryBurst = 1000 } });
            world.Advance(300);
        }
        world.Advance(10_000);
        DhtTorrent[] torrents = [.. Enumerable.Range(0, count).Select(i => clients[2].Add(Sha1Hash.Of(BitConverter.GetBytes(i)), 1, world.Strand, _ => { }))];
        int most = 0, all = 0;
        long mostSent = 0;
        for (int second = 1; second <= seconds; second++)
        {
            int lookups = torrents.Sum(static t => t.LookupsDone);
            long sent = clients[2].Status.Counters4!.DatagramsSent;
            world.Advance(1_000);
            most = Math.Max(most, torrents.Sum(static t => t.LookupsDone) - lookups);
            mostSent = Math.Max(mostSent, clients[2].Status.Counters4!.DatagramsSent - sent);
            if (all == 0 && torrents.All(static t => t.LookupsDone > 0)) all = second;
        }
        int least = torrents.Min(static t => t.LookupsDone), greatest = torrents.Max(static t => t.LookupsDone);
        output.WriteLine($"{count} torrents: all looked up and announced within {all} s, at most {most} lookups and {mostSent} datagrams in a second; " +
            $"after {seconds} s each had {least} to {greatest}");
        Assert.InRange(all, 1, count / 5 + 60);
        Assert.InRange(most, 1, 5 + 12); // 5 may begin, and those that were under way may end with them
        Assert.InRange(greatest - least, 0, 1);
        Assert.True(least >= 2);
    }

    [Fact]
    public void The_table_is_saved_and_a_restart_needs_no_bootstrap()
    {
        Grow(20);
        world.Advance(60_000);
        byte[] state = Saved(clients[7]);
        clients[7].Dispose();
        world.Settle();
        DhtClient again = Client(new DhtOptions { BootstrapNodes = [], State = state }, port: 20_007);
        world.Advance(1_000);
        Assert.True(again.Status.IsReady);
        Assert.True(again.Status.Nodes4 >= 8);
        Assert.True(Run(() => again.GetPeersAsync(hash, null, false, false, default), 3_000).NodesAnswered > 0);
        DhtState read = DhtState.Read(state), now = DhtState.Read(Saved(again));
        Assert.Equal((read.Own4, read.Own6), (now.Own4, now.Own6));
    }

    /// <summary>Two programs of one user: with the same id they would not hear each other.</summary>
    [Fact]
    public void Two_that_begin_with_the_same_state_find_each_others_torrents()
    {
        Grow(1);
        byte[] state = Saved(clients[0]);
        DhtClient second = Client(Beginning([Node(0)]) with { State = state });
        world.Advance(10_000);
        clients[0].Add(hash, 1111, world.Strand, static _ => { });
        world.Advance(10_000);
        var found = new List<IPEndPoint>();
        second.Add(hash, 2222, world.Strand, found.AddRange);
        world.Advance(10_000);
        Assert.Contains(IPEndPoint.Parse("127.0.0.1:1111"), found);
        DhtState one = DhtState.Read(state), two = DhtState.Read(Saved(second));
        Assert.NotEqual(one.Own4!.Value.Id, two.Own4!.Value.Id);
        Assert.NotEqual(one.Own6!.Value.Id, two.Own6!.Value.Id);
    }

    [Fact]
    public void A_damaged_state_is_as_good_as_none()
    {
        Grow(5);
        byte[] state = Saved(clients[2]);
        var random = new Random(2);
        for (int i = 0; i < 2000; i++)
        {
            byte[] damaged = [.. state];
            for (int change = 0; change < 3; change++) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            DhtState read = DhtState.Read(damaged.AsSpan(0, random.Next(damaged.Length + 1)));
            Assert.True(read.Nodes4.Count <= 1000);
        }
        Assert.Empty(DhtState.Read([]).Nodes4);
        Assert.Empty(DhtState.Read("d6:nodes4i7ee"u8).Nodes4);
    }

    [Fact]
    public void Items_are_put_got_and_replaced()
    {
        Grow(15);
        byte[] seed = new byte[32];
        DhtItem first = DhtItem.Mutable(seed, "x"u8.ToArray(), 1, "3:one"u8.ToArray());
        DhtItem second = DhtItem.Mutable(seed, "x"u8.ToArray(), 2, "3:two"u8.ToArray());
        Assert.True(Put(first).Stored > 0);
        Assert.Equal("3:one"u8.ToArray(), Get().Item!.Value.ToArray());
        Assert.True(Put(second, cas: 1).Stored > 0);
        DhtPut late = Put(first);
        Assert.Equal((0, 302), (late.Stored, late.LastError));
        DhtPut wrong = Put(DhtItem.Mutable(seed, "x"u8.ToArray(), 3, "5:three"u8.ToArray()), cas: 1);
        Assert.Equal((0, 301), (wrong.Stored, wrong.LastError));
        DhtGot got = Get();
        Assert.Equal("3:two"u8.ToArray(), got.Item!.Value.ToArray());
        Assert.True(got.Copies > 4);

        DhtPut Put(DhtItem item, long? cas = null)
        {
            return Run(() => clients[4].PutAsync(item, cas, default), 20_000);
        }

        DhtGot Get()
        {
            return Run(() => clients[11].GetAsync(first.Target, "x"u8.ToArray(), default), 5_000);
        }
    }

    [Fact]
    public void An_old_version_is_not_given_to_nodes_that_have_none()
    {
        Grow(2);
        byte[] seed = new byte[32];
        DhtItem current = DhtItem.Mutable(seed, default, 2, "3:two"u8.ToArray());
        Assert.True(Run(() => clients[0].PutAsync(current, null, default), 5_000).Stored > 0);
        int had = clients.Count;
        for (int i = 0; i < 3; i++) Client(new DhtOptions { BootstrapNodes = [Node(0)] });
        world.Advance(2_000);
        DhtPut late = Run(() => clients[^1].PutAsync(DhtItem.Mutable(seed, default, 1, "3:one"u8.ToArray()), null, default), 5_000);
        Assert.Equal((0, 302), (late.Stored, late.LastError));
        Assert.All(clients.Skip(had), client => Assert.Equal(0, client.Status.StoredItems));
    }

    [Fact]
    public void Pings_samples_and_announces_by_hand()
    {
        Grow(10);
        Assert.Equal(
            TimeSpan.FromMilliseconds(40), Run(() => clients[1].PingAsync(new IPEndPoint(IPAddress.Loopback, clients[2].Port4), default), 1_000)!.RoundTrip);
        Assert.Null(Run(() => clients[1].PingAsync(new IPEndPoint(IPAddress.Loopback, 9), default), 16_000));
        Assert.True(Run(() => clients[1].GetPeersAsync(hash, 777, isSeed: true, scrape: false, default), 5_000).Announced >= 8);
        Assert.Equal([hash], Run(() => clients[3].SampleAsync(hash, default), 5_000).Torrents);
        DhtPeers scraped = Run(() => clients[3].GetPeersAsync(hash, null, false, scrape: true, default), 5_000);
        Assert.InRange(scraped.Seeds, 1, 2.1); // one address of each family
        Assert.Contains(IPEndPoint.Parse("127.0.0.1:777"), scraped.Peers);
        Assert.Contains(IPEndPoint.Parse("[::1]:777"), scraped.Peers);
    }

    [Fact]
    public void A_client_that_knows_one_node_is_ready_soon()
    {
        Grow(20);
        DhtClient client = Client(new DhtOptions { BootstrapNodes = [Node(0)] });
        Run(async () =>
        {
            await client.WhenReadyAsync(default);
            return true;
        }, 1_000);
    }

    /// <summary>In a network of a few nodes everybody is among the closest of everything, and the one that is named is all there is.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void A_few_nodes_are_a_network(int others)
    {
        // The first one knows only of a node that is not there any more.
        for (int i = 0; i < others; i++) Client(Beginning(i == 0 ? [new DnsEndPoint("first.example", 9)] : [Node(i - 1)]));
        world.Advance(20_000);
        clients[others / 2].Add(hash, 1111, world.Strand, static _ => { });
        world.Advance(20_000);
        var found = new List<IPEndPoint>();
        DhtClient getter = Client(Beginning([Node(0)]));
        getter.Add(hash, 2222, world.Strand, found.AddRange);
        world.Advance(3_000);
        Assert.Contains(IPEndPoint.Parse("127.0.0.1:1111"), found);
        Assert.Contains(IPEndPoint.Parse("[::1]:1111"), found);
    }

    [Fact]
    public void A_node_that_is_named_may_start_later()
    {
        var found = new List<IPEndPoint>();
        DhtClient getter = Client(Beginning([new DnsEndPoint("first.example", 20_001)]));
        getter.Add(hash, 2222, world.Strand, found.AddRange);
        world.Advance(3 * 60_000);
        Client(Beginning([])).Add(hash, 1111, world.Strand, static _ => { });
        world.Advance(25_000);
        Assert.Contains(IPEndPoint.Parse("127.0.0.1:1111"), found);
    }

    [Fact]
    public void Who_comes_after_another_has_left_finds_the_only_seed()
    {
        DhtClient seed = Client(Beginning([]));
        seed.Add(hash, 1111, world.Strand, static _ => { });
        for (int i = 0; i < 5; i++)
        {
            var found = new List<IPEndPoint>();
            DhtClient getter = Client(Beginning([Node(0)]));
            getter.Add(hash, 2222, world.Strand, found.AddRange);
            world.Advance(10_000); // for some seconds the answer of the one who left is waited for
            Assert.Contains(IPEndPoint.Parse("127.0.0.1:1111"), found);
            getter.Dispose();
            world.Advance(60_000);
        }
    }

    [Fact]
    public void Who_announces_to_us_what_we_look_for_is_found_at_once()
    {
        var found = new List<IPEndPoint>();
        DhtClient getter = Client(Beginning([]));
        getter.Add(hash, 2222, world.Strand, found.AddRange);
        DhtClient seed = Client(Beginning([Node(0)]));
        world.Advance(5_000);
        Assert.DoesNotContain(IPEndPoint.Parse("127.0.0.1:1111"), found);
        seed.Add(hash, 1111, world.Strand, static _ => { });
        world.Advance(1_000);
        Assert.Contains(IPEndPoint.Parse("127.0.0.1:1111"), found);
    }

    [Fact]
    public void A_newcomer_in_a_small_network_is_told_once_and_in_a_large_one_not_at_all()
    {
        for (int i = 0; i < 3; i++) Client(Beginning(i == 0 ? [] : [Node(0)]));
        DhtTorrent torrent = clients[1].Add(hash, 1111, world.Strand, static _ => { });
        world.Advance(30_000);
        int before = torrent.LookupsDone;
        Client(Beginning([Node(0)]));
        world.Advance(60_000);
        Assert.InRange(torrent.LookupsDone - before, 2, 4); // one for each family, and again if the families met it at different times
        Grow(20);
        world.Advance(120_000);
        before = torrent.LookupsDone;
        for (int i = 0; i < 5; i++)
        {
            Client(Beginning([Node(0)]));
            world.Advance(10_000);
        }
        Assert.Equal(before, torrent.LookupsDone);
    }

    [Fact]
    public void A_port_message_is_enough_to_begin()
    {
        Grow(20);
        DhtClient client = Client(new DhtOptions { BootstrapNodes = [] });
        world.Advance(10_000);
        Assert.False(client.Status.IsReady);
        client.AddNode(new IPEndPoint(IPAddress.Loopback, clients[4].Port4));
        world.Advance(2_000);
        Assert.True(client.Status.IsReady);
    }

    [Fact]
    public void Nodes_that_a_torrent_file_names_are_enough_to_begin()
    {
        Grow(20);
        DhtClient client = Client(Beginning([]));
        world.Advance(10_000);
        Assert.False(client.Status.IsReady);
        client.AddNode("nowhere.example", 1);
        client.AddNode("first.example", clients[4].Port4);
        world.Advance(2_000);
        Assert.True(client.Status.IsReady);
    }

    [Fact]
    public void Without_nodes_it_says_why_and_lookups_end()
    {
        DhtClient client = Client(new DhtOptions { BootstrapNodes = [new DnsEndPoint("nowhere.example", 1)] });
        world.Advance(2_000);
        Assert.Equal("The name nowhere.example is not known.", client.Status.Problem);
        Assert.Empty(Run(() => client.GetPeersAsync(hash, 1, false, false, default), 0).Peers);
    }

    [Fact]
    public void Closing_ends_everything_that_waits()
    {
        Grow(10);
        Task? looked = null, pong = null;
        world.Do(() =>
        {
            looked = clients[2].GetPeersAsync(hash, 5, false, false, default);
            pong = clients[2].PingAsync(new IPEndPoint(IPAddress.Loopback, 9), default);
        });
        world.Advance(50);
        clients[2].Dispose();
        world.Settle();
        Assert.True(looked!.IsCompleted && pong!.IsCompleted);
        world.Advance(60_000);
    }

    [Fact]
    public void A_new_external_address_brings_an_id_that_fits()
    {
        var external = new ExternalAddress();
        DhtClient client = Client(new DhtOptions { Local6 = null, BootstrapNodes = [] }, external);
        world.Advance(2_000);
        IPAddress seenAt = IPAddress.Parse("203.0.113.5");
        Assert.False(NodeIds.IsValid(DhtState.Read(Saved(client)).Own4!.Value.Id, seenAt));
        external.Vote(seenAt, IPAddress.Parse("8.8.8.8"));
        external.Vote(seenAt, IPAddress.Parse("9.9.9.9"));
        world.Advance(2_000);
        Assert.True(NodeIds.IsValid(DhtState.Read(Saved(client)).Own4!.Value.Id, seenAt));
    }

    private void Grow(int count)
    {
        for (int i = 0; i < count; i++)
        {
            Client(new DhtOptions { BootstrapNodes = i == 0 ? [] : [Node(0)] });
            world.Advance(300);
        }
        world.Advance(10_000);
    }

    private static DhtOptions Beginning(IReadOnlyList<DnsEndPoint> nodes) => new() { BootstrapNodes = [], Nodes = nodes };

    private DnsEndPoint Node(int index) => new("first.example", clients[index].Port4);

    private DhtClient Client(DhtOptions options, ExternalAddress? external = null, int? port = null)
    {
        network.Names["first.example"] = [IPAddress.Loopback, IPAddress.IPv6Loopback];
        port ??= 20_000 + clients.Count;
        options = options with { Local4 = options.Local4 is null ? null : new(IPAddress.Any, port.Value), Local6 = options.Local6 is null ? null : new(IPAddress.IPv6Any, port.Value) };
        var client = new DhtClient(
            network, new NameCache(network.ResolveAsync, world), world, world, world, external ?? new ExternalAddress(), options, faults.Add);
        world.Settle();
        clients.Add(client);
        return client;
    }

    private byte[] Saved(DhtClient client) => Run(client.SaveAsync, 0);

    // Runs it on the world's strand, so that it ends in the world's time and not on some thread.
    private T Run<T>(Func<Task<T>> start, long ms)
    {
        Task<T>? task = null;
        world.Do(() => task = start());
        world.Advance(ms);
        return task!.Ended();
    }
}
