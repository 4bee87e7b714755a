using Spate.Engine.Pieces;
using Spate.Engine.Ports;
using Spate.Engine.Session;
using Spate.Engine.Torrents;
using Spate.Simulation;

namespace Spate.Engine.Tests.Session;

/// <summary>The story of a torrent: what the user does to it, at awkward moments, on a disk that may refuse.</summary>
public sealed class LifecycleTests
{
    private static readonly NodeOptions Node = new()
    {
        Link = LinkOptions.Of(1_000_000, 2_000_000, TimeSpan.FromMilliseconds(50)),
        Session = new SessionOptions { StateFolder = SimNode.StateFolder, LocalDiscovery = false, Dht = false, WriteMemory = 4 << 20, ReadMemory = 2 << 20 },
    };

    private static readonly ContentOptions Content = new()
    {
        Name = "folder",
        Files = [("a", 1_000_001), ("empty", 0), ("sub/b", 3), ("sub/c", 2_500_000), ("d", 700_000)],
        PieceLength = 64 << 10,
    };

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly SimWorld world = new(77, shuffle: true);
    private readonly SimSwarm swarm;

    public LifecycleTests()
    {
        swarm = new SimSwarm(world, Content);
    }

    private SimNode Leech(NodeOptions? options = null)
    {
        swarm.Add("seed", Node with { IsSeed = true });
        return swarm.Add("leech", options ?? Node);
    }

    // Large enough that a check takes a while.
    private SimSwarm Large() => new(world, new ContentOptions { Name = "large", Length = 48 << 20, PieceLength = 256 << 10 });

    private static string PathOf(SimNode node, int file, string folder = SimNode.Folder) => $"{folder}/{node.Content.Files[file].Path}";

    private void Do(Func<Task> action) => world.Play(action, Minute);

    private static (string Path, byte[] Bytes)[] TakeAway(SimNode node)
    {
        (string Path, byte[] Bytes)[] files = [.. node.Content.Files.Select((_, i) => PathOf(node, i)).Where(node.Host.Disk.Exists).Select(path => (path, node.Host.Disk.Get(path)!))];
        foreach ((string path, _) in files) node.Host.Disk.Erase(path);
        return files;
    }

    private void UntilSettled(SimNode node) =>
        world.RunUntil(() => node.Torrent!.Status.State != TorrentState.Checking, Minute, "it is checked");

    private static int Have(SimNode node) => node.Torrent!.Lifecycle.Picker.Have.Count;

    private static int Durable(SimNode node) => node.Torrent!.Status.PiecesDurable;

    private void RunTo(SimNode node, int pieces) => world.RunUntil(() => Have(node) >= pieces, Minute, $"{pieces} pieces are there");

    [Fact]
    public void A_pause_stops_and_a_resume_goes_on_without_a_check()
    {
        SimNode leech = Leech();
        RunTo(leech, 15);
        Do(leech.Torrent!.PauseAsync);
        Assert.Equal(TorrentState.Paused, leech.Torrent.Status.State);
        int had = Have(leech);
        Assert.Equal(had, Durable(leech));
        Assert.Equal((0, 0), (leech.Session!.Connections, leech.Torrent.Lifecycle.Swarm.Peers.Count));
        long downloaded = leech.Downloaded, read = leech.Host.Disk.BytesRead;
        world.Run(TimeSpan.FromMinutes(2));
        Assert.Equal((had, downloaded), (Have(leech), leech.Downloaded));
        Do(leech.Torrent.PauseAsync); // once more does no harm
        Do(leech.Torrent.ResumeAsync);
        Assert.Equal(read, leech.Host.Disk.BytesRead);
        swarm.RunUntilComplete(Minute);
        swarm.StopAndCheckForLeaks();
    }

    [Fact]
    public void What_was_in_memory_when_it_stopped_is_not_downloaded_again()
    {
        SimNode leech = Leech();
        RunTo(leech, 20);
        Do(leech.Torrent!.PauseAsync);
        long wasted = leech.Torrent.Status.Wasted;
        Do(leech.Torrent.ResumeAsync);
        swarm.RunUntilComplete(Minute);
        Assert.InRange(leech.Downloaded, swarm.Content.Length, swarm.Content.Length + wasted + (1 << 20));
    }

    [Fact]
    public void A_file_that_vanished_after_a_crash_is_not_claimed()
    {
        SimNode leech = Leech();
        RunTo(leech, 40);
        world.Run(TimeSpan.FromSeconds(5));
        leech.Kill();
        leech.Host.Disk.Erase(PathOf(leech, 3));
        leech.Start();
        UntilSettled(leech);
        AssertClaimsOnlyWhatIsThere(leech);
        swarm.RunUntilComplete(Minute);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void When_all_files_are_out_of_sight_at_the_start_it_says_so_and_goes_on_when_they_are_back(bool killed)
    {
        SimNode leech = Leech();
        RunTo(leech, 40);
        world.Run(TimeSpan.FromSeconds(5));
        int durable = Durable(leech);
        if (killed) leech.Kill();
        else Do(leech.StopAsync);
        (string Path, byte[] Bytes)[] files = TakeAway(leech);
        leech.Start();
        world.RunUntil(() => leech.Torrent!.Status.State == TorrentState.Error, Minute, "it is told that the files are gone");
        Assert.Contains("Connect their drive", leech.Torrent!.Status.Error, StringComparison.Ordinal);
        world.Run(TimeSpan.FromSeconds(20));
        Assert.Equal(TorrentState.Error, leech.Torrent.Status.State);
        Assert.DoesNotContain(files, file => leech.Host.Disk.Exists(file.Path));

        foreach ((string path, byte[] bytes) in files) leech.Host.Disk.Put(path, bytes);
        world.RunUntil(() => leech.Torrent.Status.State is TorrentState.Downloading or TorrentState.Seeding, Minute, "it goes on");
        AssertClaimsOnlyWhatIsThere(leech);
        Assert.InRange(Have(leech), durable, swarm.Metainfo.PieceCount);
        swarm.RunUntilComplete(Minute);
    }

    [Fact]
    public void When_all_files_are_gone_for_good_a_check_has_them_downloaded_anew()
    {
        SimNode leech = Leech();
        RunTo(leech, 40);
        world.Run(TimeSpan.FromSeconds(5));
        Do(leech.StopAsync);
        TakeAway(leech);
        leech.Start();
        world.RunUntil(() => leech.Torrent!.Status.State == TorrentState.Error, Minute, "it is told that the files are gone");
        Do(leech.Torrent!.RecheckAsync);
        swarm.RunUntilComplete(Minute);
    }

    [Fact]
    public void A_file_that_was_cut_short_after_a_crash_is_not_claimed()
    {
        SimNode leech = Leech();
        RunTo(leech, 50);
        world.Run(TimeSpan.FromSeconds(5));
        leech.Kill();
        leech.Host.Disk.Truncate(PathOf(leech, 3), 100_000);
        leech.Start();
        UntilSettled(leech);
        AssertClaimsOnlyWhatIsThere(leech);
        swarm.RunUntilComplete(Minute);
    }

    [Fact]
    public void What_a_seed_sent_and_how_long_survives_a_kill()
    {
        Leech();
        swarm.RunUntilComplete(Minute);
        SimNode seed = swarm.Nodes[0];
        world.Run(TimeSpan.FromMinutes(6));
        seed.Kill();
        seed.Start();
        UntilSettled(seed);
        Assert.InRange(seed.Torrent!.Status.Uploaded, swarm.Content.Length, long.MaxValue);
        Assert.InRange(seed.Torrent.Status.Seeding, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(7));
        Assert.Equal(swarm.Metainfo.PieceCount, Have(seed));
    }

    private void AssertClaimsOnlyWhatIsThere(SimNode node)
    {
        for (int piece = 0; piece < swarm.Metainfo.PieceCount; piece++)
            Assert.True(!node.Torrent!.Lifecycle.Picker.Have[piece] || node.Host.Disk.HoldsPiece(node.Content, SimNode.Folder, piece), $"Piece {piece} is claimed and not there.");
    }

    [Fact]
    public void A_file_put_in_place_while_it_was_stopped_is_checked_and_not_overwritten()
    {
        var options = Node with { Torrent = Node.Torrent with { FilePriorities = [PiecePriority.Normal, PiecePriority.Skip, PiecePriority.Skip, PiecePriority.Skip, PiecePriority.Skip] } };
        SimNode leech = Leech(options);
        world.RunUntil(() => leech.Torrent!.Status.IsFinished, Minute, "the first file is there");
        world.Run(TimeSpan.FromSeconds(10));
        Do(leech.StopAsync);
        leech.Host.Restart();
        int had = Have(leech);
        leech.Host.Disk.Put(PathOf(leech, 4), swarm.Nodes[0].Host.Disk.Get(PathOf(leech, 4))!);
        leech.Start();
        UntilSettled(leech);
        Assert.InRange(Have(leech), had + 9, had + 11);
    }

    [Fact]
    public void Data_that_is_there_when_a_torrent_is_added_paused_is_known_after_the_next_start()
    {
        SimNode node = swarm.Prepare("node", Node with { IsSeed = true, Torrent = Node.Torrent with { Paused = true } });
        node.Start();
        world.RunUntil(() => node.Torrent!.Status.State == TorrentState.Paused, Minute, "it is paused");
        Assert.Equal(swarm.Metainfo.PieceCount, Have(node));
        Do(node.StopAsync);
        node.Host.Restart();
        long read = node.Host.Disk.BytesRead;
        node.Start();
        world.RunUntil(() => node.Torrent!.Status.State == TorrentState.Paused, Minute, "it is paused again");
        Assert.Equal(swarm.Metainfo.PieceCount, Have(node));
        Assert.InRange(node.Host.Disk.BytesRead - read, 0, 10_000); // resume data alone
    }

    [Fact]
    public void A_check_that_a_pause_interrupts_is_made_after_the_next_resume()
    {
        SimSwarm large = Large();
        large.Add("seed", Node with { IsSeed = true });
        SimNode leech = large.Add("leech", Node with { Disk = new DiskOptions { ReadBytesPerSecond = 10_000_000, Workers = 1 } });
        large.RunUntilComplete(Minute);
        leech.Host.Disk.Corrupt(PathOf(leech, 0), 1_000_000, 1);
        Task check = leech.Torrent!.RecheckAsync();
        world.RunUntil(() => leech.Torrent.Status.CheckProgress > 0.2, Minute, "the check is under way");
        Do(leech.Torrent.PauseAsync);
        Assert.Equal(TorrentState.Paused, leech.Torrent.Status.State);
        long downloaded = leech.Downloaded;
        Do(leech.Torrent.ResumeAsync);
        world.RunUntil(() => leech.Torrent.Status.IsFinished, Minute, "it is complete again");
        Assert.True(leech.HoldsContent);
        Assert.InRange(leech.Downloaded - downloaded, 1, 600_000); // the one bad piece, not everything
        Assert.True(check.IsCompleted);
    }

    [Fact]
    public void A_check_that_finds_nothing_good_claims_nothing_after_a_crash()
    {
        SimNode leech = Leech();
        swarm.RunUntilComplete(Minute);
        world.Run(TimeSpan.FromSeconds(5));
        Do(swarm.Nodes[0].StopAsync); // nobody to download from
        foreach (int file in (int[])[0, 2, 3, 4])
        {
            int length = leech.Host.Disk.Get(PathOf(leech, file))!.Length;
            leech.Host.Disk.Put(PathOf(leech, file), new byte[length]);
        }
        Do(leech.Torrent!.RecheckAsync);
        Assert.Equal(0, Have(leech));
        world.Run(TimeSpan.FromSeconds(10));
        leech.Kill();
        leech.Start();
        UntilSettled(leech);
        Assert.Equal(0, Have(leech));
    }

    // Whoever asked for it and looks then must not read that all is complete.
    [Fact]
    public void A_check_that_was_asked_for_shows_before_it_begins()
    {
        SimNode leech = Leech();
        swarm.RunUntilComplete(Minute);
        Task check = leech.Torrent!.RecheckAsync();
        Do(leech.Torrent.GetPiecesAsync);
        Assert.False(check.IsCompleted);
        Assert.Equal((TorrentState.Checking, false), (leech.Torrent.Status.State, leech.Torrent.Status.IsFinished));
        swarm.RunUntilComplete(Minute);
    }

    [Fact]
    public void A_recheck_during_a_download_keeps_what_is_good_and_blames_nobody()
    {
        SimNode leech = Leech();
        for (int pieces = 5; pieces < 60; pieces += 11)
        {
            RunTo(leech, pieces);
            Do(leech.Torrent!.RecheckAsync);
            Assert.True(Have(leech) >= pieces);
        }
        swarm.RunUntilComplete(TimeSpan.FromMinutes(3));
        Assert.False(leech.Torrent!.Lifecycle.Candidates.IsBanned(swarm.Nodes[0].EndPoint));
        Assert.Equal(0, leech.Torrent.Lifecycle.Swarm.Downloads.Failed);
    }

    [Fact]
    public void A_move_takes_the_files_along_and_goes_on()
    {
        SimNode leech = Leech();
        RunTo(leech, 20);
        Do(() => leech.Torrent!.MoveAsync("/other/place"));
        Assert.DoesNotContain(leech.Host.Disk.Paths, path => path.StartsWith(SimNode.Folder + "/", StringComparison.Ordinal));
        world.RunUntil(() => leech.Torrent!.Status.IsFinished, Minute, "it completes");
        Assert.True(leech.Host.Disk.Holds(leech.Content, "/other/place"));
    }

    [Fact]
    public void What_was_moved_survives_a_power_cut()
    {
        SimNode leech = Leech();
        RunTo(leech, 40);
        world.Run(TimeSpan.FromSeconds(5));
        Do(leech.Torrent!.PauseAsync);
        int had = Have(leech);
        Do(() => leech.Torrent!.MoveAsync("/other/place"));
        leech.PowerCut(0);
        int there = Enumerable.Range(0, swarm.Metainfo.PieceCount).Count(piece => leech.Host.Disk.HoldsPiece(leech.Content, "/other/place", piece));
        Assert.True(there >= had, $"{had} pieces were moved, {there} are there.");
    }

    [Fact]
    public void A_move_during_the_first_check_forgets_nothing()
    {
        SimNode node = Large().Prepare("node", Node with { IsSeed = true, Disk = new DiskOptions { ReadBytesPerSecond = 10_000_000, Workers = 1 } });
        node.Start();
        world.RunUntil(() => node.Torrent!.Status.CheckProgress > 0.2, Minute, "the check is under way");
        Do(() => node.Torrent!.MoveAsync("/other"));
        world.RunUntil(() => node.Torrent!.Status.State == TorrentState.Seeding, Minute, "it seeds");
        Assert.True(node.Host.Disk.Holds(node.Content, "/other"));
        Assert.Equal(0, node.Downloaded);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_move_that_another_run_began_is_ended_before_anything_else(bool paused)
    {
        SimNode node = HalfMoved(paused);
        node.Start();
        world.RunUntil(() => node.Torrent!.Status.State == (paused ? TorrentState.Paused : TorrentState.Seeding), Minute, "it is ready");
        Assert.Equal("/other", node.Torrent!.SaveTo);
        Assert.Equal((swarm.Metainfo.PieceCount, 0L), (Have(node), node.Downloaded));
        Assert.True(node.Host.Disk.Holds(node.Content, "/other"));
        Assert.DoesNotContain(node.Host.Disk.Paths, path => path.StartsWith(SimNode.Folder + "/", StringComparison.Ordinal));
    }

    [Fact]
    public void A_move_that_can_not_go_on_downloads_nothing_and_goes_on_when_it_can()
    {
        SimNode node = HalfMoved(paused: false);
        node.Host.Disk.Put(PathOf(node, 2, "/other"), [1, 2, 3, 4]);
        node.Start();
        world.RunUntil(() => node.Torrent!.Status.State == TorrentState.Error, Minute, "it says so");
        Assert.Contains("exists already", node.Torrent!.Status.Error, StringComparison.Ordinal);
        node.Host.Disk.Erase(PathOf(node, 2, "/other"));
        world.RunUntil(() => node.Torrent!.Status.State == TorrentState.Seeding, Minute, "it seeds");
        Assert.Equal(0, node.Downloaded);
        Assert.True(node.Host.Disk.Holds(node.Content, "/other"));
    }

    [Fact]
    public void Removing_what_is_half_moved_deletes_both_halves_and_nothing_of_others()
    {
        SimNode node = HalfMoved(paused: true);
        node.Host.Disk.Put(PathOf(node, 2, "/other"), [1, 2, 3, 4]);
        node.Start();
        world.RunUntil(() => node.Torrent!.Status.State == TorrentState.Error, Minute, "it says so");
        Do(() => node.Session!.RemoveAsync(node.Torrent!, deleteData: true));
        Assert.Equal([PathOf(node, 2, "/other")], node.Host.Disk.Paths.Where(path => !path.StartsWith(SimNode.StateFolder, StringComparison.Ordinal)));
    }

    // The first file and the last were moved when the power went; of the last the old name is there too.
    private SimNode HalfMoved(bool paused)
    {
        SimNode node = swarm.Prepare("node", Node with { IsSeed = true, Torrent = Node.Torrent with { MovingTo = "/other", Paused = paused } });
        node.Host.Disk.Put(PathOf(node, 0, "/other"), node.Host.Disk.Get(PathOf(node, 0))!);
        node.Host.Disk.Erase(PathOf(node, 0));
        node.Host.Disk.Put(PathOf(node, 4, "/other"), node.Host.Disk.Get(PathOf(node, 4))!);
        return node;
    }

    [Theory]
    [InlineData("/other")]
    [InlineData(SimNode.Folder)] // what an interrupted move is found to have come to
    public void A_move_in_the_middle_of_a_check_of_a_paused_torrent_lets_it_be_checked_to_the_end(string folder)
    {
        SimNode node = Large().Prepare("node", Node with
        {
            IsSeed = true, Torrent = Node.Torrent with { Paused = true }, Disk = new DiskOptions { ReadBytesPerSecond = 10_000_000, Workers = 1 },
        });
        node.Start();
        world.RunUntil(() => node.Torrent!.Status.CheckProgress > 0.2, Minute, "the check is under way");
        Assert.Equal(TorrentState.Checking, node.Torrent!.Status.State);
        Do(() => node.Torrent!.MoveAsync(folder));
        Assert.Equal((TorrentState.Paused, true), (node.Torrent!.Status.State, node.Torrent.Status.IsFinished));
        Assert.True(node.Host.Disk.Holds(node.Content, folder));
    }

    [Fact]
    public void A_move_that_fails_leaves_everything_where_it_was_and_goes_on()
    {
        SimNode leech = Leech();
        RunTo(leech, 20);
        leech.Host.Disk.Inject(new DiskFault { Calls = DiskCalls.Move, PathContains = "sub/c", Times = 1 });
        Do(async () => await Assert.ThrowsAsync<IOException>(() => leech.Torrent!.MoveAsync("/other")));
        swarm.RunUntilComplete(Minute);
        Assert.DoesNotContain(leech.Host.Disk.Paths, path => path.StartsWith("/other/", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Removing_deletes_what_was_asked_and_nothing_else(bool deleteData)
    {
        SimNode leech = Leech();
        RunTo(leech, 20);
        leech.Host.Disk.Put($"{SimNode.Folder}/mine", [1]);
        Do(() => leech.Session!.RemoveAsync(leech.Torrent!, deleteData));
        Assert.Equal(TorrentState.Removed, leech.Torrent!.Status.State);
        Assert.Empty(leech.Session!.Torrents);
        Assert.Equal(!deleteData, leech.Host.Disk.Exists(PathOf(leech, 3)));
        Assert.True(leech.Host.Disk.Exists($"{SimNode.Folder}/mine"));
        Assert.DoesNotContain(leech.Host.Disk.Paths, path => path.EndsWith(".resume", StringComparison.Ordinal));
    }

    // Users of other programs can't even delete a torrent to make room.
    [Fact]
    public void A_torrent_can_be_removed_with_its_data_when_the_disk_is_full()
    {
        SimNode leech = Leech();
        RunTo(leech, 20);
        leech.Host.Disk.Inject(new DiskFault
        {
            Calls = DiskCalls.Write | DiskCalls.ReplaceSmall | DiskCalls.Flush | DiskCalls.SetLength,
            Error = static path => new StorageFullException($"No space left: {path}"),
        });
        Do(() => leech.Session!.RemoveAsync(leech.Torrent!, deleteData: true));
        Assert.Equal(TorrentState.Removed, leech.Torrent!.Status.State);
        Assert.False(leech.Host.Disk.Exists(PathOf(leech, 3)));
        Assert.DoesNotContain(leech.Host.Disk.Paths, path => path.EndsWith(".resume", StringComparison.Ordinal));
    }

    // Pumps wait for a torrent's limit; with it gone nobody would refill that any more.
    [Fact]
    public void A_removed_torrent_leaves_no_pump_and_no_buffer_behind()
    {
        SimNode seed = swarm.Add("seed", Node with { IsSeed = true, Torrent = Node.Torrent with { UploadLimit = 2_000, DownloadLimit = 2_000 } });
        swarm.Add(3, "leech", Node with { Torrent = Node.Torrent with { DownloadLimit = 2_000 } });
        world.Run(TimeSpan.FromSeconds(30));
        foreach (SimNode node in swarm.Nodes) Do(() => node.Session!.RemoveAsync(node.Torrent!));
        world.Run(TimeSpan.FromSeconds(5));
        foreach (SimNode node in swarm.Nodes)
        {
            SessionResources resources = node.Session!.Resources;
            Assert.Equal((0, 0), (resources.Blocks.Rented, resources.Connections));
            Assert.Equal(0, resources.SendBuffers.Rented);
        }
        Assert.True(seed.Uploaded > 0);
    }

    [Fact]
    public void Resuming_a_torrent_in_an_error_tries_again_at_once()
    {
        SimNode leech = Leech();
        RunTo(leech, 10);
        leech.Host.Disk.ReadOnly = true;
        world.RunUntil(() => leech.Torrent!.Status.State == TorrentState.Error, Minute, "the error is told");
        Do(leech.Torrent!.ResumeAsync); // the cause is still there
        world.Run(TimeSpan.FromSeconds(20));
        Assert.Equal(TorrentState.Error, leech.Torrent.Status.State);
        leech.Host.Disk.ReadOnly = false;
        Do(leech.Torrent.ResumeAsync);
        swarm.RunUntilComplete(Minute);
    }

    [Fact]
    public void Priorities_change_what_is_downloaded_while_it_runs()
    {
        SimNode leech = Leech();
        RunTo(leech, 3);
        Do(() => leech.Torrent!.SetFilePrioritiesAsync([PiecePriority.Normal, PiecePriority.Skip, PiecePriority.Skip, PiecePriority.Skip, PiecePriority.High]));
        world.RunUntil(() => leech.Torrent!.Status.State == TorrentState.Seeding, Minute, "all that is wanted is there");
        byte[] expected = swarm.Nodes[0].Host.Disk.Get(PathOf(leech, 4))!;
        Assert.Equal(expected, leech.Host.Disk.Get(PathOf(leech, 4)));
        Assert.InRange(Have(leech), 26, 45);
        Assert.True(leech.Torrent!.Status.IsFinished);
        Do(() => leech.Torrent.SetFilePrioritiesAsync([.. Enumerable.Repeat(PiecePriority.Normal, 5)]));
        Assert.False(leech.Torrent.Status.IsFinished);
        swarm.RunUntilComplete(Minute);
        Assert.Throws<ArgumentException>(() => { _ = leech.Torrent.SetFilePrioritiesAsync([PiecePriority.Normal]); });
    }

    // Low, normal and high, given at the start and changed while it runs: what is wanted most comes first.
    [Fact]
    public void What_is_wanted_most_comes_first_and_follows_a_change()
    {
        SimNode leech = Leech(Node with { Torrent = Node.Torrent with { FilePriorities = [PiecePriority.Low, PiecePriority.Normal, PiecePriority.Normal, PiecePriority.Normal, PiecePriority.High] } });
        (int[] a, int[] c, int[] d) = (PiecesOf(0), PiecesOf(3), PiecesOf(4));
        RunTo(leech, d.Length);
        Assert.All(d, piece => Assert.True(leech.Torrent!.Lifecycle.Picker.Have[piece] || IsActive(leech, piece), $"piece {piece} of the file of high priority is not there"));
        Assert.InRange(Count(leech, a), 0, 0);
        Do(() => leech.Torrent!.SetFilePrioritiesAsync([PiecePriority.High, PiecePriority.Normal, PiecePriority.Normal, PiecePriority.Low, PiecePriority.Normal]));
        int hadOfC = Count(leech, c) + leech.Torrent!.Lifecycle.Picker.Active.Count;
        world.RunUntil(() => Count(leech, a) == a.Length, Minute, "the file that is wanted most now is there");
        Assert.InRange(Count(leech, c), 0, hadOfC + 2);
        swarm.RunUntilComplete(Minute);

        static bool IsActive(SimNode node, int piece) => node.Torrent!.Lifecycle.Picker.Active.Any(active => active.Index == piece);
        static int Count(SimNode node, int[] pieces) => pieces.Count(piece => node.Torrent!.Lifecycle.Picker.Have[piece]);
    }

    // Those that no other file shares.
    private int[] PiecesOf(int file)
    {
        Spate.Protocol.MetainfoFile of = swarm.Metainfo.Files[file];
        int first = (int)((of.Offset + Content.PieceLength - 1) / Content.PieceLength), end = (int)((of.Offset + of.Length) / Content.PieceLength);
        return [.. Enumerable.Range(first, end - first)];
    }

    // Blocks of pieces that are not complete are in resume data once they are durable, or a slow line with large pieces would begin again and again.
    [Fact]
    public void What_a_kill_leaves_of_pieces_under_way_is_not_downloaded_again()
    {
        SimSwarm big = new(world, new ContentOptions { Name = "big", Length = 32 << 20, PieceLength = 8 << 20 });
        big.Add("seed", Node with { IsSeed = true });
        SimNode leech = big.Add("leech", Node);
        world.RunUntil(() => leech.Downloaded > 6 << 20, Minute, "much of a piece is there");
        Assert.Equal(0, Have(leech));
        leech.Kill();
        leech.Start();
        big.RunUntilComplete(Minute);
        Assert.InRange(leech.Downloaded, 0, big.Content.Length - (2 << 20));
    }

    [Fact]
    public void Everything_the_user_can_do_at_any_moment_ends_in_order()
    {
        for (ulong seed = 0; seed < 25; seed++)
        {
            using var each = new SimWorld(8000 + seed, shuffle: true);
            var many = new SimSwarm(each, Content);
            many.Add("seed", Node with { IsSeed = true });
            SimNode leech = many.Add("leech", Node);
            for (int i = 0; i < 12; i++)
            {
                each.Run(TimeSpan.FromSeconds(each.Random.NextDouble()));
                _ = each.Random.Next(7) switch
                {
                    0 or 1 => leech.Torrent!.PauseAsync(),
                    2 or 3 => leech.Torrent!.ResumeAsync(),
                    4 => leech.Torrent!.RecheckAsync(),
                    5 => leech.Torrent!.MoveAsync(each.Random.Next(2) == 0 ? "/other" : SimNode.Folder),
                    _ => Task.CompletedTask,
                };
            }
            each.Play(() => leech.Torrent!.MoveAsync(SimNode.Folder), Minute);
            each.Play(leech.Torrent!.ResumeAsync, Minute);
            many.RunUntilComplete(TimeSpan.FromMinutes(2));
            Assert.Equal(0, leech.Torrent.Lifecycle.Swarm.Downloads.Failed);
            many.StopAndCheckForLeaks();
        }
    }
}
