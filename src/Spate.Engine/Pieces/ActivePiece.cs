using Spate.Engine.Disk;

namespace Spate.Engine.Pieces;

/// <summary>Where one block of a piece under way is.</summary>
internal enum BlockState : byte
{
    /// <summary>Asked of nobody.</summary>
    Free,

    /// <summary>Asked of <see cref="ActivePiece.Block.Requests"/> peers.</summary>
    Requested,

    /// <summary>Received, in memory: the slot is valid.</summary>
    Held,

    /// <summary>With a disk worker, which returns the slot.</summary>
    Writing,

    /// <summary>In the file.</summary>
    Stored,
}

/// <summary>
/// A piece of which some blocks were asked for or received. Lives on the torrent's strand; a disk job that runs may read the slots
/// of the blocks it was given (state Writing) and nothing else.
/// </summary>
internal sealed class ActivePiece
{
    private readonly Block[] blocks;

    public ActivePiece(int blockCapacity)
    {
        blocks = new Block[blockCapacity];
    }

    internal struct Block
    {
        public BlockState State;
        public byte Requests;  // peers that it is asked of; above 1 in end game only
        public int Slot;       // in the block pool while Held or Writing
        public int Sender;     // serial number of the peer that sent it, for blame
    }

    public int Index { get; private set; }

    public int Length { get; private set; }

    public int BlockCount { get; private set; }

    /// <summary>Blocks that nobody was asked for.</summary>
    public int Free { get; set; }

    /// <summary>Blocks received, in memory or on disk.</summary>
    public int Received { get; set; }

    /// <summary>Blocks in memory that no disk job has yet.</summary>
    public int Held { get; set; }

    /// <summary>Blocks, from the first one, that went through the hasher or are on their way there.</summary>
    public int Hashed { get; set; }

    /// <summary>One disk job at a time works on a piece, so that its blocks are hashed in order.</summary>
    public bool JobRunning { get; set; }

    /// <summary>The serial number of the peer that has this piece to itself, or 0.</summary>
    public int Owner { get; set; }

    /// <summary>The last attempt failed its hash: only one peer at a time is asked, so that the next failure has one culprit.</summary>
    public bool OneSender { get; set; }

    /// <summary>Ticks for which <see cref="OneSender"/> was set.</summary>
    public int SoleTicks { get; set; }

    /// <summary>Position in the picker's list.</summary>
    public int ListIndex { get; set; }

    public PieceHasher? Hasher { get; set; }

    public bool IsComplete => Received == BlockCount;

    public ref Block this[int block] => ref blocks[block];

    public int Capacity => blocks.Length;

    public int BlockLength(int block) => Math.Min(BlockPool.BlockSize, Length - block * BlockPool.BlockSize);

    public void Start(int index, int length)
    {
        Index = index;
        Length = length;
        BlockCount = (length + BlockPool.BlockSize - 1) / BlockPool.BlockSize;
        Array.Clear(blocks, 0, BlockCount);
        Hasher?.Reset(); // of a piece that was given up half way
        Free = BlockCount;
        (Received, Held, Hashed, Owner) = (0, 0, 0, 0);
        (JobRunning, OneSender, SoleTicks) = (false, false, 0);
    }
}
