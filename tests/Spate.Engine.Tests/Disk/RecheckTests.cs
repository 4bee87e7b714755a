using Spate.Engine.Disk;
using Spate.Engine.Tests.Runtime;
using Spate.Protocol;

namespace Spate.Engine.Tests.Disk;

public class RecheckTests
{
    private readonly MemoryStorage storage = new();
    private readonly TestContent content = TestTorrents.Multi(32 * 1024, ("a", 100_000), ("b", 0), ("c", 200_001), ("d", 5));

    private TorrentFiles Files() => new(new FileLayout(content.Metainfo), new FileCache(storage, 10), "/dl", preallocate: false);

    private void Fill()
    {
        foreach (MetainfoFile file in content.Metainfo.Files) storage.Put("/dl/" + file.Path, content.FileBytes(file));
    }

    private Bitfield All()
    {
        var all = new Bitfield(content.Metainfo.PieceCount);
        all.SetAll();
        return all;
    }

    private async Task<int[]> Check(Bitfield pieces)
    {
        var recheck = new Recheck(Files(), pieces, CancellationToken.None);
        Bitfield passed = await recheck.RunAsync(new PoolWorkers()).Within("The check");
        Assert.Equal(Set(pieces).Sum(piece => (long)content.Metainfo.PieceSize(piece)), recheck.BytesDone);
        return Set(passed);
    }

    private static int[] Set(Bitfield bits) => [.. Enumerable.Range(0, bits.Length).Where(piece => bits[piece])];

    [Fact]
    public async Task All_that_is_right_passes()
    {
        Fill();
        Assert.Equal(Set(All()), await Check(All()));
    }

    [Fact]
    public async Task Every_wrong_byte_is_found_and_only_its_piece_fails()
    {
        for (int seed = 0; seed < 30; seed++)
        {
            Fill();
            var random = new Random(seed);
            MetainfoFile file = content.Metainfo.Files.Where(f => f.Length > 0).ElementAt(random.Next(3));
            int at = random.Next((int)file.Length);
            byte[] bytes = content.FileBytes(file);
            bytes[at] ^= (byte)random.Next(1, 256);
            storage.Put("/dl/" + file.Path, bytes);
            int wrong = (int)((file.Offset + at) / content.Metainfo.PieceLength);
            Assert.Equal(Set(All()).Where(piece => piece != wrong), await Check(All()));
        }
    }

    // Each read waits for one on every other worker.
    [Fact]
    public async Task All_workers_check_at_the_same_time()
    {
        Fill();
        var workers = new PoolWorkers();
        using var together = new CountdownEvent(workers.Count);
        storage.Before = (operation, _) =>
        {
            if (operation != "read" || together.IsSet) return;
            together.Signal();
            Assert.True(together.Wait(TimeSpan.FromSeconds(60)), "The other workers did not come.");
        };
        Bitfield passed = await new Recheck(Files(), All(), CancellationToken.None).RunAsync(workers).Within("The check");
        Assert.True(passed.IsFull);
    }

    [Fact]
    public async Task Missing_and_short_files_fail_only_the_pieces_they_touch()
    {
        Fill();
        storage.Remove("/dl/folder/a"); // pieces 0 to 3
        Assert.Equal((int[])[4, 5, 6, 7, 8, 9], await Check(All()));
        storage.Put("/dl/folder/c", content.FileBytes(content.Metainfo.Files[2])[..150_000]);
        Assert.Equal((int[])[4, 5, 6], await Check(All()));
        storage.Remove("/dl/folder/c");
        storage.Remove("/dl/folder/d");
        Assert.Empty(await Check(All()));
    }

    [Fact]
    public async Task Only_what_was_asked_is_checked()
    {
        Fill();
        var some = new Bitfield(content.Metainfo.PieceCount);
        some.Set(3);
        some.Set(9);
        Assert.Equal((int[])[3, 9], await Check(some));
        Assert.Empty(await Check(new Bitfield(content.Metainfo.PieceCount)));
    }

    [Fact]
    public async Task A_disk_that_fails_ends_the_check_with_its_error()
    {
        Fill();
        int reads = 0;
        storage.Before = (operation, _) => { if (operation == "read" && Interlocked.Increment(ref reads) == 5) throw new IOException("broken"); };
        IOException error = await Assert.ThrowsAsync<IOException>(() => new Recheck(Files(), All(), CancellationToken.None).RunAsync(new PoolWorkers()));
        Assert.Equal("broken", error.Message);
    }

    [Fact]
    public async Task A_check_can_be_ended_early()
    {
        Fill();
        using var source = new CancellationTokenSource();
        int reads = 0;
        storage.Before = (operation, _) => { if (operation == "read" && Interlocked.Increment(ref reads) == 3) source.Cancel(); };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new Recheck(Files(), All(), source.Token).RunAsync(new PoolWorkers()));
        Assert.InRange(reads, 3, 10);
    }
}
