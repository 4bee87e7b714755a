using System.Threading.Channels;
using Spate.Protocol;

namespace Spate.Tracker.WebTorrent;

/// <summary>One connected WebTorrent program, which may be in several swarms.</summary>
internal sealed class WebTorrentPeer(OutboxMemory memory)
{
    // Messages that wait to be sent. A client that reads so slowly loses offers, which others make again.
    private const int MaxWaiting = 64;

    private readonly Channel<byte[]> outbox = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
    private long waiting; // bytes

    /// <summary>
    /// The swarms it is in, and as whom: several clients in one program share a connection. Only its own connection's loop uses this.
    /// </summary>
    public HashSet<(Sha1Hash Torrent, PeerId Id)> Swarms { get; } = [];

    public ChannelReader<byte[]> Outbox => outbox.Reader;

    /// <summary>Queues a message, from any thread. It is dropped when too much waits already.</summary>
    public void Send(byte[] message)
    {
        if (Interlocked.Add(ref waiting, message.Length) > OutboxMemory.MaxForOne || !memory.TryTake(message.Length))
        {
            Interlocked.Add(ref waiting, -message.Length);
            return;
        }
        if (!outbox.Writer.TryWrite(message)) Sent(message);
    }

    /// <summary>A message no longer waits.</summary>
    public void Sent(byte[] message)
    {
        Interlocked.Add(ref waiting, -message.Length);
        memory.Return(message.Length);
    }

    /// <summary>Nothing is sent any more once the queue is empty.</summary>
    public void CompleteOutbox() => outbox.Writer.TryComplete();

    /// <summary>Drops what still waits, when there is nobody to send it to.</summary>
    public void DropOutbox()
    {
        CompleteOutbox();
        while (outbox.Reader.TryRead(out byte[]? message)) Sent(message);
    }
}
