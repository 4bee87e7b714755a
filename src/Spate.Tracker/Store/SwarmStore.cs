using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Spate.Protocol;

namespace Spate.Tracker.Store;

/// <summary>What the store keeps, and for how long.</summary>
/// <param name="PeerLifetimeSeconds">A peer that is silent for longer is dropped; below nine hours.</param>
/// <param name="EmptyTorrentLifetimeSeconds">How long the count of downloads outlives the last peer.</param>
/// <param name="MemoryCapBytes">Unmanaged memory from which on the store takes no new torrents and peers.</param>
internal sealed record StoreLimits(uint PeerLifetimeSeconds, uint EmptyTorrentLifetimeSeconds, long MemoryCapBytes)
{
    public bool IsFull(PagePool pages) => pages.Bytes >= MemoryCapBytes;
}

/// <summary>How an announce ended.</summary>
internal enum AnnounceOutcome
{
    Done,

    /// <summary>The torrent is new and there is no memory for it.</summary>
    Full,
}

/// <summary>What an announce brought.</summary>
internal struct AnnounceResult
{
    public SwarmCounts Counts;
    public uint Downloaded;

    /// <summary>Peers of the asker's address family that were written.</summary>
    public int Peers;

    /// <summary>Peers of the other family that were written.</summary>
    public int OtherPeers;

    /// <summary>What the peer was before.</summary>
    public PeerRole Before;
}

/// <summary>
/// All swarms of a tracker, in memory, for all its front ends at once. Torrents are spread over shards with a lock each; peers stand
/// in unmanaged memory, eight bytes for IPv4 and twenty for IPv6, so the garbage collector never sees them.
/// </summary>
internal sealed unsafe class SwarmStore : IDisposable
{
    // What a WebSocket peer costs in managed objects: its entries in two dictionaries and a list.
    private const int WebPeerBytes = 300;

    private readonly PagePool pages = new();
    private readonly SwarmShard[] shards;
    private readonly int shardShift;
    private readonly ulong secret;
    private readonly StoreLimits limits;

    /// <param name="limits">What to keep.</param>
    /// <param name="shardCount">A power of two, at least 2: several for each thread that announces.</param>
    public SwarmStore(StoreLimits limits, int shardCount = 64)
    {
        this.limits = limits;
        secret = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
        shards = new SwarmShard[shardCount];
        shardShift = 64 - BitOperations.Log2((uint)shardCount);
        for (int i = 0; i < shards.Length; i++) shards[i] = new SwarmShard(pages, secret, limits);
    }

    /// <summary>Unmanaged bytes in use.</summary>
    public long MemoryBytes => pages.Bytes;

    /// <summary>True when no new torrents are taken.</summary>
    public bool IsFull => limits.IsFull(pages);

    /// <summary>Totals over all torrents; each shard's part is from a slightly different moment.</summary>
    public StoreTotals Totals
    {
        get
        {
            StoreTotals totals = default;
            foreach (SwarmShard shard in shards)
            {
                lock (shard.Gate)
                {
                    totals = new StoreTotals(
                        totals.Torrents + shard.Torrents, totals.Peers + shard.Totals, totals.PeersV6 + shard.PeersV6);
                }
            }
            return totals;
        }
    }

    /// <summary>
    /// Enters a peer and chooses others for it. A peer without a port gets peers and is not entered.
    /// </summary>
    /// <param name="infoHash">Twenty bytes.</param>
    /// <param name="peer">Who announces.</param>
    /// <param name="role">What it is from now on; <see cref="PeerRole.None"/> removes it.</param>
    /// <param name="completed">It says that it has just completed the download.</param>
    /// <param name="wanted">Peers to write at most.</param>
    /// <param name="peers">Where peers of the asker's family go.</param>
    /// <param name="otherPeers">Where peers of the other family go as far as the first do not suffice; empty for none.</param>
    /// <param name="nowSeconds">The time, from 1 on.</param>
    /// <param name="random">The thread's random numbers.</param>
    /// <param name="result">What came of it.</param>
    public AnnounceOutcome Announce<TPeer>(
        ReadOnlySpan<byte> infoHash, in TPeer peer, PeerRole role, bool completed, int wanted, Span<byte> peers, Span<byte> otherPeers,
        uint nowSeconds, ref FastRandom random, out AnnounceResult result)
        where TPeer : unmanaged, IPeerEntry<TPeer>
    {
        result = default;
        ulong hash = HashOf(infoHash, secret);
        SwarmShard shard = ShardOf(hash);
        lock (shard.Gate)
        {
            TorrentRecord* record = shard.Find(infoHash, hash, out int number);
            bool isFull = limits.IsFull(pages);
            if (record == null)
            {
                if (role == PeerRole.None || peer.IsEmpty) return AnnounceOutcome.Done;
                if (isFull) return AnnounceOutcome.Full;
                record = shard.Add(infoHash, hash, nowSeconds, out number);
                if (record == null) return AnnounceOutcome.Full;
            }
            if (!peer.IsEmpty)
            {
                result.Before = shard.Update(record, peer, role, nowSeconds, mayAdd: !isFull);
                if (completed && result.Before != PeerRole.Seed) record->Downloaded++;
            }
            if (wanted > 0 && role != PeerRole.None)
            {
                result.Peers = PeerSet<TPeer>.Sample(TPeer.SetOf(ref *record), wanted, peer, role, peers, ref random);
                if (result.Peers < wanted && !otherPeers.IsEmpty)
                    result.OtherPeers = SampleOther(record, peer, wanted - result.Peers, role, otherPeers, ref random);
            }
            result.Counts = shard.Count(record, number);
            result.Downloaded = record->Downloaded;
        }
        return AnnounceOutcome.Done;
    }

    /// <summary>Counts of a torrent; all zeros for one that is not known.</summary>
    public SwarmCounts Scrape(ReadOnlySpan<byte> infoHash, out uint downloaded)
    {
        ulong hash = HashOf(infoHash, secret);
        SwarmShard shard = ShardOf(hash);
        lock (shard.Gate)
        {
            TorrentRecord* record = shard.Find(infoHash, hash, out int number);
            downloaded = record == null ? 0 : record->Downloaded;
            return record == null ? default : shard.Count(record, number);
        }
    }

    /// <summary>Tells how many WebSocket peers a torrent has, and adds to its count of downloads.</summary>
    public AnnounceOutcome SetWebPeers(ReadOnlySpan<byte> infoHash, SwarmCounts counts, uint completed, uint nowSeconds, out AnnounceResult result)
    {
        result = default;
        ulong hash = HashOf(infoHash, secret);
        SwarmShard shard = ShardOf(hash);
        lock (shard.Gate)
        {
            TorrentRecord* record = shard.Find(infoHash, hash, out int number);
            if (record == null)
            {
                if (counts.Peers == 0) return AnnounceOutcome.Done;
                if (limits.IsFull(pages)) return AnnounceOutcome.Full;
                record = shard.Add(infoHash, hash, nowSeconds, out number);
                if (record == null) return AnnounceOutcome.Full;
            }
            else if (counts.Peers > shard.WebPeersOf(number).Peers && limits.IsFull(pages)) return AnnounceOutcome.Full;
            pages.Charge(shard.SetWebPeers(record, number, counts) * WebPeerBytes);
            record->Downloaded += completed;
            result.Counts = shard.Count(record, number);
            result.Downloaded = record->Downloaded;
        }
        return AnnounceOutcome.Done;
    }

    /// <summary>
    /// Fetches into the cache, step by step, what an announce of this hash will touch: each step needs what the one before it has
    /// brought, so that others should be taken in between.
    /// </summary>
    public void Prefetch(ReadOnlySpan<byte> infoHash, PrefetchStep step)
    {
        ulong hash = HashOf(infoHash, secret);
        SwarmShard shard = ShardOf(hash);
        if (step == PrefetchStep.Index) shard.PrefetchIndex(hash);
        else lock (shard.Gate) shard.PrefetchRecord(hash, andPeers: step == PrefetchStep.Peers);
    }

    /// <summary>Drops peers and torrents whose time is over. Meant to be called every few seconds, by one thread.</summary>
    public void Sweep(uint nowSeconds)
    {
        const int torrentsAtATime = 64; // how long announces to a shard may have to wait
        foreach (SwarmShard shard in shards)
        {
            bool done;
            do
            {
                lock (shard.Gate) done = shard.Sweep(nowSeconds, torrentsAtATime);
            }
            while (!done);
        }
    }

    /// <summary>Calls for each torrent with its hash, counts and downloads; a shard is locked meanwhile.</summary>
    public void ForEach(Action<Sha1Hash, SwarmCounts, uint> visit)
    {
        foreach (SwarmShard shard in shards)
        {
            lock (shard.Gate) shard.ForEach(visit);
        }
    }

    public void Dispose()
    {
        foreach (SwarmShard shard in shards)
        {
            lock (shard.Gate) shard.Dispose();
        }
        pages.Dispose();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong HashOf(ReadOnlySpan<byte> infoHash, ulong secret)
    {
        ref byte start = ref MemoryMarshal.GetReference(infoHash);
        ulong a = Unsafe.ReadUnaligned<ulong>(ref start), b = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, 8));
        return KeyedHash.Mix(a ^ KeyedHash.Mix(b, secret), secret);
    }

    private SwarmShard ShardOf(ulong hash) => shards[hash >> shardShift];

    private static int SampleOther<TPeer>(
        TorrentRecord* record, in TPeer self, int wanted, PeerRole role, Span<byte> peers, ref FastRandom random)
        where TPeer : unmanaged, IPeerEntry<TPeer> => typeof(TPeer) == typeof(PeerV4)
            ? PeerSet<PeerV6>.Sample(record->PeersV6, wanted, default, role, peers, ref random)
            : PeerSet<PeerV4>.Sample(record->PeersV4, wanted, default, role, peers, ref random);
}

/// <summary>How far ahead of an announce the store is.</summary>
internal enum PrefetchStep
{
    Index,
    Record,
    Peers,
}

/// <summary>Sums over all torrents.</summary>
internal readonly record struct StoreTotals(long Torrents, SwarmCounts Peers, uint PeersV6);
