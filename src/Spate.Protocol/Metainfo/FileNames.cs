using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Spate.Protocol;

/// <summary>Why a file or folder of a torrent can't be renamed.</summary>
/// <param name="IsPath">It is the path that is wrong; else it is the new name.</param>
/// <param name="Message">For people.</param>
public sealed record RenameProblem(bool IsPath, string Message);

/// <summary>
/// What files and folders of a torrent are called on disk, where that is not as the torrent says: the torrent and its info-hash stay as
/// they are. New names follow the rules that names of a torrent follow (<see cref="FileNameRules.Portable"/>), but a name that breaks
/// them is refused and not mended. A rename changes one name of a path and never its depth. Immutable.
/// </summary>
public sealed class FileNames
{
    private readonly Dictionary<string, string> names; // by path in the torrent, of what was renamed
    private readonly Dictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> byPath;

    private FileNames(Dictionary<string, string> names)
    {
        this.names = names;
        byPath = names.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>Everything is called as the torrent says.</summary>
    public static FileNames AsInTorrent { get; } = new(new Dictionary<string, string>(StringComparer.Ordinal));

    /// <summary>True when everything is called as the torrent says.</summary>
    public bool IsEmpty => names.Count == 0;

    /// <summary>What was renamed: its path in the torrent and its new name, in the order of the paths.</summary>
    public IEnumerable<(string Path, string Name)> Renamed =>
        names.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => (pair.Key, pair.Value));

    /// <summary>Where a file or folder lies below the download folder.</summary>
    /// <param name="pathInTorrent">Its <see cref="MetainfoFile.Path"/>, or the beginning of one for a folder.</param>
    public string PathOf(string pathInTorrent)
    {
        if (IsEmpty) return pathInTorrent;
        var path = new StringBuilder(pathInTorrent.Length);
        for (int start = 0; start < pathInTorrent.Length;)
        {
            int end = pathInTorrent.IndexOf('/', start);
            if (end < 0) end = pathInTorrent.Length;
            if (start > 0) path.Append('/');
            if (byPath.TryGetValue(pathInTorrent.AsSpan(0, end), out string? name)) path.Append(name);
            else path.Append(pathInTorrent, start, end - start);
            start = end + 1;
        }
        return path.ToString();
    }

    /// <summary>Where a link of the torrent points (BEP 47) with these names.</summary>
    public string? LinkTargetOf(MetainfoFile link)
    {
        if (IsEmpty || link.LinkTarget is not { } target) return link.LinkTarget;
        List<string> there = [.. link.Path.Split('/')[..^1]];
        foreach (string step in target.Split('/'))
        {
            if (step == "..") there.RemoveAt(there.Count - 1);
            else there.Add(step);
        }
        int up = target.Split('/').TakeWhile(static step => step == "..").Count();
        string[] stored = PathOf(string.Join('/', there)).Split('/');
        int shared = link.Path.Split('/').Length - 1 - up;
        return string.Join('/', Enumerable.Repeat("..", up).Concat(stored[shared..]));
    }

    /// <summary>Renames one file or folder.</summary>
    /// <param name="metainfo">The torrent.</param>
    /// <param name="path">Where it lies now, below the download folder, parted by <c>/</c>.</param>
    /// <param name="name">Its new name: one name, no path.</param>
    /// <param name="renamed">All names as they are then.</param>
    /// <param name="problem">Why it can't be.</param>
    public bool TryRename(
        Metainfo metainfo, string path, string name, [NotNullWhen(true)] out FileNames? renamed, [NotNullWhen(false)] out RenameProblem? problem)
    {
        renamed = null;
        if (SafePath.Refuse(name) is { } reason)
        {
            problem = new RenameProblem(IsPath: false, reason);
            return false;
        }
        if (Find(metainfo, path.TrimEnd('/')) is not { } inTorrent)
        {
            problem = new RenameProblem(IsPath: true, $"The torrent has no file or folder \"{path}\". Paths begin with its own folder, such as {PathOf(FirstPath(metainfo))}.");
            return false;
        }
        var changed = new Dictionary<string, string>(names, StringComparer.Ordinal);
        if (name == inTorrent[(inTorrent.LastIndexOf('/') + 1)..]) changed.Remove(inTorrent);
        else changed[inTorrent] = name;
        var result = new FileNames(changed);
        string? fault = result.FindClash(metainfo) is { } other
            ? $"The torrent has \"{other}\" there already, or a name that some systems can't tell from it."
            : result.FindTooLong(metainfo) is { } longest ? $"Paths below it would be longer than {InfoParser.MaxPathBytes:N0} bytes: {longest[..60]}…" : null;
        problem = fault is null ? null : new RenameProblem(IsPath: false, fault);
        renamed = fault is null ? result : null;
        return fault is null;
    }

    /// <summary>Makes names from what was saved; false when one of them is not safe, or two are the same.</summary>
    public static bool TryCreate(Metainfo metainfo, IEnumerable<(string Path, string Name)> renamed, [NotNullWhen(true)] out FileNames? result)
    {
        result = null;
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string path, string name) in renamed)
        {
            if (SafePath.Refuse(name) is not null || !names.TryAdd(path, name)) return false;
        }
        if (names.Count == 0)
        {
            result = AsInTorrent;
            return true;
        }
        var made = new FileNames(names);
        if (made.FindClash(metainfo) is null && made.FindTooLong(metainfo) is null) result = made;
        return result is not null;
    }

    private static string FirstPath(Metainfo metainfo) => metainfo.Files.First(static file => !file.IsPadding).Path;

    // The path in the torrent of what lies at a path now.
    private string? Find(Metainfo metainfo, string path)
    {
        int depth = path.Count(static c => c == '/');
        foreach (MetainfoFile file in metainfo.Files)
        {
            if (file.IsPadding) continue;
            string stored = PathOf(file.Path);
            if (!stored.StartsWith(path, StringComparison.Ordinal) || (stored.Length > path.Length && stored[path.Length] != '/')) continue;
            int end = -1;
            for (int i = 0; i <= depth; i++) end = file.Path.IndexOf('/', end + 1);
            return end < 0 ? file.Path : file.Path[..end];
        }
        return null;
    }

    // A path that two files, or a file and a folder, would share; some systems don't tell cases and normal forms apart.
    private string? FindClash(Metainfo metainfo)
    {
        var taken = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase); // stored -> in the torrent
        foreach (MetainfoFile file in metainfo.Files)
        {
            if (file.IsPadding) continue;
            string stored = PathOf(file.Path);
            for (int at = 0, there = 0; at >= 0;)
            {
                at = stored.IndexOf('/', at + 1);
                there = file.Path.IndexOf('/', there + 1);
                string name = at < 0 ? stored : stored[..at];
                string origin = there < 0 ? file.Path : file.Path[..there];
                // A folder may well be what is called so; a file of that path is told by the sign that no name holds.
                string meant = at < 0 ? origin + "/" : origin;
                string key = CanonicalDecomposition.Of(name);
                if (!taken.TryAdd(key, meant) && taken[key] != meant) return name;
            }
        }
        return null;
    }

    private string? FindTooLong(Metainfo metainfo)
    {
        foreach (MetainfoFile file in metainfo.Files)
        {
            if (file.IsPadding) continue;
            string stored = PathOf(file.Path);
            if (stored.Length > InfoParser.MaxPathBytes / 4 && Encoding.UTF8.GetByteCount(stored) > InfoParser.MaxPathBytes) return stored;
        }
        return null;
    }
}
