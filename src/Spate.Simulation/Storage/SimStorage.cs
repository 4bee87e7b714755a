using Spate.Engine.Ports;

namespace Spate.Simulation;

/// <summary>
/// A host's disk as a process sees it: calls cost time by the disk's model, fail where the test says so, and are a bug anywhere
/// but on a disk worker.
/// </summary>
internal sealed class SimStorage(SimProcess process) : IStorage
{
    private SimDisk Disk => process.Host.Disk;

    public IStorageFile Open(string path, StorageAccess access)
    {
        string normal = Enter(DiskCalls.Open, path, change: false);
        if (access == StorageAccess.Write && Disk.ReadOnly) throw new IOException($"Read-only file system: {path}");
        process.Note(TraceKind.Open, (long)access);
        return new OpenFile(this, path, Disk.OpenNode(normal, access), access);
    }

    public StorageEntry Stat(string path) => Disk.Stat(Enter(DiskCalls.Stat, path, change: false));

    public void CreateFolder(string path) => Disk.MakeFolder(Enter(DiskCalls.CreateFolder, path, change: true));

    public void CreateLink(string path, string target) => Disk.MakeLink(Enter(DiskCalls.CreateLink, path, change: true), target);

    public void Move(string from, string to)
    {
        string source = Enter(DiskCalls.Move, from, change: true);
        process.Note(TraceKind.Move, 0);
        Disk.Move(source, SimDisk.Normalize(to));
    }

    public void Delete(string path)
    {
        string normal = Enter(DiskCalls.Delete, path, change: true);
        process.Note(TraceKind.Delete, 0);
        Disk.Delete(normal);
    }

    public byte[]? ReadSmall(string path, int maxBytes)
    {
        string normal = Enter(DiskCalls.ReadSmall, path, change: false);
        if (!Disk.Exists(normal)) return null;
        Inode inode = Disk.OpenNode(normal, StorageAccess.Read);
        if (inode.Length > maxBytes) throw new IOException($"{path} has {inode.Length} bytes; at most {maxBytes} were expected.");
        byte[] bytes = new byte[inode.Length];
        inode.Read(bytes, 0);
        Disk.AddCost(bytes.Length, Disk.Options.ReadBytesPerSecond);
        return bytes;
    }

    public void ReplaceSmall(string path, ReadOnlySpan<byte> content)
    {
        string normal = Enter(DiskCalls.ReplaceSmall, path, change: true);
        process.Note(TraceKind.Replace, content.Length);
        Disk.AddCost(content.Length, Disk.Options.WriteBytesPerSecond);
        Disk.AddCost(Disk.Options.FlushTime);
        Disk.Replace(normal, content);
    }

    public void Flush(IReadOnlyCollection<string> paths)
    {
        process.Note(TraceKind.Flush, paths.Count);
        var inodes = new HashSet<Inode>();
        foreach (string path in paths)
        {
            Inode inode = Disk.OpenNode(Enter(DiskCalls.Flush, path, change: false), StorageAccess.Read);
            inode.Flush();
            inodes.Add(inode);
        }
        Disk.CommitNames(inodes);
        Disk.Flushes++;
        Disk.AddCost(Disk.Options.FlushTime);
    }

    public long FreeBytes(string folder)
    {
        Enter(DiskCalls.FreeBytes, folder, change: false);
        return Disk.FreeBytes;
    }

    private string Enter(DiskCalls call, string path, bool change)
    {
        process.World.Guard("Storage");
        if (process.IsDead) throw new ProcessEndedException(); // killed by a fault of the disk, in the middle of what it does there
        if (process.World.OnWorker != process)
        {
            var error = new InvalidOperationException($"The disk was asked ({call} {path}) outside a disk worker.");
            process.World.Fault(error);
            throw error;
        }
        Disk.Count(call, path, change);
        return SimDisk.Normalize(path);
    }

    /// <summary>Ends what a killed process was doing. Nothing in the engine catches it.</summary>
    internal sealed class ProcessEndedException : Exception;

    private sealed class OpenFile(SimStorage storage, string path, Inode inode, StorageAccess access) : IStorageFile
    {
        private bool disposed;

        public string Path => path;

        public long OpenedLength { get; } = inode.Length;

        private SimDisk Disk => storage.Disk;

        public int Read(Span<byte> buffer, long position)
        {
            Enter(DiskCalls.Read, change: false);
            ArgumentOutOfRangeException.ThrowIfNegative(position);
            int n = inode.Read(buffer, position);
            storage.Note(TraceKind.Read, n);
            Disk.BytesRead += n;
            Disk.AddCost(n, Disk.Options.ReadBytesPerSecond);
            return n;
        }

        public void Write(ReadOnlySpan<byte> bytes, long position)
        {
            Enter(DiskCalls.Write, change: true);
            WritePart(bytes, position);
        }

        public void Write(ReadOnlySpan<ReadOnlyMemory<byte>> buffers, long position)
        {
            Enter(DiskCalls.Write, change: true);
            foreach (ReadOnlyMemory<byte> buffer in buffers)
            {
                WritePart(buffer.Span, position);
                position += buffer.Length;
            }
        }

        public void SetLength(long length, bool allocate)
        {
            Enter(DiskCalls.SetLength, change: true);
            if (access != StorageAccess.Write) throw new UnauthorizedAccessException($"{path} was opened for reading.");
            if (!inode.SetLength(length, allocate)) throw Disk.Full(path);
        }

        public void Dispose() => disposed = true;

        private void WritePart(ReadOnlySpan<byte> bytes, long position)
        {
            if (access != StorageAccess.Write) throw new UnauthorizedAccessException($"{path} was opened for reading.");
            ArgumentOutOfRangeException.ThrowIfNegative(position);
            storage.Note(TraceKind.Write, bytes.Length);
            Disk.AddCost(bytes.Length, Disk.Options.WriteBytesPerSecond);
            inode.Modified = storage.UtcNow;
            if (!inode.Write(bytes, position)) throw Disk.Full(path);
            Disk.BytesWritten += bytes.Length;
        }

        private void Enter(DiskCalls call, bool change)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            storage.Enter(call, path, change);
        }
    }

    private DateTimeOffset UtcNow => process.World.UtcNow + process.Host.ClockOffset;

    private void Note(TraceKind kind, long number) => process.Note(kind, number);
}
