using Spate.Engine.Limits;
using Spate.Engine.Runtime;
using Spate.Engine.Tests.Discovery;

namespace Spate.Engine.Tests.Limits;

/// <summary>Rate limits under takers that never have enough, in virtual time with a heartbeat of 100 ms.</summary>
public class RateLimitTests
{
    private const int BeatMs = 100;

    private readonly TestWorld world = new();
    private readonly RateLimit session = new();
    private readonly List<RateLimit> torrents = [];

    /// <summary>Takes what it gets, at once and for ever, as a pump on a fast connection does.</summary>
    private sealed class Taker(TransferLimits limits, int portion, PumpSignal signal, Func<int, int> use)
    {
        public long Taken { get; private set; }

        private TransferTurn turn;

        public async Task Run()
        {
            while (true)
            {
                int share = limits.Take(portion, ref turn);
                if (share == 0)
                {
                    await limits.WaitAsync(signal, turn);
                    continue;
                }
                Assert.InRange(share, 1, portion);
                int used = use(share);
                limits.Refund(share - used, ref turn);
                Taken += used;
            }
        }
    }

    private Taker Add(RateLimit torrent, int portion = 256 * 1024, Func<int, int>? use = null)
    {
        if (!torrents.Contains(torrent)) torrents.Add(torrent);
        var taker = new Taker(new TransferLimits(torrent, session), portion, new PumpSignal(world), use ?? (static share => share));
        world.Do(() => _ = taker.Run());
        return taker;
    }

    private void Beat(double ms = BeatMs)
    {
        world.Advance((long)ms);
        session.Refill(ms / 1000);
        foreach (RateLimit torrent in torrents) torrent.Refill(ms / 1000);
        world.Settle();
    }

    // Every window of three seconds holds what the limit allows, give or take 5 %.
    private void AssertSmooth(IReadOnlyCollection<Taker> takers, long rate, int seconds, double least = 0.95)
    {
        const int Window = 3000 / BeatMs;
        var totals = new List<long> { takers.Sum(taker => taker.Taken) };
        for (int i = 0; i < seconds * 1000 / BeatMs; i++)
        {
            Beat();
            totals.Add(takers.Sum(taker => taker.Taken));
        }
        for (int i = Window; i < totals.Count; i++) Assert.InRange(totals[i] - totals[i - Window], rate * 3 * least, rate * 3 * 1.05);
    }

    [Theory]
    [InlineData(20_000, 1)]
    [InlineData(20_000, 100)]
    [InlineData(1_000_000, 1)]
    [InlineData(1_000_000, 7)]
    [InlineData(1_000_000, 100)]
    [InlineData(300_000_000, 3)]
    [InlineData(300_000_000, 200)]
    public void A_session_limit_is_smooth_and_fair_with_many_takers(long rate, int count)
    {
        session.BytesPerSecond = rate;
        var torrent = new RateLimit();
        Taker[] takers = [.. Enumerable.Range(0, count).Select(_ => Add(torrent))];
        AssertSmooth(takers, rate, 20);
        double fair = takers.Sum(taker => taker.Taken) / (double)count;
        Assert.All(takers, taker => Assert.InRange(taker.Taken, fair * 0.6, fair * 1.4));
    }

    // What was not used while nothing was asked for must not come all at once.
    [Theory]
    [InlineData(20_000)]
    [InlineData(1_000_000)]
    [InlineData(300_000_000)]
    public void After_a_quiet_time_it_is_as_smooth_as_ever(long rate)
    {
        session.BytesPerSecond = rate;
        var torrent = new RateLimit();
        for (int i = 0; i < 600; i++) Beat();
        Taker[] takers = [.. Enumerable.Range(0, 3).Select(_ => Add(torrent))];
        for (int i = 0; i < 3000 / BeatMs; i++) Beat();
        // With what came at once. A low limit still lets a portion go out that is worth a system call.
        Assert.InRange(takers.Sum(taker => taker.Taken), rate * 3 * 0.95, Math.Max(rate * 3 * 1.05, rate * 3 + 4096));
        AssertSmooth(takers, rate, 10);
    }

    [Fact]
    public void Takers_of_small_portions_and_of_large_ones_both_get_on()
    {
        session.BytesPerSecond = 1_000_000;
        var torrent = new RateLimit();
        Taker[] takers = [.. Enumerable.Range(0, 10).Select(i => Add(torrent, i % 2 == 0 ? 16 * 1024 : 256 * 1024))];
        AssertSmooth(takers, 1_000_000, 10);
        Assert.All(takers, taker => Assert.True(taker.Taken > 300_000, $"{taker.Taken}"));
    }

    [Fact]
    public void A_torrents_limit_is_smooth_inside_that_of_the_session()
    {
        session.BytesPerSecond = 5_000_000;
        var limited = new RateLimit { BytesPerSecond = 500_000 };
        var free = new RateLimit();
        Taker[] ours = [.. Enumerable.Range(0, 5).Select(_ => Add(limited))];
        Taker[] others = [.. Enumerable.Range(0, 2).Select(_ => Add(free))];
        AssertSmooth(ours, 500_000, 10, least: 0.8); // they stand in line with the others for the session's
        Assert.InRange(others.Sum(taker => taker.Taken), 0.9 * 4_500_000 * 10, 1.1 * 4_500_000 * 10);
    }

    [Fact]
    public void A_torrent_with_a_limit_of_its_own_is_not_starved_by_those_without()
    {
        session.BytesPerSecond = 1_000_000;
        var limited = new RateLimit { BytesPerSecond = 900_000 };
        var free = new RateLimit();
        Taker[] others = [.. Enumerable.Range(0, 9).Select(_ => Add(free))];
        Taker ours = Add(limited);
        for (int i = 0; i < 100; i++) Beat();
        long all = others.Sum(taker => taker.Taken) + ours.Taken;
        Assert.InRange(all, 9_500_000, 10_500_000);
        Assert.True(ours.Taken > all / 20, $"{ours.Taken} of {all}"); // a fair share is a tenth
    }

    [Fact]
    public void A_limit_changes_while_it_is_used()
    {
        var torrent = new RateLimit();
        session.BytesPerSecond = 2_000_000;
        Taker[] takers = [.. Enumerable.Range(0, 10).Select(_ => Add(torrent))];
        AssertSmooth(takers, 2_000_000, 5);
        session.BytesPerSecond = 100_000;
        AssertSmooth(takers, 100_000, 5);
        session.BytesPerSecond = 10_000_000;
        AssertSmooth(takers, 10_000_000, 5);
        torrent.BytesPerSecond = 1_000_000;
        AssertSmooth(takers, 1_000_000, 5);
    }

    [Fact]
    public void A_heartbeat_that_comes_late_loses_nothing()
    {
        session.BytesPerSecond = 1_000_000;
        Taker taker = Add(new RateLimit());
        var random = new Random(5);
        double elapsed = 0;
        while (elapsed < 20_000)
        {
            int ms = random.Next(20, 700);
            Beat(ms);
            elapsed += ms;
        }
        Assert.InRange(taker.Taken, elapsed * 1000 * 0.98, elapsed * 1000 * 1.02);
    }

    [Fact]
    public void Zero_is_no_limit_and_lets_those_who_wait_go_on_at_once()
    {
        var limit = new RateLimit { BytesPerSecond = 1000 };
        var signal = new PumpSignal(world);
        limit.AddWaiter(signal);
        bool went = false;
        world.Do(() => _ = Wait());
        Assert.False(went);
        limit.BytesPerSecond = 0;
        world.Settle();
        Assert.True(went);
        LimitTurn turn = default;
        Assert.Equal(int.MaxValue, limit.Take(int.MaxValue, ref turn));

        // Also for one that comes in between.
        limit.AddWaiter(signal);
        Assert.True(signal.WaitAsync().IsCompleted);

        async Task Wait()
        {
            await signal.WaitAsync();
            went = true;
        }
    }

    [Fact]
    public void What_is_given_back_can_be_taken_again()
    {
        session.BytesPerSecond = 1_000_000;
        // A connection that has a seventh of what was taken for it.
        Taker[] takers = [.. Enumerable.Range(0, 3).Select(_ => Add(new RateLimit(), use: share => Math.Max(1, share / 7)))];
        AssertSmooth(takers, 1_000_000, 10);
    }

    [Fact]
    public void What_was_taken_without_a_limit_is_not_given_back_to_one()
    {
        var limit = new RateLimit();
        LimitTurn turn = default;
        int taken = limit.Take(256 * 1024, ref turn); // a pump takes before it waits for its connection
        limit.BytesPerSecond = 10_000;
        for (int i = 0; i < 50; i++) limit.Refund(taken, ref turn);
        long got = 0;
        for (int n = limit.Take(1 << 20, ref turn); n > 0; n = limit.Take(1 << 20, ref turn)) got += n;
        Assert.InRange(got, 0, 10_000);
    }

    [Fact]
    public void Many_threads_never_take_more_than_there_is()
    {
        var limit = new RateLimit { BytesPerSecond = 10_000_000 };
        long taken = 0, given = 0;
        bool end = false;
        Thread[] threads = [.. Enumerable.Range(0, 3).Select(seed => new Thread(() =>
        {
            var random = new Random(seed);
            LimitTurn turn = default;
            while (!Volatile.Read(ref end))
            {
                int n = limit.Take(random.Next(1, 300_000), ref turn);
                int back = n == 0 ? 0 : random.Next(n + 1);
                Interlocked.Add(ref taken, n - back);
                limit.Refund(back, ref turn);
            }
        }))];
        foreach (Thread thread in threads) thread.Start();
        for (int i = 0; i < 60; i++)
        {
            limit.Refill(0.1);
            given += 1_000_000;
            Thread.Yield();
        }
        Volatile.Write(ref end, true);
        foreach (Thread thread in threads) thread.Join();
        Assert.InRange(taken, 1, given);
    }
}
