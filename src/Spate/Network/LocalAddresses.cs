using System.Net;
using System.Net.Sockets;

namespace Spate.Network;

/// <summary>
/// From which of this machine's addresses connections and datagrams leave. Who listens on certain addresses only also speaks from
/// these only, to peers and trackers alike: whoever chose the address of a tunnel does not want to be seen from another one.
/// </summary>
/// <param name="V4">Of IPv4; the wildcard leaves it to the system, null means that IPv4 is not used.</param>
/// <param name="V6">Of IPv6; the wildcard leaves it to the system, null means that IPv6 is not used.</param>
public sealed record LocalAddresses(IPAddress? V4, IPAddress? V6)
{
    private const int IpProtoIp = 0, IpBindAddressNoPort = 24; // Linux: choose the port when connecting, so that many can share it

    /// <summary>The system chooses.</summary>
    public static LocalAddresses Any { get; } = new(IPAddress.Any, IPAddress.IPv6Any);

    /// <summary>Those that go with addresses to listen on.</summary>
    public static LocalAddresses For(IReadOnlyList<IPEndPoint> listen)
    {
        bool confined = listen.Count > 0 && !listen.Any(static l => l.Address.Equals(IPAddress.Any) || l.Address.Equals(IPAddress.IPv6Any));
        return new LocalAddresses(
            Of(AddressFamily.InterNetwork) ?? (confined ? null : IPAddress.Any),
            Of(AddressFamily.InterNetworkV6) ?? (confined ? null : IPAddress.IPv6Any));

        IPAddress? Of(AddressFamily family) => listen.FirstOrDefault(l => l.AddressFamily == family)?.Address;
    }

    /// <summary>A TCP socket that connects from the right address.</summary>
    /// <exception cref="SocketException">The address is not ours, or nothing is to leave over this family.</exception>
    internal Socket NewStream(AddressFamily family)
    {
        IPAddress local = (family == AddressFamily.InterNetworkV6 ? V6 : V4) ?? throw new SocketException((int)SocketError.NetworkUnreachable);
        var socket = new Socket(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (local.Equals(IPAddress.Any) || local.Equals(IPAddress.IPv6Any)) return socket;
        try
        {
            if (OperatingSystem.IsLinux()) socket.SetRawSocketOption(IpProtoIp, IpBindAddressNoPort, BitConverter.GetBytes(1));
            socket.Bind(new IPEndPoint(local, 0));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
