using System.Net;

namespace Spate.Engine.Ports;

/// <summary>The network, as the engine sees it: streams, datagrams and names. One instance for each session.</summary>
public interface INetwork
{
    /// <summary>Opens a stream to a peer.</summary>
    /// <exception cref="IOException">Nobody answered, or the address can't be reached.</exception>
    ValueTask<IConnection> ConnectAsync(IPEndPoint remote, CancellationToken cancellation);

    /// <summary>Listens for peers. Port 0 lets the system choose one.</summary>
    /// <exception cref="IOException">The address is in use or not ours.</exception>
    IListener Listen(IPEndPoint local);

    /// <summary>Opens a socket for datagrams. Port 0 lets the system choose one.</summary>
    /// <exception cref="IOException">The address is in use or not ours.</exception>
    IDatagramSocket BindDatagram(IPEndPoint local);

    /// <summary>
    /// Opens a socket that hears a multicast group on every interface of this machine. What is sent to the group goes out on each of
    /// them, to this machine too.
    /// </summary>
    /// <exception cref="IOException">There is no multicast here, or the port belongs to somebody who does not share it.</exception>
    IDatagramSocket BindMulticast(IPEndPoint group) => throw new IOException("This network has no multicast.");

    /// <summary>The addresses of a host name, or the address itself when <paramref name="host"/> is one.</summary>
    /// <exception cref="IOException">The name is not known.</exception>
    ValueTask<IPAddress[]> ResolveAsync(string host, CancellationToken cancellation);
}

/// <summary>
/// A stream to one peer. At most one receive and one send are under way at a time.
/// </summary>
public interface IConnection : IDisposable
{
    /// <summary>The other end.</summary>
    IPEndPoint Remote { get; }

    /// <summary>Receives some bytes; 0 means that the other end closed. An empty buffer waits until there is something to read.</summary>
    /// <exception cref="IOException">The stream broke; also after <see cref="Abort"/>.</exception>
    ValueTask<int> ReceiveAsync(Memory<byte> buffer);

    /// <summary>Sends all bytes.</summary>
    /// <exception cref="IOException">The stream broke; also after <see cref="Abort"/>.</exception>
    ValueTask SendAsync(ReadOnlyMemory<byte> bytes);

    /// <summary>
    /// The smallest round trip that the transport has seen, or zero where it can't say. May cost a system call.
    /// </summary>
    TimeSpan RoundTrip { get; }

    /// <summary>Ends receive and send at once; safe to call from any thread and more than once.</summary>
    void Abort();
}

/// <summary>Accepts streams from peers.</summary>
public interface IListener : IDisposable
{
    /// <summary>Where it listens, with the port that was chosen.</summary>
    IPEndPoint Local { get; }

    /// <summary>The next stream. Transient failures (no file handles left, a stream that ended before it was accepted) do not throw.</summary>
    /// <exception cref="IOException">The listener was disposed.</exception>
    ValueTask<IConnection> AcceptAsync();
}

/// <summary>A socket for datagrams. One receive at a time; sends never wait.</summary>
public interface IDatagramSocket : IDisposable
{
    /// <summary>Where it is bound, with the port that was chosen.</summary>
    IPEndPoint Local { get; }

    /// <summary>The next datagram; a longer one than the buffer is cut. Errors about earlier sends (port unreachable) do not throw.</summary>
    /// <exception cref="IOException">The socket was disposed.</exception>
    ValueTask<Datagram> ReceiveAsync(Memory<byte> buffer);

    /// <summary>Sends a datagram; drops it where the system has no room or no route.</summary>
    void Send(ReadOnlySpan<byte> payload, IPEndPoint remote);
}

/// <summary>A received datagram: how many bytes stand in the buffer, and from where.</summary>
public readonly record struct Datagram(int Length, IPEndPoint Remote);
