namespace Spate.Simulation;

/// <summary>
/// The bytes of a file, in pages of 4 KiB: holes, pages equal to the content that belongs there (one bit each), and stored ones.
/// Remembers the durable state of every page that was written and not flushed.
/// </summary>
internal sealed class Inode(SimDisk disk)
{
    public const int PageSize = GeneratedBytes.PageSize;
    private const int SectorSize = 512;

    private readonly Dictionary<long, byte[]> stored = [];
    private readonly Dictionary<long, ulong> generated = []; // by groups of 64 pages
    private readonly Dictionary<long, Page> durable = []; // what unflushed pages were when they were last flushed
    private SimContent? content;
    private long contentOffset;
    private long contentLength;
    private long filledTo; // pages that begin below, and that nobody touched, are content
    private long pages; // that are not holes
    private long reserved;

    private enum PageKind : byte { Hole, Generated, Stored }

    private readonly record struct Page(PageKind Kind, byte[]? Bytes);

    public long Length { get; private set; }

    public long DurableLength { get; private set; }

    public DateTimeOffset Modified { get; set; }

    /// <summary>Bytes that it takes on the disk.</summary>
    public long Charge => Math.Max(reserved, pages * PageSize);

    /// <summary>Pages written and not flushed.</summary>
    public int Unflushed => durable.Count;

    /// <summary>True when a power cut could change the file.</summary>
    public bool IsDirty => durable.Count > 0 || Length != DurableLength;

    /// <summary>Says which content belongs in the file.</summary>
    public void Expect(SimContent what, SimFile file)
    {
        content = what;
        contentOffset = file.Offset;
        contentLength = file.Length;
    }

    /// <summary>Makes the file hold its content, durably.</summary>
    public void FillWithContent()
    {
        stored.Clear();
        generated.Clear();
        durable.Clear();
        filledTo = Length = DurableLength = contentLength;
        pages = (contentLength + PageSize - 1) / PageSize;
    }

    public int Read(Span<byte> buffer, long position)
    {
        if (position >= Length) return 0;
        int length = (int)Math.Min(buffer.Length, Length - position);
        Span<byte> target = buffer[..length];
        while (!target.IsEmpty)
        {
            long page = position / PageSize;
            int start = (int)(position % PageSize);
            int n = Math.Min(target.Length, PageSize - start);
            Page p = Get(page);
            switch (p.Kind)
            {
                case PageKind.Hole:
                    target[..n].Clear();
                    break;
                case PageKind.Stored:
                    p.Bytes.AsSpan(start, n).CopyTo(target);
                    break;
                default:
                    ReadContent(position, target[..n]);
                    break;
            }
            target = target[n..];
            position += n;
        }
        return length;
    }

    /// <summary>Writes; false, with all that fitted written, when the disk is full.</summary>
    public bool Write(ReadOnlySpan<byte> bytes, long position)
    {
        Span<byte> expected = stackalloc byte[PageSize];
        while (!bytes.IsEmpty)
        {
            long page = position / PageSize;
            int start = (int)(position % PageSize);
            int n = Math.Min(bytes.Length, PageSize - start);
            Page old = Get(page);
            if (old.Kind == PageKind.Hole && !HasRoom) return false;
            Touch(page, old);
            ReadOnlySpan<byte> part = bytes[..n];
            long end = position + n;
            ExpectedPage(page, expected);
            bool whole = start == 0 && (n == PageSize || end >= Math.Max(Length, contentLength));
            if (whole && content is not null && end <= contentLength && part.SequenceEqual(expected[..n])) Set(page, new Page(PageKind.Generated, null));
            else
            {
                // Never in place when the old array is what a power cut would bring back.
                byte[] image = old.Kind == PageKind.Stored && !IsDurableImage(page, old.Bytes!) ? old.Bytes! : Copy(page, old);
                part.CopyTo(image.AsSpan(start));
                bool equal = content is not null && image.AsSpan().SequenceEqual(expected);
                Set(page, equal ? new Page(PageKind.Generated, null) : new Page(PageKind.Stored, image));
            }
            bytes = bytes[n..];
            position = end;
            Length = Math.Max(Length, end);
        }
        return true;
    }

    /// <summary>Sets the length; false when there is no room to reserve.</summary>
    public bool SetLength(long length, bool allocate)
    {
        if (allocate && length > Charge)
        {
            if (length - Charge > disk.FreeBytes) return false;
            disk.Charge(length - Charge);
            reserved = length;
        }
        if (length < Length) Cut(length, durably: false);
        Length = length;
        return true;
    }

    public void Flush()
    {
        durable.Clear();
        DurableLength = Length;
    }

    /// <summary>Flips bits, on the platter.</summary>
    public void Corrupt(long position, int length)
    {
        byte[] bytes = new byte[length];
        int n = Read(bytes, position);
        for (int i = 0; i < n; i++) bytes[i] ^= 0x5A;
        bool flushed = !IsDirty;
        Write(bytes.AsSpan(0, n), position);
        if (flushed) Flush();
    }

    /// <summary>Loses, keeps or tears each unflushed page; then what is left is durable.</summary>
    public void PowerCut(SimRandom random, double survival)
    {
        if (!IsDirty) return;
        long[] dirty = [.. durable.Keys];
        Array.Sort(dirty);
        foreach (long page in dirty)
        {
            Page before = durable[page];
            if (random.Chance(0.25)) Tear(page, before, random, survival);
            else if (!random.Chance(survival)) Set(page, before);
        }
        durable.Clear();
        if (Length != DurableLength && !random.Chance(survival))
        {
            if (DurableLength < Length) Cut(DurableLength, durably: true);
            Length = DurableLength;
        }
        DurableLength = Length;
    }

    private void Tear(long page, Page before, SimRandom random, double survival)
    {
        byte[] old = Copy(page, before), image = Copy(page, Get(page));
        for (int sector = 0; sector < PageSize; sector += SectorSize)
        {
            if (!random.Chance(survival)) old.AsSpan(sector, SectorSize).CopyTo(image.AsSpan(sector));
        }
        Set(page, new Page(PageKind.Stored, image));
    }

    private void Cut(long length, bool durably)
    {
        long firstGone = (length + PageSize - 1) / PageSize;
        long filledPages = (filledTo + PageSize - 1) / PageSize;
        if (filledPages > firstGone)
        {
            for (long page = firstGone; page < filledPages; page++)
            {
                if (stored.ContainsKey(page)) continue;
                if (!durably) Touch(page, new Page(PageKind.Generated, null));
                Shrink();
            }
            filledTo = firstGone * PageSize;
        }
        foreach (long page in stored.Keys.Where(p => p >= firstGone).ToArray()) ForgetPage(page, durably);
        foreach (long group in generated.Keys.Where(g => (g + 1) * 64 > firstGone).ToArray())
        {
            for (int i = 0; i < 64; i++)
            {
                if ((generated.GetValueOrDefault(group) & (1UL << i)) != 0 && (group * 64) + i >= firstGone) ForgetPage((group * 64) + i, durably);
            }
        }
        int rest = (int)(length % PageSize);
        if (rest == 0) return;
        long last = length / PageSize;
        Page p = Get(last);
        if (p.Kind == PageKind.Hole) return;
        byte[] image = Copy(last, p);
        image.AsSpan(rest).Clear();
        if (!durably) Touch(last, p);
        Set(last, new Page(PageKind.Stored, image));
    }

    private void ForgetPage(long page, bool durably)
    {
        Page old = Get(page);
        if (old.Kind == PageKind.Hole) return;
        if (!durably) Touch(page, old);
        Set(page, new Page(PageKind.Hole, null));
    }

    private void Touch(long page, Page now) => durable.TryAdd(page, now);

    private bool IsDurableImage(long page, byte[] bytes) => durable.TryGetValue(page, out Page p) && p.Bytes == bytes;

    private Page Get(long page)
    {
        if (stored.TryGetValue(page, out byte[]? bytes)) return new Page(PageKind.Stored, bytes);
        bool isContent = page * PageSize < filledTo || (generated.TryGetValue(page >> 6, out ulong mask) && (mask & (1UL << (int)(page & 63))) != 0);
        return new Page(isContent ? PageKind.Generated : PageKind.Hole, null);
    }

    private void Set(long page, Page value)
    {
        if (value.Kind == PageKind.Hole)
        {
            if (Get(page).Kind != PageKind.Hole) Shrink();
        }
        else if (Get(page).Kind == PageKind.Hole) Grow();
        if (value.Kind == PageKind.Stored) stored[page] = value.Bytes!;
        else stored.Remove(page);
        ulong bit = 1UL << (int)(page & 63);
        if (value.Kind == PageKind.Generated && page * PageSize >= filledTo)
        {
            generated.TryGetValue(page >> 6, out ulong mask);
            generated[page >> 6] = mask | bit;
        }
        else if (value.Kind != PageKind.Generated && generated.TryGetValue(page >> 6, out ulong mask) && (mask & bit) != 0)
        {
            mask &= ~bit;
            if (mask == 0) generated.Remove(page >> 6);
            else generated[page >> 6] = mask;
        }
    }

    private bool HasRoom => (pages + 1) * PageSize <= reserved || disk.FreeBytes >= PageSize;

    private void Grow()
    {
        pages++;
        if (pages * PageSize > reserved) disk.Charge(PageSize);
    }

    private void Shrink()
    {
        if (pages * PageSize > reserved) disk.Charge(-PageSize);
        pages--;
    }

    private byte[] Copy(long page, Page p)
    {
        byte[] image = new byte[PageSize];
        if (p.Kind == PageKind.Stored) p.Bytes!.CopyTo(image, 0);
        else if (p.Kind == PageKind.Generated) ExpectedPage(page, image);
        return image;
    }

    private void ReadContent(long position, Span<byte> target)
    {
        int n = (int)Math.Clamp(contentLength - position, 0, target.Length);
        if (n > 0) content!.Read(contentOffset + position, target[..n]);
        target[n..].Clear();
    }

    private void ExpectedPage(long page, Span<byte> target)
    {
        if (content is null) target.Clear();
        else ReadContent(page * PageSize, target);
    }
}
