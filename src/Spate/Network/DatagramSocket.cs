using System.Net;
using System.Net.Sockets;
using Spate.Engine.Ports;

namespace Spate.Network;

/// <summary>A UDP socket.</summary>
internal sealed class DatagramSocket : IDatagramSocket
{
    private const int SioUdpConnReset = unchecked((int)0x9800000C); // Windows: do not report "port unreachable" on receive

    private readonly Socket socket;
    private readonly EndPoint any;

    public DatagramSocket(IPEndPoint local)
    {
        socket = new Socket(local.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            if (OperatingSystem.IsWindows()) socket.IOControl(SioUdpConnReset, [0], null);
            if (local.AddressFamily == AddressFamily.InterNetworkV6) socket.DualMode = false;
            socket.Bind(local);
            Local = (IPEndPoint)socket.LocalEndPoint!;
            any = new IPEndPoint(local.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new IOException($"Can't use UDP on {local}: {e.Message}", e);
        }
    }

    public IPEndPoint Local { get; }

    public async ValueTask<Datagram> ReceiveAsync(Memory<byte> buffer)
    {
        while (true)
        {
            try
            {
                SocketReceiveFromResult result = await socket.ReceiveFromAsync(buffer, SocketFlags.None, any).ConfigureAwait(false);
                return new Datagram(result.ReceivedBytes, (IPEndPoint)result.RemoteEndPoint);
            }
            catch (ObjectDisposedException e) { throw new IOException("The socket was closed.", e); }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.OperationAborted or SocketError.Interrupted)
            {
                throw new IOException("The socket was closed.", e);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.MessageSize)
            {
                return new Datagram(buffer.Length, (IPEndPoint)any);
            }
            catch (SocketException) { } // about an earlier send
        }
    }

    public void Send(ReadOnlySpan<byte> payload, IPEndPoint remote)
    {
        try { socket.SendTo(payload, SocketFlags.None, remote); }
        catch (Exception e) when (e is SocketException or ObjectDisposedException) { } // as good as lost on the way
    }

    public void Dispose() => socket.Dispose();
}
