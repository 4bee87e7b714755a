using System.Net;
using System.Net.Sockets;
using System.Text;
using Spate.Protocol;
using Spate.Protocol.Trackers;

namespace Spate.Tracker.Tests.Server;

/// <summary>A tracker on loopback with ports of the system's choice, and small clients for it.</summary>
internal sealed class TestTracker : IAsyncDisposable
{
    private static readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = TimeSpan.Zero });

    private TestTracker(TrackerServer server)
    {
        Server = server;
    }

    public static TrackerOptions Defaults { get; } = new()
    {
        Listen = Socket.OSSupportsIPv6 ? [IPAddress.Loopback, IPAddress.IPv6Loopback] : [IPAddress.Loopback],
        HttpPort = 0,
        UdpPort = 0,
        Threads = 2,
    };

    public TrackerServer Server { get; }

    public IPEndPoint Http => Server.HttpEndPoints[0];

    public IPEndPoint Udp => Server.UdpEndPoints[0];

    public static async Task<TestTracker> StartAsync(Func<TrackerOptions, TrackerOptions>? change = null) =>
        new(await TrackerServer.StartAsync(change is null ? Defaults : change(Defaults)));

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    public static AnnounceRequest Request(string torrent, int port, long left = 1, AnnounceEvent why = AnnounceEvent.None, string peer = "a") => new()
    {
        InfoHash = Sha1Hash.Of(Encoding.UTF8.GetBytes(torrent)),
        PeerId = new PeerId(Encoding.UTF8.GetBytes($"-SP0100-{peer,12}".Replace(' ', '0'))),
        Port = (ushort)port,
        Left = left,
        Event = why,
    };

    /// <summary>Announces over HTTP.</summary>
    public async Task<AnnounceAnswer> AnnounceHttpAsync(AnnounceRequest request, bool v6 = false, string path = "/announce", string scheme = "http")
    {
        byte[] content = await GetAsync(HttpAnnounceQuery.AppendTo($"{scheme}://{Server.HttpEndPoints[v6 ? 1 : 0]}{path}", request));
        Assert.True(HttpAnnounceAnswer.TryRead(content, 500, out AnnounceAnswer answer, out string? error), error);
        return answer;
    }

    public static Task<byte[]> GetAsync(string url) => http.GetByteArrayAsync(url);

    public async Task<HttpScrapeAnswer> ScrapeHttpAsync(params string[] torrents)
    {
        Sha1Hash[] hashes = [.. torrents.Select(torrent => Sha1Hash.Of(Encoding.UTF8.GetBytes(torrent)))];
        byte[] content = await GetAsync(HttpAnnounceQuery.AppendTo($"http://{Http}/scrape", hashes));
        Assert.True(HttpScrapeAnswer.TryRead(content, 500, out HttpScrapeAnswer answer, out string? error), error);
        return answer;
    }

    /// <summary>Announces over UDP, connecting first.</summary>
    public AnnounceAnswer AnnounceUdp(AnnounceRequest request, bool v6 = false, string url = "")
    {
        using var client = new UdpTestClient(Server.UdpEndPoints[v6 ? 1 : 0]);
        return client.Announce(request, url);
    }

    /// <summary>Waits until something holds, for as long as a loaded machine may need.</summary>
    public static async Task EventuallyAsync(Func<bool> holds)
    {
        for (int i = 0; i < 3000 && !holds(); i++) await Task.Delay(20);
        Assert.True(holds());
    }

    /// <summary>Sends bytes over TCP and returns all that comes back until the tracker closes.</summary>
    public static async Task<string> ExchangeAsync(IPEndPoint to, byte[] bytes, int pieces = 1)
    {
        using var socket = new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(to);
        int size = Math.Max(1, bytes.Length / pieces);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            for (int at = 0; at < bytes.Length; at += size)
            {
                await socket.SendAsync(bytes.AsMemory(at, Math.Min(size, bytes.Length - at)), patience.Token);
                if (pieces > 1) await Task.Delay(1);
            }
        }
        catch (SocketException) { } // refused before all was sent; what it said of it may still be there
        var received = new MemoryStream();
        byte[] buffer = new byte[65536];
        try
        {
            for (int n; (n = await socket.ReceiveAsync(buffer, SocketFlags.None, patience.Token)) > 0;) received.Write(buffer, 0, n);
        }
        catch (SocketException) { } // reset: what came before counts
        return Encoding.Latin1.GetString(received.ToArray());
    }
}

/// <summary>A client of a UDP tracker that waits for its answers.</summary>
internal sealed class UdpTestClient : IDisposable
{
    private readonly Socket socket;
    private readonly byte[] buffer = new byte[4096];
    private readonly bool isV6;
    private uint transaction = 100;
    private ulong connectionId;

    public UdpTestClient(IPEndPoint tracker, IPAddress? from = null)
    {
        isV6 = tracker.AddressFamily == AddressFamily.InterNetworkV6;
        socket = new Socket(tracker.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 60_000 };
        if (from is not null) socket.Bind(new IPEndPoint(from, 0));
        socket.Connect(tracker);
    }

    public void Dispose() => socket.Dispose();

    public ulong Connect()
    {
        byte[] packet = new byte[16];
        UdpRequestWriter.WriteConnect(packet, ++transaction);
        Assert.True(UdpAnswer.TryRead(Exchange(packet), out UdpAnswer answer));
        Assert.Equal(transaction, answer.TransactionId);
        Assert.True(answer.TryReadConnect(out connectionId));
        return connectionId;
    }

    public AnnounceAnswer Announce(AnnounceRequest request, string url = "")
    {
        if (connectionId == 0) Connect();
        byte[] urlData = Encoding.ASCII.GetBytes(url), packet = new byte[UdpRequestWriter.AnnounceSize(urlData.Length)];
        UdpRequestWriter.WriteAnnounce(packet, connectionId, ++transaction, request, urlData);
        Assert.True(UdpAnswer.TryRead(Exchange(packet), out UdpAnswer answer));
        Assert.Equal(transaction, answer.TransactionId);
        Assert.True(answer.TryReadAnnounce(isV6, 1000, out AnnounceAnswer read));
        return read;
    }

    public ScrapeEntry[] Scrape(params Sha1Hash[] hashes)
    {
        if (connectionId == 0) Connect();
        byte[] packet = new byte[16 + 20 * hashes.Length];
        UdpRequestWriter.WriteScrape(packet, connectionId, ++transaction, hashes);
        Assert.True(UdpAnswer.TryRead(Exchange(packet), out UdpAnswer answer));
        Assert.Equal(transaction, answer.TransactionId);
        var entries = new ScrapeEntry[hashes.Length];
        Assert.Equal(hashes.Length, answer.ReadScrape(entries));
        return entries;
    }

    /// <summary>Sends a datagram and waits for one.</summary>
    public byte[] Exchange(byte[] packet)
    {
        socket.Send(packet);
        return buffer[..socket.Receive(buffer)];
    }

    /// <summary>
    /// Sends datagrams and returns what comes back to them. A connect request follows every few of them, and its answer is waited for, so
    /// that neither side's buffer ever overflows.
    /// </summary>
    public List<byte[]> AnswersTo(IEnumerable<byte[]> packets)
    {
        var answers = new List<byte[]>();
        foreach (byte[][] few in packets.Chunk(50))
        {
            foreach (byte[] packet in few) socket.Send(packet);
            byte[] last = new byte[16];
            uint mark = 0xFEED_0000 | (++transaction & 0xFFFF);
            UdpRequestWriter.WriteConnect(last, mark);
            socket.Send(last);
            while (true)
            {
                byte[] answer = buffer[..socket.Receive(buffer)];
                if (UdpAnswer.TryRead(answer, out UdpAnswer read) && read.TransactionId == mark) break;
                answers.Add(answer);
            }
        }
        return answers;
    }
}
