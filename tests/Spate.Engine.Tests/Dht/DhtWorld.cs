using System.Net;
using System.Net.Sockets;
using Spate.Engine.Dht;
using Spate.Engine.Ports;
using Spate.Protocol;

namespace Spate.Engine.Tests.Dht;

/// <summary>
/// DHT nodes on one thread, each with an address of its own somewhere on the Internet, with a clock that jumps to the next event.
/// The same seed gives the same run.
/// </summary>
internal sealed class DhtWorld(int seed) : IRandom
{
    private readonly PriorityQueue<Action, (long At, long Order)> events = new();
    private readonly Dictionary<IPEndPoint, DhtHost> hosts = [];
    private readonly Random random = new(seed);
    private long order;

    public long NowMs { get; private set; } = 1_000_000;

    /// <summary>Part of the datagrams that get lost.</summary>
    public double Loss { get; set; }

    public long Datagrams { get; private set; }

    /// <summary>Told of every datagram: from, to, length.</summary>
    public Action<IPEndPoint, IPEndPoint, int>? OnSent { get; set; }

    public bool IsThere(IPEndPoint at) => hosts.ContainsKey(at);

    public IReadOnlyCollection<DhtHost> Hosts => hosts.Values;

    public void Fill(Span<byte> bytes) => random.NextBytes(bytes);

    public int Next(int limit) => random.Next(limit);

    /// <summary>An address that nobody has, in a network that nobody is in.</summary>
    public IPEndPoint FreshAddress()
    {
        while (true)
        {
            byte[] bytes = new byte[4];
            random.NextBytes(bytes);
            if (bytes[0] is 0 or 10 or 100 or 127 or 169 or 172 or 192 or >= 224) continue;
            var at = new IPEndPoint(new IPAddress(bytes), 1 + random.Next(65_535));
            if (!hosts.ContainsKey(at)) return at;
        }
    }

    /// <summary>A node with an id that fits its address, or with the one given.</summary>
    public DhtHost AddNode(IPEndPoint? at = null, Sha1Hash? id = null, DhtNodeOptions? options = null)
    {
        at ??= FreshAddress();
        var host = new DhtHost(this, at, id ?? NodeIds.For(at.Address, this), options ?? new DhtNodeOptions());
        hosts.Add(at, host);
        host.Arm();
        return host;
    }

    public void Remove(DhtHost host)
    {
        hosts.Remove(host.At);
        host.IsGone = true;
    }

    public void At(long ms, Action action) => events.Enqueue(action, (Math.Max(ms, NowMs), order++));

    public void Send(IPEndPoint from, IPEndPoint to, ReadOnlySpan<byte> datagram)
    {
        Datagrams++;
        OnSent?.Invoke(from, to, datagram.Length);
        if (random.NextDouble() < Loss) return;
        byte[] copy = datagram.ToArray();
        // Every pair of hosts has its own distance, the same both ways.
        int latency = 10 + (from.GetHashCode() ^ to.GetHashCode() & 0x7fffffff) % 100;
        At(NowMs + Math.Abs(latency), () =>
        {
            if (hosts.TryGetValue(to, out DhtHost? host)) host.Receive(copy, from);
        });
    }

    public void Run(long ms)
    {
        long end = NowMs + ms;
        while (events.TryPeek(out _, out (long At, long Order) next) && next.At <= end)
        {
            Action action = events.Dequeue();
            NowMs = next.At;
            action();
        }
        NowMs = end;
    }

    public bool RunUntil(Func<bool> condition, long atMostMs)
    {
        long end = NowMs + atMostMs;
        while (!condition() && events.TryPeek(out _, out (long At, long Order) next) && next.At <= end)
        {
            Action action = events.Dequeue();
            NowMs = next.At;
            action();
        }
        return condition();
    }
}

/// <summary>One node in a <see cref="DhtWorld"/>.</summary>
internal sealed class DhtHost
{
    private readonly DhtWorld world;
    private long armedMs = long.MaxValue;

    public DhtHost(DhtWorld world, IPEndPoint at, Sha1Hash id, DhtNodeOptions options)
    {
        this.world = world;
        At = at;
        Node = new DhtNode(at.AddressFamily, id, options, world, (datagram, to) =>
        {
            if (!IsSilent) world.Send(At, to, datagram);
        }, world.NowMs);
    }

    public IPEndPoint At { get; }

    public DhtNode Node { get; }

    public long NowMs => world.NowMs;

    public bool IsGone { get; set; }

    /// <summary>Never answers.</summary>
    public bool IsSilent { get; set; }

    /// <summary>Does something else with what it receives; false to do the usual.</summary>
    public Func<byte[], IPEndPoint, bool>? Twist { get; set; }

    public void Receive(byte[] datagram, IPEndPoint from)
    {
        if (IsGone || Twist?.Invoke(datagram, from) == true) return;
        Node.OnDatagram(datagram, from, world.NowMs);
        Arm();
    }

    public void Do(Action<DhtNode> action)
    {
        action(Node);
        Arm();
    }

    public void Arm()
    {
        long next = Node.NextTimerMs;
        if (next >= armedMs) return;
        armedMs = next;
        world.At(next, () =>
        {
            if (armedMs != next) return; // armed for earlier since
            armedMs = long.MaxValue;
            if (IsGone) return;
            Node.Tick(world.NowMs);
            Arm();
        });
    }
}
