using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Spate.Engine.Discovery;
using Spate.Engine.Ports;
using Spate.Protocol;
using Spate.Protocol.Bencode;
using Spate.Protocol.Dht;

namespace Spate.Engine.Dht;

/// <summary>
/// One node of the DHT: one address of one family (BEP 5, 32, 45). It knows no sockets and no clock: datagrams and the time go in,
/// datagrams come out, and <see cref="NextTimerMs"/> says when it wants to be called again.
/// </summary>
internal sealed class DhtNode
{
    /// <summary>Bytes of a ping of ours.</summary>
    public const int PingSize = 68;

    private const long MaintenanceMs = 1_000;
    private const long CheckEveryMs = 5_000;
    private const long CheckOlderThanMs = 10 * 60_000;
    private const long TryAgainMs = 5 * 60_000;
    private const long RefreshMs = 15 * 60_000;
    private const long SelfLookupMs = 10 * 60_000;
    private const long FirstSelfLookupMs = 2_000;
    private const long ExpireMs = 60_000;
    private const int EnoughNodes = RoutingTable.K;
    private const int MaxOwnPeers = 100;
    private const long BootstrapFirstPauseMs = 5_000;
    private const long BootstrapMostPauseMs = 5 * 60_000;
    private const long BootstrapAlonePauseMs = 20_000;
    private const int MaxNamed = 64;

    private readonly DhtNodeOptions options;
    private readonly IRandom random;
    private readonly DhtSend send;
    private readonly Transactions transactions;
    private readonly SourceLimiter limiter;
    private readonly VerifiedSources verified = new();
    private readonly KnockLimiter knocks = new(burst: 20, perMinute: 6);
    private readonly DhtResponder responder;
    private readonly List<Lookup> lookups = [];
    private readonly HashSet<IPEndPoint> routers = [], entries = [];
    private readonly BencodeWriter writer = new(KrpcLimits.MaxSentWithItem);
    private readonly Maintenance maintenance;
    private RoutingTable table;
    private Lookup? ownLookup;
    private long maintainMs, checkMs, selfMs, expireMs, bootstrapMs, bootstrapPauseMs = BootstrapFirstPauseMs;
    private int maintenanceLookups;

    public DhtNode(AddressFamily family, Sha1Hash id, DhtNodeOptions options, IRandom random, DhtSend send, long nowMs)
    {
        (Family, Id, this.options, this.random, this.send) = (family, id, options, random, send);
        table = new RoutingTable(id);
        transactions = new Transactions(random);
        limiter = new SourceLimiter(options.QueriesPerSecond, options.QueryBurst);
        Peers = new PeerStore(random) { Self = id };
        Items = new ItemStore { Self = id };
        responder = new DhtResponder(this, Peers, Items, verified, random, nowMs);
        maintenance = new Maintenance(this);
        maintainMs = bootstrapMs = nowMs;
        selfMs = nowMs + FirstSelfLookupMs;
        expireMs = nowMs + ExpireMs;
    }

    public AddressFamily Family { get; }

    /// <summary>Our id; changes when we learn that our address asks for another one (BEP 42).</summary>
    public Sha1Hash Id { get; private set; }

    public bool IsReadOnly => options.ReadOnly;

    public ReadOnlySpan<byte> Version => options.Version.Span;

    public PeerStore Peers { get; }

    public ItemStore Items { get; }

    public DhtCounters Counters { get; } = new();

    public RoutingTable Table => table;

    /// <summary>Told of peers that others announce to us, as they come.</summary>
    public Action<Sha1Hash, IPEndPoint>? OnAnnounced { get; set; }

    /// <summary>The node of the other family, whose nodes those who ask for them are told (BEP 32).</summary>
    public DhtNode? Sibling { get; set; }

    /// <summary>Told what address others see us at (BEP 42), and who says so.</summary>
    public Action<IPAddress, IPAddress>? OnExternalAddress { get; set; }

    /// <summary>Which nodes our queries ask for: those of the other family as well while it is short of them.</summary>
    public KrpcWant Wants => Sibling is not null && Sibling.table.Count < 4 * RoutingTable.K ? KrpcWant.V4 | KrpcWant.V6 : KrpcWant.Unsaid;

    /// <summary>True once enough nodes are known to look anything up.</summary>
    public bool IsReady => table.Count >= EnoughNodes || (table.Count > 0 && HasBootstrapped);

    /// <summary>True once a first lookup of our own id has ended.</summary>
    public bool HasBootstrapped { get; private set; }

    /// <summary>Lookups under way, those of maintenance among them.</summary>
    public int LookupCount => lookups.Count;

    /// <summary>When <see cref="Tick"/> wants to be called, at the latest.</summary>
    public long NextTimerMs
    {
        get
        {
            long next = Math.Min(maintainMs, transactions.NextMs);
            foreach (Lookup lookup in lookups) next = Math.Min(next, lookup.GiveUpMs);
            return next;
        }
    }

    /// <summary>Takes a datagram, whatever it is.</summary>
    public void OnDatagram(ReadOnlySpan<byte> datagram, IPEndPoint from, long nowMs)
    {
        Counters.DatagramsReceived++;
        Counters.BytesReceived += datagram.Length;
        if (from.Port == 0 || from.AddressFamily != Family) return;
        if (datagram.Length > KrpcLimits.MaxReceived || !KrpcMessage.TryRead(datagram, out KrpcMessage message))
        {
            Counters.Malformed++;
            limiter.Allows(from, nowMs); // who sends nothing but this is blocked in the end
            return;
        }
        if (message.Kind == KrpcKind.Query) OnQuery(message, datagram, from, nowMs);
        else OnAnswer(message, from, nowMs);
    }

    /// <summary>Does what is due.</summary>
    public void Tick(long nowMs)
    {
        transactions.Expire(nowMs, query =>
        {
            Counters.Timeouts++;
            table.OnFailure(query.EndPoint, nowMs);
        });
        for (int i = lookups.Count - 1; i >= 0; i--)
        {
            if (i < lookups.Count && nowMs >= lookups[i].GiveUpMs) lookups[i].Finish();
        }
        if (nowMs < maintainMs) return;
        maintainMs = nowMs + MaintenanceMs;
        Maintain(nowMs);
    }

    /// <summary>
    /// Names a node to begin with: one that is always asked when too few are known, and that is not remembered otherwise (a bootstrap
    /// node, of which the whole world has the same).
    /// </summary>
    public void AddRouter(IPEndPoint router)
    {
        if (router.AddressFamily != Family || router.Port == 0 || routers.Count >= MaxNamed) return;
        routers.Add(router);
        BootstrapSoon();
    }

    /// <summary>
    /// Names a node to begin with that is like any other: it is asked while too few are known, again and again until it is there, and is
    /// remembered then.
    /// </summary>
    public void AddEntry(IPEndPoint entry)
    {
        if (entry.AddressFamily != Family || entry.Port == 0 || entries.Count >= MaxNamed || !entries.Add(entry)) return;
        BootstrapSoon();
    }

    /// <summary>Tries a node that somebody named (a peer's <c>port</c> message, a torrent file, the table of the last run).</summary>
    public void Try(IPEndPoint endPoint, long nowMs)
    {
        if (endPoint.AddressFamily != Family || endPoint.Port == 0 || table.TryGet(endPoint, out _)) return;
        Ping(endPoint, maintenance, null, nowMs);
    }

    /// <summary>True for a bootstrap node, which is asked but not remembered.</summary>
    public bool IsRouter(IPEndPoint endPoint) => routers.Contains(endPoint);

    /// <summary>A node was mentioned in an answer.</summary>
    public void Heard(NodeInfo info) => table.Heard(info);

    /// <summary>Begins a lookup; <paramref name="onDone"/> is always called, perhaps before this returns.</summary>
    public Lookup Find(LookupGoal goal, Action<Lookup> onDone, long nowMs)
    {
        var lookup = new Lookup(this, goal, done =>
        {
            lookups.Remove(done);
            onDone(done);
        });
        lookups.Add(lookup);
        var known = new List<Contact>();
        table.Closest(goal.Target, 2 * RoutingTable.K, known);
        IEnumerable<IPEndPoint> also = known.Count >= EnoughNodes ? []
            : routers.Concat(entries).Except(known.Select(static c => c.EndPoint));
        // In a network of a few nodes we are among the closest, and what was announced is here.
        if (goal is { Method: KrpcMethod.GetPeers, OnPeers: { } tell } && Peers.Sample(goal.Target, MaxOwnPeers, goal.NoSeeds) is { Count: > 0 } own)
            tell(own);
        lookup.Start(known.Select(static c => c.Info), also, nowMs);
        return lookup;
    }

    /// <summary>Ends all lookups with what they have, and all that waits for an answer as if there were none.</summary>
    public void Close(long nowMs)
    {
        while (lookups.Count > 0) lookups[^1].Finish();
        transactions.FailAll(nowMs);
    }

    /// <summary>
    /// Sends a query. Null when too many are under way, or the address has not answered others; otherwise the asker hears of the answer or of its absence.
    /// </summary>
    public DhtQuery? Ask(IPEndPoint to, Sha1Hash? expected, in KrpcQuery query, IDhtAsker asker, object? tag, long nowMs)
    {
        if (transactions.IsFull || !knocks.TryKnock(to.Address, nowMs)) return null;
        DhtQuery begun = transactions.Begin(to, expected, asker, tag, nowMs);
        if (table.TryGet(to, out Contact? contact)) contact.AskedMs = nowMs;
        Span<byte> transaction = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(transaction, begun.Transaction);
        writer.Clear();
        query.Write(writer, transaction, Version);
        Send(writer.Written, to);
        return begun;
    }

    /// <summary>Sends a ping; false when too many queries are under way.</summary>
    public bool Ping(IPEndPoint to, IDhtAsker asker, object? tag, long nowMs) =>
        Ask(to, null, new KrpcQuery { Method = KrpcMethod.Ping, Id = Id, IsReadOnly = IsReadOnly }, asker, tag, nowMs) is not null;

    /// <summary>Sends a datagram.</summary>
    public void Send(ReadOnlySpan<byte> datagram, IPEndPoint to)
    {
        Counters.DatagramsSent++;
        Counters.BytesSent += datagram.Length;
        send(datagram, to);
    }

    /// <summary>The known nodes of a family that are closest to a target.</summary>
    public void ClosestOf(AddressFamily family, in Sha1Hash target, List<Contact> into)
    {
        if (family == Family) table.Closest(target, RoutingTable.K, into);
        else if (Sibling is not null) Sibling.table.Closest(target, RoutingTable.K, into);
        else into.Clear();
    }

    /// <summary>Our address turned out to be one that asks for another id (BEP 42): the table is sorted anew around it.</summary>
    public void ChangeId(Sha1Hash id, long nowMs)
    {
        RoutingTable old = table;
        Id = id;
        Peers.Self = Items.Self = id;
        table = new RoutingTable(id, old.Newcomers);
        foreach (Contact contact in old.Live.OrderBy(static c => c.SeenMs))
        {
            if (contact.IsConfirmed && contact.Fails == 0) table.OnAnswer(contact.Info, contact.RoundTripMs, contact.SeenMs);
        }
        selfMs = nowMs; // those around the new id have to hear of us
    }

    private void OnQuery(in KrpcMessage query, ReadOnlySpan<byte> datagram, IPEndPoint from, long nowMs)
    {
        if (IsReadOnly) return;
        if (!limiter.Allows(from, nowMs))
        {
            Counters.Limited++;
            return;
        }
        Counters.QueriesReceived++;
        bool willBeAsked = !query.IsReadOnly && !query.Id.IsEmpty && table.OnQuery(new NodeInfo(new Sha1Hash(query.Id), from), nowMs);
        responder.Answer(query, datagram, from, willBeAsked, nowMs);
    }

    private void OnAnswer(in KrpcMessage answer, IPEndPoint from, long nowMs)
    {
        DhtQuery? query = transactions.Match(answer, from);
        if (query is null)
        {
            Counters.Unmatched++;
            limiter.Allows(from, nowMs);
            return;
        }
        verified.Add(from, nowMs);
        knocks.OnAnswered(from.Address);
        if (answer.Kind == KrpcKind.Error)
        {
            query.Asker.OnRefusal(query, answer, nowMs);
            return;
        }
        if (answer.Id.IsEmpty)
        {
            Counters.Malformed++;
            table.OnFailure(from, nowMs);
            query.Asker.OnRefusal(query, answer, nowMs);
            return;
        }
        if (!routers.Contains(from))
        {
            bool isFirst = table.Count == 0;
            table.OnAnswer(new NodeInfo(new Sha1Hash(answer.Id), from), (int)(nowMs - query.SentMs), nowMs);
            if (isFirst && !HasBootstrapped) BootstrapBy(query.Asker);
        }
        if (!answer.Ip.IsEmpty && OnExternalAddress is not null)
            OnExternalAddress(new IPAddress(answer.Ip[..^2]), from.Address);
        query.Asker.OnAnswer(query, answer, nowMs);
    }

    private void Maintain(long nowMs)
    {
        if (table.Count < EnoughNodes && nowMs >= bootstrapMs && maintenanceLookups == 0) Bootstrap(nowMs);
        if (maintenanceLookups == 0)
        {
            if (table.Count > 0 && nowMs >= selfMs) LookUpSelf(nowMs);
            else if (HasBootstrapped && table.StaleTarget(nowMs, RefreshMs, random) is Sha1Hash target)
            {
                Look(target, static _ => { }, nowMs);
            }
        }
        if (table.NextToTry(nowMs, TryAgainMs) is Contact name) Ping(name.EndPoint, maintenance, null, nowMs);
        if (nowMs >= checkMs)
        {
            checkMs = nowMs + CheckEveryMs;
            CheckOne(nowMs);
        }
        if (nowMs < expireMs) return;
        expireMs = nowMs + ExpireMs;
        Peers.Expire(nowMs);
        Items.Expire(nowMs);
    }

    // Asks the node that has been quiet for longest whether it still lives; its answer brings others of its bucket.
    private void CheckOne(long nowMs)
    {
        if (table.MostStale(nowMs, CheckOlderThanMs) is Contact stale)
        {
            var query = new KrpcQuery
            {
                Method = KrpcMethod.FindNode, Id = Id, IsReadOnly = IsReadOnly, Target = table.TargetFor(stale, random), Want = Wants,
            };
            Ask(stale.EndPoint, stale.Id, query, maintenance, null, nowMs);
        }
    }

    private void BootstrapSoon() => (bootstrapMs, bootstrapPauseMs, maintainMs) = (0, BootstrapFirstPauseMs, 0);

    // The first node is there: who still waits for others that nobody answers for begins anew with this one.
    private void BootstrapBy(IDhtAsker asker)
    {
        if (ownLookup is { Answered: 0 } hopeless && hopeless != asker) hopeless.Finish();
        BootstrapSoon();
    }

    private void Bootstrap(long nowMs)
    {
        if (routers.Count + entries.Count == 0 && table.Count == 0)
        {
            bootstrapMs = nowMs + BootstrapFirstPauseMs; // nobody to ask; somebody may be named meanwhile
            return;
        }
        bootstrapMs = nowMs + bootstrapPauseMs;
        // A node that the user named is perhaps only about to start; public ones are spared.
        long mostPauseMs = entries.Count > 0 && table.Count == 0 ? BootstrapAlonePauseMs : BootstrapMostPauseMs;
        bootstrapPauseMs = Math.Min(bootstrapPauseMs * 2, mostPauseMs);
        LookUpSelf(nowMs);
    }

    private void LookUpSelf(long nowMs)
    {
        selfMs = nowMs + SelfLookupMs;
        ownLookup = Look(Id, lookup =>
        {
            ownLookup = null;
            if (lookup.Answered == 0) return;
            HasBootstrapped = true;
            bootstrapPauseMs = BootstrapFirstPauseMs;
        }, nowMs);
    }

    private Lookup? Look(Sha1Hash target, Action<Lookup> onDone, long nowMs)
    {
        maintenanceLookups++;
        Lookup begun = Find(new LookupGoal { Method = KrpcMethod.FindNode, Target = target }, lookup =>
        {
            maintenanceLookups--;
            onDone(lookup);
        }, nowMs);
        return begun.IsDone ? null : begun;
    }

    // Answers to maintenance change the table, which OnAnswer above has done already; they bring nodes, too.
    private sealed class Maintenance(DhtNode node) : IDhtAsker
    {
        private readonly List<NodeInfo> nodes = [];

        public void OnAnswer(DhtQuery query, in KrpcMessage answer, long nowMs)
        {
            nodes.Clear();
            NodeInfo.Read(node.Family == AddressFamily.InterNetwork ? answer.Nodes : answer.Nodes6, node.Family, RoutingTable.K, nodes);
            bool fromOutside = query.EndPoint.Address.ScopeOf() == AddressScope.Global;
            foreach (NodeInfo info in nodes)
            {
                if (!fromOutside || info.EndPoint.Address.ScopeOf() == AddressScope.Global) node.Heard(info);
            }
        }

        public void OnRefusal(DhtQuery query, in KrpcMessage error, long nowMs) { }

        public void OnSlow(DhtQuery query, long nowMs) { }

        public void OnTimeout(DhtQuery query, long nowMs) { }
    }
}
