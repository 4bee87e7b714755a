using System.Runtime.InteropServices;

namespace Spate.Engine.Disk;

/// <summary>Memory that stays where it is and starts at a page, as storage that writes past the page cache wants it.</summary>
public static class PinnedPages
{
    /// <summary>Bytes. Addresses and positions that are multiples of it suit every device in use.</summary>
    public const int PageSize = 4096;

    /// <summary>Bytes of a large page where a system has them: one entry in the processor's tables, and one piece of memory to a device, in place of 512.</summary>
    public const int LargePageSize = 2 << 20;

    /// <summary>
    /// Makes an array of which <paramref name="length"/> bytes from <paramref name="start"/> on lie in pages of their own, the first byte at a
    /// multiple of <paramref name="alignment"/>, a power of two. They are not cleared, nor touched.
    /// </summary>
    public static byte[] Allocate(int length, out int start, int alignment = PageSize)
    {
        byte[] array = GC.AllocateUninitializedArray<byte>(length + alignment, pinned: true);
        start = (int)(-Marshal.UnsafeAddrOfPinnedArrayElement(array, 0) & (alignment - 1));
        return array;
    }
}
