using Spate.Api;
using Spate.Daemon.Security;

namespace Spate.Daemon.Endpoints;

/// <summary>Lists folders below the daemon's roots.</summary>
internal static class FolderBrowser
{
    private const int MostEntries = 5000;

    /// <exception cref="ApiProblem">The folder may not be listed, or is not there.</exception>
    public static FolderListing List(FolderRoots roots, string? path, bool files)
    {
        if (string.IsNullOrEmpty(path))
            return new FolderListing { Path = "", Entries = [.. roots.Named.Select(static root => new FolderEntry { Name = root, Path = root, IsFolder = true })] };
        string folder;
        try { folder = roots.Check(path); }
        catch (ForbiddenPathException e) { throw ApiProblem.ForbiddenPath("path", e.Message); }
        if (!Directory.Exists(folder)) throw ApiProblem.NotFound($"There is no folder {folder}.");
        string? parent = Path.GetDirectoryName(folder);
        try
        {
            FileSystemInfo[] found = [.. new DirectoryInfo(folder).EnumerateFileSystemInfos()
                .Where(entry => (files || entry is DirectoryInfo) && roots.Allows(entry.FullName)).Take(MostEntries + 1)];
            return new FolderListing
            {
                Path = folder,
                Parent = parent is not null && roots.Allows(parent) ? parent : null,
                FreeBytes = new DriveInfo(folder).AvailableFreeSpace,
                Entries = [.. found.Take(MostEntries).OrderBy(static entry => entry is FileInfo).ThenBy(static entry => entry.Name, StringComparer.OrdinalIgnoreCase)
                    .Select(static entry => new FolderEntry { Name = entry.Name, Path = entry.FullName, IsFolder = entry is DirectoryInfo, Length = (entry as FileInfo)?.Length })],
                Truncated = found.Length > MostEntries,
            };
        }
        catch (UnauthorizedAccessException)
        {
            throw ApiProblem.Forbidden($"The daemon's user may not list {folder}.");
        }
    }
}
