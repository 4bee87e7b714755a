using System.Runtime.InteropServices;
using Spate.Tracker.Linux;

namespace Spate.Tracker.Store;

/// <summary>
/// Pages of 4 KiB for all shards, cut from chunks of the system's memory, and the count of everything the store holds. Freed pages
/// are kept for the next one who asks: chunks go back only when the store goes.
/// </summary>
internal sealed unsafe class PagePool : IDisposable
{
    public const int PageSize = 4096;

    // A huge page of most systems: with it announces that look here and there miss the processor's page tables much less.
    private const int ChunkSize = 2 << 20;

    private const int PagesPerChunk = ChunkSize / PageSize;

    private readonly Lock gate = new();
    private readonly List<nint> chunks = [];
    private readonly Stack<nint> free = new();
    private byte* next; // a chunk that waits for its turn
    private bool isPreparing, isDisposed;
    private long bytes;

    /// <summary>Bytes that the store holds, pages and big blocks together, free pages excluded.</summary>
    public long Bytes => Interlocked.Read(ref bytes);

    /// <summary>Counts memory that others hold for the store's sake; negative when they gave it back.</summary>
    public void Charge(long change) => Interlocked.Add(ref bytes, change);

    /// <summary>A page that starts at a multiple of its size; its content is arbitrary.</summary>
    public byte* Rent()
    {
        lock (gate)
        {
            if (free.Count == 0) Grow();
            Interlocked.Add(ref bytes, PageSize);
            return (byte*)free.Pop();
        }
    }

    public void Return(byte* page)
    {
        lock (gate)
        {
            Interlocked.Add(ref bytes, -PageSize);
            free.Push((nint)page);
        }
    }

    /// <summary>A block that is too big for a page, zeroed.</summary>
    public byte* AllocateBig(nuint size)
    {
        Interlocked.Add(ref bytes, (long)size);
        return (byte*)NativeMemory.AllocZeroed(size);
    }

    public void FreeBig(byte* block, nuint size)
    {
        Interlocked.Add(ref bytes, -(long)size);
        NativeMemory.Free(block);
    }

    public void Dispose()
    {
        lock (gate)
        {
            isDisposed = true;
            foreach (nint chunk in chunks) NativeMemory.AlignedFree((void*)chunk);
            if (next != null) NativeMemory.AlignedFree(next);
            next = null;
            chunks.Clear();
            free.Clear();
        }
    }

    private void Grow()
    {
        byte* chunk = next != null ? next : AllocateChunk();
        next = null;
        chunks.Add((nint)chunk);
        for (int i = PagesPerChunk - 1; i >= 0; i--) free.Push((nint)(chunk + i * PageSize));
        if (isPreparing) return;
        isPreparing = true;
        ThreadPool.UnsafeQueueUserWorkItem(static pool => pool.PrepareNext(), this, preferLocal: false);
    }

    // To find and clear a huge page can take the system long. So the next chunk is fetched beforehand, while nobody waits behind a lock for it.
    private void PrepareNext()
    {
        byte* chunk = AllocateChunk();
        for (int i = 0; i < PagesPerChunk; i++) Volatile.Write(ref chunk[i * PageSize], 0);
        lock (gate)
        {
            isPreparing = false;
            if (next == null && !isDisposed)
            {
                next = chunk;
                return;
            }
        }
        NativeMemory.AlignedFree(chunk);
    }

    private static byte* AllocateChunk()
    {
        byte* chunk = (byte*)NativeMemory.AlignedAlloc(ChunkSize, ChunkSize);
        if (OperatingSystem.IsLinux()) _ = Libc.madvise(chunk, ChunkSize, Libc.MADV_HUGEPAGE);
        return chunk;
    }
}
