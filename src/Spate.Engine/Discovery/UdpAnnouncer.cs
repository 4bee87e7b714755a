using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Spate.Engine.Ports;
using Spate.Engine.Runtime;
using Spate.Protocol;
using Spate.Protocol.Trackers;

namespace Spate.Engine.Discovery;

/// <summary>How a session announces over UDP.</summary>
public sealed record UdpAnnouncerOptions
{
    /// <summary>Where to send from over IPv4; null for not at all.</summary>
    public IPAddress? Local4 { get; init; } = IPAddress.Any;

    /// <summary>Where to send from over IPv6; null for not at all.</summary>
    public IPAddress? Local6 { get; init; } = IPAddress.IPv6Any;

    /// <summary>Time for one announce, the connect before it included.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Time after which a packet is sent again; doubles each time (BEP 15).</summary>
    public TimeSpan Retransmit { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Peers taken from one answer at most.</summary>
    public int MaxPeers { get; init; } = 2000;
}

/// <summary>
/// Announces over UDP (BEP 15, 41): one socket for each address family, shared by all torrents, on a strand of its own. A
/// connection id is asked for once for all announces that wait for it, and used for a minute.
/// </summary>
public sealed class UdpAnnouncer : ITrackerClient, IDisposable
{
    private const int MaxDatagram = 16 * 1024;
    private const int MaxUrlData = 1024; // an announce with it and a scrape of 74 both fit the packet below
    private const int MaxExchanges = 4096;
    private static readonly TimeSpan tick = TimeSpan.FromMilliseconds(500);

    private readonly INetwork network;
    private readonly NameCache names;
    private readonly IRandom random;
    private readonly TimeProvider time;
    private readonly MonotonicClock clock;
    private readonly UdpAnnouncerOptions options;
    private readonly Strand strand;
    private readonly Action<Exception> onFault;
    private readonly ITimer timer;

    // All below belongs to the strand.
    private readonly Dictionary<IPEndPoint, TrackerEndPoint> endPoints = [];
    private readonly Dictionary<uint, UdpExchange> onTheWire = [];
    private readonly byte[] packet = new byte[2048];
    private IDatagramSocket? socket4, socket6;
    private bool ticking, disposed;

    public UdpAnnouncer(
        INetwork network, NameCache names, IScheduler scheduler, IRandom random, TimeProvider time, Action<Exception> onFault,
        UdpAnnouncerOptions? options = null)
    {
        (this.network, this.names, this.random, this.time, this.onFault) = (network, names, random, time, onFault);
        this.options = options ?? new UdpAnnouncerOptions();
        clock = new MonotonicClock(time);
        strand = new Strand(scheduler, onFault);
        timer = time.CreateTimer(
            static self => ((UdpAnnouncer)self!).strand.Enqueue(static s => ((UdpAnnouncer)s!).Tick(), self), this,
            Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public bool CanReach(Uri tracker) => tracker.Scheme == "udp" && tracker.Port > 0;

    /// <inheritdoc/>
    public async ValueTask<AnnounceAnswer> AnnounceAsync(Uri tracker, AnnounceRequest request, CancellationToken cancellation)
    {
        (IPEndPoint? v4, IPEndPoint? v6) = await EndPointsOfAsync(tracker, cancellation);
        byte[] urlData = UrlDataOf(tracker);
        if (v4 is not null && v6 is not null)
        {
            return await MergedAnswers.OfBothAsync(
                token => AskAsync(tracker, v4, new UdpExchange.Announce(request, urlData), token),
                token => AskAsync(tracker, v6, new UdpExchange.Announce(request, urlData), token), time, cancellation);
        }
        return await AskAsync(tracker, (v4 ?? v6)!, new UdpExchange.Announce(request, urlData), cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask<ScrapeEntry?[]> ScrapeAsync(Uri tracker, ReadOnlyMemory<Sha1Hash> infoHashes, CancellationToken cancellation)
    {
        (IPEndPoint? v4, IPEndPoint? v6) = await EndPointsOfAsync(tracker, cancellation);
        var result = new ScrapeEntry?[infoHashes.Length];
        for (int from = 0; from < result.Length; from += UdpTracker.MaxScrapeHashes)
        {
            ReadOnlyMemory<Sha1Hash> some = infoHashes.Slice(from, Math.Min(UdpTracker.MaxScrapeHashes, result.Length - from));
            var scrape = new UdpExchange.Scrape(some);
            await AskAsync(tracker, (v4 ?? v6)!, scrape, cancellation);
            for (int i = 0; i < scrape.Count; i++) result[from + i] = scrape.Entries[i];
        }
        return result;
    }

    /// <summary>Closes the sockets; what is under way fails.</summary>
    public void Dispose()
    {
        timer.Dispose();
        strand.Enqueue(static s => ((UdpAnnouncer)s!).Close(), this);
    }

    private async ValueTask<(IPEndPoint? V4, IPEndPoint? V6)> EndPointsOfAsync(Uri tracker, CancellationToken cancellation)
    {
        IReadOnlyList<IPAddress> addresses = await names.ResolveAsync(tracker.DnsSafeHost, cancellation);
        IPAddress? v4 = options.Local4 is null ? null : addresses.FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork);
        IPAddress? v6 = options.Local6 is null ? null : addresses.FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetworkV6);
        if (v4 is null && v6 is null) throw new IOException($"The tracker {tracker.Host} has no address that we can send to.");
        return (v4 is null ? null : new IPEndPoint(v4, tracker.Port), v6 is null ? null : new IPEndPoint(v6, tracker.Port));
    }

    private static byte[] UrlDataOf(Uri tracker)
    {
        if (tracker.PathAndQuery is "" or "/") return [];
        byte[] data = Encoding.ASCII.GetBytes(tracker.PathAndQuery);
        return data.Length <= MaxUrlData ? data
            : throw new IOException($"The URL of the tracker {tracker.Host} is too long to be sent in a datagram.");
    }

    private async ValueTask<AnnounceAnswer> AskAsync(Uri tracker, IPEndPoint endPoint, UdpExchange exchange, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        exchange.Owner = this;
        exchange.Tracker = tracker;
        exchange.EndPoint = endPoint;
        strand.Enqueue(static e => ((UdpExchange)e!).Owner.Start((UdpExchange)e), exchange);
        await using CancellationTokenRegistration registration = cancellation.UnsafeRegister(static e =>
        {
            var gone = (UdpExchange)e!;
            gone.Owner.strand.Enqueue(static e => ((UdpExchange)e!).Owner.Cancel((UdpExchange)e), gone);
        }, exchange);
        AnnounceAnswer answer = await exchange.Promise.Task;
        cancellation.ThrowIfCancellationRequested();
        return answer;
    }

    private void Start(UdpExchange exchange)
    {
        if (disposed)
        {
            exchange.Fail("The session is closing.");
            return;
        }
        if (onTheWire.Count >= MaxExchanges)
        {
            exchange.Fail("Too many announces are under way.");
            return;
        }
        IDatagramSocket? socket = SocketFor(exchange.EndPoint.AddressFamily, out string? problem);
        if (socket is null)
        {
            exchange.Fail(problem!);
            return;
        }
        long now = clock.NowMs;
        exchange.DeadlineMs = now + (long)options.Timeout.TotalMilliseconds;
        if (!endPoints.TryGetValue(exchange.EndPoint, out TrackerEndPoint? endPoint))
        {
            endPoint = new TrackerEndPoint(exchange.EndPoint, socket);
            endPoints.Add(exchange.EndPoint, endPoint);
        }
        exchange.At = endPoint;
        Proceed(exchange, now);
        if (ticking) return;
        ticking = true;
        timer.Change(tick, tick);
    }

    // Sends the request where there is a connection id, or waits for one.
    private void Proceed(UdpExchange exchange, long now)
    {
        TrackerEndPoint at = exchange.At;
        if (now < at.IdExpiresMs)
        {
            exchange.UsesOldId = at.IdGivenMs < now;
            SendRequest(exchange, now);
            return;
        }
        exchange.Withdraw(onTheWire);
        at.Waiting.Add(exchange);
        if (at.Waiting.Count > 1) return; // somebody has asked already
        at.ConnectAttempt = 0;
        at.ConnectTransaction = NewTransaction();
        SendConnect(at, now);
    }

    private void SendConnect(TrackerEndPoint at, long now)
    {
        at.ConnectNextMs = now + ((long)options.Retransmit.TotalMilliseconds << Math.Min(at.ConnectAttempt++, 8));
        int length = UdpRequestWriter.WriteConnect(packet, at.ConnectTransaction);
        at.Socket.Send(packet.AsSpan(0, length), at.EndPoint);
    }

    private void SendRequest(UdpExchange exchange, long now)
    {
        if (exchange.Transaction is null)
        {
            uint transaction = NewTransaction();
            exchange.Transaction = transaction;
            onTheWire.Add(transaction, exchange);
        }
        exchange.NextMs = now + ((long)options.Retransmit.TotalMilliseconds << Math.Min(exchange.Attempt++, 8));
        int length = exchange.Write(packet, exchange.At.ConnectionId, exchange.Transaction.Value);
        exchange.At.Socket.Send(packet.AsSpan(0, length), exchange.EndPoint);
    }

    private void OnDatagram(ReadOnlySpan<byte> datagram, IPEndPoint from)
    {
        // An answer counts only from where the question went: somebody who guesses a transaction id must also sit on that address.
        if (!endPoints.TryGetValue(from, out TrackerEndPoint? at) || !UdpAnswer.TryRead(datagram, out UdpAnswer answer)) return;
        long now = clock.NowMs;
        if (at.Waiting.Count > 0 && answer.TransactionId == at.ConnectTransaction)
        {
            OnConnectAnswer(at, answer, now);
            return;
        }
        if (!onTheWire.TryGetValue(answer.TransactionId, out UdpExchange? exchange) || exchange.At != at) return;
        if (answer.Action == UdpTrackerAction.Error && exchange.UsesOldId)
        {
            // Most likely the id is one that the tracker has forgotten: once more, with a new one.
            exchange.UsesOldId = false;
            at.IdExpiresMs = long.MinValue;
            exchange.Attempt = 0;
            Proceed(exchange, now);
            return;
        }
        if (!exchange.Read(answer, isIPv6: at.EndPoint.AddressFamily == AddressFamily.InterNetworkV6, options.MaxPeers)) return;
        exchange.Withdraw(onTheWire);
    }

    private void OnConnectAnswer(TrackerEndPoint at, UdpAnswer answer, long now)
    {
        UdpExchange[] waiting;
        if (answer.TryReadConnect(out ulong id))
        {
            at.ConnectionId = id;
            at.IdGivenMs = now;
            at.IdExpiresMs = now + (long)UdpTracker.ConnectionIdClientLifetime.TotalMilliseconds;
            waiting = at.TakeWaiting();
            foreach (UdpExchange exchange in waiting) Proceed(exchange, now);
        }
        else if (answer.Action == UdpTrackerAction.Error)
        {
            string message = answer.Message;
            waiting = at.TakeWaiting();
            foreach (UdpExchange exchange in waiting) exchange.Refuse(message);
        }
    }

    private void Tick()
    {
        if (disposed) return;
        long now = clock.NowMs;
        foreach (UdpExchange exchange in onTheWire.Values.ToArray())
        {
            if (now >= exchange.DeadlineMs) GiveUp(exchange);
            else if (now < exchange.NextMs) continue;
            else if (now < exchange.At.IdExpiresMs) SendRequest(exchange, now);
            else Proceed(exchange, now);
        }
        foreach (TrackerEndPoint at in endPoints.Values.ToArray())
        {
            foreach (UdpExchange exchange in at.Waiting.ToArray())
            {
                if (now >= exchange.DeadlineMs) GiveUp(exchange);
            }
            if (at.Waiting.Count > 0)
            {
                if (now >= at.ConnectNextMs) SendConnect(at, now);
            }
            else if (now >= at.IdExpiresMs && !onTheWire.Values.Any(e => e.At == at)) endPoints.Remove(at.EndPoint);
        }
        if (endPoints.Count > 0) return;
        ticking = false;
        timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private void GiveUp(UdpExchange exchange)
    {
        Forget(exchange);
        names.Demote(exchange.Tracker.DnsSafeHost, exchange.EndPoint.Address);
        exchange.Fail($"The tracker {exchange.Tracker.Host} ({exchange.EndPoint}) did not answer within {options.Timeout.TotalSeconds:0} s.");
    }

    private void Cancel(UdpExchange exchange)
    {
        Forget(exchange);
        exchange.Promise.TrySetCanceled();
    }

    private void Forget(UdpExchange exchange)
    {
        exchange.Withdraw(onTheWire);
        exchange.At?.Waiting.Remove(exchange);
    }

    private IDatagramSocket? SocketFor(AddressFamily family, out string? problem)
    {
        ref IDatagramSocket? socket = ref family == AddressFamily.InterNetwork ? ref socket4 : ref socket6;
        problem = null;
        if (socket is not null) return socket;
        IPAddress local = (family == AddressFamily.InterNetwork ? options.Local4 : options.Local6)!;
        try { socket = network.BindDatagram(new IPEndPoint(local, 0)); }
        catch (IOException e)
        {
            problem = e.Message;
            return null;
        }
        _ = ReceiveAsync(socket);
        return socket;
    }

    private async Task ReceiveAsync(IDatagramSocket socket)
    {
        byte[] buffer = new byte[MaxDatagram];
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

    private void Close()
    {
        disposed = true;
        foreach (UdpExchange exchange in onTheWire.Values.Concat(endPoints.Values.SelectMany(e => e.Waiting)).ToArray())
            exchange.Fail("The session is closing.");
        onTheWire.Clear();
        endPoints.Clear();
        socket4?.Dispose();
        socket6?.Dispose();
    }

    private uint NewTransaction()
    {
        uint transaction = 0;
        do random.Fill(MemoryMarshal.AsBytes(new Span<uint>(ref transaction)));
        while (onTheWire.ContainsKey(transaction));
        return transaction;
    }
}
