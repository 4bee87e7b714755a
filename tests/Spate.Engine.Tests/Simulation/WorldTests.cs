using System.Net;
using Spate.Engine.Ports;
using Spate.Engine.Runtime;
using Spate.Simulation;

namespace Spate.Engine.Tests.Simulation;

/// <summary>The simulated world itself: time, order, replay, and that nothing leaves it unnoticed.</summary>
public sealed class WorldTests
{
    [Fact]
    public void The_clock_jumps_from_timer_to_timer_in_order()
    {
        using var world = new SimWorld(1);
        TimeProvider time = world.Console.Process.Environment.Time;
        var fired = new List<(string, double)>();
        using ITimer late = time.CreateTimer(_ => fired.Add(("late", world.Now.TotalSeconds)), null, TimeSpan.FromHours(5), Timeout.InfiniteTimeSpan);
        using ITimer tick = time.CreateTimer(_ => fired.Add(("tick", world.Now.TotalSeconds)), null, TimeSpan.FromHours(2), TimeSpan.FromHours(2));
        DateTimeOffset before = time.GetUtcNow();
        world.Run(TimeSpan.FromHours(7));
        Assert.Equal([("tick", 7200.0), ("tick", 14400.0), ("late", 18000.0), ("tick", 21600.0)], fired);
        Assert.Equal(TimeSpan.FromHours(7), time.GetUtcNow() - before);
    }

    [Fact]
    public void A_timer_can_be_moved_and_called_off()
    {
        using var world = new SimWorld(1);
        int fired = 0;
        ITimer timer = world.Console.Process.Environment.Time.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        timer.Change(TimeSpan.FromSeconds(5), Timeout.InfiniteTimeSpan);
        world.Run(TimeSpan.FromSeconds(4));
        Assert.Equal(0, fired);
        world.Run(TimeSpan.FromSeconds(2));
        Assert.Equal(1, fired);
        timer.Change(TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        timer.Dispose();
        world.Run(TimeSpan.FromSeconds(4));
        Assert.Equal(1, fired);
    }

    [Fact]
    public void Awaits_on_a_strand_come_back_to_it()
    {
        using var world = new SimWorld(1);
        SimProcess process = world.AddHost("a").Process;
        var strand = new Strand(process, world.Fault);
        bool[] seen = new bool[3];
        strand.Enqueue(async _ =>
        {
            seen[0] = strand.IsCurrent;
            await process.Environment.Network.ResolveAsync("a", default);
            seen[1] = strand.IsCurrent;
            await Task.Delay(TimeSpan.FromDays(1), process.Environment.Time);
            seen[2] = strand.IsCurrent;
        });
        world.Run(TimeSpan.FromDays(2));
        Assert.Equal([true, true, true], seen);
    }

    [Theory]
    [InlineData(7UL, false)]
    [InlineData(7UL, true)]
    [InlineData(123456789UL, true)]
    public void The_same_seed_gives_the_same_trace(ulong seed, bool shuffle)
    {
        var first = Chatter(seed, shuffle);
        Assert.Equal(first, Chatter(seed, shuffle));
        Assert.NotEqual(first.Hash, Chatter(seed + 1, shuffle).Hash);
        Assert.True(first.Events > 1000);
    }

    [Fact]
    public void A_fault_on_a_strand_ends_the_run_and_names_the_seed()
    {
        using var world = new SimWorld(4711);
        var strand = new Strand(world.AddHost("a").Process, world.Fault);
        strand.Enqueue(_ => throw new InvalidOperationException("a bug"));
        var e = Assert.Throws<SimulationException>(() => world.Run(TimeSpan.FromSeconds(1)));
        Assert.Contains("Seed 4711", e.Message, StringComparison.Ordinal);
        Assert.Contains("a bug", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failing_checker_ends_the_run()
    {
        using var world = new SimWorld(1);
        int turns = 0;
        world.CheckAlways(_ =>
        {
            if (++turns == 5) throw new InvalidOperationException("a queue is over its limit");
        });
        using ITimer tick = world.Console.Process.Environment.Time.CreateTimer(static _ => { }, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        Assert.Contains("over its limit", Assert.Throws<SimulationException>(() => world.Run(TimeSpan.FromHours(1))).Message, StringComparison.Ordinal);
        Assert.Equal(5, world.Now.TotalSeconds);
    }

    [Fact]
    public void Work_that_never_ends_is_found()
    {
        using var world = new SimWorld(1) { MaxStepsAtOnce = 10_000 };
        var strand = new Strand(world.AddHost("a").Process, world.Fault);
        void Again(object? _) => strand.Enqueue(Again);
        strand.Enqueue(Again);
        Assert.Contains("without the clock moving", Assert.Throws<SimulationException>(() => world.Run(TimeSpan.FromSeconds(1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Leaving_for_the_thread_pool_is_found()
    {
        using var world = new SimWorld(1);
        INetwork network = world.AddHost("a").Process.Environment.Network;
        Exception? seen = null;
        var done = new ManualResetEventSlim();
        ThreadPool.QueueUserWorkItem(_ =>
        {
            try { network.Listen(new IPEndPoint(IPAddress.Any, 1)); }
            catch (InvalidOperationException e) { seen = e; }
            done.Set();
        });
        done.Wait();
        Assert.NotNull(seen);
        Assert.Contains("left the simulation", Assert.Throws<SimulationException>(() => world.Run(TimeSpan.FromSeconds(1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_real_timer_on_a_strand_is_found()
    {
        using var world = new SimWorld(1);
        var strand = new Strand(world.AddHost("a").Process, world.Fault);
        using var posted = new ManualResetEventSlim();
        strand.Enqueue(async _ =>
        {
            await RealDelay(posted);
            throw new InvalidOperationException("not reached: the strand never runs on a foreign thread");
        });
        world.Run(TimeSpan.FromSeconds(1));
        posted.Wait();
        // The continuation is queued to the strand by the other thread right after it set the event.
        void RunOn()
        {
            for (int i = 0; i < 10_000; i++)
            {
                Thread.Sleep(1);
                world.Run(TimeSpan.FromSeconds(1));
            }
        }
        var e = Assert.Throws<SimulationException>(RunOn);
        Assert.Contains("left the simulation", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Touching_the_disk_outside_a_worker_is_found()
    {
        using var world = new SimWorld(1);
        SimProcess process = world.AddHost("a").Process;
        var strand = new Strand(process, world.Fault);
        strand.Enqueue(_ => process.Environment.Storage.Stat("/x"));
        Assert.Contains("outside a disk worker", Assert.Throws<SimulationException>(() => world.Run(TimeSpan.FromSeconds(1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_of_a_killed_process_runs_again()
    {
        using var world = new SimWorld(1);
        SimHost host = world.AddHost("a");
        int ticks = 0, strandRuns = 0;
        SimProcess old = host.Process;
        using ITimer tick = old.Environment.Time.CreateTimer(_ => ticks++, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        var strand = new Strand(old, world.Fault);
        world.Run(TimeSpan.FromSeconds(3.5));
        strand.Enqueue(_ => strandRuns++);
        SimProcess fresh = host.Restart();
        var again = new Strand(fresh, world.Fault);
        int freshRuns = 0;
        again.Enqueue(_ => freshRuns++);
        world.Run(TimeSpan.FromSeconds(10));
        Assert.Equal((3, 0, 1), (ticks, strandRuns, freshRuns));
        Assert.True(old.IsDead);
    }

    [Fact]
    public void Workers_run_as_many_items_at_a_time_as_there_are_workers()
    {
        using var world = new SimWorld(1);
        SimHost host = world.AddHost("a", disk: new DiskOptions { Workers = 2, Latency = TimeSpan.FromMilliseconds(10), WriteBytesPerSecond = 0 });
        var ends = new List<double>();
        for (int i = 0; i < 5; i++) host.Process.Environment.Disk.Queue(new Item(() => ends.Add(world.Now.TotalMilliseconds)));
        world.Run(TimeSpan.FromSeconds(1));
        Assert.Equal([10, 10, 20, 20, 30], ends);
    }

    [Fact]
    public void Random_numbers_are_even_and_follow_from_the_seed()
    {
        SimRandom a = SimRandom.Fork(5, 1), b = SimRandom.Fork(5, 1), c = SimRandom.Fork(5, 2);
        int[] counts = new int[10];
        bool differs = false;
        for (int i = 0; i < 100_000; i++)
        {
            int x = a.Next(10);
            Assert.Equal(x, b.Next(10));
            differs |= x != c.Next(10);
            counts[x]++;
        }
        Assert.True(differs);
        Assert.All(counts, n => Assert.InRange(n, 9_500, 10_500));
    }

    internal sealed class Item(Action action) : IWorkItem
    {
        public void Run() => action();
    }

    private static async Task RealDelay(ManualResetEventSlim posted)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(20)).ConfigureAwait(false);
        posted.Set();
    }

    // Hosts that open streams, send and lose datagrams, set timers and write files, all by chance.
    private static (ulong Hash, long Events) Chatter(ulong seed, bool shuffle)
    {
        using var world = new SimWorld(seed, shuffle);
        var link = new LinkOptions { UpBytesPerSecond = 200_000, DownBytesPerSecond = 300_000, Jitter = TimeSpan.FromMilliseconds(3), Loss = 0.01 };
        SimHost[] hosts = [.. Enumerable.Range(0, 6).Select(i => world.AddHost($"h{i}", link))];
        foreach (SimHost host in hosts)
        {
            RawPeer.Serve(host, 6881, async peer =>
            {
                byte[] bytes = await peer.ReceiveAsync(20_000);
                host.Process.Environment.Disk.Queue(new Item(() =>
                {
                    using IStorageFile file = host.Process.Environment.Storage.Open("/f", StorageAccess.Write);
                    file.Write(bytes, host.Process.Environment.Random.Next(100_000));
                }));
            });
            _ = RawPeer.Run(host, () => Talk(world, host, hosts));
        }
        world.Run(TimeSpan.FromSeconds(20));
        return (world.Trace.Hash, world.Trace.Count);
    }

    private static async Task Talk(SimWorld world, SimHost host, SimHost[] hosts)
    {
        SessionEnvironment environment = host.Process.Environment;
        using IDatagramSocket socket = environment.Network.BindDatagram(new IPEndPoint(IPAddress.Any, 6881));
        for (int i = 0; i < 10; i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(environment.Random.Next(1000)), environment.Time);
            SimHost other = hosts[environment.Random.Next(hosts.Length)];
            socket.Send(new byte[200], new IPEndPoint(other.Address, 6881));
            using RawPeer peer = await RawPeer.ConnectAsync(host, new IPEndPoint(other.Address, 6881));
            await peer.SendAsync(new byte[20_000]);
            await peer.UntilClosedAsync();
        }
        Assert.True(world.Now > TimeSpan.Zero);
    }
}
