using System.Runtime.InteropServices;
using Spate.Engine.Runtime;

namespace Spate.Engine.Disk;

/// <summary>
/// All memory that received blocks live in until they are on disk: slots of 16 KiB in pinned slabs that start at a page, as
/// a storage that writes past the page cache wants it; made as needed up to the budget and then reused, those used last first, so that only
/// as much is touched as is needed at once. Rented by pumps, returned by disk workers; lock-free while there is room. Who finds it empty
/// waits, and so stops receiving, and so TCP pushes back.
/// </summary>
public sealed class BlockPool
{
    /// <summary>Bytes of a slot: the block of the protocol (BEP 3).</summary>
    public const int BlockSize = 16 * 1024;

    private const int BudgetUnit = 64; // blocks: 1 MiB
    private const int SmallShift = 6, LargeShift = 9; // blocks of a slab, as a power of two: 1 MiB, or 8 for several large pages
    private const int Taken = -2; // in place of the next free slot: this one is rented

    private readonly Action<Memory<byte>>? largePages;
    private readonly int slabShift;
    private readonly byte[]?[] slabs;
    private readonly int[] starts; // by slab: where its first page begins
    private readonly int[] next; // of a free slot: the free slot below it, or -1; of a rented one: Taken
    private readonly Lock growing = new();
    private readonly Queue<PumpSignal> waiters = new(); // under growing
    private long head = -1L & 0xffffffff; // free list: tag in the high half against ABA, top slot in the low half
    private int made;
    private int rented;
    private volatile bool someoneWaits;

    /// <param name="budgetBytes">At most so much memory, rounded up to whole MiB; at least 1 MiB.</param>
    /// <param name="largePages">See <see cref="Ports.SessionEnvironment.LargePages"/>.</param>
    public BlockPool(long budgetBytes, Action<Memory<byte>>? largePages = null)
    {
        this.largePages = largePages;
        slabShift = largePages is null ? SmallShift : LargeShift;
        Capacity = (int)Math.Clamp((budgetBytes + BlockSize * BudgetUnit - 1) / (BlockSize * BudgetUnit), 1, 1 << 14) * BudgetUnit;
        int count = ((Capacity - 1) >> slabShift) + 1;
        slabs = new byte[count][];
        starts = new int[count];
        next = new int[Capacity];
    }

    /// <summary>Slots there may be.</summary>
    public int Capacity { get; }

    /// <summary>Slots that are rented now.</summary>
    public int Rented => Volatile.Read(ref rented);

    /// <summary>True when more than three quarters are rented: time to write partial pieces out and to ask for less.</summary>
    public bool IsUnderPressure => Rented > Capacity - Capacity / 4;

    /// <summary>Takes a slot; false when the budget is used up.</summary>
    public bool TryRent(out int slot)
    {
        if (!TryPop(out slot) && !TryGrow(out slot)) return false;
        Interlocked.Increment(ref rented);
        return true;
    }

    /// <summary>Has the signal set when a slot was returned. Try to rent once more after this and before waiting.</summary>
    public void AddWaiter(PumpSignal signal)
    {
        lock (growing)
        {
            waiters.Enqueue(signal);
            someoneWaits = true;
        }
    }

    /// <summary>Gives a slot back. Its content may be overwritten at once.</summary>
    /// <exception cref="InvalidOperationException">It is not rented: two owners would have written over each other's blocks.</exception>
    public void Return(int slot)
    {
        if (Interlocked.CompareExchange(ref next[slot], -1, Taken) != Taken) throw new InvalidOperationException($"Slot {slot} was returned without being rented.");
        Interlocked.Decrement(ref rented);
        Push(slot);
        if (!someoneWaits) return;
        // All are woken: one that no longer waits must not swallow the turn of one that does.
        lock (growing)
        {
            while (waiters.TryDequeue(out PumpSignal? waiter)) waiter.Set();
            someoneWaits = false;
        }
    }

    /// <summary>The bytes of a slot.</summary>
    public Memory<byte> Memory(int slot) => MemoryMarshal.CreateFromPinnedArray(slabs[slot >> slabShift], Start(slot), BlockSize);

    /// <summary>The bytes of a slot.</summary>
    public Span<byte> Span(int slot) => slabs[slot >> slabShift].AsSpan(Start(slot), BlockSize);

    private int Start(int slot) => starts[slot >> slabShift] + (slot & ((1 << slabShift) - 1)) * BlockSize;

    private bool TryPop(out int slot)
    {
        long seen = Volatile.Read(ref head);
        while (true)
        {
            slot = (int)seen;
            if (slot < 0) return false;
            long replacement = ((seen >> 32) + 1) << 32 | (uint)Volatile.Read(ref next[slot]);
            long was = Interlocked.CompareExchange(ref head, replacement, seen);
            if (was == seen)
            {
                Volatile.Write(ref next[slot], Taken);
                return true;
            }
            seen = was;
        }
    }

    private void Push(int slot)
    {
        long seen = Volatile.Read(ref head);
        while (true)
        {
            Volatile.Write(ref next[slot], (int)seen);
            long replacement = ((seen >> 32) + 1) << 32 | (uint)slot;
            long was = Interlocked.CompareExchange(ref head, replacement, seen);
            if (was == seen) return;
            seen = was;
        }
    }

    private bool TryGrow(out int slot)
    {
        lock (growing)
        {
            if (TryPop(out slot)) return true;
            if (made == slabs.Length) return false;
            slot = made << slabShift;
            int blocks = Math.Min(1 << slabShift, Capacity - slot);
            slabs[made] = PinnedPages.Allocate(blocks * BlockSize, out starts[made], largePages is null ? PinnedPages.PageSize : PinnedPages.LargePageSize);
            largePages?.Invoke(MemoryMarshal.CreateFromPinnedArray(slabs[made], starts[made], blocks * BlockSize));
            made++;
            next[slot] = Taken;
            for (int i = slot + blocks - 1; i > slot; i--) Push(i);
            return true;
        }
    }
}
