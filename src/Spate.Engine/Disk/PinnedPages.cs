using System.Runtime.InteropServices;

namespace Spate.Engine.Disk;

/// <summary>Memory that stays where it is and starts at a page, as storage that writes past the page cache wants it.</summary>
public static class PinnedPages
{
    /// <summary>Bytes. Addresses and positions that are multiples of it suit every device in use.</summary>
    public const int PageSize = 4096;

    /// <summary>Makes an array of which <paramref name="length"/> bytes from <paramref name="start"/> on lie in pages of their own. They are not cleared.</summary>
    public static byte[] Allocate(int length, out int start)
    {
        byte[] array = GC.AllocateUninitializedArray<byte>(length + PageSize, pinned: true);
        start = (int)(-Marshal.UnsafeAddrOfPinnedArrayElement(array, 0) & (PageSize - 1));
        return array;
    }
}
