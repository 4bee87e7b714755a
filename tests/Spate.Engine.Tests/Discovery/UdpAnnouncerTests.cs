using System.Net;
using System.Text;
using Spate.Engine.Discovery;
using Spate.Protocol;
using Spate.Protocol.Trackers;

namespace Spate.Engine.Tests.Discovery;

public sealed class UdpAnnouncerTests : IDisposable
{
    private static readonly IPEndPoint tracker4 = IPEndPoint.Parse("203.0.113.1:6969");
    private static readonly IPEndPoint tracker6 = IPEndPoint.Parse("[2001:db8::1]:6969");
    private static readonly Uri url = new("udp://tracker.example:6969/announce?pass=secret");

    private readonly TestWorld world = new();
    private readonly TestNetwork network;
    private readonly UdpAnnouncer announcer;
    private readonly List<Exception> faults = [];
    private readonly List<ScriptedTracker> scripted = [];

    public UdpAnnouncerTests()
    {
        network = new TestNetwork(world);
        network.Names["tracker.example"] = [tracker4.Address];
        announcer = new UdpAnnouncer(network, new NameCache(network.ResolveAsync, world), world, world, world, faults.Add);
    }

    public void Dispose()
    {
        announcer.Dispose();
        world.Settle();
        Assert.Empty(faults);
    }

    [Fact]
    public void Announces_with_a_connection_id_and_the_urls_path_and_query()
    {
        ScriptedTracker tracker = Serve(tracker4);
        Task<AnnounceAnswer> answer = Announce();
        world.Advance(100);

        Assert.Equal([IPEndPoint.Parse("198.51.100.7:6881")], answer.Ended().Peers);
        Assert.Equal((TimeSpan.FromSeconds(1800), 3, 5), (answer.Ended().Interval, answer.Ended().Seeders, answer.Ended().Leechers));
        Assert.Equal(["Connect", "Announce"], tracker.Log);
        Assert.Equal("/announce?pass=secret", tracker.UrlData.Single());
    }

    [Fact]
    public void One_connect_serves_all_who_wait_and_everything_within_a_minute()
    {
        ScriptedTracker tracker = Serve(tracker4);
        Task<AnnounceAnswer>[] many = [.. Enumerable.Range(0, 100).Select(_ => Announce())];
        world.Advance(100);
        Assert.All(many, t => Assert.True(t.IsCompletedSuccessfully));
        Assert.Equal(1, tracker.Log.Count(l => l == "Connect"));
        world.Advance(59_000);
        Announce();
        world.Advance(100);
        Assert.Equal(1, tracker.Log.Count(l => l == "Connect"));
        world.Advance(2_000);
        Announce();
        world.Advance(100);
        Assert.Equal(2, tracker.Log.Count(l => l == "Connect"));
        Assert.Equal(1, network.Resolved);
    }

    [Fact]
    public void Lost_packets_are_sent_again_after_15_then_30_seconds_and_given_up_after_60()
    {
        Task<AnnounceAnswer> answer = Announce();
        long begin = world.NowMs;
        var at = new List<long>();
        for (int i = 0; i < 700 && !answer.IsCompleted; i++)
        {
            int before = network.Sent.Count;
            world.Advance(100);
            if (network.Sent.Count > before) at.Add((world.NowMs - begin + 500) / 1000);
        }
        Assert.Equal([15, 45], at); // the first went out before the clock moved
        Assert.Equal(3, network.Sent.Count);
        Assert.InRange(world.NowMs - begin, 60_000, 61_000);
        IOException error = Assert.IsType<IOException>(answer.Exception!.InnerException);
        Assert.Equal("The tracker tracker.example (203.0.113.1:6969) did not answer within 60 s.", error.Message);
        Assert.DoesNotContain("secret", error.Message);
    }

    [Fact]
    public void A_lost_announce_is_sent_again_with_the_same_id()
    {
        ScriptedTracker tracker = Serve(tracker4);
        int announces = 0;
        network.Lose = (_, to) => to.Equals(tracker4) && network.Sent[^1].Payload.Length > 16 && announces++ == 0;
        Task<AnnounceAnswer> answer = Announce();
        world.Advance(14_000);
        Assert.False(answer.IsCompleted);
        world.Advance(2_000);
        Assert.True(answer.IsCompletedSuccessfully);
        Assert.Equal(["Connect", "Announce"], tracker.Log);
    }

    [Fact]
    public void A_forgotten_connection_id_is_asked_for_again()
    {
        ScriptedTracker tracker = Serve(tracker4);
        Announce();
        world.Advance(100);
        tracker.ConnectionId++; // the tracker was started again
        Task<AnnounceAnswer> answer = Announce();
        world.Advance(100);
        Assert.Null(answer.Ended().Failure);
        Assert.Equal(["Connect", "Announce", "Announce", "Connect", "Announce"], tracker.Log);
    }

    [Fact]
    public void A_refusal_is_an_answer()
    {
        ScriptedTracker tracker = Serve(tracker4);
        tracker.Refusal = "unregistered torrent";
        Task<AnnounceAnswer> answer = Announce();
        world.Advance(100);
        Assert.Equal("unregistered torrent", answer.Ended().Failure);
    }

    [Fact]
    public void Answers_from_elsewhere_or_to_other_questions_are_ignored()
    {
        ScriptedTracker tracker = Serve(tracker4);
        tracker.AnswerFrom = network.Serve(IPEndPoint.Parse("203.0.113.66:6969"), (_, _, _) => { });
        Task<AnnounceAnswer> spoofed = Announce();
        world.Advance(1_000);
        Assert.False(spoofed.IsCompleted);

        tracker.AnswerFrom = null;
        tracker.WrongTransaction = true;
        world.Advance(20_000);
        Assert.False(spoofed.IsCompleted);
        tracker.WrongTransaction = false;
        world.Advance(31_000);
        Assert.True(spoofed.IsCompletedSuccessfully);
    }

    [Fact]
    public void Garbage_is_ignored()
    {
        ScriptedTracker tracker = Serve(tracker4);
        Announce();
        world.Advance(100);
        IPEndPoint us = network.Sent[0].From;
        var random = new Random(5);
        for (int i = 0; i < 2000; i++)
        {
            byte[] junk = new byte[random.Next(64)];
            random.NextBytes(junk);
            tracker.Socket.Send(junk, us);
        }
        world.Advance(100);
        Task<AnnounceAnswer> answer = Announce();
        world.Advance(100);
        Assert.True(answer.IsCompletedSuccessfully);
    }

    [Fact]
    public void Both_families_hear_of_us_and_the_peers_of_both_are_merged()
    {
        network.Names["tracker.example"] = [tracker4.Address, tracker6.Address];
        ScriptedTracker four = Serve(tracker4), six = Serve(tracker6);
        Task<AnnounceAnswer> answer = Announce();
        world.Advance(200);
        Assert.Equal(["198.51.100.7:6881", "[2001:db8::7]:6881"], answer.Ended().Peers.Select(p => p.ToString()));
        Assert.Equal(four.Keys, six.Keys);
    }

    [Fact]
    public void A_silent_family_costs_three_seconds_at_most()
    {
        network.Names["tracker.example"] = [tracker4.Address, tracker6.Address];
        Serve(tracker4);
        Task<AnnounceAnswer> answer = Announce();
        world.Advance(2_900);
        Assert.False(answer.IsCompleted);
        world.Advance(300);
        Assert.Single(answer.Ended().Peers);
    }

    [Fact]
    public void An_address_that_does_not_answer_comes_last_the_next_time()
    {
        IPEndPoint other = IPEndPoint.Parse("203.0.113.2:6969");
        network.Names["tracker.example"] = [tracker4.Address, other.Address];
        ScriptedTracker tracker = Serve(other);
        Task<AnnounceAnswer> first = Announce();
        world.Advance(61_000);
        Assert.True(first.IsFaulted);
        Task<AnnounceAnswer> second = Announce();
        world.Advance(100);
        Assert.True(second.IsCompletedSuccessfully);
    }

    [Fact]
    public void Giving_up_takes_effect_at_once()
    {
        using var cancellation = new CancellationTokenSource();
        Task<AnnounceAnswer> answer = Announce(cancellation.Token);
        world.Advance(1_000);
        cancellation.Cancel();
        world.Settle();
        Assert.True(answer.IsCanceled);
        int sent = network.Sent.Count;
        world.Advance(100_000);
        Assert.Equal(sent, network.Sent.Count);
    }

    [Fact]
    public void Scrape_asks_in_parts_of_74()
    {
        ScriptedTracker tracker = Serve(tracker4);
        Sha1Hash[] hashes = [.. Enumerable.Range(0, 100).Select(i => Sha1Hash.Of(BitConverter.GetBytes(i)))];
        Task<ScrapeEntry?[]>? task = null;
        world.Do(() => task = announcer.ScrapeAsync(url, hashes, default).AsTask());
        world.Advance(500);
        Assert.Equal(100, task!.Ended().Count(e => e == new ScrapeEntry(1, 2, 3)));
        Assert.Equal(["Connect", "Scrape", "Scrape"], tracker.Log);
    }

    [Fact]
    public void A_name_that_is_not_known_is_an_error_for_people()
    {
        Task<AnnounceAnswer>? task = null;
        world.Do(() => task = announcer.AnnounceAsync(new Uri("udp://nowhere.example:1"), Request(), default).AsTask());
        Assert.Equal("The name nowhere.example is not known.", Assert.IsType<IOException>(task!.Exception!.InnerException).Message);
    }

    [Fact]
    public void Closing_fails_what_is_under_way()
    {
        Task<AnnounceAnswer> answer = Announce();
        announcer.Dispose();
        world.Settle();
        Assert.True(answer.IsFaulted);
        Assert.True(Announce().IsFaulted);
    }

    private ScriptedTracker Serve(IPEndPoint at)
    {
        var tracker = new ScriptedTracker(network, at);
        scripted.Add(tracker);
        return tracker;
    }

    private static AnnounceRequest Request() => new()
    {
        InfoHash = Sha1Hash.Of("torrent"u8), PeerId = PeerId.Create("0100", new byte[12]), Port = 6881, Left = 10, Key = 0xfeed,
    };

    private Task<AnnounceAnswer> Announce(CancellationToken cancellation = default)
    {
        Task<AnnounceAnswer>? task = null;
        world.Do(() => task = announcer.AnnounceAsync(url, Request(), cancellation).AsTask());
        return task!;
    }

    private sealed class ScriptedTracker
    {
        public ScriptedTracker(TestNetwork network, IPEndPoint at) => Socket = network.Serve(at, OnDatagram);

        public TestNetwork.Socket Socket { get; }

        public TestNetwork.Socket? AnswerFrom { get; set; }

        public ulong ConnectionId { get; set; } = 0x1122334455667788;

        public string? Refusal { get; set; }

        public bool WrongTransaction { get; set; }

        public List<string> Log { get; } = [];

        public List<string> UrlData { get; } = [];

        public List<uint> Keys { get; } = [];

        private void OnDatagram(TestNetwork.Socket socket, byte[] datagram, IPEndPoint from)
        {
            Assert.True(UdpRequest.TryRead(datagram, out UdpRequest request));
            Log.Add(request.Action.ToString());
            byte[] packet = new byte[2048];
            uint transaction = request.TransactionId + (WrongTransaction ? 1u : 0);
            int length;
            if (request.IsConnect) length = UdpAnswerWriter.WriteConnect(packet, transaction, ConnectionId);
            else if (request.ConnectionId != ConnectionId) length = UdpAnswerWriter.WriteError(packet, transaction, "bad connection id"u8);
            else if (Refusal is not null) length = UdpAnswerWriter.WriteError(packet, transaction, Encoding.UTF8.GetBytes(Refusal));
            else if (request.Action == UdpTrackerAction.Announce && request.TryReadAnnounce(out UdpAnnounce announce))
            {
                Assert.True(UdpOptions.TryReadUrlData(announce.Options, new byte[1024], out ReadOnlySpan<byte> urlData));
                UrlData.Add(Encoding.ASCII.GetString(urlData));
                Keys.Add(announce.Key);
                length = UdpAnswerWriter.WriteAnnounceHeader(packet, transaction, 1800, leechers: 5, seeders: 3);
                IPEndPoint peer = IPEndPoint.Parse(Socket.Local.Address.GetAddressBytes().Length == 4 ? "198.51.100.7:6881" : "[2001:db8::7]:6881");
                length += CompactPeers.Write(packet.AsSpan(length), peer);
            }
            else
            {
                length = UdpAnswerWriter.WriteScrapeHeader(packet, transaction);
                for (int i = 0; i < request.ScrapeHashes.Length / 20; i++) length += UdpAnswerWriter.WriteScrapeEntry(packet.AsSpan(length), new ScrapeEntry(1, 2, 3));
            }
            (AnswerFrom ?? Socket).Send(packet.AsSpan(0, length), from);
        }
    }
}
