using System.Buffers;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Spate.Runtime;

/// <summary>
/// Memory in pages of 2 MiB. A write of 1 MiB past the page cache is then 64 pieces of memory and not 256, which is one request to a disk and not
/// two, and the kernel has that much less to look up. Where there are none, or they are switched off, pages stay small and nothing else changes.
/// </summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class LargePages
{
    private const int HugePage = 14; // of madvise

    /// <summary>Asks for large pages for memory that was not touched yet.</summary>
    public static void Use(Memory<byte> memory)
    {
        using MemoryHandle pinned = memory.Pin();
        _ = madvise(pinned.Pointer, (nuint)memory.Length, HugePage);
    }

    [LibraryImport("libc")]
    private static partial int madvise(void* start, nuint length, int advice);
}
