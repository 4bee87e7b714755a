namespace Spate.Engine.Discovery;

/// <summary>How urgent an announce is: the more urgent ones of the same host go first.</summary>
public enum AnnounceUrgency
{
    /// <summary>A torrent stops: neither the rate nor the host's places hold it up.</summary>
    Stopping,

    /// <summary>The user asked.</summary>
    Forced,

    /// <summary>The first announce, or a completed download.</summary>
    Event,

    /// <summary>The interval has passed.</summary>
    Regular,
}

/// <summary>How many announces a session sends at once.</summary>
public sealed record AnnounceGateOptions
{
    /// <summary>HTTP announces under way at most.</summary>
    public int HttpConcurrency { get; init; } = 50;

    /// <summary>HTTP announces under way to the same host at most.</summary>
    public int HttpConcurrencyPerHost { get; init; } = 10;

    /// <summary>UDP announces under way at most.</summary>
    public int UdpConcurrency { get; init; } = 500;

    /// <summary>UDP announces under way to the same host at most.</summary>
    public int UdpConcurrencyPerHost { get; init; } = 100;

    /// <summary>Announces of stopping torrents under way at most, beside all others.</summary>
    public int StoppingConcurrency { get; init; } = 250;

    /// <summary>Announces that may start each second to the same host.</summary>
    public double StartsPerSecondPerHost { get; init; } = 50;
}

/// <summary>
/// Lets the announces of all torrents of a session through in an order that is fair to hosts and kind to them: limited in number
/// and rate for each host, hosts in turn, and a host that does not answer gets one announce at a time until it does. So thousands
/// of torrents that start together neither storm a tracker nor wait behind a dead one. Safe to call from any thread.
/// </summary>
public sealed class AnnounceGate : IDisposable
{
    // Hosts beyond this number are forgotten while nothing goes on with them.
    private const int MaxIdleHosts = 256;

    // After so many announces without an answer, a host is asked one at a time.
    private const int SilentAfter = 3;

    private readonly TimeProvider time;
    private readonly AnnounceGateOptions options;
    private readonly Lock gate = new(); // a few per second, never on a path of data
    private readonly Dictionary<string, Host> hosts = [];
    private readonly List<Host> turn = []; // hosts with someone waiting
    private readonly ITimer wake;
    private int cursor;
    private int http, udp, stopping;
    private bool wakeIsSet;

    /// <param name="time">For the rate.</param>
    /// <param name="options">The limits; null for the defaults.</param>
    public AnnounceGate(TimeProvider time, AnnounceGateOptions? options = null)
    {
        this.time = time;
        this.options = options ?? new AnnounceGateOptions();
        wake = time.CreateTimer(static gate => ((AnnounceGate)gate!).OnWake(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Announces that wait for their turn.</summary>
    public int WaitingCount
    {
        get { lock (gate) return turn.Sum(h => h.Waiting.Count); }
    }

    /// <summary>Waits for the announce's turn. Dispose the pass when the answer is there or the attempt has failed.</summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<AnnouncePass> EnterAsync(Uri tracker, AnnounceUrgency urgency, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        Ticket ticket;
        lock (gate)
        {
            Host host = HostOf(tracker);
            ticket = new Ticket(this, host, urgency);
            host.Waiting.Enqueue(ticket, ((int)urgency, host.Sequence++));
            if (host.Waiting.Count == 1) turn.Add(host);
            Admit();
        }
        using CancellationTokenRegistration registration = cancellation.UnsafeRegister(
            static (t, token) => ((Ticket)t!).Cancel(token), ticket);
        return await ticket.Promise.Task;
    }

    /// <summary>Ends the clock. Who waits still, waits until he gives up.</summary>
    public void Dispose() => wake.Dispose();

    internal void Leave(AnnouncePass pass)
    {
        lock (gate)
        {
            Host host = pass.Host;
            if (pass.IsStopping) stopping--;
            else
            {
                host.Running--;
                if (host.IsHttp) http--;
                else udp--;
            }
            if (pass.Answered) host.Silent = 0;
            else if (!pass.GaveUp && !pass.IsStopping) host.Silent++;
            Admit();
        }
    }

    private void OnWake()
    {
        lock (gate)
        {
            wakeIsSet = false;
            Admit();
        }
    }

    // One round after the other over the hosts with someone waiting, one announce for each, until nobody can go any more.
    private void Admit()
    {
        long now = time.GetTimestamp();
        bool any = true;
        bool rateIsFull = false;
        while (any && turn.Count > 0)
        {
            any = false;
            for (int left = turn.Count; left > 0 && turn.Count > 0; left--)
            {
                if (cursor >= turn.Count) cursor = 0;
                Host host = turn[cursor];
                if (TryAdmit(host, now, ref rateIsFull)) any = true;
                if (host.Waiting.Count == 0) turn.RemoveAt(cursor);
                else cursor++;
            }
        }
        if (!rateIsFull || wakeIsSet) return;
        wakeIsSet = true;
        wake.Change(TimeSpan.FromMilliseconds(100), Timeout.InfiniteTimeSpan);
    }

    private bool TryAdmit(Host host, long now, ref bool rateIsFull)
    {
        while (host.Waiting.TryPeek(out Ticket? gone, out _) && gone.Promise.Task.IsCompleted)
        {
            host.Waiting.Dequeue();
            host.Cancelled--;
        }
        if (!host.Waiting.TryPeek(out Ticket? ticket, out _)) return false;

        bool isStopping = ticket.Urgency == AnnounceUrgency.Stopping;
        if (isStopping)
        {
            if (stopping >= options.StoppingConcurrency) return false;
        }
        else
        {
            int perHost = host.IsHttp ? options.HttpConcurrencyPerHost : options.UdpConcurrencyPerHost;
            if (host.Silent >= SilentAfter) perHost = 1;
            if (host.Running >= perHost) return false;
            if (host.IsHttp ? http >= options.HttpConcurrency : udp >= options.UdpConcurrency) return false;
            if (!host.TryStart(time.GetElapsedTime(host.RefilledAt, now).TotalSeconds, now, options.StartsPerSecondPerHost))
            {
                rateIsFull = true;
                return false;
            }
        }

        host.Waiting.Dequeue();
        var pass = new AnnouncePass(this, host, isStopping);
        if (!ticket.Promise.TrySetResult(pass)) return true; // cancelled this very moment; the next round goes on
        if (isStopping) stopping++;
        else
        {
            host.Running++;
            if (host.IsHttp) http++;
            else udp++;
        }
        return true;
    }

    private Host HostOf(Uri tracker)
    {
        string key = $"{tracker.Scheme}://{tracker.Host}:{tracker.Port}";
        if (hosts.TryGetValue(key, out Host? host)) return host;
        if (hosts.Count >= MaxIdleHosts)
        {
            foreach ((string name, Host idle) in hosts.Where(h => h.Value.Running == 0 && h.Value.Waiting.Count == 0).ToArray()) hosts.Remove(name);
        }
        host = new Host(isHttp: tracker.Scheme != "udp", time.GetTimestamp(), options.StartsPerSecondPerHost);
        hosts.Add(key, host);
        return host;
    }

    // A torrent that started and stopped again: its ticket leaves when its turn comes, or with many others at once.
    private void OnCancelled(Host host)
    {
        lock (gate)
        {
            if (++host.Cancelled < 64 || host.Cancelled * 2 < host.Waiting.Count) return;
            var live = host.Waiting.UnorderedItems.Where(t => !t.Element.Promise.Task.IsCompleted).ToArray();
            host.Waiting.Clear();
            host.Waiting.EnqueueRange(live);
            host.Cancelled = 0;
            if (host.Waiting.Count == 0) turn.Remove(host);
        }
    }

    internal sealed class Ticket(AnnounceGate gate, Host host, AnnounceUrgency urgency)
    {
        public AnnounceUrgency Urgency { get; } = urgency;

        // Completes by posting to the strand that waits, never inside of Admit.
        public TaskCompletionSource<AnnouncePass> Promise { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Cancel(CancellationToken token)
        {
            if (Promise.TrySetCanceled(token)) gate.OnCancelled(host);
        }
    }

    internal sealed class Host(bool isHttp, long now, double startsPerSecond)
    {
        private double tokens = startsPerSecond;

        public bool IsHttp { get; } = isHttp;

        public PriorityQueue<Ticket, (int Urgency, long Sequence)> Waiting { get; } = new();

        public long Sequence { get; set; }

        public int Cancelled { get; set; }

        public int Running { get; set; }

        public int Silent { get; set; }

        public long RefilledAt { get; private set; } = now;

        public bool TryStart(double seconds, long now, double perSecond)
        {
            tokens = Math.Min(perSecond, tokens + seconds * perSecond);
            RefilledAt = now;
            if (tokens < 1) return false;
            tokens--;
            return true;
        }
    }
}

/// <summary>The right to announce; dispose it afterwards.</summary>
public sealed class AnnouncePass : IDisposable
{
    private readonly AnnounceGate gate;
    private bool left;

    internal AnnouncePass(AnnounceGate gate, AnnounceGate.Host host, bool isStopping)
    {
        (this.gate, Host, IsStopping) = (gate, host, isStopping);
    }

    /// <summary>Set it when the host answered, whatever it said.</summary>
    public bool Answered { get; set; }

    /// <summary>Set it when the attempt was given up before the host had its time to answer.</summary>
    public bool GaveUp { get; set; }

    internal AnnounceGate.Host Host { get; }

    internal bool IsStopping { get; }

    /// <summary>Makes place for the next one.</summary>
    public void Dispose()
    {
        if (left) return;
        left = true;
        gate.Leave(this);
    }
}
