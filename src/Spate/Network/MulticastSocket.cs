using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Spate.Engine.Ports;

namespace Spate.Network;

/// <summary>A socket that hears a multicast group on every interface and sends to it on every interface (BEP 14).</summary>
public sealed class MulticastSocket : IDatagramSocket
{
    // BEP 14: the groups reach further than one link, so may the announces; but not far.
    private const int Hops = 4;

    private readonly Socket socket;
    private readonly IPEndPoint group;
    private readonly Func<NetworkInterface, bool> isWanted;
    private readonly bool isV4;
    private readonly HashSet<int> joined = [];
    private readonly Lock sending = new(); // choosing the interface and sending are two calls
    private readonly SocketAddress groupAddress;

    /// <exception cref="IOException">There is no multicast here, or the port belongs to somebody who does not share it.</exception>
    public MulticastSocket(IPEndPoint group) : this(group, static _ => true)
    {
    }

    internal MulticastSocket(IPEndPoint group, Func<NetworkInterface, bool> isWanted)
    {
        this.group = group;
        this.isWanted = isWanted;
        isV4 = group.AddressFamily == AddressFamily.InterNetwork;
        groupAddress = group.Serialize();
        try { socket = new Socket(group.AddressFamily, SocketType.Dgram, ProtocolType.Udp); }
        catch (SocketException e) { throw new IOException($"No socket for {group}: {e.Message}", e); }
        try
        {
            Share(socket);
            // Bound to the group itself, Linux delivers nothing else; other systems want the wildcard.
            IPAddress local = OperatingSystem.IsLinux() ? group.Address : isV4 ? IPAddress.Any : IPAddress.IPv6Any;
            socket.Bind(new IPEndPoint(local, group.Port));
            SocketOptionLevel level = isV4 ? SocketOptionLevel.IP : SocketOptionLevel.IPv6;
            socket.SetSocketOption(level, SocketOptionName.MulticastTimeToLive, Hops);
            socket.SetSocketOption(level, SocketOptionName.MulticastLoopback, 1);
            if (JoinAll().Count == 0) throw new IOException($"No interface takes part in {group}.");
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new IOException($"The multicast group {group} can't be joined: {e.Message}", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public IPEndPoint Local => (IPEndPoint)socket.LocalEndPoint!;

    /// <inheritdoc/>
    public async ValueTask<Datagram> ReceiveAsync(Memory<byte> buffer)
    {
        while (true)
        {
            try
            {
                IPEndPoint any = isV4 ? anyV4 : anyV6;
                SocketReceiveFromResult result = await socket.ReceiveFromAsync(buffer, SocketFlags.None, any).ConfigureAwait(false);
                return new Datagram(result.ReceivedBytes, (IPEndPoint)result.RemoteEndPoint);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.MessageSize)
            {
                return new Datagram(buffer.Length, group); // cut; nobody's address is worth keeping of it
            }
            catch (SocketException e) when (e.SocketErrorCode is
                SocketError.ConnectionReset or SocketError.NetworkUnreachable or SocketError.HostUnreachable) { } // about an earlier send
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                throw new IOException("The multicast socket was closed.", e);
            }
        }
    }

    /// <summary>Sends to the group on every interface, whatever the address; interfaces that came up meanwhile are joined first.</summary>
    public void Send(ReadOnlySpan<byte> payload, IPEndPoint remote)
    {
        lock (sending)
        {
            try
            {
                foreach (int index in JoinAll())
                {
                    socket.SetSocketOption(
                        isV4 ? SocketOptionLevel.IP : SocketOptionLevel.IPv6, SocketOptionName.MulticastInterface,
                        isV4 ? IPAddress.HostToNetworkOrder(index) : index);
                    try { socket.SendTo(payload, SocketFlags.None, groupAddress); }
                    catch (SocketException) { } // this interface has no room or no route
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException) { } // went away
        }
    }

    /// <inheritdoc/>
    public void Dispose() => socket.Dispose();

    private static readonly IPEndPoint anyV4 = new(IPAddress.Any, 0);
    private static readonly IPEndPoint anyV6 = new(IPAddress.IPv6Any, 0);

    // Every client of this machine listens on the same port.
    private static void Share(Socket socket)
    {
        const int solSocket = 1, soReuseAddress = 2;
        if (OperatingSystem.IsLinux()) socket.SetRawSocketOption(solSocket, soReuseAddress, BitConverter.GetBytes(1));
        else socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
    }

    // Indexes of the interfaces that are up and joined.
    private List<int> JoinAll()
    {
        var usable = new List<int>();
        foreach (NetworkInterface card in NetworkInterface.GetAllNetworkInterfaces())
        {
            if (!isWanted(card)) continue;
            if (card.OperationalStatus != OperationalStatus.Up && card.NetworkInterfaceType != NetworkInterfaceType.Loopback) continue;
            IPInterfaceProperties properties = card.GetIPProperties();
            int? index = null;
            try { index = isV4 ? properties.GetIPv4Properties()?.Index : properties.GetIPv6Properties()?.Index; }
            catch (NetworkInformationException) { } // has no address of this family
            if (index is not int known) continue;
            try
            {
                if (joined.Add(known))
                {
                    object membership = isV4 ? new MulticastOption(group.Address, known) : new IPv6MulticastOption(group.Address, known);
                    socket.SetSocketOption(
                        isV4 ? SocketOptionLevel.IP : SocketOptionLevel.IPv6, SocketOptionName.AddMembership, membership);
                }
                usable.Add(known);
            }
            catch (SocketException) { joined.Remove(known); } // takes no part in multicast
        }
        return usable;
    }
}
