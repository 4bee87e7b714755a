using Spate.Engine.Ports;

namespace Spate.Engine.Disk;

/// <summary>
/// Keeps the files used last open, for all torrents of a session, up to a number of handles. A file in use is never closed under
/// its user: each use is a lease. Called from disk workers; the lock is held for a look-up only, never during a system call.
/// </summary>
internal sealed class FileCache : IDisposable
{
    private readonly IStorage storage;
    private readonly int capacity;
    private readonly Dictionary<(string Path, StorageAccess Access), Entry> open = [];
    private readonly LinkedList<Entry> byUse = new(); // first: used last
    private readonly Lock gate = new();

    public FileCache(IStorage storage, int capacity)
    {
        this.storage = storage;
        this.capacity = capacity;
    }

    /// <summary>Where files are opened.</summary>
    public IStorage Storage => storage;

    /// <summary>Opens the file or finds it open. Dispose the lease soon.</summary>
    /// <exception cref="IOException">It can't be opened.</exception>
    public Lease Open(string path, StorageAccess access)
    {
        Entry? entry = Find(path, access);
        if (entry is not null) return new Lease(this, entry);

        var opened = new Entry(path, access, storage.Open(path, access)) { Uses = 1 };
        List<Entry>? evicted = null;
        lock (gate)
        {
            // Two workers may have opened the same file: the later one uses its own handle just this once.
            opened.Cached = open.TryAdd((path, access), opened);
            if (opened.Cached)
            {
                opened.Node = byUse.AddFirst(opened);
                LinkedListNode<Entry>? node = byUse.Last;
                while (open.Count > capacity && node is not null)
                {
                    LinkedListNode<Entry>? before = node.Previous;
                    if (node.Value.Uses == 0) Remove(node.Value, ref evicted);
                    node = before;
                }
            }
        }
        Close(evicted);
        return new Lease(this, opened);
    }

    /// <summary>Closes what is open below these paths: before a file is moved, deleted, or opened anew after an error.</summary>
    public void Forget(Func<string, bool> matches)
    {
        List<Entry>? closing = null;
        lock (gate)
        {
            foreach (Entry entry in open.Values.Where(entry => matches(entry.Path)).ToList())
            {
                if (entry.Uses == 0) Remove(entry, ref closing);
                else Uncache(entry);
            }
        }
        Close(closing);
    }

    public void Dispose() => Forget(static _ => true);

    private Entry? Find(string path, StorageAccess access)
    {
        lock (gate)
        {
            if (!open.TryGetValue((path, access), out Entry? entry)) return null;
            entry.Uses++;
            if (byUse.First != entry.Node)
            {
                byUse.Remove(entry.Node!);
                byUse.AddFirst(entry.Node!);
            }
            return entry;
        }
    }

    private void Remove(Entry entry, ref List<Entry>? closing)
    {
        Uncache(entry);
        (closing ??= []).Add(entry);
    }

    private void Uncache(Entry entry)
    {
        open.Remove((entry.Path, entry.Access));
        byUse.Remove(entry.Node!);
        entry.Cached = false;
    }

    private static void Close(List<Entry>? entries)
    {
        if (entries is null) return;
        foreach (Entry entry in entries) entry.File.Dispose();
    }

    private void Release(Entry entry)
    {
        bool close;
        lock (gate) close = --entry.Uses == 0 && !entry.Cached;
        if (close) entry.File.Dispose();
    }

    internal sealed class Entry(string path, StorageAccess access, IStorageFile file)
    {
        public string Path { get; } = path;

        public StorageAccess Access { get; } = access;

        public IStorageFile File { get; } = file;

        public LinkedListNode<Entry>? Node { get; set; }

        public int Uses { get; set; }

        public bool Cached { get; set; }
    }

    /// <summary>The right to use an open file for a moment.</summary>
    internal readonly struct Lease(FileCache cache, Entry entry) : IDisposable
    {
        public IStorageFile File => entry.File;

        public void Dispose() => cache.Release(entry);
    }
}
