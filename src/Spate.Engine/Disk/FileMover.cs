using Spate.Engine.Ports;
using Spate.Protocol;

namespace Spate.Engine.Disk;

/// <summary>Moves or deletes the files of a torrent, and the folders that become empty. Called from a disk worker while nothing else uses them.</summary>
internal static class FileMover
{
    /// <summary>
    /// Moves file by file, so that an interrupted move can simply be made again. Never replaces a file. Where one can't be moved, those
    /// before it are moved back. When it returns, the new names survive a power cut.
    /// </summary>
    /// <param name="storage">Where the files are.</param>
    /// <param name="metainfo">Whose files they are.</param>
    /// <param name="names">What they are called.</param>
    /// <param name="from">The download folder.</param>
    /// <param name="to">The new one.</param>
    /// <param name="again">The move was interrupted once: a file that stands in both places, alike, was moved and only not yet deleted.</param>
    /// <exception cref="IOException">A file can't be moved, or something stands in its place.</exception>
    public static void Move(IStorage storage, Metainfo metainfo, FileNames names, string from, string to, bool again = false)
    {
        var moves = new List<(string Source, string Target)>();
        var moved = new List<string>();
        foreach (MetainfoFile file in metainfo.Files)
        {
            if (file.IsPadding) continue;
            string path = names.PathOf(file.Path);
            FolderLinks.Check(storage, from, path);
            FolderLinks.Check(storage, to, path);
            (string source, string target) = (Below(from, path), Below(to, path));
            StorageEntry here = storage.Stat(source), there = storage.Stat(target);
            if (here.Kind == StorageEntryKind.None) continue;
            if (there.Kind == StorageEntryKind.None) moves.Add((source, target));
            else if (again && here == there) moved.Add(source);
            else throw new IOException($"{target} exists already; move it away or choose another folder.");
        }
        int done = 0;
        try
        {
            for (; done < moves.Count; done++)
            {
                storage.CreateFolder(Path.GetDirectoryName(moves[done].Target)!);
                storage.Move(moves[done].Source, moves[done].Target);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            while (--done >= 0) storage.Move(moves[done].Target, moves[done].Source);
            DeleteFolders(storage, metainfo, names, to);
            throw;
        }
        if (moves.Count > 0) storage.Flush([.. moves.Select(move => move.Target)]);
        foreach (string source in moved) storage.Delete(source);
        DeleteFolders(storage, metainfo, names, from);
    }

    /// <summary>Deletes the torrent's files, but nothing behind a link that somebody put in the place of one of its folders.</summary>
    /// <param name="storage">Where the files are.</param>
    /// <param name="metainfo">Whose files they are.</param>
    /// <param name="names">What they are called there.</param>
    /// <param name="folder">The download folder.</param>
    /// <param name="movingTo">Where some of them lie already when a move was interrupted; what has their names there and is not theirs stays.</param>
    public static void Delete(IStorage storage, Metainfo metainfo, FileNames names, string folder, string? movingTo = null)
    {
        foreach (MetainfoFile file in metainfo.Files)
        {
            string below = names.PathOf(file.Path);
            if (file.IsPadding || FolderLinks.Find(storage, folder, below) is not null) continue;
            string path = Below(folder, below);
            if (movingTo is not null && FolderLinks.Find(storage, movingTo, below) is null)
            {
                StorageEntry here = storage.Stat(path), there = storage.Stat(Below(movingTo, below));
                if (here.Kind == StorageEntryKind.None || here == there) storage.Delete(Below(movingTo, below));
            }
            storage.Delete(path);
        }
        DeleteFolders(storage, metainfo, names, folder);
        if (movingTo is not null) DeleteFolders(storage, metainfo, names, movingTo);
    }

    /// <summary>Deletes the torrent's folders that are empty.</summary>
    public static void DeleteFolders(IStorage storage, Metainfo metainfo, FileNames names, string root)
    {
        var folders = new HashSet<string>(StringComparer.Ordinal);
        foreach (MetainfoFile file in metainfo.Files)
        {
            string path = names.PathOf(file.Path);
            for (int slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1)) folders.Add(path[..slash]);
        }
        foreach (string folder in folders.OrderByDescending(folder => folder.Length)) // the deepest first; one that is not empty stays
        {
            if (FolderLinks.Find(storage, root, folder + "/") is null) storage.Delete(Below(root, folder));
        }
    }

    private static string Below(string folder, string path) => Path.Combine(folder, path.Replace('/', Path.DirectorySeparatorChar));
}
