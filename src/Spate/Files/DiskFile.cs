using Microsoft.Win32.SafeHandles;
using Spate.Engine.Ports;

namespace Spate.Files;

/// <summary>An open file of the system.</summary>
internal sealed class DiskFile : IStorageFile
{
    private readonly SafeFileHandle handle;
    private readonly Lazy<DirectFile?>? direct; // opened by the first large write

    /// <param name="handle">The open file, which is closed with this.</param>
    /// <param name="path">Where it was opened.</param>
    /// <param name="length">Bytes in it.</param>
    /// <param name="directWrites">For large writes past the page cache; null when there are to be none.</param>
    public DiskFile(SafeFileHandle handle, string path, long length, DirectWrites? directWrites = null)
    {
        (this.handle, Path, OpenedLength) = (handle, path, length);
        if (directWrites is not null && OperatingSystem.IsLinux()) direct = new Lazy<DirectFile?>(() => OperatingSystem.IsLinux() ? directWrites.Open(handle) : null);
    }

    public string Path { get; }

    public long OpenedLength { get; }

    public int Read(Span<byte> buffer, long position)
    {
        int total = 0;
        try
        {
            while (total < buffer.Length)
            {
                int count = OperatingSystem.IsLinux()
                    ? LinuxFiles.Read(handle, buffer[total..], position + total)
                    : RandomAccess.Read(handle, buffer[total..], position + total);
                if (count == 0) break;
                total += count;
            }
        }
        catch (Exception e) when (DiskStorage.Translate(e, Path) is { } better) { throw better; }
        return total;
    }

    public void Write(ReadOnlySpan<byte> bytes, long position)
    {
        try { RandomAccess.Write(handle, bytes, position); }
        catch (Exception e) when (DiskStorage.Translate(e, Path) is { } better) { throw better; }
    }

    public void Write(ReadOnlySpan<ReadOnlyMemory<byte>> buffers, long position)
    {
        try
        {
            if (OperatingSystem.IsLinux())
            {
                long total = 0;
                foreach (ReadOnlyMemory<byte> buffer in buffers) total += buffer.Length;
                if (total is >= DirectWrites.Smallest and <= int.MaxValue && direct?.Value is { } file && file.TryWrite(buffers, (int)total, position)) return;
                LinuxFiles.Write(handle, buffers, position);
            }
            else RandomAccess.Write(handle, buffers.ToArray(), position);
        }
        catch (Exception e) when (DiskStorage.Translate(e, Path) is { } better) { throw better; }
    }

    public void SetLength(long length, bool allocate) => Guard(() =>
    {
        RandomAccess.SetLength(handle, length);
        if (allocate) Allocate(length);
        return 0;
    });

    public void Dispose()
    {
        if (OperatingSystem.IsLinux() && direct is { IsValueCreated: true }) direct.Value?.Dispose();
        handle.Dispose();
    }

    // Writes a zero into each hole: where the file system has no call for it, this is what reserving means.
    private void Allocate(long length)
    {
        if (OperatingSystem.IsLinux() && LinuxFiles.TryAllocate(handle, length)) return;
        Span<byte> zero = [0];
        Span<byte> seen = stackalloc byte[1];
        for (long at = 0; at < length; at += 4096)
        {
            if (RandomAccess.Read(handle, seen, at) == 1 && seen[0] == 0) RandomAccess.Write(handle, zero, at);
        }
    }

    private T Guard<T>(Func<T> call)
    {
        try { return call(); }
        catch (Exception e) when (DiskStorage.Translate(e, Path) is { } better) { throw better; }
    }
}
