using Spate.Engine.Disk;
using Spate.Engine.Peers;
using Spate.Protocol;
using Spate.Protocol.Wire;

namespace Spate.Engine.Torrents;

/// <summary>
/// Answers requests: checks them, queues them up to what we advertised, and keeps two buffers at most in flight for each peer, one being read
/// while the other is sent. Lives on the torrent's strand.
/// </summary>
internal sealed class Uploads
{
    /// <summary>Requests that we queue for a peer, told in the extension handshake (BEP 10 reqq).</summary>
    public const int QueueLimit = 2000;

    // Without BEP 6 a request can't be refused, and who does not know reqq (BEP 10) asks for what it deems right: rtorrent for 20,000 blocks at
    // 100 MB/s. These are twelve bytes each.
    internal const int PatientQueueLimit = 65_536;

    private const int FloodSlack = QueueLimit;   // requests over the limit in a row that are rejected before we hang up
    private const int SearchedPerMessage = 1000; // requests looked through for one to cancel: as much work as a message
    private const int BuffersPerPeer = 2;
    private const double SlowBelow = 64 * 1024; // bytes a second: one block at a time

    private readonly Metainfo metainfo;
    private readonly Bitfield have;
    private readonly TorrentDisk disk;
    private readonly SendBufferPool buffers;
    private readonly Action<PeerConnection, DisconnectReason> disconnect;
    private readonly Action<PeerConnection, int> onGiven;
    private readonly Queue<PeerConnection> waiting = new(); // for a buffer

    /// <param name="onGiven">Told of each piece that a peer is sent blocks of.</param>
    public Uploads(Metainfo metainfo, Bitfield have, TorrentDisk disk, SendBufferPool buffers,
        Action<PeerConnection, DisconnectReason> disconnect, Action<PeerConnection, int> onGiven)
    {
        (this.metainfo, this.have, this.disk, this.buffers) = (metainfo, have, disk, buffers);
        (this.disconnect, this.onGiven) = (disconnect, onGiven);
    }

    /// <summary>Nothing is sent until this is false again: the files can't be read.</summary>
    public bool Halted { get; set; }

    public void OnRequest(PeerConnection peer, int piece, int offset, int length)
    {
        if (length > FrameDecoder.MaxBlock)
        {
            disconnect(peer, DisconnectReason.RequestTooLong);
            return;
        }
        if (piece >= metainfo.PieceCount || length == 0 || (long)offset + length > metainfo.PieceSize(piece))
        {
            disconnect(peer, DisconnectReason.RequestOutOfRange);
            return;
        }
        bool allowed = !peer.AmChoking || TakeAllowance(peer, piece, length);
        if (!allowed || !have[piece] || Halted)
        {
            peer.MessagesSinceBlock++; // without end it is a flood
            Reject(peer, new BlockRequest(piece, offset, length));
            return;
        }
        if (peer.Uploads.Count >= (peer.UsesFast ? QueueLimit : PatientQueueLimit))
        {
            if (++peer.OverLimit > FloodSlack || !peer.UsesFast) disconnect(peer, DisconnectReason.RequestFlood);
            else Reject(peer, new BlockRequest(piece, offset, length));
            return;
        }
        peer.OverLimit = 0;
        peer.Uploads.Enqueue(new BlockRequest(piece, offset, length));
        peer.LastUsefulMs = peer.LastHeardMs;
    }

    public static void OnCancel(PeerConnection peer, int piece, int offset, int length)
    {
        peer.MessagesSinceBlock += 1 + peer.Uploads.Count / SearchedPerMessage;
        var cancelled = new BlockRequest(piece, offset, length);
        bool found = false;
        for (int count = peer.Uploads.Count; count > 0; count--)
        {
            BlockRequest request = peer.Uploads.Dequeue();
            if (!found && request == cancelled) found = true;
            else peer.Uploads.Enqueue(request);
        }
        if (found) Reject(peer, cancelled); // BEP 6: a cancelled request is answered too
    }

    /// <summary>Chokes the peer: what it asked for is dropped, and with BEP 6 said to be.</summary>
    public static void Choke(PeerConnection peer)
    {
        if (peer.AmChoking) return;
        peer.AmChoking = true;
        peer.SendBare(MessageId.Choke);
        for (int count = peer.Uploads.Count; count > 0; count--)
        {
            BlockRequest request = peer.Uploads.Dequeue();
            if (TakeAllowance(peer, request.Piece, request.Length)) peer.Uploads.Enqueue(request);
            else Reject(peer, request);
        }
    }

    /// <summary>Starts reading what the peer asked for, as far as its buffers in flight allow.</summary>
    public void Advance(PeerConnection peer)
    {
        while (!peer.IsClosed && peer.BuffersInFlight < BuffersPerPeer && peer.Uploads.Count > 0)
        {
            SendBuffer? buffer = buffers.TryRent();
            if (buffer is null)
            {
                if (!peer.WaitsForBuffer) waiting.Enqueue(peer);
                peer.WaitsForBuffer = true;
                return;
            }
            int most = peer.Sender.Sent.BytesPerSecond < SlowBelow ? 1 : SendBuffer.Blocks;
            UploadJob job = disk.Upload(peer, buffer);
            for (int length = 0; job.Requests.Count < most && peer.Uploads.TryPeek(out BlockRequest next) && SendBuffer.Fits(length, next.Length);)
            {
                peer.Uploads.Dequeue();
                job.Requests.Add(next);
                length += MessageWriter.PieceHeader + next.Length;
                if (next.Offset == 0) onGiven(peer, next.Piece);
            }
            peer.BuffersInFlight++;
            disk.Start(job);
        }
    }

    /// <summary>A buffer went out, or was dropped with its peer.</summary>
    public void OnSent(PeerConnection peer)
    {
        peer.BuffersInFlight--;
        Advance(peer);
        while (waiting.TryPeek(out PeerConnection? next) && next.BuffersInFlight < BuffersPerPeer)
        {
            waiting.Dequeue();
            next.WaitsForBuffer = false;
            Advance(next);
            if (next.WaitsForBuffer) return;
        }
    }

    /// <summary>The blocks of a job could not be read; the buffer is given back here.</summary>
    public void OnUnread(UploadJob job)
    {
        buffers.Return(job.Buffer);
        foreach (BlockRequest request in job.Requests) Reject(job.Peer, request);
        OnSent(job.Peer);
    }

    // Free pieces are for newcomers, who have nothing to trade with, and are free once: else nobody would need a slot.
    private static bool TakeAllowance(PeerConnection peer, int piece, int length)
    {
        if (peer.AllowedToPeer is not { } allowed || !allowed.Contains(piece)) return false;
        if (peer.Have.Count > allowed.Count || peer.AllowanceBytes < length) return false;
        peer.AllowanceBytes -= length;
        return true;
    }

    private static void Reject(PeerConnection peer, BlockRequest request)
    {
        if (peer.UsesFast) peer.SendBlock(MessageId.Reject, request.Piece, request.Offset, request.Length);
    }
}
