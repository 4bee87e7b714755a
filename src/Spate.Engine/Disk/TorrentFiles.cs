using Spate.Engine.Ports;
using Spate.Protocol;

namespace Spate.Engine.Disk;

/// <summary>
/// Reads and writes ranges of a torrent's byte stream in its files. Pad files (BEP 47) read as zeros and swallow what is written.
/// Called from disk workers; several calls may run at the same time.
/// </summary>
internal sealed class TorrentFiles
{
    private readonly FileCache cache;
    private readonly bool preallocate;
    private readonly byte[] trusted; // by file: 1 once its folders were seen to be no links
    private readonly byte[] touched; // by file: 1 once it was opened for writing, so its length was seen to
    private readonly HashSet<string> trustedFolders = new(StringComparer.Ordinal); // their folders, so that one look serves many small files; locked

    public TorrentFiles(FileLayout layout, FileCache cache, string folder, bool preallocate)
    {
        Layout = layout;
        this.cache = cache;
        this.preallocate = preallocate;
        Folder = folder;
        trusted = new byte[layout.Metainfo.Files.Count];
        touched = new byte[layout.Metainfo.Files.Count];
    }

    public FileLayout Layout { get; }

    /// <summary>The download folder. Changes only while no job of the torrent runs.</summary>
    public string Folder { get; set; }

    /// <summary>What the files are called there. Changes only while no job of the torrent runs.</summary>
    public FileNames Names { get; set; } = FileNames.AsInTorrent;

    /// <summary>Where a file of the torrent lies.</summary>
    public string PathOf(int file) => Path.Combine(Folder, BelowFolder(file).Replace('/', Path.DirectorySeparatorChar));

    /// <summary>The same below the download folder, parted by <c>/</c>.</summary>
    public string BelowFolder(int file) => Names.PathOf(Layout.Metainfo.Files[file].Path);

    /// <summary>Writes blocks that follow each other in the stream; adds the files it wrote to.</summary>
    public void Write(long position, ReadOnlySpan<ReadOnlyMemory<byte>> blocks, ICollection<int> written)
    {
        int block = 0, used = 0, total = 0;
        foreach (ReadOnlyMemory<byte> memory in blocks) total += memory.Length;
        if (total == 0) return;
        FileSlice whole = Layout.Slice(position, total);
        if (whole.Length == total && !Layout.Metainfo.Files[whole.File].IsPadding)
        {
            using FileCache.Lease lease = OpenForWriting(whole.File);
            lease.File.Write(blocks, whole.Position);
            written.Add(whole.File);
            return;
        }
        var run = new ReadOnlyMemory<byte>[blocks.Length];
        while (total > 0)
        {
            FileSlice slice = Layout.Slice(position, total);
            int count = 0;
            for (int left = slice.Length; left > 0; count++)
            {
                int take = Math.Min(left, blocks[block].Length - used);
                run[count] = blocks[block].Slice(used, take);
                left -= take;
                used += take;
                if (used < blocks[block].Length) continue;
                block++;
                used = 0;
            }
            if (!Layout.Metainfo.Files[slice.File].IsPadding)
            {
                using FileCache.Lease lease = OpenForWriting(slice.File);
                if (count == 1) lease.File.Write(run[0].Span, slice.Position);
                else lease.File.Write(run.AsSpan(0, count), slice.Position);
                written.Add(slice.File);
            }
            position += slice.Length;
            total -= slice.Length;
        }
    }

    /// <summary>Fills the buffer; false when a file is missing or ends too early.</summary>
    public bool TryRead(long position, Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            FileSlice slice = Layout.Slice(position, buffer.Length);
            Span<byte> part = buffer[..slice.Length];
            if (Layout.Metainfo.Files[slice.File].IsPadding) part.Clear();
            else
            {
                try
                {
                    using FileCache.Lease lease = Open(slice.File, StorageAccess.Read);
                    if (lease.File.Read(part, slice.Position) < part.Length) return false;
                }
                catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException) { return false; }
            }
            position += slice.Length;
            buffer = buffer[slice.Length..];
        }
        return true;
    }

    /// <summary>Makes the files that no piece will ever fill: empty ones, and links (BEP 47).</summary>
    public void CreateEmptyFiles(IStorage storage)
    {
        for (int i = 0; i < Layout.Metainfo.Files.Count; i++)
        {
            MetainfoFile file = Layout.Metainfo.Files[i];
            if (file.Length > 0 || file.IsPadding) continue;
            FolderLinks.Check(storage, Folder, BelowFolder(i));
            if (storage.Stat(PathOf(i)).Kind != StorageEntryKind.None) continue;
            if (Names.LinkTargetOf(file) is { } target)
            {
                storage.CreateFolder(Path.GetDirectoryName(PathOf(i))!);
                storage.CreateLink(PathOf(i), target);
            }
            else storage.Open(PathOf(i), StorageAccess.Write).Dispose();
        }
    }

    /// <summary>Closes the torrent's files.</summary>
    public void Close()
    {
        string ours = Path.Combine(Folder, Names.PathOf(Layout.Metainfo.Name));
        cache.Forget(path => path.StartsWith(ours, StringComparison.Ordinal) && (path.Length == ours.Length || path[ours.Length] == Path.DirectorySeparatorChar));
        Array.Clear(trusted);
        lock (trustedFolders) trustedFolders.Clear();
        Array.Clear(touched);
    }

    private FileCache.Lease Open(int file, StorageAccess access)
    {
        if (trusted[file] == 0) Trust(file);
        return cache.Open(PathOf(file), access);
    }

    private void Trust(int file)
    {
        string path = BelowFolder(file);
        ReadOnlySpan<char> folder = path.AsSpan(0, Math.Max(path.LastIndexOf('/'), 0));
        bool known;
        lock (trustedFolders) known = trustedFolders.GetAlternateLookup<ReadOnlySpan<char>>().Contains(folder);
        if (!known)
        {
            FolderLinks.Check(cache.Storage, Folder, path);
            lock (trustedFolders) trustedFolders.Add(folder.ToString());
        }
        trusted[file] = 1;
    }

    private FileCache.Lease OpenForWriting(int file)
    {
        FileCache.Lease lease = Open(file, StorageAccess.Write);
        if (touched[file] != 0) return lease;
        try
        {
            // A longer file of the same name was checked and found wanting before we got here; its tail is no part of the torrent.
            long wanted = Layout.Metainfo.Files[file].Length;
            if (preallocate || lease.File.OpenedLength > wanted) lease.File.SetLength(wanted, preallocate);
            touched[file] = 1;
            return lease;
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }
}
