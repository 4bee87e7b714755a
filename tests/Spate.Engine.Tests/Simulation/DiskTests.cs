using System.Text;
using Spate.Engine.Ports;
using Spate.Simulation;

namespace Spate.Engine.Tests.Simulation;

/// <summary>Simulated disks lose what real ones may lose, and nothing else.</summary>
public sealed class DiskTests
{
    [Fact]
    public void What_is_written_can_be_read_and_holes_are_zeros()
    {
        using var world = new SimWorld(1);
        SimHost host = world.AddHost("a");
        byte[] bytes = new byte[100_000];
        world.Random.Fill(bytes);
        OnWorker(world, host, storage =>
        {
            using IStorageFile file = storage.Open("/d/e/f", StorageAccess.Write);
            file.Write(bytes, 1_000_003);
            file.Write([bytes.AsMemory(0, 10), bytes.AsMemory(10, 5000)], 77);
            byte[] back = new byte[bytes.Length + 10];
            Assert.Equal(bytes.Length, file.Read(back, 1_000_003));
            Assert.Equal(bytes, back[..^10]);
            Assert.Equal(100, file.Read(back.AsSpan(0, 100), 0));
            Assert.All(back[..77], b => Assert.Equal(0, b));
            Assert.Equal(bytes[..23], back[77..100]);
            Assert.Equal(1_100_003, storage.Stat("/d/e/f").Length);
            Assert.Equal(StorageEntryKind.File, storage.Stat("/d/e/f").Kind);
            Assert.Equal(StorageEntryKind.Folder, storage.Stat("/d/e").Kind);
            Assert.Equal(StorageEntryKind.None, storage.Stat("/d/x").Kind);
            Assert.Throws<FileNotFoundException>(() => storage.Open("/d/x", StorageAccess.Read));
        });
        Assert.InRange(host.Disk.UsedBytes, 100_000, 120_000);
    }

    [Fact]
    public void A_kill_keeps_what_was_written_and_a_power_cut_only_what_was_flushed()
    {
        for (ulong seed = 0; seed < 50; seed++)
        {
            using var world = new SimWorld(seed);
            SimHost killed = world.AddHost("killed"), cut = world.AddHost("cut");
            byte[] old = Filled(64 << 10, 1), fresh = Filled(64 << 10, 2);
            foreach (SimHost host in new[] { killed, cut })
            {
                OnWorker(world, host, storage =>
                {
                    IStorageFile file = storage.Open("/f", StorageAccess.Write);
                    file.Write(old, 0);
                    storage.Flush(["/f"]);
                    file.Write(fresh, 0);
                    storage.Open("/never-flushed", StorageAccess.Write).Write(fresh, 0);
                });
            }
            killed.Kill();
            cut.PowerCut();
            Assert.Equal(fresh, killed.Disk.Get("/f"));
            Assert.Equal(fresh, killed.Disk.Get("/never-flushed"));
            byte[] after = cut.Disk.Get("/f")!;
            Assert.Equal(old.Length, after.Length);
            Assert.All(after.Chunk(512), sector => Assert.True(sector.All(b => b == 1) || sector.All(b => b == 2), $"seed {seed}"));
            Assert.Contains((byte)1, after);
            Assert.Contains((byte)2, after);
        }
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(1.0)]
    public void The_survival_of_unflushed_sectors_can_be_chosen(double survival)
    {
        using var world = new SimWorld(8);
        SimHost host = world.AddHost("a");
        OnWorker(world, host, storage =>
        {
            IStorageFile file = storage.Open("/f", StorageAccess.Write);
            file.Write(Filled(32 << 10, 1), 0);
            storage.Flush(["/f"]);
            file.Write(Filled(32 << 10, 2), 0);
        });
        host.PowerCut(survival);
        Assert.Equal(Filled(32 << 10, (byte)(1 + survival)), host.Disk.Get("/f"));
    }

    [Fact]
    public void After_a_flush_a_power_cut_changes_nothing()
    {
        using var world = new SimWorld(3);
        SimHost host = world.AddHost("a");
        byte[] bytes = Filled(300_000, 9);
        OnWorker(world, host, storage =>
        {
            IStorageFile file = storage.Open("/folder/f", StorageAccess.Write);
            file.Write(bytes, 5);
            storage.Move("/folder/f", "/folder/g");
            storage.Flush(["/folder/g"]);
            Assert.Throws<FileNotFoundException>(() => storage.Flush(["/folder/f"]));
        });
        for (int i = 0; i < 5; i++)
        {
            host.PowerCut();
            host.Restart();
        }
        Assert.Equal(bytes, host.Disk.Get("/folder/g")![5..]);
        Assert.False(host.Disk.Exists("/folder/f"));
    }

    [Fact]
    public void A_small_file_is_replaced_whole_or_not_at_all()
    {
        using var world = new SimWorld(3);
        SimHost host = world.AddHost("a");
        OnWorker(world, host, storage => storage.ReplaceSmall("/state/r", "one"u8));
        OnWorker(world, host, storage => storage.ReplaceSmall("/state/r", "two, longer"u8));
        host.PowerCut();
        host.Restart();
        OnWorker(world, host, storage =>
        {
            Assert.Equal("two, longer", Encoding.ASCII.GetString(storage.ReadSmall("/state/r", 100)!));
            Assert.Null(storage.ReadSmall("/state/none", 100));
            Assert.Throws<IOException>(() => storage.ReadSmall("/state/r", 3));
        });
    }

    [Fact]
    public void Names_that_were_not_flushed_may_be_lost_but_files_never_are_by_a_move()
    {
        int lost = 0, moved = 0;
        for (ulong seed = 0; seed < 100; seed++)
        {
            using var world = new SimWorld(seed);
            SimHost host = world.AddHost("a");
            OnWorker(world, host, storage =>
            {
                IStorageFile file = storage.Open("/old", StorageAccess.Write);
                file.Write(Filled(5000, 1), 0);
                storage.Flush(["/old"]);
                storage.Open("/new-file", StorageAccess.Write);
                storage.Move("/old", "/new");
            });
            host.PowerCut();
            Assert.True(host.Disk.Exists("/old") || host.Disk.Exists("/new"));
            if (!host.Disk.Exists("/new-file")) lost++;
            if (host.Disk.Exists("/new") && !host.Disk.Exists("/old")) moved++;
        }
        Assert.InRange(lost, 10, 90);
        Assert.InRange(moved, 10, 90);
    }

    [Fact]
    public void A_full_disk_says_so_keeps_what_fitted_and_goes_on_when_there_is_room()
    {
        using var world = new SimWorld(3);
        SimHost host = world.AddHost("a", disk: new DiskOptions { Capacity = 100 << 10 });
        OnWorker(world, host, storage =>
        {
            using IStorageFile file = storage.Open("/f", StorageAccess.Write);
            file.Write(Filled(64 << 10, 1), 0);
            Assert.Throws<StorageFullException>(() => file.Write(Filled(64 << 10, 2), 64 << 10));
            Assert.Equal(100 << 10, storage.Stat("/f").Length);
            Assert.Equal(0, storage.FreeBytes("/"));
            Assert.Throws<StorageFullException>(() => storage.ReplaceSmall("/s", "x"u8));
            file.Write(Filled(10, 3), 0);
            host.Disk.Options = host.Disk.Options with { Capacity = 200 << 10 };
            file.Write(Filled(64 << 10, 2), 64 << 10);
            Assert.Throws<StorageFullException>(() => file.SetLength(1 << 20, allocate: true));
            file.SetLength(1 << 20, allocate: false);
            Assert.Equal(72 << 10, storage.FreeBytes("/"));
            storage.Delete("/f");
            Assert.Equal(200 << 10, storage.FreeBytes("/"));
        });
    }

    [Fact]
    public void Reserved_space_is_taken_at_once_and_not_twice()
    {
        using var world = new SimWorld(3);
        SimHost host = world.AddHost("a", disk: new DiskOptions { Capacity = 100 << 10 });
        OnWorker(world, host, storage =>
        {
            using IStorageFile file = storage.Open("/f", StorageAccess.Write);
            file.SetLength(80 << 10, allocate: true);
            Assert.Equal(20 << 10, storage.FreeBytes("/"));
            file.Write(Filled(80 << 10, 1), 0);
            Assert.Equal(20 << 10, storage.FreeBytes("/"));
        });
    }

    [Fact]
    public void Faults_hit_the_calls_they_are_meant_for()
    {
        using var world = new SimWorld(3);
        SimHost host = world.AddHost("a");
        DiskFault third = host.Disk.Inject(new DiskFault { Calls = DiskCalls.Write, After = 2, Times = 1 });
        OnWorker(world, host, storage =>
        {
            using IStorageFile file = storage.Open("/f", StorageAccess.Write);
            file.Write(Filled(10, 1), 0);
            file.Write(Filled(10, 1), 0);
            Assert.Throws<IOException>(() => file.Write(Filled(10, 2), 0));
            file.Write(Filled(10, 3), 0);
            host.Disk.ReadOnly = true;
            Assert.Throws<IOException>(() => file.Write(Filled(10, 2), 0));
            Assert.Throws<IOException>(() => storage.Delete("/f"));
            host.Disk.ReadOnly = false;
            host.Disk.Unplugged = true;
            Assert.Throws<IOException>(() => file.Read(new byte[10], 0));
            Assert.Equal(StorageEntryKind.None, storage.Stat("/f").Kind);
            host.Disk.Unplugged = false;
            Assert.Equal(10, file.Read(new byte[10], 0));
        });
        Assert.Equal((5, 1), (third.Seen, third.Hits));
    }

    [Fact]
    public void Links_are_followed_on_the_way_and_refused_at_the_end()
    {
        using var world = new SimWorld(3);
        SimHost host = world.AddHost("a");
        OnWorker(world, host, storage =>
        {
            storage.CreateFolder("/real/sub");
            storage.CreateLink("/d/link", "../real");
            using (IStorageFile file = storage.Open("/d/link/sub/f", StorageAccess.Write)) file.Write("x"u8, 0);
            Assert.Equal(StorageEntryKind.File, storage.Stat("/real/sub/f").Kind);
            Assert.Equal(StorageEntryKind.Link, storage.Stat("/d/link").Kind);
            Assert.Throws<IOException>(() => storage.Open("/d/link", StorageAccess.Write));
            storage.Delete("/real/sub");
            Assert.Equal(StorageEntryKind.Folder, storage.Stat("/real/sub").Kind);
        });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Content_is_recognised_however_it_arrives_and_costs_no_memory(int distinctPieces)
    {
        using var world = new SimWorld(6);
        SimContent content = world.AddContent(new ContentOptions
        {
            Name = "folder",
            Files = [("a", 100_001), ("empty", 0), ("b/c", 70_000), ("d", 4096)],
            PieceLength = 32 << 10,
            DistinctPieces = distinctPieces,
        });
        SimHost host = world.AddHost("a"), seed = world.AddHost("seed");
        seed.Disk.Put(content, "/dl");
        Assert.True(seed.Disk.Holds(content, "/dl"));
        var blocks = new List<(SimFile File, long At, int Length)>();
        foreach (SimFile file in content.Files)
        {
            for (long at = 0; at < file.Length; at += 5000) blocks.Add((file, at, (int)Math.Min(5000, file.Length - at)));
        }
        world.Random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(blocks));
        OnWorker(world, host, storage =>
        {
            using (storage.Open("/dl/folder/empty", StorageAccess.Write)) { }
            foreach (var (file, at, length) in blocks)
            {
                Assert.False(host.Disk.Holds(content, "/dl"));
                byte[] bytes = new byte[length];
                content.Read(file.Offset + at, bytes);
                using IStorageFile open = storage.Open($"/dl/{file.Path}", StorageAccess.Write);
                open.Write(bytes, at);
            }
        });
        Assert.True(host.Disk.Holds(content, "/dl"));
        foreach (SimFile file in content.Files) Assert.Equal(seed.Disk.Get($"/dl/{file.Path}"), host.Disk.Get($"/dl/{file.Path}"));
        host.Disk.Corrupt("/dl/folder/a", 40_000, 1);
        Assert.False(host.Disk.HoldsPiece(content, "/dl", 1));
        Assert.True(host.Disk.HoldsPiece(content, "/dl", 0));
        seed.Disk.Truncate("/dl/folder/a", 50_000);
        Assert.Equal(host.Disk.Get("/dl/folder/a")![..40_000], seed.Disk.Get("/dl/folder/a")![..40_000]);
        Assert.False(seed.Disk.Holds(content, "/dl"));
    }

    [Fact]
    public void A_torrent_of_a_terabyte_costs_nothing()
    {
        using var world = new SimWorld(6);
        SimContent content = world.AddContent(new ContentOptions { Name = "huge", Length = 1L << 40, PieceLength = 16 << 20, DistinctPieces = 2 });
        SimHost host = world.AddHost("a");
        host.Disk.Put(content, "/dl");
        Assert.Equal(65536, content.PieceCount);
        Assert.True(host.Disk.HoldsPiece(content, "/dl", 65535));
        Assert.Equal(1L << 40, host.Disk.UsedBytes);
    }

    internal static void OnWorker(SimWorld world, SimHost host, Action<IStorage> action)
    {
        Exception? error = null;
        bool done = false;
        host.Process.Environment.Disk.Queue(new WorldTests.Item(() =>
        {
            try { action(host.Process.Environment.Storage); }
            catch (Exception e) { error = e; }
            done = true;
        }));
        Assert.True(world.Run(() => done, TimeSpan.FromMinutes(1)));
        if (error is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error);
    }

    private static byte[] Filled(int length, byte value)
    {
        byte[] bytes = new byte[length];
        bytes.AsSpan().Fill(value);
        return bytes;
    }
}
