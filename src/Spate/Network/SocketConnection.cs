using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Spate.Engine.Ports;

namespace Spate.Network;

/// <summary>A TCP stream. Receives and sends allocate nothing in steady state.</summary>
internal sealed class SocketConnection : IConnection
{
    // Linux: getsockopt(IPPROTO_TCP, TCP_INFO), tcpi_rtt in microseconds at this offset of struct tcp_info.
    private const int IpProtoTcp = 6, TcpInfo = 11, RoundTripOffset = 68;

    // On a short path the system would let its receive buffer grow far beyond what the path holds, and what waits there falls out of the
    // CPU's caches. So there the buffer is what 20 Gbit/s need for the round trip of the handshake; a longer path is the system's to tune.
    private const int SmallestBuffer = 128 << 10, LargestBuffer = 1 << 20;
    private const double BufferBytesPerMs = 2_500_000;

    private readonly Socket socket;

    /// <param name="socket">Connected; the connection's from now on.</param>
    /// <param name="remote">Whom to.</param>
    public SocketConnection(Socket socket, IPEndPoint remote)
    {
        (this.socket, Remote) = (socket, remote);
        double roundTripMs = RoundTrip.TotalMilliseconds;
        double buffer = Math.Max(SmallestBuffer, roundTripMs * BufferBytesPerMs);
        if (roundTripMs > 0 && buffer <= LargestBuffer) TrySetReceiveBuffer((int)buffer);
    }

    public IPEndPoint Remote { get; }

    public TimeSpan RoundTrip
    {
        get
        {
            if (!OperatingSystem.IsLinux()) return TimeSpan.Zero;
            Span<byte> info = stackalloc byte[256];
            try
            {
                int length = socket.GetRawSocketOption(IpProtoTcp, TcpInfo, info);
                if (length < RoundTripOffset + 4) return TimeSpan.Zero;
                return TimeSpan.FromMicroseconds(BinaryPrimitives.ReadUInt32LittleEndian(info[RoundTripOffset..]));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException) { return TimeSpan.Zero; }
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> ReceiveAsync(Memory<byte> buffer)
    {
        try { return await socket.ReceiveAsync(buffer, SocketFlags.None).ConfigureAwait(false); }
        catch (SocketException e) { throw new IOException(e.Message, e); }
        catch (ObjectDisposedException e) { throw new IOException("The connection was closed.", e); }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            while (!bytes.IsEmpty) bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None).ConfigureAwait(false)..];
        }
        catch (SocketException e) { throw new IOException(e.Message, e); }
        catch (ObjectDisposedException e) { throw new IOException("The connection was closed.", e); }
    }

    private void TrySetReceiveBuffer(int bytes)
    {
        try { socket.ReceiveBufferSize = bytes; }
        catch (Exception e) when (e is SocketException or ObjectDisposedException) { } // the peer is gone already: the first receive says so
    }

    public void Abort() => socket.Dispose();

    public void Dispose() => socket.Dispose();
}
