using System.Net;
using System.Net.Sockets;

namespace Spate.Tracker;

/// <summary>Binds the tracker's sockets.</summary>
internal static class Sockets
{
    // SOL_SOCKET and SO_REUSEPORT of Linux: several sockets share a port and the kernel spreads clients over them.
    private const int SolSocket = 1, SoReusePort = 15;

    private const int Backlog = 4096;
    private const int UdpBuffer = 8 << 20; // as much as the system lets one have

    /// <summary>Binds <paramref name="count"/> UDP sockets to one port, or listens with as many for TCP.</summary>
    /// <returns>The sockets; all share the port of the first.</returns>
    /// <exception cref="IOException">The port is in use or the address is not ours; the message says which.</exception>
    public static Socket[] Bind(IPEndPoint local, ProtocolType protocol, int count)
    {
        var sockets = new List<Socket>(count);
        try
        {
            // SO_REUSEPORT would let a second tracker of the same user share our port unnoticed: so the first socket looks without it.
            using (Socket probe = Make(local.AddressFamily, protocol)) local = BindTo(probe, local);
            for (int i = 0; i < count; i++)
            {
                Socket socket = Make(local.AddressFamily, protocol);
                sockets.Add(socket);
                if (count > 1) socket.SetRawSocketOption(SolSocket, SoReusePort, BitConverter.GetBytes(1));
                BindTo(socket, local);
                if (protocol == ProtocolType.Tcp) socket.Listen(Backlog);
            }
            return [.. sockets];
        }
        catch (SocketException e)
        {
            foreach (Socket socket in sockets) socket.Dispose();
            string what = protocol == ProtocolType.Tcp ? "TCP" : "UDP";
            string why = e.SocketErrorCode == SocketError.AddressAlreadyInUse ? "is in use by another program" : $"can't be used: {e.Message}";
            throw new IOException($"{what} {local} {why}.", e);
        }
    }

    private static Socket Make(AddressFamily family, ProtocolType protocol)
    {
        var socket = new Socket(family, protocol == ProtocolType.Tcp ? SocketType.Stream : SocketType.Dgram, protocol);
        if (family == AddressFamily.InterNetworkV6) socket.DualMode = false;
        if (protocol == ProtocolType.Tcp) return socket; // .NET itself sees to it that a restarted server can bind its port
        socket.ReceiveBufferSize = UdpBuffer;
        socket.SendBufferSize = UdpBuffer;
        return socket;
    }

    private static IPEndPoint BindTo(Socket socket, IPEndPoint local)
    {
        socket.Bind(local);
        return (IPEndPoint)socket.LocalEndPoint!;
    }
}
