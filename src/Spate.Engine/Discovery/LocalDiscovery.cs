using System.Net;
using System.Net.Sockets;
using Spate.Engine.Ports;
using Spate.Engine.Runtime;
using Spate.Protocol;
using Spate.Protocol.Wire;

namespace Spate.Engine.Discovery;

/// <summary>
/// Finds peers on the local network (BEP 14): announces the session's torrents to a multicast group of each address family and
/// listens to others who do. One for each session, on a strand of its own; it answers nobody.
/// </summary>
/// <remarks>
/// Each torrent is announced every five minutes, with others in one datagram, and no more than one datagram goes out a minute.
/// Private torrents are not to be added (BEP 27).
/// </remarks>
public sealed class LocalDiscovery : IDisposable
{
    /// <summary>The group over IPv4.</summary>
    public static readonly IPEndPoint Group4 = new(new IPAddress([239, 192, 152, 143]), 6771);

    /// <summary>The group over IPv6.</summary>
    public static readonly IPEndPoint Group6 = new(IPAddress.Parse("ff15::efc0:988f"), 6771);

    private const long AnnounceEveryMs = 300_000;
    private const long PauseMs = 60_000;
    private const int MaxSources = 256;
    private const int DatagramsPerMinutePerSource = 20;
    private static readonly TimeSpan tick = TimeSpan.FromSeconds(1);

    private readonly INetwork network;
    private readonly MonotonicClock clock;
    private readonly Strand strand;
    private readonly Action<Exception> onFault;
    private readonly ushort port;
    private readonly string cookie;
    private readonly ITimer timer;

    // All below belongs to the strand.
    private readonly Dictionary<Sha1Hash, Entry> torrents = [];
    private readonly Dictionary<IPAddress, int> heard = [];
    private readonly Sha1Hash[] hashes = new Sha1Hash[64];
    private IDatagramSocket? socket4, socket6;
    private long lastMs = long.MinValue / 2;
    private long heardSinceMs;
    private bool disposed;

    /// <param name="network">Where the groups are.</param>
    /// <param name="scheduler">Lends threads.</param>
    /// <param name="random">For the cookie by which we know our own announces.</param>
    /// <param name="time">The clock.</param>
    /// <param name="port">Where the session takes connections.</param>
    /// <param name="onFault">Told of bugs.</param>
    public LocalDiscovery(INetwork network, IScheduler scheduler, IRandom random, TimeProvider time, int port, Action<Exception> onFault)
    {
        (this.network, this.onFault, this.port) = (network, onFault, (ushort)port);
        clock = new MonotonicClock(time);
        strand = new Strand(scheduler, onFault);
        Span<byte> bytes = stackalloc byte[8];
        random.Fill(bytes);
        cookie = Convert.ToHexStringLower(bytes);
        strand.Enqueue(static s => ((LocalDiscovery)s!).Open(), this);
        timer = time.CreateTimer(
            static self => ((LocalDiscovery)self!).strand.Enqueue(static s => ((LocalDiscovery)s!).Tick(), self), this, tick, tick);
    }

    /// <summary>What keeps it from working, for people; null when at least one address family works.</summary>
    public string? Problem { get; private set; }

    /// <summary>Begins to announce a torrent that is not private. Safe to call from any thread.</summary>
    /// <param name="infoHash">The torrent.</param>
    /// <param name="home">The strand to tell of peers.</param>
    /// <param name="onPeer">Told of each peer that announces the torrent, perhaps more than once.</param>
    public void Add(Sha1Hash infoHash, Strand home, Action<IPEndPoint> onPeer)
    {
        var entry = new Entry(this, infoHash, home, onPeer);
        strand.Enqueue(static e => ((Entry)e!).Owner.OnAdd((Entry)e), entry);
    }

    /// <summary>Stops announcing a torrent. Safe to call from any thread.</summary>
    public void Remove(Sha1Hash infoHash) =>
        strand.Enqueue(static s =>
        {
            (LocalDiscovery self, Sha1Hash hash) = ((LocalDiscovery, Sha1Hash))s!;
            self.torrents.Remove(hash);
        }, (this, infoHash));

    /// <summary>Leaves the groups.</summary>
    public void Dispose()
    {
        timer.Dispose();
        strand.Enqueue(static s =>
        {
            var self = (LocalDiscovery)s!;
            self.disposed = true;
            self.socket4?.Dispose();
            self.socket6?.Dispose();
        }, this);
    }

    private void Open()
    {
        socket4 = Join(Group4, out string? problem4);
        socket6 = Join(Group6, out string? problem6);
        if (socket4 is null && socket6 is null) Problem = problem4 ?? problem6;
    }

    private IDatagramSocket? Join(IPEndPoint group, out string? problem)
    {
        problem = null;
        try
        {
            IDatagramSocket socket = network.BindMulticast(group);
            _ = ReceiveAsync(socket);
            return socket;
        }
        catch (IOException e)
        {
            problem = e.Message;
            return null;
        }
    }

    private void OnAdd(Entry entry)
    {
        torrents[entry.InfoHash] = entry;
        Tick();
    }

    private void Tick()
    {
        long now = clock.NowMs;
        if (disposed || now - lastMs < PauseMs) return;
        Entry[] due =
        [
            .. torrents.Values.Where(e => now - e.AnnouncedMs >= AnnounceEveryMs).OrderBy(e => e.AnnouncedMs).Take(LsdMessage.MaxHashes),
        ];
        if (due.Length == 0) return;
        lastMs = now;
        foreach (Entry entry in due) entry.AnnouncedMs = now;
        Sha1Hash[] announced = [.. due.Select(e => e.InfoHash)];
        Send(socket4, Group4, announced);
        Send(socket6, Group6, announced);
    }

    private void Send(IDatagramSocket? socket, IPEndPoint group, Sha1Hash[] announced)
    {
        if (socket is null) return;
        Span<byte> datagram = stackalloc byte[LsdMessage.MaxSize];
        int length = LsdMessage.Write(datagram, group.ToString(), port, announced, cookie);
        socket.Send(datagram[..length], group);
    }

    private async Task ReceiveAsync(IDatagramSocket socket)
    {
        byte[] buffer = new byte[LsdMessage.MaxSize + 1];
        try
        {
            while (!disposed)
            {
                Datagram datagram = await socket.ReceiveAsync(buffer);
                OnDatagram(buffer.AsSpan(0, datagram.Length), datagram.Remote);
            }
        }
        catch (IOException) { } // the socket was disposed
        catch (Exception e) { onFault(e); } // a bug
    }

    private void OnDatagram(ReadOnlySpan<byte> datagram, IPEndPoint from)
    {
        // Who shares a link with us has a local address; over IPv6 it may be a global one as well.
        if (from.AddressFamily == AddressFamily.InterNetwork && from.Address.ScopeOf() == AddressScope.Global) return;
        if (!IsTolerable(from.Address)) return;
        if (!LsdMessage.TryRead(datagram, hashes, out int count, out ushort peerPort, out ReadOnlySpan<byte> theirCookie)) return;
        if (IsOurs(theirCookie)) return;
        var peer = new IPEndPoint(from.Address, peerPort);
        for (int i = 0; i < count; i++)
        {
            if (torrents.TryGetValue(hashes[i], out Entry? entry)) entry.Tell(peer);
        }
    }

    private bool IsOurs(ReadOnlySpan<byte> theirs)
    {
        if (theirs.Length != cookie.Length) return false;
        for (int i = 0; i < theirs.Length; i++)
        {
            if (theirs[i] != cookie[i]) return false;
        }
        return true;
    }

    private bool IsTolerable(IPAddress source)
    {
        long now = clock.NowMs;
        if (now - heardSinceMs >= PauseMs)
        {
            heard.Clear();
            heardSinceMs = now;
        }
        int count = heard.GetValueOrDefault(source);
        if (count >= DatagramsPerMinutePerSource || (count == 0 && heard.Count >= MaxSources)) return false;
        heard[source] = count + 1;
        return true;
    }

    private sealed class Entry(LocalDiscovery owner, Sha1Hash infoHash, Strand home, Action<IPEndPoint> onPeer)
    {
        public LocalDiscovery Owner { get; } = owner;

        public Sha1Hash InfoHash { get; } = infoHash;

        public long AnnouncedMs { get; set; } = long.MinValue / 2;

        public void Tell(IPEndPoint peer) => home.Enqueue(static s =>
        {
            (Action<IPEndPoint> tell, IPEndPoint peer) = ((Action<IPEndPoint>, IPEndPoint))s!;
            tell(peer);
        }, (onPeer, peer));
    }
}
