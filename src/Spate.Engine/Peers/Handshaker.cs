using Spate.Engine.Ports;
using Spate.Protocol;
using Spate.Protocol.Wire;

namespace Spate.Engine.Peers;

/// <summary>The first 68 bytes each way (BEP 3). Sequential flows; the caller sets the deadline by aborting the connection.</summary>
internal static class Handshaker
{
    /// <summary>A peer has ten seconds for its handshake.</summary>
    public const long DeadlineMs = 10_000;

    private const HandshakeFeatures Offered = HandshakeFeatures.Fast | HandshakeFeatures.Extended;

    public static async ValueTask SendAsync(IConnection connection, Sha1Hash infoHash, PeerId ours, bool hasDht = false)
    {
        byte[] bytes = new byte[Handshake.Length];
        new Handshake(hasDht ? Offered | HandshakeFeatures.Dht : Offered, infoHash, ours).Write(bytes);
        await connection.SendAsync(bytes);
    }

    /// <summary>Reads the peer's handshake and not a byte more; null when it is none.</summary>
    /// <exception cref="IOException">The connection ended first.</exception>
    public static async ValueTask<Handshake?> ReceiveAsync(IConnection connection)
    {
        byte[] bytes = new byte[Handshake.Length];
        for (int count = 0; count < bytes.Length;)
        {
            int got = await connection.ReceiveAsync(bytes.AsMemory(count));
            if (got == 0) throw new IOException("The peer closed the connection during the handshake.");
            count += got;
            if (Handshake.IsForeign(bytes.AsSpan(0, count))) return null;
        }
        return Handshake.TryRead(bytes, out Handshake handshake) ? handshake : null;
    }
}
