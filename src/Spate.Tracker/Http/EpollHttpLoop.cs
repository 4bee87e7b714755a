using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Spate.Tracker.Linux;

namespace Spate.Tracker.Http;

/// <summary>
/// The fast lane of HTTP on Linux: one thread that accepts, reads, answers and closes, with epoll where a client lets it wait. An
/// announce costs accept, receive, send and close, no allocation and no change of thread. Requests for anything else are handed
/// over with their socket to the <see cref="StreamHttpServer"/>.
/// </summary>
internal sealed unsafe class EpollHttpLoop : IDisposable
{
    private const int BufferSize = 16 * 1024;
    private const int OutSize = 2 * HttpResponder.MaxResponse;
    private const int EventsAtATime = 128;
    private const int AcceptsAtATime = 32;

    // How long the system waits for a connection's first bytes before it hands it over without; it rounds to 1, 3, 7...
    private const int DeferSeconds = 3;

    private readonly Socket[] listeners;
    private readonly HttpResponder responder;
    private readonly StreamHttpServer slowLane;
    private readonly TrustedProxies proxies;
    private readonly bool awaitsProxyHeaders;
    private readonly byte[] forwardedFor = new byte[16];
    private readonly int maxConnections, requestTimeoutMs, keepAliveTimeoutMs;
    private readonly int epoll, wake;
    private readonly byte* buffer, output;
    private readonly Thread thread;
    private ConnectionTable connections;
    private volatile bool isStopping;
    private long now = Environment.TickCount64;

    public EpollHttpLoop(Socket[] listeners, HttpResponder responder, StreamHttpServer slowLane, TrackerOptions options, int maxConnections)
    {
        this.listeners = listeners;
        this.responder = responder;
        this.slowLane = slowLane;
        this.maxConnections = maxConnections;
        proxies = slowLane.Proxies;
        awaitsProxyHeaders = options.ProxyProtocol;
        requestTimeoutMs = (int)options.RequestTimeout.TotalMilliseconds;
        keepAliveTimeoutMs = (int)options.KeepAliveTimeout.TotalMilliseconds;
        buffer = (byte*)NativeMemory.Alloc(BufferSize);
        output = (byte*)NativeMemory.Alloc(OutSize);
        connections = new ConnectionTable(1024);
        epoll = Libc.epoll_create1(Libc.EPOLL_CLOEXEC);
        wake = Libc.eventfd(0, Libc.EFD_NONBLOCK | Libc.EFD_CLOEXEC);
        if (epoll < 0 || wake < 0) throw new IOException($"epoll can't be set up (error {Libc.LastError})");
        Watch(Libc.EPOLL_CTL_ADD, wake, Libc.EPOLLIN);
        foreach (Socket listener in listeners)
        {
            int descriptor = (int)listener.Handle;
            _ = Libc.fcntl(descriptor, Libc.F_SETFL, Libc.fcntl(descriptor, Libc.F_GETFL, 0) | Libc.O_NONBLOCK);
            // A connection is handed over with its request: who says nothing costs no descriptor yet, and who asks needs one waking, not two.
            listener.SetRawSocketOption(Libc.SOL_TCP, Libc.TCP_DEFER_ACCEPT, BitConverter.GetBytes(DeferSeconds));
            Watch(Libc.EPOLL_CTL_ADD, descriptor, Libc.EPOLLIN);
        }
        thread = new Thread(Run, 256 * 1024) { IsBackground = true, Name = "tracker http" };
        thread.Start();
    }

    public FrontEndCounters Counters => responder.Counters;

    public void Dispose()
    {
        isStopping = true;
        ulong one = 1;
        _ = Libc.write(wake, &one, 8);
        thread.Join();
        foreach (Socket listener in listeners) listener.Dispose();
        _ = Libc.close(wake);
        _ = Libc.close(epoll);
        NativeMemory.Free(buffer);
        NativeMemory.Free(output);
    }

    private void Run()
    {
        EpollEvents events = new(EventsAtATime);
        while (!isStopping)
        {
            int count = Libc.epoll_wait(epoll, events.Pointer, EventsAtATime, 500);
            now = Environment.TickCount64;
            for (int i = 0; i < count; i++)
            {
                int descriptor = events.Descriptor(i);
                if (descriptor == wake) continue;
                if (IsListener(descriptor)) Accept(descriptor);
                else if (connections[descriptor].State == ConnectionState.Sending) GoOnSending(descriptor);
                else Receive(descriptor);
            }
            CloseLate();
        }
        for (int descriptor = 0; descriptor < connections.Length; descriptor++)
        {
            if (connections[descriptor].State != ConnectionState.Closed) Close(descriptor);
        }
        connections.Dispose();
        events.Dispose();
    }

    private bool IsListener(int descriptor)
    {
        foreach (Socket listener in listeners)
        {
            if ((int)listener.Handle == descriptor) return true;
        }
        return false;
    }

    private void Accept(int listener)
    {
        for (int i = 0; i < AcceptsAtATime; i++)
        {
            Libc.SockAddr remote;
            uint size = (uint)sizeof(Libc.SockAddr);
            int descriptor = Libc.accept4(listener, &remote, &size, Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC);
            if (descriptor < 0)
            {
                // Without descriptors the client would knock for ever: make room for it.
                if (Libc.LastError is Libc.EMFILE or Libc.ENFILE or Libc.ENOBUFS or Libc.ENOMEM && !CloseOldest()) Thread.Sleep(10);
                return;
            }
            if (connections.Count >= maxConnections) CloseOldest();
            ref Connection connection = ref connections.Open(descriptor, now);
            connection.SetAddress(remote);
            if (awaitsProxyHeaders && proxies.Contains(connection.Address)) connection.AwaitsProxyHeader = true;
            Counters.Connections++;
            Receive(descriptor); // what was sent along with the handshake is here already
        }
    }

    private void Receive(int descriptor)
    {
        ref Connection connection = ref connections[descriptor];
        if (connection.State == ConnectionState.Closed) return; // closed by an earlier event of this round
        int have = connection.PendingLength;
        if (have > 0) new Span<byte>(connection.Pending, have).CopyTo(new Span<byte>(buffer, BufferSize));
        nint received = Libc.recv(descriptor, buffer + have, (nuint)(BufferSize - have), 0);
        if (received <= 0)
        {
            if (received < 0 && Libc.LastError is Libc.EAGAIN or Libc.EINTR) WatchForInput(descriptor, ref connection);
            else Close(descriptor);
            return;
        }
        have += (int)received;
        int used = 0, written = 0;
        bool keepOpen = true;
        if (connection.AwaitsProxyHeader)
        {
            HttpParse parse = ProxyHeader.Parse(new ReadOnlySpan<byte>(buffer, have), forwardedFor, out used, out int addressLength);
            if (parse == HttpParse.Invalid)
            {
                Counters.Errors++;
                Close(descriptor);
                return;
            }
            if (parse == HttpParse.Done)
            {
                connection.AwaitsProxyHeader = false;
                if (addressLength > 0) connection.SetAddress(forwardedFor.AsSpan(0, addressLength));
            }
            else
            {
                KeepPending(ref connection, buffer, have);
                WatchForInput(descriptor, ref connection);
                return;
            }
        }
        while (keepOpen && used < have)
        {
            var input = new ReadOnlySpan<byte>(buffer + used, have - used);
            HttpParse parse = HttpRequestHead.Parse(input, out HttpRequestHead head);
            if (parse == HttpParse.Incomplete)
            {
                if (input.Length <= HttpRequestHead.MaxLength) break;
                written += Copy(HttpErrors.TooLong, written);
                Counters.Errors++;
                keepOpen = false;
                break;
            }
            if (parse == HttpParse.Invalid)
            {
                written += Copy(HttpErrors.BadRequest, written);
                Counters.Errors++;
                keepOpen = false;
                break;
            }
            HttpTarget target = HttpResponder.TargetOf(head.Path);
            if (target == HttpTarget.Other || !head.IsGet || head.WantsUpgrade)
            {
                if (written == 0) HandOver(descriptor, input);
                else Close(descriptor); // nobody asks for a page behind an announce that he has no answer to yet
                return;
            }
            if (OutSize - written < HttpResponder.MaxResponse)
            {
                keepOpen = false; // more requests at once than anybody needs
                break;
            }
            int forwarded = proxies.IsEmpty ? 0 : proxies.ReadForwardedFor(head, connection.Address, forwardedFor);
            ReadOnlySpan<byte> address = forwarded == 0 ? connection.Address : forwardedFor.AsSpan(0, forwarded);
            written += responder.Answer(head, target, address, new Span<byte>(output + written, OutSize - written));
            used += head.Length;
            keepOpen = head.KeepAlive;
        }
        if (keepOpen) KeepPending(ref connection, buffer + used, have - used);
        if (written > 0) Send(descriptor, written, keepOpen);
        else WatchForInput(descriptor, ref connection);
    }

    private int Copy(ReadOnlySpan<byte> response, int at)
    {
        response.CopyTo(new Span<byte>(output + at, OutSize - at));
        return response.Length;
    }

    private static void KeepPending(ref Connection connection, byte* rest, int length)
    {
        if (length > connection.PendingCapacity)
        {
            int capacity = Math.Max(512, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)length));
            connection.Pending = (byte*)NativeMemory.Realloc(connection.Pending, (nuint)capacity);
            connection.PendingCapacity = capacity;
        }
        new Span<byte>(rest, length).CopyTo(new Span<byte>(connection.Pending, length));
        connection.PendingLength = length;
        if (length == 0 && connection.Pending != null) connection.FreePending();
    }

    private void Send(int descriptor, int length, bool keepOpen)
    {
        ref Connection connection = ref connections[descriptor];
        // What closes the connection afterwards lets the end travel in the same packet as the answer.
        nint sent = Libc.send(descriptor, output, (nuint)length, Libc.MSG_NOSIGNAL | (keepOpen ? 0 : Libc.MSG_MORE));
        if (sent == length)
        {
            if (!keepOpen)
            {
                Close(descriptor);
                return;
            }
            connections.Move(descriptor, connection.PendingLength > 0 ? ConnectionState.Reading : ConnectionState.Idle, now);
            WatchForInput(descriptor, ref connection);
            return;
        }
        if (sent < 0 && Libc.LastError is not (Libc.EAGAIN or Libc.EINTR) || connection.PendingLength > 0)
        {
            Close(descriptor); // broken, or a client that asks on and on and does not read
            return;
        }
        int done = (int)Math.Max(0, sent);
        KeepPending(ref connection, output + done, length - done);
        connection.KeepOpen = keepOpen;
        connections.Move(descriptor, ConnectionState.Sending, now);
        Watch(connection.IsWatched ? Libc.EPOLL_CTL_MOD : Libc.EPOLL_CTL_ADD, descriptor, Libc.EPOLLOUT);
        connection.IsWatched = true;
    }

    private void GoOnSending(int descriptor)
    {
        ref Connection connection = ref connections[descriptor];
        nint sent = Libc.send(descriptor, connection.Pending, (nuint)connection.PendingLength, Libc.MSG_NOSIGNAL);
        if (sent < 0)
        {
            if (Libc.LastError is not (Libc.EAGAIN or Libc.EINTR)) Close(descriptor);
            return;
        }
        int rest = connection.PendingLength - (int)sent;
        if (rest > 0)
        {
            Buffer.MemoryCopy(connection.Pending + sent, connection.Pending, connection.PendingCapacity, rest);
            connection.PendingLength = rest;
            return;
        }
        if (!connection.KeepOpen)
        {
            Close(descriptor);
            return;
        }
        connection.FreePending();
        connections.Move(descriptor, ConnectionState.Idle, now);
        Watch(Libc.EPOLL_CTL_MOD, descriptor, Libc.EPOLLIN);
    }

    private void WatchForInput(int descriptor, ref Connection connection)
    {
        if (connection.State == ConnectionState.Idle && connection.PendingLength > 0) connections.Move(descriptor, ConnectionState.Reading, now);
        if (connection.IsWatched) return;
        Watch(Libc.EPOLL_CTL_ADD, descriptor, Libc.EPOLLIN);
        connection.IsWatched = true;
    }

    private void HandOver(int descriptor, ReadOnlySpan<byte> received)
    {
        ref Connection connection = ref connections[descriptor];
        if (connection.IsWatched) Watch(Libc.EPOLL_CTL_DEL, descriptor, 0);
        var address = new IPAddress(connection.Address);
        connections.Remove(descriptor);
        slowLane.TakeOver(new Socket(new SafeSocketHandle(descriptor, ownsHandle: true)), received.ToArray(), address);
    }

    private void Close(int descriptor)
    {
        connections.Remove(descriptor);
        _ = Libc.close(descriptor);
    }

    // The lists are in the order of their times, so that only those are looked at that are late.
    private void CloseLate()
    {
        CloseLate(ConnectionState.Reading, requestTimeoutMs);
        CloseLate(ConnectionState.Idle, keepAliveTimeoutMs);
        CloseLate(ConnectionState.Sending, requestTimeoutMs);
    }

    private void CloseLate(ConnectionState state, int timeoutMs)
    {
        for (int oldest = connections.Oldest(state); oldest >= 0 && now - connections[oldest].Since > timeoutMs; oldest = connections.Oldest(state))
            Close(oldest);
    }

    // Those who wait with nothing to say go first, then those who have been sending their request for longest.
    private bool CloseOldest()
    {
        int oldest = connections.Oldest(ConnectionState.Idle);
        if (oldest < 0) oldest = connections.Oldest(ConnectionState.Reading);
        if (oldest < 0) oldest = connections.Oldest(ConnectionState.Sending);
        if (oldest < 0) return false;
        Close(oldest);
        return true;
    }

    private void Watch(int operation, int descriptor, uint what)
    {
        EpollEvents.Fill(out EpollEvents.Change change, what, descriptor);
        _ = Libc.epoll_ctl(epoll, operation, descriptor, &change);
    }
}
