using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Spate.Protocol.Trackers;
using Spate.Tracker;

namespace Spate.Bench.Tracker;

/// <summary>
/// A tracker in this process whose peers come and go: each peer announces once an interval, every fourth of them disappears without a
/// word each time and another one comes in another torrent. Beside the load a client announces every two milliseconds, one
/// at a time, and the longest it waits is the longest pause. Ends with 0 when memory stayed flat and no wait was above 50 ms.
/// </summary>
internal static class Soak
{
    private const int IntervalSeconds = 60, LifetimeSeconds = 90;

    public static async Task<int> RunAsync(int seconds, int peers)
    {
        var options = new TrackerOptions
        {
            Listen = [IPAddress.Loopback], HttpPort = 0, UdpPort = 0, Threads = 1, Interval = TimeSpan.FromSeconds(IntervalSeconds),
            IntervalJitter = TimeSpan.Zero, MinInterval = TimeSpan.Zero, PeerLifetime = TimeSpan.FromSeconds(LifetimeSeconds),
            EmptyTorrentLifetime = TimeSpan.FromSeconds(LifetimeSeconds),
        };
        await using TrackerServer server = await TrackerServer.StartAsync(options);
        using var stop = new CancellationTokenSource();
        var churn = new Thread(() => Churn(server.UdpEndPoints[0], peers, stop.Token)) { IsBackground = true };
        var probe = new Probe(server.UdpEndPoints[0]);
        churn.Start();
        long warm = 0, peak = 0;
        int warmUp = Math.Max(3 * LifetimeSeconds, seconds / 4);
        double longest = 0;
        for (int second = 0; second < seconds; second++)
        {
            await Task.Delay(1000);
            if (second % 10 != 9) continue;
            TrackerStatus status = server.Status;
            long resident = Process.GetCurrentProcess().WorkingSet64;
            double wait = probe.TakeLongestWait();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{second + 1,5} s  peers {status.Seeders + status.Leechers,9:N0}  torrents {status.Torrents,8:N0}  store {status.StoreBytes / 1e6,7:F1} MB  "
                + $"resident {resident / 1e6,7:F1} MB  announces/s {status.AnnouncesPerSecond,8:F0}  longest wait {wait,6:F1} ms  "
                + $"GC pauses {GC.GetTotalPauseDuration().TotalMilliseconds:F0} ms in all"));
            if (second < warmUp) warm = Math.Max(warm, resident);
            else
            {
                peak = Math.Max(peak, resident);
                longest = Math.Max(longest, wait);
            }
        }
        stop.Cancel();
        probe.Dispose();
        churn.Join();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"after warming up ({warmUp} s): resident at most {peak / 1e6:F1} MB, before {warm / 1e6:F1} MB; longest wait {longest:F1} ms; probes lost {probe.Lost}"));
        bool flat = peak <= warm * 1.05, smooth = longest <= 50;
        Console.WriteLine(flat && smooth ? "passed" : $"FAILED:{(flat ? "" : " memory grew")}{(smooth ? "" : " a pause above 50 ms")}");
        return flat && smooth ? 0 : 1;
    }

    private static void Churn(IPEndPoint tracker, int peers, CancellationToken stop)
    {
        const int sources = 32;
        var random = new Random(1);
        int[] generation = new int[peers];
        Socket[] sockets = [.. Enumerable.Range(0, sources).Select(i =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 1 << 20 };
            socket.Bind(new IPEndPoint(new IPAddress([127, 1, 0, (byte)(i + 1)]), 0));
            socket.Connect(tracker);
            return socket;
        })];
        ulong[] ids = new ulong[sources];
        byte[] packet = new byte[2048];
        var plan = new PeerPlan(new LoadOptions { Torrents = peers / 5, Peers = peers, Sockets = sources });
        long started = Stopwatch.GetTimestamp(), idsAt = 0, sent = 0;
        while (!stop.IsCancellationRequested)
        {
            double elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
            if (idsAt == 0 || Stopwatch.GetElapsedTime(idsAt).TotalSeconds > 50)
            {
                idsAt = Stopwatch.GetTimestamp();
                for (int i = 0; i < sources; i++) ids[i] = Connect(sockets[i], packet);
            }
            long due = (long)(elapsed * peers / IntervalSeconds);
            for (; sent < due && !stop.IsCancellationRequested; sent++)
            {
                int peer = (int)(sent % peers);
                if (sent >= peers && random.Next(4) == 0) generation[peer]++;
                int identity = peer + generation[peer] * peers; // another torrent, and the old one's port in a torrent that forgets it
                int lane = plan.SocketOf(peer);
                var request = new AnnounceRequest
                {
                    InfoHash = plan.InfoHash(plan.TorrentOf(identity & 0x7FFF_FFFF)), PeerId = PeerPlan.PeerIdOf(peer), Port = plan.PortOf(peer), Left = plan.LeftOf(peer), NumWant = 30,
                };
                int length = UdpRequestWriter.WriteAnnounce(packet, ids[lane], (uint)sent, request);
                sockets[lane].Send(packet.AsSpan(0, length));
                if (sent % 16 == 0) while (sockets[lane].Available > 0) sockets[lane].Receive(packet);
            }
            foreach (Socket socket in sockets) while (socket.Available > 0) socket.Receive(packet);
            Thread.Sleep(1);
        }
        foreach (Socket socket in sockets) socket.Dispose();
    }

    private static ulong Connect(Socket socket, byte[] packet)
    {
        UdpRequestWriter.WriteConnect(packet, 0xFFFF_FFFF);
        socket.Send(packet.AsSpan(0, 16));
        while (true)
        {
            int length = socket.Receive(packet);
            if (UdpAnswer.TryRead(packet.AsSpan(0, length), out UdpAnswer answer) && answer.TryReadConnect(out ulong id)) return id;
        }
    }

    /// <summary>One announce after the other, each timed.</summary>
    private sealed class Probe : IDisposable
    {
        private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 1000 };
        private readonly Thread thread;
        private readonly Lock gate = new();
        private volatile bool isStopping;
        private double longest;

        public Probe(IPEndPoint tracker)
        {
            socket.Connect(tracker);
            thread = new Thread(Run) { IsBackground = true, Priority = ThreadPriority.Highest };
            thread.Start();
        }

        public int Lost { get; private set; }

        public double TakeLongestWait()
        {
            lock (gate)
            {
                double taken = longest;
                longest = 0;
                return taken;
            }
        }

        public void Dispose()
        {
            isStopping = true;
            thread.Join();
            socket.Dispose();
        }

        private void Run()
        {
            byte[] packet = new byte[2048];
            ulong id = 0;
            long idAt = 0;
            for (uint i = 1; !isStopping; i++)
            {
                if (idAt == 0 || Stopwatch.GetElapsedTime(idAt).TotalSeconds > 50)
                {
                    id = Connect(socket, packet);
                    idAt = Stopwatch.GetTimestamp();
                }
                var request = new AnnounceRequest { InfoHash = Protocol.Sha1Hash.Of(BitConverter.GetBytes(i % 1000)), PeerId = PeerPlan.PeerIdOf(1), Port = 7 };
                int length = UdpRequestWriter.WriteAnnounce(packet, id, i, request);
                long at = Stopwatch.GetTimestamp();
                socket.Send(packet.AsSpan(0, length));
                try
                {
                    do length = socket.Receive(packet);
                    while (!UdpAnswer.TryRead(packet.AsSpan(0, length), out UdpAnswer answer) || answer.TransactionId != i);
                }
                catch (SocketException)
                {
                    Lost++;
                }
                double wait = Stopwatch.GetElapsedTime(at).TotalMilliseconds;
                lock (gate) longest = Math.Max(longest, wait);
                Thread.Sleep(2);
            }
        }
    }
}
