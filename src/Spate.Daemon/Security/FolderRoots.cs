namespace Spate.Daemon.Security;

/// <summary>A path that may not be used, with the reason for people.</summary>
internal sealed class ForbiddenPathException(string message) : Exception(message);

/// <summary>
/// The folders below which the API may read, write and list. Paths are taken apart before the disk is asked: relative ones, <c>..</c>
/// and NUL are refused, then every link on the way is followed, and what counts is where it really ends.
/// </summary>
internal sealed class FolderRoots
{
    private const int MostLinks = 40;
    private const int MaxLength = 4096;

    private static readonly StringComparison comparison = OperatingSystem.IsWindows() || OperatingSystem.IsMacOS() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;

    private readonly string[] roots;
    private readonly string[] forbidden;

    /// <param name="roots">The folders. Links on the way to them are followed once, now.</param>
    /// <param name="forbidden">Folders that are out of reach even below a root: the daemon's own state.</param>
    public FolderRoots(IEnumerable<string> roots, IEnumerable<string> forbidden)
    {
        Named = [.. roots.Select(root => Path.TrimEndingDirectorySeparator(Path.GetFullPath(root))).Distinct()];
        this.roots = [.. Named.Select(Real)];
        this.forbidden = [.. forbidden.Select(folder => Real(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))))];
    }

    /// <summary>The roots as they were named.</summary>
    public IReadOnlyList<string> Named { get; }

    /// <summary>A path in its plain form, if it lies in or below a root. It need not exist.</summary>
    /// <exception cref="ForbiddenPathException">It does not, or can't be used.</exception>
    public string Check(string path)
    {
        if (path.Length == 0) throw new ForbiddenPathException("The path is empty.");
        if (path.Length > MaxLength) throw new ForbiddenPathException($"The path has more than {MaxLength:N0} characters.");
        if (path.AsSpan().ContainsAnyInRange('\0', '\x1f')) throw new ForbiddenPathException("The path holds characters that no path may hold.");
        if (!Path.IsPathFullyQualified(path)) throw new ForbiddenPathException($"\"{path}\" is not a full path.");
        if (path.Split(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar).Contains("..")) throw new ForbiddenPathException($"\"{path}\" leads upwards (\"..\").");
        string plain = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        string real;
        try
        {
            real = Real(plain);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ForbiddenPathException($"\"{path}\" can't be looked at: {e.Message}");
        }
        if (!Array.Exists(roots, root => IsIn(real, root)))
            throw new ForbiddenPathException($"\"{path}\" is outside of the folders that this daemon may use ({string.Join(", ", Named)}). Choose one below them, or start it with --root FOLDER, or SPATE_SERVE_ROOT, to allow another one.");
        if (Array.Exists(forbidden, folder => IsIn(real, folder))) throw new ForbiddenPathException($"\"{path}\" is the daemon's own.");
        return plain;
    }

    /// <summary>True when it may be used.</summary>
    public bool Allows(string path)
    {
        try
        {
            Check(path);
            return true;
        }
        catch (ForbiddenPathException)
        {
            return false;
        }
    }

    private static bool IsIn(string path, string folder) =>
        path.Equals(folder, comparison) || path.StartsWith(Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar, comparison);

    // Where a path ends when all links on it are followed; what does not exist yet leads nowhere else.
    private static string Real(string path)
    {
        int links = 0;
        string root = Path.GetPathRoot(path)!;
        var rest = new Stack<string>(path[root.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse());
        string at = root;
        while (rest.TryPop(out string? name))
        {
            if (name == ".") continue;
            if (name == "..")
            {
                at = Path.GetDirectoryName(at) ?? root;
                continue;
            }
            string next = Path.Combine(at, name);
            string? target = new FileInfo(next).LinkTarget;
            if (target is null)
            {
                at = next;
                continue;
            }
            if (++links > MostLinks) throw new IOException("its links lead in a circle");
            if (Path.IsPathRooted(target))
            {
                at = Path.GetPathRoot(target)!;
                target = target[at.Length..];
            }
            foreach (string part in target.Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse()) rest.Push(part);
        }
        return at;
    }
}
