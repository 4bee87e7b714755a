using System.Net;
using Spate.Engine.Discovery;
using Spate.Engine.Ports;
using Spate.Engine.Runtime;
using Spate.Protocol;
using Spate.Protocol.Dht;

namespace Spate.Engine.Dht;

/// <summary>
/// When which torrent of a session is looked up and announced: new ones first, all of them every quarter of an hour, spread so that
/// only some run at a time. Runs on the strand of its <see cref="DhtClient"/>.
/// </summary>
internal sealed class DhtAnnounces(DhtOptions options, ExternalAddress external, IRandom random, MonotonicClock clock)
{
    private const long FirstRetryMs = 60_000;
    private const long NewcomerPauseMs = 2_000;

    private readonly Dictionary<Sha1Hash, DhtTorrent> torrents = [];
    private readonly PriorityQueue<DhtTorrent, long> waiting = new(); // by the time of their next lookup
    private readonly List<Running> running = [];
    private double turns;
    private long turnsMs, newcomers;

    public int Count => torrents.Count;

    public void Add(DhtTorrent torrent, long nowMs)
    {
        if (torrents.Remove(torrent.InfoHash, out DhtTorrent? before)) before.IsRemoved = true;
        torrents.Add(torrent.InfoHash, torrent);
        torrent.NextMs = nowMs;
        waiting.Enqueue(torrent, nowMs - 1_000_000_000); // before all that have had their turn
    }

    public void Remove(Sha1Hash infoHash)
    {
        if (torrents.Remove(infoHash, out DhtTorrent? torrent)) torrent.IsRemoved = true;
    }

    /// <summary>Looks the torrent up again as soon as it is its turn: it finished, or has no peers.</summary>
    public void Hurry(Sha1Hash infoHash, long nowMs)
    {
        if (!torrents.TryGetValue(infoHash, out DhtTorrent? torrent) || torrent.UnderWay > 0) return;
        torrent.NextMs = nowMs;
        waiting.Enqueue(torrent, nowMs); // its older place is passed over
    }

    /// <summary>Begins what is due, as far as the limits allow; costs nothing when nothing is.</summary>
    public void Pump(List<DhtNode> nodes, long nowMs)
    {
        while (running.Count < options.ConcurrentLookups && waiting.TryPeek(out DhtTorrent? torrent, out long at) && at <= nowMs)
        {
            if (torrent.IsRemoved || torrent.UnderWay > 0 || torrent.NextMs > nowMs)
            {
                waiting.Dequeue();
                continue;
            }
            List<DhtNode> ready = nodes.FindAll(static n => n.IsReady);
            if (ready.Count == 0 || !TakeTurn(nowMs)) return;
            waiting.Dequeue();
            Begin(torrent, ready, nowMs);
        }
    }

    /// <summary>Somebody announced to us that he has a torrent; perhaps it is one of ours.</summary>
    public void OnAnnounced(Sha1Hash infoHash, IPEndPoint peer)
    {
        if (torrents.TryGetValue(infoHash, out DhtTorrent? torrent)) torrent.OnPeers([peer], external.V4, external.V6);
    }

    /// <summary>
    /// Every second: where there are so few nodes that an announce found less than eight to keep it, a newcomer is told at once. He would
    /// find nobody for a quarter of an hour otherwise.
    /// </summary>
    public void FollowNewcomers(List<DhtNode> nodes, long nowMs)
    {
        long now = nodes.Sum(static n => n.Table.Newcomers);
        if (now == newcomers) return;
        newcomers = now;
        foreach (DhtTorrent torrent in torrents.Values)
        {
            if (!torrent.IsBarelyKept || torrent.UnderWay > 0 || torrent.NewcomersSeen == now || torrent.NextMs <= nowMs + NewcomerPauseMs) continue;
            torrent.NextMs = nowMs;
            waiting.Enqueue(torrent, nowMs); // its older place is passed over
        }
    }

    /// <summary>Brings the torrents' counters up to date.</summary>
    public void Publish()
    {
        foreach (Running one in running) one.Publish();
    }

    private bool TakeTurn(long nowMs)
    {
        turns = Math.Min(options.LookupsPerSecond, turns + (nowMs - turnsMs) / 1000.0 * options.LookupsPerSecond);
        turnsMs = nowMs;
        if (turns < 1) return false;
        turns--;
        return true;
    }

    private void Begin(DhtTorrent torrent, List<DhtNode> nodes, long nowMs)
    {
        torrent.FoundAny = torrent.IsBarelyKept = false;
        torrent.NewcomersSeen = nodes.Sum(static n => n.Table.Newcomers);
        torrent.UnderWay = nodes.Count;
        torrent.NextMs = long.MaxValue;
        foreach (DhtNode node in nodes)
        {
            var one = new Running(torrent);
            running.Add(one);
            var goal = new LookupGoal
            {
                Method = KrpcMethod.GetPeers,
                Target = torrent.InfoHash,
                OnPeers = peers => torrent.OnPeers(peers, external.V4, external.V6),
            };
            Lookup lookup = node.Find(goal, done =>
            {
                one.Lookup = done;
                OnLookedUp(one, node, done);
            }, nowMs);
            one.Lookup ??= lookup;
        }
    }

    private void OnLookedUp(Running one, DhtNode node, Lookup done)
    {
        one.Publish();
        DhtTorrent torrent = one.Torrent;
        torrent.OnLookupDone();
        torrent.IsBarelyKept |= done.Answered < RoutingTable.K;
        if (torrent.IsRemoved) OnOver(one);
        else new StoreRound(node, _ => OnOver(one)).Announce(done, torrent.Port, torrent.IsSeed, clock.NowMs);
    }

    private void OnOver(Running one)
    {
        long nowMs = clock.NowMs;
        running.Remove(one);
        DhtTorrent torrent = one.Torrent;
        if (--torrent.UnderWay > 0 || torrent.IsRemoved) return;
        long wait = (long)options.AnnounceInterval.TotalMilliseconds;
        if (torrent.FoundAny) torrent.FruitlessRounds = 0;
        else wait = Math.Min(wait, FirstRetryMs << Math.Min(torrent.FruitlessRounds++, 10)); // nobody yet: look again soon, then later
        if (torrent.IsBarelyKept && torrent.NewcomersSeen < newcomers) wait = NewcomerPauseMs; // one came meanwhile
        torrent.NextMs = nowMs + wait + random.Next((int)(wait / 10) + 1);
        waiting.Enqueue(torrent, torrent.NextMs);
    }

    private sealed class Running(DhtTorrent torrent)
    {
        private int asked, answered;

        public DhtTorrent Torrent { get; } = torrent;

        public Lookup? Lookup { get; set; }

        public void Publish()
        {
            if (Lookup is null) return;
            Torrent.Count(Lookup.Asked - asked, Lookup.Answered - answered);
            (asked, answered) = (Lookup.Asked, Lookup.Answered);
        }
    }
}
