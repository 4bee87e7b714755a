using System.Net;
using System.Net.Sockets;
using Spate.Engine.Discovery;
using Spate.Engine.Ports;
using Spate.Engine.Runtime;
using Spate.Protocol;
using Spate.Protocol.Dht;

namespace Spate.Engine.Dht;

/// <summary>
/// The DHT of a session: a node for each address family (BEP 32, 45) on sockets of its own, all on one strand. Announces the
/// session's torrents and looks things up by hand. Safe to call from any thread.
/// </summary>
public sealed class DhtClient : IDisposable
{
    private const int MaxDatagram = KrpcLimits.MaxReceived + 1; // one more, to see that it was too long
    private const long TickMs = 1_000;
    private const long ResolveAgainMs = 60_000;
    private const int MaxNamedNodes = 64;

    private readonly INetwork network;
    private readonly NameCache names;
    private readonly IRandom random;
    private readonly ExternalAddress external;
    private readonly DhtOptions options;
    private readonly Action<Exception> onFault;
    private readonly MonotonicClock clock;
    private readonly Strand strand;
    private readonly ITimer timer;

    // All below belongs to the strand.
    private readonly List<Side> sides = [];
    private readonly List<DhtNode> nodes = [];
    private readonly DhtAnnounces announces;
    private readonly List<TaskCompletionSource> awaitingReady = [];
    private readonly Dictionary<DnsEndPoint, bool> named = []; // and whether it is everybody's
    private readonly CancellationTokenSource closing = new();
    private long tickMs, resolvedMs = long.MinValue / 2, armedMs = long.MaxValue;
    private string problem = "";
    private volatile DhtStatus status = new();
    private volatile int port4, port6;
    private bool disposed;

    /// <param name="network">The sockets.</param>
    /// <param name="names">For bootstrap nodes.</param>
    /// <param name="scheduler">Lends threads.</param>
    /// <param name="random">For ids, tokens and transaction ids.</param>
    /// <param name="time">The clock.</param>
    /// <param name="external">Hears where others see us, and says what our ids must fit (BEP 42).</param>
    /// <param name="options">The rest.</param>
    /// <param name="onFault">Told of bugs.</param>
    public DhtClient(
        INetwork network, NameCache names, IScheduler scheduler, IRandom random, TimeProvider time, ExternalAddress external,
        DhtOptions options, Action<Exception> onFault)
    {
        (this.network, this.names, this.random, this.external, this.options, this.onFault) = (network, names, random, external, options, onFault);
        clock = new MonotonicClock(time);
        announces = new DhtAnnounces(options, external, random, clock);
        strand = new Strand(scheduler, onFault) { TurnEnd = OnTurnEnd };
        timer = time.CreateTimer(
            static self => ((DhtClient)self!).strand.Enqueue(static s => ((DhtClient)s!).OnTimer(), self), this,
            Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        strand.Enqueue(static s => ((DhtClient)s!).Open(), this);
    }

    /// <summary>Our IPv4 port, for the <c>port</c> message to peers (BEP 5); 0 where there is none (yet).</summary>
    public int Port4 => port4;

    /// <summary>Our IPv6 port; 0 where there is none (yet).</summary>
    public int Port6 => port6;

    /// <summary>How it stands; renewed every second.</summary>
    public DhtStatus Status => status;

    /// <summary>Ends when enough nodes are known to look something up.</summary>
    public Task WhenReadyAsync(CancellationToken cancellation)
    {
        var promise = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        strand.Enqueue(_ =>
        {
            awaitingReady.Add(promise);
            CheckReady();
        });
        return promise.Task.WaitAsync(cancellation);
    }

    /// <summary>
    /// Begins to look a torrent up and to announce it. Never for private torrents (BEP 27).
    /// </summary>
    /// <param name="infoHash">The torrent.</param>
    /// <param name="port">Where we take connections.</param>
    /// <param name="home">The strand to tell of peers.</param>
    /// <param name="onPeers">Told of peers as they come, perhaps more than once of the same. Nobody has checked them.</param>
    public DhtTorrent Add(Sha1Hash infoHash, int port, Strand home, Action<IReadOnlyList<IPEndPoint>> onPeers)
    {
        var torrent = new DhtTorrent(infoHash, port, home, onPeers);
        strand.Enqueue(_ => announces.Add(torrent, clock.NowMs));
        return torrent;
    }

    /// <summary>Stops looking a torrent up.</summary>
    public void Remove(DhtTorrent torrent) => strand.Enqueue(_ =>
    {
        if (!torrent.IsRemoved) announces.Remove(torrent.InfoHash);
    });

    /// <summary>Looks a torrent up again as soon as it is its turn: it has just finished, or has no peers.</summary>
    public void Hurry(DhtTorrent torrent) => strand.Enqueue(_ => announces.Hurry(torrent.InfoHash, clock.NowMs));

    /// <summary>A peer said that it has a node there (the <c>port</c> message).</summary>
    public void AddNode(IPEndPoint endPoint) => strand.Enqueue(_ =>
    {
        foreach (DhtNode node in nodes) node.Try(Unwrapped(endPoint), clock.NowMs);
    });

    /// <summary>A torrent file or the user names a node; it is asked while too few are known.</summary>
    public void AddNode(string host, int port) => strand.Enqueue(_ =>
    {
        if (port is <= 0 or > 65_535 || named.Count >= MaxNamedNodes || !named.TryAdd(new DnsEndPoint(host, port), false)) return;
        _ = ResolveAsync(new DnsEndPoint(host, port), isRouter: false);
    });

    /// <summary>Asks a node whether it is there. Null when it does not answer.</summary>
    public async Task<DhtPong?> PingAsync(IPEndPoint endPoint, CancellationToken cancellation)
    {
        var ping = new PingOnce();
        strand.Enqueue(_ =>
        {
            DhtNode? node = nodes.Find(n => n.Family == Unwrapped(endPoint).AddressFamily);
            if (node is null || !node.Ping(Unwrapped(endPoint), ping, null, clock.NowMs)) ping.Promise.TrySetResult(null);
        });
        return await ping.Promise.Task.WaitAsync(cancellation);
    }

    /// <summary>Looks for peers of a torrent once.</summary>
    /// <param name="infoHash">The torrent.</param>
    /// <param name="announcePort">Where to say that we take connections; null to say nothing.</param>
    /// <param name="isSeed">What to say of us.</param>
    /// <param name="scrape">Also estimates the size of the swarm (BEP 33).</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<DhtPeers> GetPeersAsync(
        Sha1Hash infoHash, int? announcePort, bool isSeed, bool scrape, CancellationToken cancellation)
    {
        var peers = new HashSet<IPEndPoint>();
        byte[] seeds = new byte[ScrapeFilter.Size], others = new byte[ScrapeFilter.Size];
        int announced = 0;
        var goal = new LookupGoal { Method = KrpcMethod.GetPeers, Target = infoHash, Scrape = scrape, OnPeers = peers.UnionWith };
        DhtLookupResult looked = await LookUpAsync(goal, (node, lookup, over) =>
        {
            ScrapeFilter.Unite(seeds, lookup.SeedFilter);
            ScrapeFilter.Unite(others, lookup.PeerFilter);
            if (announcePort is not int port)
            {
                over();
                return;
            }
            new StoreRound(node, round =>
            {
                announced += round.Stored;
                over();
            }).Announce(lookup, port, isSeed, clock.NowMs);
        }, cancellation);
        return new DhtPeers
        {
            NodesAsked = looked.NodesAsked,
            NodesAnswered = looked.NodesAnswered,
            Closest = looked.Closest,
            Took = looked.Took,
            Peers = [.. peers],
            Seeds = ScrapeFilter.Estimate(seeds),
            Leechers = ScrapeFilter.Estimate(others),
            Announced = announced,
        };
    }

    /// <summary>Looks for an item (BEP 44).</summary>
    /// <param name="target">Its key: the hash of its value, or of public key and salt.</param>
    /// <param name="salt">The salt, which a mutable item can't be checked without.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<DhtGot> GetAsync(Sha1Hash target, ReadOnlyMemory<byte> salt, CancellationToken cancellation)
    {
        DhtItem? best = null;
        int copies = 0;
        var goal = new LookupGoal { Method = KrpcMethod.Get, Target = target, Salt = salt.ToArray() };
        DhtLookupResult looked = await LookUpAsync(goal, (_, lookup, over) =>
        {
            copies += lookup.Copies;
            if (lookup.Item is not null && (best is null || lookup.Item.Sequence > best.Sequence)) best = lookup.Item;
            over();
        }, cancellation);
        return new DhtGot
        {
            NodesAsked = looked.NodesAsked, NodesAnswered = looked.NodesAnswered, Closest = looked.Closest, Took = looked.Took,
            Item = best, Copies = copies,
        };
    }

    /// <summary>Puts an item (BEP 44). It lasts for two hours; put it again every hour to keep it.</summary>
    /// <param name="item">What to put.</param>
    /// <param name="cas">The version that must be the current one, or null.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<DhtPut> PutAsync(DhtItem item, long? cas, CancellationToken cancellation)
    {
        int stored = 0, refused = 0;
        long error = 0;
        var goal = new LookupGoal { Method = KrpcMethod.Get, Target = item.Target, Salt = item.Salt.ToArray() };
        DhtLookupResult looked = await LookUpAsync(goal, (node, lookup, over) =>
        {
            new StoreRound(node, round =>
            {
                stored += round.Stored;
                refused += round.Refused;
                if (round.LastError != 0) error = round.LastError;
                over();
            }).Put(lookup, item, cas, clock.NowMs);
        }, cancellation);
        return new DhtPut
        {
            NodesAsked = looked.NodesAsked, NodesAnswered = looked.NodesAnswered, Closest = looked.Closest, Took = looked.Took,
            Stored = stored, Refused = refused, LastError = (int)Math.Clamp(error, 0, int.MaxValue),
        };
    }

    /// <summary>Asks the nodes around a target of which torrents they know (BEP 51).</summary>
    public async Task<DhtSamples> SampleAsync(Sha1Hash target, CancellationToken cancellation)
    {
        var torrents = new HashSet<Sha1Hash>();
        long known = 0;
        var goal = new LookupGoal
        {
            Method = KrpcMethod.SampleInfohashes,
            Target = target,
            OnSamples = (_, some, count) =>
            {
                torrents.UnionWith(some);
                known += Math.Clamp(count, 0, int.MaxValue);
            },
        };
        DhtLookupResult looked = await LookUpAsync(goal, static (_, _, over) => over(), cancellation);
        return new DhtSamples
        {
            NodesAsked = looked.NodesAsked, NodesAnswered = looked.NodesAnswered, Closest = looked.Closest, Took = looked.Took,
            Torrents = [.. torrents], Known = known,
        };
    }

    /// <summary>What to give to <see cref="DhtOptions.State"/> in the next run.</summary>
    public Task<byte[]> SaveAsync()
    {
        var promise = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        strand.Enqueue(_ => promise.TrySetResult(Save()));
        return promise.Task;
    }

    /// <summary>Closes the sockets; lookups end with what they have.</summary>
    public void Dispose()
    {
        timer.Dispose();
        strand.Enqueue(static s => ((DhtClient)s!).Close(), this);
    }

    private static IPEndPoint Unwrapped(IPEndPoint endPoint) =>
        endPoint.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(endPoint.Address.MapToIPv4(), endPoint.Port) : endPoint;

    private void Open()
    {
        long now = clock.NowMs;
        DhtState state = DhtState.Read(options.State.Span);
        port4 = Open(options.Local4, state.Own4, state.Nodes4, external.V4, now);
        port6 = Open(options.Local6, state.Own6, state.Nodes6, external.V6, now);
        if (nodes.Count == 2) (nodes[0].Sibling, nodes[1].Sibling) = (nodes[1], nodes[0]);
        foreach (DnsEndPoint node in options.Nodes.Take(MaxNamedNodes)) named.TryAdd(node, false);
        foreach (DnsEndPoint node in options.BootstrapNodes.Take(MaxNamedNodes)) named.TryAdd(node, true);
        tickMs = now;
    }

    private int Open(IPEndPoint? local, NodeInfo? saved, IReadOnlyList<NodeInfo> known, IPAddress? seenAt, long now)
    {
        if (local is null) return 0;
        IDatagramSocket socket;
        try { socket = network.BindDatagram(local); }
        catch (IOException e)
        {
            if (nodes.Count == 0) problem = e.Message;
            return 0;
        }
        Sha1Hash id = saved is { } own && own.EndPoint.Equals(socket.Local) && (seenAt is null || NodeIds.IsValid(own.Id, seenAt)) ? own.Id
            : seenAt is not null ? NodeIds.For(seenAt, random) : NodeIds.Any(random);
        var node = new DhtNode(local.AddressFamily, id, options.Node, random, socket.Send, now)
        {
            OnExternalAddress = (claimed, voter) => external.Vote(claimed, voter),
            OnAnnounced = announces.OnAnnounced,
        };
        problem = "";
        nodes.Add(node);
        sides.Add(new Side(socket, node));
        foreach (NodeInfo info in known) node.Try(info.EndPoint, now);
        _ = ReceiveAsync(socket, node);
        return socket.Local.Port;
    }

    private async Task ReceiveAsync(IDatagramSocket socket, DhtNode node)
    {
        byte[] buffer = new byte[MaxDatagram];
        try
        {
            while (!disposed)
            {
                Datagram datagram = await socket.ReceiveAsync(buffer);
                node.OnDatagram(buffer.AsSpan(0, datagram.Length), datagram.Remote, clock.NowMs);
            }
        }
        catch (IOException) { } // the socket was disposed
        catch (Exception e) { onFault(e); } // a bug
    }

    private void OnTimer()
    {
        armedMs = long.MaxValue;
        if (disposed) return;
        long now = clock.NowMs;
        foreach (DhtNode node in nodes) node.Tick(now);
        if (now < tickMs) return;
        tickMs = now + TickMs;
        Tick(now);
    }

    private void Tick(long now)
    {
        FollowAddress(now);
        if (nodes.Exists(static n => n.Table.Count < RoutingTable.K) && now - resolvedMs >= ResolveAgainMs)
        {
            resolvedMs = now;
            foreach ((DnsEndPoint node, bool isRouter) in named) _ = ResolveAsync(node, isRouter);
        }
        announces.FollowNewcomers(nodes, now);
        announces.Publish();
        CheckReady();
        Publish(now);
    }

    // BEP 42: an id has to fit the address at which the world sees us.
    private void FollowAddress(long now)
    {
        foreach (DhtNode node in nodes)
        {
            IPAddress? seenAt = node.Family == AddressFamily.InterNetwork ? external.V4 : external.V6;
            if (seenAt is not null && !NodeIds.IsValid(node.Id, seenAt)) node.ChangeId(NodeIds.For(seenAt, random), now);
        }
    }

    private async Task ResolveAsync(DnsEndPoint name, bool isRouter)
    {
        try
        {
            foreach (IPAddress address in await names.ResolveAsync(name.Host, closing.Token))
            {
                IPEndPoint endPoint = Unwrapped(new IPEndPoint(address, name.Port));
                foreach (DhtNode node in nodes)
                {
                    if (isRouter) node.AddRouter(endPoint);
                    else node.AddEntry(endPoint);
                }
            }
        }
        catch (IOException e)
        {
            if (!nodes.Exists(static n => n.Table.Count > 0)) problem = e.Message;
        }
        catch (OperationCanceledException) { }
        catch (Exception e) { onFault(e); } // a bug
    }

    private void CheckReady()
    {
        if (awaitingReady.Count == 0 || !nodes.Exists(static n => n.IsReady)) return;
        foreach (TaskCompletionSource promise in awaitingReady) promise.TrySetResult();
        awaitingReady.Clear();
    }

    // Runs the lookup on every family that has nodes; for each that is done, more may be done before it is over.
    private Task<DhtLookupResult> LookUpAsync(LookupGoal goal, Action<DhtNode, Lookup, Action> onDone, CancellationToken cancellation)
    {
        var promise = new TaskCompletionSource<DhtLookupResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        strand.Enqueue(_ =>
        {
            long begin = clock.NowMs;
            List<DhtNode> able = nodes.FindAll(static n => n.Table.Count > 0);
            int left = Math.Max(1, able.Count);
            var all = new List<Lookup>();
            if (able.Count == 0 || disposed) Over();
            foreach (DhtNode node in able)
            {
                node.Find(goal, lookup =>
                {
                    all.Add(lookup);
                    onDone(node, lookup, Over);
                }, begin);
            }

            void Over()
            {
                if (--left > 0) return;
                promise.TrySetResult(new DhtLookupResult
                {
                    NodesAsked = all.Sum(static l => l.Asked),
                    NodesAnswered = all.Sum(static l => l.Answered),
                    Closest = [.. all.SelectMany(static l => l.Closest)],
                    Took = TimeSpan.FromMilliseconds(clock.NowMs - begin),
                });
            }
        });
        return promise.Task.WaitAsync(cancellation);
    }

    private byte[] Save()
    {
        DhtNode? four = nodes.Find(static n => n.Family == AddressFamily.InterNetwork);
        DhtNode? six = nodes.Find(static n => n.Family == AddressFamily.InterNetworkV6);
        return new DhtState { Own4 = Own(four), Own6 = Own(six), Nodes4 = Known(four), Nodes6 = Known(six) }.Write();

        NodeInfo? Own(DhtNode? node) => node is null ? null : new NodeInfo(node.Id, sides.Find(side => side.Node == node)!.Socket.Local);

        static List<NodeInfo> Known(DhtNode? node) =>
            node is null ? [] : [.. node.Table.Live.Where(static c => c.Fails == 0).OrderByDescending(static c => c.SeenMs).Select(static c => c.Info)];
    }

    private void Publish(long now)
    {
        DhtNode? four = nodes.Find(static n => n.Family == AddressFamily.InterNetwork);
        DhtNode? six = nodes.Find(static n => n.Family == AddressFamily.InterNetworkV6);
        bool isReady = nodes.Exists(static n => n.IsReady);
        status = new DhtStatus
        {
            Nodes4 = four?.Table.CountGood(now) ?? 0,
            Nodes6 = six?.Table.CountGood(now) ?? 0,
            IsReady = isReady,
            Lookups = nodes.Sum(static n => n.LookupCount),
            Torrents = announces.Count,
            StoredTorrents = nodes.Sum(static n => n.Peers.TorrentCount),
            StoredItems = nodes.Sum(static n => n.Items.Count),
            Counters4 = four is null ? null : four.Counters with { },
            Counters6 = six is null ? null : six.Counters with { },
            Problem = isReady ? "" : problem,
        };
    }

    // After each turn: what became possible begins, and the timer is set to when the first node, or the next second, wants it.
    private void OnTurnEnd()
    {
        if (disposed || nodes.Count == 0) return;
        long now = clock.NowMs;
        announces.Pump(nodes, now);
        CheckReady();
        if (!status.IsReady && nodes.Exists(static n => n.IsReady)) Publish(now);
        long next = tickMs;
        foreach (DhtNode node in nodes) next = Math.Min(next, node.NextTimerMs);
        if (next >= armedMs) return;
        armedMs = next;
        timer.Change(TimeSpan.FromMilliseconds(Math.Max(1, next - now)), Timeout.InfiniteTimeSpan);
    }

    private void Close()
    {
        if (disposed) return;
        disposed = true;
        closing.Cancel();
        foreach (DhtNode node in nodes) node.Close(clock.NowMs);
        foreach (Side side in sides) side.Socket.Dispose();
        foreach (TaskCompletionSource promise in awaitingReady) promise.TrySetCanceled();
        awaitingReady.Clear();
        nodes.Clear();
        closing.Dispose();
    }

    private sealed record Side(IDatagramSocket Socket, DhtNode Node);

    private sealed class PingOnce : IDhtAsker
    {
        public TaskCompletionSource<DhtPong?> Promise { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void OnAnswer(DhtQuery query, in KrpcMessage answer, long nowMs) => Promise.TrySetResult(
            new DhtPong(new Sha1Hash(answer.Id), TimeSpan.FromMilliseconds(nowMs - query.SentMs), answer.Version.ToArray()));

        public void OnRefusal(DhtQuery query, in KrpcMessage error, long nowMs) => Promise.TrySetResult(null);

        public void OnSlow(DhtQuery query, long nowMs) { }

        public void OnTimeout(DhtQuery query, long nowMs) => Promise.TrySetResult(null);
    }
}
