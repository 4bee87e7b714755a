using System.Net;
using Spate.Engine.Torrents;
using Spate.Simulation;
using Xunit.Abstractions;

namespace Spate.Engine.Tests.Simulation;

/// <summary>Whole swarms of the real engine, each from a fixed seed: they complete, fairly and without waste.</summary>
public sealed class SwarmTests(ITestOutputHelper output)
{
    private static readonly TimeSpan roundTrip = TimeSpan.FromMilliseconds(50);

    private static readonly NodeOptions node = new()
    {
        Link = LinkOptions.Of(500_000, 2_000_000, roundTrip),
        Session = new SessionOptions { StateFolder = SimNode.StateFolder, LocalDiscovery = false, Dht = false, WriteMemory = 4 << 20, ReadMemory = 2 << 20 },
        Torrent = new TorrentOptions { SaveTo = SimNode.Folder, MaxPeers = 30 },
    };

    private static readonly ContentOptions content = new() { Length = 4 << 20, PieceLength = 32 << 10 };

    [Fact]
    public void One_downloads_from_one_at_the_rate_of_the_line()
    {
        using var world = new SimWorld(1);
        var swarm = new SimSwarm(world, new ContentOptions { Length = 10_000_000, PieceLength = 256 << 10 });
        swarm.Add("seed", new NodeOptions { IsSeed = true });
        SimNode leech = swarm.Add("leech", new NodeOptions());
        swarm.RunUntilComplete(TimeSpan.FromMinutes(2));
        Report(swarm);
        Assert.InRange(leech.Seconds, 10, 12);
        swarm.StopAndCheckForLeaks();
    }

    [Fact]
    public void The_same_seed_gives_the_same_trace_and_another_one_another()
    {
        var first = Run(77);
        Assert.Equal(first, Run(77));
        Assert.NotEqual(first, Run(78));

        static (ulong, long) Run(ulong seed)
        {
            using var world = new SimWorld(seed, shuffle: true);
            var swarm = new SimSwarm(world, content);
            LinkOptions lossy = node.Link with { Loss = 0.01, Jitter = TimeSpan.FromMilliseconds(5) };
            swarm.Add("seed", node with { IsSeed = true, Link = lossy });
            swarm.Add(8, "leech", node with { Link = lossy }, TimeSpan.FromSeconds(2));
            swarm.RunUntilComplete(TimeSpan.FromMinutes(10));
            return (world.Trace.Hash, world.Trace.Count);
        }
    }

    [Fact]
    public void An_ideal_swarm_of_fifty_is_done_soon_and_wastes_little()
    {
        using var world = new SimWorld(2);
        var swarm = new SimSwarm(world, content with { Length = 8 << 20 });
        swarm.Add("seed", node with { IsSeed = true, Link = LinkOptions.Of(1_000_000, 4_000_000, roundTrip) });
        swarm.Add(50, "leech", node, TimeSpan.FromSeconds(1));
        swarm.RunUntilComplete(TimeSpan.FromMinutes(5));
        Report(swarm);
        // Every leech has half the seed's line: 17 s is the least that can be.
        Assert.True(Last(swarm) < 1.6 * 17, $"The last one took {Last(swarm):F1} s.");
        // Nearly all of it is end game, whose size does not grow with the torrent: 8 MiB are little for thirty peers.
        Assert.True(Waste(swarm) < 0.08, $"{Waste(swarm):P1} were received and not needed.");
        swarm.StopAndCheckForLeaks();
    }

    [Fact]
    public void A_flash_crowd_of_two_hundred_takes_less_than_one_and_a_half_copies_of_its_slow_seed()
    {
        using var world = new SimWorld(4);
        var swarm = new SimSwarm(world, content with { Length = 6 << 20 });
        SimNode seed = swarm.Add("seed", node with { IsSeed = true, Link = LinkOptions.Of(100_000, 1_000_000, roundTrip) });
        swarm.Add(200, "leech", node with { Torrent = node.Torrent with { MaxPeers = 20 } }, TimeSpan.FromSeconds(5));
        swarm.RunUntilComplete(TimeSpan.FromMinutes(10));
        Report(swarm);
        double copies = (double)seed.Uploaded / swarm.Content.Length;
        Assert.True(copies < 1.5, $"The seed sent {copies:F2} copies.");
        Assert.True(Waste(swarm) < 0.03, $"{Waste(swarm):P1} were received and not needed.");
    }

    [Fact]
    public void Who_stays_completes_while_others_come_and_go()
    {
        using var world = new SimWorld(5, shuffle: true);
        var swarm = new SimSwarm(world, content);
        swarm.Add("seed", node with { IsSeed = true });
        SimNode[] staying = [.. swarm.Add(10, "stays", node, TimeSpan.FromSeconds(30))];
        SimNode[] coming = [.. Enumerable.Range(0, 30).Select(i => swarm.Prepare($"goes{i}", node))];
        for (int i = 0; i < coming.Length; i++)
        {
            SimNode guest = coming[i];
            TimeSpan arrival = TimeSpan.FromSeconds(world.Random.NextDouble() * 40), departure = arrival + TimeSpan.FromSeconds(2 + (world.Random.NextDouble() * 15));
            world.After(arrival, () => guest.Start());
            switch (i % 3)
            {
                case 0:
                    world.After(departure, guest.Kill);
                    break;
                case 1:
                    world.After(departure, () => guest.PowerCut());
                    break;
                default:
                    world.After(departure, () => _ = RawPeer.Run(guest.Host, guest.StopAsync));
                    break;
            }
        }
        swarm.RunUntilComplete(TimeSpan.FromMinutes(10), staying);
        output.WriteLine($"last {staying.Max(n => n.Seconds):F1} s, waste {Waste(swarm):P2}");
        world.Run(TimeSpan.FromMinutes(1));
        swarm.StopAndCheckForLeaks();
    }

    [Fact]
    public void Lossy_and_jittery_lines_are_slower_and_lose_nothing()
    {
        using var world = new SimWorld(6, shuffle: true);
        var swarm = new SimSwarm(world, content);
        LinkOptions lossy = node.Link with { Loss = 0.03, Jitter = TimeSpan.FromMilliseconds(80) };
        swarm.Add("seed", node with { IsSeed = true, Link = lossy });
        swarm.Add(10, "leech", node with { Link = lossy }, TimeSpan.FromSeconds(2));
        for (int i = 1; i <= 20; i++)
        {
            // A router that restarts resets all streams that go through it.
            world.After(TimeSpan.FromSeconds(i * 3), () => ((SimNetwork)swarm.Nodes[world.Random.Next(swarm.Nodes.Count)].Host.Process.Environment.Network).ResetAll());
        }
        swarm.RunUntilComplete(TimeSpan.FromMinutes(15));
        Report(swarm);
        swarm.StopAndCheckForLeaks();
    }

    [Fact]
    public void A_partition_that_heals_leaves_everybody_complete()
    {
        using var world = new SimWorld(7, shuffle: true);
        var swarm = new SimSwarm(world, content);
        swarm.Add("seed", node with { IsSeed = true });
        swarm.Add(12, "leech", node, TimeSpan.FromSeconds(1));
        world.Run(TimeSpan.FromSeconds(6));
        world.Partition([.. swarm.Nodes.Take(5).Select(n => n.Host)], [.. swarm.Nodes.Skip(5).Select(n => n.Host)]);
        world.Run(TimeSpan.FromMinutes(4));
        Assert.Contains(swarm.Leeches, n => !n.IsFinished);
        world.Heal();
        swarm.RunUntilComplete(TimeSpan.FromMinutes(10));
        swarm.StopAndCheckForLeaks();
    }

    [Fact]
    public void Free_riders_get_their_optimistic_share_and_no_more()
    {
        using var world = new SimWorld(8);
        var swarm = new SimSwarm(world, content with { Length = 16 << 20, PieceLength = 64 << 10 });
        NodeOptions slower = node with { Link = LinkOptions.Of(100_000, 1_000_000, roundTrip) };
        swarm.Add("seed", node with { IsSeed = true, Link = LinkOptions.Of(400_000, 0, roundTrip) });
        SimNode[] honest = [.. swarm.Add(20, "honest", slower)];
        world.Run(TimeSpan.FromSeconds(25));
        ScriptedLeech[] riders = [.. Enumerable.Range(0, 5).Select(i => new ScriptedLeech(world.AddHost($"rider{i}", slower.Link), swarm.Content))];
        foreach (ScriptedLeech rider in riders)
        {
            foreach (SimNode peer in honest) rider.Connect(peer.EndPoint);
        }
        long[] downBefore = [.. honest.Select(n => n.Downloaded)], upBefore = [.. honest.Select(n => n.Uploaded)];
        world.Run(() => honest.Any(n => n.IsFinished), TimeSpan.FromMinutes(5));
        double fair = honest.Select((n, i) => (double)n.Downloaded - downBefore[i]).Average(), free = riders.Average(r => (double)r.Received);
        double share = riders.Sum(r => (double)r.Received) / honest.Select((n, i) => (double)n.Uploaded - upBefore[i]).Sum();
        output.WriteLine($"at {world.Now.TotalSeconds:F0} s: an honest peer got {fair / 1e6:F1} MB, a free rider {free / 1e6:F1} MB: {share:P1} of what honest peers gave");
        // One slot of eight is optimistic; others wait for it too.
        Assert.True(share < 0.125, $"Free riders got {share:P1} of what honest peers gave.");
        Assert.True(free < 0.35 * fair, $"A free rider got {free / fair:P0} of what an honest peer got.");
        Assert.True(free > 0, "A newcomer must get something to begin with.");
    }

    [Fact]
    public void Who_gives_more_gets_more()
    {
        using var world = new SimWorld(9);
        var swarm = new SimSwarm(world, content with { Length = 12 << 20, PieceLength = 64 << 10 });
        NodeOptions options = node with { Torrent = node.Torrent with { MaxPeers = 50 } };
        swarm.Add("seed", options with { IsSeed = true, Link = LinkOptions.Of(400_000, 0, roundTrip) });
        SimNode[] fast = [.. swarm.Add(20, "fast", options with { Link = LinkOptions.Of(200_000, 1_000_000, roundTrip) })];
        SimNode[] slow = [.. swarm.Add(20, "slow", options with { Link = LinkOptions.Of(15_000, 1_000_000, roundTrip) })];
        swarm.RunUntilComplete(TimeSpan.FromMinutes(10));
        double first = fast.Average(n => n.Seconds), second = slow.Average(n => n.Seconds);
        output.WriteLine($"fast ones took {first:F0} s, slow ones {second:F0} s");
        Assert.True(first < 0.8 * second, $"Giving thirteen times as much was worth {first:F0} s against {second:F0} s.");
    }

    [Fact]
    public void A_seed_gives_to_those_who_spread_what_they_get()
    {
        using var world = new SimWorld(10);
        var swarm = new SimSwarm(world, content with { Length = 32 << 20, PieceLength = 64 << 10 });
        SimNode seed = swarm.Add("seed", node with { IsSeed = true, Link = LinkOptions.Of(300_000, 0, roundTrip) });
        SimNode[] spreaders = [.. swarm.Add(10, "spreads", node)];
        ScriptedLeech[] takers = [.. Enumerable.Range(0, 10).Select(i => new ScriptedLeech(world.AddHost($"takes{i}", node.Link), swarm.Content))];
        foreach (ScriptedLeech taker in takers) taker.Connect(seed.EndPoint);
        world.Run(() => spreaders.Any(n => n.IsFinished), TimeSpan.FromMinutes(4));
        double given = spreaders.Sum(n => SentTo(seed, n.Host.Address)), taken = takers.Sum(t => (double)t.Received);
        output.WriteLine($"at {world.Now.TotalSeconds:F0} s the seed had given {given / 1e6:F1} MB to spreaders and {taken / 1e6:F1} MB to takers");
        Assert.True(taken < 0.5 * given, $"Takers got {taken / given:P0} of what spreaders got.");
    }

    [Fact]
    public void One_peer_at_two_hundred_milliseconds_fills_a_gigabit()
    {
        using var world = new SimWorld(11);
        var swarm = new SimSwarm(world, new ContentOptions { Length = 600_000_000, PieceLength = 1 << 20, DistinctPieces = 8 });
        LinkOptions wide = LinkOptions.Of(125_000_000, 125_000_000, TimeSpan.FromMilliseconds(200)) with { ReceiveWindow = 64 << 20, SendBuffer = 8 << 20 };
        var options = new NodeOptions { Link = wide, Torrent = new TorrentOptions { SaveTo = SimNode.Folder } };
        swarm.Add("seed", options with { IsSeed = true });
        SimNode leech = swarm.Add("leech", options);
        world.Run(() => leech.Downloaded > 0, TimeSpan.FromMinutes(1));
        TimeSpan start = world.Now;
        world.Run(TimeSpan.FromSeconds(3));
        (long before, TimeSpan from) = (leech.Downloaded, world.Now);
        world.Run(() => leech.Downloaded > 0.95 * swarm.Content.Length, TimeSpan.FromMinutes(2));
        double rate = (leech.Downloaded - before) / (world.Now - from).TotalSeconds;
        swarm.RunUntilComplete(TimeSpan.FromMinutes(2));
        double whole = swarm.Content.Length / (world.Now - start).TotalSeconds;
        output.WriteLine($"{rate / 1.25e8:P1} of the line after three seconds, {whole / 1.25e8:P1} from the first block to the end");
        Assert.True(rate > 0.85 * 125_000_000, $"{rate / 1.25e8:P1} of the line.");
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Limits_hold_within_five_percent_over_three_seconds(bool up, bool session)
    {
        const int limit = 300_000;
        using var world = new SimWorld(12, shuffle: true);
        var swarm = new SimSwarm(world, content with { Length = 8 << 20 });
        NodeOptions limited = session
            ? node with { Session = node.Session with { UploadLimit = up ? limit : 0, DownloadLimit = up ? 0 : limit } }
            : node with { Torrent = node.Torrent with { UploadLimit = up ? limit : 0, DownloadLimit = up ? 0 : limit } };
        if (up)
        {
            swarm.Add("seed", limited with { IsSeed = true });
            swarm.Add(3, "leech", node);
        }
        else
        {
            for (int i = 0; i < 3; i++) swarm.Add($"seed{i}", node with { IsSeed = true });
            swarm.Add("leech", limited);
        }
        SimNode watched = up ? swarm.Nodes[0] : swarm.Nodes[^1];
        world.Run(TimeSpan.FromSeconds(4));
        for (int i = 0; i < 6; i++)
        {
            // What leaves on the line, and what is taken off it: the kernel may receive before we do.
            long before = up ? watched.Host.BytesSent : watched.Downloaded;
            world.Run(TimeSpan.FromSeconds(3));
            double rate = ((up ? watched.Host.BytesSent : watched.Downloaded) - before) / 3.0;
            Assert.InRange(rate, 0.95 * limit, 1.05 * limit);
        }
    }

    [Theory]
    [InlineData(100_000, 0, 4, 4)]
    [InlineData(1_000_000, 0, 17, 21)]
    [InlineData(20_000_000, 0, 60, 100)]
    [InlineData(1_000_000, 300_000, 6, 6)]
    public void Slots_follow_what_the_line_carries_and_the_limit(int line, int limit, int least, int most)
    {
        using var world = new SimWorld(16);
        var swarm = new SimSwarm(world, content with { Length = 256 << 20, PieceLength = 1 << 20, DistinctPieces = 4 });
        SimNode seed = swarm.Add("seed", node with
        {
            IsSeed = true, Link = LinkOptions.Of(line, 0, roundTrip), Session = node.Session with { UploadLimit = limit, ReadMemory = 16 << 20 },
        });
        swarm.Add(12, "leech", node);
        world.Run(TimeSpan.FromSeconds(32));
        Assert.InRange(seed.Torrent!.Lifecycle.Swarm.Choker.Slots, least, most);
    }

    // What a pump took and the line did not bring is given back: a limit that is not reached costs nothing.
    [Fact]
    public void A_limit_above_what_the_line_carries_costs_nothing()
    {
        double free = Seconds(0), limited = Seconds(120_000);
        output.WriteLine($"{free:F1} s without a limit, {limited:F1} s with one");
        Assert.True(limited < free * 1.08, $"{free:F1} s without a limit, {limited:F1} s with one that is above the line.");

        double Seconds(int limit)
        {
            using var world = new SimWorld(14, shuffle: true);
            var swarm = new SimSwarm(world, content with { Length = 2 << 20 });
            swarm.Add("seed", node with { IsSeed = true, Link = LinkOptions.Of(100_000, 1_000_000, roundTrip) });
            SimNode leech = swarm.Add("leech", node with { Session = node.Session with { DownloadLimit = limit } });
            swarm.RunUntilComplete(TimeSpan.FromMinutes(3));
            return leech.Seconds;
        }
    }

    /// <summary>Who has nothing to give gets the optimistic slot for thirty seconds, not for less and not for good.</summary>
    [Fact]
    public void The_optimistic_slot_goes_round_every_thirty_seconds()
    {
        using var world = new SimWorld(15, shuffle: true);
        var swarm = new SimSwarm(world, content with { Length = 64 << 20 });
        NodeOptions slow = node with { Link = LinkOptions.Of(12_000, 100_000, roundTrip), Torrent = node.Torrent with { UploadSlots = 4 } };
        swarm.Add("seed", node with { IsSeed = true, Link = LinkOptions.Of(40_000, 0, roundTrip) });
        SimNode[] trading = [.. swarm.Add(8, "trades", slow)];
        world.Run(TimeSpan.FromSeconds(40));
        var host = world.AddHost("taker", slow.Link);
        var spans = new List<double>();
        for (int i = 0; i < trading.Length; i++)
        {
            SimNode peer = trading[i];
            string name = $"taker{i}";
            _ = RawPeer.Run(host, async () =>
            {
                using RawPeer raw = await RawPeer.ConnectAsync(host, peer.EndPoint);
                await raw.SendHandshakeAsync(swarm.Content.InfoHash, RawPeer.Id(name));
                await raw.ReceiveHandshakeAsync();
                await raw.SendMessageAsync(RawPeer.HaveNone);
                await raw.SendMessageAsync(RawPeer.Interested);
                TimeSpan since = default;
                while (true)
                {
                    RawMessage message = await raw.ReceiveMessageAsync();
                    if (message.Id == RawPeer.Unchoke) since = world.Now;
                    if (message.Id == RawPeer.Choke) spans.Add((world.Now - since).TotalSeconds);
                    if (message.Id == RawPeer.Have && message.Number(0) % 16 == 0) await raw.SendAsync(new byte[4]);
                }
            });
        }
        world.Run(TimeSpan.FromMinutes(4));
        output.WriteLine(string.Join(" ", spans.Select(s => $"{s:F0}")));
        Assert.True(spans.Count > 8, $"The slot came and went {spans.Count} times.");
        Assert.All(spans, span => Assert.InRange(span, 0, 34)); // with what stands in line before the message
        Assert.True(spans.Count(span => span > 26) > spans.Count * 2 / 3, string.Join(" ", spans.Select(s => $"{s:F0}")));
    }

    [Fact]
    public void Trackers_hear_of_each_event_once_and_the_counters_are_true()
    {
        using var world = new SimWorld(13, shuffle: true);
        var swarm = new SimSwarm(world, content);
        SimNode seed = swarm.Add("seed", node with { IsSeed = true });
        SimNode leech = swarm.Add("leech", node);
        swarm.RunUntilComplete(TimeSpan.FromMinutes(2));
        world.Run(TimeSpan.FromMinutes(70));
        swarm.StopAndCheckForLeaks();
        SimAnnounce[] ofSeed = [.. swarm.Tracker!.Announces.Where(a => a.From == seed.Host)], ofLeech = [.. swarm.Tracker.Announces.Where(a => a.From == leech.Host)];
        Assert.Equal(["started", "", "", "stopped"], ofSeed.Select(a => a.Event));
        Assert.Equal(["started", "completed", "", "", "stopped"], ofLeech.Select(a => a.Event));
        Assert.All(ofSeed, a => Assert.Equal(0, a.Left));
        Assert.Equal(swarm.Content.Length, ofLeech[0].Left);
        Assert.Equal(0, ofLeech[1].Left);
        Assert.InRange(ofLeech[^1].Downloaded, swarm.Content.Length, swarm.Content.Length + 500_000);
        Assert.InRange(ofSeed[^1].Uploaded, swarm.Content.Length, swarm.Content.Length + 500_000);
        Assert.InRange((ofSeed[2].Time - ofSeed[1].Time).TotalSeconds, 1800, 1860);
    }

    private static double SentTo(SimNode seed, IPAddress to) =>
        seed.Torrent!.Lifecycle.Swarm.Peers.Where(p => p.Remote.Address.Equals(to)).Sum(p => (double)p.Sender.Sent.Total);

    private static double Last(SimSwarm swarm) => swarm.Leeches.Max(n => n.Seconds);

    private static double Waste(SimSwarm swarm) =>
        swarm.Leeches.Where(n => n.Torrent is not null).Sum(n => (double)n.Torrent!.Lifecycle.Swarm.Downloads.Wasted)
        / swarm.Leeches.Sum(n => (double)n.Downloaded);

    private void Report(SimSwarm swarm)
    {
        SimWorld world = swarm.World;
        double[] seconds = [.. swarm.Leeches.Where(n => n.CompletedAt is not null).Select(n => n.Seconds).Order()];
        double copies = swarm.Nodes.Where(n => n.Options.IsSeed).Sum(n => (double)n.Uploaded) / swarm.Content.Length;
        output.WriteLine($"median {seconds[seconds.Length / 2]:F1} s, last {seconds[^1]:F1} s; the seed sent {copies:F2} copies; waste {Waste(swarm):P2}; " +
            $"{world.Trace.Count} events, hash {world.Trace.Hash:x16}");
    }
}
