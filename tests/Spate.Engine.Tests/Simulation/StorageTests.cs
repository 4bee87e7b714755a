using Spate.Engine.Ports;
using Spate.Engine.Torrents;
using Spate.Simulation;
using Xunit.Abstractions;

namespace Spate.Engine.Tests.Simulation;

/// <summary>
/// Disks that fill up, fail, vanish and lose what was not flushed, under the real engine: never a false piece, nothing verified is
/// lost, and it goes on by itself when the cause is gone.
/// </summary>
public sealed class StorageTests(ITestOutputHelper output)
{
    private static readonly NodeOptions node = new()
    {
        Link = LinkOptions.Of(1_000_000, 2_000_000, TimeSpan.FromMilliseconds(50)),
        Session = new SessionOptions { StateFolder = SimNode.StateFolder, LocalDiscovery = false, Dht = false, WriteMemory = 4 << 20, ReadMemory = 2 << 20 },
    };

    private static readonly ContentOptions single = new() { Length = 6_000_001, PieceLength = 128 << 10 };

    private static readonly ContentOptions many = new()
    {
        Name = "folder",
        Files = [("a", 1_000_001), ("empty", 0), ("sub/b", 3), ("sub/c", 2_500_000), ("d", 700_000)],
        PieceLength = 64 << 10,
    };

    [Fact]
    public void A_full_disk_pauses_the_download_and_room_lets_it_go_on()
    {
        using var world = new SimWorld(20, shuffle: true);
        var (swarm, leech) = Pair(world, single, node with { Disk = new DiskOptions { Capacity = 3 << 20 } });
        world.RunUntil(() => leech.Torrent!.Status.State == TorrentState.Error, TimeSpan.FromMinutes(1), "the full disk is told");
        Assert.Contains("No space left", leech.Torrent!.Status.Error!, StringComparison.Ordinal);
        int before = leech.Torrent.Status.PiecesDone;
        // Until there is room it stays as it is, and does not try and fail again every few seconds.
        for (int i = 0; i < 1500; i++)
        {
            world.Run(TimeSpan.FromMilliseconds(200));
            Assert.Equal(TorrentState.Error, leech.Torrent.Status.State);
        }
        Assert.True(leech.Torrent.Status.PiecesDone >= before && before > 10, $"{before} pieces were there.");
        leech.Host.Disk.Options = leech.Host.Disk.Options with { Capacity = 100 << 20 };
        TimeSpan room = world.Now;
        swarm.RunUntilComplete(TimeSpan.FromMinutes(2));
        Assert.True(world.Now - room < TimeSpan.FromSeconds(60));
        swarm.StopAndCheckForLeaks();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_state_folder_that_takes_no_more_pauses_the_download_until_it_does(bool full)
    {
        using var world = new SimWorld(28, shuffle: true);
        var (swarm, leech) = Pair(world, single, node with { Link = LinkOptions.Of(1_000_000, 100_000, TimeSpan.FromMilliseconds(50)) });
        world.RunUntil(() => leech.Torrent!.Status.PiecesDone > 5, TimeSpan.FromMinutes(1), "it downloads");
        DiskFault fault = leech.Host.Disk.Inject(new DiskFault
        {
            Calls = DiskCalls.ReplaceSmall, PathContains = SimNode.StateFolder,
            Error = path => full ? new StorageFullException($"No space left: {path}") : new UnauthorizedAccessException($"Permission denied: {path}"),
        });
        world.RunUntil(() => leech.Torrent!.Status.State == TorrentState.Error, TimeSpan.FromMinutes(1), "it is told");
        Assert.Contains(SimNode.StateFolder, leech.Torrent!.Status.Error!, StringComparison.Ordinal);
        for (int i = 0; i < 1500; i++)
        {
            world.Run(TimeSpan.FromMilliseconds(200));
            Assert.Equal(TorrentState.Error, leech.Torrent.Status.State);
        }
        leech.Host.Disk.Remove(fault);
        swarm.RunUntilComplete(TimeSpan.FromMinutes(3));
        swarm.StopAndCheckForLeaks();
    }

    [Fact]
    public void A_read_only_disk_pauses_the_download_and_a_writable_one_lets_it_go_on() =>
        Recovers(21, leech => leech.Host.Disk.ReadOnly = true, leech => leech.Host.Disk.ReadOnly = false);

    [Fact]
    public void A_drive_that_is_pulled_pauses_the_download_and_one_that_is_back_lets_it_go_on() =>
        Recovers(22, leech => leech.Host.Disk.Unplugged = true, leech => leech.Host.Disk.Unplugged = false);

    [Fact]
    public void A_permission_that_is_taken_pauses_the_download_and_one_that_is_back_lets_it_go_on()
    {
        var denied = new DiskFault { Calls = DiskCalls.Open | DiskCalls.Write, PathContains = SimNode.Folder, Error = static path => new UnauthorizedAccessException($"Permission denied: {path}") };
        Recovers(23, leech => leech.Host.Disk.Inject(denied), leech => leech.Host.Disk.Remove(denied));
    }

    [Fact]
    public void A_seed_whose_file_is_removed_stops_serving_it_and_says_why()
    {
        using var world = new SimWorld(24);
        var (swarm, leech) = Pair(world, single, node);
        SimNode seed = swarm.Nodes[0];
        world.Run(() => leech.Torrent!.Status.PiecesDone > 10, TimeSpan.FromMinutes(1));
        seed.Host.Disk.Truncate($"{SimNode.Folder}/{swarm.Content.Files[0].Path}", 100_000);
        world.RunUntil(() => seed.Torrent!.Status.State == TorrentState.Error, TimeSpan.FromMinutes(1), "the seed notices");
        Assert.NotNull(seed.Torrent!.Status.Error);
        Assert.False(leech.IsFinished);
    }

    [Fact]
    public void What_rots_on_a_seeds_disk_never_counts_as_good_elsewhere()
    {
        using var world = new SimWorld(25);
        var (swarm, leech) = Pair(world, single, node);
        SimNode good = swarm.Add("good", node with { IsSeed = true });
        swarm.Nodes[0].Host.Disk.Corrupt($"{SimNode.Folder}/{swarm.Content.Files[0].Path}", 3_000_000, 1);
        swarm.RunUntilComplete(TimeSpan.FromMinutes(5), [leech]);
        Assert.True(good.HoldsContent);
    }

    [Theory]
    [InlineData(false, 100)]
    [InlineData(true, 100)]
    public void Power_cuts_at_any_moment_never_yield_a_false_piece(bool folder, int cuts)
    {
        long worst = 0;
        for (int i = 0; i < cuts; i++)
        {
            using var world = new SimWorld(3000 + (ulong)i, shuffle: true);
            var (swarm, leech) = Pair(world, folder ? many : single, node);
            for (int cut = 0; cut < 2 && !leech.IsFinished; cut++)
            {
                world.Run(() => leech.IsFinished, TimeSpan.FromSeconds(0.3 + (world.Random.NextDouble() * 4)));
                int durable = leech.Torrent!.Status.PiecesDurable;
                long before = leech.Torrent.Lifecycle.Swarm.Picker.Have.Count;
                leech.PowerCut(world.Random.NextDouble());
                world.Run(TimeSpan.FromSeconds(world.Random.NextDouble() * 5));
                leech.Start();
                world.RunUntil(() => leech.Torrent!.Status.State != TorrentState.Checking, TimeSpan.FromMinutes(1), "it starts again");
                ClaimsOnlyWhatIsThere(world, leech);
                Assert.True(leech.Torrent!.Lifecycle.Picker.Have.Count >= durable,
                    $"Seed {world.Seed}: {durable} pieces were durable, {leech.Torrent.Lifecycle.Picker.Have.Count} are left.");
                worst = Math.Max(worst, before - leech.Torrent.Lifecycle.Picker.Have.Count);
            }
            swarm.RunUntilComplete(TimeSpan.FromMinutes(5));
            NobodyIsBanned(swarm);
        }
        output.WriteLine($"at worst {worst} pieces of {(folder ? 64 : 128)} KiB were lost at once");
        // An epoch is two seconds and what a flush takes: at 1 MB/s no more than that.
        Assert.True(worst * (folder ? 64 : 128) <= 3500, $"{worst} pieces were lost at once.");
    }

    [Fact]
    public void Kills_at_any_moment_lose_at_most_an_epoch()
    {
        for (int i = 0; i < 50; i++)
        {
            using var world = new SimWorld(4000 + (ulong)i, shuffle: true);
            var (swarm, leech) = Pair(world, i % 2 == 0 ? many : single, node);
            for (int kill = 0; kill < 4 && !leech.IsFinished; kill++)
            {
                world.Run(() => leech.IsFinished, TimeSpan.FromSeconds(world.Random.NextDouble() * 3));
                int durable = leech.Torrent!.Status.PiecesDurable;
                leech.Kill();
                leech.Start();
                world.RunUntil(() => leech.Torrent!.Status.State != TorrentState.Checking, TimeSpan.FromMinutes(1), "it starts again");
                ClaimsOnlyWhatIsThere(world, leech);
                Assert.True(leech.Torrent!.Lifecycle.Picker.Have.Count >= durable, $"Seed {world.Seed}: durable pieces were lost.");
            }
            swarm.RunUntilComplete(TimeSpan.FromMinutes(5));
            NobodyIsBanned(swarm);
        }
    }

    [Fact]
    public void A_stop_in_good_order_keeps_everything_and_checks_nothing_again()
    {
        using var world = new SimWorld(26, shuffle: true);
        var (swarm, leech) = Pair(world, many, node);
        world.Run(() => leech.Torrent!.Status.PiecesDone > 20, TimeSpan.FromMinutes(1));
        world.Play(leech.StopAsync, TimeSpan.FromSeconds(30));
        int had = leech.Torrent!.Lifecycle.Picker.Have.Count;
        leech.Host.Restart();
        long read = leech.Host.Disk.BytesRead;
        leech.Start();
        world.RunUntil(() => leech.Torrent!.Status.State != TorrentState.Checking, TimeSpan.FromMinutes(1), "it starts again");
        Assert.Equal(had, leech.Torrent!.Lifecycle.Picker.Have.Count);
        Assert.Equal(read, leech.Host.Disk.BytesRead);
        swarm.RunUntilComplete(TimeSpan.FromMinutes(2));
        long downloaded = leech.Torrent.Status.Downloaded;
        Assert.InRange(downloaded, swarm.Content.Length, swarm.Content.Length + (10 * 64 << 10));
    }

    [Fact]
    public void Files_that_were_changed_after_an_orderly_stop_are_checked_again()
    {
        using var world = new SimWorld(27);
        var (swarm, leech) = Pair(world, many, node);
        swarm.RunUntilComplete(TimeSpan.FromMinutes(2));
        world.Play(leech.StopAsync, TimeSpan.FromSeconds(30));
        leech.Host.Restart();
        leech.Host.Disk.Put($"{SimNode.Folder}/{swarm.Content.Files[3].Path}", new byte[2_500_000]);
        leech.Start();
        world.RunUntil(() => leech.Torrent!.Status.State != TorrentState.Checking, TimeSpan.FromMinutes(1), "it starts again");
        ClaimsOnlyWhatIsThere(world, leech);
        Assert.InRange(leech.Torrent!.Lifecycle.Picker.Have.Count, 10, 64);
        swarm.RunUntilComplete(TimeSpan.FromMinutes(2));
    }

    [Theory]
    [InlineData(DiskCalls.Write, false)]
    [InlineData(DiskCalls.Flush, false)]
    [InlineData(DiskCalls.ReplaceSmall, false)]
    [InlineData(DiskCalls.Open, false)]
    [InlineData(DiskCalls.Open, true)]
    [InlineData(DiskCalls.Read, true)]
    [InlineData(DiskCalls.Stat | DiskCalls.ReadSmall | DiskCalls.FreeBytes | DiskCalls.SetLength, false)]
    public void Whichever_call_to_the_disk_fails_once_the_download_completes(DiskCalls calls, bool atSeed)
    {
        int runs = 0;
        for (int nth = 0; nth < 400; nth = nth < 20 ? nth + 1 : nth * 5 / 4)
        {
            using var world = new SimWorld(5000 + (ulong)nth);
            SimSwarm swarm = new(world, many);
            SimNode seed = swarm.Prepare("seed", node with { IsSeed = true });
            SimNode leech = swarm.Prepare("leech", node with { Torrent = node.Torrent with { Preallocate = nth % 2 == 0 } });
            DiskFault fault = (atSeed ? seed : leech).Host.Disk.Inject(new DiskFault { Calls = calls, After = nth, Times = 1 });
            seed.Start();
            leech.Start();
            swarm.RunUntilComplete(TimeSpan.FromMinutes(5));
            ClaimsOnlyWhatIsThere(world, leech);
            runs++;
            if (fault.Hits == 0) break;
            swarm.StopAndCheckForLeaks();
        }
        output.WriteLine($"{runs} runs");
        Assert.True(runs > 1, "No call was ever hit: the test shows nothing.");
    }

    [Fact]
    public void Random_faults_end_complete_or_in_a_named_error()
    {
        int complete = 0, failed = 0;
        for (ulong seed = 0; seed < 40; seed++)
        {
            using var world = new SimWorld(6000 + seed, shuffle: true);
            SimSwarm swarm = new(world, seed % 2 == 0 ? many : single);
            swarm.Add("seed", node with { IsSeed = true });
            LinkOptions lossy = node.Link with { Loss = world.Random.NextDouble() * 0.02, Jitter = TimeSpan.FromMilliseconds(world.Random.Next(30)) };
            SimNode[] leeches = [.. Enumerable.Range(0, 4).Select(i => swarm.Prepare($"leech{i}", node with { Link = lossy }))];
            foreach (SimNode leech in leeches)
            {
                for (int i = 0; i < 3; i++)
                {
                    leech.Host.Disk.Inject(new DiskFault { Calls = (DiskCalls)(1 << world.Random.Next(13)), After = world.Random.Next(60), Times = 1 + world.Random.Next(3) });
                }
                leech.Start();
                SimNode victim = leech;
                if (world.Random.Chance(0.3)) world.After(TimeSpan.FromSeconds(world.Random.NextDouble() * 8), () => Restart(victim, cut: true));
                if (world.Random.Chance(0.3)) world.After(TimeSpan.FromSeconds(world.Random.NextDouble() * 8), () => Restart(victim, cut: false));
            }
            world.Run(() => leeches.All(n => n.IsFinished), TimeSpan.FromMinutes(3));
            foreach (SimNode leech in leeches)
            {
                ClaimsOnlyWhatIsThere(world, leech);
                bool done = leech.IsFinished && leech.HoldsContent;
                bool named = leech.Torrent!.Status is { State: TorrentState.Error, Error.Length: > 0 };
                Assert.True(done || named, $"Seed {world.Seed}: {leech}");
                if (done) complete++;
                else failed++;
            }
            NobodyIsBanned(swarm);
        }
        output.WriteLine($"{complete} complete, {failed} in an error");
        Assert.True(complete > 120, $"Only {complete} of 160 are complete.");
    }

    private static void Restart(SimNode node, bool cut)
    {
        if (cut) node.PowerCut();
        else node.Kill();
        node.Start();
    }

    private static void Recovers(ulong seed, Action<SimNode> breaks, Action<SimNode> mends)
    {
        using var world = new SimWorld(seed, shuffle: true);
        var (swarm, leech) = Pair(world, many, node);
        world.Run(() => leech.Torrent!.Status.PiecesDone > 10, TimeSpan.FromMinutes(1));
        breaks(leech);
        world.RunUntil(() => leech.Torrent!.Status.State == TorrentState.Error, TimeSpan.FromMinutes(1), "the error is told");
        Assert.False(string.IsNullOrEmpty(leech.Torrent!.Status.Error));
        int had = leech.Torrent.Lifecycle.Picker.Have.Count;
        world.Run(TimeSpan.FromMinutes(2));
        Assert.False(leech.IsFinished);
        Assert.True(leech.Torrent.Lifecycle.Picker.Have.Count >= had, "Verified pieces were forgotten.");
        mends(leech);
        TimeSpan mended = world.Now;
        swarm.RunUntilComplete(TimeSpan.FromMinutes(1));
        Assert.True(world.Now - mended < TimeSpan.FromSeconds(60));
        swarm.StopAndCheckForLeaks();
    }

    private static (SimSwarm Swarm, SimNode Leech) Pair(SimWorld world, ContentOptions content, NodeOptions options)
    {
        var swarm = new SimSwarm(world, content);
        swarm.Add("seed", node with { IsSeed = true });
        return (swarm, swarm.Add("leech", options));
    }

    private static void ClaimsOnlyWhatIsThere(SimWorld world, SimNode leech)
    {
        for (int piece = leech.Torrent!.Lifecycle.Picker.Have.NextSet(0); piece >= 0; piece = leech.Torrent.Lifecycle.Picker.Have.NextSet(piece + 1))
            Assert.True(leech.Host.Disk.HoldsPiece(leech.Content, SimNode.Folder, piece), $"Seed {world.Seed}: {leech.Host.Name} claims piece {piece}, which is not on its disk.");
    }

    private static void NobodyIsBanned(SimSwarm swarm)
    {
        foreach (SimNode one in swarm.Nodes)
            Assert.All(swarm.Nodes, other => Assert.False(one.Torrent!.Lifecycle.Candidates.IsBanned(other.EndPoint), $"Seed {swarm.World.Seed}: {one.Host.Name} banned {other.Host.Name}."));
    }
}
