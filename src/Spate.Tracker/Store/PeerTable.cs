using System.Runtime.CompilerServices;

namespace Spate.Tracker.Store;

/// <summary>
/// The peers of one kind in a big swarm: a hash table whose slots are the peers themselves (linear probing, no tombstones). Because
/// slots are in the order of a secret hash, a run of slots from a random place is a random choice of peers that lies together in
/// memory. Lives in unmanaged memory; all zeros is an empty table.
/// </summary>
internal unsafe struct PeerTable<TPeer> where TPeer : unmanaged, IPeerEntry<TPeer>
{
    private const uint MinCapacity = 32;

    private TPeer* slots;
    private uint capacity;
    private uint count;

    public readonly uint Count => count;

    /// <summary>Bytes of the slots.</summary>
    public readonly nuint Bytes => capacity * (nuint)sizeof(TPeer);

    /// <summary>The slot of a peer, or null.</summary>
    public readonly TPeer* Find(in TPeer peer, ulong secret)
    {
        if (count == 0) return null;
        for (uint i = Home(peer.Hash(secret)); ; i = After(i))
        {
            if (slots[i].IsEmpty) return null;
            if (slots[i].IsSamePeer(peer)) return slots + i;
        }
    }

    /// <summary>Adds a peer that is not there yet.</summary>
    public void Add(in TPeer peer, ulong secret, PagePool memory)
    {
        if (count * 5ul >= capacity * 4ul) Resize(Math.Max(MinCapacity, capacity + capacity / 4), secret, memory);
        Place(peer, secret);
        count++;
    }

    /// <summary>Removes what stands in a slot; the peers behind it may move.</summary>
    public void Remove(TPeer* slot, ulong secret)
    {
        uint hole = (uint)(slot - slots);
        for (uint i = After(hole); !slots[i].IsEmpty; i = After(i))
        {
            // A peer may go back to the hole unless that lies before its home, seen around the end of the table.
            uint home = Home(slots[i].Hash(secret));
            if (Distance(home, i) < Distance(hole, i)) continue;
            slots[hole] = slots[i];
            hole = i;
        }
        slots[hole] = default;
        count--;
    }

    /// <summary>
    /// Writes up to <paramref name="wanted"/> peers from a random place on, without <paramref name="self"/> and, where asked, without
    /// partial seeds. Returns how many.
    /// </summary>
    public readonly int Sample(int wanted, in TPeer self, bool skipPartial, ref byte destination, ref FastRandom random)
    {
        int written = 0;
        if (count == 0 || wanted <= 0) return 0;
        uint i = random.Next(capacity);
        for (uint seen = 0; seen < capacity && written < wanted; seen++, i = After(i))
        {
            ref TPeer peer = ref slots[i];
            if (peer.IsEmpty || peer.IsSamePeer(self) || (skipPartial && peer.Mark.IsPartial)) continue;
            peer.WriteTo(ref Unsafe.Add(ref destination, written * TPeer.WireSize));
            written++;
        }
        return written;
    }

    /// <summary>The peer at a position from 0 to <see cref="Capacity"/>; it may be empty.</summary>
    public readonly TPeer* At(uint position) => slots + position;

    public readonly uint Capacity => capacity;

    /// <summary>Gives memory back when most of it is empty.</summary>
    public void Trim(ulong secret, PagePool memory)
    {
        if (capacity > MinCapacity && count * 4ul < capacity) Resize(Math.Max(MinCapacity, count + count / 2 + 1), secret, memory);
    }

    public void Free(PagePool memory)
    {
        if (slots != null) memory.FreeBig((byte*)slots, Bytes);
        this = default;
    }

    private void Resize(uint newCapacity, ulong secret, PagePool memory)
    {
        TPeer* oldSlots = slots;
        uint oldCapacity = capacity;
        nuint oldBytes = Bytes;
        capacity = newCapacity;
        slots = (TPeer*)memory.AllocateBig(Bytes);
        for (uint i = 0; i < oldCapacity; i++)
        {
            if (!oldSlots[i].IsEmpty) Place(oldSlots[i], secret);
        }
        if (oldSlots != null) memory.FreeBig((byte*)oldSlots, oldBytes);
    }

    private readonly void Place(in TPeer peer, ulong secret)
    {
        uint i = Home(peer.Hash(secret));
        while (!slots[i].IsEmpty) i = After(i);
        slots[i] = peer;
    }

    private readonly uint Home(uint hash) => (uint)((ulong)hash * capacity >> 32);

    private readonly uint After(uint i) => i + 1 == capacity ? 0 : i + 1;

    // Steps from one slot forward to another.
    private readonly uint Distance(uint from, uint to) => to >= from ? to - from : to + capacity - from;
}
