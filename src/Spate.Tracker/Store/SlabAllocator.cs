namespace Spate.Tracker.Store;

/// <summary>
/// Small blocks for one shard. Blocks of one size share pages; a block finds its page by its own address, so nothing is kept
/// beside a block. A page whose last block is freed goes back to the pool and may serve another size. Not thread-safe.
/// </summary>
internal sealed unsafe class SlabAllocator(PagePool pool)
{
    /// <summary>The biggest block.</summary>
    public const int MaxBlock = 680;

    // Steps of 8 bytes where most torrents are, of about a quarter above. They fit peer blocks (8 + 8 n and 8 + 20 n).
    private static ReadOnlySpan<short> Sizes =>
        [16, 24, 32, 40, 48, 56, 72, 88, 104, 128, 152, 184, 216, 264, 328, 408, 504, 584, MaxBlock];

    private static readonly byte[] classOf = MakeClassTable();

    // For each size, the pages that have a free block, linked both ways.
    private readonly Page*[] open = new Page*[Sizes.Length];

    private struct Page
    {
        public Page* Previous, Next;
        public byte* Free;       // blocks that were freed, linked through their first bytes
        public short Fresh;      // offset of the first block that was never used
        public short Used;
        public short SizeClass;
    }

    private const int HeaderSize = 32;

    /// <summary>The size that a request for so many bytes gets.</summary>
    public static int RoundUp(int size) => Sizes[classOf[(size + 7) / 8]];

    public byte* Allocate(int size)
    {
        int sizeClass = classOf[(size + 7) / 8];
        Page* page = open[sizeClass];
        if (page == null) page = OpenPage(sizeClass);
        byte* block = page->Free;
        if (block != null) page->Free = *(byte**)block;
        else
        {
            block = (byte*)page + page->Fresh;
            page->Fresh += Sizes[sizeClass];
        }
        page->Used++;
        if (IsFull(page)) Unlink(page);
        return block;
    }

    public void Free(byte* block)
    {
        Page* page = (Page*)((nuint)block & ~(nuint)(PagePool.PageSize - 1));
        bool wasFull = IsFull(page);
        *(byte**)block = page->Free;
        page->Free = block;
        page->Used--;
        if (page->Used == 0)
        {
            if (!wasFull) Unlink(page);
            pool.Return((byte*)page);
        }
        else if (wasFull) Link(page);
    }

    private static bool IsFull(Page* page) => page->Free == null && page->Fresh + Sizes[page->SizeClass] > PagePool.PageSize;

    private Page* OpenPage(int sizeClass)
    {
        Page* page = (Page*)pool.Rent();
        *page = new Page { Fresh = HeaderSize, SizeClass = (short)sizeClass };
        Link(page);
        return page;
    }

    private void Link(Page* page)
    {
        Page* first = open[page->SizeClass];
        page->Previous = null;
        page->Next = first;
        if (first != null) first->Previous = page;
        open[page->SizeClass] = page;
    }

    private void Unlink(Page* page)
    {
        if (page->Previous != null) page->Previous->Next = page->Next;
        else open[page->SizeClass] = page->Next;
        if (page->Next != null) page->Next->Previous = page->Previous;
    }

    private static byte[] MakeClassTable()
    {
        var table = new byte[MaxBlock / 8 + 1];
        byte sizeClass = 0;
        for (int i = 0; i < table.Length; i++)
        {
            if (i * 8 > Sizes[sizeClass]) sizeClass++;
            table[i] = sizeClass;
        }
        return table;
    }
}
