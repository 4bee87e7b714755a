using Spate.Engine.Disk;
using Spate.Engine.Limits;
using Spate.Engine.Ports;
using Spate.Engine.Runtime;
using Spate.Protocol.Wire;

namespace Spate.Engine.Peers;

/// <summary>
/// The receiving pump of one peer: takes bytes off the connection in large portions, cuts them into messages, puts blocks into the
/// pool, and hands all messages of a portion to the torrent's strand at once. At most one batch is undelivered: a strand that
/// is behind stops the pump, and so the peer.
/// </summary>
internal sealed class PeerReceiver : IWorkItem
{
    private const int IdleBelow = 4 * 1024;   // a portion smaller than this: wait without a buffer for the next one
    private const int LargestBatch = 1024;

    private readonly IConnection connection;
    private readonly BlockPool pool;
    private readonly ReceiveBuffers buffers;
    private readonly TransferLimits limits;
    private readonly Strand strand;
    private readonly Action<object?> onBatch;
    private readonly Action<DisconnectReason> onEnd;
    private readonly PumpSignal signal;
    private readonly FrameDecoder decoder;
    private readonly object state;
    private TransferTurn turn;
    private int blockSlot = -1;
    private int blockFilled;
    private int blockPiece, blockOffset;
    private volatile bool undelivered;
    private volatile bool stopped;

    /// <param name="onBatch">Runs on the strand with <paramref name="state"/>; must call <see cref="Done"/> when it has dealt with <see cref="Batch"/>.</param>
    /// <param name="onEnd">Runs on any thread when the pump has ended, once.</param>
    public PeerReceiver(IConnection connection, BlockPool pool, ReceiveBuffers buffers, TransferLimits limits, Strand strand, IScheduler scheduler,
        Action<object?> onBatch, object state, Action<DisconnectReason> onEnd)
    {
        (this.connection, this.pool, this.buffers, this.limits, this.strand) = (connection, pool, buffers, limits, strand);
        (this.onBatch, this.state, this.onEnd) = (onBatch, state, onEnd);
        signal = new PumpSignal(scheduler);
        decoder = new FrameDecoder();
    }

    /// <summary>Messages that were received and not yet delivered.</summary>
    public List<PeerMessage> Batch { get; } = [];

    /// <summary>Bytes received, with those of messages.</summary>
    public RateMeter Received { get; } = new();

    private volatile bool heardFrom;

    /// <summary>Whether anything came since this was last asked.</summary>
    public bool TakeHeardFrom()
    {
        if (!heardFrom) return false;
        heardFrom = false;
        return true;
    }

    /// <summary>The strand has dealt with the batch.</summary>
    public void Done()
    {
        Batch.Clear();
        undelivered = false;
        signal.Set();
    }

    /// <summary>A pump that waits for its turn or for memory ends: nobody may be left to wake it.</summary>
    public void Stop()
    {
        stopped = true;
        signal.Set();
    }

    void IWorkItem.Run() => _ = PumpAsync();

    private async Task PumpAsync()
    {
        DisconnectReason reason = DisconnectReason.Bug;
        byte[]? buffer = null;
        bool idle = true;
        try
        {
            while (true)
            {
                if (idle || !limits.IsUnlimited)
                {
                    // Nobody holds a buffer while there is nothing to read, nor quota that others could use.
                    if (buffer is not null) buffers.Return(buffer);
                    buffer = null;
                    await connection.ReceiveAsync(Memory<byte>.Empty);
                }
                buffer ??= buffers.Rent();
                int room;
                while ((room = limits.Take(buffer.Length, ref turn)) == 0 && !stopped) await limits.WaitAsync(signal, turn);
                if (stopped)
                {
                    limits.Refund(room, ref turn);
                    reason = DisconnectReason.TorrentStopped;
                    return;
                }
                int count = await connection.ReceiveAsync(buffer.AsMemory(0, room));
                limits.Refund(room - count, ref turn);
                if (count == 0)
                {
                    reason = DisconnectReason.ClosedByPeer;
                    return;
                }
                Received.Add(count);
                heardFrom = true;
                idle = count < IdleBelow;
                for (int used = 0; used < count;)
                {
                    used += Decode(buffer.AsSpan(used, count - used), out DisconnectReason broken);
                    Deliver();
                    while (undelivered) await signal.WaitAsync();
                    if (broken != DisconnectReason.None)
                    {
                        reason = broken;
                        return;
                    }
                    if (used < count) await WaitForMemory();
                }
            }
        }
        catch (IOException) { reason = DisconnectReason.ConnectionLost; }
        catch (ObjectDisposedException) { reason = DisconnectReason.ConnectionLost; }
        finally
        {
            if (buffer is not null) buffers.Return(buffer);
            if (blockSlot >= 0) pool.Return(blockSlot);
            blockSlot = -1;
            onEnd(reason);
        }
    }

    private void Deliver()
    {
        if (Batch.Count == 0) return;
        undelivered = true;
        strand.EnqueueOrRun(onBatch, state);
    }

    private async ValueTask WaitForMemory()
    {
        while (awaitingSlot && !stopped && pool.Rented >= pool.Capacity)
        {
            pool.AddWaiter(signal);
            if (pool.Rented < pool.Capacity) return;
            await signal.WaitAsync();
        }
    }

    // Returns how much was used: less than all when a block begins and there is no memory for it, or the batch is full.
    private int Decode(ReadOnlySpan<byte> bytes, out DisconnectReason broken)
    {
        broken = DisconnectReason.None;
        ReadOnlySpan<byte> left = bytes;
        while (Batch.Count < LargestBatch)
        {
            if (awaitingSlot && !StartBlock()) break;
            Frame frame = decoder.Next(ref left);
            switch (frame.Kind)
            {
                case FrameKind.NeedMore:
                    return bytes.Length;
                case FrameKind.KeepAlive:
                    break;
                case FrameKind.Message:
                    Batch.Add(new PeerMessage(frame.Id, frame.A, frame.B, frame.C, -1, null));
                    break;
                case FrameKind.Payload:
                    Batch.Add(new PeerMessage(frame.Id, 0, 0, 0, -1, frame.Payload.ToArray()));
                    break;
                case FrameKind.BlockStart:
                    if (frame.C > BlockPool.BlockSize)
                    {
                        broken = DisconnectReason.BlockSize; // we never ask for more
                        return bytes.Length;
                    }
                    (blockPiece, blockOffset, blockFilled, awaitingSlot) = (frame.A, frame.B, 0, true);
                    break;
                case FrameKind.BlockData:
                    frame.Payload.CopyTo(pool.Span(blockSlot)[blockFilled..]);
                    blockFilled += frame.Payload.Length;
                    if (frame.C > 0) break;
                    Batch.Add(new PeerMessage(MessageId.Piece, blockPiece, blockOffset, blockFilled, blockSlot, null));
                    blockSlot = -1;
                    break;
                default:
                    broken = frame.Error switch
                    {
                        FrameError.TooLong => DisconnectReason.MessageTooLong,
                        FrameError.OutOfRange => DisconnectReason.NumberOutOfRange,
                        FrameError.BlockSize => DisconnectReason.BlockSize,
                        _ => DisconnectReason.MessageLength,
                    };
                    return bytes.Length;
            }
        }
        return bytes.Length - left.Length;
    }

    private bool awaitingSlot;

    private bool StartBlock()
    {
        if (!pool.TryRent(out blockSlot))
        {
            blockSlot = -1;
            return false;
        }
        awaitingSlot = false;
        return true;
    }
}
