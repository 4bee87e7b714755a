using System.Net;
using Spate.Protocol;
using Spate.Tracker.Store;

namespace Spate.Tracker.Tests.Store;

/// <summary>The store against a model that is a dictionary of dictionaries, over random announces, expiry and scrapes.</summary>
public class SwarmStoreModelTests
{
    private sealed record ModelPeer(PeerRole Role, uint Heard);

    private sealed class Model(uint lifetime)
    {
        public Dictionary<Sha1Hash, (Dictionary<IPEndPoint, ModelPeer> Peers, uint Downloaded)> Torrents { get; } = [];

        public void Announce(Sha1Hash hash, IPEndPoint peer, PeerRole role, bool completed, uint now)
        {
            if (!Torrents.TryGetValue(hash, out var torrent))
            {
                if (role == PeerRole.None) return;
                torrent = ([], 0);
            }
            bool wasSeed = torrent.Peers.TryGetValue(peer, out ModelPeer? before) && before.Role == PeerRole.Seed;
            if (completed && !wasSeed) torrent.Downloaded++;
            if (role == PeerRole.None) torrent.Peers.Remove(peer);
            else torrent.Peers[peer] = new ModelPeer(role, now);
            Torrents[hash] = torrent;
        }

        // What must be there, and what may be there still: the store has some seconds' leave to drop a peer.
        public (int Must, int May) Count(Sha1Hash hash, uint now, uint leave, params PeerRole[] roles)
        {
            if (!Torrents.TryGetValue(hash, out var torrent)) return (0, 0);
            var all = torrent.Peers.Values.Where(peer => roles.Contains(peer.Role)).ToList();
            return (all.Count(peer => now - peer.Heard <= lifetime), all.Count(peer => now - peer.Heard <= lifetime + leave));
        }
    }

    [Theory]
    [InlineData(1, 3, 40)]      // few torrents that go to and fro between array and table
    [InlineData(2, 200, 3)]     // many small ones
    [InlineData(3, 1, 3000)]    // one big one
    [InlineData(4, 40, 400)]
    public void Holds_exactly_the_peers_that_announced_within_their_lifetime(int seed, int torrents, int peersEach)
    {
        const uint lifetime = 120, leave = 10;
        var random = new Random(seed);
        using var store = new SwarmStore(new StoreLimits(lifetime, 0, 1 << 30), 4);
        var model = new Model(lifetime);
        var fast = new FastRandom((ulong)seed);
        Sha1Hash[] hashes = [.. Enumerable.Range(0, torrents).Select(i => Sha1Hash.Of(BitConverter.GetBytes(i)))];
        byte[] own = new byte[200 * 18], other = new byte[200 * 18];
        uint now = 1;
        for (int step = 0; step < 30_000; step++)
        {
            if (random.Next(200) == 0)
            {
                now += (uint)random.Next(8);
                store.Sweep(now);
            }
            Sha1Hash hash = hashes[random.Next(torrents)];
            bool v6 = random.Next(3) == 0;
            int number = random.Next(peersEach);
            byte[] address = v6 ? [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte)(number >> 8), (byte)number] : [10, 1, (byte)(number >> 8), (byte)number];
            ushort port = (ushort)(6881 + number % 7);
            PeerRole role = random.Next(10) switch { 0 => PeerRole.None, 1 => PeerRole.Partial, < 6 => PeerRole.Leecher, _ => PeerRole.Seed };
            bool completed = role == PeerRole.Seed && random.Next(4) == 0;
            int wanted = random.Next(0, 60);
            AnnounceResult result;
            AnnounceOutcome outcome = v6
                ? store.Announce(hash.AsSpan(), new PeerV6(address, port), role, completed, wanted, own, other, now, ref fast, out result)
                : store.Announce(hash.AsSpan(), new PeerV4(address, port), role, completed, wanted, own, other, now, ref fast, out result);
            Assert.Equal(AnnounceOutcome.Done, outcome);
            var self = new IPEndPoint(new IPAddress(address), port);
            model.Announce(hash, self, role, completed, now);
            CheckCounts(store, model, hash, now, leave);
            CheckPeers(model, hash, self, v6, role, wanted, own.AsSpan(0, result.Peers * (v6 ? 18 : 6)), now, lifetime + leave);
            CheckPeers(model, hash, self, !v6, role, wanted - result.Peers, other.AsSpan(0, result.OtherPeers * (v6 ? 6 : 18)), now, lifetime + leave);
        }
        foreach (Sha1Hash hash in hashes) CheckCounts(store, model, hash, now, leave);

        // After a lifetime of silence all is gone, memory too.
        for (int i = 0; i < 200; i++) store.Sweep(now += 2);
        Assert.Equal(new StoreTotals(0, default, 0), store.Totals);
    }

    private static void CheckCounts(SwarmStore store, Model model, Sha1Hash hash, uint now, uint leave)
    {
        SwarmCounts counts = store.Scrape(hash.AsSpan(), out _);
        (int mustSeeds, int maySeeds) = model.Count(hash, now, leave, PeerRole.Seed);
        (int mustLeech, int mayLeech) = model.Count(hash, now, leave, PeerRole.Leecher, PeerRole.Partial);
        (int mustPartial, int mayPartial) = model.Count(hash, now, leave, PeerRole.Partial);
        Assert.InRange((int)counts.Seeders, mustSeeds, maySeeds);
        Assert.InRange((int)counts.Leechers, mustLeech, mayLeech);
        Assert.InRange((int)counts.Partials, mustPartial, mayPartial);
    }

    private static void CheckPeers(
        Model model, Sha1Hash hash, IPEndPoint self, bool v6, PeerRole role, int wanted, ReadOnlySpan<byte> packed, uint now, uint mayAge)
    {
        var peers = new List<IPEndPoint>();
        Spate.Protocol.Trackers.CompactPeers.Read(packed, v6, int.MaxValue, peers);
        Assert.True(peers.Count <= Math.Max(0, wanted));
        Assert.Equal(peers.Count, peers.Distinct().Count());
        Assert.DoesNotContain(self, peers);
        if (role == PeerRole.None) Assert.Empty(peers);
        foreach (IPEndPoint peer in peers)
        {
            ModelPeer known = model.Torrents[hash].Peers[peer];
            Assert.True(now - known.Heard <= mayAge);
            if (role is PeerRole.Seed or PeerRole.Partial) Assert.Equal(PeerRole.Leecher, known.Role);
        }
    }

    [Fact]
    public void Downloads_are_counted_once_for_each_peer_that_was_no_seed()
    {
        using var store = new SwarmStore(new StoreLimits(100, 1000, 1 << 30), 2);
        var fast = new FastRandom(1);
        var hash = Sha1Hash.Of("x"u8);
        void Announce(byte host, PeerRole role, bool completed) =>
            store.Announce(hash.AsSpan(), new PeerV4([1, 2, 3, host], 99), role, completed, 0, default, default, 5, ref fast, out _);
        Announce(1, PeerRole.Leecher, false);
        Announce(1, PeerRole.Seed, true);
        Announce(1, PeerRole.Seed, true); // repeated by a client that lost our answer
        Announce(2, PeerRole.Seed, true); // joined us while it was downloading
        store.Scrape(hash.AsSpan(), out uint downloaded);
        Assert.Equal(2u, downloaded);
    }

    [Fact]
    public void The_count_of_downloads_outlives_the_peers_for_its_time_and_no_longer()
    {
        using var store = new SwarmStore(new StoreLimits(60, 1000, 1 << 30), 2);
        var fast = new FastRandom(1);
        var hash = Sha1Hash.Of("x"u8);
        uint now = 1;
        store.Announce(hash.AsSpan(), new PeerV4([1, 2, 3, 4], 99), PeerRole.Seed, true, 0, default, default, now, ref fast, out _);
        while (now < 900) store.Sweep(now += 5);
        Assert.Equal(default, store.Scrape(hash.AsSpan(), out uint downloaded));
        Assert.Equal(1u, downloaded);
        while (now < 1300) store.Sweep(now += 5);
        store.Scrape(hash.AsSpan(), out downloaded);
        Assert.Equal(0u, downloaded);
        Assert.Equal(0, store.Totals.Torrents);
    }

    [Fact]
    public void A_full_store_serves_what_it_knows_and_refuses_new_torrents()
    {
        using var store = new SwarmStore(new StoreLimits(100, 100, 200_000), 2);
        var fast = new FastRandom(1);
        byte[] peers = new byte[600];
        int entered = 0;
        var first = Sha1Hash.Of(BitConverter.GetBytes(0));
        store.Announce(first.AsSpan(), new PeerV4([9, 9, 9, 9], 9), PeerRole.Leecher, false, 0, default, default, 1, ref fast, out _);
        for (; entered < 100_000; entered++)
        {
            var hash = Sha1Hash.Of(BitConverter.GetBytes(entered));
            if (store.Announce(hash.AsSpan(), new PeerV4([1, 2, 3, 4], 99), PeerRole.Leecher, false, 0, default, default, 1, ref fast, out _) == AnnounceOutcome.Full) break;
        }
        Assert.InRange(entered, 500, 10_000);
        long bytes = store.MemoryBytes;

        // A known peer is refreshed, a new one gets peers and is not entered.
        Assert.Equal(AnnounceOutcome.Done, store.Announce(first.AsSpan(), new PeerV4([9, 9, 9, 9], 9), PeerRole.Seed, false, 50, peers, default, 2, ref fast, out var known));
        Assert.Equal(new SwarmCounts(1, 1, 0), known.Counts);
        Assert.Equal(AnnounceOutcome.Done, store.Announce(first.AsSpan(), new PeerV4([8, 8, 8, 8], 8), PeerRole.Leecher, false, 50, peers, default, 2, ref fast, out var fresh));
        Assert.Equal(new SwarmCounts(1, 1, 0), fresh.Counts);
        Assert.Equal(2, fresh.Peers);
        Assert.Equal(bytes, store.MemoryBytes);
        Assert.Equal(2 + entered - 1, (int)store.Totals.Peers.Peers);

        // Room comes back by itself.
        for (uint now = 3; now < 300; now += 2) store.Sweep(now);
        Assert.False(store.IsFull);
    }

    [Fact]
    public void A_peer_without_a_port_gets_peers_and_is_not_entered()
    {
        using var store = new SwarmStore(new StoreLimits(100, 100, 1 << 20), 2);
        var fast = new FastRandom(1);
        byte[] peers = new byte[600];
        var hash = Sha1Hash.Of("x"u8);
        store.Announce(hash.AsSpan(), new PeerV4([1, 2, 3, 4], 99), PeerRole.Seed, false, 0, default, default, 1, ref fast, out _);
        store.Announce(hash.AsSpan(), new PeerV4([1, 2, 3, 5], 0), PeerRole.Leecher, false, 9, peers, default, 1, ref fast, out var result);
        Assert.Equal(1, result.Peers);
        Assert.Equal(new SwarmCounts(1, 0, 0), result.Counts);
        var unknown = Sha1Hash.Of("y"u8);
        store.Announce(unknown.AsSpan(), new PeerV4([1, 2, 3, 5], 0), PeerRole.Leecher, false, 9, peers, default, 1, ref fast, out result);
        Assert.Equal(1, store.Totals.Torrents);
    }

    [Fact]
    public void Every_peer_of_a_big_swarm_is_handed_out_about_equally_often()
    {
        const int swarm = 2000, rounds = 4000, wanted = 50;
        using var store = new SwarmStore(new StoreLimits(100, 100, 1 << 24), 2);
        var fast = new FastRandom(7);
        byte[] packed = new byte[wanted * 6];
        var hash = Sha1Hash.Of("x"u8);
        for (int i = 0; i < swarm; i++)
            store.Announce(hash.AsSpan(), new PeerV4([1, 2, (byte)(i >> 8), (byte)i], 99), i % 4 == 0 ? PeerRole.Seed : PeerRole.Leecher, false, 0, default, default, 1, ref fast, out _);
        int[] times = new int[swarm];
        int seeds = 0;
        for (int i = 0; i < rounds; i++)
        {
            store.Announce(hash.AsSpan(), new PeerV4([7, 7, 7, 7], 0), PeerRole.Leecher, false, wanted, packed, default, 1, ref fast, out var result);
            Assert.Equal(wanted, result.Peers);
            for (int p = 0; p < wanted; p++)
            {
                int number = packed[p * 6 + 2] << 8 | packed[p * 6 + 3];
                times[number]++;
                if (number % 4 == 0) seeds++;
            }
        }
        double mean = (double)rounds * wanted / swarm; // 100
        Assert.All(times, count => Assert.InRange(count, mean / 4, mean * 4));
        Assert.InRange(seeds, rounds * wanted * 0.2, rounds * wanted * 0.3); // a quarter of the swarm
    }

    [Fact]
    public void Web_peers_count_and_keep_their_torrent()
    {
        using var store = new SwarmStore(new StoreLimits(60, 0, 1 << 24), 2);
        var hash = Sha1Hash.Of("x"u8);
        store.SetWebPeers(hash.AsSpan(), new SwarmCounts(1, 2, 0), 1, 1, out AnnounceResult result);
        Assert.Equal(new SwarmCounts(1, 2, 0), result.Counts);
        for (uint now = 1; now < 300; now += 2) store.Sweep(now);
        Assert.Equal(new SwarmCounts(1, 2, 0), store.Scrape(hash.AsSpan(), out uint downloaded));
        Assert.Equal(1u, downloaded);
        Assert.Equal(3u, store.Totals.Peers.Peers);
        store.SetWebPeers(hash.AsSpan(), default, 0, 300, out _);
        for (uint now = 300; now < 600; now += 2) store.Sweep(now);
        Assert.Equal(0, store.Totals.Torrents);
    }

    [Fact]
    public void Memory_is_what_the_goal_says()
    {
        // The goals: 16 bytes for an IPv4 peer, 28 for an IPv6 peer, 80 for a small torrent.
        var fast = new FastRandom(7);
        using (var store = new SwarmStore(new StoreLimits(1000, 100, 1L << 32), 4))
        {
            for (int i = 0; i < 1_000_000; i++)
                store.Announce(Sha1Hash.Of(BitConverter.GetBytes(i / 1000)).AsSpan(), new PeerV4(BitConverter.GetBytes(i | 1 << 30), 99), PeerRole.Leecher, false, 0, default, default, 1, ref fast, out _);
            Assert.InRange(store.MemoryBytes / 1e6, 8, 16);
        }
        using (var store = new SwarmStore(new StoreLimits(1000, 100, 1L << 32), 4))
        {
            byte[] address = new byte[16];
            address[0] = 0x20;
            for (int i = 0; i < 300_000; i++)
            {
                BitConverter.TryWriteBytes(address.AsSpan(8), i);
                store.Announce(Sha1Hash.Of(BitConverter.GetBytes(i / 1000)).AsSpan(), new PeerV6(address, 99), PeerRole.Leecher, false, 0, default, default, 1, ref fast, out _);
            }
            Assert.InRange(store.MemoryBytes / 3e5, 20, 28);
        }
        using (var store = new SwarmStore(new StoreLimits(1000, 100, 1L << 32), 4))
        {
            for (int i = 0; i < 300_000; i++)
                store.Announce(Sha1Hash.Of(BitConverter.GetBytes(i)).AsSpan(), new PeerV4([1, 2, 3, 4], 99), PeerRole.Leecher, false, 0, default, default, 1, ref fast, out _);
            Assert.InRange(store.MemoryBytes / 3e5, 48, 80); // its one peer included
        }
    }
}
