using Spate.Engine.Ports;
using Spate.Protocol;

namespace Spate.Engine.Disk;

/// <summary>Moves or deletes the files of a torrent, and the folders that become empty. Called from a disk worker while nothing else uses them.</summary>
internal static class FileMover
{
    /// <summary>Moves file by file, so that an interrupted move can simply be made again. Never replaces a file.</summary>
    /// <exception cref="IOException">A file can't be moved, or something stands in its place; what was moved before stays moved.</exception>
    public static void Move(IStorage storage, Metainfo metainfo, string from, string to)
    {
        foreach (MetainfoFile file in metainfo.Files)
        {
            string source = PathOf(from, file), target = PathOf(to, file);
            if (file.IsPadding || storage.Stat(source).Kind == StorageEntryKind.None) continue;
            if (storage.Stat(target).Kind != StorageEntryKind.None) throw new IOException($"{target} exists already; move it away or choose another folder.");
            storage.CreateFolder(Path.GetDirectoryName(target)!);
            storage.Move(source, target);
        }
        DeleteFolders(storage, metainfo, from);
    }

    public static void Delete(IStorage storage, Metainfo metainfo, string folder)
    {
        foreach (MetainfoFile file in metainfo.Files)
        {
            if (!file.IsPadding) storage.Delete(PathOf(folder, file));
        }
        DeleteFolders(storage, metainfo, folder);
    }

    private static string PathOf(string folder, MetainfoFile file) => Path.Combine(folder, file.Path.Replace('/', Path.DirectorySeparatorChar));

    // Deepest first; a folder that is not empty stays.
    private static void DeleteFolders(IStorage storage, Metainfo metainfo, string root)
    {
        var folders = new HashSet<string>(StringComparer.Ordinal);
        foreach (MetainfoFile file in metainfo.Files)
        {
            for (string? folder = Path.GetDirectoryName(file.Path.Replace('/', Path.DirectorySeparatorChar)); !string.IsNullOrEmpty(folder); folder = Path.GetDirectoryName(folder))
                folders.Add(folder);
        }
        foreach (string folder in folders.OrderByDescending(folder => folder.Length)) storage.Delete(Path.Combine(root, folder));
    }
}
