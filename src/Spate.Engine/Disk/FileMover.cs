using Spate.Engine.Ports;
using Spate.Protocol;

namespace Spate.Engine.Disk;

/// <summary>Moves or deletes the files of a torrent, and the folders that become empty. Called from a disk worker while nothing else uses them.</summary>
internal static class FileMover
{
    /// <summary>
    /// Moves file by file, so that an interrupted move can simply be made again. Never replaces a file. Where one can't be moved, those
    /// before it are moved back.
    /// </summary>
    /// <exception cref="IOException">A file can't be moved, or something stands in its place.</exception>
    public static void Move(IStorage storage, Metainfo metainfo, FileNames names, string from, string to)
    {
        var moves = new List<(string Source, string Target)>();
        foreach (MetainfoFile file in metainfo.Files)
        {
            if (file.IsPadding) continue;
            string path = names.PathOf(file.Path);
            FolderLinks.Check(storage, from, path);
            FolderLinks.Check(storage, to, path);
            (string source, string target) = (Below(from, path), Below(to, path));
            if (storage.Stat(source).Kind == StorageEntryKind.None) continue;
            if (storage.Stat(target).Kind != StorageEntryKind.None) throw new IOException($"{target} exists already; move it away or choose another folder.");
            moves.Add((source, target));
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
        DeleteFolders(storage, metainfo, names, from);
    }

    /// <summary>Deletes the torrent's files, but nothing behind a link that somebody put in the place of one of its folders.</summary>
    public static void Delete(IStorage storage, Metainfo metainfo, FileNames names, string folder)
    {
        foreach (MetainfoFile file in metainfo.Files)
        {
            string path = names.PathOf(file.Path);
            if (!file.IsPadding && FolderLinks.Find(storage, folder, path) is null) storage.Delete(Below(folder, path));
        }
        DeleteFolders(storage, metainfo, names, folder);
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
