using System.Runtime.InteropServices;
using Spate.Engine.Disk;
using Spate.Engine.Ports;
using Spate.Engine.Runtime;
using Spate.Engine.Tests.Runtime;

namespace Spate.Engine.Tests.Disk;

public class BlockPoolTests
{
    [Theory]
    [InlineData(0, 64, false)]
    [InlineData(1, 64, true)]
    [InlineData(1 << 20, 64, false)]
    [InlineData((1 << 20) + 1, 128, true)]
    [InlineData(19 << 20, 1216, true)]
    [InlineData(64 << 20, 4096, false)]
    [InlineData(64 << 20, 4096, true)]
    public void Has_as_many_slots_as_the_budget_rounded_up(long budget, int slots, bool largePages)
    {
        var pool = new BlockPool(budget, largePages ? _ => { } : null);
        Assert.Equal(slots, pool.Capacity);
        var seen = new HashSet<int>();
        for (int i = 0; i < slots; i++)
        {
            Assert.True(pool.TryRent(out int slot));
            Assert.True(seen.Add(slot));
            Assert.InRange(slot, 0, slots - 1);
            Assert.Equal(BlockPool.BlockSize, pool.Span(slot).Length);
            pool.Span(slot).Fill((byte)slot);
        }
        Assert.False(pool.TryRent(out _));
        Assert.Equal(slots, pool.Rented);
        // No two slots share memory.
        foreach (int slot in seen)
        {
            Assert.Equal(-1, pool.Span(slot).IndexOfAnyExcept((byte)slot));
            Assert.True(pool.Memory(slot).Span == pool.Span(slot));
        }
    }

    [Fact]
    public void Slots_start_at_a_page_for_storages_that_write_past_the_page_cache()
    {
        var pool = new BlockPool(3 << 20);
        while (pool.TryRent(out int slot))
        {
            Assert.True(MemoryMarshal.TryGetArray<byte>(pool.Memory(slot), out ArraySegment<byte> bytes));
            Assert.Equal(0, Marshal.UnsafeAddrOfPinnedArrayElement(bytes.Array!, bytes.Offset) % 4096);
        }
    }

    [Theory]
    [InlineData(1 << 20)]
    [InlineData(19 << 20)]
    public void All_slots_lie_in_memory_that_was_said_to_want_large_pages(long budget)
    {
        var told = new List<(nint Start, int Length)>();
        var pool = new BlockPool(budget, memory =>
        {
            Assert.True(MemoryMarshal.TryGetArray<byte>(memory, out ArraySegment<byte> bytes));
            nint start = Marshal.UnsafeAddrOfPinnedArrayElement(bytes.Array!, bytes.Offset);
            Assert.Equal(0, start % PinnedPages.LargePageSize);
            told.Add((start, memory.Length));
        });
        while (pool.TryRent(out int slot))
        {
            MemoryMarshal.TryGetArray<byte>(pool.Memory(slot), out ArraySegment<byte> bytes);
            nint start = Marshal.UnsafeAddrOfPinnedArrayElement(bytes.Array!, bytes.Offset);
            Assert.Equal(1, told.Count(range => start >= range.Start && start + BlockPool.BlockSize <= range.Start + range.Length));
        }
        Assert.Equal(budget, told.Sum(static range => (long)range.Length));
    }

    [Fact]
    public void A_slot_used_before_is_taken_before_fresh_memory()
    {
        var pool = new BlockPool(8 << 20, _ => { });
        int highest = 0;
        for (int round = 0; round < 100; round++)
        {
            var mine = new List<int>();
            for (int i = 0; i < 40; i++)
            {
                pool.TryRent(out int slot);
                highest = Math.Max(highest, slot);
                mine.Add(slot);
            }
            foreach (int slot in mine) pool.Return(slot);
        }
        Assert.Equal(39, highest);
    }

    [Fact]
    public void Is_under_pressure_above_three_quarters()
    {
        var pool = new BlockPool(1 << 20);
        var slots = new Stack<int>();
        for (int i = 0; i < 48; i++)
        {
            pool.TryRent(out int slot);
            slots.Push(slot);
        }
        Assert.False(pool.IsUnderPressure);
        pool.TryRent(out int last);
        Assert.True(pool.IsUnderPressure);
        pool.Return(last);
        Assert.False(pool.IsUnderPressure);
    }

    [Fact]
    public void A_slot_returned_twice_is_a_bug_that_is_told()
    {
        var pool = new BlockPool(1 << 20);
        pool.TryRent(out int one);
        pool.TryRent(out int two);
        pool.Return(one);
        Assert.Throws<InvalidOperationException>(() => pool.Return(one));
        Assert.Throws<InvalidOperationException>(() => pool.Return(63)); // was never rented
        pool.Return(two);
        Assert.Equal(0, pool.Rented);
        var seen = new HashSet<int>();
        while (pool.TryRent(out int slot)) Assert.True(seen.Add(slot), "A slot was handed out twice.");
        Assert.Equal(64, seen.Count);
    }

    // Each renter writes its mark into the slot and finds it there later: nobody else had it in between.
    [Fact]
    public async Task Under_many_threads_no_slot_has_two_owners()
    {
        var pool = new BlockPool(1 << 20);
        int[] owners = new int[pool.Capacity];
        int clashes = 0;
        await Task.WhenAll(Enumerable.Range(1, 4).Select(mark => Task.Factory.StartNew(() => Work(mark), TaskCreationOptions.LongRunning))).Within("All work");
        Assert.Equal(0, clashes);
        Assert.Equal(0, pool.Rented);
        int count = 0;
        while (pool.TryRent(out _)) count++;
        Assert.Equal(pool.Capacity, count);

        void Work(int mark)
        {
            var random = new Random(mark);
            var mine = new List<int>();
            for (int i = 0; i < 150_000; i++)
            {
                if (mine.Count < 30 && random.Next(2) == 0 && pool.TryRent(out int slot))
                {
                    if (Interlocked.Exchange(ref owners[slot], mark) != 0) Interlocked.Increment(ref clashes);
                    mine.Add(slot);
                }
                else if (mine.Count > 0) Return(mine, random.Next(mine.Count));
            }
            while (mine.Count > 0) Return(mine, 0);
        }

        void Return(List<int> mine, int index)
        {
            int slot = mine[index];
            mine[index] = mine[^1];
            mine.RemoveAt(mine.Count - 1);
            Volatile.Write(ref owners[slot], 0);
            pool.Return(slot);
        }
    }

    [Fact]
    public void Who_waits_is_told_of_a_returned_slot()
    {
        var pool = new BlockPool(1 << 20);
        int slot = 0;
        while (pool.TryRent(out int next)) slot = next;
        var scheduler = new ListScheduler();
        PumpSignal[] signals = [new(scheduler), new(scheduler)];
        foreach (PumpSignal signal in signals) pool.AddWaiter(signal);
        pool.Return(slot);
        Assert.All(signals, signal => Assert.True(signal.WaitAsync().IsCompleted)); // both may try
        pool.TryRent(out slot);
        pool.Return(slot);
        Assert.False(signals[0].WaitAsync().IsCompleted); // told once
    }

    [Fact]
    public async Task Nobody_who_waits_for_a_slot_is_forgotten()
    {
        var pool = new BlockPool(1 << 20);
        for (int i = 0; i < 62; i++) pool.TryRent(out _); // two are left for five
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Task.Run(Work))).Within("The last turn of the last one who waits");
        Assert.Equal(62, pool.Rented);

        async Task Work()
        {
            var signal = new PumpSignal(PoolScheduler.Instance);
            for (int i = 0; i < 20_000; i++)
            {
                int slot;
                while (!pool.TryRent(out slot))
                {
                    pool.AddWaiter(signal);
                    if (pool.Rented < pool.Capacity) continue;
                    await signal.WaitAsync();
                }
                pool.Return(slot);
            }
        }
    }

    [Fact]
    public void Renting_and_returning_allocates_nothing()
    {
        var pool = new BlockPool(1 << 20);
        pool.TryRent(out int slot);
        pool.Return(slot);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10_000; i++)
        {
            pool.TryRent(out slot);
            pool.Return(slot);
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private sealed class ListScheduler : IScheduler
    {
        public void Schedule(IWorkItem item) => item.Run();
    }
}

public class SendBufferPoolTests
{
    [Fact]
    public void Holds_to_its_budget_and_hands_out_clean_buffers()
    {
        var pool = new SendBufferPool(3 * SendBuffer.Blocks * BlockPool.BlockSize);
        SendBuffer[] buffers = [pool.TryRent()!, pool.TryRent()!, pool.TryRent()!];
        Assert.Equal(3, buffers.Distinct().Count());
        Assert.Null(pool.TryRent());
        (buffers[1].Length, buffers[1].Payload) = (100, 87);
        pool.Return(buffers[1]);
        SendBuffer again = pool.TryRent()!;
        Assert.Equal((0, 0), (again.Length, again.Payload));
        Assert.Null(pool.TryRent());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Has_two_buffers_at_least(long budget)
    {
        var pool = new SendBufferPool(budget);
        Assert.NotNull(pool.TryRent());
        Assert.NotNull(pool.TryRent());
        Assert.Null(pool.TryRent());
    }

    [Fact]
    public void A_buffer_takes_sixteen_blocks_or_one_of_the_longest()
    {
        int length = 0;
        for (int i = 0; i < SendBuffer.Blocks; i++)
        {
            Assert.True(SendBuffer.Fits(length, BlockPool.BlockSize));
            length += 13 + BlockPool.BlockSize;
        }
        Assert.False(SendBuffer.Fits(length, 1));
        Assert.Equal(length, new SendBuffer().Bytes.Length);
        Assert.True(SendBuffer.Fits(0, 128 * 1024));
    }

    [Fact]
    public async Task Under_many_threads_no_buffer_has_two_owners_and_none_is_lost()
    {
        var pool = new SendBufferPool(8 * SendBuffer.Blocks * BlockPool.BlockSize);
        int clashes = 0;
        await Task.WhenAll(Enumerable.Range(1, 4).Select(mark => Task.Factory.StartNew(() => Work(mark), TaskCreationOptions.LongRunning))).Within("All work");
        Assert.Equal(0, clashes);
        int count = 0;
        while (pool.TryRent() is not null) count++;
        Assert.Equal(8, count);

        void Work(int mark)
        {
            for (int i = 0; i < 50_000; i++)
            {
                if (pool.TryRent() is not { } buffer) continue;
                buffer.Payload = mark;
                Thread.SpinWait(i % 16);
                if (buffer.Payload != mark) Interlocked.Increment(ref clashes);
                pool.Return(buffer);
            }
        }
    }
}
