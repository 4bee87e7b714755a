namespace Spate.Engine.Ports;

/// <summary>
/// The file system, as the engine sees it. All calls block and are made on disk workers only.
/// Every call fails with an <see cref="IOException"/> (or <see cref="UnauthorizedAccessException"/>) whose message is for people;
/// <see cref="StorageFullException"/> tells a full disk apart.
/// </summary>
public interface IStorage
{
    /// <summary>
    /// Opens a file. Its folders are made when <paramref name="access"/> is <see cref="StorageAccess.Write"/>. Never follows a
    /// symbolic link in the last path component; a path that is not a regular file is refused.
    /// </summary>
    IStorageFile Open(string path, StorageAccess access);

    /// <summary>What stands at the path, without following a link.</summary>
    StorageEntry Stat(string path);

    /// <summary>Makes a folder and those above it.</summary>
    void CreateFolder(string path);

    /// <summary>Makes a symbolic link at <paramref name="path"/> with the given relative target.</summary>
    void CreateLink(string path, string target);

    /// <summary>Moves a file; copies and deletes where the target is on another device. Replaces nothing.</summary>
    void Move(string from, string to);

    /// <summary>Deletes a file or an empty folder; nothing happens when it is not there or a folder is not empty.</summary>
    void Delete(string path);

    /// <summary>A whole small file, or null when it is not there. Longer than <paramref name="maxBytes"/> is an error.</summary>
    byte[]? ReadSmall(string path, int maxBytes);

    /// <summary>Replaces a small file so that after a power cut either the old or the new content stands there, whole.</summary>
    void ReplaceSmall(string path, ReadOnlySpan<byte> content);

    /// <summary>Replaces many small files, each as the other overload does it, with as few flushes as possible.</summary>
    void ReplaceSmall(IReadOnlyCollection<(string Path, ReadOnlyMemory<byte> Content)> files)
    {
        foreach ((string path, ReadOnlyMemory<byte> content) in files) ReplaceSmall(path, content.Span);
    }

    /// <summary>
    /// Makes everything that was written to the files at these paths, and their names, survive a power cut. May flush more than
    /// asked. A file that is gone is an error.
    /// </summary>
    void Flush(IReadOnlyCollection<string> paths);

    /// <summary>Bytes that can still be written below this folder.</summary>
    long FreeBytes(string folder);
}

/// <summary>An open file. Positions are in bytes; calls from several threads are safe.</summary>
public interface IStorageFile : IDisposable
{
    /// <summary>Where it was opened.</summary>
    string Path { get; }

    /// <summary>Bytes in the file when it was opened.</summary>
    long OpenedLength { get; }

    /// <summary>Reads until the buffer is full or the file ends; returns how many bytes stand in the buffer.</summary>
    int Read(Span<byte> buffer, long position);

    /// <summary>Writes all bytes; the file grows as needed, with holes where the file system has them.</summary>
    void Write(ReadOnlySpan<byte> bytes, long position);

    /// <summary>Writes the buffers one behind the other, in as few system calls as possible.</summary>
    void Write(ReadOnlySpan<ReadOnlyMemory<byte>> buffers, long position);

    /// <summary>Sets the length; <paramref name="allocate"/> also reserves the space.</summary>
    void SetLength(long length, bool allocate);
}

/// <summary>What a file is opened for.</summary>
public enum StorageAccess
{
    /// <summary>Reading a file that is there.</summary>
    Read,

    /// <summary>Reading and writing; made when it is not there.</summary>
    Write,
}

/// <summary>What stands at a path.</summary>
public readonly record struct StorageEntry(StorageEntryKind Kind, long Length, DateTimeOffset Modified);

/// <summary>Kinds of entries.</summary>
public enum StorageEntryKind { None, File, Folder, Link, Other }

/// <summary>The disk, or the quota on it, is full.</summary>
public sealed class StorageFullException : IOException
{
    public StorageFullException(string message, Exception? inner = null) : base(message, inner) { }

    public StorageFullException() { }

    public StorageFullException(string message) : base(message) { }
}
