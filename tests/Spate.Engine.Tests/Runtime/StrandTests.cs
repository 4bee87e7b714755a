using System.Collections.Concurrent;
using Spate.Engine.Ports;
using Spate.Engine.Runtime;

namespace Spate.Engine.Tests.Runtime;

public class StrandTests
{
    private readonly ConcurrentQueue<Exception> faults = new();

    private Strand OnPool() => new(PoolScheduler.Instance, faults.Enqueue);

    /// <summary>Counts what is scheduled and runs it when told.</summary>
    private sealed class ManualScheduler : IScheduler
    {
        public Queue<IWorkItem> Items { get; } = new();

        public int Scheduled { get; private set; }

        public void Schedule(IWorkItem item)
        {
            Scheduled++;
            Items.Enqueue(item);
        }

        public void RunAll()
        {
            while (Items.TryDequeue(out IWorkItem? item)) item.Run();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Runs_one_item_at_a_time_and_each_producers_items_in_order(bool inline)
    {
        const int Producers = 4, ItemsEach = 30_000;
        Strand strand = OnPool();
        int inside = 0, overlaps = 0, ran = 0, turnEndsOutside = 0;
        int[] last = new int[Producers];
        var disorder = new List<string>();
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        strand.TurnEnd = () => { if (!strand.IsCurrent || Volatile.Read(ref inside) != 0) turnEndsOutside++; };
        Thread[] threads = [.. Enumerable.Range(0, Producers).Select(producer => new Thread(() => Produce(producer)))];
        foreach (Thread thread in threads) thread.Start();
        await all.Task.Within("All items");
        foreach (Thread thread in threads) thread.Join();

        Assert.Equal((0, 0), (overlaps, turnEndsOutside));
        Assert.Empty(disorder);
        Assert.Empty(faults);
        Assert.All(last, count => Assert.Equal(ItemsEach, count));

        void Produce(int producer)
        {
            for (int i = 1; i <= ItemsEach; i++)
            {
                int number = i;
                void Item(object? _)
                {
                    if (Interlocked.Increment(ref inside) != 1) Interlocked.Increment(ref overlaps);
                    if (last[producer] != number - 1) disorder.Add($"{producer}: {number} after {last[producer]}");
                    last[producer] = number;
                    Interlocked.Decrement(ref inside);
                    if (++ran == Producers * ItemsEach) all.SetResult();
                }
                if (inline && (i & 1) == 0) strand.EnqueueOrRun(Item);
                else strand.Enqueue(Item);
            }
        }
    }

    [Fact]
    public async Task Awaits_come_back_to_the_strand_from_wherever_they_end()
    {
        Strand strand = OnPool();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var places = new List<bool>();
        strand.Enqueue(_ => _ = Flow());
        await done.Task.Within("The flow");
        Assert.Equal([true, true, true, true], places);
        Assert.Null(SynchronizationContext.Current as Strand);

        async Task Flow()
        {
            places.Add(strand.IsCurrent);
            await Task.Run(() => Assert.False(strand.IsCurrent));
            places.Add(strand.IsCurrent);
            await Task.Yield();
            places.Add(strand.IsCurrent);
            var source = new TaskCompletionSource();
            var setter = new Thread(source.SetResult);
            setter.Start();
            await source.Task;
            places.Add(strand.IsCurrent);
            done.SetResult();
        }
    }

    [Fact]
    public void What_throws_is_reported_and_stops_nothing()
    {
        var scheduler = new ManualScheduler();
        var strand = new Strand(scheduler, faults.Enqueue);
        int ran = 0;
        strand.TurnEnd = () => throw new InvalidOperationException("end");
        strand.Enqueue(_ => throw new InvalidOperationException("item"));
        strand.Enqueue(_ => ran++);
        scheduler.RunAll();
        strand.TurnEnd = null;
        strand.Enqueue(_ => ran++);
        scheduler.RunAll();
        Assert.Equal(2, ran);
        Assert.Equal(["item", "end"], faults.Select(fault => fault.Message));
        Assert.NotSame(strand, SynchronizationContext.Current);
    }

    [Fact]
    public void An_idle_strand_runs_an_item_at_once_on_request_and_a_busy_one_later()
    {
        var scheduler = new ManualScheduler();
        var strand = new Strand(scheduler, faults.Enqueue);
        var order = new List<int>();
        strand.EnqueueOrRun(_ => order.Add(1));
        Assert.Equal([1], order);
        Assert.Equal(0, scheduler.Scheduled);

        strand.Enqueue(_ => order.Add(2));
        strand.EnqueueOrRun(_ => order.Add(3));
        Assert.Equal([1], order);
        scheduler.RunAll();
        Assert.Equal([1, 2, 3], order);
        Assert.Equal(1, scheduler.Scheduled);
    }

    [Fact]
    public void What_an_item_enqueues_runs_behind_it_before_the_turn_ends()
    {
        var scheduler = new ManualScheduler();
        var strand = new Strand(scheduler, faults.Enqueue);
        var order = new List<string>();
        strand.TurnEnd = () => order.Add("end");
        strand.Enqueue(_ =>
        {
            order.Add("a");
            strand.Enqueue(_ => order.Add("c"));
            order.Add("b");
        });
        scheduler.RunAll();
        Assert.Equal(["a", "b", "c", "end"], order);
    }

    [Fact]
    public void What_the_end_of_a_turn_enqueues_is_not_forgotten()
    {
        var scheduler = new ManualScheduler();
        var strand = new Strand(scheduler, faults.Enqueue);
        int ends = 0, ran = 0;
        strand.TurnEnd = () => { if (++ends == 1) strand.Enqueue(_ => ran++); };
        strand.Enqueue(_ => ran++);
        scheduler.RunAll();
        Assert.Equal((2, 2), (ran, ends));
    }

    [Fact]
    public void A_busy_strand_gives_way_to_others()
    {
        var scheduler = new ManualScheduler();
        var busy = new Strand(scheduler, faults.Enqueue);
        var other = new Strand(scheduler, faults.Enqueue);
        int ran = 0, ranBefore = -1;
        for (int i = 0; i < 10_000; i++) busy.Enqueue(_ => ran++);
        other.Enqueue(_ => ranBefore = ran);
        scheduler.RunAll();
        Assert.Equal(10_000, ran);
        Assert.InRange(ranBefore, 1, 1_000);
    }

    [Fact]
    public void Items_allocate_nothing_in_steady_state()
    {
        var scheduler = new ManualScheduler();
        var strand = new Strand(scheduler, faults.Enqueue);
        int ran = 0;
        Action<object?> item = _ => ran++;
        for (int i = 0; i < 100_000; i++) strand.EnqueueOrRun(item); // the queue's segments have their final size
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100_000; i++) strand.EnqueueOrRun(item);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(200_000, ran);
    }

    [Fact]
    public void Blocking_sends_are_refused() => Assert.Throws<NotSupportedException>(() => OnPool().Send(_ => { }, null));
}
