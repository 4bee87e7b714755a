using System.Runtime.InteropServices;

namespace Spate.Hashing;

/// <summary>Tells files from pipes, sockets and devices, which .NET does not: opening a pipe to read it would wait for ever.</summary>
internal static partial class FileKind
{
    private const int CurrentFolder = -100;  // AT_FDCWD
    private const uint WantType = 1;         // STATX_TYPE
    private const int ModeOffset = 28;       // of stx_mode in struct statx, the same on every architecture
    private const int TypeMask = 0xf000, RegularFile = 0x8000;

    /// <summary>True for a regular file, links followed. Only Linux is asked; elsewhere, and when it cannot tell, true.</summary>
    public static bool IsRegular(string path)
    {
        if (!OperatingSystem.IsLinux()) return true;
        Span<byte> status = stackalloc byte[256];
        if (Statx(CurrentFolder, path, 0, WantType, ref MemoryMarshal.GetReference(status)) != 0) return true;
        return (MemoryMarshal.Read<ushort>(status[ModeOffset..]) & TypeMask) == RegularFile;
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int folder, string path, int flags, uint mask, ref byte status);
}
