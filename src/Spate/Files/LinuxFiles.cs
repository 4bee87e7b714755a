using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Spate.Files;

/// <summary>What Linux offers for files and .NET does not. Every use has a portable fall-back.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class LinuxFiles
{
    private const int AtFdCwd = -100, AtSymlinkNoFollow = 0x100, BasicStats = 0x7ff;
    private const int ReadOnly = 0, WriteOnly = 1, ReadWrite = 2, Create = 0x40, NonBlocking = 0x800, NoFollow = 0x20000, CloseOnExec = 0x80000, Directory = 0x10000;
    private const int TooManyLinks = 40, NoEntry = 2, Interrupted = 4, InvalidArgument = 22, NotSupported = 95;
    private const int BuffersPerCall = 64;

    private struct IoVector
    {
        public byte* Start;
        public nuint Length;
    }

    [InlineArray(BuffersPerCall)]
    private struct Pins
    {
        private MemoryHandle first;
    }

    /// <summary>Opens a file without following a link in its last component; -errno in <paramref name="error"/> when it fails.</summary>
    public static SafeFileHandle? Open(string path, bool write, out int error)
    {
        // Flag values are those of x86-64 and the generic ABI, except where ARM swaps O_DIRECTORY and O_NOFOLLOW.
        int noFollow = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x8000 : NoFollow;
        int flags = CloseOnExec | NonBlocking | noFollow | (write ? ReadWrite | Create : ReadOnly);
        int fd = open(path, flags, 0x1B6); // rw-rw-rw-, less the umask
        error = fd < 0 ? Marshal.GetLastPInvokeError() : 0;
        return fd < 0 ? null : new SafeFileHandle(fd, ownsHandle: true);
    }

    public static bool IsLink(int error) => error == TooManyLinks;

    /// <summary>True, and its length, for a regular file; false for a pipe, a device, a folder.</summary>
    public static bool IsRegular(SafeFileHandle handle, out long length)
    {
        const int EmptyPath = 0x1000, TypeMask = 0xF000, Regular = 0x8000;
        byte* buffer = stackalloc byte[256];
        length = 0;
        if (statx((int)handle.DangerousGetHandle(), "", EmptyPath, BasicStats, buffer) != 0 || (*(ushort*)(buffer + 28) & TypeMask) != Regular) return false;
        length = *(long*)(buffer + 40);
        return true;
    }

    /// <summary>Mode, length and time of change of an entry itself, not of what it links to; false when it is not there.</summary>
    public static bool TryStat(string path, out ushort mode, out long length, out DateTimeOffset modified)
    {
        byte* buffer = stackalloc byte[256];
        (mode, length, modified) = (0, 0, default);
        if (statx(AtFdCwd, path, AtSymlinkNoFollow, BasicStats, buffer) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error is NoEntry or 20 /* not a folder */) return false;
            throw new IOException($"{path}: {Marshal.GetPInvokeErrorMessage(error)}", error);
        }
        mode = *(ushort*)(buffer + 28);
        length = *(long*)(buffer + 40);
        modified = DateTimeOffset.FromUnixTimeSeconds(*(long*)(buffer + 112)).AddTicks(*(uint*)(buffer + 120) / 100);
        return true;
    }

    /// <summary>Opens a file that is open once more, for writing past the page cache; null when the system does not want to.</summary>
    public static SafeFileHandle? OpenDirect(SafeFileHandle file)
    {
        int flag = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.Arm64 or Architecture.Arm => 0x10000,
            Architecture.Ppc64le => 0x20000,
            _ => 0x4000,
        };
        // By its handle: its name may be another file's by now.
        int fd = open($"/proc/self/fd/{file.DangerousGetHandle()}", CloseOnExec | WriteOnly | flag, 0);
        return fd < 0 ? null : new SafeFileHandle(fd, ownsHandle: true);
    }

    /// <summary>What writing past the page cache asks for: bytes of which addresses and positions are multiples. False where it can't be done.</summary>
    public static bool TryGetDirectAlignment(SafeFileHandle file, out int memory, out int offset, out ulong device)
    {
        const int EmptyPath = 0x1000, DirectStats = 0x2000; // Linux 6.1
        byte* buffer = stackalloc byte[256];
        (memory, offset, device) = (0, 0, 0);
        if (statx((int)file.DangerousGetHandle(), "", EmptyPath, BasicStats | DirectStats, buffer) != 0 || (*(uint*)buffer & DirectStats) == 0) return false;
        device = ((ulong)*(uint*)(buffer + 136) << 32) | *(uint*)(buffer + 140);
        (memory, offset) = (*(int*)(buffer + 152), *(int*)(buffer + 156));
        return memory > 0 && offset > 0;
    }

    /// <summary>Reads what there is of so many bytes. .NET's own call asks of each file that it opens whether it can be read at a position.</summary>
    public static int Read(SafeFileHandle handle, Span<byte> buffer, long position)
    {
        nint read;
        fixed (byte* bytes = buffer)
        {
            do read = pread(handle, bytes, (nuint)buffer.Length, position);
            while (read < 0 && Marshal.GetLastPInvokeError() == Interrupted);
        }
        if (read >= 0) return (int)read;
        int error = Marshal.GetLastPInvokeError();
        throw new IOException(Marshal.GetPInvokeErrorMessage(error), error);
    }

    /// <summary>Writes buffers one behind the other, 64 in a system call, without an allocation.</summary>
    public static void Write(SafeFileHandle handle, ReadOnlySpan<ReadOnlyMemory<byte>> buffers, long position) => TryWrite(handle, buffers, long.MaxValue, position, 1);

    /// <summary>
    /// Writes the first bytes of buffers past the page cache; false when a buffer does not start and end at multiples of the alignment, or
    /// the system refuses to write in this way. A part may have been written then.
    /// </summary>
    public static bool TryWriteDirect(SafeFileHandle direct, ReadOnlySpan<ReadOnlyMemory<byte>> buffers, int count, long position, int alignment) =>
        TryWrite(direct, buffers, count, position, alignment);

    private static bool TryWrite(SafeFileHandle handle, ReadOnlySpan<ReadOnlyMemory<byte>> buffers, long total, long position, int alignment)
    {
        Span<IoVector> vectors = stackalloc IoVector[BuffersPerCall];
        Pins pins = default;
        for (int at = 0, used = 0; at < buffers.Length && total > 0;)
        {
            int count = 0;
            long written;
            try
            {
                for (long left = total; count < BuffersPerCall && at + count < buffers.Length && left > 0; count++)
                {
                    ReadOnlyMemory<byte> buffer = buffers[at + count];
                    pins[count] = buffer.Pin();
                    int skip = count == 0 ? used : 0;
                    long length = Math.Min(buffer.Length - skip, left);
                    vectors[count] = new IoVector { Start = (byte*)pins[count].Pointer + skip, Length = (nuint)length };
                    left -= length;
                    if (alignment > 1 && (((nuint)vectors[count].Start | vectors[count].Length) & (nuint)(alignment - 1)) != 0)
                    {
                        count++;
                        return false;
                    }
                }
                fixed (IoVector* first = vectors)
                {
                    do written = pwritev(handle, first, count, position);
                    while (written < 0 && Marshal.GetLastPInvokeError() == Interrupted);
                }
                int error = written < 0 ? Marshal.GetLastPInvokeError() : 0;
                if (error is InvalidArgument or NotSupported && alignment > 1) return false;
                if (error != 0) throw new IOException(Marshal.GetPInvokeErrorMessage(error), error);
            }
            finally
            {
                for (int i = 0; i < count; i++) pins[i].Dispose();
            }
            position += written;
            total -= written;
            // A disk that is nearly full takes a part: the rest is tried again, and then it says why.
            for (written += used, used = 0; at < buffers.Length && written >= buffers[at].Length; at++) written -= buffers[at].Length;
            used = (int)written;
        }
        return true;
    }

    /// <summary>Reserves the space of a file; false where the file system can't.</summary>
    /// <exception cref="IOException">There is not enough space.</exception>
    public static bool TryAllocate(SafeFileHandle handle, long length)
    {
        const int NoSpace = 28;
        int error = posix_fallocate(handle, 0, length);
        if (error == NoSpace) throw new IOException("No space left on device", NoSpace);
        return error == 0;
    }

    /// <summary>Gives a file another name in one step, and replaces nothing; false where that name is on another device.</summary>
    /// <exception cref="IOException">It can't be renamed, or something has that name.</exception>
    public static bool TryRename(string from, string to)
    {
        const int NotPermitted = 1, AccessDenied = 13, OtherDevice = 18, Invalid = 22, NotImplemented = 38;
        const uint NoReplace = 1;
        int error = 0;
        try
        {
            if (renameat2(AtFdCwd, from, AtFdCwd, to, NoReplace) == 0) return true;
            error = Marshal.GetLastPInvokeError();
        }
        catch (EntryPointNotFoundException) { error = NotImplemented; }
        // Not every file system, nor every C library, knows how to replace nothing.
        if (error is Invalid or NotImplemented && !TryStat(to, out _, out _, out _)) error = rename(from, to) == 0 ? 0 : Marshal.GetLastPInvokeError();
        string message = $"{from} can't be moved to {to}: {Marshal.GetPInvokeErrorMessage(error)}";
        return error switch
        {
            0 => true,
            OtherDevice => false,
            NoEntry => throw new FileNotFoundException(message, from),
            NotPermitted or AccessDenied => throw new UnauthorizedAccessException(message),
            _ => throw new IOException(message, error),
        };
    }

    /// <summary>Makes the names in a folder durable.</summary>
    public static void FlushFolder(string folder) => Flush(folder, syncfs: false);

    /// <summary>Makes everything on the folder's file system durable.</summary>
    public static void FlushFileSystem(string folder) => Flush(folder, syncfs: true);

    private static void Flush(string folder, bool syncfs)
    {
        int directory = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x4000 : Directory;
        int fd = open(folder, CloseOnExec | directory | ReadOnly, 0);
        if (fd < 0) throw new IOException($"{folder}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        using var handle = new SafeFileHandle(fd, ownsHandle: true);
        if ((syncfs ? LinuxFiles.syncfs(fd) : fsync(fd)) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            throw new IOException($"{folder}: {Marshal.GetPInvokeErrorMessage(error)}", error);
        }
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int folder, string path, int flags, uint mask, byte* buffer);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint pread(SafeFileHandle fd, byte* buffer, nuint length, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint pwritev(SafeFileHandle fd, IoVector* vectors, int count, long offset);

    [LibraryImport("libc")]
    private static partial int posix_fallocate(SafeFileHandle fd, long offset, long length);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int renameat2(int fromFolder, string from, int toFolder, string to, uint flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int rename(string from, string to);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(int fd);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int syncfs(int fd);
}
