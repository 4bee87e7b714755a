using Spate.Engine.Ports;
using Spate.Protocol;

namespace Spate.Engine.Pieces;

/// <summary>A block that the picker chose.</summary>
internal readonly record struct PickedBlock(ActivePiece Piece, int Block);

/// <summary>
/// Decides which blocks to ask which peer for: a few random pieces first, then rarest first; one piece at a time for each peer, so
/// that pieces are completed soon and by few; at the end (end game) blocks that others were asked for too. Lives on the torrent's strand.
/// </summary>
internal sealed class PiecePicker
{
    private const int RandomFirstPieces = 4;
    private const int RandomProbes = 16;
    private const int EndGameRequests = 3;    // peers that one block is asked of at most
    private const int EndGameDepth = 4;       // such blocks in flight at one peer
    private const int MostPooled = 256;       // more pieces than fifty peers have under way

    private readonly Metainfo metainfo;
    private readonly IRandom random;
    private readonly Dictionary<int, ActivePiece> active = [];
    private readonly List<ActivePiece> list = [];
    private readonly Stack<ActivePiece> pool = new();
    private int version; // raised when a piece becomes startable or a peer gets one: peers that were dry look again

    public PiecePicker(Metainfo metainfo, IRandom random)
    {
        this.metainfo = metainfo;
        this.random = random;
        Availability = new Availability(metainfo.PieceCount, random);
        Have = new Bitfield(metainfo.PieceCount);
        Missing = new Bitfield(metainfo.PieceCount);
        Missing.SetAll();
    }

    public Availability Availability { get; }

    /// <summary>Bytes of a piece but the last.</summary>
    public int PieceLength => metainfo.PieceLength;

    /// <summary>Pieces that passed their hash and are in the files.</summary>
    public Bitfield Have { get; }

    /// <summary>Pieces that are wanted and not there.</summary>
    public Bitfield Missing { get; }

    /// <summary>Ask for pieces in their order instead of rarest first.</summary>
    public bool Sequential { get; set; }

    /// <summary>Pieces under way.</summary>
    public IReadOnlyList<ActivePiece> Active => list;

    /// <summary>True when nothing that is wanted is missing.</summary>
    public bool IsFinished => Missing.Count == 0;

    // Every block that is missing was asked of somebody: not before, as blocks asked for twice are bandwidth that others could use.
    private bool IsEndGame
    {
        get
        {
            if (!Availability.Startable.IsEmpty) return false;
            foreach (ActivePiece piece in list)
            {
                if (piece.Free > 0) return false;
            }
            return true;
        }
    }

    /// <summary>A peer got a piece, or several, that it did not have.</summary>
    public void PeerGained() => version++;

    public ActivePiece? Find(int piece) => active.GetValueOrDefault(piece);

    /// <summary>Takes a piece as there from the start: resume data or a check says so.</summary>
    public void MarkHave(int piece)
    {
        if (!Have.Set(piece)) return;
        Missing.Clear(piece);
        Availability.Remove(piece);
    }

    /// <summary>Forgets a piece: it proved to be gone or wrong.</summary>
    public void MarkMissing(int piece)
    {
        if (!Have.Clear(piece)) return;
        if (Availability.Priority(piece) != PiecePriority.Skip) Missing.Set(piece);
        Availability.Add(piece);
        version++;
    }

    /// <summary>Changes how much a piece is wanted; one under way is finished all the same.</summary>
    public void SetPriority(int piece, PiecePriority priority)
    {
        Availability.SetPriority(piece, priority);
        if (Have[piece]) return;
        if (priority == PiecePriority.Skip) Missing.Clear(piece);
        else
        {
            Missing.Set(piece);
            if (!active.ContainsKey(piece)) Availability.Add(piece);
        }
        version++;
    }

    /// <summary>Brings back a piece of which some blocks are in the file.</summary>
    public ActivePiece Restore(int piece, Func<int, bool> isStored)
    {
        ActivePiece restored = Start(piece);
        for (int i = 0; i < restored.BlockCount; i++)
        {
            if (!isStored(i)) continue;
            restored[i].State = BlockState.Stored;
            restored.Free--;
            restored.Received++;
        }
        return restored;
    }

    /// <summary>Chooses up to <paramref name="picked"/>.Length blocks for the peer, marks them as asked for, and returns how many.</summary>
    public int Pick(PickState peer, Span<PickedBlock> picked)
    {
        // One that stalled is tried with what somebody else will send if it does not.
        int count = peer.IsSnubbed ? PickEndGame(peer, picked) : 0;
        while (count < picked.Length)
        {
            ActivePiece? piece = NextPiece(peer);
            if (piece is null) break;
            count += TakeFree(piece, picked[count..]);
        }
        if (count == 0 && peer.Requests.Count < EndGameDepth && IsEndGame) count = PickEndGame(peer, picked[..Math.Min(picked.Length, EndGameDepth)]);
        return count;
    }

    /// <summary>A block that this peer was asked for, and that it will not send, may be asked of others.</summary>
    public void Release(PickState peer, int piece, int block)
    {
        if (!active.TryGetValue(piece, out ActivePiece? found)) return;
        ref ActivePiece.Block at = ref found[block];
        if (at.State != BlockState.Requested) return;
        if (--at.Requests > 0) return;
        at.State = BlockState.Free;
        found.Free++;
        version++;
        if (peer.Current == found) peer.Current = null;
        if (found.Owner == peer.Serial) found.Owner = 0;
    }

    /// <summary>The peer left or will not be asked any more: the piece it had to itself is anybody's.</summary>
    public void Disown(PickState peer)
    {
        peer.Current = null;
        foreach (ActivePiece piece in list)
        {
            if (piece.Owner == peer.Serial) piece.Owner = 0;
        }
    }

    /// <summary>The piece passed: it is there.</summary>
    public void Complete(ActivePiece piece)
    {
        Have.Set(piece.Index);
        Missing.Clear(piece.Index);
        Drop(piece);
    }

    /// <summary>The piece failed: all of it is to be asked for again, of one peer at a time.</summary>
    public void Restart(ActivePiece piece)
    {
        piece.Start(piece.Index, piece.Length);
        piece.OneSender = true;
        version++;
    }

    /// <summary>A piece that failed was one peer's alone for long enough: others may help.</summary>
    public void Share(ActivePiece piece)
    {
        piece.OneSender = false;
        version++;
    }

    /// <summary>Gives a piece up, with all of its blocks: it may be started again later.</summary>
    public void Abandon(ActivePiece piece)
    {
        int index = piece.Index;
        Drop(piece);
        Availability.Add(index);
        version++;
    }

    private void Drop(ActivePiece piece)
    {
        active.Remove(piece.Index);
        ActivePiece last = list[^1];
        list[piece.ListIndex] = last;
        last.ListIndex = piece.ListIndex;
        list.RemoveAt(list.Count - 1);
        piece.Owner = 0;
        if (piece.Capacity == Capacity && pool.Count < MostPooled) pool.Push(piece);
    }

    private int Capacity => (metainfo.PieceLength + Disk.BlockPool.BlockSize - 1) / Disk.BlockPool.BlockSize;

    private ActivePiece Start(int index)
    {
        Availability.Remove(index);
        if (!pool.TryPop(out ActivePiece? piece)) piece = new ActivePiece(Capacity) { Hasher = new Disk.PieceHasher() };
        piece.Start(index, metainfo.PieceSize(index));
        piece.ListIndex = list.Count;
        list.Add(piece);
        active.Add(index, piece);
        return piece;
    }

    private static bool Allows(PickState peer, int piece) => peer.Have[piece] && (peer.Only is null || peer.Only.Contains(piece));

    // A pooled piece may be somebody else's by now: what Current names counts only while it is active and has free blocks.
    private ActivePiece? NextPiece(PickState peer)
    {
        ActivePiece? next = peer.Current is { Free: > 0 } current && active.GetValueOrDefault(current.Index) == current && MayJoin(peer, current)
            ? current
            : Sequential ? NextInOrder(peer) : Orphan(peer) ?? (peer.IsSlow ? Join(peer) : null) ?? StartNew(peer) ?? Join(peer);
        peer.Current = next;
        if (next is not null && next.Owner == 0) next.Owner = peer.Serial;
        return next;
    }

    private static bool MayJoin(PickState peer, ActivePiece piece) =>
        piece.Free > 0 && Allows(peer, piece.Index) && (!piece.OneSender || piece.Owner == 0 || piece.Owner == peer.Serial);

    // Pieces under way that nobody works on: the fullest first, as it is done soonest.
    private ActivePiece? Orphan(PickState peer)
    {
        ActivePiece? best = null;
        foreach (ActivePiece piece in list)
        {
            if (piece.Owner != 0 || !MayJoin(peer, piece)) continue;
            if (best is null || piece.Free < best.Free) best = piece;
        }
        return best;
    }

    private ActivePiece? StartNew(PickState peer)
    {
        ReadOnlySpan<int> startable = Availability.Startable;
        if (startable.IsEmpty) return null;
        if (peer.Only is not null)
        {
            foreach (int piece in peer.Only)
            {
                if (peer.Have[piece] && Missing[piece] && !active.ContainsKey(piece)) return Start(piece);
            }
            return null;
        }
        if (peer.DryVersion == version) return null;
        if (TakeSuggested(peer) is >= 0 and var suggested) return Start(suggested);
        if (Have.Count < RandomFirstPieces)
        {
            for (int i = 0; i < RandomProbes; i++)
            {
                int piece = startable[random.Next(startable.Length)];
                if (peer.Have[piece] && Availability.Priority(piece) == Availability.Priority(startable[0])) return Start(piece);
            }
        }
        foreach (int piece in startable)
        {
            if (peer.Have[piece]) return Start(piece);
        }
        peer.DryVersion = version;
        return null;
    }

    // What the peer suggests costs it less than others (BEP 6). It chooses among what is wanted most, not what that is; and whoever says
    // so takes no more than its own uploads from rarest first.
    private int TakeSuggested(PickState peer)
    {
        if (peer.Suggested is not { } suggested) return -1;
        PiecePriority wanted = Availability.Priority(Availability.Startable[0]);
        for (int i = suggested.Count - 1; i >= 0; i--)
        {
            int piece = suggested[i];
            if (!peer.Have[piece] || Availability.Priority(piece) != wanted) continue;
            suggested.RemoveAt(i);
            if (Missing[piece] && !active.ContainsKey(piece)) return piece;
        }
        return -1;
    }

    // Pieces that others work on: the one with the most left to ask for.
    private ActivePiece? Join(PickState peer)
    {
        ActivePiece? best = null;
        foreach (ActivePiece piece in list)
        {
            if (!MayJoin(peer, piece)) continue;
            if (best is null || piece.Free > best.Free) best = piece;
        }
        return best;
    }

    private ActivePiece? NextInOrder(PickState peer)
    {
        for (int piece = Missing.NextSet(0); piece >= 0; piece = Missing.NextSet(piece + 1))
        {
            if (!Allows(peer, piece)) continue;
            if (!active.TryGetValue(piece, out ActivePiece? found)) return Start(piece);
            if (MayJoin(peer, found)) return found;
        }
        return null;
    }

    private static int TakeFree(ActivePiece piece, Span<PickedBlock> picked)
    {
        int count = 0;
        for (int block = 0; block < piece.BlockCount && count < picked.Length && piece.Free > 0; block++)
        {
            ref ActivePiece.Block at = ref piece[block];
            if (at.State != BlockState.Free) continue;
            at.State = BlockState.Requested;
            at.Requests = 1;
            piece.Free--;
            picked[count++] = new PickedBlock(piece, block);
        }
        return count;
    }

    // Everything that is left was asked for. A peer with time to spare asks for some of it too; whoever answers second is told to stop.
    private int PickEndGame(PickState peer, Span<PickedBlock> picked)
    {
        if (list.Count == 0 || picked.IsEmpty) return 0;
        int count = 0;
        int first = random.Next(list.Count);
        for (int i = 0; i < list.Count; i++)
        {
            ActivePiece piece = list[(first + i) % list.Count];
            if (piece.IsComplete || !Allows(peer, piece.Index) || (piece.OneSender && piece.Owner != peer.Serial)) continue;
            for (int block = 0; block < piece.BlockCount; block++)
            {
                ref ActivePiece.Block at = ref piece[block];
                if (at.State != BlockState.Requested || at.Requests >= EndGameRequests || peer.Requests.Contains(piece.Index, block)) continue;
                at.Requests++;
                picked[count++] = new PickedBlock(piece, block);
                if (count == picked.Length) return count;
            }
        }
        return count;
    }
}
