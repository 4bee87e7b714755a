using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Spate.Tracker.Http;

/// <summary>
/// HTTP over .NET's streams: what the fast lane hands over, and everything on systems that have no fast lane. Announces are answered
/// by the same <see cref="HttpResponder"/>.
/// </summary>
internal sealed class StreamHttpServer : IDisposable
{
    private readonly Func<HttpResponder> makeResponder;
    private readonly ConcurrentBag<HttpResponder> idleResponders = [];
    private readonly ConcurrentBag<HttpResponder> allResponders = [];
    private readonly ConcurrentDictionary<StreamHttpConnection, byte> connections = new();
    private readonly CancellationTokenSource stop = new();
    private readonly List<Socket> listeners = [];
    private readonly int maxConnections;

    public StreamHttpServer(Func<HttpResponder> makeResponder, HttpPages pages, TrackerOptions options, int maxConnections)
    {
        this.makeResponder = makeResponder;
        this.maxConnections = maxConnections;
        Pages = pages;
        Options = options;
    }

    public TrackerOptions Options { get; }

    public HttpPages Pages { get; }

    /// <summary>Cancelled when the server ends.</summary>
    public CancellationToken Stopping => stop.Token;

    /// <summary>Open connections.</summary>
    public int Connections => connections.Count;

    /// <summary>Counters of all responders so far.</summary>
    public IEnumerable<FrontEndCounters> Counters => allResponders.Select(responder => responder.Counters);

    /// <summary>Accepts connections on a listening socket, which the server owns from then on.</summary>
    public void Listen(Socket listener)
    {
        lock (listeners) listeners.Add(listener);
        _ = AcceptAsync(listener);
    }

    /// <summary>Goes on with a connection of which something was read already.</summary>
    public void TakeOver(Socket socket, byte[] received, IPAddress remote) => Start(socket, received, remote);

    /// <summary>Lends a responder for one answer.</summary>
    public HttpResponder Rent()
    {
        if (idleResponders.TryTake(out HttpResponder? responder)) return responder;
        responder = makeResponder();
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
        stop.Dispose();
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                Socket socket = await listener.AcceptAsync(stop.Token);
                var remote = (IPEndPoint)socket.RemoteEndPoint!;
                Start(socket, [], remote.Address.IsIPv4MappedToIPv6 ? remote.Address.MapToIPv4() : remote.Address);
            }
            catch (OperationCanceledException) { return; }
            catch (ObjectDisposedException) { return; }
            catch (SocketException)
            {
                await Task.Delay(10); // out of descriptors, or a client that has gone already
            }
        }
    }

    private void Start(Socket socket, byte[] received, IPAddress remote)
    {
        if (connections.Count >= maxConnections) CloseOldest();
        var connection = new StreamHttpConnection(this, socket, received, remote);
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
        finally
        {
            connections.TryRemove(connection, out _);
            connection.Dispose();
        }
    }

    // Looks at some, not at all: the oldest of a few is old enough.
    private void CloseOldest() => connections.Keys.Take(16).MinBy(connection => connection.Since)?.Dispose();
}
