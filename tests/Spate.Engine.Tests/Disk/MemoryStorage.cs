using Spate.Engine.Ports;
using Spate.Protocol.Hashing;

namespace Spate.Engine.Tests.Disk;

/// <summary>Files in memory. Safe from any thread; errors and delays by a hook that is called before each operation.</summary>
internal sealed class MemoryStorage : IStorage
{
    private readonly Dictionary<string, Node> nodes = new(StringComparer.Ordinal);
    private int openFiles;

    /// <summary>Called before each operation with its name and path; what it throws the operation throws.</summary>
    public Action<string, string>? Before { get; set; }

    /// <summary>Handles that are open now.</summary>
    public int OpenFiles => Volatile.Read(ref openFiles);

    /// <summary>Handles ever opened.</summary>
    public int Opened { get; private set; }

    /// <summary>Times that two threads wrote to one file at the same moment.</summary>
    public int OverlappingWrites { get; private set; }

    public long Free { get; set; } = long.MaxValue;

    public IEnumerable<string> Paths
    {
        get { lock (nodes) return [.. nodes.Keys.Order(StringComparer.Ordinal)]; }
    }

    public byte[] Content(string path)
    {
        lock (nodes) return nodes[path].Bytes.AsSpan(0, nodes[path].Length).ToArray();
    }

    public void Put(string path, byte[] content)
    {
        lock (nodes) nodes[path] = new Node { Kind = StorageEntryKind.File, Bytes = content, Length = content.Length };
    }

    public void PutOther(string path, StorageEntryKind kind)
    {
        lock (nodes) nodes[path] = new Node { Kind = kind };
    }

    public void Remove(string path)
    {
        lock (nodes) nodes.Remove(path);
    }

    public IStorageFile Open(string path, StorageAccess access)
    {
        Before?.Invoke("open", path);
        lock (nodes)
        {
            if (!nodes.TryGetValue(path, out Node? node))
            {
                if (access == StorageAccess.Read) throw new FileNotFoundException($"{path} is not there.", path);
                nodes[path] = node = new Node { Kind = StorageEntryKind.File };
            }
            if (node.Kind != StorageEntryKind.File) throw new IOException($"{path} is not a regular file.");
            Interlocked.Increment(ref openFiles);
            Opened++;
            return new OpenFile(this, path, node, access);
        }
    }

    public StorageEntry Stat(string path)
    {
        Before?.Invoke("stat", path);
        lock (nodes) return nodes.TryGetValue(path, out Node? node) ? new StorageEntry(node.Kind, node.Length, node.Modified) : default;
    }

    public void CreateFolder(string path)
    {
        Before?.Invoke("folder", path);
        lock (nodes)
        {
            for (string? at = path; !string.IsNullOrEmpty(at) && at != "/"; at = Path.GetDirectoryName(at))
                nodes.TryAdd(at, new Node { Kind = StorageEntryKind.Folder });
        }
    }

    public void CreateLink(string path, string target)
    {
        Before?.Invoke("link", path);
        lock (nodes) nodes[path] = new Node { Kind = StorageEntryKind.Link, Target = target };
    }

    public string? LinkTarget(string path)
    {
        lock (nodes) return nodes[path].Target;
    }

    public void Move(string from, string to)
    {
        Before?.Invoke("move", from);
        lock (nodes)
        {
            if (nodes.ContainsKey(to)) throw new IOException($"{to} exists.");
            if (!nodes.Remove(from, out Node? node)) throw new FileNotFoundException($"{from} is not there.", from);
            nodes[to] = node;
        }
    }

    public void Delete(string path)
    {
        Before?.Invoke("delete", path);
        lock (nodes)
        {
            if (!nodes.TryGetValue(path, out Node? node)) return;
            bool empty = !nodes.Keys.Any(key => key.StartsWith(path + "/", StringComparison.Ordinal));
            if (node.Kind != StorageEntryKind.Folder || empty) nodes.Remove(path);
        }
    }

    public byte[]? ReadSmall(string path, int maxBytes)
    {
        Before?.Invoke("read", path);
        lock (nodes)
        {
            if (!nodes.ContainsKey(path)) return null;
            byte[] content = Content(path);
            return content.Length <= maxBytes ? content : throw new IOException($"{path} is too long.");
        }
    }

    public void ReplaceSmall(string path, ReadOnlySpan<byte> content)
    {
        Before?.Invoke("replace", path);
        Put(path, content.ToArray());
    }

    public void Flush(IReadOnlyCollection<string> paths)
    {
        foreach (string path in paths)
        {
            Before?.Invoke("flush", path);
            lock (nodes)
            {
                if (!nodes.ContainsKey(path)) throw new FileNotFoundException($"{path} is gone.", path);
            }
        }
    }

    public long FreeBytes(string folder) => Free;

    private sealed class Node
    {
        public StorageEntryKind Kind { get; init; }

        public string? Target { get; init; }

        public byte[] Bytes { get; set; } = [];

        public int Length { get; set; }

        public DateTimeOffset Modified { get; set; } = DateTimeOffset.UnixEpoch;

        public int Writers;
    }

    private sealed class OpenFile(MemoryStorage storage, string path, Node node, StorageAccess access) : IStorageFile
    {
        private int disposed;

        public string Path => path;

        public long OpenedLength { get; } = node.Length;

        public int Read(Span<byte> buffer, long position)
        {
            Enter("read");
            lock (node)
            {
                int count = (int)Math.Clamp(node.Length - position, 0, buffer.Length);
                node.Bytes.AsSpan((int)Math.Min(position, node.Length), count).CopyTo(buffer);
                return count;
            }
        }

        public void Write(ReadOnlySpan<byte> bytes, long position)
        {
            Assert.Equal(StorageAccess.Write, access);
            if (Interlocked.Increment(ref node.Writers) > 1) storage.OverlappingWrites++;
            try
            {
                Enter("write");
                lock (node)
                {
                    int end = (int)position + bytes.Length;
                    if (end > node.Bytes.Length)
                    {
                        byte[] larger = new byte[Math.Max(end, node.Bytes.Length * 2)];
                        node.Bytes.AsSpan(0, node.Length).CopyTo(larger);
                        node.Bytes = larger;
                    }
                    bytes.CopyTo(node.Bytes.AsSpan((int)position));
                    node.Length = Math.Max(node.Length, end);
                    node.Modified += TimeSpan.FromSeconds(1);
                }
            }
            finally { Interlocked.Decrement(ref node.Writers); }
        }

        public void Write(ReadOnlySpan<ReadOnlyMemory<byte>> buffers, long position)
        {
            foreach (ReadOnlyMemory<byte> buffer in buffers)
            {
                Write(buffer.Span, position);
                position += buffer.Length;
            }
        }

        public void SetLength(long length, bool allocate)
        {
            Enter("length");
            lock (node)
            {
                byte[] bytes = new byte[length];
                node.Bytes.AsSpan(0, (int)Math.Min(length, node.Length)).CopyTo(bytes);
                (node.Bytes, node.Length) = (bytes, (int)length);
            }
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref disposed, 1) == 0) Interlocked.Decrement(ref storage.openFiles);
        }

        private void Enter(string operation)
        {
            if (disposed != 0) throw new InvalidOperationException($"{path} was used after it was closed.");
            storage.Before?.Invoke(operation, path);
        }
    }
}

/// <summary>Disk workers of a <see cref="Discovery.TestWorld"/>: work waits in the world's line with everything else.</summary>
internal sealed class WorldWorkers(IScheduler world) : IWorkers
{
    public int Count => 2;

    public int HashLanes => Sha1Lanes.Count;

    /// <summary>Items that came so far.</summary>
    public int Queued { get; private set; }

    public void Queue(IWorkItem item)
    {
        Queued++;
        world.Schedule(item);
    }
}

/// <summary>Disk workers that are threads of the pool.</summary>
internal sealed class PoolWorkers : IWorkers
{
    public int Count => 4;

    public int HashLanes => 1;

    public void Queue(IWorkItem item) => ThreadPool.UnsafeQueueUserWorkItem(item, preferLocal: false);
}
