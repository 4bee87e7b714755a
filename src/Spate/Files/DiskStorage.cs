using Microsoft.Win32.SafeHandles;
using Spate.Engine.Ports;

namespace Spate.Files;

/// <summary>The real file system.</summary>
public sealed class DiskStorage : IStorage
{
    private const int NoSpace = 28, QuotaExceeded = 122, WindowsDiskFull = unchecked((int)0x80070070);
    private const int FlushAllAbove = 16; // files: from here on one call for the whole file system is cheaper
    private readonly DirectWrites? directWrites;

    /// <param name="directWrites">
    /// Large writes may go past the system's page cache where the file system can (Linux 6.1) and the device is quick.
    /// </param>
    public DiskStorage(bool directWrites = true) : this(directWrites ? new DirectWrites(TimeProvider.System) : null) { }

    internal DiskStorage(DirectWrites? directWrites)
    {
        this.directWrites = directWrites;
    }

    private const int FileTypeMask = 0xF000, RegularFile = 0x8000, Folder = 0x4000, Link = 0xA000;

    public IStorageFile Open(string path, StorageAccess access)
    {
        try
        {
            SafeFileHandle? handle = OpenHandle(path, access, out long length);
            if (handle is null && access == StorageAccess.Write)
            {
                CreateFolder(Path.GetDirectoryName(path)!);
                handle = OpenHandle(path, access, out length);
            }
            return new DiskFile(handle ?? throw new FileNotFoundException($"{path} is not there.", path), path, length, access == StorageAccess.Write ? directWrites : null);
        }
        catch (Exception e) when (Translate(e, path) is { } better) { throw better; }
    }

    // Null when the file, or for writing its folder, is not there.
    private SafeFileHandle? OpenHandle(string path, StorageAccess access, out long length)
    {
        length = 0;
        bool write = access == StorageAccess.Write;
        if (OperatingSystem.IsLinux())
        {
            SafeFileHandle? opened = LinuxFiles.Open(path, write, out int error);
            if (opened is not null)
            {
                if (LinuxFiles.IsRegular(opened, out length)) return opened;
                opened.Dispose();
                throw new IOException($"{path} is not a regular file; it is left alone.");
            }
            if (error == 2) return null;
            if (LinuxFiles.IsLink(error)) throw new IOException($"{path} is a symbolic link; it is not followed.");
            string message = System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(error);
            throw error is 13 or 1 ? new UnauthorizedAccessException($"{path}: {message}") : new IOException($"{path}: {message}", error);
        }
        StorageEntryKind kind = Stat(path).Kind;
        if (kind == StorageEntryKind.None && !write) return null;
        if (kind is not (StorageEntryKind.None or StorageEntryKind.File)) throw new IOException($"{path} is not a regular file; it is left alone.");
        try
        {
            SafeFileHandle opened = File.OpenHandle(path, write ? FileMode.OpenOrCreate : FileMode.Open, write ? FileAccess.ReadWrite : FileAccess.Read,
                FileShare.ReadWrite | FileShare.Delete);
            length = RandomAccess.GetLength(opened);
            return opened;
        }
        catch (DirectoryNotFoundException) { return null; }
    }

    public StorageEntry Stat(string path)
    {
        if (OperatingSystem.IsLinux())
        {
            if (!LinuxFiles.TryStat(path, out ushort mode, out long length, out DateTimeOffset modified)) return default;
            StorageEntryKind kind = (mode & FileTypeMask) switch
            {
                RegularFile => StorageEntryKind.File,
                Folder => StorageEntryKind.Folder,
                Link => StorageEntryKind.Link,
                _ => StorageEntryKind.Other,
            };
            return new StorageEntry(kind, length, modified);
        }
        var file = new FileInfo(path);
        if (file.LinkTarget is not null) return new StorageEntry(StorageEntryKind.Link, 0, default);
        if (file.Exists) return new StorageEntry(StorageEntryKind.File, file.Length, file.LastWriteTimeUtc);
        return Directory.Exists(path) ? new StorageEntry(StorageEntryKind.Folder, 0, default) : default;
    }

    public void CreateFolder(string path)
    {
        try { Directory.CreateDirectory(path); }
        catch (Exception e) when (Translate(e, path) is { } better) { throw better; }
    }

    public void CreateLink(string path, string target)
    {
        try { File.CreateSymbolicLink(path, target); }
        catch (Exception e) when (Translate(e, path) is { } better) { throw better; }
    }

    public void Move(string from, string to)
    {
        try
        {
            if (OperatingSystem.IsLinux()) MoveWhole(from, to);
            else File.Move(from, to, overwrite: false);
        }
        catch (Exception e) when (Translate(e, from) is { } better) { throw better; }
    }

    // A copy to another device gets its name when all of it is durable: whatever ends this program, one whole file is there, or two alike.
    [System.Runtime.Versioning.SupportedOSPlatform("linux")]
    private static void MoveWhole(string from, string to)
    {
        if (LinuxFiles.TryRename(from, to)) return;
        string copy = to + ".moving";
        try
        {
            File.Delete(copy); // of a move that was interrupted
            File.Copy(from, copy, overwrite: false); // with its time
            using (SafeFileHandle handle = File.OpenHandle(copy, FileMode.Open, FileAccess.ReadWrite)) RandomAccess.FlushToDisk(handle);
            LinuxFiles.TryRename(copy, to);
        }
        catch
        {
            File.Delete(copy);
            throw;
        }
        LinuxFiles.FlushFolder(Path.GetDirectoryName(to)!);
        File.Delete(from);
    }

    public void Delete(string path)
    {
        try
        {
            if (Stat(path).Kind == StorageEntryKind.Folder)
            {
                if (!Directory.EnumerateFileSystemEntries(path).Any()) Directory.Delete(path);
            }
            else File.Delete(path);
        }
        catch (DirectoryNotFoundException) { }
        catch (Exception e) when (Translate(e, path) is { } better) { throw better; }
    }

    public byte[]? ReadSmall(string path, int maxBytes)
    {
        SafeFileHandle? handle = OpenHandle(path, StorageAccess.Read, out long length);
        if (handle is null) return null;
        using var file = new DiskFile(handle, path, length);
        if (length > maxBytes) throw new IOException($"{path} has {length} bytes; more than {maxBytes} are not read.");
        byte[] content = new byte[length];
        int read = file.Read(content, 0);
        return read == length ? content : content[..read];
    }

    public void ReplaceSmall(string path, ReadOnlySpan<byte> content)
    {
        string folder = Path.GetDirectoryName(path)!;
        string temporary = path + ".new";
        try
        {
            CreateFolder(folder);
            using (SafeFileHandle handle = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write))
            {
                RandomAccess.Write(handle, content, 0);
                RandomAccess.FlushToDisk(handle);
            }
            File.Move(temporary, path, overwrite: true);
            if (OperatingSystem.IsLinux()) LinuxFiles.FlushFolder(folder);
        }
        catch (Exception e) when (Translate(e, path) is { } better) { throw better; }
    }

    public void ReplaceSmall(IReadOnlyCollection<(string Path, ReadOnlyMemory<byte> Content)> files)
    {
        var folders = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string path, ReadOnlyMemory<byte> content) in files)
        {
            if (folders.Add(Path.GetDirectoryName(path)!)) CreateFolder(Path.GetDirectoryName(path)!);
            try { File.WriteAllBytes(path + ".new", content.Span); }
            catch (Exception e) when (Translate(e, path) is { } better) { throw better; }
        }
        Flush([.. files.Select(static file => file.Path + ".new")]);
        foreach ((string path, _) in files) File.Move(path + ".new", path, overwrite: true);
        if (!OperatingSystem.IsLinux()) return;
        foreach (string folder in folders) LinuxFiles.FlushFolder(folder);
    }

    public void Flush(IReadOnlyCollection<string> paths)
    {
        var folders = new HashSet<string>(StringComparer.Ordinal);
        foreach (string path in paths) folders.Add(Path.GetDirectoryName(path)!);
        if (OperatingSystem.IsLinux() && paths.Count > FlushAllAbove)
        {
            foreach (string path in paths)
            {
                if (Stat(path).Kind != StorageEntryKind.File) throw new FileNotFoundException($"{path} is gone: was it deleted or its drive removed?", path);
            }
            // A torrent's folder is on one file system, unless somebody mounted another one inside: then that one is flushed too.
            foreach (string folder in DistinctFileSystems(folders)) LinuxFiles.FlushFileSystem(folder);
            return;
        }
        foreach (string path in paths)
        {
            SafeFileHandle handle = OpenHandle(path, StorageAccess.Read, out _)
                ?? throw new FileNotFoundException($"{path} is gone: was it deleted or its drive removed?", path);
            using (handle)
            {
                try { RandomAccess.FlushToDisk(handle); }
                catch (Exception e) when (Translate(e, path) is { } better) { throw better; }
            }
        }
        if (!OperatingSystem.IsLinux()) return;
        foreach (string folder in folders) LinuxFiles.FlushFolder(folder);
    }

    public long FreeBytes(string folder)
    {
        string? at = Path.GetFullPath(folder);
        while (at is not null && !Directory.Exists(at)) at = Path.GetDirectoryName(at);
        return new DriveInfo(at ?? folder).AvailableFreeSpace;
    }

    // A better exception where the system's says too little; null where it is good as it is.
    internal static Exception? Translate(Exception e, string path) => e switch
    {
        StorageFullException => null,
        IOException io when io.HResult is NoSpace or QuotaExceeded or WindowsDiskFull => new StorageFullException($"The disk is full ({path}). Free some space; the torrent then goes on by itself.", e),
        ObjectDisposedException => new IOException($"{path} was closed.", e),
        _ => null,
    };

    private static IEnumerable<string> DistinctFileSystems(HashSet<string> folders)
    {
        string[] mounts = [.. DriveInfo.GetDrives().Select(drive => drive.Name)];
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (string folder in folders)
        {
            if (seen.Add(MountOf(folder, mounts))) yield return folder;
        }
    }

    private static string MountOf(string folder, string[] mounts)
    {
        string best = "/";
        foreach (string mount in mounts)
        {
            bool inside = folder.Equals(mount, StringComparison.Ordinal) || folder.StartsWith(mount.EndsWith('/') ? mount : mount + "/", StringComparison.Ordinal);
            if (inside && mount.Length > best.Length) best = mount;
        }
        return best;
    }
}
