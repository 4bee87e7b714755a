using Spate.Engine.Disk;
using Spate.Engine.Peers;

namespace Spate.Engine.Tests.Peers;

/// <summary>The window on a simulated path: a link of some rate and round trip, and a peer that answers in order.</summary>
public class RequestWindowTests
{
    private const int BlockSize = BlockPool.BlockSize;

    /// <summary>A link with a peer at its end, in virtual milliseconds. Requests are topped up as in a download: a quarter of the window at a time.</summary>
    private sealed class Path(RequestWindow window, double roundTripMs, int seed = 1)
    {
        private readonly Queue<(long SentMs, double ArrivesMs)> flight = new();
        private readonly Random random = new(seed);
        private double clock = 5_000;
        private double linkFreeMs;
        private double lastArrivesMs, period, quota;
        private double calm = 1, calmUntilMs;

        /// <summary>What the link carries now, in bytes a millisecond.</summary>
        public double BytesPerMs { get; set; }

        /// <summary>What the peer makes of that when it has been asked for so many blocks: a factor.</summary>
        public Func<int, double> Zeal { get; set; } = _ => 1;

        /// <summary>Each quarter of a second what the peer makes of that is less by such a factor at most, by chance: others use the machine too.</summary>
        public double Unrest { get; set; }

        /// <summary>The peer holds to that rate by a quota for each of so many milliseconds, which it sends at ten times the rate; 0 for evenly.</summary>
        public double PeriodMs { get; set; }

        /// <summary>Blocks come so much later at most, by chance.</summary>
        public double JitterMs { get; set; }

        public long Received { get; private set; }

        public int Flight => flight.Count;

        /// <summary>Blocks in flight at most since this was last set to 0.</summary>
        public int MostInFlight { get; set; }

        /// <summary>Runs for so long; returns the bytes a millisecond that came.</summary>
        public double Run(double ms)
        {
            double end = clock + ms;
            long before = Received;
            Ask();
            while (flight.TryPeek(out var next) && next.ArrivesMs <= end)
            {
                flight.Dequeue();
                clock = Math.Max(clock, next.ArrivesMs);
                Received += BlockSize;
                window.OnBlock(BlockSize, next.SentMs, (long)clock);
                Ask();
            }
            clock = end;
            return (Received - before) / ms;
        }

        private void Ask()
        {
            int room = window.Size - flight.Count;
            if (room < Math.Max(1, window.Size / 4)) return;
            for (; room > 0; room--)
            {
                double start = Math.Max(clock + roundTripMs / 2, linkFreeMs);
                linkFreeMs = PeriodMs > 0 ? Quota(start) + BlockSize / (10 * BytesPerMs) : start + BlockSize / (BytesPerMs * Zeal(flight.Count) * Calm(start));
                lastArrivesMs = Math.Max(lastArrivesMs, linkFreeMs + roundTripMs / 2 + random.NextDouble() * JitterMs);
                flight.Enqueue(((long)clock, lastArrivesMs));
            }
            MostInFlight = Math.Max(MostInFlight, flight.Count);
        }

        private double Calm(double startMs)
        {
            if (Unrest > 0 && startMs > calmUntilMs) (calm, calmUntilMs) = (1 - Unrest * random.NextDouble(), startMs + 250);
            return calm;
        }

        // When the peer's quota lets it begin with a block.
        private double Quota(double startMs)
        {
            double now = Math.Floor(startMs / PeriodMs);
            if (now > period) (period, quota) = (now, BytesPerMs * PeriodMs);
            while (quota < BlockSize) (period, quota) = (period + 1, quota + BytesPerMs * PeriodMs);
            quota -= BlockSize;
            return Math.Max(startMs, period * PeriodMs);
        }
    }

    private const double Gigabit = 125_000, Megabyte = 1_000; // bytes a millisecond

    [Theory]
    [InlineData(Gigabit, 200)]
    [InlineData(Gigabit, 50)]
    [InlineData(Gigabit, 1)]
    [InlineData(10 * Megabyte, 300)]
    [InlineData(3 * Megabyte, 50)]
    [InlineData(0.1 * Megabyte, 100)]
    public void Fills_the_link_and_does_not_flood_it(double bytesPerMs, double roundTripMs)
    {
        var window = new RequestWindow { PeerLimit = 2000 };
        window.Restart(roundTripMs);
        var path = new Path(window, roundTripMs) { BytesPerMs = bytesPerMs };
        path.Run(10_000);
        path.MostInFlight = 0;
        Assert.True(path.Run(10_000) > bytesPerMs * 0.97, "The link is not full.");
        double product = bytesPerMs * roundTripMs / BlockSize;
        Assert.InRange(path.MostInFlight, 1, Math.Min(2000, 2.3 * product + bytesPerMs * 150 / BlockSize + 8));
    }

    [Fact]
    public void Reaches_a_gigabit_at_200_ms_within_a_few_seconds()
    {
        var window = new RequestWindow { PeerLimit = 2000 };
        window.Restart(200);
        var path = new Path(window, 200) { BytesPerMs = Gigabit };
        path.Run(3_000);
        Assert.True(path.Run(2_000) > Gigabit * 0.95);
    }

    [Fact]
    public void On_the_same_machine_opens_at_once()
    {
        var window = new RequestWindow { PeerLimit = 2000 };
        window.Restart(0.1);
        var path = new Path(window, 0.1) { BytesPerMs = 2_000_000 };
        path.Run(200);
        Assert.True(path.Run(300) > 1_000_000, "Less than half of the link.");
    }

    [Fact]
    public void A_fast_peer_on_the_same_machine_keeps_what_it_reads_ahead_in_its_caches()
    {
        var window = new RequestWindow { PeerLimit = 2000 };
        window.Restart(0.1);
        var path = new Path(window, 0.1) { BytesPerMs = 700_000 };
        path.Run(5_000);
        path.MostInFlight = 0;
        Assert.True(path.Run(1_000) > 700_000 * 0.97, "The link is not full.");
        Assert.InRange(path.MostInFlight, 1, 560);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void Whether_a_peer_is_quicker_with_much_or_with_little_to_do_is_found_out(bool withMuch, bool always)
    {
        var window = new RequestWindow { PeerLimit = 2000 };
        window.Restart(0.1);
        var path = new Path(window, 0.1) { BytesPerMs = 650_000 };
        Func<int, double> zeal = asked => withMuch ? Math.Min(1, 0.7 + asked * 0.001) : asked <= 64 ? 1 : 0.8;
        if (always) path.Zeal = zeal;
        path.Run(3_000);
        path.Zeal = zeal;
        path.Run(20_000);
        Assert.True(path.Run(20_000) > 650_000 * 0.94);
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(0.5)]
    public void On_a_busy_machine_a_lucky_moment_is_not_taken_for_the_effect_of_asking_for_more(double unrest)
    {
        const int Runs = 20, Looks = 400;
        int much = 0;
        for (int seed = 1; seed <= Runs; seed++)
        {
            var window = new RequestWindow { PeerLimit = 2000 };
            window.Restart(0.1);
            var path = new Path(window, 0.1, seed) { BytesPerMs = 650_000, Unrest = unrest, Zeal = asked => asked <= 64 ? 1 : 0.8 };
            path.Run(1_000);
            for (int i = 0; i < Looks; i++)
            {
                path.Run(50);
                if (window.Size > 64) much++;
            }
        }
        Assert.InRange(much / (double)(Runs * Looks), 0.01, 0.10); // it is tried, and given up again
    }

    [Fact]
    public void A_slow_peer_is_asked_for_little()
    {
        var window = new RequestWindow { PeerLimit = 2000 };
        window.Restart(100);
        var path = new Path(window, 100) { BytesPerMs = 5 };
        path.Run(120_000);
        path.MostInFlight = 0;
        Assert.True(path.Run(120_000) > 4.8);
        Assert.InRange(path.MostInFlight, 1, 12);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(500)] // Transmission's
    public void A_peer_that_sends_in_portions_is_kept_busy(double periodMs)
    {
        var window = new RequestWindow { PeerLimit = 2000 };
        window.Restart(20);
        var path = new Path(window, 20) { BytesPerMs = 2 * Megabyte, PeriodMs = periodMs };
        path.Run(10_000);
        Assert.True(path.Run(10_000) > 2 * Megabyte * 0.9);
    }

    [Theory]
    [InlineData(100, 1.5)]
    [InlineData(500, 1.5)]
    [InlineData(500, 20)]
    public void A_peer_that_sends_in_portions_and_was_slow_is_followed_up(double periodMs, double megabytes)
    {
        var window = new RequestWindow { PeerLimit = 2000 };
        window.Restart(1);
        var path = new Path(window, 1) { BytesPerMs = 0.1 * Megabyte, PeriodMs = periodMs };
        path.Run(20_000);
        path.BytesPerMs = megabytes * Megabyte;
        path.Run(30_000);
        Assert.True(path.Run(10_000) > megabytes * Megabyte * 0.9);
    }

    [Fact]
    public void One_of_many_that_sends_in_portions_is_not_asked_for_what_others_could_fetch_meanwhile()
    {
        var window = new RequestWindow { PeerLimit = 2000, IsOneOfMany = true };
        window.Restart(1);
        var path = new Path(window, 1) { BytesPerMs = 2.5 * Megabyte, PeriodMs = 500 };
        path.Run(20_000);
        path.MostInFlight = 0;
        path.Run(10_000);
        Assert.InRange(path.MostInFlight, 16, 60); // a portion has 76 blocks
    }

    [Fact]
    public void Jitter_does_not_empty_the_pipe()
    {
        var window = new RequestWindow { PeerLimit = 2000 };
        window.Restart(40);
        var path = new Path(window, 40) { BytesPerMs = 10 * Megabyte, JitterMs = 60 };
        path.Run(10_000);
        Assert.True(path.Run(10_000) > 10 * Megabyte * 0.95);
    }

    [Fact]
    public void Follows_the_link_down_and_up_again()
    {
        var window = new RequestWindow { PeerLimit = 2000 };
        window.Restart(50);
        var path = new Path(window, 50) { BytesPerMs = 20 * Megabyte };
        path.Run(5_000);
        int wide = window.Size;
        path.BytesPerMs = 0.1 * Megabyte;
        path.Run(60_000);
        Assert.True(window.Size < wide / 10, $"{window.Size} of {wide}");
        path.BytesPerMs = 20 * Megabyte;
        path.Run(20_000);
        Assert.True(path.Run(5_000) > 20 * Megabyte * 0.95);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(250)]
    public void Never_asks_for_more_than_the_peer_queues(int limit)
    {
        var window = new RequestWindow { PeerLimit = limit };
        window.Restart(200);
        var path = new Path(window, 200) { BytesPerMs = Gigabit };
        path.Run(20_000);
        Assert.Equal(limit, path.MostInFlight);
        Assert.Equal(limit, window.Size);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(-5, 1)]
    [InlineData(1, 1)]
    [InlineData(2000, 2000)]
    [InlineData(int.MaxValue, 4096)]
    public void The_peers_limit_is_made_to_make_sense(int said, int taken)
    {
        var window = new RequestWindow { PeerLimit = said };
        Assert.Equal(taken, window.PeerLimit);
        Assert.InRange(window.Size, 1, taken);
    }

    [Fact]
    public void A_limit_that_is_told_late_is_kept_to_from_then_on()
    {
        var window = new RequestWindow();
        window.Restart(100);
        new Path(window, 100) { BytesPerMs = Gigabit }.Run(10_000);
        Assert.Equal(RequestWindow.DefaultPeerLimit, window.Size);
        window.PeerLimit = 20;
        Assert.Equal(20, window.Size);
    }

    [Fact]
    public void A_peer_that_stalled_is_asked_for_one_block()
    {
        var window = new RequestWindow { PeerLimit = 2000 };
        window.Restart(50);
        new Path(window, 50) { BytesPerMs = Gigabit }.Run(5_000);
        window.Snub();
        Assert.Equal(1, window.Size);
        Assert.Equal(0, window.BytesPerSecond);
        window.Restart(0);
        Assert.Equal(8, window.Size);
        Assert.InRange(window.RoundTripMs, 1, 60); // what the path is like is not forgotten
    }

    [Fact]
    public void Clocks_that_stand_still_or_go_back_do_no_harm()
    {
        var window = new RequestWindow();
        foreach (long now in (long[])[100, 100, 100, 90, 100, 5_000, 4_999, 5_000])
        {
            for (int i = 0; i < 300; i++) window.OnBlock(BlockSize, now + 50, now);
            Assert.InRange(window.Size, 1, RequestWindow.DefaultPeerLimit);
            Assert.True(double.IsFinite(window.BytesPerSecond));
        }
    }
}
