using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Spate.Engine.Ports;

namespace Spate.Network;

/// <summary>A TCP stream. Receives and sends allocate nothing in steady state.</summary>
internal sealed class SocketConnection(Socket socket, IPEndPoint remote) : IConnection
{
    // Linux: getsockopt(IPPROTO_TCP, TCP_INFO), tcpi_rtt in microseconds at this offset of struct tcp_info.
    private const int IpProtoTcp = 6, TcpInfo = 11, RoundTripOffset = 68;

    public IPEndPoint Remote { get; } = remote;

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

    public void Abort() => socket.Dispose();

    public void Dispose() => socket.Dispose();
}
