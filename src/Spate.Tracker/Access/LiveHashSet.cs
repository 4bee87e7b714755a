using System.Runtime.InteropServices;
using Spate.Protocol;

namespace Spate.Tracker.Access;

/// <summary>
/// A set of info-hashes that front ends ask without a lock while somebody changes it. A slot's state is published after its hash is
/// written, and a slot is never used for another hash, so a reader sees a whole hash or none; a table that has filled up with hashes
/// or graves is replaced by a fresh one.
/// </summary>
internal sealed class LiveHashSet
{
    private const byte Empty = 0, Used = 1, Grave = 2;

    private sealed class Table(int capacity)
    {
        public readonly Sha1Hash[] Hashes = new Sha1Hash[capacity];
        public readonly byte[] States = new byte[capacity];
        public int Taken; // used and graves
    }

    private readonly Lock writing = new();
    private readonly uint salt = (uint)Random.Shared.Next();
    private Table table = new(16);

    /// <summary>How many hashes there are.</summary>
    public int Count { get; private set; }

    /// <summary>Whether a hash of twenty bytes is there.</summary>
    public bool Contains(ReadOnlySpan<byte> infoHash)
    {
        Table current = Volatile.Read(ref table);
        uint mask = (uint)current.Hashes.Length - 1;
        for (uint i = Home(infoHash, mask); ; i = (i + 1) & mask)
        {
            byte state = Volatile.Read(ref current.States[i]);
            if (state == Empty) return false;
            if (state == Used && current.Hashes[i].AsSpan().SequenceEqual(infoHash)) return true;
        }
    }

    /// <summary>False when it was there already.</summary>
    public bool Add(Sha1Hash hash)
    {
        lock (writing)
        {
            if (Contains(hash.AsSpan())) return false;
            if (table.Taken * 2 >= table.Hashes.Length) Volatile.Write(ref table, Rebuild(All(), Count + 1));
            Place(table, hash);
            Count++;
            return true;
        }
    }

    /// <summary>False when it was not there.</summary>
    public bool Remove(Sha1Hash hash)
    {
        lock (writing)
        {
            uint mask = (uint)table.Hashes.Length - 1;
            for (uint i = Home(hash.AsSpan(), mask); table.States[i] != Empty; i = (i + 1) & mask)
            {
                if (table.States[i] != Used || table.Hashes[i] != hash) continue;
                Volatile.Write(ref table.States[i], Grave);
                Count--;
                return true;
            }
            return false;
        }
    }

    /// <summary>Replaces the whole set.</summary>
    public void Replace(IReadOnlyCollection<Sha1Hash> hashes)
    {
        lock (writing)
        {
            Table fresh = Rebuild(hashes, hashes.Count);
            Count = fresh.Taken;
            Volatile.Write(ref table, fresh);
        }
    }

    /// <summary>A copy of all hashes, in no order.</summary>
    public List<Sha1Hash> ToList()
    {
        lock (writing) return All();
    }

    private List<Sha1Hash> All()
    {
        var all = new List<Sha1Hash>(Count);
        for (int i = 0; i < table.Hashes.Length; i++)
        {
            if (table.States[i] == Used) all.Add(table.Hashes[i]);
        }
        return all;
    }

    private Table Rebuild(IReadOnlyCollection<Sha1Hash> hashes, int room)
    {
        var fresh = new Table((int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, room * 3)));
        foreach (Sha1Hash hash in hashes) Place(fresh, hash);
        return fresh;
    }

    private void Place(Table into, Sha1Hash hash)
    {
        uint mask = (uint)into.Hashes.Length - 1;
        uint i = Home(hash.AsSpan(), mask);
        for (; into.States[i] != Empty; i = (i + 1) & mask)
        {
            if (into.States[i] == Used && into.Hashes[i] == hash) return;
        }
        into.Hashes[i] = hash;
        Volatile.Write(ref into.States[i], Used);
        into.Taken++;
    }

    private uint Home(ReadOnlySpan<byte> hash, uint mask) => (uint)((MemoryMarshal.Read<uint>(hash) ^ salt) * 0x9E37_79B9ul >> 8) & mask;
}
