using Spate.Engine.Disk;
using Spate.Engine.Pieces;
using Spate.Engine.Runtime;
using Spate.Engine.Tests.Runtime;
using Spate.Protocol;

namespace Spate.Engine.Tests.Disk;

/// <summary>The whole disk side on real threads: every byte arrives, and no file has two writers at a time.</summary>
public class WriteLanesTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 12)]
    [InlineData(3, 12)]
    public async Task One_writes_to_a_file_at_a_time_and_all_is_written(int seed, int fileCount)
    {
        const int PieceLength = 4 * BlockPool.BlockSize;
        // Whole pieces in each file: a run that spans two files is in the lane of its first one only.
        (string, long)[] files = [.. Enumerable.Range(0, fileCount).Select(i => ($"{i:D2}", (long)PieceLength * (40 / fileCount)))];
        TestContent content = TestTorrents.Multi(PieceLength, files);
        var storage = new MemoryStorage { Before = static (operation, _) => { if (operation == "write") Thread.SpinWait(200); } };
        var faults = new List<Exception>();
        var strand = new Strand(PoolScheduler.Instance, faults.Add);
        var pool = new BlockPool(64 << 20);
        var picker = new PiecePicker(content.Metainfo, new Discovery.TestWorld(seed));
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int passed = 0, ended = 0;
        var torrentFiles = new TorrentFiles(new FileLayout(content.Metainfo), new FileCache(storage, 4), "/dl", preallocate: false);
        TorrentDisk disk = null!;
        disk = new TorrentDisk(torrentFiles, pool, new PoolWorkers(), strand, OnPiece, _ => { });
        strand.Enqueue(_ => Begin());
        await done.Task.Within("The last piece");

        Assert.Empty(faults);
        Assert.Equal(content.Metainfo.PieceCount, passed);
        Assert.Equal(0, storage.OverlappingWrites);
        Assert.Equal(0, pool.Rented);
        foreach (MetainfoFile file in content.Metainfo.Files) Assert.Equal(content.FileBytes(file), storage.Content("/dl/" + file.Path));

        void Begin()
        {
            var have = new Bitfield(content.Metainfo.PieceCount);
            have.SetAll();
            var picked = new PickedBlock[content.Metainfo.PieceCount * 4];
            int count = picker.Pick(new PickState(1, have), picked);
            for (int i = 0; i < count; i++)
            {
                (ActivePiece piece, int block) = picked[i];
                pool.TryRent(out int slot);
                content.Piece(piece.Index).Slice(block * BlockPool.BlockSize, piece.BlockLength(block)).CopyTo(pool.Span(slot));
                piece[block] = new ActivePiece.Block { State = BlockState.Held, Slot = slot, Sender = 1 };
                piece.Received++;
                piece.Held++;
                // Half of the pieces in two runs, the second of which is begun when the first has ended.
                if (piece.Index % 2 == 0 && piece.Received == 2) disk.Store(piece, 0, 2, complete: false, wantHashes: false);
                if (piece.Index % 2 == 1 && piece.IsComplete) disk.Store(piece, 0, 4, complete: true, wantHashes: false);
            }
        }

        void OnPiece(PieceJob job)
        {
            if (job.Outcome == PieceJobOutcome.Written)
            {
                disk.Store(job.Piece, 2, 2, complete: true, wantHashes: false);
                return;
            }
            if (job.Outcome == PieceJobOutcome.Passed) passed++;
            if (++ended == content.Metainfo.PieceCount) done.SetResult();
        }
    }
}
