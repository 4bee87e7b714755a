using Spate.Engine.Disk;
using Spate.Engine.Pieces;
using Spate.Engine.Ports;
using Spate.Protocol;

namespace Spate.Engine.Tests.Disk;

public class PieceJobTests
{
    private const int BlockSize = BlockPool.BlockSize;

    private readonly DiskBench bench = new(TestTorrents.Single(3 * 5 * BlockSize - 100, 5 * BlockSize));

    private void AssertStored(int piece) =>
        Assert.Equal(bench.Content.Piece(piece).ToArray(), bench.Storage.Content("/dl/file.bin").AsSpan(piece * 5 * BlockSize, bench.Metainfo.PieceSize(piece)).ToArray());

    [Theory]
    [InlineData(0)]
    [InlineData(2)] // the last one, with a short last block
    public void A_whole_piece_is_compared_and_written_in_one_go(int index)
    {
        ActivePiece piece = bench.Begin(index);
        bench.Receive(piece, Enumerable.Range(0, 5));
        bench.Store(piece, 0, 5, complete: true);
        Assert.Equal((index, 0, 5, PieceJobOutcome.Passed, null, null), Assert.Single(bench.Ends));
        AssertStored(index);
        Assert.Equal(0, bench.Pool.Rented);
    }

    [Fact]
    public void A_whole_piece_that_is_wrong_never_touches_the_file()
    {
        ActivePiece piece = bench.Begin(0);
        bench.Receive(piece, Enumerable.Range(0, 5), spoil: (block, bytes) => { if (block == 3) bytes[9] ^= 1; });
        bench.Store(piece, 0, 5, complete: true);
        var end = Assert.Single(bench.Ends);
        Assert.Equal(PieceJobOutcome.Failed, end.Outcome);
        Assert.Empty(bench.Storage.Paths);
        Assert.Equal(0, bench.Pool.Rented);
        for (int block = 0; block < 5; block++)
            Assert.Equal(block != 3, end.Hashes![block] == Sha1Hash.Of(bench.Content.Piece(0).Slice(block * BlockSize, BlockSize)));

        // The hasher is as new.
        bench.Picker.Restart(piece);
        bench.Receive(piece, Enumerable.Range(0, 5));
        bench.Store(piece, 0, 5, complete: true, wantHashes: true);
        Assert.Equal(PieceJobOutcome.Passed, bench.Ends[1].Outcome);
        Assert.Equal(5, bench.Ends[1].Hashes!.Length);
        AssertStored(0);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(4)]
    public void Runs_in_order_are_hashed_as_they_come(int wrong)
    {
        ActivePiece piece = bench.Begin(0);
        foreach ((int first, int count) in ((int, int)[])[(0, 2), (2, 1), (3, 2)])
        {
            bench.Receive(piece, Enumerable.Range(first, count), spoil: (block, bytes) => { if (block == wrong) bytes[0] ^= 1; });
            bench.Store(piece, first, count, complete: first == 3);
        }
        Assert.Equal([PieceJobOutcome.Written, PieceJobOutcome.Written, wrong < 0 ? PieceJobOutcome.Passed : PieceJobOutcome.Failed],
            bench.Ends.Select(end => end.Outcome));
        Assert.Equal(0, bench.Pool.Rented);
        if (wrong < 0) AssertStored(0);
        else Assert.Equal(5, bench.Ends[2].Hashes!.Length);
    }

    [Fact]
    public void Runs_in_any_order_are_read_back_for_the_hash()
    {
        for (int seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            var each = new DiskBench(TestTorrents.Single(9 * BlockSize - 7, 9 * BlockSize, seed));
            ActivePiece piece = each.Begin(0);
            bool spoiled = random.Next(3) == 0;
            int wrong = random.Next(9);
            var runs = new List<(int First, int Count)>();
            for (int at = 0; at < 9;)
            {
                int count = Math.Min(random.Next(1, 5), 9 - at);
                runs.Add((at, count));
                at += count;
            }
            runs = [.. runs.OrderBy(_ => random.Next())];
            for (int i = 0; i < runs.Count; i++)
            {
                each.Receive(piece, Enumerable.Range(runs[i].First, runs[i].Count), spoil: (block, bytes) => { if (spoiled && block == wrong) bytes[1] ^= 4; });
                each.Store(piece, runs[i].First, runs[i].Count, complete: i == runs.Count - 1, wantHashes: true);
            }
            Assert.Equal(spoiled ? PieceJobOutcome.Failed : PieceJobOutcome.Passed, each.Ends[^1].Outcome);
            Assert.Equal(9, each.Ends[^1].Hashes!.Length);
            Assert.Equal(spoiled, each.Ends[^1].Hashes![wrong] != Sha1Hash.Of(each.Content.Piece(0)[(wrong * BlockSize)..].Slice(0, piece.BlockLength(wrong))));
            Assert.Equal(0, each.Pool.Rented);
        }
    }

    [Fact]
    public void An_empty_run_compares_what_is_in_the_file()
    {
        bench.Storage.Put("/dl/file.bin", (byte[])bench.Content.Bytes.Clone());
        ActivePiece piece = bench.Picker.Restore(1, _ => true);
        bench.Store(piece, 5, 0, complete: true);
        Assert.Equal(PieceJobOutcome.Passed, Assert.Single(bench.Ends).Outcome);

        bench.Storage.Remove("/dl/file.bin");
        bench.Files.Close();
        ActivePiece gone = bench.Picker.Restore(2, _ => true);
        bench.Store(gone, 5, 0, complete: true);
        Assert.Equal((PieceJobOutcome.Error, null), (bench.Ends[1].Outcome, bench.Ends[1].Hashes)); // nobody can be blamed for it
        Assert.IsType<FileNotFoundException>(bench.Ends[1].Error);
    }

    [Fact]
    public void When_the_disk_refuses_the_slots_come_back_and_the_next_piece_is_hashed_from_its_start()
    {
        ActivePiece piece = bench.Begin(0);
        bench.Receive(piece, [0, 1]);
        bench.Store(piece, 0, 2, complete: false);
        bench.Storage.Before = (operation, _) => { if (operation == "write") throw new StorageFullException("full"); };
        bench.Receive(piece, [2, 3]);
        bench.Store(piece, 2, 2, complete: false);
        Assert.Equal(PieceJobOutcome.Error, bench.Ends[1].Outcome);
        Assert.IsType<StorageFullException>(bench.Ends[1].Error);
        Assert.Equal(0, bench.Pool.Rented);

        bench.Storage.Before = null;
        bench.Picker.Abandon(piece);
        ActivePiece again = bench.Begin(1);
        Assert.Same(piece, again); // pooled
        bench.Receive(again, Enumerable.Range(0, 5));
        bench.Store(again, 0, 5, complete: true);
        Assert.Equal(PieceJobOutcome.Passed, bench.Ends[2].Outcome);
    }

    // A recheck gives up the pieces under way, and they are used again for other pieces.
    [Fact]
    public void A_piece_given_up_half_way_leaves_nothing_of_it_in_the_next_ones_hash()
    {
        ActivePiece piece = bench.Begin(0);
        bench.Receive(piece, [0, 1, 2]);
        bench.Store(piece, 0, 3, complete: false);
        bench.Picker.Abandon(piece);

        ActivePiece next = bench.Begin(1);
        Assert.Same(piece, next);
        bench.Receive(next, Enumerable.Range(0, 5));
        bench.Store(next, 0, 5, complete: true);
        Assert.Equal(PieceJobOutcome.Passed, bench.Ends[1].Outcome);
        AssertStored(1);
    }

    [Fact]
    public void Whoever_waits_for_quiet_waits_for_every_job()
    {
        ActivePiece one = bench.Begin(0), two = bench.Begin(1);
        bench.Receive(one, Enumerable.Range(0, 5));
        bench.Receive(two, Enumerable.Range(0, 5));
        Task? quiet = null, alsoQuiet = null;
        int endsThen = -1;
        bench.World.Strand.Enqueue(_ =>
        {
            Assert.True(bench.Disk.WhenQuiet().IsCompleted);
            bench.Disk.Store(one, 0, 5, complete: true, wantHashes: false);
            bench.Disk.Store(two, 0, 5, complete: true, wantHashes: false);
            quiet = Watch();
            alsoQuiet = bench.Disk.WhenQuiet();
            Assert.False(quiet.IsCompleted);
        });
        bench.World.Settle();
        Assert.True(quiet!.IsCompletedSuccessfully && alsoQuiet!.IsCompletedSuccessfully);
        Assert.Equal(2, endsThen);

        async Task Watch()
        {
            await bench.Disk.WhenQuiet();
            endsThen = bench.Ends.Count;
        }
    }

    [Fact]
    public void Pieces_over_many_files_and_padding_land_where_they_belong()
    {
        var each = new DiskBench(TestTorrents.Multi(4 * BlockSize, ("a", 1000), (".pad/64536", 64_536), ("b", 70_000), ("c/d", 10), ("e", 50_000)));
        for (int i = 0; i < each.Metainfo.PieceCount; i++)
        {
            ActivePiece piece = each.Begin(i);
            each.Receive(piece, Enumerable.Range(0, piece.BlockCount));
            each.Store(piece, 0, piece.BlockCount, complete: true);
            each.Picker.Complete(piece);
        }
        Assert.All(each.Ends, end => Assert.Equal(PieceJobOutcome.Passed, end.Outcome));
        foreach (MetainfoFile file in each.Metainfo.Files)
        {
            if (file.IsPadding) Assert.DoesNotContain(each.Storage.Paths, path => path.EndsWith(file.Path, StringComparison.Ordinal));
            else Assert.Equal(each.Content.FileBytes(file), each.Storage.Content("/dl/" + file.Path));
        }
    }
}
