using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Spate.Interop.Tests;

/// <summary>
/// Addresses on this machine. Each peer gets one of its own, as peers in the world have: some clients take two of the same address
/// for one. They are of 198.18/16 where that leads to the loopback, as in the network namespace that ./test makes, and of 127/8
/// elsewhere.
/// </summary>
internal static class Addresses
{
    private static int last = Random.Shared.Next(1 << 16);

    /// <summary>Whether the addresses are such as hosts in the world have. Transmission takes no others from a tracker.</summary>
    public static bool LookGlobal { get; } = CanBind(new IPAddress([198, 18, 0, 1]));

    /// <summary>An address that no other test uses, and a port that is free there.</summary>
    public static IPEndPoint NextEndPoint()
    {
        int number = Interlocked.Increment(ref last) & 0xFFFF;
        byte third = (byte)(number >> 8), fourth = (byte)(1 + (number % 254));
        return FreePort(new IPAddress(LookGlobal ? [198, 18, third, fourth] : [127, 18, third, fourth]));
    }

    /// <summary>A port that is free for TCP and UDP.</summary>
    public static IPEndPoint FreePort(IPAddress address)
    {
        for (int attempt = 0; attempt < 20; attempt++)
        {
            using var tcp = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            tcp.Bind(new IPEndPoint(address, 0));
            var free = (IPEndPoint)tcp.LocalEndPoint!;
            using var udp = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            try { udp.Bind(free); }
            catch (SocketException) { continue; }
            return free;
        }
        throw new IOException($"No port is free on {address}.");
    }

    /// <summary>Whether a program listens there. Nothing is connected to, which some peers would take for a peer.</summary>
    public static bool IsListening(IPEndPoint address) => IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners()
        .Any(listener => listener.Port == address.Port
            && (listener.Address.Equals(address.Address) || listener.Address.Equals(IPAddress.Any) || listener.Address.Equals(IPAddress.IPv6Any)));

    private static bool CanBind(IPAddress address)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try { socket.Bind(new IPEndPoint(address, 0)); }
        catch (SocketException) { return false; }
        return true;
    }
}
