using Spate.Engine.Disk;
using Spate.Engine.Session;
using Spate.Engine.Torrents;
using Spate.Simulation;

namespace Spate.Engine.Tests.Session;

/// <summary>Files get other names while the torrent does something.</summary>
public sealed class RenameTests
{
    private static readonly NodeOptions Node = new()
    {
        Link = LinkOptions.Of(1_000_000, 2_000_000, TimeSpan.FromMilliseconds(50)),
        Session = new SessionOptions { StateFolder = SimNode.StateFolder, LocalDiscovery = false, Dht = false, WriteMemory = 4 << 20, ReadMemory = 2 << 20 },
    };

    private static readonly ContentOptions Content = new()
    {
        Name = "folder", Files = [("a", 1_000_001), ("empty", 0), ("sub/b", 3), ("sub/c", 2_500_000), ("d", 700_000)], PieceLength = 64 << 10,
    };

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly SimWorld world = new(79, shuffle: true);
    private readonly SimSwarm swarm;

    public RenameTests()
    {
        swarm = new SimSwarm(world, Content);
    }

    private SimNode Leech(SimSwarm? of = null)
    {
        (of ?? swarm).Add("seed", Node with { IsSeed = true });
        return (of ?? swarm).Add("leech", Node);
    }

    private void Do(Func<Task> action) => world.Play(action, Minute);

    private static int Have(SimNode node) => node.Torrent!.Lifecycle.Picker.Have.Count;

    private void RunTo(SimNode node, int pieces) => world.RunUntil(() => Have(node) >= pieces, Minute, $"{pieces} pieces are there");

    private static List<FileStatus> Files(SimWorld world, SimNode node)
    {
        List<FileStatus> files = [];
        world.Play(async () => files = [.. await node.Torrent!.GetFilesAsync()], Minute);
        return files;
    }

    // Every file lies whole where the torrent says it does, and nothing else lies in the download folder.
    private static void AssertHoldsAll(SimWorld world, SimSwarm swarm, SimNode node, string folder = SimNode.Folder)
    {
        SimNode seed = swarm.Nodes[0];
        List<FileStatus> files = Files(world, node);
        foreach (FileStatus file in files)
            Assert.Equal(seed.Host.Disk.Get($"{SimNode.Folder}/{file.PathInTorrent}"), node.Host.Disk.Get($"{folder}/{file.Path}"));
        Assert.Equal(
            files.Select(file => $"{folder}/{file.Path}").Order(StringComparer.Ordinal),
            node.Host.Disk.Paths.Where(path => !path.StartsWith(SimNode.StateFolder + "/", StringComparison.Ordinal)));
    }

    [Fact]
    public void During_a_download_files_change_their_names_and_no_peer_leaves()
    {
        SimNode leech = Leech();
        RunTo(leech, 10);
        Do(() => leech.Torrent!.RenameAsync("folder/sub/c", "new"));
        RunTo(leech, 20);
        Do(() => leech.Torrent!.RenameAsync("folder", "Other folder"));
        Do(() => leech.Torrent!.RenameAsync("Other folder/d", "not here yet"));
        Assert.Equal(1, leech.Torrent!.Status.Peers);
        long downloaded = leech.Downloaded;
        world.RunUntil(() => leech.Torrent.Status.IsFinished, Minute, "it completes");
        Assert.True(leech.Downloaded > downloaded);
        Assert.InRange(leech.Downloaded, swarm.Content.Length, swarm.Content.Length + (64 << 10)); // nothing came twice
        world.Run(TimeSpan.FromSeconds(5));
        AssertHoldsAll(world, swarm, leech);
        Assert.Equal(
            ["Other folder/a", "Other folder/empty", "Other folder/sub/b", "Other folder/sub/new", "Other folder/not here yet"], Files(world, leech).Select(file => file.Path));
        swarm.StopAndCheckForLeaks();
    }

    [Fact]
    public void A_seed_goes_on_sending_under_the_new_names_and_they_hold_after_a_restart()
    {
        SimNode leech = Leech();
        SimNode seed = swarm.Nodes[0];
        RunTo(leech, 10);
        Do(() => seed.Torrent!.RenameAsync("folder", "new"));
        RunTo(leech, 20);
        Do(seed.StopAsync);
        seed.Host.Restart();
        long read = seed.Host.Disk.BytesRead;
        seed.Start();
        world.RunUntil(() => seed.Torrent!.Status.IsFinished, Minute, "the seed is back");
        Assert.InRange(seed.Host.Disk.BytesRead - read, 0, 1_000_000); // it was not checked again
        world.RunUntil(() => leech.Torrent!.Status.IsFinished, TimeSpan.FromMinutes(5), "it completes");
        Assert.True(seed.Host.Disk.Exists($"{SimNode.Folder}/new/sub/c"));
        Assert.False(seed.Host.Disk.Exists($"{SimNode.Folder}/folder/sub/c"));
    }

    [Fact]
    public void A_check_goes_on_and_finds_everything()
    {
        var large = new SimSwarm(world, new ContentOptions { Name = "large", Files = [("one", 24 << 20), ("two", 24 << 20)], PieceLength = 256 << 10 });
        SimNode node = large.Prepare("node", Node with { IsSeed = true, Disk = new DiskOptions { ReadBytesPerSecond = 10_000_000, Workers = 2 } });
        node.Start();
        world.RunUntil(() => node.Torrent!.Status.CheckProgress > 0.2, Minute, "the check is under way");
        Do(() => node.Torrent!.RenameAsync("large/one", "1"));
        Assert.InRange(node.Torrent!.Status.CheckProgress, 0.2, 0.9);
        Do(() => node.Torrent!.RenameAsync("large", "Large"));
        world.RunUntil(() => node.Torrent!.Status.State == TorrentState.Seeding, Minute, "it seeds");
        Assert.Equal(large.Metainfo.PieceCount, Have(node));
        Assert.InRange(node.Host.Disk.BytesRead, 48 << 20, 50 << 20); // once, not once for each name
    }

    [Fact]
    public void A_check_a_move_and_a_removal_use_the_new_names()
    {
        SimNode leech = Leech();
        swarm.RunUntilComplete(Minute);
        Do(() => leech.Torrent!.RenameAsync("folder/sub", "below"));
        Do(() => leech.Torrent!.RenameAsync("folder/a", "A renamed"));
        long downloaded = leech.Downloaded;
        Do(leech.Torrent!.RecheckAsync);
        Assert.Equal(swarm.Metainfo.PieceCount, Have(leech));
        Do(() => leech.Torrent.MoveAsync("/other/place"));
        AssertHoldsAll(world, swarm, leech, "/other/place");
        Do(() => leech.Torrent.RenameAsync("folder", "moved"));
        AssertHoldsAll(world, swarm, leech, "/other/place");
        Assert.Equal(downloaded, leech.Downloaded);
        leech.Host.Disk.Put("/other/place/moved/mine", [1]);
        Do(() => leech.Session!.RemoveAsync(leech.Torrent!, deleteData: true));
        Assert.Equal(["/other/place/moved/mine"], leech.Host.Disk.Paths);
    }

    [Fact]
    public void What_is_refused_changes_nothing_and_after_the_end_there_is_nothing_to_rename()
    {
        SimNode leech = Leech();
        RunTo(leech, 30);
        foreach ((string path, string name) in new[] { ("folder/none", "x"), ("folder/a", "../x"), ("folder/a", "D"), ("folder/sub", "a"), ("folder/a", "") })
            Do(async () => await Assert.ThrowsAsync<RenameException>(() => leech.Torrent!.RenameAsync(path, name)));
        Assert.DoesNotContain(leech.Host.Disk.Paths, path => path.EndsWith(".names", StringComparison.Ordinal));
        Assert.All(Files(world, leech), file => Assert.Equal(file.PathInTorrent, file.Path));
        Assert.Equal(TorrentState.Downloading, leech.Torrent!.Status.State);
        swarm.RunUntilComplete(Minute);
        Do(() => leech.Session!.RemoveAsync(leech.Torrent!));
        Do(async () => await Assert.ThrowsAsync<InvalidOperationException>(() => leech.Torrent!.RenameAsync("folder/a", "x")));
    }

    [Fact]
    public void A_disk_that_refuses_in_the_middle_leaves_the_old_names_and_the_download_goes_on()
    {
        SimNode leech = Leech();
        RunTo(leech, 50);
        leech.Host.Disk.Inject(new DiskFault { Calls = DiskCalls.Move, PathContains = "sub/c", Times = 1 });
        Do(async () => await Assert.ThrowsAsync<IOException>(() => leech.Torrent!.RenameAsync("folder", "new")));
        swarm.RunUntilComplete(Minute);
        AssertHoldsAll(world, swarm, leech);
        Assert.Equal("folder/a", Files(world, leech)[0].Path);
    }

    // Not even going back works, for a while: nothing is written to wrong names, and once the disk is well all is found.
    [Fact]
    public void A_drive_that_goes_away_in_the_middle_and_comes_back_loses_nothing()
    {
        SimNode leech = Leech();
        RunTo(leech, 50);
        Assert.Equal(5, leech.Host.Disk.Paths.Count(path => path.StartsWith(SimNode.Folder, StringComparison.Ordinal)));
        leech.Host.Disk.Inject(new DiskFault
        {
            Calls = DiskCalls.Move, After = 2, Times = 1,
            Error = path =>
            {
                leech.Host.Disk.Unplugged = true;
                return new IOException($"Input/output error: {path}");
            },
        });
        Do(async () => await Assert.ThrowsAnyAsync<IOException>(() => leech.Torrent!.RenameAsync("folder", "new")));
        world.RunUntil(() => leech.Torrent!.Status.State == TorrentState.Error, Minute, "the error is told");
        world.Run(TimeSpan.FromSeconds(20));
        // Nothing can be taken along now, and nothing is.
        Do(async () => await Assert.ThrowsAnyAsync<IOException>(() => leech.Torrent!.RenameAsync("folder/a", "b")));
        leech.Host.Disk.Unplugged = false;
        world.RunUntil(() => leech.Torrent!.Status.IsFinished, Minute, "it completes");
        AssertHoldsAll(world, swarm, leech);
    }

    // The same with the state on another drive: what is out of sight is neither renamed nor moved, and is there again.
    [Fact]
    public void What_is_out_of_sight_is_not_renamed()
    {
        SimNode leech = Leech();
        swarm.RunUntilComplete(Minute);
        world.Run(TimeSpan.FromSeconds(2));
        leech.Host.Disk.Unplugged = true;
        Do(async () => Assert.Contains("Connect its drive", (await Assert.ThrowsAsync<FileNotFoundException>(() => leech.Torrent!.RenameAsync("folder", "new"))).Message));
        leech.Host.Disk.Unplugged = false;
        world.RunUntil(() => leech.Torrent!.Status.State == TorrentState.Seeding, Minute, "it is well");
        AssertHoldsAll(world, swarm, leech);
    }

    // kill -9, or a power cut, at every call on the disk that a rename makes in the middle of a download.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Cut_off_at_any_call_on_the_disk_it_finds_its_data_again(bool powerCut)
    {
        int renamed = 0, kept = 0;
        for (int call = 0; call < 60; call++)
        {
            using var each = new SimWorld(9100 + (ulong)call, shuffle: true);
            var many = new SimSwarm(each, Content);
            many.Add("seed", Node with { IsSeed = true });
            SimNode leech = many.Add("leech", Node);
            each.RunUntil(() => Have(leech) >= 30, Minute, "half is there");
            each.Run(TimeSpan.FromSeconds(2.2)); // and durable
            int durable = leech.Torrent!.Status.PiecesDurable;
            DiskFault cut = leech.Host.Disk.Inject(new DiskFault
            {
                Calls = DiskCalls.All & ~(DiskCalls.Read | DiskCalls.Write | DiskCalls.Open), After = call, Times = 1,
                Error = path =>
                {
                    if (powerCut) leech.PowerCut(0.3);
                    else leech.Kill();
                    return new IOException(path);
                },
            });
            Task rename = leech.Torrent.RenameAsync("folder", "new");
            each.Run(TimeSpan.FromMilliseconds(100));
            bool acknowledged = rename.IsCompletedSuccessfully;
            if (leech.IsRunning) leech.Kill();
            leech.Host.Disk.Remove(cut);
            leech.Start();
            each.RunUntil(() => leech.Torrent!.Status.State != TorrentState.Checking, Minute, "it is back");
            Assert.True(Have(leech) >= durable, $"call {call}: {durable} pieces were durable, {Have(leech)} are found");
            each.RunUntil(() => leech.Torrent!.Status.IsFinished, TimeSpan.FromMinutes(5), "it completes");
            each.Run(TimeSpan.FromSeconds(2));
            bool isNew = Files(each, leech)[0].Path == "new/a";
            Assert.True(isNew || !acknowledged, $"call {call}: it was said to be renamed");
            foreach (FileStatus file in Files(each, leech))
                Assert.Equal(many.Nodes[0].Host.Disk.Get($"{SimNode.Folder}/{file.PathInTorrent}"), leech.Host.Disk.Get($"{SimNode.Folder}/{file.Path}"));
            // On this disk a power cut may leave a file both names; a kill leaves nothing behind.
            if (!powerCut) AssertHoldsAll(each, many, leech);
            if (isNew) renamed++;
            else kept++;
        }
        Assert.True(renamed > 3 && kept > 10, $"{renamed} renamed, {kept} as before");
    }

    // Renames between everything else that a user can do.
    [Fact]
    public void Between_everything_else_that_is_done_names_stay_right()
    {
        for (ulong seed = 0; seed < 25; seed++)
        {
            using var each = new SimWorld(9500 + seed, shuffle: true);
            var many = new SimSwarm(each, Content);
            many.Add("seed", Node with { IsSeed = true });
            SimNode leech = many.Add("leech", Node);
            string top = "folder", file = "sub/c";
            for (int i = 0; i < 14; i++)
            {
                each.Run(TimeSpan.FromSeconds(each.Random.NextDouble()));
                switch (each.Random.Next(8))
                {
                    case 0: _ = leech.Torrent!.PauseAsync(); break;
                    case 1: _ = leech.Torrent!.ResumeAsync(); break;
                    case 2: _ = leech.Torrent!.RecheckAsync(); break;
                    case 3: _ = leech.Torrent!.MoveAsync(each.Random.Next(2) == 0 ? "/other" : SimNode.Folder); break;
                    case 4 or 5:
                        _ = leech.Torrent!.RenameAsync(top, $"top {i}");
                        top = $"top {i}";
                        break;
                    default:
                        _ = leech.Torrent!.RenameAsync($"{top}/{file}", $"c {i}");
                        file = $"sub/c {i}";
                        break;
                }
            }
            each.Play(() => leech.Torrent!.MoveAsync(SimNode.Folder), Minute);
            each.Play(leech.Torrent!.ResumeAsync, Minute);
            each.RunUntil(() => leech.Torrent!.Status.IsFinished, TimeSpan.FromMinutes(2), $"seed {seed} completes");
            each.Run(TimeSpan.FromSeconds(2));
            Assert.Equal(0, leech.Torrent.Lifecycle.Swarm.Downloads.Failed);
            Assert.Equal($"{top}/{file}", Files(each, leech)[3].Path);
            AssertHoldsAll(each, many, leech);
            many.StopAndCheckForLeaks();
        }
    }
}
