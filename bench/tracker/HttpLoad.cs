using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Spate.Protocol.Trackers;
using Spate.Tracker.Http;
using Spate.Tracker.Linux;

namespace Spate.Bench.Tracker;

/// <summary>Keeps a number of HTTP announces in flight, on connections that stay or with one each; one thread.</summary>
internal sealed unsafe class HttpLoad : IDisposable
{
    private const int EventsAtATime = 128, BufferSize = 65536;

    private sealed class Client
    {
        public Socket? Socket;
        public int Descriptor = -1;
        public long SentAt;
        public byte[] Request = [];
        public byte[] Answer = new byte[16384];
        public int Have;
        public bool IsSent;
    }

    private readonly IPEndPoint tracker;
    private readonly LoadOptions options;
    private readonly PeerPlan plan;
    private readonly LoadReport report = new("http");
    private readonly Client[] clients;
    private readonly Dictionary<int, Client> byDescriptor = [];
    private readonly int epoll = Libc.epoll_create1(Libc.EPOLL_CLOEXEC);
    private readonly EpollEvents events = new(EventsAtATime);
    private readonly byte* buffer = (byte*)NativeMemory.Alloc(BufferSize);
    private int nextSource;

    public HttpLoad(IPEndPoint tracker, LoadOptions options)
    {
        this.tracker = tracker;
        this.options = options;
        plan = new PeerPlan(options);
        clients = [.. Enumerable.Range(0, options.Window).Select(_ => new Client())];
    }

    public void Dispose()
    {
        foreach (Client client in clients) client.Socket?.Dispose();
        events.Dispose();
        NativeMemory.Free(buffer);
        _ = Libc.close(epoll);
    }

    public LoadReport Run()
    {
        long started = Stopwatch.GetTimestamp();
        foreach (Client client in clients) Begin(client);
        while (Stopwatch.GetElapsedTime(started).TotalSeconds < options.Seconds)
        {
            int count = Libc.epoll_wait(epoll, events.Pointer, EventsAtATime, 50);
            for (int i = 0; i < count; i++)
            {
                if (byDescriptor.TryGetValue(events.Descriptor(i), out Client? client)) Advance(client);
            }
        }
        return report;
    }

    private void Begin(Client client)
    {
        int peer = plan.AnyPeer();
        var request = new AnnounceRequest
        {
            InfoHash = plan.InfoHash(plan.TorrentOf(peer)), PeerId = PeerPlan.PeerIdOf(peer), Port = plan.PortOf(peer), Left = plan.LeftOf(peer),
            NumWant = options.NumWant, Key = (uint)peer,
        };
        string target = HttpAnnounceQuery.AppendTo("/announce", request);
        client.Request = Encoding.ASCII.GetBytes($"GET {target} HTTP/1.1\r\nHost: {tracker}\r\n{(options.KeepAlive ? "" : "Connection: close\r\n")}\r\n");
        (client.Have, client.IsSent, client.SentAt) = (0, false, Stopwatch.GetTimestamp());
        report.Sent++;
        if (client.Socket is null) Connect(client);
        else Advance(client);
    }

    private void Connect(Client client)
    {
        var socket = new Socket(tracker.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (options.Source is { } first) // spread, so that ports do not run out
        {
            byte[] address = first.GetAddressBytes();
            address[^1] += (byte)(nextSource++ % 100);
            socket.SetRawSocketOption(0, 24, BitConverter.GetBytes(1)); // IP_BIND_ADDRESS_NO_PORT
            socket.Bind(new IPEndPoint(new IPAddress(address), 0));
        }
        int descriptor = (int)socket.Handle;
        _ = Libc.fcntl(descriptor, Libc.F_SETFL, Libc.fcntl(descriptor, Libc.F_GETFL, 0) | Libc.O_NONBLOCK);
        SocketAddress to = tracker.Serialize();
        fixed (byte* address = to.Buffer.Span) _ = Libc.connect(descriptor, address, (uint)to.Size);
        (client.Socket, client.Descriptor) = (socket, descriptor);
        byDescriptor[descriptor] = client;
        EpollEvents.Fill(out EpollEvents.Change change, Libc.EPOLLIN | Libc.EPOLLOUT | 1u << 31, descriptor); // edge-triggered
        _ = Libc.epoll_ctl(epoll, Libc.EPOLL_CTL_ADD, descriptor, &change);
    }

    private void Advance(Client client)
    {
        if (!client.IsSent)
        {
            fixed (byte* request = client.Request)
                client.IsSent = Libc.send(client.Descriptor, request, (nuint)client.Request.Length, Libc.MSG_NOSIGNAL) == client.Request.Length;
            if (!client.IsSent && Libc.LastError != Libc.EAGAIN) Fail(client);
            if (options.KeepAlive || !client.IsSent) return;
        }
        nint received = Libc.recv(client.Descriptor, buffer, BufferSize, 0);
        if (received < 0 && Libc.LastError == Libc.EAGAIN) return;
        if (received <= 0)
        {
            Fail(client);
            return;
        }
        int take = Math.Min((int)received, client.Answer.Length - client.Have);
        new ReadOnlySpan<byte>(buffer, take).CopyTo(client.Answer.AsSpan(client.Have));
        client.Have += take;
        if (!TryFindContent(client.Answer.AsSpan(0, client.Have), out ReadOnlySpan<byte> content)) return;
        if (content.IndexOf("failure reason"u8) >= 0 || !client.Answer.AsSpan(9, 3).SequenceEqual("200"u8)) report.Errors++;
        else report.Answered(client.SentAt, Stopwatch.GetTimestamp());
        report.Bytes += client.Have;
        if (!options.KeepAlive) Close(client);
        Begin(client);
    }

    private static bool TryFindContent(ReadOnlySpan<byte> answer, out ReadOnlySpan<byte> content)
    {
        content = default;
        int end = answer.IndexOf("\r\n\r\n"u8);
        if (end < 0) return false;
        int at = answer.IndexOf("Content-Length:"u8);
        if (at < 0 || at > end) return false;
        ReadOnlySpan<byte> text = answer[(at + 15)..end].TrimStart((byte)' ');
        content = answer[(end + 4)..];
        return System.Buffers.Text.Utf8Parser.TryParse(text, out int length, out _) && content.Length >= length;
    }

    private void Fail(Client client)
    {
        report.Errors++;
        Close(client);
        Begin(client);
    }

    private void Close(Client client)
    {
        byDescriptor.Remove(client.Descriptor);
        client.Socket?.Dispose();
        (client.Socket, client.Descriptor) = (null, -1);
    }
}
