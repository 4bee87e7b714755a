using Spate.Engine.Disk;

namespace Spate.Engine.Peers;

/// <summary>One request that a peer has not answered.</summary>
internal readonly record struct PendingRequest(int Piece, int Block, long SentMs);

/// <summary>
/// The requests in flight at one peer, oldest first. Peers answer nearly in order, so a search from the front ends at once.
/// </summary>
internal sealed class RequestRing
{
    private PendingRequest[] ring = new PendingRequest[16];
    private PendingRequest[]? spare; // of the same length, for the next time
    private int head;
    private int used; // slots from head on, answered ones (piece -1) included

    /// <summary>Requests in flight.</summary>
    public int Count { get; private set; }

    /// <summary>When the oldest of them was sent; only with <see cref="Count"/> above 0.</summary>
    public long OldestSentMs => ring[head].SentMs;

    public void Add(int piece, int block, long nowMs)
    {
        if (used == ring.Length) Grow();
        ring[(head + used++) & (ring.Length - 1)] = new PendingRequest(piece, block, nowMs);
        Count++;
    }

    /// <summary>Takes a request out; false when there is none for this block.</summary>
    public bool Remove(int piece, int block, out PendingRequest request)
    {
        for (int i = 0; i < used; i++)
        {
            ref PendingRequest at = ref ring[(head + i) & (ring.Length - 1)];
            if (at.Piece != piece || at.Block != block) continue;
            request = at;
            at = at with { Piece = -1 };
            Count--;
            Trim();
            return true;
        }
        request = default;
        return false;
    }

    /// <summary>Takes the oldest request out; false when there is none.</summary>
    public bool TryTake(out PendingRequest request)
    {
        if (Count == 0)
        {
            request = default;
            return false;
        }
        request = ring[head];
        ring[head] = request with { Piece = -1 };
        Count--;
        Trim();
        return true;
    }

    /// <summary>Takes one request for a block of this piece out; false when there is none.</summary>
    public bool RemovePiece(int piece, out PendingRequest request)
    {
        for (int i = 0; i < used; i++)
        {
            request = ring[(head + i) & (ring.Length - 1)];
            if (request.Piece == piece) return Remove(piece, request.Block, out _);
        }
        request = default;
        return false;
    }

    public bool Contains(int piece, int block)
    {
        for (int i = 0; i < used; i++)
        {
            PendingRequest at = ring[(head + i) & (ring.Length - 1)];
            if (at.Piece == piece && at.Block == block) return true;
        }
        return false;
    }

    private void Trim()
    {
        while (used > 0 && ring[head].Piece < 0)
        {
            head = (head + 1) & (ring.Length - 1);
            used--;
        }
    }

    // Leaves out the answered ones. They are many when one request is never answered while others are: then there is no need for more
    // room, and a search never passes by more than a few answered ones for each that is open.
    private void Grow()
    {
        PendingRequest[] target = Count > ring.Length / 2 ? new PendingRequest[ring.Length * 2] : spare ?? new PendingRequest[ring.Length];
        int at = 0;
        for (int i = 0; i < used; i++)
        {
            PendingRequest request = ring[(head + i) & (ring.Length - 1)];
            if (request.Piece >= 0) target[at++] = request;
        }
        spare = target.Length == ring.Length ? ring : null;
        (ring, head, used) = (target, 0, at);
    }
}
