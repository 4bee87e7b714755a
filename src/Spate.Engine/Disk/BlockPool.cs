using System.Runtime.InteropServices;
using Spate.Engine.Runtime;

namespace Spate.Engine.Disk;

/// <summary>
/// All memory that received blocks live in until they are on disk: slots of 16 KiB in pinned slabs of 1 MiB that start at a page, as
/// a storage that writes past the page cache wants it; made as needed up to the budget and then reused. Rented by pumps, returned by disk
/// workers; lock-free while there is room. Who finds it empty waits, and so stops receiving, and so TCP pushes back.
/// </summary>
public sealed class BlockPool
{
    /// <summary>Bytes of a slot: the block of the protocol (BEP 3).</summary>
    public const int BlockSize = 16 * 1024;

    private const int BlocksPerSlab = 64;
    private const int Taken = -2; // in place of the next free slot: this one is rented

    private readonly byte[]?[] slabs;
    private readonly int[] starts; // by slab: where its first page begins
    private readonly int[] next; // of a free slot: the free slot below it, or -1; of a rented one: Taken
    private readonly Lock growing = new();
    private readonly Queue<PumpSignal> waiters = new(); // under growing
    private long head = -1L & 0xffffffff; // free list: tag in the high half against ABA, top slot in the low half
    private int made;
    private int rented;
    private volatile bool someoneWaits;

    /// <param name="budgetBytes">At most so much memory, rounded up to whole slabs; at least 1 MiB.</param>
    public BlockPool(long budgetBytes)
    {
        int count = (int)Math.Clamp((budgetBytes + BlockSize * BlocksPerSlab - 1) / (BlockSize * BlocksPerSlab), 1, 1 << 14);
        slabs = new byte[count][];
        starts = new int[count];
        next = new int[count * BlocksPerSlab];
        Capacity = next.Length;
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
    public Memory<byte> Memory(int slot) => MemoryMarshal.CreateFromPinnedArray(slabs[slot / BlocksPerSlab], Start(slot), BlockSize);

    /// <summary>The bytes of a slot.</summary>
    public Span<byte> Span(int slot) => slabs[slot / BlocksPerSlab].AsSpan(Start(slot), BlockSize);

    private int Start(int slot) => starts[slot / BlocksPerSlab] + slot % BlocksPerSlab * BlockSize;

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
            slabs[made] = PinnedPages.Allocate(BlocksPerSlab * BlockSize, out starts[made]);
            slot = made++ * BlocksPerSlab;
            next[slot] = Taken;
            for (int i = slot + BlocksPerSlab - 1; i > slot; i--) Push(i);
            return true;
        }
    }
}
