using System.Net;
using System.Text;
using Spate.Engine.Dht;
using Spate.Engine.Tests.Discovery;
using Spate.Protocol;
using Spate.Protocol.Bencode;
using Spate.Protocol.Dht;

namespace Spate.Engine.Tests.Dht;

public class DhtStoreTests
{
    private static readonly Sha1Hash hash = Sha1Hash.Of("torrent"u8);
    private static readonly byte[] seed = new byte[32];

    private readonly TestWorld world = new();

    [Fact]
    public void Tokens_bind_to_address_and_key_and_live_five_to_ten_minutes()
    {
        var tokens = new WriteTokens(world, 0);
        byte[] token = new byte[WriteTokens.Size];
        IPAddress here = IPAddress.Parse("203.0.113.1"), there = IPAddress.Parse("203.0.113.2");
        tokens.Write(token, here, hash, 0);
        Assert.True(tokens.IsValid(token, here, hash, 299_000));
        Assert.True(tokens.IsValid(token, here, hash, 599_000));
        Assert.False(tokens.IsValid(token, there, hash, 0));
        Assert.False(tokens.IsValid(token, here, Sha1Hash.Of("other"u8), 0));
        Assert.False(tokens.IsValid(token.AsSpan(1), here, hash, 0));
        Assert.False(tokens.IsValid([], here, hash, 0));
        Assert.False(tokens.IsValid(token, here, hash, 600_000));
        tokens.Write(token, here, hash, 600_001);
        Assert.False(tokens.IsValid(token, here, hash, long.MaxValue / 4)); // a long sleep, and no long loop
    }

    [Fact]
    public void Peers_are_unique_by_address_bounded_and_expire()
    {
        var store = new PeerStore(world) { Self = hash };
        for (int i = 0; i < 600; i++) store.Add(hash, At($"10.0.{i / 256}.{i % 256}", 1), false, i);
        store.Add(hash, At("10.0.2.87", 2), true, 600);
        Assert.Equal(500, store.PeerCount);
        List<IPEndPoint> all = store.Sample(hash, 1000, false);
        Assert.Contains(At("10.0.2.87", 2), all);
        Assert.DoesNotContain(At("10.0.2.87", 1), all);
        Assert.DoesNotContain(At("10.0.0.0", 1), all); // the oldest went
        Assert.Equal(499, store.Sample(hash, 1000, noSeeds: true).Count);
        Assert.Equal(7, store.Sample(hash, 7, false).Distinct().Count());
        store.Expire(600 + PeerStore.LifetimeMs - 1);
        Assert.Equal(1, store.PeerCount);
        store.Expire(600 + PeerStore.LifetimeMs);
        Assert.Equal(0, store.TorrentCount);
    }

    [Fact]
    public void Torrents_far_away_make_way()
    {
        var store = new PeerStore(world) { Self = hash };
        for (int i = 0; i < 3000; i++) store.Add(NodeIds.Any(world), At("10.0.0.1", 1), false, 0);
        Assert.Equal(PeerStore.MaxTorrents, store.TorrentCount);
        Sha1Hash near = NodeIds.WithSharedBits(hash, 100, world), far = NodeIds.WithSharedBits(hash, 0, world);
        Assert.True(store.Add(near, At("10.0.0.1", 1), false, 0));
        for (int i = 0; i < 3000; i++) store.Add(NodeIds.WithSharedBits(hash, 20, world), At("10.0.0.1", 1), false, 0);
        Assert.False(store.Add(far, At("10.0.0.1", 1), false, 0));
        Assert.True(store.Contains(near));
    }

    [Fact]
    public void Scrape_counts_seeds_and_others()
    {
        var store = new PeerStore(world);
        for (int i = 0; i < 100; i++) store.Add(hash, At($"10.0.0.{i}", 1), i < 30, 0);
        byte[] seeds = new byte[256], peers = new byte[256];
        Assert.True(store.TryScrape(hash, seeds, peers));
        Assert.InRange(ScrapeFilter.Estimate(seeds), 28, 32);
        Assert.InRange(ScrapeFilter.Estimate(peers), 66, 74);
        Assert.False(store.TryScrape(Sha1Hash.Of("no"u8), seeds, peers));
    }

    [Fact]
    public void Samples_are_some_of_the_torrents()
    {
        var store = new PeerStore(world);
        for (int i = 0; i < 50; i++) store.Add(Sha1Hash.Of([(byte)i]), At("10.0.0.1", 1), false, 0);
        Assert.Equal(20, store.SampleTorrents(20).Distinct().Count());
        Assert.Equal(50, store.SampleTorrents(100).Distinct().Count());
    }

    [Fact]
    public void Items_are_stored_under_their_hash_or_key()
    {
        var store = new ItemStore { Self = hash };
        Assert.Equal(0, Put(store, DhtItem.Immutable("i7e"u8.ToArray())));
        Assert.Equal("i7e", Text(store.Find(Sha1Hash.Of("i7e"u8))!));
        DhtItem mutable = DhtItem.Mutable(seed, "salt"u8.ToArray(), 4, "5:hello"u8.ToArray());
        Assert.Equal(0, Put(store, mutable));
        Assert.Equal("5:hello", Text(store.Find(mutable.Target)!));
        Assert.Equal(0, Put(store, mutable)); // a republish is fine
        Assert.Equal(2, store.Count);
    }

    [Fact]
    public void Versions_only_go_up_and_cas_is_obeyed()
    {
        var store = new ItemStore { Self = hash };
        Put(store, DhtItem.Mutable(seed, default, 4, "i1e"u8.ToArray()));
        Assert.Equal(KrpcErrors.SequenceTooOld, Put(store, DhtItem.Mutable(seed, default, 3, "i2e"u8.ToArray())));
        Assert.Equal(KrpcErrors.SequenceTooOld, Put(store, DhtItem.Mutable(seed, default, 4, "i2e"u8.ToArray()))); // the same version, another value
        Assert.Equal(KrpcErrors.CasMismatch, Put(store, DhtItem.Mutable(seed, default, 5, "i2e"u8.ToArray()), cas: 3));
        Assert.Equal(0, Put(store, DhtItem.Mutable(seed, default, 5, "i2e"u8.ToArray()), cas: 4));
        Assert.Equal("i2e", Text(store.Find(DhtItem.Mutable(seed, default, 1, "i2e"u8.ToArray()).Target)!));
    }

    [Fact]
    public void What_is_wrong_with_an_item_has_a_code()
    {
        var store = new ItemStore { Self = hash };
        DhtItem good = DhtItem.Mutable(seed, default, 1, "i1e"u8.ToArray());
        Assert.Equal(KrpcErrors.InvalidSignature, Put(store, good with { Signature = new byte[64] }));
        Assert.Equal(KrpcErrors.InvalidSignature, Put(store, good with { Value = "i2e"u8.ToArray() }));
        Assert.Equal(KrpcErrors.InvalidSignature, Put(store, good with { Signature = default }));
        Assert.Equal(KrpcErrors.SaltTooBig, Put(store, good with { Salt = new byte[65] }));
        Assert.Equal(KrpcErrors.ValueTooBig, Put(store, good with { Value = Encoding.ASCII.GetBytes($"1000:{new string('x', 1000)}") }));
        Assert.Equal(KrpcErrors.Protocol, Put(store, new DhtItem { Value = "d1:bi1e1:ai2ee"u8.ToArray() })); // keys out of order
        Assert.Equal(KrpcErrors.Protocol, Put(store, good with { Sequence = -1 }));
        Assert.Equal(0, store.Count);
    }

    [Fact]
    public void A_mutable_item_without_its_key_is_not_taken_for_an_immutable_one()
    {
        var store = new ItemStore { Self = hash };
        Assert.Equal(KrpcErrors.Protocol, PutRaw(store, "d1:ad2:id20:abcdefghij01234567893:seqi1e5:token1:x1:vi1ee1:q3:put1:t1:a1:y1:qe"));
        Assert.Equal(KrpcErrors.Protocol, PutRaw(store, "d1:ad2:id20:abcdefghij01234567891:k31:kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk4:salt1:s1:vi1ee1:q3:put1:t1:a1:y1:qe"));
        Assert.Equal(0, store.Count);
    }

    [Fact]
    public void Items_are_bounded_by_number_by_network_and_by_age()
    {
        var store = new ItemStore { Self = hash };
        for (int i = 0; i < 200; i++) Put(store, DhtItem.Immutable(Encoding.ASCII.GetBytes($"i{i}e")), from: $"203.0.113.{i % 250}");
        Assert.Equal(70, store.Count); // one /24
        for (int i = 200; i < 2000; i++) Put(store, DhtItem.Immutable(Encoding.ASCII.GetBytes($"i{i}e")), from: $"203.{i % 200}.7.1");
        Assert.Equal(ItemStore.MaxItems, store.Count);
        store.Expire(ItemStore.LifetimeMs);
        Assert.Equal(0, store.Count);
    }

    [Fact]
    public void A_source_that_goes_on_is_blocked_and_what_is_kept_of_sources_is_bounded()
    {
        var limiter = new SourceLimiter(10, 50);
        IPEndPoint flooder = At("203.0.113.1", 1);
        int allowed = 0;
        for (int i = 0; i < 1000; i++) allowed += limiter.Allows(flooder, i) ? 1 : 0;
        Assert.InRange(allowed, 50, 61);
        Assert.False(limiter.Allows(flooder, 200_000));
        Assert.False(limiter.Allows(At("203.0.113.1", 9), 200_000)); // the port makes no difference
        Assert.True(limiter.Allows(At("203.0.113.2", 1), 200_000));
        Assert.True(limiter.Allows(flooder, 400_000));
        for (int i = 0; i < 100; i++) Assert.True(limiter.Allows(At("203.0.113.9", 1), 500_000 + i * 100)); // ten a second for long
        for (int i = 0; i < 100_000; i++) limiter.Allows(new IPEndPoint(new IPAddress(BitConverter.GetBytes((uint)i * 2654435761u)), 1), 0);
    }

    private static int Put(ItemStore store, DhtItem item, long? cas = null, string from = "10.0.0.1")
    {
        var writer = new BencodeWriter();
        new KrpcQuery
        {
            Method = KrpcMethod.Put, Id = hash, Token = "x"u8, Value = item.Value.Span, PublicKey = item.PublicKey.Span, Salt = item.Salt.Span,
            Signature = item.Signature.Span, Sequence = item.IsMutable ? item.Sequence : null, Cas = cas,
        }.Write(writer, "aa"u8, default);
        Assert.True(KrpcMessage.TryRead(writer.Written, out KrpcMessage message));
        return store.Put(message, IPAddress.Parse(from), 0);
    }

    private static int PutRaw(ItemStore store, string text)
    {
        Assert.True(KrpcMessage.TryRead(Encoding.ASCII.GetBytes(text), out KrpcMessage message));
        return store.Put(message, IPAddress.Parse("10.0.0.1"), 0);
    }

    private static string Text(DhtItem item) => Encoding.ASCII.GetString(item.Value.Span);

    private static IPEndPoint At(string address, int port) => new(IPAddress.Parse(address), port);
}
