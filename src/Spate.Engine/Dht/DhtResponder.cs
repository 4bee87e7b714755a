using System.Net;
using System.Net.Sockets;
using Spate.Engine.Discovery;
using Spate.Engine.Ports;
using Spate.Protocol;
using Spate.Protocol.Bencode;
using Spate.Protocol.Dht;

namespace Spate.Engine.Dht;

/// <summary>
/// Answers the queries of others (BEP 5, 32, 33, 44, 51), in such a way that we are no use as an amplifier.
/// </summary>
/// <remarks>
/// Who writes in another's name can have us send bytes to him. So an address that has not shown itself gets three bytes for one at
/// most, and all such addresses together 8000 bytes a second. Where there is more to say (peers, an item, samples), we ask it first
/// whether it is there, which costs it one round trip, and say all of it then; if it is silent for a second, it gets the short answer.
/// </remarks>
internal sealed class DhtResponder : IDhtAsker
{
    /// <summary>Bytes for one that an address gets that has not shown itself.</summary>
    public const int Amplification = 3;

    private const double BytesPerSecond = 8_000;
    private const double BytesBurst = 16_000;
    private const int MaxDeferred = 256;
    private const int MaxSamples = 20;
    private const int SampleIntervalSeconds = 6 * 3600;
    private const long SampleForMs = 5 * 60_000;
    private const int MaxPeersInAnswer = 100;

    private readonly DhtNode node;
    private readonly PeerStore peers;
    private readonly ItemStore items;
    private readonly WriteTokens tokens;
    private readonly VerifiedSources verified;
    private readonly List<Contact> closest = [];
    private readonly HashSet<SourceKey> deferred = [];
    private readonly BencodeWriter writer = new(KrpcLimits.MaxSentWithItem);
    private readonly byte[] token = new byte[WriteTokens.Size];
    private readonly byte[] seedFilter = new byte[ScrapeFilter.Size], peerFilter = new byte[ScrapeFilter.Size];
    private double allowance = BytesBurst;
    private long allowanceMs;
    private List<Sha1Hash> samples = [];
    private long sampledMs = long.MinValue / 2;

    public DhtResponder(DhtNode node, PeerStore peers, ItemStore items, VerifiedSources verified, IRandom random, long nowMs)
    {
        (this.node, this.peers, this.items, this.verified) = (node, peers, items, verified);
        tokens = new WriteTokens(random, nowMs);
        allowanceMs = nowMs;
    }

    /// <summary>Answers a query, now or after the asker has shown itself.</summary>
    /// <param name="query">The query.</param>
    /// <param name="datagram">The same as it came.</param>
    /// <param name="from">Where it came from.</param>
    /// <param name="willBeAsked">The table is going to ask the asker whether it is there: that counts among the bytes it gets.</param>
    /// <param name="nowMs">Milliseconds now.</param>
    public void Answer(in KrpcMessage query, ReadOnlySpan<byte> datagram, IPEndPoint from, bool willBeAsked, long nowMs)
    {
        bool isKnown = from.Address.ScopeOf() == AddressScope.ThisMachine || verified.Contains(from, nowMs);
        if (!isKnown && !query.IsReadOnly && HasMuchToSay(query) && Defer(datagram, from, nowMs)) return;
        Answer(query, datagram.Length, from, isKnown, alreadySent: willBeAsked ? DhtNode.PingSize : 0, nowMs);
    }

    void IDhtAsker.OnAnswer(DhtQuery query, in KrpcMessage answer, long nowMs) => Resume(query, isKnown: true, nowMs);

    void IDhtAsker.OnRefusal(DhtQuery query, in KrpcMessage error, long nowMs) => Resume(query, isKnown: true, nowMs);

    void IDhtAsker.OnSlow(DhtQuery query, long nowMs) => Resume(query, isKnown: false, nowMs);

    void IDhtAsker.OnTimeout(DhtQuery query, long nowMs) { } // it had its short answer long ago

    private bool HasMuchToSay(in KrpcMessage query)
    {
        if (query.Target.IsEmpty) return false;
        var target = new Sha1Hash(query.Target);
        return query.Method switch
        {
            KrpcMethod.GetPeers => peers.Contains(target),
            KrpcMethod.Get => items.Find(target) is not null,
            KrpcMethod.SampleInfohashes => peers.TorrentCount > 0,
            _ => false,
        };
    }

    // Asks the asker whether it is there. False when that can't be done now.
    private bool Defer(ReadOnlySpan<byte> datagram, IPEndPoint from, long nowMs)
    {
        if (deferred.Count >= MaxDeferred || !TakeAllowance(DhtNode.PingSize, nowMs)) return false;
        if (!deferred.Add(SourceKey.Of(from))) return true; // it waits for an answer already; this is more of the same
        if (node.Ping(from, this, datagram.ToArray(), nowMs)) return true;
        deferred.Remove(SourceKey.Of(from));
        return false;
    }

    private void Resume(DhtQuery ping, bool isKnown, long nowMs)
    {
        if (!deferred.Remove(SourceKey.Of(ping.EndPoint))) return; // was answered already
        byte[] datagram = (byte[])ping.Tag!;
        if (!KrpcMessage.TryRead(datagram, out KrpcMessage query)) return;
        Answer(query, datagram.Length, ping.EndPoint, isKnown, alreadySent: DhtNode.PingSize, nowMs);
    }

    private void Answer(in KrpcMessage query, int queryLength, IPEndPoint from, bool isKnown, int alreadySent, long nowMs)
    {
        if (query.Id.IsEmpty)
        {
            Refuse(query, queryLength, from, isKnown, KrpcErrors.Protocol, "the id is missing"u8, nowMs);
            return;
        }
        bool needsTarget = query.Method is KrpcMethod.FindNode or KrpcMethod.GetPeers or KrpcMethod.AnnouncePeer or KrpcMethod.Get or KrpcMethod.SampleInfohashes;
        if (needsTarget && query.Target.IsEmpty)
        {
            Refuse(query, queryLength, from, isKnown, KrpcErrors.Protocol, "the target is missing"u8, nowMs);
            return;
        }

        int budget = isKnown ? KrpcLimits.MaxSent : Amplification * queryLength - alreadySent;
        var reply = new KrpcReply { Id = node.Id };
        switch (query.Method)
        {
            case KrpcMethod.Ping:
                break;
            case KrpcMethod.FindNode:
                Fill(ref reply, query, budget, from, nodesFirst: true);
                break;
            case KrpcMethod.GetPeers:
                var torrent = new Sha1Hash(query.Target);
                tokens.Write(token, from.Address, torrent, nowMs);
                reply.Token = token;
                if (query.WantsScrape && isKnown && TryScrape(torrent))
                {
                    reply.SeedFilter = seedFilter;
                    reply.PeerFilter = peerFilter;
                }
                Fill(ref reply, query, budget, from, nodesFirst: !peers.Contains(torrent));
                break;
            case KrpcMethod.Get:
                var target = new Sha1Hash(query.Target);
                tokens.Write(token, from.Address, target, nowMs);
                reply.Token = token;
                DhtItem? item = items.Find(target);
                if (item is not null)
                {
                    if (item.IsMutable) reply.Sequence = item.Sequence;
                    bool isNews = !item.IsMutable || query.Sequence is not long known || item.Sequence > known;
                    if (isNews && (isKnown || SizeOf(item) + 160 <= budget))
                    {
                        budget = isKnown ? KrpcLimits.MaxSentWithItem : budget;
                        reply.Value = item.Value.Span;
                        reply.PublicKey = item.PublicKey.Span;
                        reply.Signature = item.Signature.Span;
                    }
                }
                Fill(ref reply, query, budget, from, nodesFirst: true);
                break;
            case KrpcMethod.SampleInfohashes:
                reply.Interval = SampleIntervalSeconds;
                reply.Count = peers.TorrentCount;
                reply.Samples = Samples(isKnown ? MaxSamples : 2, nowMs);
                Fill(ref reply, query, budget, from, nodesFirst: true);
                break;
            case KrpcMethod.AnnouncePeer:
                if (!TryAnnounce(query, queryLength, from, isKnown, nowMs)) return;
                break;
            case KrpcMethod.Put:
                if (!TryPut(query, queryLength, from, isKnown, nowMs)) return;
                break;
            default:
                // What a later specification asks about a target, a node can at least help along (as find_node does).
                if (query.Target.IsEmpty)
                {
                    Refuse(query, queryLength, from, isKnown, KrpcErrors.MethodUnknown, "the method is not known"u8, nowMs);
                    return;
                }
                Fill(ref reply, query, budget, from, nodesFirst: true);
                break;
        }
        writer.Clear();
        reply.Write(writer, query.TransactionId, node.Version, from);
        Send(queryLength, from, isKnown, nowMs);
    }

    private bool TryAnnounce(in KrpcMessage query, int queryLength, IPEndPoint from, bool isKnown, long nowMs)
    {
        var torrent = new Sha1Hash(query.Target);
        if (!tokens.IsValid(query.Token, from.Address, torrent, nowMs))
        {
            Refuse(query, queryLength, from, isKnown, KrpcErrors.Protocol, "the token is not valid"u8, nowMs);
            return false;
        }
        verified.Add(from, nowMs);
        long port = query.ImpliedPort ? from.Port : query.Port ?? 0;
        if (port is <= 0 or > 65_535)
        {
            Refuse(query, queryLength, from, isKnown, KrpcErrors.Protocol, "the port is not valid"u8, nowMs);
            return false;
        }
        var peer = new IPEndPoint(from.Address, (int)port);
        node.OnAnnounced?.Invoke(torrent, peer);
        if (peers.Add(torrent, peer, query.IsSeed, nowMs)) return true;
        Refuse(query, queryLength, from, isKnown, KrpcErrors.Server, "no room for this torrent"u8, nowMs);
        return false;
    }

    private bool TryPut(in KrpcMessage query, int queryLength, IPEndPoint from, bool isKnown, long nowMs)
    {
        Sha1Hash target = query.PublicKey.IsEmpty ? Sha1Hash.Of(query.Value) : DhtItem.TargetOf(query.PublicKey, query.Salt);
        if (!tokens.IsValid(query.Token, from.Address, target, nowMs))
        {
            Refuse(query, queryLength, from, isKnown, KrpcErrors.Protocol, "the token is not valid"u8, nowMs);
            return false;
        }
        verified.Add(from, nowMs);
        int error = items.Put(query, from.Address, nowMs);
        if (error == 0) return true;
        Refuse(query, queryLength, from, isKnown, error, error switch
        {
            KrpcErrors.ValueTooBig => "the value is too big"u8,
            KrpcErrors.InvalidSignature => "the signature is not valid"u8,
            KrpcErrors.SaltTooBig => "the salt is too big"u8,
            KrpcErrors.CasMismatch => "the version to replace is not the current one"u8,
            KrpcErrors.SequenceTooOld => "the version is older than the current one"u8,
            KrpcErrors.Server => "no room for this item"u8,
            _ => "the item is not valid"u8,
        }, nowMs);
        return false;
    }

    // Puts nodes and peers into an answer as far as they fit.
    private void Fill(ref KrpcReply reply, in KrpcMessage query, int budget, IPEndPoint from, bool nodesFirst)
    {
        writer.Clear();
        reply.Write(writer, query.TransactionId, node.Version, from);
        const int keyAndLength = 14; // of a list of nodes
        int room = budget - writer.Length - 2 * keyAndLength;
        var target = new Sha1Hash(query.Target);
        bool isV4 = from.AddressFamily == AddressFamily.InterNetwork;
        KrpcWant want = query.Want != KrpcWant.Unsaid ? query.Want : isV4 ? KrpcWant.V4 : KrpcWant.V6;

        // Where there are peers, they are what the asker came for, and it is close already: of the nodes only some are kept room for.
        int leastNodes = nodesFirst ? RoutingTable.K : 3;
        int nodeSize = isV4 ? KrpcLimits.NodeSizeV4 : KrpcLimits.NodeSizeV6;
        if (!nodesFirst)
        {
            int peerSize = isV4 ? 8 : 21; // with their length prefix
            int fit = (room - leastNodes * nodeSize - 10) / peerSize;
            reply.Peers = peers.Sample(target, Math.Clamp(fit, 0, MaxPeersInAnswer), query.NoSeed);
            room -= 10 + reply.Peers.Count * peerSize;
        }
        if ((want & KrpcWant.V4) != 0) reply.Nodes = NodesFor(target, AddressFamily.InterNetwork, KrpcLimits.NodeSizeV4, ref room);
        if ((want & KrpcWant.V6) != 0) reply.Nodes6 = NodesFor(target, AddressFamily.InterNetworkV6, KrpcLimits.NodeSizeV6, ref room);
    }

    private List<NodeInfo> NodesFor(in Sha1Hash target, AddressFamily family, int size, ref int room)
    {
        node.ClosestOf(family, target, closest);
        var nodes = new List<NodeInfo>(closest.Count);
        foreach (Contact contact in closest)
        {
            if (room < size) break;
            room -= size;
            nodes.Add(contact.Info);
        }
        return nodes;
    }

    private bool TryScrape(in Sha1Hash torrent)
    {
        seedFilter.AsSpan().Clear();
        peerFilter.AsSpan().Clear();
        return peers.TryScrape(torrent, seedFilter, peerFilter);
    }

    private List<Sha1Hash> Samples(int count, long nowMs)
    {
        if (nowMs - sampledMs >= SampleForMs)
        {
            samples = peers.SampleTorrents(MaxSamples);
            sampledMs = nowMs;
        }
        return samples.Count <= count ? samples : samples.GetRange(0, count);
    }

    private static int SizeOf(DhtItem item) => item.Value.Length + item.PublicKey.Length + item.Signature.Length + 64;

    private void Refuse(in KrpcMessage query, int queryLength, IPEndPoint from, bool isKnown, int code, ReadOnlySpan<byte> text, long nowMs)
    {
        writer.Clear();
        KrpcReply.WriteError(writer, query.TransactionId, node.Version, from, code, text);
        Send(queryLength, from, isKnown, nowMs);
    }

    private void Send(int queryLength, IPEndPoint from, bool isKnown, long nowMs)
    {
        if (!isKnown && (writer.Length > Amplification * queryLength || !TakeAllowance(writer.Length, nowMs))) return;
        node.Send(writer.Written, from);
    }

    private bool TakeAllowance(int bytes, long nowMs)
    {
        allowance = Math.Min(BytesBurst, allowance + (nowMs - allowanceMs) / 1000.0 * BytesPerSecond);
        allowanceMs = nowMs;
        if (allowance < bytes) return false;
        allowance -= bytes;
        return true;
    }
}
