using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Spate.Engine.Discovery;
using Spate.Engine.Ports;
using Spate.Protocol;
using Spate.Protocol.Dht;

namespace Spate.Engine.Dht;

/// <summary>
/// The nodes we know, many close to our own id and few far away (BEP 5): bucket <c>i</c> holds those that share exactly <c>i</c>
/// leading bits with it, the last bucket all that share more, until it is full and splits.
/// </summary>
/// <remarks>
/// Only nodes that answered us count as known; of others we keep a few names to try when there is room. A bucket that is full of
/// living nodes keeps them, because who has been there for long will stay; a newcomer takes the place of a node that fails, or of
/// one whose id does not fit its address (BEP 42). To make it costly to surround us, an address has one place in the table, and a
/// /24 (IPv6: a /64) one in each bucket; addresses of local networks are exempt.
/// </remarks>
internal sealed class RoutingTable
{
    /// <summary>Places of a bucket; the first four, which cover most of the id space, have more: they make first hops long.</summary>
    public const int K = 8;

    private const int MaxReplacements = 8;
    private const int FailsToReplace = 2;
    private const int FailsToForget = 20;
    private const long GoodForMs = 15 * 60_000;

    private readonly List<Bucket> buckets = [new Bucket()];
    private readonly Dictionary<IPEndPoint, Contact> byEndPoint = []; // live ones and replacements
    private readonly Dictionary<IPAddress, int> perAddress = []; // of the Internet
    private readonly List<Contact> others = [];
    private readonly Sha1Hash self;

    /// <param name="self">Our own id.</param>
    /// <param name="newcomers">Those of the table that this one replaces.</param>
    public RoutingTable(Sha1Hash self, long newcomers = 0)
    {
        this.self = self;
        Newcomers = newcomers;
    }

    /// <summary>Nodes in their places.</summary>
    public int Count { get; private set; }

    /// <summary>Nodes that have taken a place since the beginning, whether or not they still have it: it grows with each newcomer.</summary>
    public long Newcomers { get; private set; }

    /// <summary>Buckets in use.</summary>
    public int BucketCount => buckets.Count;

    /// <summary>All nodes in their places.</summary>
    public IEnumerable<Contact> Live => buckets.SelectMany(b => b.Live);

    /// <summary>The known node at an address.</summary>
    public bool TryGet(IPEndPoint endPoint, [NotNullWhen(true)] out Contact? contact) => byEndPoint.TryGetValue(endPoint, out contact);

    /// <summary>Nodes that answered within the last quarter of an hour, and the last time they were asked.</summary>
    public int CountGood(long nowMs) => Live.Count(c => c.Fails == 0 && nowMs - c.SeenMs < GoodForMs);

    /// <summary>A node answered a query of ours.</summary>
    public void OnAnswer(NodeInfo node, int roundTripMs, long nowMs)
    {
        Contact? contact = Meet(node);
        if (contact is null) return;
        (contact.IsConfirmed, contact.SeenMs, contact.Fails, contact.RoundTripMs) = (true, nowMs, 0, roundTripMs);
        Bucket bucket = BucketOf(contact.Id);
        bucket.ChangedMs = nowMs;
        if (!bucket.Live.Contains(contact)) Settle(contact);
    }

    /// <summary>A node asked us something: it lives, but whether it can be asked, nobody knows.</summary>
    /// <returns>True when it will be asked, because there is room for it.</returns>
    public bool OnQuery(NodeInfo node, long nowMs)
    {
        if (byEndPoint.TryGetValue(node.EndPoint, out Contact? known) && known.Id == node.Id)
        {
            if (known.IsConfirmed) known.SeenMs = nowMs;
            return false;
        }
        return known is null && Heard(node); // to change its id it has to answer
    }

    /// <summary>Somebody mentioned a node. It is kept as a name to try when its bucket has room.</summary>
    public bool Heard(NodeInfo node)
    {
        if (byEndPoint.ContainsKey(node.EndPoint) || node.Id == self) return false;
        int index = IndexOf(node.Id);
        Bucket bucket = buckets[index];
        if (bucket.Replacements.Count >= MaxReplacements || !HasRoom(index)) return false;
        Contact? contact = Meet(node);
        if (contact is not null) bucket.Replacements.Add(contact);
        return contact is not null;
    }

    /// <summary>A node did not answer.</summary>
    public void OnFailure(IPEndPoint endPoint, long nowMs)
    {
        if (!byEndPoint.TryGetValue(endPoint, out Contact? contact)) return;
        contact.Fails++;
        Bucket bucket = BucketOf(contact.Id);
        if (!contact.IsConfirmed || contact.Fails >= FailsToForget)
        {
            Forget(contact);
            if (contact.IsConfirmed) Promote(bucket);
            return;
        }
        if (contact.Fails < FailsToReplace || !bucket.Live.Contains(contact)) return;
        if (bucket.Replacements.Exists(static r => r.IsConfirmed))
        {
            Forget(contact);
            Promote(bucket);
            bucket.ChangedMs = nowMs;
        }
    }

    /// <summary>
    /// The nodes closest to a target that are known to work. Those whose id fits their address come first and get five places of
    /// eight, if there are as many: somebody who gathers around a target can't, and would be all that we tell of otherwise. The others
    /// get the rest, for many honest nodes are like that. Where all these do not suffice, nodes that failed once.
    /// </summary>
    public void Closest(in Sha1Hash target, int count, List<Contact> into)
    {
        into.Clear();
        Collect(target, count, into, fails: 0, isVerified: true);
        int fitting = into.Count;
        others.Clear();
        Collect(target, count, others, fails: 0, isVerified: false);
        int share = Math.Min(others.Count, Math.Max(count - fitting, count * 3 / 8));
        // Of the others only those that are closer than what they would replace.
        while (share > count - into.Count && into.Count > 0)
        {
            if (NodeIds.CompareDistance(target, others[share - 1].Id, into[^1].Id) < 0) into.RemoveAt(into.Count - 1);
            else share--;
        }
        into.AddRange(others.GetRange(0, share));
        if (into.Count < count) Collect(target, count, into, fails: 1, isVerified: true);
    }

    /// <summary>The node that has been quiet for longest, if that is longer than the given time, whom to ask whether it still lives.</summary>
    public Contact? MostStale(long nowMs, long olderThanMs)
    {
        Contact? stalest = null;
        long stalestMs = nowMs - olderThanMs;
        foreach (Bucket bucket in buckets)
        {
            foreach (Contact contact in bucket.Live)
            {
                long touched = Math.Max(contact.SeenMs, contact.AskedMs);
                if (touched >= stalestMs) continue;
                (stalest, stalestMs) = (contact, touched);
            }
        }
        return stalest;
    }

    /// <summary>A node of which we only heard and whose bucket has room, whom to ask whether it is there.</summary>
    public Contact? NextToTry(long nowMs, long pauseMs)
    {
        for (int i = 0; i < buckets.Count; i++)
        {
            if (buckets[i].Replacements.Count == 0 || !HasRoom(i)) continue;
            foreach (Contact contact in buckets[i].Replacements)
            {
                if (nowMs - contact.AskedMs >= pauseMs || contact.AskedMs == 0) return contact;
            }
        }
        return null;
    }

    /// <summary>An id in the range of a bucket that did not change for a while, to look for; null when all did.</summary>
    public Sha1Hash? StaleTarget(long nowMs, long olderThanMs, IRandom random)
    {
        for (int i = 0; i < buckets.Count; i++)
        {
            if (nowMs - buckets[i].ChangedMs < olderThanMs) continue;
            buckets[i].ChangedMs = nowMs;
            return NodeIds.WithSharedBits(self, i, random);
        }
        return null;
    }

    /// <summary>An id in the same bucket as the node: asking it for that brings what that bucket lacks.</summary>
    public Sha1Hash TargetFor(Contact contact, IRandom random) =>
        NodeIds.WithSharedBits(self, Math.Min(NodeIds.SharedBits(self, contact.Id), NodeIds.Bits - 1), random);

    private static int CapacityOf(int index) => index switch
    {
        0 => 128,
        1 => 64,
        2 => 32,
        3 => 16,
        _ => K,
    };

    private int IndexOf(in Sha1Hash id) => Math.Min(NodeIds.SharedBits(self, id), buckets.Count - 1);

    private Bucket BucketOf(in Sha1Hash id) => buckets[IndexOf(id)];

    private bool HasRoom(int index)
    {
        Bucket bucket = buckets[index];
        if (bucket.Live.Count < CapacityOf(index) || CanSplit(index)) return true;
        return bucket.Live.Exists(static c => c.Fails >= FailsToReplace);
    }

    private bool CanSplit(int index) => index == buckets.Count - 1 && buckets.Count < NodeIds.Bits;

    // The known contact of this node, or a new one that has no place yet; null when the table does not want it.
    private Contact? Meet(NodeInfo node)
    {
        if (node.Id == self) return null;
        if (byEndPoint.TryGetValue(node.EndPoint, out Contact? known))
        {
            if (known.Id == node.Id) return known;
            Forget(known); // one address, another id: it began anew, or it lies
        }
        bool isGlobal = node.EndPoint.Address.ScopeOf() == AddressScope.Global;
        if (isGlobal && perAddress.ContainsKey(node.EndPoint.Address)) return null;
        foreach (Contact other in BucketOf(node.Id).Live)
        {
            if (other.Id != node.Id) continue;
            if (other.Fails == 0) return null; // an id that somebody else has, and he is well
            Forget(other);
            break;
        }
        var contact = new Contact(node, NodeIds.IsValid(node.Id, node.EndPoint.Address));
        byEndPoint.Add(node.EndPoint, contact);
        if (isGlobal) perAddress[node.EndPoint.Address] = 1;
        return contact;
    }

    // Gives a confirmed contact its place, or a seat on the bench.
    private void Settle(Contact contact)
    {
        while (true)
        {
            int index = IndexOf(contact.Id);
            Bucket bucket = buckets[index];
            bucket.Replacements.Remove(contact);
            Contact? neighbour = NeighbourOf(contact, bucket);
            if (neighbour is not null)
            {
                // The same /24 has a place here already: the newcomer gets that one or none.
                if (neighbour.Fails == 0) Bench(contact, bucket);
                else Swap(neighbour, contact, bucket);
                return;
            }
            if (bucket.Live.Count < CapacityOf(index))
            {
                Place(contact, bucket);
                return;
            }
            if (CanSplit(index))
            {
                Split();
                continue;
            }
            Contact worst = Worst(bucket);
            if (worst.Fails >= FailsToReplace || (contact.IsVerified && !worst.IsVerified)) Swap(worst, contact, bucket);
            else Bench(contact, bucket);
            return;
        }
    }

    private void Place(Contact contact, Bucket bucket)
    {
        bucket.Live.Add(contact);
        Count++;
        Newcomers++;
    }

    private void Swap(Contact old, Contact contact, Bucket bucket)
    {
        Forget(old);
        Place(contact, bucket);
        if (old.Fails == 0 && byEndPoint.TryAdd(old.EndPoint, old)) // was good, only not verified
        {
            if (old.EndPoint.Address.ScopeOf() == AddressScope.Global) perAddress[old.EndPoint.Address] = 1;
            Bench(old, bucket);
        }
    }

    // Keeps a node in reserve: the newest ones, those with a fitting id first.
    private void Bench(Contact contact, Bucket bucket)
    {
        if (bucket.Replacements.Count >= MaxReplacements)
        {
            Contact? out1 = bucket.Replacements.Find(static r => !r.IsConfirmed) ?? bucket.Replacements.Find(static r => !r.IsVerified);
            if (out1 is null && !contact.IsVerified)
            {
                Forget(contact);
                return;
            }
            Forget(out1 ?? bucket.Replacements[0]);
        }
        bucket.Replacements.Add(contact);
    }

    private void Promote(Bucket bucket)
    {
        Contact? best = null;
        foreach (Contact candidate in bucket.Replacements)
        {
            if (!candidate.IsConfirmed || NeighbourOf(candidate, bucket) is not null) continue;
            if (best is null || (candidate.IsVerified && !best.IsVerified)
                || (candidate.IsVerified == best.IsVerified && candidate.SeenMs > best.SeenMs)) best = candidate;
        }
        if (best is null) return;
        bucket.Replacements.Remove(best);
        bucket.Live.Add(best);
        Count++;
    }

    private void Forget(Contact contact)
    {
        byEndPoint.Remove(contact.EndPoint);
        if (contact.EndPoint.Address.ScopeOf() == AddressScope.Global) perAddress.Remove(contact.EndPoint.Address);
        Bucket bucket = BucketOf(contact.Id);
        if (bucket.Live.Remove(contact)) Count--;
        else bucket.Replacements.Remove(contact);
    }

    private void Split()
    {
        Bucket old = buckets[^1];
        int index = buckets.Count - 1;
        var deeper = new Bucket { ChangedMs = old.ChangedMs };
        buckets.Add(deeper);
        Contact[] live = [.. old.Live], waiting = [.. old.Replacements];
        old.Live.Clear();
        old.Replacements.Clear();
        Count -= live.Length;
        foreach (Contact contact in live)
        {
            int place = NodeIds.SharedBits(self, contact.Id) > index ? index + 1 : index;
            Bucket bucket = buckets[place];
            if (bucket.Live.Count < CapacityOf(place))
            {
                bucket.Live.Add(contact);
                Count++;
            }
            else Bench(contact, bucket);
        }
        foreach (Contact contact in waiting) Bench(contact, BucketOf(contact.Id));
    }

    private static Contact Worst(Bucket bucket)
    {
        Contact worst = bucket.Live[0];
        foreach (Contact contact in bucket.Live)
        {
            if (contact.Fails > worst.Fails
                || (contact.Fails == worst.Fails && (worst.IsVerified && !contact.IsVerified
                    || (worst.IsVerified == contact.IsVerified && contact.SeenMs < worst.SeenMs)))) worst = contact;
        }
        return worst;
    }

    // A living node of the bucket that shares the newcomer's part of the Internet.
    private static Contact? NeighbourOf(Contact contact, Bucket bucket)
    {
        if (contact.EndPoint.Address.ScopeOf() != AddressScope.Global) return null;
        foreach (Contact other in bucket.Live)
        {
            if (AddressNetwork.AreClose(contact.EndPoint.Address, other.EndPoint.Address)) return other;
        }
        return null;
    }

    private void Collect(in Sha1Hash target, int count, List<Contact> into, int fails, bool isVerified)
    {
        // Buckets in the order of their distance to the target: its own, then all deeper ones (equally far), then back to the first.
        int own = IndexOf(target);
        Take(own, own + 1, target, count, into, fails, isVerified);
        if (into.Count < count) Take(own + 1, buckets.Count, target, count, into, fails, isVerified);
        for (int i = own - 1; i >= 0 && into.Count < count; i--) Take(i, i + 1, target, count, into, fails, isVerified);
    }

    private void Take(int from, int to, in Sha1Hash target, int count, List<Contact> into, int fails, bool isVerified)
    {
        int first = into.Count;
        for (int i = from; i < to; i++)
        {
            foreach (Contact contact in buckets[i].Live)
            {
                if (contact.Fails != fails || contact.IsVerified != isVerified) continue;
                int at = into.Count;
                while (at > first && NodeIds.CompareDistance(target, contact.Id, into[at - 1].Id) < 0) at--;
                if (at >= count) continue;
                if (into.Count == count) into.RemoveAt(count - 1);
                into.Insert(at, contact);
            }
        }
    }

    private sealed class Bucket
    {
        public List<Contact> Live { get; } = [];

        public List<Contact> Replacements { get; } = [];

        public long ChangedMs { get; set; }
    }
}
