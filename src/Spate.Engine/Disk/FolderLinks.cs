using Spate.Engine.Ports;

namespace Spate.Engine.Disk;

/// <summary>
/// Keeps a torrent inside its download folder: the folder itself may be a link, as the user chose it, but no folder of the torrent below
/// it, as whoever planted one there would choose where we write, read and delete.
/// </summary>
internal static class FolderLinks
{
    /// <summary>The first folder on the way from <paramref name="root"/> to the file that is something else than a folder; null when there is none.</summary>
    /// <param name="storage">Where to look.</param>
    /// <param name="root">The download folder.</param>
    /// <param name="path">The file's path below it, parted by <c>/</c>.</param>
    public static string? Find(IStorage storage, string root, string path)
    {
        for (int slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
        {
            string folder = Path.Combine(root, path[..slash].Replace('/', Path.DirectorySeparatorChar));
            switch (storage.Stat(folder).Kind)
            {
                case StorageEntryKind.None: return null; // nor anything below it
                case StorageEntryKind.Folder: break;
                default: return folder;
            }
        }
        return null;
    }

    /// <summary>Refuses a file behind a link.</summary>
    /// <exception cref="IOException">There is a link on the way to it.</exception>
    public static void Check(IStorage storage, string root, string path)
    {
        if (Find(storage, root, path) is { } link)
            throw new IOException($"{link} is a link or a file where the torrent has a folder; it is not followed. Move it away to go on.");
    }
}
