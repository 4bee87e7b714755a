using System.IO.Enumeration;
using System.Text;
using Spate.Hashing;
using Spate.Protocol;

namespace Spate.Create;

/// <summary>
/// Finds the files of a folder for a torrent, sorted by their names' bytes so that the same folder gives the same torrent
/// everywhere.
/// </summary>
internal sealed class ContentScan
{
    private static readonly string[] JunkNames =
        ["Thumbs.db", "ehthumbs.db", "desktop.ini", ".DS_Store", ".localized", ".Spotlight-V100", ".Trashes", ".fseventsd"];

    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    private readonly string root;
    private readonly CreateOptions options;
    private readonly List<(NewFile File, string Path)> files = [];
    private readonly List<string> leftOut = [];

    private ContentScan(string root, CreateOptions options)
    {
        this.root = root;
        this.options = options;
    }

    // A file or folder that waits for its turn: where it is, its path in the torrent, and the folders it was reached through.
    private readonly record struct Item(string Path, string[] Names, string[] Through);

    /// <summary>The files below a folder, or the file itself, and what was left out.</summary>
    /// <exception cref="IOException">A folder cannot be read, or there is nothing there.</exception>
    public static (List<(NewFile File, string Path)> Files, List<string> LeftOut) Of(string path, CreateOptions options, CancellationToken cancel)
    {
        // A link that was named itself is always followed.
        if (File.Exists(path))
        {
            string target = new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path);
            return ([(Describe(target, [], options), target)], []);
        }
        if (!Directory.Exists(path)) throw new FileNotFoundException($"There is no file or folder {path}.", path);
        var folder = new DirectoryInfo(path);
        var scan = new ContentScan(folder.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? folder.FullName, options);
        scan.Walk(cancel);
        return (scan.files, scan.leftOut);
    }

    // Depth first, with a stack of our own: folders can be nested deeper than the thread's.
    private void Walk(CancellationToken cancel)
    {
        var waiting = new Stack<Item>();
        Expand(new Item(root, [], []), waiting);
        while (waiting.TryPop(out Item item))
        {
            cancel.ThrowIfCancellationRequested();
            string path = item.Path;
            var entry = new FileInfo(path);
            if (entry.LinkTarget is not null && !TakesLink(entry, item, out path)) continue;
            if (Directory.Exists(path)) Expand(item with { Path = path }, waiting);
            else if (!FileKind.IsRegular(path)) LeaveOut(item.Names, "no regular file");
            else files.Add((Describe(path, item.Names, options), path));
        }
        DropDanglingLinks();
    }

    private void Expand(Item folder, Stack<Item> waiting)
    {
        if (folder.Names.Length >= Metainfo.MaxPathDepth)
            throw new IOException($"{folder.Path} is more than {Metainfo.MaxPathDepth} folders deep.");
        string[] through = [.. folder.Through, folder.Path];
        var found = new List<(byte[] Order, Item Item)>();
        foreach (FileSystemInfo entry in new DirectoryInfo(folder.Path).EnumerateFileSystemInfos("*", Everything))
        {
            var item = new Item(entry.FullName, [.. folder.Names, entry.Name], through);
            if (IsWanted(entry, item.Names)) found.Add((Encoding.UTF8.GetBytes(entry.Name), item));
        }
        // Last name first, so that the first is taken first.
        found.Sort((a, b) => b.Order.AsSpan().SequenceCompareTo(a.Order));
        foreach ((_, Item item) in found) waiting.Push(item);
    }

    private bool IsWanted(FileSystemInfo entry, string[] names)
    {
        if (entry.Name.Contains('\ufffd') && !Path.Exists(entry.FullName))
            throw new IOException($"The name of {entry.FullName} is not UTF-8; rename it.");
        if (!options.IncludeJunk && JunkNames.Contains(entry.Name, StringComparer.OrdinalIgnoreCase)) return LeaveOut(names, "junk");
        bool hidden = entry.Name.StartsWith('.') || (OperatingSystem.IsWindows() && entry.Attributes.HasFlag(FileAttributes.Hidden));
        if (hidden && !options.IncludeHidden) return LeaveOut(names, "hidden");
        string path = string.Join('/', names);
        foreach (string pattern in options.Exclude)
        {
            if (FileSystemName.MatchesSimpleExpression(pattern, entry.Name) || FileSystemName.MatchesSimpleExpression(pattern, path))
                return LeaveOut(names, "excluded");
        }
        return true;
    }

    // True when what the link points at is to be taken in its place.
    private bool TakesLink(FileInfo link, Item item, out string final)
    {
        final = "";
        switch (options.Symlinks)
        {
            case SymlinkPolicy.Skip:
                return LeaveOut(item.Names, "symbolic link");
            case SymlinkPolicy.Store:
                string target = Path.GetFullPath(link.LinkTarget!, Path.GetDirectoryName(item.Path)!);
                if (!target.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
                    return LeaveOut(item.Names, "symbolic link to something outside");
                string[] names = Path.GetRelativePath(root, target).Split(Path.DirectorySeparatorChar);
                files.Add((new NewFile(item.Names, 0) { LinkTarget = names }, item.Path));
                return false;
            default:
                if (FinalTarget(link) is not { } found) return LeaveOut(item.Names, "broken symbolic link");
                final = found;
                // A folder that the walk is in, or one around it, would be walked for ever.
                string around = Path.TrimEndingDirectorySeparator(found) + Path.DirectorySeparatorChar;
                if (Array.Exists(item.Through, folder => folder == found || folder.StartsWith(around, StringComparison.Ordinal)))
                    return LeaveOut(item.Names, "symbolic link to a folder around it");
                return true;
        }
    }

    private static string? FinalTarget(FileInfo link)
    {
        try
        {
            return link.ResolveLinkTarget(returnFinalTarget: true) is { } target && Path.Exists(target.FullName) ? target.FullName : null;
        }
        catch (IOException)
        {
            return null; // links in a circle
        }
    }

    // A stored link must point at something that is in the torrent.
    private void DropDanglingLinks()
    {
        if (options.Symlinks != SymlinkPolicy.Store) return;
        var paths = new HashSet<string>();
        foreach ((NewFile file, _) in files)
        {
            for (int length = 1; length <= file.Path.Count; length++) paths.Add(string.Join('/', file.Path.Take(length)));
        }
        files.RemoveAll(f => f.File.LinkTarget is { } target && !paths.Contains(string.Join('/', target))
            && !LeaveOut([.. f.File.Path], "symbolic link to something that is left out"));
    }

    private static NewFile Describe(string path, string[] names, CreateOptions options)
    {
        bool executable = options.KeepExecutable && !OperatingSystem.IsWindows() && File.GetUnixFileMode(path).HasFlag(UnixFileMode.UserExecute);
        return new NewFile(names, new FileInfo(path).Length) { IsExecutable = executable };
    }

    private bool LeaveOut(string[] names, string reason)
    {
        leftOut.Add($"{string.Join('/', names)} ({reason})");
        return false;
    }
}
