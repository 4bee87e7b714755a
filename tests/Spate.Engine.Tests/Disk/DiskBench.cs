using Spate.Engine.Disk;
using Spate.Engine.Pieces;
using Spate.Engine.Tests.Discovery;
using Spate.Protocol;

namespace Spate.Engine.Tests.Disk;

/// <summary>One torrent's disk side in a <see cref="TestWorld"/>: blocks are put into pieces by hand and the jobs' ends are kept.</summary>
internal sealed class DiskBench
{
    public DiskBench(TestContent content, long memory = 4 << 20)
    {
        Content = content;
        Pool = new BlockPool(memory);
        Cache = new FileCache(Storage, 10);
        Files = new TorrentFiles(new FileLayout(content.Metainfo), Cache, "/dl", preallocate: false);
        Picker = new PiecePicker(content.Metainfo, World);
        Disk = new TorrentDisk(Files, Pool, new WorldWorkers(World), World.Strand, OnPiece, _ => { });
    }

    public TestContent Content { get; }

    public Metainfo Metainfo => Content.Metainfo;

    public TestWorld World { get; } = new();

    public MemoryStorage Storage { get; } = new();

    public BlockPool Pool { get; }

    public FileCache Cache { get; }

    public TorrentFiles Files { get; }

    public PiecePicker Picker { get; }

    public TorrentDisk Disk { get; }

    /// <summary>What each job said when it ended.</summary>
    public List<(int Piece, int First, int Count, PieceJobOutcome Outcome, Sha1Hash[]? Hashes, Exception? Error)> Ends { get; } = [];

    /// <summary>Has all blocks of a piece asked for.</summary>
    public ActivePiece Begin(int piece)
    {
        var have = new Bitfield(Metainfo.PieceCount);
        have.Set(piece);
        var picked = new PickedBlock[100];
        int count = Picker.Pick(new PickState(1, have), picked);
        Assert.True(count > 0);
        return picked[0].Piece;
    }

    /// <summary>Puts blocks into the piece as if they had just come; <paramref name="spoil"/> changes them.</summary>
    public void Receive(ActivePiece piece, IEnumerable<int> blocks, int sender = 1, Action<int, byte[]>? spoil = null)
    {
        foreach (int block in blocks)
        {
            Assert.True(Pool.TryRent(out int slot));
            byte[] bytes = Content.Piece(piece.Index).Slice(block * BlockPool.BlockSize, piece.BlockLength(block)).ToArray();
            spoil?.Invoke(block, bytes);
            Pool.Span(slot).Fill(0xcc); // what was there before
            bytes.CopyTo(Pool.Span(slot));
            piece[block] = new ActivePiece.Block { State = BlockState.Held, Slot = slot, Sender = sender };
            piece.Received++;
            piece.Held++;
        }
    }

    public void Store(ActivePiece piece, int first, int count, bool complete, bool wantHashes = false) => World.Do(() =>
    {
        Disk.Store(piece, first, count, complete, wantHashes);
    });

    private void OnPiece(PieceJob job)
    {
        Assert.True(World.Strand.IsCurrent);
        job.Piece.JobRunning = false;
        Ends.Add((job.Piece.Index, job.First, job.Count, job.Outcome, job.BlockHashes, job.Error));
        for (int i = job.First; i < job.First + job.Count; i++) job.Piece[i].State = BlockState.Stored;
    }
}
