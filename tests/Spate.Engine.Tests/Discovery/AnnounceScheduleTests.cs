using System.Net;
using Spate.Engine.Discovery;
using Spate.Protocol;
using Spate.Protocol.Trackers;

namespace Spate.Engine.Tests.Discovery;

public sealed class AnnounceScheduleTests : IDisposable
{
    private readonly TestWorld world = new();
    private readonly TestTrackers trackers;
    private readonly Subject subject = new();
    private readonly AnnounceGate gate;
    private AnnounceSchedule schedule;

    public AnnounceScheduleTests()
    {
        trackers = new TestTrackers(world);
        gate = new AnnounceGate(world);
        schedule = new AnnounceSchedule(subject, trackers, gate, world, world);
    }

    public void Dispose()
    {
        schedule.Dispose();
        gate.Dispose();
    }

    [Fact]
    public void First_announce_says_started_with_counters_at_zero_and_later_ones_the_differences()
    {
        (subject.Uploaded, subject.Downloaded, subject.Left) = (500, 700, 10_000);
        Start(["a"]);
        AnnounceRequest first = trackers.Announces.Single().Request;
        Assert.Equal(AnnounceEvent.Started, first.Event);
        Assert.Equal((0, 0, 10_000), (first.Uploaded, first.Downloaded, first.Left));
        Assert.Equal(200, first.NumWant);
        Assert.Equal(0xfeedu, first.Key);
        Assert.Equal(6881, first.Port);

        (subject.Uploaded, subject.Downloaded, subject.Left) = (501, 3_700, 7_000);
        Run(seconds: 1900);
        AnnounceRequest second = trackers.Announces[1].Request;
        Assert.Equal(AnnounceEvent.None, second.Event);
        Assert.Equal((1, 3_000, 7_000), (second.Uploaded, second.Downloaded, second.Left));
    }

    [Fact]
    public void Peers_and_the_external_address_reach_the_torrent()
    {
        IPEndPoint peer = IPEndPoint.Parse("198.51.100.7:6881");
        trackers.Answer = (_, _) => new AnnounceAnswer { Peers = [peer], ExternalAddress = IPAddress.Parse("203.0.113.5"), Seeders = 3, Leechers = 4 };
        Start(["a"]);
        Assert.Equal([peer], subject.Peers);
        Assert.Equal("203.0.113.5", subject.External!.ToString());
        TrackerStatus status = schedule.Snapshot().Single();
        Assert.Equal((TrackerState.Working, 1, 3, 4), (status.State, status.PeersReceived, status.Seeders, status.Leechers));
    }

    [Theory]
    [InlineData(null, null, 1800)]
    [InlineData(900, null, 900)]
    [InlineData(10, null, 10)]
    [InlineData(5, null, 5)]
    [InlineData(4, null, 300)] // nonsense
    [InlineData(0, null, 300)]
    [InlineData(-7, null, 300)]
    [InlineData(60, 120, 120)] // the minimum wins
    [InlineData(10_000_000, null, 86_400)]
    public void Interval_is_obeyed(int? interval, int? minInterval, int expectedSeconds)
    {
        trackers.Answer = (_, _) => new AnnounceAnswer
        {
            Interval = interval is int i ? TimeSpan.FromSeconds(i) : null,
            MinInterval = minInterval is int m ? TimeSpan.FromSeconds(m) : null,
        };
        Start(["a"]);
        Run(expectedSeconds - 1);
        Assert.Single(trackers.Announces);
        Run(expectedSeconds / 20 + 3); // up to a twentieth later, by chance
        Assert.Equal(2, trackers.Announces.Count);
    }

    [Fact]
    public void Failures_back_off_with_the_square_of_their_number_up_to_an_hour()
    {
        trackers.Answer = (_, _) => throw new IOException("The host a does not answer.");
        Start(["a"]);
        var waits = new List<double>();
        Run(40 * 3600);
        for (int i = 1; i < trackers.Announces.Count; i++) waits.Add((trackers.Announces[i].At - trackers.Announces[i - 1].At) / 1000.0);
        for (int i = 0; i < waits.Count; i++)
        {
            double least = Math.Min(5 + 12.5 * (i + 1) * (i + 1), 3600);
            Assert.InRange(waits[i], least, least * 1.1 + 1.1);
        }
        Assert.True(waits.Count > 30);
        TrackerStatus status = schedule.Snapshot().Single();
        Assert.Equal(TrackerState.Failing, status.State);
        Assert.Equal("The host a does not answer.", status.Message);
        Assert.Equal(trackers.Announces.Count, status.Fails);
        Assert.All(trackers.Announces, a => Assert.Equal(AnnounceEvent.Started, a.Request.Event));
    }

    [Fact]
    public void Retry_in_is_waited_for_and_never_means_never_until_the_user_insists()
    {
        trackers.Answer = (_, r) => trackers.Announces.Count == 1
            ? new AnnounceAnswer { Failure = "overloaded", RetryIn = TimeSpan.FromMinutes(5) }
            : new AnnounceAnswer { Failure = "not a tracker", RetryIn = Timeout.InfiniteTimeSpan };
        Start(["a"]);
        Run(299);
        Assert.Single(trackers.Announces);
        Run(35);
        Assert.Equal(2, trackers.Announces.Count);
        Assert.Equal(TrackerState.Disabled, schedule.Snapshot().Single().State);
        Run(100_000);
        Assert.Equal(2, trackers.Announces.Count);
        world.Do(schedule.Force);
        Assert.Equal(3, trackers.Announces.Count);
    }

    [Fact]
    public void A_failed_tracker_makes_way_for_the_next_of_its_tier_which_moves_to_the_front()
    {
        string down = "";
        trackers.Answer = (url, _) => url.Host == down ? throw new IOException("down") : new AnnounceAnswer { Interval = TimeSpan.FromSeconds(600) };
        Use([["a", "b", "c"]]);
        string[] order = [.. schedule.Snapshot().Select(s => s.Url.Host)];
        down = order[0];
        Begin();
        Run(1);
        Assert.Equal([$"{order[0]} Started", $"{order[1]} Started"], trackers.Log);
        Assert.Equal([order[1], order[0], order[2]], schedule.Snapshot().Select(s => s.Url.Host));

        Run(640); // the one in front works: nobody else is asked
        Assert.Equal($"{order[1]} None", trackers.Log.Last());
        Assert.Equal(3, trackers.Announces.Count);
    }

    [Fact]
    public void All_tiers_mode_announces_to_one_of_each_tier()
    {
        Start(["a", "b"], ["c"], ["d", "e"]);
        Assert.Equal(3, trackers.Announces.Count);
        Assert.Equal(1, trackers.Announces.Count(a => a.Tracker.Host is "a" or "b"));
        Assert.Equal(1, trackers.Announces.Count(a => a.Tracker.Host is "d" or "e"));
    }

    [Fact]
    public void Standard_mode_announces_to_one_and_comes_back_to_the_first_tier()
    {
        bool down = true;
        trackers.Answer = (url, _) => url.Host == "a" && down ? throw new IOException("down") : new AnnounceAnswer { Interval = TimeSpan.FromSeconds(600) };
        Recreate(new AnnounceOptions { Tiers = TierMode.Standard });
        Start(["a"], ["b"], ["c"]);
        Assert.Equal(["a Started", "b Started"], trackers.Log);
        Run(10);
        down = false;
        Run(20); // 17.5 s and a tenth
        Assert.Equal("a Started", trackers.Log.Last());
        Run(660);
        Assert.Equal(["a Started", "b Started", "a Started", "a None"], trackers.Log);
    }

    [Fact]
    public void All_trackers_mode_announces_to_everyone()
    {
        Recreate(new AnnounceOptions { Tiers = TierMode.AllTrackers });
        Start(["a", "b"], ["c"]);
        Assert.Equal(3, trackers.Announces.Count);
    }

    [Fact]
    public void Tiers_are_shuffled_inside_and_keep_their_order()
    {
        var firsts = new HashSet<string>();
        for (int i = 0; i < 40; i++)
        {
            Use([["a", "b", "c"], ["d"]]);
            IReadOnlyList<TrackerStatus> status = schedule.Snapshot();
            firsts.Add(status[0].Url.Host);
            Assert.Equal("d", status[3].Url.Host);
        }
        Assert.Equal(3, firsts.Count);
    }

    [Fact]
    public void A_silent_tracker_does_not_hold_up_the_next_one_for_more_than_five_seconds()
    {
        Use([["a", "b"]]);
        string silent = schedule.Snapshot()[0].Url.Host;
        trackers.Delay = url => url.Host == silent ? -1 : 0;
        Begin();
        Run(4);
        Assert.Single(trackers.Announces);
        Assert.Equal(TrackerState.Announcing, schedule.Snapshot()[0].State);
        Run(2);
        Assert.Equal(2, trackers.Announces.Count);
        Assert.NotEqual(silent, schedule.Snapshot()[0].Url.Host);
    }

    [Fact]
    public void Completed_is_sent_once_to_every_tracker_that_knows_us()
    {
        Start(["a"], ["b"]);
        world.Do(schedule.Complete);
        Run(5);
        Assert.Equal(["a Completed", "a Started", "b Completed", "b Started"], trackers.Log.Order());
        Run(4000);
        Assert.Equal(2, trackers.Announces.Count(a => a.Request.Event == AnnounceEvent.Completed));
    }

    [Fact]
    public void Completed_waits_for_a_started_under_way()
    {
        trackers.Delay = _ => 3000;
        Start(["a"]);
        world.Do(schedule.Complete);
        Run(10);
        Assert.Equal(["a Started", "a Completed"], trackers.Log);
    }

    [Fact]
    public void Completed_that_fails_is_sent_again()
    {
        Start(["a"]);
        trackers.Answer = (_, _) => trackers.Announces.Count == 2 ? throw new IOException("down") : new AnnounceAnswer();
        world.Do(schedule.Complete);
        Run(60);
        Assert.Equal(["a Started", "a Completed", "a Completed"], trackers.Log);
    }

    [Fact]
    public void A_torrent_that_starts_complete_never_says_completed()
    {
        subject.Left = 0;
        Start(["a"]);
        Run(4000);
        Assert.DoesNotContain(trackers.Announces, a => a.Request.Event == AnnounceEvent.Completed);
    }

    [Fact]
    public void Partial_seeds_say_paused_in_every_announce()
    {
        subject.IsPartialSeed = true;
        Start(["a"]);
        Run(6000);
        Assert.True(trackers.Announces.Count >= 3);
        Assert.All(trackers.Announces.Skip(1), a => Assert.Equal(AnnounceEvent.Paused, a.Request.Event));
    }

    [Fact]
    public void Tracker_id_is_sent_back()
    {
        trackers.Answer = (_, _) => new AnnounceAnswer { TrackerId = new byte[] { 1, 2 } };
        Start(["a"]);
        Run(2000);
        Assert.Equal([1, 2], trackers.Announces[1].Request.TrackerId.ToArray());
    }

    [Fact]
    public void Force_waits_for_the_minimum_and_not_when_asked_again()
    {
        trackers.Answer = (_, _) => new AnnounceAnswer { Interval = TimeSpan.FromSeconds(1800), MinInterval = TimeSpan.FromSeconds(120) };
        Start(["a"]);
        Run(30);
        world.Do(schedule.Force);
        Run(5);
        Assert.Single(trackers.Announces);
        world.Do(schedule.Force);
        Assert.Equal(2, trackers.Announces.Count);

        Run(1);
        world.Do(schedule.Force);
        Run(130);
        Assert.Equal(3, trackers.Announces.Count);
    }

    [Fact]
    public void Stop_tells_everybody_who_knows_us_at_once_and_gives_up_at_the_deadline()
    {
        Start(["a"], ["b"], ["c"]);
        trackers.Delay = url => url.Host == "b" ? -1 : 100;
        Task? stopped = null;
        subject.Downloaded = 999;
        world.Do(() => stopped = schedule.StopAsync());
        Assert.Equal(3, trackers.Announces.Count(a => a.Request.Event == AnnounceEvent.Stopped && a.Request.NumWant == 0 && a.Request.Downloaded == 999));
        world.Advance(2_900);
        Assert.False(stopped!.IsCompleted);
        world.Advance(200);
        Assert.True(stopped.IsCompletedSuccessfully);
        Assert.Equal(0, trackers.UnderWay);
        Run(4000);
        Assert.Equal(6, trackers.Announces.Count);
    }

    [Fact]
    public void Stop_says_nothing_to_trackers_that_never_heard_of_us()
    {
        Recreate(new AnnounceOptions { Tiers = TierMode.Standard });
        Start(["a"], ["b"]);
        world.Do(() => schedule.StopAsync());
        Assert.Equal(["a Started", "a Stopped"], trackers.Log);
    }

    [Fact]
    public void Stop_reaches_a_tracker_whose_started_was_under_way()
    {
        trackers.Delay = _ => -1;
        Start(["a"]);
        Assert.Empty(subject.Peers);
        world.Do(() => schedule.StopAsync());
        Assert.Equal(["a Started", "a Stopped"], trackers.Log);
        world.Advance(5000);
        Assert.Equal(0, trackers.UnderWay);
    }

    [Fact]
    public void Starting_again_counts_from_zero()
    {
        Start(["a"]);
        subject.Uploaded = 1000;
        world.Do(() => schedule.StopAsync());
        Begin();
        Run(1);
        Assert.Equal(["a Started", "a Stopped", "a Started"], trackers.Log);
        Assert.Equal([0, 1000, 0], trackers.Announces.Select(a => a.Request.Uploaded));
    }

    [Fact]
    public void New_trackers_join_and_those_taken_out_are_told()
    {
        Start(["a"], ["b"]);
        Use([["b"], ["c"]]);
        Run(2);
        Assert.Contains("a Stopped", trackers.Log);
        Assert.Contains("c Started", trackers.Log);
        Assert.Equal(1, trackers.Log.Count(l => l.StartsWith('b')));
    }

    [Fact]
    public void Unknown_schemes_are_shown_and_not_tried()
    {
        world.Do(() => schedule.SetTiers([[new Uri("wss://a/announce")], [new Uri("http://b/announce")]]));
        Begin();
        Run(10);
        Assert.Equal(["b Started"], trackers.Log);
        Assert.Equal(TrackerState.Disabled, schedule.Snapshot()[0].State);
        Assert.Contains("wss", schedule.Snapshot()[0].Message);
    }

    [Fact]
    public void Trackers_are_bounded_and_repeated_urls_count_once()
    {
        world.Do(() => schedule.SetTiers([.. Enumerable.Range(0, 1000).Select(i => new[] { new Uri($"http://t{i / 2}/announce") })]));
        Assert.Equal(200, schedule.Count);
    }

    [Fact]
    public void Messages_are_made_printable()
    {
        trackers.Answer = (_, _) => new AnnounceAnswer { Warning = "\u001b[31mred\r\n" + new string('x', 1000) };
        Start(["a"]);
        string message = schedule.Snapshot().Single().Message;
        Assert.StartsWith(" [31mred  xxx", message);
        Assert.Equal(300, message.Length);
    }

    [Fact]
    public void Scrape_fills_the_counts()
    {
        Start(["a"]);
        world.Do(() => schedule.ScrapeAsync(default));
        TrackerStatus status = schedule.Snapshot().Single();
        Assert.Equal((7, 9, 8), (status.Seeders, status.Leechers, status.Completed));
    }

    private void Recreate(AnnounceOptions options)
    {
        schedule.Dispose();
        schedule = new AnnounceSchedule(subject, trackers, gate, world, world, options);
    }

    private void Use(string[][] tiers) => world.Do(() => schedule.SetTiers([.. tiers.Select(t => t.Select(Url).ToArray())]));

    private static Uri Url(string host) => new($"http://{host}/announce");

    private void Start(params string[][] tiers)
    {
        Use(tiers);
        Begin();
        Run(1);
    }

    private void Begin() => world.Do(schedule.Start);

    private void Run(int seconds)
    {
        for (int i = 0; i < seconds; i++)
        {
            world.Do(() => schedule.Tick(world.NowMs));
            world.Advance(1000);
        }
    }

    internal sealed class Subject : IAnnounceSubject
    {
        public InfoHash InfoHash { get; init; } = InfoHash.FromV1(Sha1Hash.Of("torrent"u8));

        public PeerId PeerId { get; } = PeerId.Create("0100", new byte[12]);

        public int Port => 6881;

        public uint Key => 0xfeed;

        public long Uploaded { get; set; }

        public long Downloaded { get; set; }

        public long Left { get; set; } = 1;

        public bool IsPartialSeed { get; set; }

        public int PeersWanted { get; set; } = 1000;

        public List<IPEndPoint> Peers { get; } = [];

        public IPAddress? External { get; private set; }

        public void OnPeers(Uri tracker, IReadOnlyList<IPEndPoint> peers) => Peers.AddRange(peers);

        public void OnExternalAddress(Uri tracker, IPAddress address) => External = address;
    }
}
