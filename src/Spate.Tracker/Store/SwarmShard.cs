using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Spate.Protocol;

namespace Spate.Tracker.Store;

/// <summary>
/// The torrents whose hashes fall to this shard: an index by hash, their records, and the wheel that brings each torrent up for
/// expiry when its oldest peer is due. Everything below needs <see cref="Gate"/>, which is held for one announce or a few torrents'
/// expiry at a time.
/// </summary>
internal sealed unsafe class SwarmShard(PagePool pages, ulong secret, StoreLimits limits) : IDisposable
{
    /// <summary>Held around all other members.</summary>
    public Lock Gate { get; } = new();

    private const int WheelSlots = 64;
    private const int RecordsPerPage = PagePool.PageSize / 48;
    private const uint MinIndex = 64;

    // With the tag in its lower byte an index entry has 24 bits for the record.
    private const int MaxRecords = (1 << 24) - 2;

    private readonly StoreMemory memory = new(pages, new SlabAllocator(pages), secret);
    private readonly int[] wheel = NewWheel();
    private readonly uint slotSeconds = limits.PeerLifetimeSeconds / (WheelSlots - 4) + 1;
    private readonly List<nint> recordPages = [];
    private readonly Dictionary<int, SwarmCounts> webPeers = []; // by record: peers that only WebSocket clients can reach
    private uint* index;
    private uint indexSize;
    private uint count;
    private int freeRecord = -1;
    private int recordsMade;
    private uint wheelTime;   // the slot that was taken up last, counted from the start of the clock
    private int due = -1;     // what is left of it

    /// <summary>Torrents with or without peers.</summary>
    public uint Torrents => count;

    /// <summary>All peers; kept up to date by those who change them.</summary>
    public SwarmCounts Totals { get; private set; }

    /// <summary>Those of the peers that are behind IPv6 addresses.</summary>
    public uint PeersV6 { get; private set; }

    private static int[] NewWheel()
    {
        var slots = new int[WheelSlots];
        Array.Fill(slots, -1);
        return slots;
    }

    /// <summary>Fetches into the cache where an announce of this hash will look first. Needs no <see cref="Gate"/>: nothing is read.</summary>
    public void PrefetchIndex(ulong hash)
    {
        if (Sse.IsSupported) Sse.Prefetch0(index + Home(hash));
    }

    /// <summary>Fetches into the cache the record that this hash most likely has, and then its peers when it is asked once more.</summary>
    public void PrefetchRecord(ulong hash, bool andPeers)
    {
        if (count == 0 || !Sse.IsSupported) return;
        uint entry = index[Home(hash)];
        if (entry == 0 || (entry & 0xFF) != Tag(hash)) return; // stands elsewhere; it will be found without our help
        TorrentRecord* record = Record((int)(entry >> 8) - 1);
        if (andPeers) Sse.Prefetch0((byte*)record->PeersV4);
        else
        {
            Sse.Prefetch0(record);
            Sse.Prefetch0((byte*)(record + 1) - 1);
        }
    }

    /// <summary>The record of a torrent, or null; its number in <paramref name="number"/>.</summary>
    public TorrentRecord* Find(ReadOnlySpan<byte> infoHash, ulong hash, out int number)
    {
        number = -1;
        if (count == 0) return null;
        uint tag = Tag(hash);
        for (uint i = Home(hash); index[i] != 0; i = After(i))
        {
            if ((index[i] & 0xFF) != tag) continue;
            TorrentRecord* record = Record((int)(index[i] >> 8) - 1);
            if (!record->InfoHash.SequenceEqual(infoHash)) continue;
            number = (int)(index[i] >> 8) - 1;
            return record;
        }
        return null;
    }

    /// <summary>Makes a record for a torrent that has none; null when the shard can't number any more.</summary>
    public TorrentRecord* Add(ReadOnlySpan<byte> infoHash, ulong hash, uint nowSeconds, out int number)
    {
        number = -1;
        if (count >= MaxRecords) return null;
        if (count * 5ul >= indexSize * 4ul) GrowIndex();
        number = TakeRecord();
        TorrentRecord* record = Record(number);
        *record = new TorrentRecord { EmptySince = nowSeconds };
        infoHash.CopyTo(record->InfoHash);
        PlaceInIndex((uint)(number + 1) << 8 | Tag(hash), hash);
        count++;
        EnterWheel(number, nowSeconds, limits.PeerLifetimeSeconds);
        return record;
    }

    /// <summary>Enters a peer, moves it to another role or removes it. Returns what it was before.</summary>
    public PeerRole Update<TPeer>(TorrentRecord* record, in TPeer peer, PeerRole role, uint nowSeconds, bool mayAdd)
        where TPeer : unmanaged, IPeerEntry<TPeer>
    {
        ref nint set = ref TPeer.SetOf(ref *record);
        PeerRole before = PeerSet<TPeer>.Update(ref set, peer, role, nowSeconds, mayAdd, memory);
        if (before == role) return before;
        if (before == PeerRole.None && !mayAdd) return before;
        Totals = Add(Remove(Totals, before), role);
        if (typeof(TPeer) == typeof(PeerV6)) PeersV6 += (role != PeerRole.None ? 1u : 0) - (before != PeerRole.None ? 1u : 0);
        if (role != PeerRole.None) record->EmptySince = 0;
        return before;
    }

    /// <summary>Counts of a torrent, WebSocket peers among them.</summary>
    public SwarmCounts Count(TorrentRecord* record, int number)
    {
        SwarmCounts counts = PeerSet<PeerV4>.Count(record->PeersV4) + PeerSet<PeerV6>.Count(record->PeersV6);
        return webPeers.Count != 0 && webPeers.TryGetValue(number, out SwarmCounts web) ? counts + web : counts;
    }

    /// <summary>How many WebSocket peers a torrent has.</summary>
    public SwarmCounts WebPeersOf(int number) => webPeers.GetValueOrDefault(number);

    /// <summary>Sets how many WebSocket peers a torrent has. Returns how many more these are than before.</summary>
    public long SetWebPeers(TorrentRecord* record, int number, SwarmCounts counts)
    {
        webPeers.TryGetValue(number, out SwarmCounts before);
        Totals = new SwarmCounts(
            Totals.Seeders - before.Seeders + counts.Seeders, Totals.Leechers - before.Leechers + counts.Leechers,
            Totals.Partials - before.Partials + counts.Partials);
        if (counts.Peers == 0) webPeers.Remove(number);
        else
        {
            webPeers[number] = counts;
            record->EmptySince = 0;
        }
        return (long)counts.Peers - before.Peers;
    }

    /// <summary>
    /// Brings up the torrents that are due, at most <paramref name="budget"/> of them. Returns false while more are due, so that the
    /// caller may let others in between.
    /// </summary>
    public bool Sweep(uint nowSeconds, int budget)
    {
        uint current = nowSeconds / slotSeconds;
        if (current - wheelTime > WheelSlots) wheelTime = current - WheelSlots; // once around is everything
        while (true)
        {
            while (due >= 0)
            {
                if (budget-- == 0) return false;
                int number = due;
                due = Record(number)->Next;
                SweepTorrent(number, nowSeconds);
            }
            if (wheelTime == current) return true;
            wheelTime++;
            (due, wheel[wheelTime % WheelSlots]) = (wheel[wheelTime % WheelSlots], -1);
        }
    }

    /// <summary>Calls for each torrent.</summary>
    public void ForEach(Action<Sha1Hash, SwarmCounts, uint> visit)
    {
        for (uint i = 0; i < indexSize; i++)
        {
            if (index[i] == 0) continue;
            int number = (int)(index[i] >> 8) - 1;
            TorrentRecord* record = Record(number);
            visit(new Sha1Hash(record->InfoHash), Count(record, number), record->Downloaded);
        }
    }

    public void Dispose()
    {
        for (uint i = 0; i < indexSize; i++)
        {
            if (index[i] == 0) continue;
            TorrentRecord* record = Record((int)(index[i] >> 8) - 1);
            PeerSet<PeerV4>.Clear(ref record->PeersV4, memory);
            PeerSet<PeerV6>.Clear(ref record->PeersV6, memory);
        }
        if (index != null) pages.FreeBig((byte*)index, indexSize * sizeof(uint));
        index = null;
        (indexSize, count, recordsMade, freeRecord) = (0, 0, 0, -1);
        foreach (nint page in recordPages) pages.Return((byte*)page);
        recordPages.Clear();
        Array.Fill(wheel, -1);
        due = -1;
    }

    private void SweepTorrent(int number, uint nowSeconds)
    {
        TorrentRecord* record = Record(number);
        SwarmCounts v6Before = PeerSet<PeerV6>.Count(record->PeersV6);
        SwarmCounts before = PeerSet<PeerV4>.Count(record->PeersV4) + v6Before;
        uint oldest = Math.Max(
            PeerSet<PeerV4>.Sweep(ref record->PeersV4, nowSeconds, limits.PeerLifetimeSeconds, memory),
            PeerSet<PeerV6>.Sweep(ref record->PeersV6, nowSeconds, limits.PeerLifetimeSeconds, memory));
        SwarmCounts v6After = PeerSet<PeerV6>.Count(record->PeersV6);
        SwarmCounts after = PeerSet<PeerV4>.Count(record->PeersV4) + v6After;
        Totals = new SwarmCounts(
            Totals.Seeders - (before.Seeders - after.Seeders), Totals.Leechers - (before.Leechers - after.Leechers),
            Totals.Partials - (before.Partials - after.Partials));
        PeersV6 -= v6Before.Peers - v6After.Peers;

        if (after.Peers != 0 || webPeers.ContainsKey(number))
        {
            record->EmptySince = 0;
            EnterWheel(number, nowSeconds, after.Peers == 0 ? limits.PeerLifetimeSeconds : limits.PeerLifetimeSeconds - oldest);
            return;
        }
        // An empty torrent is kept for a while for the sake of its count of downloads, if it has one.
        if (record->EmptySince == 0) record->EmptySince = nowSeconds;
        bool keep = record->Downloaded > 0 && nowSeconds - record->EmptySince < limits.EmptyTorrentLifetimeSeconds && !limits.IsFull(pages);
        if (keep) EnterWheel(number, nowSeconds, limits.PeerLifetimeSeconds);
        else Drop(number);
    }

    private void EnterWheel(int number, uint nowSeconds, uint seconds)
    {
        uint time = (nowSeconds + seconds) / slotSeconds + 1; // one later, so that by then the peer is older than the lifetime
        ref int slot = ref wheel[time % WheelSlots];
        Record(number)->Next = slot;
        slot = number;
    }

    private void Drop(int number)
    {
        TorrentRecord* record = Record(number);
        ulong hash = SwarmStore.HashOf(record->InfoHash, secret);
        uint hole = Home(hash);
        while ((int)(index[hole] >> 8) - 1 != number) hole = After(hole);
        for (uint i = After(hole); index[i] != 0; i = After(i))
        {
            uint home = Home(SwarmStore.HashOf(Record((int)(index[i] >> 8) - 1)->InfoHash, secret));
            if (Distance(home, i) < Distance(hole, i)) continue;
            index[hole] = index[i];
            hole = i;
        }
        index[hole] = 0;
        count--;
        record->Next = freeRecord;
        freeRecord = number;
    }

    private TorrentRecord* Record(int number) =>
        (TorrentRecord*)CollectionsMarshal.AsSpan(recordPages)[number / RecordsPerPage] + number % RecordsPerPage;

    private int TakeRecord()
    {
        if (freeRecord >= 0)
        {
            int number = freeRecord;
            freeRecord = Record(number)->Next;
            return number;
        }
        if (recordsMade == recordPages.Count * RecordsPerPage) recordPages.Add((nint)pages.Rent());
        return recordsMade++;
    }

    private void GrowIndex()
    {
        uint* old = index;
        uint oldSize = indexSize;
        indexSize = Math.Max(MinIndex, oldSize + oldSize / 2);
        index = (uint*)pages.AllocateBig(indexSize * sizeof(uint));
        for (uint i = 0; i < oldSize; i++)
        {
            if (old[i] != 0) PlaceInIndex(old[i], SwarmStore.HashOf(Record((int)(old[i] >> 8) - 1)->InfoHash, secret));
        }
        if (old != null) pages.FreeBig((byte*)old, oldSize * sizeof(uint));
    }

    private void PlaceInIndex(uint entry, ulong hash)
    {
        uint i = Home(hash);
        while (index[i] != 0) i = After(i);
        index[i] = entry;
    }

    private static SwarmCounts Add(SwarmCounts counts, PeerRole role) => role switch
    {
        PeerRole.Seed => counts with { Seeders = counts.Seeders + 1 },
        PeerRole.Leecher => counts with { Leechers = counts.Leechers + 1 },
        PeerRole.Partial => counts with { Leechers = counts.Leechers + 1, Partials = counts.Partials + 1 },
        _ => counts,
    };

    private static SwarmCounts Remove(SwarmCounts counts, PeerRole role) => role switch
    {
        PeerRole.Seed => counts with { Seeders = counts.Seeders - 1 },
        PeerRole.Leecher => counts with { Leechers = counts.Leechers - 1 },
        PeerRole.Partial => counts with { Leechers = counts.Leechers - 1, Partials = counts.Partials - 1 },
        _ => counts,
    };

    // The hash's upper bits chose the shard; its lower half chooses the place, and eight bits between them the tag.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private uint Home(ulong hash) => (uint)((uint)hash * (ulong)indexSize >> 32);

    private static uint Tag(ulong hash) => (uint)(hash >> 32) & 0xFF;

    private uint After(uint i) => i + 1 == indexSize ? 0 : i + 1;

    private uint Distance(uint from, uint to) => to >= from ? to - from : to + indexSize - from;
}
