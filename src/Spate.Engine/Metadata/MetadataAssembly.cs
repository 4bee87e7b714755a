using Spate.Protocol;
using Spate.Protocol.Wire;

namespace Spate.Engine.Metadata;

/// <summary>
/// Puts the info dictionary together from parts of several peers (BEP 9). Peers that say different sizes have nothing to do with each other:
/// one of them lies. When a whole does not have the right hash, nobody knows whose part was bad: from then on each peer's parts are kept
/// apart, and the first who delivers a good whole wins. What is held is bounded.
/// </summary>
internal sealed class MetadataAssembly(InfoHash infoHash)
{
    /// <summary>Metadata over this size, in bytes, is refused.</summary>
    public const int MaxSize = 30 << 20;

    /// <summary>Bytes that are held at most, over all attempts; where it would be more, the one that is least far is given up.</summary>
    public const int MaxHeld = 2 * MaxSize;

    private const int PerPeer = 4;              // parts in flight at one peer
    private const long RetryMs = 3_000;         // the same part is asked of somebody else after this time
    private const long PatienceMs = 30_000;     // with a peer that was asked and says nothing
    private const int MaxRefusals = 16;
    private const int MaxChanges = 3;           // of the size that a peer says

    private readonly Dictionary<int, Standing> peers = [];
    private readonly Dictionary<int, Group> groups = []; // by the size that its peers say; there are no more of them than of peers

    /// <summary>Parts received of the attempt that is furthest.</summary>
    public (int Received, int Total) Progress
    {
        get
        {
            Attempt? best = null;
            foreach (Attempt attempt in Attempts())
            {
                if (best is null || attempt.Received > best.Received) best = attempt;
            }
            return best is null ? (0, 0) : (best.Received, best.PartCount);
        }
    }

    /// <summary>Bytes that are held now.</summary>
    public long Held { get; private set; }

    /// <summary>A peer said how long the metadata is. False when it can't be true.</summary>
    public bool Offer(int peer, int size)
    {
        if (size is <= 0 or > MaxSize) return false;
        int changes = 0;
        if (peers.TryGetValue(peer, out Standing? known))
        {
            if (known.Size == size) return true;
            changes = known.Changes + 1;
            if (changes > MaxChanges) return false;
        }
        Forget(peer);
        peers.Add(peer, new Standing(size) { Changes = changes });
        if (!groups.TryGetValue(size, out Group? group)) groups.Add(size, group = new Group(size));
        group.Members++;
        return true;
    }

    /// <summary>The peer left.</summary>
    public void Forget(int peer)
    {
        if (!peers.Remove(peer, out Standing? standing)) return;
        Group group = groups[standing.Size];
        if (group.Alone.Remove(peer, out Attempt? alone)) Drop(alone);
        group.Shared.Release(peer);
        // What the last peer of the only size gave is kept for the next one.
        if (--group.Members > 0 || (groups.Count == 1 && !group.Distrust)) return;
        Drop(group.Shared);
        groups.Remove(standing.Size);
    }

    /// <summary>The next part to ask this peer for, or -1.</summary>
    public int Next(int peer, long nowMs)
    {
        if (!peers.TryGetValue(peer, out Standing? standing)) return -1;
        int part = AttemptOf(peer, standing).Next(peer, nowMs);
        if (part >= 0 && standing.WaitingSinceMs < 0) standing.WaitingSinceMs = nowMs;
        return part;
    }

    /// <summary>True for a peer that was asked and says nothing for half a minute, or nothing but no.</summary>
    public bool IsUseless(int peer, long nowMs) => peers.TryGetValue(peer, out Standing? standing)
        && (standing.Refusals >= MaxRefusals || (standing.WaitingSinceMs >= 0 && nowMs - standing.WaitingSinceMs > PatienceMs));

    /// <summary>
    /// A part came. Returns the whole when it is complete and right; <paramref name="liar"/> says that this peer sent what can't be right.
    /// </summary>
    public byte[]? OnData(int peer, MetadataMessage message, ReadOnlySpan<byte> data, long nowMs, out bool liar)
    {
        liar = false;
        if (!peers.TryGetValue(peer, out Standing? standing)) return null; // said no size, or had it from us that it is over
        Group group = groups[standing.Size];
        Attempt attempt = AttemptOf(peer, standing);
        if (message.Piece >= attempt.PartCount || data.Length != attempt.LengthOf(message.Piece)
            || (message.TotalSize != 0 && message.TotalSize != standing.Size))
        {
            liar = true;
            return null;
        }
        standing.Refusals = 0;
        standing.WaitingSinceMs = nowMs;
        if (!attempt.Accept(peer, message.Piece, data)) return null;
        Held += data.Length;
        if (attempt.Received < attempt.PartCount)
        {
            if (!attempt.IsAsked(peer)) standing.WaitingSinceMs = -1;
            if (Held > MaxHeld) GiveOneUp(attempt);
            return null;
        }

        byte[] whole = attempt.Whole();
        if (Matches(whole)) return whole;
        standing.WaitingSinceMs = -1;
        // One of several lied, or the only one did: with one contributor it is plain who.
        liar = group.Distrust || attempt.Contributors == 1;
        if (!liar) group.Distrust = true;
        Drop(attempt);
        return null;
    }

    /// <summary>A peer will not give this part.</summary>
    public void OnReject(int peer, int part, long nowMs)
    {
        if (!peers.TryGetValue(peer, out Standing? standing)) return;
        Attempt attempt = AttemptOf(peer, standing);
        attempt.Release(peer, part);
        standing.Refusals++;
        standing.WaitingSinceMs = attempt.IsAsked(peer) ? nowMs : -1;
    }

    private Attempt AttemptOf(int peer, Standing standing)
    {
        Group group = groups[standing.Size];
        if (!group.Distrust) return group.Shared;
        if (!group.Alone.TryGetValue(peer, out Attempt? alone)) group.Alone.Add(peer, alone = new Attempt(standing.Size));
        return alone;
    }

    private IEnumerable<Attempt> Attempts() => groups.Values.SelectMany(static g => g.Alone.Values.Append(g.Shared));

    private void GiveOneUp(Attempt keep)
    {
        Attempt? least = null;
        foreach (Attempt attempt in Attempts())
        {
            if (attempt != keep && attempt.Received > 0 && (least is null || attempt.Received < least.Received)) least = attempt;
        }
        if (least is not null) Drop(least);
    }

    private void Drop(Attempt attempt) => Held -= attempt.Clear();

    private bool Matches(byte[] bytes) => infoHash.HasV1 ? Sha1Hash.Of(bytes) == infoHash.V1 : Sha256Hash.Of(bytes) == infoHash.V2;

    private sealed class Standing(int size)
    {
        public int Size { get; } = size;

        /// <summary>Since when an answer is due; -1 when none is.</summary>
        public long WaitingSinceMs { get; set; } = -1;

        /// <summary>How often it said another size before.</summary>
        public int Changes { get; init; }

        /// <summary>Refusals since it last gave something.</summary>
        public int Refusals { get; set; }
    }

    // Peers that say the same size.
    private sealed class Group(int size)
    {
        public Attempt Shared { get; } = new(size);

        public Dictionary<int, Attempt> Alone { get; } = []; // by peer, once nobody is trusted

        public bool Distrust { get; set; }

        public int Members { get; set; }
    }

    private sealed class Attempt(int size)
    {
        private readonly Part[] parts = new Part[(size + MetadataMessage.PartSize - 1) / MetadataMessage.PartSize];
        private readonly HashSet<int> contributors = [];

        public int PartCount => parts.Length;

        public int Received { get; private set; }

        public int Contributors => contributors.Count;

        public int LengthOf(int part) => Math.Min(MetadataMessage.PartSize, size - part * MetadataMessage.PartSize);

        public int Next(int peer, long nowMs)
        {
            // When all parts are in flight, each may be asked of one more: the first may be slow, or lie.
            int inFlight = 0, fresh = -1, second = -1;
            for (int i = 0; i < parts.Length; i++)
            {
                ref Part part = ref parts[i];
                if (part.Bytes is not null) continue;
                bool isOurs = part.Peer == peer || part.OtherPeer == peer;
                if (nowMs - part.AskedMs > RetryMs) (part.Peer, part.OtherPeer) = (0, 0);
                if (part.Peer != 0 && isOurs) inFlight++;
                else if (part.Peer == 0 && fresh < 0) fresh = i;
                else if (part.Peer != 0 && part.OtherPeer == 0 && second < 0) second = i;
            }
            if (inFlight >= PerPeer) return -1;
            if (fresh >= 0)
            {
                parts[fresh].Peer = peer;
                parts[fresh].AskedMs = nowMs;
                return fresh;
            }
            if (second >= 0) parts[second].OtherPeer = peer;
            return second;
        }

        public bool IsAsked(int peer) => Array.Exists(parts, p => p.Bytes is null && (p.Peer == peer || p.OtherPeer == peer));

        public bool Accept(int peer, int index, ReadOnlySpan<byte> data)
        {
            ref Part part = ref parts[index];
            if (part.Bytes is not null) return false;
            part.Bytes = data.ToArray();
            Received++;
            contributors.Add(peer);
            return true;
        }

        public void Release(int peer, int only = -1)
        {
            for (int i = 0; i < parts.Length; i++)
            {
                if (only >= 0 && i != only) continue;
                if (parts[i].OtherPeer == peer) parts[i].OtherPeer = 0;
                if (parts[i].Peer == peer) (parts[i].Peer, parts[i].OtherPeer) = (parts[i].OtherPeer, 0);
            }
        }

        public byte[] Whole()
        {
            byte[] whole = new byte[size];
            for (int i = 0; i < parts.Length; i++) parts[i].Bytes!.CopyTo(whole, i * MetadataMessage.PartSize);
            return whole;
        }

        /// <summary>Begins anew; returns how many bytes it held.</summary>
        public long Clear()
        {
            long held = parts.Sum(static p => (long)(p.Bytes?.Length ?? 0));
            Array.Clear(parts);
            contributors.Clear();
            Received = 0;
            return held;
        }

        private struct Part
        {
            public byte[]? Bytes;
            public int Peer, OtherPeer; // asked of, or 0
            public long AskedMs;
        }
    }
}
