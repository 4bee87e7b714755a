using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using Spate.Engine.Disk;

namespace Spate.Files;

/// <summary>
/// A second way into an open file: past the page cache (O_DIRECT). The system then copies nothing and looks for no memory, which is most of what
/// a write costs, and a flush finds nothing left to do. Only whole pages can go this way; what stands before and behind them goes
/// through the page cache, and the system keeps both views of the file alike.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class DirectFile(SafeFileHandle cached, SafeFileHandle direct, int memoryAlignment, DirectDevice device, DirectWrites shared) : IDisposable
{
    /// <summary>Writes the buffers one behind the other; false, and nothing is promised, when they are to go through the page cache.</summary>
    /// <exception cref="IOException">The disk is full or fails.</exception>
    public bool TryWrite(ReadOnlySpan<ReadOnlyMemory<byte>> buffers, int total, long position)
    {
        int head = (int)(-position & (PinnedPages.PageSize - 1));
        int middle = (total - head) & ~(PinnedPages.PageSize - 1);
        if (middle < DirectWrites.Smallest || !device.TryBegin()) return false;
        bool refused = false;
        int written = 0;
        try
        {
            bool asTheyLie = head == 0 && LinuxFiles.TryWriteDirect(direct, buffers, middle, position, memoryAlignment);
            refused = !asTheyLie && !TryWriteCopy(buffers, head, middle, position + head);
            if (!refused) written = middle;
        }
        finally { device.End(written, refused); }
        if (refused) return false;
        WriteEdge(buffers, 0, head, position);
        WriteEdge(buffers, head + middle, total - head - middle, position + head + middle);
        shared.Count(middle);
        return true;
    }

    public void Dispose() => direct.Dispose();

    // Blocks of a file that does not start where a piece does lie across its pages: they are moved to where they fit.
    private bool TryWriteCopy(ReadOnlySpan<ReadOnlyMemory<byte>> buffers, int skip, int count, long position)
    {
        Memory<byte> pages = shared.Rent();
        try
        {
            for (int done = 0; done < count;)
            {
                Memory<byte> part = pages[..Math.Min(pages.Length, count - done)];
                Copy(buffers, skip + done, part.Span);
                if (!LinuxFiles.TryWriteDirect(direct, [part], part.Length, position + done, memoryAlignment)) return false;
                done += part.Length;
            }
            return true;
        }
        finally { shared.Return(pages); }
    }

    private void WriteEdge(ReadOnlySpan<ReadOnlyMemory<byte>> buffers, int skip, int count, long position)
    {
        if (count == 0) return;
        Span<byte> edge = stackalloc byte[PinnedPages.PageSize];
        edge = edge[..count];
        Copy(buffers, skip, edge);
        RandomAccess.Write(cached, edge, position);
    }

    private static void Copy(ReadOnlySpan<ReadOnlyMemory<byte>> buffers, int skip, Span<byte> target)
    {
        foreach (ReadOnlyMemory<byte> buffer in buffers)
        {
            if (target.IsEmpty) return;
            int from = Math.Min(skip, buffer.Length), take = Math.Min(buffer.Length - from, target.Length);
            buffer.Span.Slice(from, take).CopyTo(target);
            target = target[take..];
            skip -= from;
        }
    }
}
