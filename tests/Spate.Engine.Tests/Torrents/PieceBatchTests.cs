using Spate.Engine.Disk;
using Spate.Engine.Torrents;
using Spate.Protocol.Hashing;

namespace Spate.Engine.Tests.Torrents;

/// <summary>Whole pieces that come fast wait for each other, so that they are hashed side by side; nothing else waits.</summary>
public class PieceBatchTests
{
    private const int Row = Sha1Lanes.Count;

    private readonly DownloadBench bench = new(TestTorrents.Single(5 * Row * BlockPool.BlockSize - 1000));

    [Fact]
    public void Pieces_that_come_fast_are_hashed_together()
    {
        Assert.Equal(5 * Row, bench.Add().Answer());
        bench.AssertComplete();
        // The first row shows how fast they come, and in the last one nobody waits for what will not come.
        Assert.InRange(bench.Workers.Queued, 2 * Row, 2 * Row + 5);
    }

    [Fact]
    public void One_that_is_wrong_fails_alone()
    {
        TestPeer liar = bench.Add();
        liar.Answer(Row);
        int spoilt = -1;
        liar.Answer(Row, (piece, _, bytes) =>
        {
            if (spoilt >= 0) return;
            spoilt = piece;
            bytes[77] ^= 1;
        });
        Assert.Equal([spoilt], bench.Failed);
        Assert.Equal([liar.Serial], bench.Banned);
        Assert.Equal(2 * Row - 1, bench.Passed.Count);
        bench.Add().Answer();
        bench.AssertComplete();
    }

    [Fact]
    public void Who_waits_in_vain_goes_on_at_the_next_tick()
    {
        WithFiveWaiting();
        bench.Tick();
        Assert.Equal(Row + 5, bench.Passed.Count);
    }

    [Fact]
    public void Nobody_waits_for_longer_than_a_batch_should_take()
    {
        WithFiveWaiting();
        bench.World.Advance(BatchPace.FastMs - 1);
        bench.World.Do(() => { });
        Assert.Equal(Row, bench.Passed.Count);
        bench.World.Advance(1);
        bench.World.Do(() => { }); // whatever comes, be it of no use here
        Assert.Equal(Row + 5, bench.Passed.Count);
    }

    [Fact]
    public void Who_needs_the_files_to_be_still_waits_for_nobody_else()
    {
        WithFiveWaiting();
        Task? quiet = null;
        bench.World.Do(() => quiet = bench.Disk.WhenQuiet());
        Assert.True(quiet!.IsCompleted);
        Assert.Equal(Row + 5, bench.Passed.Count);
    }

    [Fact]
    public void Who_has_the_files_to_himself_gets_them_and_nothing_is_lost()
    {
        TestPeer peer = WithFiveWaiting();
        Task<TorrentDisk.Hold>? hold = null;
        bench.World.Do(() => hold = bench.Disk.HoldAsync());
        Assert.True(hold!.IsCompletedSuccessfully);
        Assert.Equal(Row + 5, bench.Passed.Count);
        peer.Answer();
        Assert.Equal(Row + 5, bench.Passed.Count);
        bench.World.Do(() => hold.Result.Dispose());
        bench.AssertComplete();
    }

    [Fact]
    public void A_disk_that_refuses_fails_all_of_them()
    {
        TestPeer peer = WithFiveWaiting();
        bench.Storage.Before = (operation, _) => { if (operation == "write") throw new IOException("The disk is full."); };
        peer.Answer(Row - 5);
        Assert.Equal(Row, bench.Passed.Count);
        Assert.Equal(Row, bench.DiskErrors.Count);
        Assert.Equal(0, bench.Pool.Rented);
    }

    [Fact]
    public void Pieces_that_come_slowly_do_not_wait()
    {
        TestPeer peer = bench.Add();
        for (int i = 1; i <= 4 * Row; i++)
        {
            bench.World.Advance(20);
            peer.Answer(1);
            Assert.Equal(i, bench.Passed.Count);
        }
    }

    [Theory]
    [InlineData(16 << 20, 5 * BlockPool.BlockSize, Row)]
    [InlineData(16 << 20, BlockPool.BlockSize - 1, 1)] // no whole chunks
    [InlineData(16 << 20, 256 << 10, Row)]
    [InlineData(16 << 20, 512 << 10, 8)] // a quarter of the memory
    [InlineData(16 << 20, 1 << 20, 1)]   // too few to pay
    public void A_batch_fits_the_memory(long memory, int pieceLength, int expected) =>
        Assert.Equal(expected, new DownloadBench(TestTorrents.Single(3L * pieceLength, pieceLength), memory).Disk.BatchSize);

    private TestPeer WithFiveWaiting()
    {
        TestPeer peer = bench.Add();
        peer.Answer(Row + 5);
        Assert.Equal(Row, bench.Passed.Count);
        return peer;
    }
}
