using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using Spate.Engine.Disk;
using Spate.Runtime;

namespace Spate.Files;

/// <summary>Opens files for writing past the page cache where the file system says that it can, and has what all of them share.</summary>
internal sealed class DirectWrites(TimeProvider time)
{
    /// <summary>Shorter runs go through the page cache, which gathers them.</summary>
    public const int Smallest = 128 << 10;

    private const int CopySize = PinnedPages.LargePageSize;

    private readonly ConcurrentDictionary<ulong, DirectDevice> devices = [];
    private readonly ConcurrentBag<Memory<byte>> copies = []; // as many as disk workers ever copied at once
    private long written;

    /// <summary>Bytes that went past the page cache so far.</summary>
    public long Written => Interlocked.Read(ref written);

    /// <summary>The second way into a file that is open for writing, or null where there is none.</summary>
    [SupportedOSPlatform("linux")]
    public DirectFile? Open(SafeFileHandle file)
    {
        if (!LinuxFiles.TryGetDirectAlignment(file, out int memory, out int offset, out ulong device)) return null;
        if (memory > PinnedPages.PageSize || offset > PinnedPages.PageSize) return null;
        SafeFileHandle? direct = LinuxFiles.OpenDirect(file);
        return direct is null ? null : new DirectFile(file, direct, memory, devices.GetOrAdd(device, _ => new DirectDevice(time)), this);
    }

    /// <summary>Memory of <see cref="CopySize"/> that starts at a large page.</summary>
    public Memory<byte> Rent()
    {
        if (copies.TryTake(out Memory<byte> pages)) return pages;
        byte[] array = PinnedPages.Allocate(CopySize, out int start, PinnedPages.LargePageSize);
        pages = MemoryMarshal.CreateFromPinnedArray(array, start, CopySize);
        if (OperatingSystem.IsLinux()) LargePages.Use(pages);
        return pages;
    }

    /// <summary>Gives such memory back.</summary>
    public void Return(Memory<byte> pages) => copies.Add(pages);

    /// <summary>So many bytes went past the page cache.</summary>
    public void Count(int bytes) => Interlocked.Add(ref written, bytes);
}
