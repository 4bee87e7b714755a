using System.Runtime.InteropServices;
using Spate.Engine.Pieces;
using Spate.Engine.Ports;
using Spate.Protocol;

namespace Spate.Engine.Disk;

/// <summary>How a <see cref="PieceJob"/> ended.</summary>
internal enum PieceJobOutcome
{
    /// <summary>The run is in the file; the piece is not complete.</summary>
    Written,

    /// <summary>The piece is complete, has the right hash, and is in the file.</summary>
    Passed,

    /// <summary>The piece is complete and has the wrong hash; <see cref="PieceJob.BlockHashes"/> tells its blocks.</summary>
    Failed,

    /// <summary>The disk refused; <see cref="PieceJob.Error"/> says why. The blocks are gone.</summary>
    Error,
}

/// <summary>
/// Takes a run of received blocks of one piece to the disk: hashes them while they are hot, writes them in one go, and when the piece is
/// complete compares its hash. A piece that arrives whole is compared before it is written, so bad data never touches the file.
/// Runs on a disk worker; reused.
/// </summary>
internal sealed class PieceJob : IWorkItem
{
    private readonly TorrentDisk disk;
    private readonly List<ReadOnlyMemory<byte>> run = [];

    public PieceJob(TorrentDisk disk)
    {
        this.disk = disk;
    }

    public ActivePiece Piece { get; private set; } = null!;

    public int First { get; private set; }

    public int Count { get; private set; }

    public PieceJobOutcome Outcome { get; private set; }

    public Exception? Error { get; private set; }

    /// <summary>SHA-1 of each block of a piece that failed, or that passed after it had; else, or where it can't be told, null.</summary>
    public Sha1Hash[]? BlockHashes { get; private set; }

    /// <summary>Files written to.</summary>
    public List<int> FilesWritten { get; } = [];

    private bool complete, wantHashes;

    /// <param name="piece">Its blocks <paramref name="first"/> and the <paramref name="count"/> - 1 behind it are in state Writing.</param>
    /// <param name="complete">After this run the piece is complete.</param>
    /// <param name="wantHashes">The piece failed before: if it passes now, <see cref="BlockHashes"/> shows who had lied.</param>
    public void Set(ActivePiece piece, int first, int count, bool complete, bool wantHashes)
    {
        (Piece, First, Count, this.complete, this.wantHashes) = (piece, first, count, complete, wantHashes);
        (Error, BlockHashes) = (null, null);
        FilesWritten.Clear();
    }

    /// <summary>True when the job is all of a piece, which no other job has had a part of.</summary>
    public bool IsWhole => Count == Piece.BlockCount;

    /// <summary>A block's bytes, by its place in the run.</summary>
    public ReadOnlyMemory<byte> Block(int i) => disk.Pool.Memory(Piece[First + i].Slot)[..Piece.BlockLength(First + i)];

    /// <summary>The first half: hash. What is to be written then takes its place in line for its file.</summary>
    public void Run() => Run(null);

    /// <summary>The same for a whole piece that was hashed with others.</summary>
    public void Run(Sha1Hash? known)
    {
        bool write;
        try { write = Hash(known); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Fail(e);
            write = false;
        }
        if (write) disk.Lanes.Write(this, FirstFile());
        else End();
    }

    /// <summary>The second half: write, and where only now all of the piece can be read, compare. Never two at a time in a lane.</summary>
    public void Write()
    {
        try
        {
            disk.Files.Write(Position, CollectionsMarshal.AsSpan(run), FilesWritten);
            if (complete && Outcome != PieceJobOutcome.Passed) CompareStored();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { Fail(e); }
        End();
    }

    private long Position => disk.Layout.Position(Piece.Index, First * BlockPool.BlockSize);

    private int FirstFile() => run.Count == 0 ? 0 : disk.Layout.Slice(Position, 1).File;

    // True when there is something to write.
    private bool Hash(Sha1Hash? known)
    {
        PieceHasher hasher = Piece.Hasher!;
        run.Clear();
        Outcome = PieceJobOutcome.Written;
        bool toHash = known is null && hasher.Blocks == First;
        for (int i = 0; i < Count; i++)
        {
            ReadOnlyMemory<byte> block = Block(i);
            run.Add(block);
            if (toHash) hasher.Append(block.Span);
        }
        if (!IsWhole) return true;

        bool passed = Matches(known ?? hasher.Finish());
        if (!passed || wantHashes) BlockHashes = run.Select(block => Sha1Hash.Of(block.Span)).ToArray();
        Outcome = passed ? PieceJobOutcome.Passed : PieceJobOutcome.Failed;
        return passed;
    }

    private void CompareStored()
    {
        PieceHasher hasher = Piece.Hasher!;
        // What can't be read back says nothing about who sent it.
        if (!HashRest(hasher)) throw new FileNotFoundException("A file of the torrent is gone, or shorter than what was written to it.");
        bool matches = Matches(hasher.Finish());
        if (!matches || wantHashes) BlockHashes = HashStored();
        Outcome = matches ? PieceJobOutcome.Passed : PieceJobOutcome.Failed;
    }

    private void Fail(Exception error)
    {
        Piece.Hasher!.Reset();
        (Outcome, Error) = (PieceJobOutcome.Error, error);
    }

    private void End()
    {
        for (int i = First; i < First + Count; i++) disk.Pool.Return(Piece[i].Slot);
        disk.Post(this);
    }

    private bool Matches(Sha1Hash hash) => hash.AsSpan().SequenceEqual(disk.Layout.Metainfo.PieceHash(Piece.Index));

    // Blocks that were written out of order, for want of memory or before a restart, are read back for the hash.
    private bool HashRest(PieceHasher hasher)
    {
        byte[] block = new byte[BlockPool.BlockSize];
        while (hasher.Blocks < Piece.BlockCount)
        {
            Span<byte> bytes = block.AsSpan(0, Piece.BlockLength(hasher.Blocks));
            if (!disk.Files.TryRead(disk.Layout.Position(Piece.Index, hasher.Blocks * BlockPool.BlockSize), bytes)) return false;
            hasher.Append(bytes);
        }
        return true;
    }

    private Sha1Hash[]? HashStored()
    {
        var hashes = new Sha1Hash[Piece.BlockCount];
        byte[] block = new byte[BlockPool.BlockSize];
        for (int i = 0; i < hashes.Length; i++)
        {
            Span<byte> bytes = block.AsSpan(0, Piece.BlockLength(i));
            if (!disk.Files.TryRead(disk.Layout.Position(Piece.Index, i * BlockPool.BlockSize), bytes)) return null;
            hashes[i] = Sha1Hash.Of(bytes);
        }
        return hashes;
    }
}
