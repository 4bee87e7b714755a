using System.Net;
using System.Net.Sockets;
using Spate.Tracker.Announcing;
using Spate.Tracker.Http;
using Spate.Tracker.Udp;

namespace Spate.Tracker;

/// <summary>The public ports and the loops that serve them: on Linux threads of our own, elsewhere .NET's sockets.</summary>
internal sealed class FrontEnds : IDisposable
{
    // With port 0 for TCP and UDP the system chooses one for the first, which may be taken for the second.
    private const int PortAttempts = 20;

    private readonly TrackerOptions options;
    private readonly AnnounceDesk desk;
    private readonly StreamHttpServer streamHttp;
    private readonly TlsCertificate? certificate;
    private readonly int threads;
    private readonly bool isFast;
    private readonly List<Socket[]> httpSockets = [], udpSockets = [], tlsSockets = [];
    private readonly List<IDisposable> loops = [];
    private readonly List<FrontEndCounters> udpCounters = [], httpCounters = [];

    public FrontEnds(TrackerOptions options, AnnounceDesk desk, StreamHttpServer streamHttp, TlsCertificate? certificate, int threads)
    {
        this.options = options;
        this.desk = desk;
        this.streamHttp = streamHttp;
        this.certificate = certificate;
        isFast = OperatingSystem.IsLinux() && !options.UsePortableSockets;
        this.threads = isFast ? threads : 1; // the portable loops run on the thread pool
    }

    public IReadOnlyList<IPEndPoint> Http { get; private set; } = [];

    public IReadOnlyList<IPEndPoint> Udp { get; private set; } = [];

    public IReadOnlyList<IPEndPoint> Tls { get; private set; } = [];

    public IReadOnlyList<FrontEndCounters> UdpCounters => udpCounters;

    public IReadOnlyList<FrontEndCounters> HttpCounters => httpCounters;

    /// <summary>Binds and serves.</summary>
    /// <exception cref="IOException">A port is in use, or an address is not this machine's.</exception>
    public void Start()
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                BindAll();
                break;
            }
            catch (IOException) when (options.HttpPort is 0 && options.UdpPort is 0 && attempt < PortAttempts)
            {
                CloseSockets();
            }
        }
        Http = EndPoints(httpSockets);
        Udp = EndPoints(udpSockets);
        Tls = EndPoints(tlsSockets);

        var ids = new ConnectionIds(options.ConnectionSecret);
        foreach (Socket socket in udpSockets.SelectMany(sockets => sockets))
        {
            var responder = new UdpResponder(desk, ids, useCalendarTime: options.ConnectionSecret is not null);
            loops.Add(isFast ? LinuxUdpLoop.Start(socket, responder) : PortableUdpLoop.Start(socket, responder));
            udpCounters.Add(responder.Counters);
        }
        if (isFast && httpSockets.Count > 0)
        {
            for (int i = 0; i < threads; i++)
            {
                Socket[] listeners = [.. httpSockets.Select(sockets => sockets[i])];
                var loop = new EpollHttpLoop(listeners, new HttpResponder(desk), streamHttp, options, Math.Max(16, options.MaxConnections / threads));
                loops.Add(loop);
                httpCounters.Add(loop.Counters);
            }
        }
        else
        {
            foreach (Socket[] sockets in httpSockets) streamHttp.Listen(sockets[0]);
        }
        foreach (Socket[] sockets in tlsSockets) streamHttp.Listen(sockets[0], certificate);
    }

    public void Dispose()
    {
        foreach (IDisposable loop in loops) loop.Dispose();
        loops.Clear();
        CloseSockets();
    }

    private void BindAll()
    {
        int chosen = 0; // by the system, and then used for all
        foreach (IPAddress address in options.Listen)
        {
            if (address.Equals(IPAddress.IPv6Any) && !Socket.OSSupportsIPv6) continue;
            if (options.HttpPort is int http) chosen = Bind(httpSockets, address, http, chosen, ProtocolType.Tcp, threads);
            if (options.UdpPort is int udp) chosen = Bind(udpSockets, address, udp, chosen, ProtocolType.Udp, threads);
        }
        chosen = 0;
        foreach (IPAddress address in options.Listen)
        {
            if (address.Equals(IPAddress.IPv6Any) && !Socket.OSSupportsIPv6) continue;
            if (options.TlsPort is int tls) chosen = Bind(tlsSockets, address, tls, chosen, ProtocolType.Tcp, 1);
        }
    }

    private static int Bind(List<Socket[]> into, IPAddress address, int port, int chosen, ProtocolType protocol, int count)
    {
        Socket[] sockets = Sockets.Bind(new IPEndPoint(address, port == 0 ? chosen : port), protocol, count);
        into.Add(sockets);
        return ((IPEndPoint)sockets[0].LocalEndPoint!).Port;
    }

    private void CloseSockets()
    {
        foreach (List<Socket[]> kind in new[] { httpSockets, udpSockets, tlsSockets })
        {
            foreach (Socket socket in kind.SelectMany(sockets => sockets)) socket.Dispose();
            kind.Clear();
        }
    }

    private static List<IPEndPoint> EndPoints(List<Socket[]> bound) => [.. bound.Select(sockets => (IPEndPoint)sockets[0].LocalEndPoint!)];
}
