using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Spate.Engine.Disk;
using Spate.Engine.Limits;
using Spate.Engine.Ports;
using Spate.Engine.Runtime;

namespace Spate.Engine.Peers;

/// <summary>
/// The sending pump of one peer. Control messages come from the strand, once a turn; filled block buffers come from disk workers.
/// Runs on the thread of whoever brings work while the socket takes it, and else on the socket's completions; one run at a time.
/// </summary>
internal sealed class PeerSender
{
    private const int LargestControlBacklog = 4 << 20; // a peer that lets so much pile up does not read

    private readonly IConnection connection;
    private readonly SendBufferPool buffers;
    private readonly TransferLimits limits;
    private readonly PumpSignal signal;
    private readonly RateMeter torrentSent;
    private readonly Action onSent;
    private readonly Action<DisconnectReason> onEnd;
    private readonly ConcurrentQueue<Outgoing> queue = new();
    private TransferTurn turn;
    private int pending;
    private int controlBacklog;
    private volatile bool ended;

    /// <param name="torrentSent">Counts the bytes of blocks for the whole torrent.</param>
    /// <param name="onSent">Told, on any thread, that a buffer of blocks went out or was dropped.</param>
    /// <param name="onEnd">Told, on any thread, that nothing more can be sent.</param>
    public PeerSender(IConnection connection, SendBufferPool buffers, TransferLimits limits, IScheduler scheduler, RateMeter torrentSent, Action onSent, Action<DisconnectReason> onEnd)
    {
        (this.connection, this.buffers, this.limits) = (connection, buffers, limits);
        (this.torrentSent, this.onSent, this.onEnd) = (torrentSent, onSent, onEnd);
        signal = new PumpSignal(scheduler);
    }

    private readonly record struct Outgoing(byte[]? Control, int Length, SendBuffer? Blocks);

    private int begun, done;

    /// <summary>
    /// The send that waits for the peer to read, numbered; 0 while none does. The same number for long is a peer that does not read.
    /// </summary>
    public int WaitingSend => Volatile.Read(ref begun) is var number && number != Volatile.Read(ref done) ? number : 0;

    /// <summary>Bytes of blocks sent.</summary>
    public RateMeter Sent { get; } = new();

    /// <summary>Bytes sent in all.</summary>
    public RateMeter SentRaw { get; } = new();

    /// <summary>Sends control messages. The array, from <see cref="ControlBuffers"/>, is the sender's from now on.</summary>
    public void SendControl(byte[] bytes, int length)
    {
        if (Interlocked.Add(ref controlBacklog, length) > LargestControlBacklog) onEnd(DisconnectReason.DoesNotRead);
        queue.Enqueue(new Outgoing(bytes, length, null));
        Start();
    }

    /// <summary>Sends a filled buffer, which is the sender's from now on.</summary>
    public void SendBlocks(SendBuffer buffer)
    {
        queue.Enqueue(new Outgoing(null, buffer.Length, buffer));
        Start();
    }

    /// <summary>Nothing more goes out; a pump that waits for its turn gives its buffers back.</summary>
    public void Stop()
    {
        ended = true;
        signal.Set();
    }

    private void Start()
    {
        if (Interlocked.Increment(ref pending) != 1) return;
        // A pump started on the strand must not come back to the strand: its awaits would.
        if (SynchronizationContext.Current is null) _ = PumpAsync();
        else
        {
            SynchronizationContext? outer = SynchronizationContext.Current;
            SynchronizationContext.SetSynchronizationContext(null);
            try { _ = PumpAsync(); }
            finally { SynchronizationContext.SetSynchronizationContext(outer); }
        }
    }

    private async Task PumpAsync()
    {
        do
        {
            queue.TryDequeue(out Outgoing item);
            try
            {
                if (!ended)
                {
                    if (item.Blocks is not null) await SendLimited(item.Blocks);
                    else await SendAsync(item.Control.AsMemory(0, item.Length));
                    SentRaw.Add(item.Length);
                }
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                ended = true;
                onEnd(DisconnectReason.ConnectionLost);
            }
            Dispose(item);
        }
        while (Interlocked.Decrement(ref pending) > 0);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        int number = begun == int.MaxValue ? 1 : begun + 1;
        Volatile.Write(ref begun, number);
        await connection.SendAsync(bytes);
        Volatile.Write(ref done, number);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendLimited(SendBuffer buffer)
    {
        int sent = 0;
        long counted = 0;
        while (sent < buffer.Length && !ended)
        {
            int share = limits.Take(buffer.Length - sent, ref turn);
            if (share == 0)
            {
                await limits.WaitAsync(signal, turn);
                continue;
            }
            await SendAsync(buffer.Bytes.AsMemory(sent, share));
            sent += share;
            // Headers are spread over the blocks, so that a slow send shows its progress; the sum is exact.
            long payload = (long)sent * buffer.Payload / buffer.Length;
            Sent.Add((int)(payload - counted));
            torrentSent.Add((int)(payload - counted));
            counted = payload;
        }
    }

    private void Dispose(Outgoing item)
    {
        if (item.Blocks is { } blocks)
        {
            buffers.Return(blocks);
            onSent();
        }
        else
        {
            Interlocked.Add(ref controlBacklog, -item.Length);
            ControlBuffers.Return(item.Control!);
        }
    }
}
