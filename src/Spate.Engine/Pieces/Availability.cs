using Spate.Engine.Ports;
using Spate.Protocol;

namespace Spate.Engine.Pieces;

/// <summary>How much a piece is wanted.</summary>
public enum PiecePriority : byte
{
    /// <summary>Not downloaded.</summary>
    Skip = 0,
    Low = 1,
    Normal = 2,
    High = 3,
}

/// <summary>
/// Which of the pieces that may be started comes first: by priority, then rarest first, then at random. Kept in order at all times:
/// pieces stand in one array in buckets of equal rank, and a change of one peer's pieces moves a piece over one bucket's border,
/// so that nothing is ever counted or sorted anew (each change O(1)).
/// </summary>
internal sealed class Availability
{
    private const int Levels = 512;                 // more peers than this with a piece: equally common
    private const int Ranks = 3 * Levels;

    private readonly ushort[] counts;               // peers that have the piece, without seeds
    private readonly PiecePriority[] priorities;
    private readonly int[] order;                   // startable pieces, best first
    private readonly int[] places;                  // of a piece in order, or -1
    private int[] bucketEnds = new int[Ranks];      // empty after a Trim with nothing startable: they would all be 0
    private int size;

    public Availability(int pieceCount, IRandom random)
    {
        counts = new ushort[pieceCount];
        priorities = new PiecePriority[pieceCount];
        order = new int[pieceCount];
        places = new int[pieceCount];
        Array.Fill(priorities, PiecePriority.Normal);
        // The starting order is random, and so is the order among pieces of equal rank ever after.
        for (int i = 0; i < pieceCount; i++) order[i] = i;
        for (int i = pieceCount - 1; i > 0; i--)
        {
            int j = random.Next(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
        for (int i = 0; i < pieceCount; i++) places[order[i]] = i;
        size = pieceCount;
        for (int rank = Rank(PiecePriority.Normal, 0); rank < Ranks; rank++) bucketEnds[rank] = size;
    }

    /// <summary>Peers that have every piece.</summary>
    public int Seeds { get; set; }

    /// <summary>Pieces that may be started, best first.</summary>
    public ReadOnlySpan<int> Startable => order.AsSpan(0, size);

    /// <summary>Peers that have the piece.</summary>
    public int Of(int piece) => counts[piece] + Seeds;

    public PiecePriority Priority(int piece) => priorities[piece];

    /// <summary>One peer more has the piece.</summary>
    public void Increase(int piece)
    {
        if (counts[piece] == ushort.MaxValue) return;
        int from = Rank(piece);
        counts[piece]++;
        if (places[piece] >= 0) Shift(piece, from, Rank(piece));
    }

    /// <summary>One peer less has the piece.</summary>
    public void Decrease(int piece)
    {
        if (counts[piece] == 0) return;
        int from = Rank(piece);
        counts[piece]--;
        if (places[piece] >= 0) Shift(piece, from, Rank(piece));
    }

    /// <summary>Counts a peer's pieces in or, when it leaves, out.</summary>
    public void Count(Bitfield have, bool arrives)
    {
        for (int piece = have.NextSet(0); piece >= 0; piece = have.NextSet(piece + 1))
        {
            if (arrives) Increase(piece);
            else Decrease(piece);
        }
    }

    /// <summary>Changes how much the piece is wanted. Says nothing about whether it may be started.</summary>
    public void SetPriority(int piece, PiecePriority priority)
    {
        bool listed = places[piece] >= 0;
        if (listed) Remove(piece);
        priorities[piece] = priority;
        if (listed) Add(piece);
    }

    /// <summary>The piece may be started (again). Nothing happens while its priority is Skip.</summary>
    public void Add(int piece)
    {
        if (places[piece] >= 0 || priorities[piece] == PiecePriority.Skip) return;
        if (bucketEnds.Length == 0) bucketEnds = new int[Ranks];
        places[piece] = size;
        order[size++] = piece;
        // It enters behind the last bucket and goes down, bucket by bucket, to its own; empty buckets cost nothing but the step.
        bucketEnds[Ranks - 1] = size;
        for (int rank = Ranks - 1, own = Rank(piece); rank > own; rank--) SwapWithFirst(piece, rank);
    }

    /// <summary>The piece is under way, there, or not wanted: no longer to be started.</summary>
    public void Remove(int piece)
    {
        if (places[piece] < 0) return;
        for (int rank = Rank(piece); rank < Ranks - 1; rank++) SwapWithLast(piece, rank);
        Swap(places[piece], --size); // in the last bucket now, which may have others
        bucketEnds[Ranks - 1] = size;
        places[piece] = -1;
    }

    /// <summary>Keeps less in memory where nothing may be started, as in a torrent that is complete.</summary>
    public void Trim()
    {
        if (size == 0) bucketEnds = [];
    }

    private void Shift(int piece, int from, int to)
    {
        for (; from < to; from++) SwapWithLast(piece, from);
        for (; from > to; from--) SwapWithFirst(piece, from);
    }

    // Puts the piece, of bucket `rank`, at its end and the border before it: now it is the first of the next bucket.
    private void SwapWithLast(int piece, int rank) => Swap(places[piece], --bucketEnds[rank]);

    // Puts the piece, of bucket `rank`, at its start and the border behind it: now it is the last of the bucket before.
    private void SwapWithFirst(int piece, int rank) => Swap(places[piece], bucketEnds[rank - 1]++);

    private void Swap(int i, int j)
    {
        if (i == j) return;
        (order[i], order[j]) = (order[j], order[i]);
        places[order[i]] = i;
        places[order[j]] = j;
    }

    private int Rank(int piece) => Rank(priorities[piece], counts[piece]);

    private static int Rank(PiecePriority priority, int count) =>
        (PiecePriority.High - (priority == PiecePriority.Skip ? PiecePriority.Low : priority)) * Levels + Math.Min(count, Levels - 1);
}
