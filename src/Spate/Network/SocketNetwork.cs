using System.Net;
using System.Net.Sockets;
using Spate.Engine.Ports;

namespace Spate.Network;

/// <summary>The real network: TCP and UDP sockets of the system.</summary>
/// <param name="sources">
/// Local addresses to send from, one at most of each family; where none is given the system chooses. A session that listens on one address
/// only speaks from there too, so that trackers and peers see the address at which it can be reached.
/// </param>
public sealed class SocketNetwork(params IPAddress[] sources) : INetwork
{
    private const int Backlog = 512;

    public async ValueTask<IConnection> ConnectAsync(IPEndPoint remote, CancellationToken cancellation)
    {
        try { return new SocketConnection(await DialAsync(remote, cancellation).ConfigureAwait(true), remote); }
        catch (SocketException e) { throw new IOException($"{remote}: {e.Message}", e); }
    }

    /// <summary>A connected TCP socket.</summary>
    /// <exception cref="SocketException">Nobody answered, or the address can't be reached.</exception>
    internal async ValueTask<Socket> DialAsync(IPEndPoint remote, CancellationToken cancellation)
    {
        var socket = new Socket(remote.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (SourceFor(remote.AddressFamily, IPAddress.IsLoopback(remote.Address)) is { } source) socket.Bind(new IPEndPoint(source, 0));
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
            if (!OperatingSystem.IsWindows()) socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(local);
            socket.Listen(Backlog);
            return new SocketListener(socket);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new IOException($"Can't listen on {local}: {e.Message}. Is another program using the port?", e);
        }
    }

    public IDatagramSocket BindDatagram(IPEndPoint local)
    {
        bool isAny = local.Address.Equals(IPAddress.Any) || local.Address.Equals(IPAddress.IPv6Any);
        return new DatagramSocket(isAny && SourceFor(local.AddressFamily, loopback: false) is { } source ? new IPEndPoint(source, local.Port) : local);
    }

    public async ValueTask<IPAddress[]> ResolveAsync(string host, CancellationToken cancellation)
    {
        if (IPAddress.TryParse(host, out IPAddress? address)) return [address];
        try { return await Dns.GetHostAddressesAsync(host, cancellation).ConfigureAwait(true); }
        catch (SocketException e) { throw new IOException($"The host name {host} is not known: {e.Message}", e); }
    }

    // An address of the loopback reaches nothing but the loopback.
    private IPAddress? SourceFor(AddressFamily family, bool loopback) =>
        Array.Find(sources, source => source.AddressFamily == family && (loopback || !IPAddress.IsLoopback(source)));

    /// <summary>IPv4 in its own form, also where a dual-mode socket shows it mapped into IPv6.</summary>
    internal static IPEndPoint Plain(EndPoint? endPoint)
    {
        var ip = (IPEndPoint)endPoint!;
        return ip.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(ip.Address.MapToIPv4(), ip.Port) : ip;
    }
}
