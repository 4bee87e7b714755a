using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Spate.Interop.Tests;

/// <summary>
/// Addresses on this machine. Each peer gets one of its own, as peers in the world have: some clients take two of the same address
/// for one.
/// </summary>
internal static class Loopback
{
    private static int last = Random.Shared.Next(1 << 20);

    /// <summary>An address that no other test uses, and a port that is free there.</summary>
    public static IPEndPoint NextEndPoint()
    {
        int number = Interlocked.Increment(ref last) & 0xFFFFF;
        return FreePort(new IPAddress([127, (byte)(16 + (number >> 16)), (byte)(number >> 8), (byte)(1 + (number % 254))]));
    }

    /// <summary>A port that is free for TCP and UDP.</summary>
    public static IPEndPoint FreePort(IPAddress address)
    {
        for (int attempt = 0; attempt < 20; attempt++)
        {
            using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            tcp.Bind(new IPEndPoint(address, 0));
            var free = (IPEndPoint)tcp.LocalEndPoint!;
            using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            try { udp.Bind(free); }
            catch (SocketException) { continue; }
            return free;
        }
        throw new IOException($"No port is free on {address}.");
    }

    /// <summary>Whether a program listens there. Nothing is connected to, which some peers would take for a peer.</summary>
    public static bool IsListening(IPEndPoint address) => IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners()
        .Any(listener => listener.Port == address.Port && (listener.Address.Equals(address.Address) || listener.Address.Equals(IPAddress.Any)));
}
