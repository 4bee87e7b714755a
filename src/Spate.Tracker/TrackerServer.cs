using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Spate.Tracker.Access;
using Spate.Tracker.Admin;
using Spate.Tracker.Announcing;
using Spate.Tracker.Http;
using Spate.Tracker.State;
using Spate.Tracker.Store;
using Spate.Tracker.Udp;
using Spate.Tracker.WebTorrent;

namespace Spate.Tracker;

/// <summary>
/// A BitTorrent tracker: one swarm for UDP, HTTP and WebSocket, IPv4 and IPv6, in memory. Runs from <see cref="StartAsync"/> until it
/// is disposed.
/// </summary>
public sealed class TrackerServer : IAsyncDisposable
{
    private readonly TrackerOptions options;
    private readonly SwarmStore store;
    private readonly AnnounceDesk desk;
    private readonly TorrentAccess torrents;
    private readonly TrafficLedger? ledger;
    private readonly TrackerState? state;
    private readonly TlsCertificate? certificate;
    private readonly WebTorrentServer? webTorrent;
    private readonly StreamHttpServer streamHttp;
    private readonly StreamHttpServer? admin;
    private readonly List<WatchedFile> watchedFiles = [];
    private readonly FrontEnds frontEnds;
    private readonly ManualResetEventSlim stop = new();
    private readonly Thread housekeeping;
    private readonly long started;
    private readonly RateMeter announceRate = new(seconds: 10);

    private TrackerServer(TrackerOptions options)
    {
        this.options = options;
        started = options.Time.GetTimestamp();
        int threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
        var limits = new StoreLimits(
            (uint)options.PeerLifetime.TotalSeconds, (uint)options.EmptyTorrentLifetime.TotalSeconds, options.MemoryCapBytes);
        store = new SwarmStore(limits, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(threads * 16, 32, 1024)));

        torrents = new TorrentAccess(options.OnlyAllowedTorrents || options.AllowListFile is not null);
        Watch(options.AllowListFile, path => torrents.AllowedByFile.Replace(HashListFile.Read(path)));
        Watch(options.DenyListFile, path => torrents.DeniedByFile.Replace(HashListFile.Read(path)));
        if (options.TlsPort is not null)
        {
            certificate = new TlsCertificate(options.CertificateKeyFile);
            Watch(options.CertificateFile, certificate.Load);
        }

        var users = new UserBook();
        if (options.StateFolder is not null) state = new TrackerState(options.StateFolder, users, torrents, options.Log);
        if (options.IsPrivate) ledger = new TrafficLedger((uint)options.PeerLifetime.TotalSeconds);
        var clock = new TrackerClock(options.Time);
        desk = new AnnounceDesk(store, clock, options, torrents, options.IsPrivate ? users : null, ledger);
        if (options.WebSockets) webTorrent = new WebTorrentServer(desk, new WebSwarms(store, clock), options);
        streamHttp = new StreamHttpServer(() => new HttpResponder(desk), new StatusPages(() => Status, options.StatusReaders), webTorrent, options);
        if (options.AdminEndPoint is not null)
        {
            var api = new AdminApi(options.AdminKey!, desk, users, torrents, state, () => Status, Reload, options.Time);
            admin = new StreamHttpServer(makeResponder: null, api, webTorrent: null, options);
        }
        frontEnds = new FrontEnds(options, desk, streamHttp, certificate, threads);
        housekeeping = new Thread(KeepHouse) { IsBackground = true, Name = "tracker housekeeping" };
    }

    /// <summary>Where HTTP is served, with the ports that were chosen.</summary>
    public IReadOnlyList<IPEndPoint> HttpEndPoints => frontEnds.Http;

    /// <summary>Where HTTPS is served, with the ports that were chosen.</summary>
    public IReadOnlyList<IPEndPoint> TlsEndPoints => frontEnds.Tls;

    /// <summary>Where UDP is served, with the ports that were chosen.</summary>
    public IReadOnlyList<IPEndPoint> UdpEndPoints => frontEnds.Udp;

    /// <summary>Where the admin API is served; null for nowhere.</summary>
    public IPEndPoint? AdminEndPoint { get; private set; }

    /// <summary>
    /// URLs to announce to. A wildcard address stands as <c>127.0.0.1</c> or <c>[::1]</c>, which only serves this machine. On a private
    /// tracker each user's passkey goes before <c>/announce</c>.
    /// </summary>
    public IReadOnlyList<string> AnnounceUrls =>
    [
        .. UdpEndPoints.Select(endPoint => $"udp://{Reachable(endPoint)}/announce"),
        .. HttpEndPoints.Select(endPoint => $"http://{Reachable(endPoint)}/announce"),
        .. TlsEndPoints.Select(endPoint => $"https://{Reachable(endPoint)}/announce"),
        .. webTorrent is null ? [] : HttpEndPoints.Select(endPoint => $"ws://{Reachable(endPoint)}/announce"),
        .. webTorrent is null ? [] : TlsEndPoints.Select(endPoint => $"wss://{Reachable(endPoint)}/announce"),
    ];

    /// <summary>A snapshot of the tracker's counts.</summary>
    public TrackerStatus Status
    {
        get
        {
            StoreTotals totals = store.Totals;
            FrontEndCounters[] udp = [.. frontEnds.UdpCounters], http = [.. frontEnds.HttpCounters, .. streamHttp.Counters];
            FrontEndCounters[] webSocket = webTorrent is null ? [] : [webTorrent.Counters];
            return new TrackerStatus
            {
                Uptime = options.Time.GetElapsedTime(started),
                Torrents = totals.Torrents,
                Seeders = totals.Peers.Seeders,
                Leechers = totals.Peers.Leechers,
                PartialSeeds = totals.Peers.Partials,
                PeersV6 = totals.PeersV6,
                WebSockets = webTorrent?.Connections ?? 0,
                StoreBytes = store.MemoryBytes,
                IsFull = store.IsFull,
                AnnouncesPerSecond = announceRate.PerSecond,
                FrontEnds = [FrontEndCounters.Sum("udp", udp), FrontEndCounters.Sum("http", http), FrontEndCounters.Sum("websocket", webSocket)],
                Refusals = FrontEndCounters.SumRefusals([.. udp, .. http, .. webSocket]),
            };
        }
    }

    /// <summary>Binds the ports and starts to serve.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="IOException">A port is in use, an address is not this machine's, or a file can't be used.</exception>
    public static Task<TrackerServer> StartAsync(TrackerOptions options, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        options.Validate();
        try
        {
            var server = new TrackerServer(options);
            try
            {
                server.Start();
                return Task.FromResult(server);
            }
            catch
            {
                server.Stop();
                throw;
            }
        }
        catch (Exception e) when (e is UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
        {
            throw new IOException(e.Message, e);
        }
    }

    /// <summary>
    /// Reads the lists of torrents and the certificate again. False when one of them can't be used: then what was read before stays in
    /// force, and the log says why.
    /// </summary>
    public bool Reload()
    {
        bool all = true;
        foreach (WatchedFile file in watchedFiles) all &= file.Reload(always: true);
        return all;
    }

    /// <summary>Stops to serve, writes what is to be kept and frees the ports and the memory.</summary>
    public ValueTask DisposeAsync()
    {
        Stop();
        return ValueTask.CompletedTask;
    }

    private void Watch(string? path, Action<string> load)
    {
        if (path is null) return;
        var file = new WatchedFile(path, load, options.Log);
        file.Load();
        watchedFiles.Add(file);
    }

    private void Start()
    {
        frontEnds.Start();
        if (admin is not null)
        {
            Socket listener = Sockets.Bind(options.AdminEndPoint!, ProtocolType.Tcp, 1)[0];
            AdminEndPoint = (IPEndPoint)listener.LocalEndPoint!;
            admin.Listen(listener);
        }
        housekeeping.Start();
    }

    private void Stop()
    {
        stop.Set();
        if (housekeeping.IsAlive) housekeeping.Join();
        frontEnds.Dispose();
        streamHttp.Dispose();
        admin?.Dispose();
        SaveTotals();
        state?.Dispose();
        store.Dispose();
    }

    private void KeepHouse()
    {
        uint savedAt = desk.Clock.NowSeconds, watchedAt = savedAt;
        while (!stop.Wait(TimeSpan.FromSeconds(1)))
        {
            uint now = desk.Clock.NowSeconds;
            long announces = frontEnds.UdpCounters.Concat(frontEnds.HttpCounters).Concat(streamHttp.Counters).Sum(counters => counters.Announces);
            announceRate.Sample(announces + (webTorrent?.Counters.Announces ?? 0), Stopwatch.GetTimestamp());
            store.Sweep(now);
            if (now - savedAt >= options.TotalsFlushInterval.TotalSeconds)
            {
                savedAt = now;
                ledger?.Sweep(now);
                SaveTotals();
            }
            if (now - watchedAt >= 5)
            {
                watchedAt = now;
                foreach (WatchedFile file in watchedFiles) file.Reload(always: false);
            }
        }
    }

    private void SaveTotals()
    {
        try
        {
            state?.SaveTotals();
        }
        catch (IOException e)
        {
            options.Log?.Invoke($"The users' totals could not be written; the next attempt is in {options.TotalsFlushInterval.TotalSeconds:0} s: {e.Message}");
        }
    }

    private static string Reachable(IPEndPoint endPoint)
    {
        IPAddress address = endPoint.Address.Equals(IPAddress.Any) ? IPAddress.Loopback
            : endPoint.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : endPoint.Address;
        return new IPEndPoint(address, endPoint.Port).ToString();
    }
}
