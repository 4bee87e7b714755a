using System.Diagnostics.CodeAnalysis;
using Spate.Engine.Disk;
using Spate.Engine.Peers;
using Spate.Engine.Pieces;
using Spate.Protocol.Wire;

namespace Spate.Engine.Torrents;

/// <summary>What <see cref="Downloads"/> asks of the swarm it works for.</summary>
internal interface IDownloadOwner
{
    IReadOnlyList<PeerConnection> Peers { get; }

    long NowMs { get; }

    void Disconnect(PeerConnection peer, DisconnectReason reason);

    /// <summary>Peers with these serial numbers, connected or not any more, sent bad data.</summary>
    void Ban(int serial);

    void OnPiecePassed(int piece);

    void OnPieceFailed(int piece);

    void OnDiskError(Exception error);
}

/// <summary>
/// Gets blocks: keeps each peer's requests in flight, takes what comes, sends it to the disk, and deals with peers that stall,
/// refuse or lie. Lives on the torrent's strand.
/// </summary>
internal sealed class Downloads
{
    private const int RunBlocks = 64;              // hash and write large pieces in runs of 1 MiB
    private const long SnubMs = 30_000;            // asked and silent for so long: others may be asked for its blocks
    private const long LostMs = 90_000;            // a request that was passed over for so long will not be answered
    private const int FewSources = 3;
    private const long SourceMs = 3_000;           // who sent a block, or let us ask, so lately is a source
    private const int SoleTicks = 120;             // a piece that failed is one peer's alone for a minute at most
    private const double SlowPieceSeconds = 60;    // a peer that needs longer for a piece helps others instead
    private const int MostRejects = 5000;
    private const int PickAtOnce = 512;

    private readonly IDownloadOwner owner;
    private readonly PiecePicker picker;
    private readonly TorrentDisk disk;
    private readonly BatchPace pace;
    private readonly Blame blame = new();
    private readonly HashSet<int> filesWritten = [];
    private PickedBlock[] picked = []; // made at the first pick: a session may hold thousands of torrents that never pick
    private bool starved; // peers went without requests because memory ran short

    public Downloads(IDownloadOwner owner, PiecePicker picker, TorrentDisk disk)
    {
        (this.owner, this.picker, this.disk) = (owner, picker, disk);
        pace = new BatchPace(disk.BatchSize);
    }

    /// <summary>Bytes that were received and not needed.</summary>
    public long Wasted { get; private set; }

    /// <summary>Bytes of pieces that failed their hash.</summary>
    public long Failed { get; private set; }

    /// <summary>Nothing more is asked for until this is false again: the disk refused.</summary>
    public bool Halted { get; set; }

    public void MarkWritten(int file) => filesWritten.Add(file);

    /// <summary>Files written to since the last call.</summary>
    public int[] TakeFilesWritten()
    {
        int[] files = [.. filesWritten];
        filesWritten.Clear();
        return files;
    }

    /// <summary>Tops up the peer's requests once a quarter of its window is free.</summary>
    public void Refill(PeerConnection peer)
    {
        if (peer.IsClosed || !peer.AmInterested || Halted) return;
        if (peer.PeerChoking && peer.AllowedByPeer is null) return;
        int room = peer.Window.Size - peer.Pick.Requests.Count;
        if (room < Math.Max(1, peer.Window.Size / 4)) return;
        if (disk.Pool.IsUnderPressure)
        {
            starved = true;
            return;
        }
        peer.Pick.Only = peer.PeerChoking ? peer.AllowedByPeer : null;
        while (room > 0)
        {
            if (picked.Length == 0) picked = new PickedBlock[PickAtOnce];
            int count = picker.Pick(peer.Pick, picked.AsSpan(0, Math.Min(room, picked.Length)));
            for (int i = 0; i < count; i++)
            {
                (ActivePiece piece, int block) = picked[i];
                peer.Pick.Requests.Add(piece.Index, block, owner.NowMs);
                peer.SendBlock(MessageId.Request, piece.Index, block * BlockPool.BlockSize, piece.BlockLength(block));
            }
            if (count < Math.Min(room, picked.Length)) return;
            room -= count;
        }
    }

    public void RefillAll()
    {
        foreach (PeerConnection peer in owner.Peers) Refill(peer);
    }

    public void OnUnchoke(PeerConnection peer)
    {
        peer.Window.Restart(peer.Connection.RoundTrip.TotalMilliseconds);
        peer.LastBlockMs = owner.NowMs;
        Refill(peer);
    }

    /// <summary>The peer chokes us. Without BEP 6 that answers all requests; with it each one is answered by itself.</summary>
    public void OnChoke(PeerConnection peer)
    {
        if (!peer.UsesFast) TakeBack(peer, forgive: true, cancel: false);
        picker.Disown(peer.Pick);
    }

    public void OnReject(PeerConnection peer, int piece, int offset)
    {
        int block = offset / BlockPool.BlockSize;
        if (peer.Pick.Requests.Remove(piece, block, out _))
        {
            picker.Release(peer.Pick, piece, block);
            // What it refused it will refuse again for now: it must not be asked for the same block in a loop.
            if (!peer.PeerChoking && ++peer.Rejects > MostRejects) owner.Disconnect(peer, DisconnectReason.RejectFlood);
            else if (!peer.PeerChoking) picker.Disown(peer.Pick);
        }
        else if (peer.Forgiven > 0) peer.Forgiven--;
        if (peer.AllowedByPeer is { } allowed && peer.PeerChoking) allowed.Remove(piece);
    }

    /// <summary>The peer no longer has the piece (BEP 54): what it was asked for of it will be rejected, if it is answered at all.</summary>
    public void OnGone(PeerConnection peer, int piece)
    {
        while (peer.Pick.Requests.RemovePiece(piece, out PendingRequest request))
        {
            picker.Release(peer.Pick, piece, request.Block);
            peer.Forgiven++;
        }
        picker.Disown(peer.Pick);
        Refill(peer);
    }

    /// <summary>A block came; its slot is ours now.</summary>
    public void OnBlock(PeerConnection peer, int pieceIndex, int offset, int length, int slot)
    {
        int block = offset / BlockPool.BlockSize;
        bool asked = peer.Pick.Requests.Remove(pieceIndex, block, out PendingRequest request);
        peer.Downloaded.Add(length);
        if (!asked && !TakeForgiven(peer))
        {
            Waste(slot, length);
            owner.Disconnect(peer, DisconnectReason.UnrequestedBlock);
            return;
        }
        long now = owner.NowMs;
        peer.LastBlockMs = peer.LastUsefulMs = now;
        peer.MessagesSinceBlock = 0;
        if (asked) peer.Window.OnBlock(length, request.SentMs, now);
        if (peer.IsSnubbed) Unsnub(peer);

        if (!TryAccept(peer, pieceIndex, block, offset, length, out ActivePiece? piece))
        {
            Waste(slot, length);
            if (!asked) return;
            picker.Release(peer.Pick, pieceIndex, block); // this answer was all that will come of it
            if (piece is not null && !Fits(piece, block, offset, length)) owner.Disconnect(peer, DisconnectReason.BlockSize);
            return;
        }
        ref ActivePiece.Block at = ref piece[block];
        bool askedElsewhere = at.Requests > (asked ? 1 : 0);
        if (at.State == BlockState.Free) piece.Free--;
        at.State = BlockState.Held;
        at.Requests = 0;
        at.Slot = slot;
        at.Sender = peer.Serial;
        piece.Received++;
        piece.Held++;
        // Only now: who is told to stop is given other work at once, and must not be given this block again.
        if (askedElsewhere) CancelElsewhere(peer, pieceIndex, block, piece);
        Store(piece);
    }

    /// <summary>A disk job ended.</summary>
    public void OnPieceJob(PieceJob job)
    {
        ActivePiece piece = job.Piece;
        piece.JobRunning = false;
        if (job.IsWhole) pace.OnDone();
        foreach (int file in job.FilesWritten) filesWritten.Add(file);
        switch (job.Outcome)
        {
            case PieceJobOutcome.Written:
                for (int i = job.First; i < job.First + job.Count; i++) piece[i].State = BlockState.Stored;
                Store(piece);
                break;
            case PieceJobOutcome.Passed:
                int index = piece.Index;
                IReadOnlyList<int> guilty = blame.OnPassed(index, job.BlockHashes);
                for (int i = 0; i < guilty.Count; i++) owner.Ban(guilty[i]);
                picker.Complete(piece);
                owner.OnPiecePassed(index);
                break;
            case PieceJobOutcome.Failed:
                Failed += piece.Length;
                int culprit = blame.OnFailed(piece, job.BlockHashes);
                picker.Restart(piece);
                owner.OnPieceFailed(piece.Index);
                if (culprit != 0) owner.Ban(culprit);
                break;
            default:
                ReturnHeld(piece);
                foreach (PeerConnection peer in owner.Peers) ForgetRequests(peer, piece.Index);
                picker.Abandon(piece);
                owner.OnDiskError(job.Error!);
                break;
        }
        if (!starved || disk.Pool.IsUnderPressure) return;
        starved = false;
        RefillAll();
    }

    /// <summary>
    /// The strand is done for now: whole pieces wait for others no longer than a batch should have taken. A peer that has not heard of a piece
    /// gets it from elsewhere, and a slow seed sends it twice.
    /// </summary>
    public void OnTurnEnd()
    {
        if (disk.IsFillingBatch) disk.EndOldBatch(owner.NowMs);
    }

    /// <summary>About once a second: peers that stall, memory that partial pieces hold.</summary>
    public void Tick()
    {
        long now = owner.NowMs;
        int sources = 0;
        foreach (PeerConnection peer in owner.Peers)
        {
            if (now - peer.LastBlockMs < SourceMs) sources++;
        }
        foreach (PeerConnection peer in owner.Peers)
        {
            peer.Window.IsOneOfMany = sources > FewSources;
            peer.Pick.IsSlow = peer.Downloaded.BytesPerSecond * SlowPieceSeconds < picker.PieceLength;
            if (peer.Pick.Requests.Count > 0)
            {
                long oldest = peer.Pick.Requests.OldestSentMs;
                if (now - Math.Max(peer.LastBlockMs, oldest) > SnubMs) Snub(peer);
                else if (now - oldest > LostMs) TakeBackOldest(peer);
            }
            Refill(peer);
        }
        foreach (ActivePiece piece in picker.Active)
        {
            if (piece.OneSender && ++piece.SoleTicks > SoleTicks) picker.Share(piece);
        }
        disk.EndBatch();
        if (disk.Pool.IsUnderPressure) FlushHeld();
    }

    /// <summary>Gives up all that is under way in memory. Blocks that disk jobs have stay theirs.</summary>
    public void DropHeld()
    {
        foreach (ActivePiece piece in picker.Active) ReturnHeld(piece);
    }

    /// <summary>
    /// Writes out what partial pieces hold in memory, one run of each; false when there is nothing to write. Call it again once the disk is
    /// quiet to get all of it out.
    /// </summary>
    public bool FlushHeld()
    {
        bool any = false;
        foreach (ActivePiece piece in picker.Active)
        {
            if (piece.Held == 0 || piece.JobRunning) continue;
            StoreHeld(piece);
            any = true;
        }
        return any;
    }

    /// <summary>The peer is gone: what it was asked for may be asked of others.</summary>
    public void OnDisconnected(PeerConnection peer)
    {
        TakeBack(peer, forgive: false, cancel: false);
        picker.Disown(peer.Pick);
    }

    private static bool TakeForgiven(PeerConnection peer)
    {
        if (peer.Forgiven == 0) return false;
        peer.Forgiven--;
        return true;
    }

    // False when the block is of no use; the piece is told even so, if it is under way.
    private bool TryAccept(PeerConnection peer, int pieceIndex, int block, int offset, int length, [NotNullWhen(true)] out ActivePiece? piece)
    {
        piece = picker.Find(pieceIndex);
        if (piece is null || !Fits(piece, block, offset, length)) return false;
        if (piece[block].State is not (BlockState.Requested or BlockState.Free)) return false;
        return !piece.OneSender || piece.Owner == 0 || piece.Owner == peer.Serial;
    }

    private static bool Fits(ActivePiece piece, int block, int offset, int length) =>
        offset % BlockPool.BlockSize == 0 && block < piece.BlockCount && length == piece.BlockLength(block);

    private void CancelElsewhere(PeerConnection peer, int pieceIndex, int block, ActivePiece piece)
    {
        foreach (PeerConnection other in owner.Peers)
        {
            if (other == peer || !other.Pick.Requests.Remove(pieceIndex, block, out _)) continue;
            other.SendBlock(MessageId.Cancel, pieceIndex, block * BlockPool.BlockSize, piece.BlockLength(block));
            other.Forgiven++;
            Refill(other);
        }
    }

    // One job of a piece at a time. The run from the hash cursor on goes to the disk when it ends the piece or is long enough.
    private void Store(ActivePiece piece)
    {
        if (piece.JobRunning) return;
        int first = piece.Hashed;
        int end = first;
        while (end < piece.BlockCount && piece[end].State == BlockState.Held) end++;
        bool complete = piece.IsComplete && end == piece.BlockCount;
        int count = end - first;
        if (count > 0 && (complete || count >= RunBlocks))
        {
            piece.Hashed = end;
            Store(piece, first, count, complete);
        }
        else if (piece.IsComplete) StoreHeld(piece); // blocks behind the cursor were written out of order: the job reads them back
    }

    private void Store(ActivePiece piece, int first, int count, bool complete)
    {
        long now = owner.NowMs;
        bool mayWait = count == piece.BlockCount && pace.OnWhole(now, picker.Missing.Count, disk.Pool.IsUnderPressure);
        disk.Store(piece, first, count, complete, complete && blame.Remembers(piece.Index), mayWait ? now + BatchPace.FastMs : 0);
    }

    // Writes the first run of held blocks, wherever it is.
    private void StoreHeld(ActivePiece piece)
    {
        int first = 0;
        while (first < piece.BlockCount && piece[first].State != BlockState.Held) first++;
        if (first == piece.BlockCount)
        {
            // All is stored already (a restart found the piece complete but for its hash): an empty run ends it.
            Store(piece, piece.BlockCount, 0, complete: true);
            return;
        }
        int end = first;
        while (end < piece.BlockCount && piece[end].State == BlockState.Held) end++;
        if (piece.Hashed == first) piece.Hashed = end;
        bool complete = piece.IsComplete && piece.Held == end - first;
        Store(piece, first, end - first, complete);
    }

    private void Snub(PeerConnection peer)
    {
        peer.IsSnubbed = peer.Pick.IsSnubbed = true;
        peer.Window.Snub();
        TakeBack(peer, forgive: true, cancel: true);
        picker.Disown(peer.Pick);
        RefillOthers(peer);
    }

    // What a peer did not send must not come back to it while somebody else has time.
    private void RefillOthers(PeerConnection peer)
    {
        foreach (PeerConnection other in owner.Peers)
        {
            if (other != peer) Refill(other);
        }
    }

    private static void Unsnub(PeerConnection peer)
    {
        peer.IsSnubbed = peer.Pick.IsSnubbed = false;
        peer.Window.Restart(0);
    }

    private void TakeBack(PeerConnection peer, bool forgive, bool cancel)
    {
        while (peer.Pick.Requests.TryTake(out PendingRequest request))
        {
            picker.Release(peer.Pick, request.Piece, request.Block);
            if (forgive) peer.Forgiven++;
            if (cancel && picker.Find(request.Piece) is { } piece)
                peer.SendBlock(MessageId.Cancel, request.Piece, request.Block * BlockPool.BlockSize, piece.BlockLength(request.Block));
        }
    }

    private void TakeBackOldest(PeerConnection peer)
    {
        if (!peer.Pick.Requests.TryTake(out PendingRequest request)) return;
        picker.Release(peer.Pick, request.Piece, request.Block);
        peer.Forgiven++;
        if (picker.Find(request.Piece) is { } piece)
            peer.SendBlock(MessageId.Cancel, request.Piece, request.Block * BlockPool.BlockSize, piece.BlockLength(request.Block));
        RefillOthers(peer);
    }

    private static void ForgetRequests(PeerConnection peer, int piece)
    {
        while (peer.Pick.Requests.RemovePiece(piece, out _)) peer.Forgiven++;
    }

    private void ReturnHeld(ActivePiece piece)
    {
        for (int i = 0; i < piece.BlockCount; i++)
        {
            ref ActivePiece.Block at = ref piece[i];
            if (at.State != BlockState.Held) continue;
            disk.Pool.Return(at.Slot);
            at.State = BlockState.Free;
            piece.Free++;
            piece.Received--;
            piece.Held--;
        }
    }

    private void Waste(int slot, int length)
    {
        disk.Pool.Return(slot);
        Wasted += length;
    }
}
