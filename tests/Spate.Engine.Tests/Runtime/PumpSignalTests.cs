using Spate.Engine.Ports;
using Spate.Engine.Runtime;

namespace Spate.Engine.Tests.Runtime;

public class PumpSignalTests
{
    /// <summary>Runs nothing by itself.</summary>
    private sealed class ManualScheduler : IScheduler
    {
        public Queue<IWorkItem> Items { get; } = new();

        public void Schedule(IWorkItem item) => Items.Enqueue(item);

        public void RunAll()
        {
            while (Items.TryDequeue(out IWorkItem? item)) item.Run();
        }
    }

    [Fact]
    public void A_signal_that_was_set_before_is_remembered_once()
    {
        var signal = new PumpSignal(new ManualScheduler());
        signal.Set();
        signal.Set();
        Assert.True(signal.WaitAsync().IsCompletedSuccessfully);
        Assert.False(signal.WaitAsync().IsCompleted);
    }

    [Fact]
    public void The_waiter_goes_on_over_the_scheduler_and_never_on_the_stack_of_the_setter()
    {
        var scheduler = new ManualScheduler();
        var signal = new PumpSignal(scheduler);
        bool wentOn = false;
        SynchronizationContext.SetSynchronizationContext(null); // as on a pump; the test runner's would post the rest elsewhere
        Task task = Wait();
        signal.Set();
        Assert.False(wentOn);
        scheduler.RunAll();
        Assert.True(wentOn);
        Assert.True(task.IsCompletedSuccessfully);

        async Task Wait()
        {
            await signal.WaitAsync();
            wentOn = true;
        }
    }

    [Fact]
    public async Task A_signal_set_while_the_waiter_is_on_its_way_is_for_the_next_wait()
    {
        var scheduler = new ManualScheduler();
        var signal = new PumpSignal(scheduler);
        ValueTask first = signal.WaitAsync();
        signal.Set();
        signal.Set();
        scheduler.RunAll();
        Assert.True(first.IsCompletedSuccessfully);
        await first;
        Assert.True(signal.WaitAsync().IsCompletedSuccessfully);
        Assert.False(signal.WaitAsync().IsCompleted);
    }

    [Fact]
    public async Task Waits_allocate_nothing()
    {
        var signal = new PumpSignal(PoolScheduler.Instance);
        await Turns(signal, 10);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            signal.Set();
            ValueTask wait = signal.WaitAsync();
            Assert.True(wait.IsCompletedSuccessfully);
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        static async Task Turns(PumpSignal signal, int count)
        {
            for (int i = 0; i < count; i++)
            {
                signal.Set();
                await signal.WaitAsync();
            }
        }
    }

    // The smallest form of the race: one thread writes and sets the signal while the other takes an older signal and looks. Either it
    // sees what was written, or the signal is set for its next wait.
    [Fact]
    public void Taking_an_old_signal_never_swallows_a_new_one()
    {
        const int Rounds = 400_000;
        var signal = new PumpSignal(new ManualScheduler());
        int written = 0, ready = 0, done = 0, swallowed = 0;
        var setter = new Thread(() =>
        {
            for (int round = 1; round <= Rounds; round++)
            {
                while (Volatile.Read(ref ready) != round) Thread.SpinWait(1);
                Volatile.Write(ref written, round);
                Volatile.Read(ref signal).Set();
                Volatile.Write(ref done, round);
            }
        });
        setter.Start();
        for (int round = 1; round <= Rounds; round++)
        {
            signal.Set();
            Volatile.Write(ref ready, round);
            if (round % 2 == 0) Thread.SpinWait(round % 8); // meet the other thread at different places
            bool taken = signal.WaitAsync().IsCompleted;
            int seen = Volatile.Read(ref written);
            while (Volatile.Read(ref done) != round) Thread.SpinWait(1);
            if (!taken || (seen != round && !signal.WaitAsync().IsCompleted))
            {
                swallowed++;
                signal = new PumpSignal(new ManualScheduler());
            }
        }
        setter.Join();
        Assert.Equal(0, swallowed);
    }

    // The pattern of every pump: look, wait, look again. The setter writes what is looked at, then sets the signal.
    [Fact]
    public async Task No_wake_up_is_lost()
    {
        var signal = new PumpSignal(PoolScheduler.Instance);
        int produced = 0, consumed = 0;
        bool lost = false;
        Task consumer = Task.Run(Consume);
        var producer = new Thread(() =>
        {
            var random = new Random(1);
            long end = Environment.TickCount64 + 1_500; // how long to try, not how long it may take
            while (Environment.TickCount64 < end && !lost)
            {
                for (int i = random.Next(1, 4); i > 0; i--)
                {
                    Volatile.Write(ref produced, produced + 1);
                    signal.Set();
                    Thread.SpinWait(random.Next(0, 20));
                }
                long patience = Environment.TickCount64 + (long)Patience.Limit.TotalMilliseconds;
                for (int spins = 0; Volatile.Read(ref consumed) != produced && !lost; spins++)
                {
                    if (spins < 1000) Thread.SpinWait(1);
                    else Thread.Yield();
                    lost = spins % 1000 == 999 && Environment.TickCount64 > patience;
                }
            }
            Volatile.Write(ref produced, -1);
            signal.Set();
        });
        producer.Start();
        await consumer.Within("The last wake-up");
        producer.Join();
        Assert.False(lost, "The waiter slept through a signal.");

        async Task Consume()
        {
            while (true)
            {
                int seen;
                while ((seen = Volatile.Read(ref produced)) == consumed) await signal.WaitAsync();
                Volatile.Write(ref consumed, seen);
                if (seen < 0) return;
            }
        }
    }
}
