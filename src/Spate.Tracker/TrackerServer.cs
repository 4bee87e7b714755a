using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Spate.Tracker.Announcing;
using Spate.Tracker.Http;
using Spate.Tracker.Store;
using Spate.Tracker.Udp;

namespace Spate.Tracker;

/// <summary>
/// A BitTorrent tracker: one swarm for UDP and HTTP, IPv4 and IPv6, in memory. Runs from <see cref="StartAsync"/> until it is disposed.
/// </summary>
public sealed class TrackerServer : IAsyncDisposable
{
    private readonly TrackerOptions options;
    private readonly SwarmStore store;
    private readonly AnnounceDesk desk;
    private readonly StreamHttpServer streamHttp;
    private readonly List<IDisposable> loops = [];
    private readonly List<Socket> sockets = []; // all that were bound, so that none is left open when the start fails halfway
    private readonly List<FrontEndCounters> udpCounters = [], httpCounters = [];
    private readonly List<IPEndPoint> httpEndPoints = [], udpEndPoints = [];
    private readonly ManualResetEventSlim stop = new();
    private readonly Thread housekeeping;
    private readonly long started;
    private readonly RateMeter announceRate = new(seconds: 10);

    private TrackerServer(TrackerOptions options)
    {
        this.options = options;
        started = options.Time.GetTimestamp();
        var limits = new StoreLimits(
            (uint)options.PeerLifetime.TotalSeconds, (uint)options.EmptyTorrentLifetime.TotalSeconds, options.MemoryCapBytes);
        Threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
        store = new SwarmStore(limits, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(Threads * 16, 32, 1024)));
        desk = new AnnounceDesk(store, new TrackerClock(options.Time), options);
        streamHttp = new StreamHttpServer(() => new HttpResponder(desk), new HttpPages(() => Status), options, options.MaxConnections);
        housekeeping = new Thread(KeepHouse) { IsBackground = true, Name = "tracker housekeeping" };
    }

    /// <summary>Where HTTP is served, with the ports that were chosen.</summary>
    public IReadOnlyList<IPEndPoint> HttpEndPoints => httpEndPoints;

    /// <summary>Where UDP is served, with the ports that were chosen.</summary>
    public IReadOnlyList<IPEndPoint> UdpEndPoints => udpEndPoints;

    /// <summary>
    /// URLs to announce to. A wildcard address stands as <c>127.0.0.1</c> or <c>[::1]</c>, which only serves this machine.
    /// </summary>
    public IReadOnlyList<string> AnnounceUrls =>
    [
        .. udpEndPoints.Select(endPoint => $"udp://{Reachable(endPoint)}/announce"),
        .. httpEndPoints.Select(endPoint => $"http://{Reachable(endPoint)}/announce"),
    ];

    /// <summary>A snapshot of the tracker's counts.</summary>
    public TrackerStatus Status
    {
        get
        {
            StoreTotals totals = store.Totals;
            FrontEndCounters[] http = [.. httpCounters, .. streamHttp.Counters];
            return new TrackerStatus
            {
                Uptime = options.Time.GetElapsedTime(started),
                Torrents = totals.Torrents,
                Seeders = totals.Peers.Seeders,
                Leechers = totals.Peers.Leechers,
                PartialSeeds = totals.Peers.Partials,
                PeersV6 = totals.PeersV6,
                StoreBytes = store.MemoryBytes,
                IsFull = store.IsFull,
                AnnouncesPerSecond = announceRate.PerSecond,
                FrontEnds = [Sum("udp", udpCounters), Sum("http", http)],
                Refusals = SumRefusals([.. udpCounters, .. http]),
            };
        }
    }

    private int Threads { get; }

    /// <summary>Binds the ports and starts to serve.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="IOException">A port is in use, or an address is not this machine's.</exception>
    public static Task<TrackerServer> StartAsync(TrackerOptions options, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        options.Validate();
        var server = new TrackerServer(options);
        try
        {
            server.Start();
        }
        catch
        {
            server.Stop();
            throw;
        }
        return Task.FromResult(server);
    }

    /// <summary>Stops to serve and frees the ports and the memory.</summary>
    public ValueTask DisposeAsync()
    {
        Stop();
        return ValueTask.CompletedTask;
    }

    private void Start()
    {
        bool fast = OperatingSystem.IsLinux() && !options.UsePortableSockets;
        var ids = new ConnectionIds(options.ConnectionSecret);
        int threads = fast ? Threads : 1; // the portable loops run on the thread pool
        var listeners = new List<Socket>[threads];
        for (int i = 0; i < threads; i++) listeners[i] = [];
        int chosenPort = 0;
        foreach (IPAddress address in options.Listen)
        {
            bool mayLack = address.Equals(IPAddress.IPv6Any);
            if (mayLack && !Socket.OSSupportsIPv6) continue;
            if (options.HttpPort is int httpPort)
            {
                int port = httpPort == 0 ? chosenPort : httpPort;
                Socket[] bound = Bind(address, port, ProtocolType.Tcp, threads);
                for (int i = 0; i < threads; i++) listeners[i].Add(bound[i]);
                httpEndPoints.Add((IPEndPoint)bound[0].LocalEndPoint!);
                chosenPort = httpEndPoints[^1].Port;
            }
            if (options.UdpPort is int udpPort)
            {
                int port = udpPort == 0 ? chosenPort : udpPort;
                Socket[] bound = Bind(address, port, ProtocolType.Udp, threads);
                foreach (Socket socket in bound) StartUdp(socket, new UdpResponder(desk, ids, options.ConnectionSecret is not null), fast);
                udpEndPoints.Add((IPEndPoint)bound[0].LocalEndPoint!);
                chosenPort = udpEndPoints[^1].Port;
            }
        }
        for (int i = 0; i < threads && listeners[i].Count > 0; i++)
        {
            if (fast)
            {
                var loop = new EpollHttpLoop(
                    [.. listeners[i]], new HttpResponder(desk), streamHttp, options, Math.Max(16, options.MaxConnections / threads));
                loops.Add(loop);
                httpCounters.Add(loop.Counters);
            }
            else
            {
                foreach (Socket listener in listeners[i]) streamHttp.Listen(listener);
            }
        }
        housekeeping.Start();
    }

    private Socket[] Bind(IPAddress address, int port, ProtocolType protocol, int count)
    {
        Socket[] bound = Sockets.Bind(new IPEndPoint(address, port), protocol, count);
        sockets.AddRange(bound);
        return bound;
    }

    private void StartUdp(Socket socket, UdpResponder responder, bool fast)
    {
        loops.Add(fast ? LinuxUdpLoop.Start(socket, responder) : PortableUdpLoop.Start(socket, responder));
        udpCounters.Add(responder.Counters);
    }

    private void Stop()
    {
        stop.Set();
        if (housekeeping.IsAlive) housekeeping.Join();
        foreach (IDisposable loop in loops) loop.Dispose();
        loops.Clear();
        streamHttp.Dispose();
        foreach (Socket socket in sockets) socket.Dispose();
        store.Dispose();
    }

    private void KeepHouse()
    {
        while (!stop.Wait(TimeSpan.FromSeconds(1)))
        {
            announceRate.Sample(udpCounters.Concat(httpCounters).Concat(streamHttp.Counters).Sum(counters => counters.Announces), Stopwatch.GetTimestamp());
            store.Sweep(desk.Clock.NowSeconds);
        }
    }

    private static string Reachable(IPEndPoint endPoint)
    {
        IPAddress address = endPoint.Address.Equals(IPAddress.Any) ? IPAddress.Loopback
            : endPoint.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : endPoint.Address;
        return new IPEndPoint(address, endPoint.Port).ToString();
    }

    private static FrontEndStatus Sum(string name, IReadOnlyCollection<FrontEndCounters> counters) => new()
    {
        Name = name,
        Requests = counters.Sum(c => c.Requests),
        Connects = counters.Sum(c => c.Connects),
        Announces = counters.Sum(c => c.Announces),
        Scrapes = counters.Sum(c => c.Scrapes),
        Errors = counters.Sum(c => c.Errors),
        Dropped = counters.Sum(c => c.Dropped),
        BytesIn = counters.Sum(c => c.BytesIn),
        BytesOut = counters.Sum(c => c.BytesOut),
        Connections = counters.Sum(c => c.Connections),
    };

    private static List<KeyValuePair<string, long>> SumRefusals(FrontEndCounters[] counters)
    {
        var sums = new List<KeyValuePair<string, long>>();
        foreach (Refusal refusal in Enum.GetValues<Refusal>())
        {
            if (refusal != Refusal.None) sums.Add(new(refusal.ToString(), counters.Sum(c => c.Refusals[(int)refusal])));
        }
        return sums;
    }
}
