using System.Net;
using System.Net.Sockets;
using Spate.Engine.Ports;

namespace Spate.Network;

/// <summary>The real network: TCP and UDP sockets of the system.</summary>
/// <param name="from">Where connections leave from; null leaves it to the system.</param>
public sealed class SocketNetwork(LocalAddresses? from = null) : INetwork
{
    private const int Backlog = 512;

    private readonly LocalAddresses from = from ?? LocalAddresses.Any;

    public async ValueTask<IConnection> ConnectAsync(IPEndPoint remote, CancellationToken cancellation)
    {
        try { return new SocketConnection(await DialAsync(remote, cancellation).ConfigureAwait(true), remote); }
        catch (SocketException e) { throw new IOException($"{remote}: {e.Message}", e); }
    }

    /// <summary>A connected TCP socket.</summary>
    /// <exception cref="SocketException">Nobody answered, or the address can't be reached.</exception>
    internal async ValueTask<Socket> DialAsync(IPEndPoint remote, CancellationToken cancellation)
    {
        Socket socket = from.NewStream(remote.AddressFamily);
        try
        {
            await socket.ConnectAsync(remote, cancellation).ConfigureAwait(true);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public IListener Listen(IPEndPoint local)
    {
        var socket = new Socket(local.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (local.Address.Equals(IPAddress.IPv6Any)) socket.DualMode = true;
            socket.Bind(local);
            socket.Listen(Backlog);
            return new SocketListener(socket);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            string why = e.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => "another program uses the port",
                SocketError.AddressNotAvailable => "this machine does not have that address",
                SocketError.AccessDenied => "this user may not use that port",
                _ => e.Message,
            };
            throw new IOException($"Can't listen on {local}: {why}.", e);
        }
    }

    public IDatagramSocket BindDatagram(IPEndPoint local) => new DatagramSocket(local);

    public IDatagramSocket BindMulticast(IPEndPoint group)
    {
        IPAddress? local = group.AddressFamily == AddressFamily.InterNetwork ? from.V4 : from.V6;
        if (local is null) throw new IOException($"Nothing is to leave over {group.AddressFamily}.");
        if (local.Equals(IPAddress.Any) || local.Equals(IPAddress.IPv6Any)) return new MulticastSocket(group);
        return new MulticastSocket(group, card => card.GetIPProperties().UnicastAddresses.Any(unicast => unicast.Address.Equals(local)));
    }

    public async ValueTask<IPAddress[]> ResolveAsync(string host, CancellationToken cancellation)
    {
        if (IPAddress.TryParse(host, out IPAddress? address)) return [address];
        try { return await Dns.GetHostAddressesAsync(host, cancellation).ConfigureAwait(true); }
        catch (SocketException e) { throw new IOException($"The host name {host} is not known: {e.Message}", e); }
    }

    /// <summary>IPv4 in its own form, also where a dual-mode socket shows it mapped into IPv6.</summary>
    internal static IPEndPoint Plain(EndPoint? endPoint)
    {
        var ip = (IPEndPoint)endPoint!;
        return ip.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(ip.Address.MapToIPv4(), ip.Port) : ip;
    }
}
