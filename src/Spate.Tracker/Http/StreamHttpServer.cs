using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Spate.Tracker.WebTorrent;

namespace Spate.Tracker.Http;

/// <summary>
/// HTTP over .NET's streams: what the fast lane hands over, TLS, the admin API, and everything on systems that have no fast lane.
/// Announces are answered by the same <see cref="HttpResponder"/>.
/// </summary>
internal sealed class StreamHttpServer : IDisposable
{
    private readonly Func<HttpResponder>? makeResponder;
    private readonly ConcurrentBag<HttpResponder> idleResponders = [];
    private readonly ConcurrentBag<HttpResponder> allResponders = [];
    private readonly ConcurrentDictionary<StreamHttpConnection, byte> connections = new();
    private readonly CancellationTokenSource stop = new();
    private readonly List<Socket> listeners = [];
    private int open; // connections; counting the dictionary would lock all of it

    /// <param name="makeResponder">Makes what answers announces; null where none are served.</param>
    /// <param name="pages">Answers all else.</param>
    /// <param name="webTorrent">Takes WebSockets; null for none.</param>
    /// <param name="options">Timeouts and limits.</param>
    public StreamHttpServer(Func<HttpResponder>? makeResponder, IHttpPages pages, WebTorrentServer? webTorrent, TrackerOptions options)
    {
        this.makeResponder = makeResponder;
        Pages = pages;
        WebTorrent = webTorrent;
        Options = options;
        Proxies = new TrustedProxies(options.TrustedProxies);
    }

    public TrackerOptions Options { get; }

    public IHttpPages Pages { get; }

    public WebTorrentServer? WebTorrent { get; }

    public TrustedProxies Proxies { get; }

    public bool ServesAnnounces => makeResponder is not null;

    /// <summary>Cancelled when the server ends.</summary>
    public CancellationToken Stopping => stop.Token;

    /// <summary>Open connections.</summary>
    public int Connections => Volatile.Read(ref open);

    /// <summary>Counters of all responders so far.</summary>
    public IEnumerable<FrontEndCounters> Counters => allResponders.Select(responder => responder.Counters);

    /// <summary>Accepts connections on a listening socket, which the server owns from then on; over TLS where there is a certificate.</summary>
    public void Listen(Socket listener, TlsCertificate? certificate = null)
    {
        lock (listeners) listeners.Add(listener);
        _ = AcceptAsync(listener, certificate);
    }

    /// <summary>Goes on with a connection of which something was read already.</summary>
    public void TakeOver(Socket socket, byte[] received, IPAddress remote) =>
        Start(new StreamHttpConnection(this, socket, received, remote, certificate: null, awaitsProxyHeader: false));

    /// <summary>Lends a responder for one answer.</summary>
    public HttpResponder Rent()
    {
        if (idleResponders.TryTake(out HttpResponder? responder)) return responder;
        responder = makeResponder!();
        allResponders.Add(responder);
        return responder;
    }

    public void Return(HttpResponder responder) => idleResponders.Add(responder);

    public void Dispose()
    {
        stop.Cancel();
        lock (listeners)
        {
            foreach (Socket listener in listeners) listener.Dispose();
        }
        foreach (StreamHttpConnection connection in connections.Keys) connection.Dispose();
    }

    private async Task AcceptAsync(Socket listener, TlsCertificate? certificate)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                Socket socket = await listener.AcceptAsync(stop.Token);
                var remote = (IPEndPoint)socket.RemoteEndPoint!;
                IPAddress address = remote.Address.IsIPv4MappedToIPv6 ? remote.Address.MapToIPv4() : remote.Address;
                bool awaitsProxyHeader = Options.ProxyProtocol && Proxies.Contains(address.GetAddressBytes());
                Start(new StreamHttpConnection(this, socket, [], address, certificate, awaitsProxyHeader));
            }
            catch (OperationCanceledException) { return; }
            catch (ObjectDisposedException) { return; }
            catch (SocketException e)
            {
                // Out of descriptors, or a client that has gone already.
                if (e.SocketErrorCode is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable) CloseOldest();
                await Task.Delay(10);
            }
        }
    }

    private void Start(StreamHttpConnection connection)
    {
        if (Interlocked.Increment(ref open) > Options.MaxConnections) CloseOldest();
        connections[connection] = 0;
        _ = RunAsync(connection);
    }

    private async Task RunAsync(StreamHttpConnection connection)
    {
        try { await connection.RunAsync(); }
        catch (OperationCanceledException) { } // late, or the server ends
        catch (IOException) { }
        catch (SocketException) { }
        catch (ObjectDisposedException) { }
        catch (System.Security.Authentication.AuthenticationException) { } // no TLS that we speak
        finally
        {
            connections.TryRemove(connection, out _);
            Interlocked.Decrement(ref open);
            connection.Dispose();
        }
    }

    // Looks at some, not at all: the oldest of a few is old enough.
    private void CloseOldest() => connections.Take(16).Select(entry => entry.Key).MinBy(connection => connection.Since)?.Dispose();
}
