namespace Spate.Protocol;

/// <summary>
/// Gives every file of a torrent a path that no other file has. Two folders of one name are one folder; a second file of a name,
/// and a file and a folder of one name, are told apart by a number. What counts as one name depends on the rules. Deterministic: it
/// depends on the order of the files only. Takes time in proportion to the number of files, whatever their names.
/// </summary>
internal sealed class FileTree
{
    private readonly Dictionary<(int Folder, string Name), Entry> entries;
    private readonly Dictionary<(int Folder, string Name), int> displaced; // folders whose name a file had taken before
    private readonly Dictionary<(int Folder, string Name), int> numbers;
    private readonly List<string> folders = []; // path of each folder; empty for the root
    private readonly FileNameRules rules;

    public FileTree(FileNameRules rules)
    {
        this.rules = rules;
        IEqualityComparer<(int, string)> comparer = new NameComparer(
            rules == FileNameRules.Portable ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);
        entries = new(comparer);
        displaced = new(comparer);
        numbers = new(comparer);
        folders.Add("");
    }

    // A file, or a folder by its number.
    private readonly record struct Entry(int Folder, string Path)
    {
        public bool IsFolder => Folder > 0;
    }

    /// <summary>Adds a file by its safe components and returns its path.</summary>
    public string Add(IReadOnlyList<string> components)
    {
        int folder = 0;
        for (int i = 0; i < components.Count - 1; i++) folder = Enter(folder, components[i]);
        string name = components[^1];
        if (entries.ContainsKey((folder, Key(name)))) name = Free(folder, name);
        string path = Join(folder, name);
        entries.Add((folder, Key(name)), new Entry(0, path));
        return path;
    }

    /// <summary>The path that was given to a file or folder of these names, or null when there is none.</summary>
    public string? Find(IReadOnlyList<string> components)
    {
        int folder = 0;
        for (int i = 0; i < components.Count; i++)
        {
            (int, string) key = (folder, Key(components[i]));
            bool last = i == components.Count - 1;
            if (!entries.TryGetValue(key, out Entry entry)) return null;
            if (last) return entry.Path;
            if (entry.IsFolder) folder = entry.Folder;
            else if (displaced.TryGetValue(key, out int moved)) folder = moved;
            else return null;
        }
        return null;
    }

    private int Enter(int folder, string name)
    {
        (int, string) key = (folder, Key(name));
        if (!entries.TryGetValue(key, out Entry entry)) return AddFolder(folder, name);
        if (entry.IsFolder) return entry.Folder;
        if (displaced.TryGetValue(key, out int moved)) return moved;
        moved = AddFolder(folder, Free(folder, name));
        displaced.Add(key, moved);
        return moved;
    }

    private int AddFolder(int parent, string name)
    {
        int id = folders.Count;
        string path = Join(parent, name);
        folders.Add(path);
        entries.Add((parent, Key(name)), new Entry(id, path));
        return id;
    }

    // The lowest number is remembered for each name, so a thousand files of one name cost a thousand steps, not half a million.
    // Names are remembered as they look when numbered: long ones that differ only in what is cut off share their numbers.
    private string Free(int folder, string name)
    {
        (int, string) key = (folder, Key(SafePath.Numbered(name, 0)));
        int number = numbers.GetValueOrDefault(key, 1);
        string candidate;
        do candidate = SafePath.Numbered(name, number++);
        while (entries.ContainsKey((folder, Key(candidate))));
        numbers[key] = number;
        return candidate;
    }

    private string Join(int folder, string name) => folder == 0 ? name : string.Concat(folders[folder], "/", name);

    private string Key(string name) => rules == FileNameRules.Portable ? CanonicalDecomposition.Of(name) : name;

    private sealed class NameComparer(StringComparer names) : IEqualityComparer<(int Folder, string Name)>
    {
        public bool Equals((int Folder, string Name) x, (int Folder, string Name) y) => x.Folder == y.Folder && names.Equals(x.Name, y.Name);

        public int GetHashCode((int Folder, string Name) key) => HashCode.Combine(key.Folder, names.GetHashCode(key.Name));
    }
}
