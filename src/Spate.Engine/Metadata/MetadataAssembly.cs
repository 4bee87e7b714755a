using Spate.Protocol;
using Spate.Protocol.Wire;

namespace Spate.Engine.Metadata;

/// <summary>
/// Puts the info dictionary together from parts of several peers (BEP 9). When the whole does not have the right hash, nobody knows whose part was
/// bad: from then on each peer's parts are kept apart, and the first who delivers a good whole wins. Bounded by the size limit.
/// </summary>
internal sealed class MetadataAssembly
{
    /// <summary>Metadata over this size, in bytes, is refused.</summary>
    public const int MaxSize = 10_000_000;

    private const int PerPeer = 4;            // parts in flight at one peer
    private const long RetryMs = 3_000;       // the same part is asked of somebody else after this time

    private readonly InfoHash infoHash;
    private readonly Dictionary<int, Attempt> alone = []; // by peer, once nobody is trusted
    private Attempt? shared;
    private bool distrust;

    public MetadataAssembly(InfoHash infoHash)
    {
        this.infoHash = infoHash;
    }

    /// <summary>Parts received of the attempt that is furthest.</summary>
    public (int Received, int Total) Progress
    {
        get
        {
            Attempt? best = shared;
            foreach (Attempt attempt in alone.Values)
            {
                if (best is null || attempt.Received > best.Received) best = attempt;
            }
            return best is null ? (0, 0) : (best.Received, best.Parts.Length);
        }
    }

    /// <summary>A peer said how long the metadata is. False when it can't be true.</summary>
    public bool Offer(int peer, int size)
    {
        if (size is <= 0 or > MaxSize) return false;
        if (distrust) alone[peer] = new Attempt(size);
        else shared ??= new Attempt(size);
        return true;
    }

    /// <summary>The peer left.</summary>
    public void Forget(int peer)
    {
        alone.Remove(peer);
        shared?.Release(peer);
    }

    /// <summary>The next part to ask this peer for, or -1.</summary>
    public int Next(int peer, int size, long nowMs)
    {
        Attempt? attempt = distrust ? alone.GetValueOrDefault(peer) : shared?.Size == size ? shared : null;
        return attempt?.Next(peer, nowMs) ?? -1;
    }

    /// <summary>A part came. Returns the whole when it is complete and right; <paramref name="liar"/> says that this peer sent what can't be right.</summary>
    public byte[]? OnData(int peer, MetadataMessage message, ReadOnlySpan<byte> data, out bool liar)
    {
        liar = false;
        Attempt? attempt = distrust ? alone.GetValueOrDefault(peer) : shared;
        if (attempt is null) return null;
        long rest = attempt.Size - (long)message.Piece * MetadataMessage.PartSize;
        long expected = Math.Clamp(rest, 0, MetadataMessage.PartSize);
        if (message.Piece >= attempt.Parts.Length || message.TotalSize != attempt.Size || data.Length != expected)
        {
            liar = distrust || message.TotalSize == attempt.Size;
            return null;
        }
        if (!attempt.Accept(peer, message.Piece, data)) return null;
        if (attempt.Received < attempt.Parts.Length) return null;

        if (Matches(attempt.Bytes)) return attempt.Bytes;
        if (distrust)
        {
            alone.Remove(peer);
            liar = true;
            return null;
        }
        // One of several lied, or the only one did: with one contributor it is plain who.
        liar = attempt.Contributors == 1;
        shared = null;
        if (!liar) distrust = true;
        return null;
    }

    /// <summary>A peer will not give this part.</summary>
    public void OnReject(int peer, int part) => (distrust ? alone.GetValueOrDefault(peer) : shared)?.Release(peer, part);

    /// <summary>Once nobody is trusted, every peer begins anew: which sizes they had said is the caller's to offer again.</summary>
    public bool NeedsOffers(int peer) => distrust ? !alone.ContainsKey(peer) : shared is null;

    private bool Matches(byte[] bytes) => infoHash.HasV1 ? Sha1Hash.Of(bytes) == infoHash.V1 : Sha256Hash.Of(bytes) == infoHash.V2;

    private sealed class Attempt(int size)
    {
        private int[]? contributors;

        public int Size { get; } = size;

        public byte[] Bytes { get; } = new byte[size];

        public Part[] Parts { get; } = new Part[(size + MetadataMessage.PartSize - 1) / MetadataMessage.PartSize];

        public int Received { get; private set; }

        public int Contributors => contributors?.Length ?? 0;

        public struct Part
        {
            public bool Have;
            public int Peer;     // asked of, or 0
            public long AskedMs;
        }

        public int Next(int peer, long nowMs)
        {
            int inFlight = 0, found = -1;
            for (int i = 0; i < Parts.Length; i++)
            {
                ref Part part = ref Parts[i];
                if (part.Have) continue;
                bool stale = part.Peer == 0 || nowMs - part.AskedMs > RetryMs;
                if (part.Peer == peer && !stale) inFlight++;
                else if (stale && found < 0) found = i;
            }
            if (found < 0 || inFlight >= PerPeer) return -1;
            Parts[found].Peer = peer;
            Parts[found].AskedMs = nowMs;
            return found;
        }

        public bool Accept(int peer, int index, ReadOnlySpan<byte> data)
        {
            ref Part part = ref Parts[index];
            if (part.Have) return false;
            data.CopyTo(Bytes.AsSpan(index * MetadataMessage.PartSize));
            part.Have = true;
            Received++;
            if (contributors is null || !contributors.Contains(peer)) contributors = [.. contributors ?? [], peer];
            return true;
        }

        public void Release(int peer, int only = -1)
        {
            for (int i = 0; i < Parts.Length; i++)
            {
                if (Parts[i].Peer == peer && !Parts[i].Have && (only < 0 || i == only)) Parts[i].Peer = 0;
            }
        }
    }
}
