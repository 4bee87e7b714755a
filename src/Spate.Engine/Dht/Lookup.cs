using System.Net;
using System.Net.Sockets;
using Spate.Engine.Discovery;
using Spate.Protocol;
using Spate.Protocol.Dht;

namespace Spate.Engine.Dht;

/// <summary>
/// Looks for the nodes closest to a target by asking ever closer ones (BEP 5), and takes from them what they have on the way.
/// </summary>
/// <remarks>
/// Five of the closest nodes are kept under way at all times; one that is silent for a second lets another one be asked beside it.
/// It ends when the eight closest that answer have answered. Nodes whose id does not fit their address (BEP 42) are asked too, for
/// many honest ones are like that, but apart from the others, fewer at a time and without being counted: so somebody who makes up
/// hundreds of ids around a target hides nothing. Whoever leads us to three nodes that are not there is not followed any more. Of one
/// /24 (IPv6: /64) one node is asked, and nobody outside leads us to addresses inside.
/// </remarks>
internal sealed class Lookup : IDhtAsker
{
    /// <summary>The closest nodes that are wanted.</summary>
    public const int K = RoutingTable.K;

    private const int Alpha = 5;
    private const int AlphaUnverified = 3;
    private const int MaxKept = 64;
    private const int MaxSeen = 1000;
    private const int MaxAsked = 200;
    private const int MaxAskedUnverified = 60;
    private const int MaxSilentUnverified = 8;
    private const int MaxReferrers = 4;
    private const int MaxNodesInAnswer = 32;
    private const int MaxPeersInAnswer = 200;
    private const long DeadlineMs = 40_000;
    private const long PatienceMs = 3_000; // with those who are slow, where nobody else is left to ask

    private readonly DhtNode node;
    private readonly Action<Lookup> onDone;
    private readonly List<LookupNode> verified = [], unverified = []; // by distance
    private readonly Dictionary<IPEndPoint, LookupNode> seen = [];
    private readonly HashSet<(ulong Network, bool IsVerified)> networks = [];
    private readonly HashSet<Sha1Hash> ids = [];
    private readonly HashSet<NodeInfo> failed = [];
    private int underWay, routersUnderWay, slowRouters, askedVerified, askedUnverified, slowVerified, slowUnverified, silentUnverified;

    public Lookup(DhtNode node, LookupGoal goal, Action<Lookup> onDone)
    {
        (this.node, Goal, this.onDone) = (node, goal, onDone);
    }

    public LookupGoal Goal { get; }

    /// <summary>Queries sent.</summary>
    public int Asked { get; private set; }

    /// <summary>Nodes that answered.</summary>
    public int Answered { get; private set; }

    /// <summary>Peers that came, the same ones from several nodes counted each time.</summary>
    public int PeersReceived { get; private set; }

    /// <summary>The seeds of all nodes (BEP 33), where they were asked for.</summary>
    public byte[] SeedFilter { get; } = new byte[ScrapeFilter.Size];

    /// <summary>The other peers of all nodes.</summary>
    public byte[] PeerFilter { get; } = new byte[ScrapeFilter.Size];

    /// <summary>The newest item that was found.</summary>
    public DhtItem? Item { get; private set; }

    /// <summary>Nodes that had the item.</summary>
    public int Copies { get; private set; }

    public bool IsDone { get; private set; }

    public long StartedMs { get; private set; }

    public long GiveUpMs { get; private set; }

    /// <summary>Begins with nodes that are known, and addresses whose ids are not (bootstrap nodes).</summary>
    public void Start(IEnumerable<NodeInfo> known, IEnumerable<IPEndPoint> routers, long nowMs)
    {
        StartedMs = nowMs;
        GiveUpMs = nowMs + DeadlineMs;
        foreach (NodeInfo info in known) Add(info, null);
        foreach (IPEndPoint router in routers)
        {
            if (router.AddressFamily != node.Family || Send(router, null, null, nowMs) is null) continue;
            underWay++;
            routersUnderWay++;
        }
        Advance(nowMs);
    }

    /// <summary>
    /// The nodes to write to: those with a token among the eight closest whose id fits, and among the eight closest of all, where others
    /// will look who do not make that difference.
    /// </summary>
    public IReadOnlyList<LookupNode> Writable()
    {
        var chosen = verified.Where(static n => n.State == LookupNodeState.Answered && n.Token.Length > 0).Take(K).ToList();
        IEnumerable<LookupNode> closest = verified.Concat(unverified).Where(static n => n.State == LookupNodeState.Answered)
            .Order(Comparer<LookupNode>.Create((a, b) => NodeIds.CompareDistance(Goal.Target, a.Id, b.Id))).Take(K);
        foreach (LookupNode other in closest)
        {
            if (other.Token.Length > 0 && !chosen.Contains(other)) chosen.Add(other);
        }
        return chosen;
    }

    /// <summary>The closest nodes that answered and whose id fits, closest first.</summary>
    public IEnumerable<NodeInfo> Closest => verified.Where(static n => n.State == LookupNodeState.Answered).Take(K).Select(static n => n.Info);

    /// <summary>Ends it now, with what there is.</summary>
    public void Finish()
    {
        if (IsDone) return;
        IsDone = true;
        onDone(this);
    }

    void IDhtAsker.OnAnswer(DhtQuery query, in KrpcMessage answer, long nowMs)
    {
        LookupNode? from = null;
        if (query.Tag is LookupNode asked)
        {
            from = asked;
            if (!answer.Id.SequenceEqual(asked.Id.AsSpan()))
            {
                // Somebody told us a wrong id for this address: what counts is what the node itself says.
                Settle(asked, LookupNodeState.Failed);
                from = Add(new NodeInfo(new Sha1Hash(answer.Id), query.EndPoint), null);
            }
            if (from is not null)
            {
                Settle(from, LookupNodeState.Answered);
                from.Token = answer.Token.ToArray();
            }
        }
        else
        {
            SettleRouter(query);
            // A node of which we knew only the address is one of the closest like any other, unless it is everybody's.
            if (!answer.Id.IsEmpty && !node.IsRouter(query.EndPoint)) from = Add(new NodeInfo(new Sha1Hash(answer.Id), query.EndPoint), null);
            if (from is not null)
            {
                Settle(from, LookupNodeState.Answered);
                from.Token = answer.Token.ToArray();
            }
        }
        underWay--;
        Answered++;
        Take(answer, query.EndPoint);
        if (IsDone) return;
        var nodes = new List<NodeInfo>();
        NodeInfo.Read(node.Family == AddressFamily.InterNetwork ? answer.Nodes : answer.Nodes6, node.Family, MaxNodesInAnswer, nodes);
        bool fromOutside = query.EndPoint.Address.ScopeOf() == AddressScope.Global;
        foreach (NodeInfo info in nodes)
        {
            if (fromOutside && info.EndPoint.Address.ScopeOf() != AddressScope.Global) continue;
            Add(info, from);
            node.Heard(info);
        }
        Advance(nowMs);
    }

    void IDhtAsker.OnRefusal(DhtQuery query, in KrpcMessage error, long nowMs) => OnFailure(query, nowMs);

    void IDhtAsker.OnTimeout(DhtQuery query, long nowMs) => OnFailure(query, nowMs);

    void IDhtAsker.OnSlow(DhtQuery query, long nowMs)
    {
        if (query.Tag is LookupNode { State: LookupNodeState.Asked } slow)
        {
            slow.State = LookupNodeState.Slow;
            Blame(slow); // until it answers after all
            if (slow.IsVerified) slowVerified++;
            else slowUnverified++;
        }
        else if (query.Tag is null) slowRouters++;
        if (!IsDone) Advance(nowMs);
    }

    private void OnFailure(DhtQuery query, long nowMs)
    {
        if (query.Tag is LookupNode failed) Settle(failed, LookupNodeState.Failed);
        else SettleRouter(query);
        underWay--;
        if (!IsDone) Advance(nowMs);
    }

    private void SettleRouter(DhtQuery query)
    {
        routersUnderWay--;
        if (query.IsSlow) slowRouters--;
    }

    private void Settle(LookupNode settled, LookupNodeState state)
    {
        if (settled.State == LookupNodeState.Slow)
        {
            if (settled.IsVerified) slowVerified--;
            else slowUnverified--;
        }
        bool wasSlow = settled.State == LookupNodeState.Slow;
        settled.State = state;
        if (state == LookupNodeState.Answered)
        {
            foreach (LookupNode referrer in settled.Referrers) referrer.GoodReferrals++;
        }
        if (state != LookupNodeState.Failed) return;
        if (!wasSlow) Blame(settled);
        // It takes nobody's place: what was said of it may have been made up to shut out its neighbours.
        seen.Remove(settled.Info.EndPoint);
        ids.Remove(settled.Id);
        networks.Remove((AddressNetwork.Of(settled.Info.EndPoint.Address), settled.IsVerified));
        failed.Add(settled.Info);
    }

    private void Blame(LookupNode silent)
    {
        if (!silent.IsVerified) silentUnverified++;
        foreach (LookupNode referrer in silent.Referrers) referrer.BadReferrals++;
    }

    private LookupNode? Add(NodeInfo info, LookupNode? referrer)
    {
        IPAddress address = info.EndPoint.Address;
        if (seen.TryGetValue(info.EndPoint, out LookupNode? known))
        {
            // Told by two, it is trusted if one of them is.
            if (referrer is not null && known.Id == info.Id && known.Referrers.Count is > 0 and < MaxReferrers) known.Referrers.Add(referrer);
            return null;
        }
        if (info.EndPoint.AddressFamily != node.Family || info.Id == node.Id || seen.Count + failed.Count >= MaxSeen) return null;
        AddressScope scope = address.ScopeOf();
        if (scope == AddressScope.Unusable || ids.Contains(info.Id) || failed.Contains(info)) return null;
        bool isVerified = NodeIds.IsValid(info.Id, address);
        List<LookupNode> list = isVerified ? verified : unverified;

        int low = 0, high = list.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (NodeIds.CompareDistance(Goal.Target, list[middle].Id, info.Id) < 0) low = middle + 1;
            else high = middle;
        }
        if (low >= MaxKept) return null;
        if (scope == AddressScope.Global && !networks.Add((AddressNetwork.Of(address), isVerified))) return null;
        var added = new LookupNode(info, isVerified);
        if (referrer is not null) added.Referrers.Add(referrer);
        seen.Add(info.EndPoint, added);
        ids.Add(info.Id);
        if (list.Count == MaxKept) list.RemoveAt(MaxKept - 1);
        list.Insert(low, added);
        return added;
    }

    private void Advance(long nowMs)
    {
        int mostUnverified = silentUnverified < MaxSilentUnverified ? MaxAskedUnverified : 0;
        int prompt = 0;
        bool done = AskSome(verified, Alpha + slowVerified, MaxAsked, ref askedVerified, ref prompt, waitsForSlow: true, nowMs)
            & AskSome(unverified, AlphaUnverified + slowUnverified, mostUnverified, ref askedUnverified, ref prompt, waitsForSlow: false, nowMs);
        bool waitsForRouters = routersUnderWay > 0 && Answered == 0;
        if ((done && !waitsForRouters) || underWay == 0)
        {
            Finish();
            return;
        }
        bool onlySlow = prompt == 0 && routersUnderWay == slowRouters;
        if (!onlySlow) GiveUpMs = StartedMs + DeadlineMs;
        else GiveUpMs = Math.Min(GiveUpMs, nowMs + PatienceMs);
    }

    // Keeps the closest nodes under way; true when the eight closest that answer have answered, or nobody is left to ask.
    private bool AskSome(List<LookupNode> list, int width, int most, ref int asked, ref int allPrompt, bool waitsForSlow, long nowMs)
    {
        int wanted = K;
        int outstanding = 0, prompt = 0;
        foreach (LookupNode next in list)
        {
            if (wanted == 0 || outstanding >= width) break;
            switch (next.State)
            {
                case LookupNodeState.Answered:
                    wanted--;
                    break;
                case LookupNodeState.Asked:
                    outstanding++;
                    prompt++;
                    break;
                case LookupNodeState.Slow:
                    outstanding++;
                    break;
                case LookupNodeState.Fresh:
                    if (asked >= most || IsMisled(next)) break;
                    next.State = LookupNodeState.Failed; // unless it can be asked
                    if (Send(next.Info.EndPoint, next.Id, next, nowMs) is null) break;
                    next.State = LookupNodeState.Asked;
                    asked++;
                    underWay++;
                    outstanding++;
                    prompt++;
                    break;
            }
        }
        allPrompt += prompt;
        // Slow ones are worth waiting for only while there are too few others.
        return prompt == 0 && (wanted == 0 || outstanding == 0 || !waitsForSlow);
    }

    // Only those told us of it who tell of nodes that are not there.
    private static bool IsMisled(LookupNode next) => next.Referrers.Count > 0 && next.Referrers.TrueForAll(static r => r.IsMisleading);

    private DhtQuery? Send(IPEndPoint to, Sha1Hash? expected, LookupNode? tag, long nowMs)
    {
        var query = new KrpcQuery
        {
            Method = Goal.Method,
            Id = node.Id,
            IsReadOnly = node.IsReadOnly,
            Target = Goal.Target,
            NoSeed = Goal.NoSeeds,
            WantsScrape = Goal.Scrape,
            Want = node.Wants,
        };
        DhtQuery? sent = node.Ask(to, expected, query, this, tag, nowMs);
        if (sent is not null) Asked++;
        return sent;
    }

    private void Take(in KrpcMessage answer, IPEndPoint from)
    {
        if (answer.HasPeers && (Goal.OnPeers is not null || Goal.Scrape))
        {
            var peers = new List<IPEndPoint>();
            answer.ReadPeers(MaxPeersInAnswer, peers);
            if (from.Address.ScopeOf() == AddressScope.Global) peers.RemoveAll(static p => p.Address.ScopeOf() != AddressScope.Global);
            PeersReceived += peers.Count;
            if (Goal.Scrape && answer.SeedFilter.IsEmpty && answer.PeerFilter.IsEmpty)
            {
                foreach (IPEndPoint peer in peers) ScrapeFilter.Add(PeerFilter, peer.Address); // an older node: all it has is peers
            }
            if (peers.Count > 0) Goal.OnPeers?.Invoke(peers);
        }
        if (Goal.Scrape)
        {
            if (!answer.SeedFilter.IsEmpty) ScrapeFilter.Unite(SeedFilter, answer.SeedFilter);
            if (!answer.PeerFilter.IsEmpty) ScrapeFilter.Unite(PeerFilter, answer.PeerFilter);
        }
        if (Goal.Method == KrpcMethod.Get && DhtItem.From(answer, Goal.Target, Goal.Salt) is DhtItem item)
        {
            Copies++;
            if (Item is null || item.Sequence > Item.Sequence)
            {
                Item = item;
                Goal.OnItem?.Invoke(item);
            }
        }
        if (answer.HasSamples && Goal.OnSamples is not null)
        {
            var samples = new Sha1Hash[answer.Samples.Length / Sha1Hash.Size];
            for (int i = 0; i < samples.Length; i++) samples[i] = new Sha1Hash(answer.Samples.Slice(i * Sha1Hash.Size, Sha1Hash.Size));
            if (answer.Id.Length == Sha1Hash.Size) Goal.OnSamples(new NodeInfo(new Sha1Hash(answer.Id), from), samples, answer.Count ?? samples.Length);
        }
    }
}
