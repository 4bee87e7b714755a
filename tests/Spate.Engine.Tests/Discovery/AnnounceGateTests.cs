using Spate.Engine.Discovery;
using Spate.Protocol;
using Spate.Protocol.Trackers;
using Xunit.Abstractions;

namespace Spate.Engine.Tests.Discovery;

public sealed class AnnounceGateTests : IDisposable
{
    private readonly TestWorld world = new();
    private readonly ITestOutputHelper output;
    private AnnounceGate gate;

    public AnnounceGateTests(ITestOutputHelper output) => (this.output, gate) = (output, new AnnounceGate(world));

    public void Dispose() => gate.Dispose();

    [Fact]
    public void One_host_gets_its_places_and_no_more()
    {
        List<AnnouncePass> passes = Enter("http://a/announce", 30);
        Assert.Equal(10, passes.Count);
        passes[0].Answered = true;
        world.Do(passes[0].Dispose);
        Assert.Equal(11, passes.Count);
        world.Do(passes[0].Dispose); // a second time makes no second place
        Assert.Equal(11, passes.Count);
    }

    [Fact]
    public void A_busy_host_leaves_room_for_others_and_the_session_keeps_its_limit()
    {
        int all = 0;
        for (int i = 0; i < 10; i++) all += Enter($"http://t{i}/announce", 20).Count;
        Assert.Equal(50, all);
        Assert.Equal(50, Enter("udp://a:1/announce", 200).Count); // UDP has places of its own; the rate decides
    }

    [Fact]
    public void Starts_are_spread_over_time()
    {
        var gone = new List<long>();
        for (int i = 0; i < 1000; i++) EnterAndLeave("udp://a:1/announce", AnnounceUrgency.Event, () => gone.Add(world.NowMs));
        Assert.Equal(50, gone.Count);
        long begin = world.NowMs;
        world.Advance(20_000);
        Assert.Equal(1000, gone.Count);
        for (int second = 0; second < 19; second++)
            Assert.InRange(gone.Count(t => t > begin + second * 1000 && t <= begin + (second + 1) * 1000), 45, 55);
    }

    [Fact]
    public void More_urgent_ones_go_first()
    {
        List<AnnouncePass> passes = Enter("http://a/announce", 10);
        var order = new List<string>();
        EnterAndLeave("http://a/announce", AnnounceUrgency.Regular, () => order.Add("regular"));
        EnterAndLeave("http://a/announce", AnnounceUrgency.Event, () => order.Add("event"));
        EnterAndLeave("http://a/announce", AnnounceUrgency.Forced, () => order.Add("forced"));
        EnterAndLeave("http://a/announce", AnnounceUrgency.Stopping, () => order.Add("stopping"));
        Assert.Equal(["stopping"], order);
        passes[0].Answered = true;
        world.Do(passes[0].Dispose);
        Assert.Equal(["stopping", "forced", "event", "regular"], order);
    }

    [Fact]
    public void A_silent_host_is_asked_one_at_a_time_until_it_answers()
    {
        List<AnnouncePass> passes = Enter("http://a/announce", 100);
        for (int i = 0; i < 10; i++)
        {
            AnnouncePass pass = passes[i];
            world.Do(pass.Dispose);
        }
        // Three of the ten were replaced before the host was known to be silent; after that, one for all those that left.
        int before = passes.Count;
        AnnouncePass last = passes[^1];
        foreach (AnnouncePass pass in passes.ToArray()) world.Do(pass.Dispose);
        Assert.True(passes.Count - before <= 2);
        last = passes[^1];
        last.Answered = true;
        world.Do(last.Dispose);
        Assert.True(passes.Count >= before + 10);
    }

    [Fact]
    public void A_cancelled_one_leaves_the_queue()
    {
        Enter("http://a/announce", 10);
        using var cancellation = new CancellationTokenSource();
        Task? waiting = null;
        world.Do(() => waiting = gate.EnterAsync(new Uri("http://a/announce"), AnnounceUrgency.Event, cancellation.Token).AsTask());
        cancellation.Cancel();
        world.Settle();
        Assert.True(waiting!.IsCanceled);
    }

    [Fact]
    public void Thousands_of_cancelled_ones_are_swept()
    {
        Enter("http://a/announce", 10);
        using var cancellation = new CancellationTokenSource();
        world.Do(() =>
        {
            for (int i = 0; i < 5000; i++) _ = gate.EnterAsync(new Uri("http://a/announce"), AnnounceUrgency.Event, cancellation.Token).AsTask();
        });
        Assert.Equal(5000, gate.WaitingCount);
        cancellation.Cancel();
        world.Settle();
        Assert.True(gate.WaitingCount < 100);
    }

    [Fact]
    public void Ten_thousand_torrents_neither_storm_a_tracker_nor_starve()
    {
        const int torrents = 10_000;
        var trackers = new TestTrackers(world) { Delay = url => url.Host == "dead" ? 30_000 : 50 };
        trackers.Answer = (url, _) => url.Host == "dead" ? throw new IOException("silent") : new AnnounceAnswer { Interval = TimeSpan.FromMinutes(30) };
        var schedules = new AnnounceSchedule[torrents];
        world.Do(() =>
        {
            for (int i = 0; i < torrents; i++)
            {
                Sha1Hash hash = Sha1Hash.Of(BitConverter.GetBytes(i));
                var subject = new AnnounceScheduleTests.Subject { InfoHash = InfoHash.FromV1(hash) };
                schedules[i] = new AnnounceSchedule(subject, trackers, gate, world, world);
                schedules[i].SetTiers([[new Uri("http://big/announce")], [new Uri($"udp://small{i % 50}:6969/announce")], [new Uri("http://dead/announce")]]);
                schedules[i].Start();
            }
        });
        for (int second = 0; second < 300; second++)
        {
            world.Do(() => Array.ForEach(schedules, s => s.Tick(world.NowMs)));
            world.Advance(1000);
        }

        foreach (string host in new[] { "big", "small0", "small49" })
        {
            var at = trackers.Announces.Where(a => a.Tracker.Host == host).GroupBy(a => (a.At - 1_000_000) / 1000).Select(g => g.Count()).ToList();
            Assert.True(at.Max() <= 101, $"{host} got {at.Max()} announces in one second"); // a burst of 50, and 50 a second
        }
        long last = trackers.Announces.Where(a => a.Tracker.Host == "big").GroupBy(a => a.Request.InfoHash).Max(g => g.Min(a => a.At)) - 1_000_000;
        int mostOfOne = trackers.Announces.Where(a => a.Tracker.Host == "big").GroupBy(a => (a.At - 1_000_000) / 1000).Max(g => g.Count());
        output.WriteLine($"{torrents} torrents on one large tracker, fifty small ones and a dead one: the large one has heard of all after {last / 1000} s, " +
            $"of at most {mostOfOne} in one second; the dead one was tried {trackers.Announces.Count(a => a.Tracker.Host == "dead")} times in 300 s");
        Assert.InRange(last, 0, 1000 * (torrents / 50 + 10));
        Assert.Equal(torrents, trackers.Announces.Where(a => a.Tracker.Host == "big").Select(a => a.Request.InfoHash).Distinct().Count());
        for (int i = 0; i < 50; i++) Assert.Equal(torrents / 50, trackers.Announces.Count(a => a.Tracker.Host == $"small{i}"));
        Assert.True(trackers.Announces.Count(a => a.Tracker.Host == "dead") < 40); // a dead tracker is not hammered for ten thousand torrents
        Assert.True(schedules.All(s => s.Snapshot().Count(t => t.State == TrackerState.Working) == 2));
        Array.ForEach(schedules, s => s.Dispose());
    }

    // Enters many times; the list grows as passes are given.
    private List<AnnouncePass> Enter(string url, int count)
    {
        var passes = new List<AnnouncePass>();
        world.Do(() =>
        {
            for (int i = 0; i < count; i++) _ = EnterOne();
        });
        return passes;

        async Task EnterOne() => passes.Add(await gate.EnterAsync(new Uri(url), AnnounceUrgency.Event, default));
    }

    private void EnterAndLeave(string url, AnnounceUrgency urgency, Action inside)
    {
        world.Do(() => _ = Run());

        async Task Run()
        {
            using AnnouncePass pass = await gate.EnterAsync(new Uri(url), urgency, default);
            inside();
            pass.Answered = true;
        }
    }
}
