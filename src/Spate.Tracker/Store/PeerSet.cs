using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Spate.Tracker.Store;

/// <summary>What a peer is in its swarm.</summary>
internal enum PeerRole : byte
{
    /// <summary>Not, or no longer, in the swarm.</summary>
    None,

    Leecher,

    /// <summary>Incomplete, and wanting nothing more (BEP 21); stored among the leechers.</summary>
    Partial,

    Seed,
}

/// <summary>
/// The peers of one torrent and address family, behind one pointer of the torrent's record. Up to 32 peers are an array, leechers
/// before seeds, that is searched from end to end; more are two hash tables. The pointer's lowest bit tells them apart.
/// </summary>
internal static unsafe class PeerSet<TPeer> where TPeer : unmanaged, IPeerEntry<TPeer>
{
    private const int MaxSmall = 32;

    // A swarm that shrank to this many peers becomes an array again: far enough from MaxSmall not to change to and fro.
    private const int BackToSmall = 16;

    private const nint LargeBit = 1;

    /// <summary>Stands before the peers of an array.</summary>
    private struct Small
    {
        public ushort Capacity, Leechers, Seeds, Partials;
    }

    private struct Large
    {
        public PeerTable<TPeer> Leechers, Seeds;
        public uint Partials;
    }

    /// <summary>Counts of a set.</summary>
    public static SwarmCounts Count(nint set)
    {
        if (set == 0) return default;
        if (IsLarge(set)) return new SwarmCounts(AsLarge(set)->Seeds.Count, AsLarge(set)->Leechers.Count, AsLarge(set)->Partials);
        Small* small = AsSmall(set);
        return new SwarmCounts(small->Seeds, small->Leechers, small->Partials);
    }

    /// <summary>
    /// Enters a peer, marked with the time, in its role, moves it there or removes it. Returns what it was before. A peer that is not
    /// there yet stays out unless <paramref name="mayAdd"/>.
    /// </summary>
    public static PeerRole Update(ref nint set, TPeer peer, PeerRole role, uint nowSeconds, bool mayAdd, in StoreMemory memory)
    {
        peer.Mark = PeerMark.At(nowSeconds, role == PeerRole.Partial);
        if (IsLarge(set)) return UpdateLarge(AsLarge(set), peer, role, mayAdd, memory);
        return UpdateSmall(ref set, peer, role, mayAdd, memory);
    }

    /// <summary>
    /// Writes up to <paramref name="wanted"/> peers for somebody in the given role: seeds and partial seeds get leechers that still
    /// want something, all others get leechers and seeds in the proportion of the swarm. Returns how many.
    /// </summary>
    public static int Sample(nint set, int wanted, in TPeer self, PeerRole role, Span<byte> destination, ref FastRandom random)
    {
        if (set == 0) return 0;
        wanted = Math.Min(wanted, destination.Length / TPeer.WireSize);
        bool uploadsOnly = role is PeerRole.Seed or PeerRole.Partial;
        ref byte start = ref MemoryMarshal.GetReference(destination);
        if (!IsLarge(set)) return SampleSmall(AsSmall(set), wanted, self, uploadsOnly, ref start, ref random);

        Large* large = AsLarge(set);
        int seeds = 0;
        if (!uploadsOnly)
        {
            uint total = large->Seeds.Count + large->Leechers.Count;
            seeds = (int)((large->Seeds.Count * (ulong)wanted + total / 2) / total);
            seeds = large->Seeds.Sample(seeds, self, skipPartial: false, ref start, ref random);
        }
        ref byte rest = ref Unsafe.Add(ref start, seeds * TPeer.WireSize);
        return seeds + large->Leechers.Sample(wanted - seeds, self, uploadsOnly, ref rest, ref random);
    }

    /// <summary>Removes peers that were not heard of for longer than the lifetime. Returns the age of the oldest that stays.</summary>
    public static uint Sweep(ref nint set, uint nowSeconds, uint lifetimeSeconds, in StoreMemory memory)
    {
        if (set == 0) return 0;
        uint oldest = 0;
        if (IsLarge(set))
        {
            Large* large = AsLarge(set);
            SweepTable(ref large->Leechers, nowSeconds, lifetimeSeconds, memory, ref oldest, ref large->Partials);
            SweepTable(ref large->Seeds, nowSeconds, lifetimeSeconds, memory, ref oldest, ref large->Partials);
            if (large->Leechers.Count + large->Seeds.Count <= BackToSmall) MakeSmall(ref set, memory);
            return oldest;
        }
        Small* small = AsSmall(set);
        for (int i = small->Leechers + small->Seeds - 1; i >= 0; i--)
        {
            uint age = Peers(small)[i].Mark.Age(nowSeconds);
            if (age > lifetimeSeconds) RemoveAt(small, i);
            else oldest = Math.Max(oldest, age);
        }
        Trim(ref set, memory);
        return oldest;
    }

    /// <summary>Frees everything.</summary>
    public static void Clear(ref nint set, in StoreMemory memory)
    {
        if (IsLarge(set))
        {
            AsLarge(set)->Leechers.Free(memory.Pages);
            AsLarge(set)->Seeds.Free(memory.Pages);
        }
        if (set != 0) memory.Slabs.Free((byte*)(set & ~LargeBit));
        set = 0;
    }

    private static bool IsLarge(nint set) => (set & LargeBit) != 0;

    private static Small* AsSmall(nint set) => (Small*)set;

    private static Large* AsLarge(nint set) => (Large*)(set & ~LargeBit);

    private static TPeer* Peers(Small* small) => (TPeer*)(small + 1);

    private static PeerRole UpdateSmall(ref nint set, in TPeer peer, PeerRole role, bool mayAdd, in StoreMemory memory)
    {
        PeerRole before = PeerRole.None;
        if (set != 0)
        {
            Small* small = AsSmall(set);
            int at = IndexOf(small, peer);
            if (at >= 0)
            {
                TPeer* found = Peers(small) + at;
                before = at >= small->Leechers ? PeerRole.Seed : found->Mark.IsPartial ? PeerRole.Partial : PeerRole.Leecher;
                if (before == role) // by far the most usual announce
                {
                    found->Mark = peer.Mark;
                    return before;
                }
                RemoveAt(small, at);
            }
        }
        if (role == PeerRole.None || (before == PeerRole.None && !mayAdd)) return before;
        if (set == 0 || AsSmall(set)->Leechers + AsSmall(set)->Seeds == AsSmall(set)->Capacity)
        {
            if (set != 0 && AsSmall(set)->Capacity >= MaxSmall)
            {
                MakeLarge(ref set, memory);
                UpdateLarge(AsLarge(set), peer, role, mayAdd: true, memory);
                return before;
            }
            Reallocate(ref set, set == 0 ? 1 : AsSmall(set)->Capacity + 1, memory);
        }
        Insert(AsSmall(set), peer, role);
        return before;
    }

    private static PeerRole UpdateLarge(Large* large, in TPeer peer, PeerRole role, bool mayAdd, in StoreMemory memory)
    {
        ref PeerTable<TPeer> wanted = ref role == PeerRole.Seed ? ref large->Seeds : ref large->Leechers;
        ref PeerTable<TPeer> other = ref role == PeerRole.Seed ? ref large->Leechers : ref large->Seeds;
        ulong secret = memory.Secret;
        TPeer* found = wanted.Find(peer, secret);
        bool inWanted = found != null;
        if (!inWanted) found = other.Find(peer, secret);
        PeerRole before = found == null ? PeerRole.None
            : inWanted == (role == PeerRole.Seed) ? PeerRole.Seed
            : found->Mark.IsPartial ? PeerRole.Partial : PeerRole.Leecher;

        if (before == PeerRole.Partial) large->Partials--;
        if (role == PeerRole.Partial && (mayAdd || before != PeerRole.None)) large->Partials++;
        if (inWanted && role != PeerRole.None)
        {
            found->Mark = peer.Mark;
            return before;
        }
        if (found != null)
        {
            if (inWanted) wanted.Remove(found, secret);
            else other.Remove(found, secret);
        }
        if (role != PeerRole.None && (mayAdd || before != PeerRole.None)) wanted.Add(peer, secret, memory.Pages);
        return before;
    }

    private static int IndexOf(Small* small, in TPeer peer)
    {
        TPeer* peers = Peers(small);
        int count = small->Leechers + small->Seeds;
        for (int i = 0; i < count; i++)
        {
            if (peers[i].IsSamePeer(peer)) return i;
        }
        return -1;
    }

    // Room is there.
    private static void Insert(Small* small, in TPeer peer, PeerRole role)
    {
        TPeer* peers = Peers(small);
        if (role == PeerRole.Seed)
        {
            peers[small->Leechers + small->Seeds++] = peer;
            return;
        }
        peers[small->Leechers + small->Seeds] = peers[small->Leechers]; // the first seed makes room; nothing moves when there is none
        peers[small->Leechers++] = peer;
        if (role == PeerRole.Partial) small->Partials++;
    }

    private static void RemoveAt(Small* small, int at)
    {
        TPeer* peers = Peers(small);
        int last = small->Leechers + small->Seeds - 1;
        if (at >= small->Leechers)
        {
            peers[at] = peers[last];
            small->Seeds--;
            return;
        }
        if (peers[at].Mark.IsPartial) small->Partials--;
        int lastLeecher = --small->Leechers;
        peers[at] = peers[lastLeecher];
        peers[lastLeecher] = peers[last]; // the last seed fills the gap between the two kinds
    }

    private static int SampleSmall(Small* small, int wanted, in TPeer self, bool uploadsOnly, ref byte destination, ref FastRandom random)
    {
        TPeer* peers = Peers(small);
        int count = uploadsOnly ? small->Leechers : small->Leechers + small->Seeds;
        if (count == 0 || wanted <= 0) return 0;
        int written = 0;
        int at = count <= wanted ? 0 : (int)random.Next((uint)count);
        for (int seen = 0; seen < count && written < wanted; seen++)
        {
            TPeer* peer = peers + at;
            if (++at == count) at = 0;
            if (peer->IsSamePeer(self) || (uploadsOnly && peer->Mark.IsPartial)) continue;
            peer->WriteTo(ref Unsafe.Add(ref destination, written * TPeer.WireSize));
            written++;
        }
        return written;
    }

    private static void SweepTable(
        ref PeerTable<TPeer> table, uint nowSeconds, uint lifetimeSeconds, in StoreMemory memory, ref uint oldest, ref uint partials)
    {
        for (uint i = 0; i < table.Capacity;)
        {
            TPeer* peer = table.At(i);
            if (!peer->IsEmpty)
            {
                uint age = peer->Mark.Age(nowSeconds);
                if (age > lifetimeSeconds)
                {
                    if (peer->Mark.IsPartial) partials--;
                    table.Remove(peer, memory.Secret);
                    continue; // another peer may stand here now
                }
                oldest = Math.Max(oldest, age);
            }
            i++;
        }
        table.Trim(memory.Secret, memory.Pages);
    }

    private static void MakeLarge(ref nint set, in StoreMemory memory)
    {
        Small* small = AsSmall(set);
        Large* large = (Large*)memory.Slabs.Allocate(sizeof(Large));
        *large = new Large { Partials = small->Partials };
        for (int i = 0; i < small->Leechers; i++) large->Leechers.Add(Peers(small)[i], memory.Secret, memory.Pages);
        for (int i = 0; i < small->Seeds; i++) large->Seeds.Add(Peers(small)[small->Leechers + i], memory.Secret, memory.Pages);
        memory.Slabs.Free((byte*)small);
        set = (nint)large | LargeBit;
    }

    private static void MakeSmall(ref nint set, in StoreMemory memory)
    {
        Large* large = AsLarge(set);
        nint small = 0;
        if (large->Leechers.Count + large->Seeds.Count > 0)
        {
            Reallocate(ref small, (int)(large->Leechers.Count + large->Seeds.Count), memory);
            for (uint i = 0; i < large->Leechers.Capacity; i++)
            {
                TPeer* peer = large->Leechers.At(i);
                if (!peer->IsEmpty) Insert(AsSmall(small), *peer, peer->Mark.IsPartial ? PeerRole.Partial : PeerRole.Leecher);
            }
            for (uint i = 0; i < large->Seeds.Capacity; i++)
            {
                if (!large->Seeds.At(i)->IsEmpty) Insert(AsSmall(small), *large->Seeds.At(i), PeerRole.Seed);
            }
        }
        Clear(ref set, memory);
        set = small;
    }

    private static void Trim(ref nint set, in StoreMemory memory)
    {
        Small* small = AsSmall(set);
        int count = small->Leechers + small->Seeds;
        if (count == 0) Clear(ref set, memory);
        else if (SlabAllocator.RoundUp(SizeFor(count)) < SlabAllocator.RoundUp(SizeFor(small->Capacity))) Reallocate(ref set, count, memory);
    }

    // Moves to a block with room for so many peers, at least for those that are there.
    private static void Reallocate(ref nint set, int room, in StoreMemory memory)
    {
        int size = SizeFor(room);
        Small* fresh = (Small*)memory.Slabs.Allocate(size);
        *fresh = default;
        if (set != 0)
        {
            Small* old = AsSmall(set);
            *fresh = *old;
            int bytes = (old->Leechers + old->Seeds) * sizeof(TPeer);
            Buffer.MemoryCopy(Peers(old), Peers(fresh), bytes, bytes);
            memory.Slabs.Free((byte*)old);
        }
        fresh->Capacity = (ushort)Math.Min(MaxSmall, (SlabAllocator.RoundUp(size) - sizeof(Small)) / sizeof(TPeer));
        set = (nint)fresh;
    }

    private static int SizeFor(int peers) => sizeof(Small) + peers * sizeof(TPeer);
}

/// <summary>Where a shard's blocks come from, and the secret of its hash tables.</summary>
internal readonly record struct StoreMemory(PagePool Pages, SlabAllocator Slabs, ulong Secret);
