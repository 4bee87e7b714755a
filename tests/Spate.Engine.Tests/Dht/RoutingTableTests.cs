using System.Net;
using FsCheck;
using FsCheck.Fluent;
using Spate.Engine.Dht;
using Spate.Engine.Tests.Discovery;
using Spate.Protocol;
using Spate.Protocol.Dht;

namespace Spate.Engine.Tests.Dht;

public class RoutingTableTests
{
    private readonly TestWorld world = new(3);
    private readonly Sha1Hash self;
    private readonly RoutingTable table;
    private int nextNetwork;

    public RoutingTableTests()
    {
        self = NodeIds.Any(world);
        table = new RoutingTable(self);
    }

    [Fact]
    public void Splits_towards_our_own_id_and_keeps_few_of_the_far_ones()
    {
        for (int i = 0; i < 5000; i++) table.OnAnswer(Fresh(NodeIds.Any(world)), 10, 1000);
        Assert.Equal(128, InBucket(0));
        Assert.Equal(64, InBucket(1));
        Assert.Equal(32, InBucket(2));
        Assert.Equal(16, InBucket(3));
        Assert.Equal(8, InBucket(4));
        Assert.True(table.BucketCount is > 6 and < 16);
        Assert.Equal(table.Live.Count(), table.Count);
    }

    [Fact]
    public void A_full_bucket_keeps_its_living_nodes()
    {
        Fill(5);
        var before = table.Live.Select(c => c.Info).ToHashSet();
        for (int i = 0; i < 50; i++) table.OnAnswer(Fresh(NodeIds.WithSharedBits(self, 5, world)), 10, 2000);
        Assert.Equal(before, table.Live.Select(c => c.Info).ToHashSet());
    }

    [Fact]
    public void A_node_that_fails_twice_makes_way_for_one_in_reserve()
    {
        Fill(5);
        NodeInfo spare = Fresh(NodeIds.WithSharedBits(self, 5, world));
        table.OnAnswer(spare, 10, 2000);
        Contact failing = table.Live.First(c => NodeIds.SharedBits(self, c.Id) == 5);
        table.OnFailure(failing.EndPoint, 3000);
        Assert.Contains(failing, table.Live);
        table.OnFailure(failing.EndPoint, 3000);
        Assert.DoesNotContain(failing, table.Live);
        Assert.Contains(spare, table.Live.Select(c => c.Info));
    }

    [Fact]
    public void Without_reserves_a_failing_node_stays_for_long_so_an_outage_of_ours_empties_nothing()
    {
        NodeInfo only = Fresh(NodeIds.Any(world));
        table.OnAnswer(only, 10, 0);
        for (int i = 0; i < 19; i++) table.OnFailure(only.EndPoint, 0);
        Assert.Equal(1, table.Count);
        table.OnAnswer(only, 10, 0);
        for (int i = 0; i < 20; i++) table.OnFailure(only.EndPoint, 0);
        Assert.Equal(0, table.Count);
    }

    [Fact]
    public void A_fitting_id_takes_the_place_of_one_that_does_not_fit()
    {
        for (int i = 0; i < RoutingTable.K; i++) table.OnAnswer(Fresh(NodeIds.WithSharedBits(self, 6, world)), 10, 0);
        while (table.BucketCount < 9) table.OnAnswer(Fresh(NodeIds.WithSharedBits(self, 8 + world.Next(20), world)), 10, 0);
        Assert.Equal(8, InBucket(6));
        NodeInfo fitting = FittingInBucket(6);
        table.OnAnswer(fitting, 10, 0);
        Assert.Equal(8, InBucket(6));
        Assert.Contains(fitting, table.Live.Select(c => c.Info));
    }

    [Fact]
    public void One_place_for_an_address_and_one_in_a_bucket_for_a_24()
    {
        table.OnAnswer(new NodeInfo(NodeIds.Any(world), IPEndPoint.Parse("203.0.113.1:1")), 10, 0);
        table.OnAnswer(new NodeInfo(NodeIds.Any(world), IPEndPoint.Parse("203.0.113.1:2")), 10, 0);
        table.OnAnswer(new NodeInfo(NodeIds.Any(world), IPEndPoint.Parse("203.0.113.2:1")), 10, 0);
        Assert.Equal(1, table.Count);
        for (int i = 1; i <= 20; i++) table.OnAnswer(new NodeInfo(NodeIds.Any(world), IPEndPoint.Parse($"127.0.0.1:{i}")), 10, 0);
        Assert.Equal(21, table.Count);
    }

    [Fact]
    public void Our_own_id_and_an_id_that_somebody_has_are_refused()
    {
        table.OnAnswer(Fresh(self), 10, 0);
        Assert.Equal(0, table.Count);
        NodeInfo first = Fresh(NodeIds.Any(world));
        table.OnAnswer(first, 10, 0);
        table.OnAnswer(new NodeInfo(first.Id, IPEndPoint.Parse("9.9.9.9:9")), 10, 0);
        Assert.Equal([first], table.Live.Select(c => c.Info));
    }

    [Fact]
    public void An_address_that_answers_with_another_id_loses_its_place()
    {
        NodeInfo first = Fresh(NodeIds.Any(world));
        table.OnAnswer(first, 10, 0);
        var second = new NodeInfo(NodeIds.Any(world), first.EndPoint);
        table.OnQuery(second, 0); // to say so is not enough: anybody can write in its name
        Assert.Equal([first], table.Live.Select(c => c.Info));
        table.OnAnswer(second, 10, 0);
        Assert.Equal([second], table.Live.Select(c => c.Info));
    }

    [Fact]
    public void Those_we_only_heard_of_are_tried_and_not_told_of()
    {
        NodeInfo rumour = Fresh(NodeIds.Any(world));
        table.Heard(rumour);
        Assert.Equal(0, table.Count);
        var closest = new List<Contact>();
        table.Closest(rumour.Id, 8, closest);
        Assert.Empty(closest);
        Contact? next = table.NextToTry(1000, 60_000);
        Assert.Equal(rumour, next!.Info);
        next.AskedMs = 1000;
        Assert.Null(table.NextToTry(2000, 60_000));
        table.OnFailure(rumour.EndPoint, 2000);
        Assert.Null(table.NextToTry(1_000_000, 60_000)); // gone
    }

    [Fact]
    public void Rumours_are_bounded()
    {
        for (int i = 0; i < 10_000; i++) table.Heard(Fresh(NodeIds.Any(world)));
        int kept = 0;
        while (table.NextToTry(1, 1) is Contact contact)
        {
            contact.AskedMs = 1;
            kept++;
        }
        Assert.Equal(8, kept);
    }

    [Fact]
    public void Closest_are_the_closest()
    {
        Prop.ForAll<int>(seed =>
        {
            var random = new TestWorld(seed);
            Sha1Hash own = NodeIds.Any(random);
            var some = new RoutingTable(own);
            for (int i = 0; i < 300; i++)
                some.OnAnswer(new NodeInfo(NodeIds.WithSharedBits(own, random.Next(12), random), new IPEndPoint(IPAddress.Loopback, 1 + i)), 10, 0);
            Sha1Hash target = NodeIds.WithSharedBits(own, random.Next(16), random);
            var closest = new List<Contact>();
            some.Closest(target, 8, closest);
            IEnumerable<Sha1Hash> expected = some.Live.Select(c => c.Id)
                .Order(Comparer<Sha1Hash>.Create((a, b) => NodeIds.CompareDistance(target, a, b))).Take(8);
            return closest.Select(c => c.Id).SequenceEqual(expected);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Ids_that_do_not_fit_get_three_places_of_eight_at_most()
    {
        Sha1Hash target = NodeIds.Any(world);
        for (int i = 0; i < 40; i++) table.OnAnswer(Fresh(NodeIds.WithSharedBits(target, 30 + i, world)), 10, 0);
        for (int i = 0; i < 40; i++) table.OnAnswer(Fresh(default), 10, 0);
        var closest = new List<Contact>();
        table.Closest(target, 8, closest);
        Assert.Equal(8, closest.Count);
        Assert.Equal(3, closest.Count(c => !c.IsVerified));
    }

    [Fact]
    public void Any_history_keeps_the_books()
    {
        Prop.ForAll<(byte Kind, byte Host, byte Bits)[]>(history =>
        {
            var random = new TestWorld(1);
            Sha1Hash own = NodeIds.Any(random);
            var some = new RoutingTable(own);
            long now = 0;
            foreach ((byte kind, byte host, byte bits) in history)
            {
                now += 1000;
                var node = new NodeInfo(NodeIds.WithSharedBits(own, bits % 20, random), new IPEndPoint(new IPAddress([5, host, 1, 1]), 7));
                if (kind % 4 == 0) some.OnFailure(node.EndPoint, now);
                else if (kind % 4 == 1) some.Heard(node);
                else if (kind % 4 == 2) some.OnQuery(node, now);
                else some.OnAnswer(node, 5, now);
                Contact[] live = [.. some.Live];
                if (live.Length != some.Count || live.Any(c => !c.IsConfirmed)) return false;
                if (live.Select(c => c.EndPoint.Address).Distinct().Count() != live.Length) return false;
                if (live.Any(c => !some.TryGet(c.EndPoint, out Contact? same) || same != c)) return false;
            }
            return true;
        }).QuickCheckThrowOnFailure();
    }

    private int InBucket(int index) => table.Live.Count(c => NodeIds.SharedBits(self, c.Id) == index);

    private void Fill(int bucket)
    {
        // Deep nodes first, so that the table splits beyond the bucket.
        for (int i = 0; i < 400; i++) table.OnAnswer(Fresh(NodeIds.WithSharedBits(self, bucket + 1 + i % 20, world)), 10, 1000);
        for (int i = 0; i < 60; i++) table.OnAnswer(Fresh(NodeIds.WithSharedBits(self, bucket, world)), 10, 1000);
        Assert.Equal(RoutingTable.K, InBucket(bucket));
    }

    // A node in a network of its own, with the given id or (default) one that fits its address.
    private NodeInfo Fresh(Sha1Hash id)
    {
        int n = nextNetwork++;
        var address = new IPAddress([(byte)(11 + n / 65_536), (byte)(n / 256), (byte)n, 1]);
        if (id == default) id = NodeIds.For(address, world);
        return new NodeInfo(id, new IPEndPoint(address, 6881));
    }

    private NodeInfo FittingInBucket(int bucket)
    {
        while (true)
        {
            NodeInfo node = Fresh(default);
            if (NodeIds.SharedBits(self, node.Id) == bucket) return node;
        }
    }
}
