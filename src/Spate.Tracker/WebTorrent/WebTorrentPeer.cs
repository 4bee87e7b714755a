using System.Threading.Channels;
using Spate.Protocol;

namespace Spate.Tracker.WebTorrent;

/// <summary>One connected WebTorrent client, who may be in several swarms.</summary>
internal sealed class WebTorrentPeer
{
    // Messages that wait to be sent. A client that reads so slowly loses offers, which others make again.
    private const int MaxWaiting = 64;

    private readonly Channel<byte[]> outbox = Channel.CreateBounded<byte[]>(
        new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>The swarms it is in, and as whom; only its own connection's loop uses this.</summary>
    public Dictionary<Sha1Hash, PeerId> Swarms { get; } = [];

    public ChannelReader<byte[]> Outbox => outbox.Reader;

    /// <summary>Queues a message, from any thread.</summary>
    public void Send(byte[] message) => outbox.Writer.TryWrite(message);

    /// <summary>Nothing is sent any more once the queue is empty.</summary>
    public void CompleteOutbox() => outbox.Writer.TryComplete();
}
