using Spate.Engine.Ports;

namespace Spate.Simulation;

/// <summary>
/// The file system of a host, in memory. Its own members are for tests and act at once, without cost or faults; processes reach
/// it through <see cref="IStorage"/>. Names behave as on a journalling file system: after a power cut some of the last changes
/// are gone, in order, but those of flushed files and all before them are there.
/// </summary>
public sealed class SimDisk
{
    private const int MaxLinks = 40;

    private readonly SimHost host;
    private readonly SimRandom random;
    private readonly Dictionary<string, Node> names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Node> durableNames = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> children = new(StringComparer.Ordinal);
    private readonly List<NameChange> journal = [];
    private readonly List<DiskFault> faults = [];
    private int links;
    private long cost;

    internal SimDisk(SimHost host, DiskOptions options)
    {
        this.host = host;
        Options = options;
        random = SimRandom.Fork(host.World.Seed, 0xD15C_0000_0000UL + (ulong)host.Index);
        var root = new Node(StorageEntryKind.Folder, null, null);
        names["/"] = root;
        durableNames["/"] = root;
    }

    internal sealed record Node(StorageEntryKind Kind, Inode? Inode, string? Target);

    private readonly record struct NameChange(string Path, Node? Node);

    /// <summary>Speed and size; may be changed at any time.</summary>
    public DiskOptions Options { get; set; }

    /// <summary>Every change fails.</summary>
    public bool ReadOnly { get; set; }

    /// <summary>The drive is gone: every call fails, and nothing stands at any path.</summary>
    public bool Unplugged { get; set; }

    /// <summary>Bytes in use.</summary>
    public long UsedBytes { get; private set; }

    /// <summary>Bytes left.</summary>
    public long FreeBytes => Math.Max(0, Options.Capacity - UsedBytes);

    /// <summary>Calls by processes until now, for faults on the Nth.</summary>
    public long Calls { get; private set; }

    /// <summary>Bytes that processes have read from files.</summary>
    public long BytesRead { get; internal set; }

    /// <summary>Bytes that processes have written to files.</summary>
    public long BytesWritten { get; internal set; }

    /// <summary>Flushes by processes.</summary>
    public long Flushes { get; internal set; }

    /// <summary>Makes calls fail from now on.</summary>
    public DiskFault Inject(DiskFault fault)
    {
        faults.Add(fault);
        return fault;
    }

    /// <summary>Takes a fault away again.</summary>
    public void Remove(DiskFault fault) => faults.Remove(fault);

    /// <summary>Puts the content's files below a folder, whole and durable.</summary>
    public void Put(SimContent content, string folder)
    {
        ArgumentNullException.ThrowIfNull(content);
        foreach (SimFile file in content.Files)
        {
            string path = Normalize($"{folder}/{file.Path}");
            Inode inode = OpenNode(path, StorageAccess.Write);
            Charge(-inode.Charge);
            inode.Expect(content, file);
            inode.FillWithContent();
            Charge(inode.Charge);
        }
        Commit(journal.Count);
    }

    /// <summary>Puts a small file there, durably.</summary>
    public void Put(string path, ReadOnlySpan<byte> bytes) => Replace(Normalize(path), bytes);

    /// <summary>True when a file is there.</summary>
    public bool Exists(string path) => names.TryGetValue(Normalize(path), out Node? node) && node.Kind == StorageEntryKind.File;

    /// <summary>Paths of all files, sorted.</summary>
    public IReadOnlyList<string> Paths =>
        [.. names.Where(n => n.Value.Kind != StorageEntryKind.Folder).Select(n => n.Key).Order(StringComparer.Ordinal)];

    /// <summary>A file's bytes, or null when it is not there.</summary>
    public byte[]? Get(string path)
    {
        if (!names.TryGetValue(Normalize(path), out Node? node) || node.Inode is null) return null;
        byte[] bytes = new byte[node.Inode.Length];
        node.Inode.Read(bytes, 0);
        return bytes;
    }

    /// <summary>True when the content's files stand below the folder, whole and right.</summary>
    public bool Holds(SimContent content, string folder)
    {
        for (int piece = 0; piece < content.PieceCount; piece++)
        {
            if (!HoldsPiece(content, folder, piece)) return false;
        }
        foreach (SimFile file in content.Files)
        {
            if (!names.TryGetValue(Normalize($"{folder}/{file.Path}"), out Node? node) || node.Inode?.Length != file.Length) return false;
        }
        return true;
    }

    /// <summary>True when all bytes of a piece stand in the files below the folder.</summary>
    /// <param name="content">What they are to hold.</param>
    /// <param name="folder">Where they lie.</param>
    /// <param name="piece">The piece.</param>
    /// <param name="called">What the files are called; null: as the content says.</param>
    public bool HoldsPiece(SimContent content, string folder, int piece, Protocol.FileNames? called = null)
    {
        ArgumentNullException.ThrowIfNull(content);
        long begin = (long)piece * content.PieceLength, end = begin + content.PieceBytes(piece);
        byte[] have = new byte[content.PieceLength], want = new byte[content.PieceLength];
        foreach (SimFile file in content.Files)
        {
            long from = Math.Max(begin, file.Offset), to = Math.Min(end, file.Offset + file.Length);
            if (from >= to) continue;
            if (!names.TryGetValue(Normalize($"{folder}/{called?.PathOf(file.Path) ?? file.Path}"), out Node? node) || node.Inode is null) return false;
            int n = (int)(to - from);
            if (node.Inode.Read(have.AsSpan(0, n), from - file.Offset) < n) return false;
            content.Read(from, want.AsSpan(0, n));
            if (!have.AsSpan(0, n).SequenceEqual(want.AsSpan(0, n))) return false;
        }
        return true;
    }

    /// <summary>Flips bits in a file without its length or date telling.</summary>
    public void Corrupt(string path, long position, int length) => Existing(Normalize(path)).Corrupt(position, length);

    /// <summary>Cuts a file, as another program would.</summary>
    public void Truncate(string path, long length) => Existing(Normalize(path)).SetLength(length, allocate: false);

    /// <summary>Takes a file away, as another program would.</summary>
    public void Erase(string path) => Change(Normalize(path), null);

    /// <summary>Bytes of pages that were written and are not flushed, in all files.</summary>
    public long UnflushedBytes => names.Values.Sum(n => (long)(n.Inode?.Unflushed ?? 0)) * Inode.PageSize;

    internal void PowerCut(double survival)
    {
        foreach (string path in names.Keys.Order(StringComparer.Ordinal).ToArray()) names[path].Inode?.PowerCut(random, survival);
        foreach (Node node in durableNames.Values) node.Inode?.PowerCut(random, survival); // deleted, and that may come back
        Commit(random.Next(journal.Count + 1));
        journal.Clear();
        names.Clear();
        children.Clear();
        links = 0;
        UsedBytes = 0;
        foreach (var (path, node) in durableNames) AddName(path, node);
    }

    // The port's calls. Paths are normal already.

    internal Inode OpenNode(string path, StorageAccess access)
    {
        path = Resolve(path);
        if (names.TryGetValue(path, out Node? node))
        {
            if (node.Kind == StorageEntryKind.Link) throw new IOException($"A symbolic link stands at {path}; it is not followed.");
            return node.Inode ?? throw new IOException($"No regular file stands at {path}.");
        }
        if (access == StorageAccess.Read) throw new FileNotFoundException($"There is no file {path}.", path);
        MakeFolder(Parent(path));
        var inode = new Inode(this) { Modified = host.World.UtcNow + host.ClockOffset };
        if (host.World.Contents.Find(path) is { } known) inode.Expect(known.Content, known.File);
        Change(path, new Node(StorageEntryKind.File, inode, null));
        return inode;
    }

    internal StorageEntry Stat(string path)
    {
        if (Unplugged || !names.TryGetValue(Resolve(path), out Node? node)) return default;
        return new StorageEntry(node.Kind, node.Inode?.Length ?? 0, node.Inode?.Modified ?? default);
    }

    internal void MakeFolder(string path)
    {
        path = Resolve(path);
        if (names.TryGetValue(path, out Node? node))
        {
            if (node.Kind != StorageEntryKind.Folder) throw new IOException($"{path} is not a folder.");
            return;
        }
        MakeFolder(Parent(path));
        Change(path, new Node(StorageEntryKind.Folder, null, null));
    }

    internal void MakeLink(string path, string target)
    {
        path = Resolve(path);
        if (names.ContainsKey(path)) throw new IOException($"{path} is there already.");
        MakeFolder(Parent(path));
        Change(path, new Node(StorageEntryKind.Link, null, target));
    }

    internal void Move(string from, string to)
    {
        from = Resolve(from);
        to = Resolve(to);
        if (!names.TryGetValue(from, out Node? node)) throw new FileNotFoundException($"There is no file {from}.", from);
        if (node.Kind == StorageEntryKind.Folder) throw new IOException($"{from} is a folder.");
        if (names.ContainsKey(to)) throw new IOException($"{to} is there already.");
        MakeFolder(Parent(to));
        // Two changes that a power cut may part would lose the file: first the new name, so that at worst both are there.
        Change(to, node);
        Change(from, null);
    }

    internal void Delete(string path)
    {
        path = Resolve(path);
        if (!names.TryGetValue(path, out Node? node)) return;
        if (node.Kind == StorageEntryKind.Folder && (path == "/" || children.GetValueOrDefault(path) > 0)) return;
        Change(path, null);
    }

    internal void Replace(string path, ReadOnlySpan<byte> bytes)
    {
        path = Resolve(path);
        if (names.TryGetValue(path, out Node? old) && old.Kind == StorageEntryKind.Folder) throw new IOException($"{path} is a folder.");
        MakeFolder(Parent(path));
        var inode = new Inode(this) { Modified = host.World.UtcNow + host.ClockOffset };
        // Counted when it gets its name; until then it must only fit.
        if ((bytes.Length + Inode.PageSize - 1) / Inode.PageSize * Inode.PageSize > FreeBytes) throw Full(path);
        inode.Write(bytes, 0);
        Charge(-inode.Charge);
        inode.Flush();
        if (old is not null) Change(path, null);
        Change(path, new Node(StorageEntryKind.File, inode, null));
        Commit(journal.Count);
    }

    /// <summary>Makes the names of the files durable, and all name changes before them.</summary>
    internal void CommitNames(IReadOnlySet<Inode> of)
    {
        int last = journal.FindLastIndex(change => change.Node?.Inode is { } inode && of.Contains(inode));
        Commit(last + 1);
    }

    internal void Charge(long bytes) => UsedBytes += bytes;

    internal StorageFullException Full(string path) => new($"No space left on the disk of {host.Name}: {path}");

    internal void AddCost(long bytes, long bytesPerSecond)
    {
        if (bytesPerSecond > 0) cost += bytes * TimeSpan.TicksPerSecond / bytesPerSecond;
    }

    internal void AddCost(TimeSpan time) => cost += time.Ticks;

    internal long TakeCost()
    {
        long taken = cost;
        cost = 0;
        return taken;
    }

    /// <summary>Counts a call by a process, and fails it where the test said so.</summary>
    internal void Count(DiskCalls call, string path, bool change)
    {
        Calls++;
        if (Unplugged && call != DiskCalls.Stat) throw new IOException($"Input/output error: the drive of {path} is gone.");
        foreach (DiskFault fault in faults)
        {
            if (fault.Hit(call, path) is not { } error) continue;
            host.World.Note(TraceKind.StorageError, host.Index, (long)call);
            throw error;
        }
        if (change && ReadOnly) throw new IOException($"Read-only file system: {path}");
    }

    internal static string Normalize(string path)
    {
        var parts = new List<string>();
        foreach (string part in path.Split('/'))
        {
            if (part is "" or ".") continue;
            if (part == "..")
            {
                if (parts.Count > 0) parts.RemoveAt(parts.Count - 1);
            }
            else parts.Add(part);
        }
        return "/" + string.Join('/', parts);
    }

    private static string Parent(string path)
    {
        int slash = path.LastIndexOf('/');
        return slash <= 0 ? "/" : path[..slash];
    }

    // Follows links in all parts of the path but the last.
    private string Resolve(string path)
    {
        if (links == 0) return path;
        for (int followed = 0, slash = path.IndexOf('/', 1); slash >= 0; slash = path.IndexOf('/', slash + 1))
        {
            string prefix = path[..slash];
            if (!names.TryGetValue(prefix, out Node? node) || node.Kind != StorageEntryKind.Link) continue;
            if (++followed > MaxLinks) throw new IOException($"Too many symbolic links: {path}");
            path = Normalize($"{Parent(prefix)}/{node.Target}{path[slash..]}");
            slash = 0;
        }
        return path;
    }

    private Inode Existing(string path) =>
        names.GetValueOrDefault(path)?.Inode ?? throw new FileNotFoundException($"There is no file {path}.", path);

    private void Change(string path, Node? node)
    {
        journal.Add(new NameChange(path, node));
        if (node is not null) AddName(path, node);
        else if (names.Remove(path, out Node? old))
        {
            children[Parent(path)]--;
            if (old.Kind == StorageEntryKind.Link) links--;
            if (old.Inode is not null) Charge(-old.Inode.Charge);
        }
    }

    private void AddName(string path, Node node)
    {
        names[path] = node;
        if (path != "/") children[Parent(path)] = children.GetValueOrDefault(Parent(path)) + 1;
        if (node.Kind == StorageEntryKind.Link) links++;
        if (node.Inode is not null) Charge(node.Inode.Charge);
    }

    private void Commit(int count)
    {
        for (int i = 0; i < count; i++)
        {
            var (path, node) = journal[i];
            if (node is null) durableNames.Remove(path);
            else durableNames[path] = node;
        }
        journal.RemoveRange(0, count);
    }
}
