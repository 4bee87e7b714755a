using System.Net;
using System.Net.Sockets;
using System.Text;
using Spate.Protocol;
using Spate.Protocol.Trackers;
using static Spate.Tracker.Tests.Server.TestTracker;

namespace Spate.Tracker.Tests.Server;

/// <summary>Announces and scrapes over real sockets: the fast loops of Linux and the portable ones.</summary>
public class AnnounceTests
{
    private static Task<TestTracker> StartAsync(bool portable) => TestTracker.StartAsync(o => o with { UsePortableSockets = portable });

    [Theory, InlineData(false), InlineData(true)]
    public async Task Peers_find_each_other_whichever_way_they_announce(bool portable)
    {
        await using TestTracker tracker = await StartAsync(portable);
        Assert.Equal(tracker.Http.Port, tracker.Udp.Port);
        Assert.Empty((await tracker.AnnounceHttpAsync(Request("t", 1001))).Peers);
        AnnounceAnswer second = tracker.AnnounceUdp(Request("t", 1002));
        Assert.Equal([new IPEndPoint(IPAddress.Loopback, 1001)], second.Peers);
        Assert.Equal((0, 2), (second.Seeders, second.Leechers));
        AnnounceAnswer third = await tracker.AnnounceHttpAsync(Request("t", 1003, left: 0));
        Assert.Equal([1001, 1002], third.Peers.Select(peer => peer.Port).Order());
        Assert.Equal((1, 2, IPAddress.Loopback), (third.Seeders, third.Leechers, third.ExternalAddress));
        Assert.InRange(third.Interval!.Value.TotalMinutes, 30, 35);
        Assert.Equal(15, third.MinInterval!.Value.TotalMinutes);
        Assert.Empty((await tracker.AnnounceHttpAsync(Request("other", 1001))).Peers);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task IPv6_peers_are_apart_over_UDP_and_fill_up_over_HTTP(bool portable)
    {
        if (!Socket.OSSupportsIPv6) return;
        await using TestTracker tracker = await StartAsync(portable);
        tracker.AnnounceUdp(Request("t", 1001));
        AnnounceAnswer alone = tracker.AnnounceUdp(Request("t", 1002), v6: true);
        Assert.Empty(alone.Peers);
        Assert.Equal(2, alone.Leechers);
        Assert.Equal([new IPEndPoint(IPAddress.IPv6Loopback, 1002)], tracker.AnnounceUdp(Request("t", 1003), v6: true).Peers);
        AnnounceAnswer mixed = await tracker.AnnounceHttpAsync(Request("t", 1004), v6: true);
        Assert.Equal(["127.0.0.1:1001", "[::1]:1002", "[::1]:1003"], mixed.Peers.Select(peer => peer.ToString()).Order());
        Assert.Equal(IPAddress.IPv6Loopback, mixed.ExternalAddress);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Events_move_a_peer_through_its_swarm(bool portable)
    {
        await using TestTracker tracker = await StartAsync(portable);
        await tracker.AnnounceHttpAsync(Request("t", 1, left: 9, AnnounceEvent.Started));
        await tracker.AnnounceHttpAsync(Request("t", 2, left: 9, AnnounceEvent.Paused));
        Assert.Equal(new ScrapeEntry(0, 0, 2, 1), (await tracker.ScrapeHttpAsync("t")).Torrents.Values.Single());
        tracker.AnnounceUdp(Request("t", 1, left: 0, AnnounceEvent.Completed));
        Assert.Equal(new ScrapeEntry(1, 1, 1, 0), (await tracker.ScrapeHttpAsync("t")).Torrents.Values.Single());
        AnnounceAnswer gone = tracker.AnnounceUdp(Request("t", 1, left: 0, AnnounceEvent.Stopped));
        Assert.Empty(gone.Peers);
        Assert.Equal(new ScrapeEntry(0, 1, 1, 0), (await tracker.ScrapeHttpAsync("t")).Torrents.Values.Single());
        await tracker.AnnounceHttpAsync(Request("t", 2, left: 9, AnnounceEvent.Stopped));
        Assert.Equal(new ScrapeEntry(0, 1, 0, 0), (await tracker.ScrapeHttpAsync("t")).Torrents.Values.Single());
    }

    [Fact]
    public async Task Seeds_get_no_seeds_and_nobody_gets_more_than_he_wants()
    {
        await using TestTracker tracker = await StartAsync(false);
        for (int i = 1; i <= 150; i++) tracker.AnnounceUdp(Request("t", i, left: i % 3 == 0 ? 0 : 5));
        Assert.Equal(50, tracker.AnnounceUdp(Request("t", 999)).Peers.Count); // the default
        Assert.Equal(7, tracker.AnnounceUdp(Request("t", 999) with { NumWant = 7 }).Peers.Count);
        Assert.Equal(100, (await tracker.AnnounceHttpAsync(Request("t", 999) with { NumWant = 5000 })).Peers.Count);
        Assert.Empty(tracker.AnnounceUdp(Request("t", 999) with { NumWant = 0 }).Peers);
        AnnounceAnswer seed = tracker.AnnounceUdp(Request("t", 3, left: 0) with { NumWant = 100 });
        Assert.Equal(100, seed.Peers.Count);
        Assert.DoesNotContain(seed.Peers, peer => peer.Port % 3 == 0 && peer.Port < 999);
    }

    [Fact]
    public async Task Dictionary_answers_are_given_to_who_asks_for_them()
    {
        await using TestTracker tracker = await StartAsync(false);
        tracker.AnnounceUdp(Request("t", 1001));
        string url = HttpAnnounceQuery.AppendTo($"http://{tracker.Http}/announce", Request("t", 1002)).Replace("compact=1", "compact=0");
        byte[] content = await GetAsync(url);
        Assert.Contains("5:peersld2:ip9:127.0.0.14:porti1001eee", Encoding.Latin1.GetString(content));
        Assert.True(HttpAnnounceAnswer.TryRead(content, 10, out AnnounceAnswer answer, out _));
        Assert.Equal([new IPEndPoint(IPAddress.Loopback, 1001)], answer.Peers);
    }

    [Fact]
    public async Task An_address_in_the_request_is_not_believed()
    {
        await using TestTracker tracker = await StartAsync(false);
        string url = HttpAnnounceQuery.AppendTo($"http://{tracker.Http}/announce", Request("t", 1001)) + "&ip=9.9.9.9&ipv4=9.9.9.9&ipv6=2001:db8::1";
        await GetAsync(url);
        byte[] packet = new byte[98];
        using var client = new UdpTestClient(tracker.Udp);
        UdpRequestWriter.WriteAnnounce(packet, client.Connect(), 1, Request("t", 1002));
        packet[84] = 9; // the address field
        client.Exchange(packet);
        Assert.Equal(["127.0.0.1:1001", "127.0.0.1:1002"], tracker.AnnounceUdp(Request("t", 1003)).Peers.Select(peer => peer.ToString()).Order());
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Many_torrents_are_scraped_at_once(bool portable)
    {
        await using TestTracker tracker = await StartAsync(portable);
        string[] names = [.. Enumerable.Range(0, 74).Select(i => $"t{i}")];
        for (int i = 0; i < 74; i += 2) tracker.AnnounceUdp(Request(names[i], 1000, left: i % 4));
        using var client = new UdpTestClient(tracker.Udp);
        ScrapeEntry[] entries = client.Scrape([.. names.Select(name => Sha1Hash.Of(Encoding.UTF8.GetBytes(name)))]);
        HttpScrapeAnswer http = await tracker.ScrapeHttpAsync(names);
        for (int i = 0; i < 74; i++)
        {
            var expected = new ScrapeEntry(i % 4 == 0 ? 1 : 0, 0, i % 4 == 2 ? 1 : 0);
            Assert.Equal(expected, entries[i]);
            Assert.Equal(expected with { Downloaders = expected.Leechers }, http.Torrents[Sha1Hash.Of(Encoding.UTF8.GetBytes(names[i]))]);
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Long_scrapes_are_packed_for_who_can_unpack(bool portable)
    {
        await using TestTracker tracker = await StartAsync(portable);
        Sha1Hash[] hashes = [.. Enumerable.Range(0, 60).Select(i => Sha1Hash.Of(BitConverter.GetBytes(i)))];
        string url = HttpAnnounceQuery.AppendTo($"http://{tracker.Http}/scrape", hashes);
        byte[] plain = await GetAsync(url);
        using var client = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.GZip, UseProxy = false });
        using HttpResponseMessage response = await client.GetAsync(url);
        Assert.Equal(plain, await response.Content.ReadAsByteArrayAsync());
        using var raw = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { { "Accept-Encoding", "gzip" } } };
        using var plainClient = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using HttpResponseMessage packed = await plainClient.SendAsync(raw);
        Assert.Equal("gzip", packed.Content.Headers.ContentEncoding.Single());
        Assert.True((await packed.Content.ReadAsByteArrayAsync()).Length < plain.Length);
    }

    // One client's answers that follow each other leave as one message on Linux, cut by the kernel: each must arrive whole and for itself.
    [Theory, InlineData(false, false), InlineData(false, true), InlineData(true, false)]
    public async Task A_burst_of_announces_gets_as_many_answers(bool portable, bool v6)
    {
        if (v6 && !Socket.OSSupportsIPv6) return;
        await using TestTracker tracker = await StartAsync(portable);
        for (int torrent = 0; torrent < 40; torrent++)
        {
            using var other = new UdpTestClient(tracker.Server.UdpEndPoints[v6 ? 1 : 0]);
            for (int i = 1; i <= torrent; i++) other.Announce(Request($"t{torrent}", i));
        }
        using var client = new UdpTestClient(tracker.Server.UdpEndPoints[v6 ? 1 : 0]);
        ulong id = client.Connect();
        var random = new Random(6);
        int[] wanted = [.. Enumerable.Range(0, 600).Select(_ => random.Next(4) == 0 ? random.Next(40) : 30)]; // runs of one length and others between
        List<byte[]> answers = client.AnswersTo(wanted.Select((torrent, i) =>
        {
            byte[] packet = new byte[98];
            UdpRequestWriter.WriteAnnounce(packet, id, (uint)(1000 + i), Request($"t{torrent}", 999) with { NumWant = 30 });
            return packet;
        }));
        Assert.Equal(600, answers.Count);
        foreach (byte[] bytes in answers)
        {
            Assert.True(UdpAnswer.TryRead(bytes, out UdpAnswer answer));
            Assert.True(answer.TryReadAnnounce(v6, 100, out AnnounceAnswer announce));
            int torrent = wanted[answer.TransactionId - 1000];
            Assert.Equal(Math.Min(torrent, 30), announce.Peers.Count);
            Assert.Equal(torrent + 1, announce.Leechers);
        }
        Assert.Equal(600, answers.Select(bytes => BitConverter.ToUInt32(bytes, 4)).Distinct().Count());
    }

    [Fact]
    public async Task Trackers_with_one_secret_take_each_others_connection_ids()
    {
        byte[] secret = "a secret of some length"u8.ToArray(), packet = new byte[98];
        await using TestTracker a = await TestTracker.StartAsync(o => o with { ConnectionSecret = secret });
        await using TestTracker b = await TestTracker.StartAsync(o => o with { ConnectionSecret = secret });
        await using TestTracker stranger = await StartAsync(false);
        using UdpTestClient atA = new(a.Udp), atB = new(b.Udp), atStranger = new(stranger.Udp);
        UdpRequestWriter.WriteAnnounce(packet, atA.Connect(), 5, Request("t", 1));
        Assert.Single(atB.AnswersTo([packet]));
        Assert.Equal(1, b.Server.Status.Leechers);
        Assert.Empty(atStranger.AnswersTo([packet]));
    }

    [Fact]
    public async Task A_tracker_id_is_given_and_taken_back()
    {
        await using TestTracker tracker = await TestTracker.StartAsync(o => o with { TrackerId = "node 7" });
        AnnounceAnswer first = await tracker.AnnounceHttpAsync(Request("t", 1));
        Assert.Equal("node 7", Encoding.ASCII.GetString(first.TrackerId.Span));
        AnnounceAnswer second = await tracker.AnnounceHttpAsync(Request("t", 1) with { TrackerId = first.TrackerId });
        Assert.Equal((null, 1), (second.Failure, second.Leechers));
        string url = HttpAnnounceQuery.AppendTo($"http://{tracker.Http}/announce", Request("t", 2)).Replace("compact=1", "compact=0");
        Assert.Contains("10:tracker id6:node 7", Encoding.Latin1.GetString(await GetAsync(url)));
        await using TestTracker without = await StartAsync(false);
        Assert.Equal(0, (await without.AnnounceHttpAsync(Request("t", 1))).TrackerId.Length);
    }

    [Fact]
    public async Task Intervals_are_spread_over_the_jitter_and_no_further()
    {
        await using TestTracker tracker = await TestTracker.StartAsync(o => o with { Interval = TimeSpan.FromSeconds(1000), IntervalJitter = TimeSpan.FromSeconds(100), MinInterval = TimeSpan.Zero });
        using var client = new UdpTestClient(tracker.Udp);
        int[] seconds = [.. Enumerable.Range(1, 500).Select(i => (int)client.Announce(Request("t", i)).Interval!.Value.TotalSeconds)];
        Assert.All(seconds, s => Assert.InRange(s, 1000, 1100));
        Assert.True(seconds.Distinct().Count() > 60 && seconds.Min() < 1010 && seconds.Max() > 1090);
    }

    [Fact]
    public async Task Nothing_is_logged_for_a_request()
    {
        var log = new System.Collections.Concurrent.ConcurrentQueue<string>();
        await using TestTracker tracker = await TestTracker.StartAsync(o => o with { Log = log.Enqueue });
        for (int i = 1; i < 50; i++)
        {
            tracker.AnnounceUdp(Request("t", i));
            await tracker.AnnounceHttpAsync(Request("t", i));
            await ExchangeAsync(tracker.Http, "rubbish\r\n\r\n"u8.ToArray());
            await GetAsync($"http://{tracker.Http}/stats");
        }
        Assert.Empty(log);
    }

    [Fact]
    public async Task The_status_can_be_for_some_networks_only()
    {
        await using TestTracker tracker = await TestTracker.StartAsync(o => o with { StatusReaders = [IPNetwork.Parse("10.0.0.0/8")], TrustedProxies = [IPNetwork.Parse("127.0.0.1/32")] });
        static byte[] Page(string path, string header = "") => Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\n{header}Connection: close\r\n\r\n");
        foreach (string path in new[] { "/", "/stats", "/stats.json", "/metrics" })
        {
            Assert.StartsWith("HTTP/1.1 403 ", await ExchangeAsync(tracker.Http, Page(path)));
            Assert.StartsWith("HTTP/1.1 200 ", await ExchangeAsync(tracker.Http, Page(path, "X-Forwarded-For: 10.1.2.3\r\n")));
        }
        Assert.Null((await tracker.AnnounceHttpAsync(Request("t", 1))).Failure);
    }

    [Fact]
    public async Task A_peer_without_a_port_or_with_an_impossible_address_is_not_handed_out()
    {
        await using TestTracker tracker = await StartAsync(false);
        tracker.AnnounceUdp(Request("t", 1));
        Assert.Single(tracker.AnnounceUdp(Request("t", 0)).Peers);
        Assert.Single((await tracker.AnnounceHttpAsync(Request("t", 0))).Peers);
        Assert.Equal(1, (await tracker.AnnounceHttpAsync(Request("t", 0))).Leechers);
    }

    [Fact]
    public async Task A_peer_that_falls_silent_is_dropped_in_time()
    {
        var time = new SetTime();
        await using TestTracker tracker = await TestTracker.StartAsync(o => o with { Time = time });
        tracker.AnnounceUdp(Request("t", 1));
        time.Pass(TimeSpan.FromMinutes(44));
        tracker.AnnounceUdp(Request("u", 1));
        Assert.Equal(1, tracker.AnnounceUdp(Request("t", 0)).Leechers);
        time.Pass(TimeSpan.FromMinutes(4)); // the other's time is not over yet
        await EventuallyAsync(() => tracker.Server.Status is { Leechers: 1, Torrents: 1 });
        Assert.Equal(1, tracker.AnnounceUdp(Request("u", 0)).Leechers);
    }

    [Fact]
    public async Task A_port_in_use_is_told_by_name_even_by_a_tracker_of_the_same_user()
    {
        await using TestTracker tracker = await StartAsync(false);
        IOException tcp = await Assert.ThrowsAsync<IOException>(() => TrackerServer.StartAsync(Defaults with { HttpPort = tracker.Http.Port, UdpPort = null }));
        Assert.Contains($"TCP 127.0.0.1:{tracker.Http.Port} is in use", tcp.Message);
        IOException udp = await Assert.ThrowsAsync<IOException>(() => TrackerServer.StartAsync(Defaults with { HttpPort = null, UdpPort = tracker.Udp.Port }));
        Assert.Contains($"UDP 127.0.0.1:{tracker.Udp.Port} is in use", udp.Message);
    }

    [Fact]
    public async Task A_port_can_be_bound_again_at_once()
    {
        int port;
        await using (TestTracker first = await StartAsync(false))
        {
            port = first.Http.Port;
            await first.AnnounceHttpAsync(Request("t", 1));
        }
        await using TestTracker second = await TestTracker.StartAsync(o => o with { HttpPort = port, UdpPort = port });
        Assert.Empty((await second.AnnounceHttpAsync(Request("t", 2))).Peers);
    }

    [Fact]
    public async Task Only_one_front_end_can_be_run()
    {
        await using (TestTracker udp = await TestTracker.StartAsync(o => o with { HttpPort = null }))
        {
            Assert.Empty(udp.Server.HttpEndPoints);
            udp.AnnounceUdp(Request("t", 1));
        }
        await using TestTracker http = await TestTracker.StartAsync(o => o with { UdpPort = null });
        Assert.Empty(http.Server.UdpEndPoints);
        await http.AnnounceHttpAsync(Request("t", 1));
    }

    [Fact]
    public async Task Counters_tell_what_was_done()
    {
        await using TestTracker tracker = await StartAsync(false);
        tracker.AnnounceUdp(Request("t", 1));
        await tracker.AnnounceHttpAsync(Request("t", 2, left: 0));
        await tracker.ScrapeHttpAsync("t");
        await GetAsync($"http://{tracker.Http}/announce?info_hash=x");
        TrackerStatus status = tracker.Server.Status;
        Assert.Equal((1L, 1L, 1L), (status.Torrents, status.Seeders, status.Leechers));
        FrontEndStatus udp = status.FrontEnds.Single(f => f.Name == "udp"), http = status.FrontEnds.Single(f => f.Name == "http");
        Assert.Equal((2L, 1L, 1L, 16L + 98), (udp.Requests, udp.Connects, udp.Announces, udp.BytesIn));
        Assert.Equal((3L, 1L, 1L, 1L), (http.Requests, http.Announces, http.Scrapes, http.Errors));
        Assert.Contains("\"announces\": 1", Encoding.UTF8.GetString(await GetAsync($"http://{tracker.Http}/stats.json")));
        Assert.Contains("spate_tracker_announces_total{frontend=\"udp\"} 1\n", Encoding.UTF8.GetString(await GetAsync($"http://{tracker.Http}/metrics")));
        Assert.Contains("<dt>Torrents</dt><dd>1<", Encoding.UTF8.GetString(await GetAsync($"http://{tracker.Http}/stats")));
    }

    [Theory]
    [InlineData("Interval", 0)]
    [InlineData("PeerLifetime", 10)]
    [InlineData("MaxNumWant", 0)]
    [InlineData("Threads", -1)]
    public async Task Options_out_of_range_are_named(string name, int value)
    {
        TrackerOptions options = name switch
        {
            "Interval" => Defaults with { Interval = TimeSpan.FromSeconds(value) },
            "PeerLifetime" => Defaults with { PeerLifetime = TimeSpan.FromMinutes(value) },
            "MaxNumWant" => Defaults with { MaxNumWant = value },
            _ => Defaults with { Threads = value },
        };
        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(() => TrackerServer.StartAsync(options));
        Assert.StartsWith(name, error.Message);
    }
}
