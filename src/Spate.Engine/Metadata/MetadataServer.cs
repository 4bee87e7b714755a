using Spate.Engine.Peers;
using Spate.Protocol.Wire;

namespace Spate.Engine.Metadata;

/// <summary>
/// Gives the info dictionary to peers that have only its hash (BEP 9). A peer gets it a few times over at most, and so many parts a second,
/// so that nobody can use a small request to have much sent. Lives on the torrent's strand.
/// </summary>
internal sealed class MetadataServer(ReadOnlyMemory<byte> info)
{
    private const int TimesOver = 4;
    private const int PartsPerSecond = 256;

    private long secondMs;
    private int partsThisSecond;

    public void OnMessage(PeerConnection peer, ReadOnlySpan<byte> payload, long nowMs)
    {
        if (!MetadataMessage.TryRead(payload, out MetadataMessage message, out _))
        {
            peer.MessagesSinceBlock += 100; // rubbish counts towards a flood
            return;
        }
        if (message.Kind != MetadataMessageKind.Request) return; // we have it
        if (nowMs - secondMs >= 1000) (secondMs, partsThisSecond) = (nowMs, 0);
        long start = (long)message.Piece * MetadataMessage.PartSize;
        int parts = (info.Length + MetadataMessage.PartSize - 1) / MetadataMessage.PartSize;
        if (start >= info.Length || peer.MetadataPartsSent >= parts * TimesOver || ++partsThisSecond > PartsPerSecond)
        {
            peer.SendExtended(Extension.Metadata, new MetadataMessage(MetadataMessageKind.Reject, message.Piece, 0).Write());
            return;
        }
        peer.MetadataPartsSent++;
        ReadOnlySpan<byte> part = info.Span[(int)start..Math.Min(info.Length, (int)start + MetadataMessage.PartSize)];
        peer.SendExtended(Extension.Metadata, new MetadataMessage(MetadataMessageKind.Data, message.Piece, info.Length).Write(part));
    }
}
