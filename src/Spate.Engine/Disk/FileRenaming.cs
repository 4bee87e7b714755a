using Spate.Engine.Ports;
using Spate.Protocol;

namespace Spate.Engine.Disk;

/// <summary>
/// Renames files of a torrent on disk, and remembers their names. What shall be is saved first, then the files get their names, then
/// that these are in force is saved. Whatever interrupts this, the next start finds all files under their old names, or all under the
/// new. Called from a disk worker while nothing else uses the files.
/// </summary>
/// <param name="storage">Where the files are.</param>
/// <param name="metainfo">The torrent.</param>
/// <param name="stateFolder">Where the names are saved; null where nothing is: then they are forgotten with this object.</param>
internal sealed class FileRenaming(IStorage storage, Metainfo metainfo, string? stateFolder)
{
    private NamesFile? unsaved;

    private string? SavedAt => stateFolder is null ? null : Path.Combine(stateFolder, $"{metainfo.InfoHash.Wire}.names");

    /// <summary>The names that are in force; ends a rename that was interrupted.</summary>
    /// <exception cref="IOException">They are damaged, or which file is the right one can't be told.</exception>
    public FileNames Load(string folder)
    {
        NamesFile? saved = unsaved;
        if (SavedAt is { } path && storage.ReadSmall(path, NamesFile.MaxBytes) is { } bytes)
        {
            saved = NamesFile.Read(bytes, metainfo)
                ?? throw new IOException($"{path} is damaged: it says what the files of {metainfo.Name} are called. Give them the names in the torrent again and delete it.");
        }
        if (saved?.Next is not { } next) return saved?.Names ?? FileNames.AsInTorrent;
        bool hasOld = Found(folder, saved.Names, next).Count > 0;
        // Nothing is there at all: maybe the drive is not. It is decided when it can be seen.
        if (!hasOld && Found(folder, next, saved.Names).Count == 0) return saved.Names;
        // Those that were asked for, when every file has its new name already; else back to the old ones.
        (FileNames from, FileNames to) = hasOld ? (next, saved.Names) : (saved.Names, next);
        Return(folder, from, to);
        Save(to);
        return to;
    }

    /// <summary>Renames; returns the names that are in force then.</summary>
    /// <param name="folder">The download folder.</param>
    /// <param name="names">The names now.</param>
    /// <param name="target">The file or folder, by where it lies now.</param>
    /// <param name="name">Its new name.</param>
    /// <exception cref="RenameException">It can't be called so.</exception>
    /// <exception cref="IOException">The disk refused; the old names are in force.</exception>
    public FileNames Rename(string folder, FileNames names, string target, string name)
    {
        if (!names.TryRename(metainfo, target, name, out FileNames? next, out RenameProblem? problem)) throw new RenameException(problem);
        target = target.TrimEnd('/');
        string becomes = target[..(target.LastIndexOf('/') + 1)] + name;
        if (becomes == target) return names;
        FolderLinks.Check(storage, folder, becomes);
        // Where a name differs only by its case, some systems show the file itself here; others refuse the move when it is another one.
        bool onlyCase = string.Equals(becomes, target, StringComparison.OrdinalIgnoreCase);
        if (!onlyCase && storage.Stat(Below(folder, becomes)).Kind != StorageEntryKind.None)
            throw new RenameException(new RenameProblem(IsPath: false, $"{Below(folder, becomes)} exists already."));

        Save(names, next);
        var done = new List<string>();
        try
        {
            DeleteLinks(folder, names, next);
            foreach ((string from, string to, StorageEntryKind kind) in Found(folder, names, next))
            {
                storage.CreateFolder(Path.GetDirectoryName(to)!);
                storage.Move(from, to);
                if (kind == StorageEntryKind.File) done.Add(to);
            }
            if (done.Count > 0) storage.Flush(done);
            TidyUp(folder, names);
            Save(next);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Return(folder, next, names);
            Save(names);
            throw;
        }
        return next;
    }

    /// <summary>Forgets the names, at the end of the torrent.</summary>
    public void Forget()
    {
        if (SavedAt is { } path) storage.Delete(path);
    }

    // Gives files that have the first names the second ones.
    private void Return(string folder, FileNames from, FileNames to)
    {
        DeleteLinks(folder, from, to);
        foreach ((string source, string target, _) in Found(folder, from, to))
        {
            StorageEntry there = storage.Stat(target);
            if (there.Kind == StorageEntryKind.None)
            {
                storage.CreateFolder(Path.GetDirectoryName(target)!);
                storage.Move(source, target);
            }
            // A move to another device may have been cut off while it copied; then what it copied from is whole.
            else if (there.Length < storage.Stat(source).Length)
                throw new IOException($"{source} and {target} are both there, after a rename that was interrupted. Move away the one that is not wanted.");
        }
        TidyUp(folder, from);
    }

    private void TidyUp(string folder, FileNames names)
    {
        try { FileMover.DeleteFolders(storage, metainfo, names, folder); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { } // an empty folder that stays harms nobody
    }

    private void Save(FileNames names, FileNames? next = null)
    {
        if (SavedAt is not { } path) unsaved = new NamesFile(names, next);
        else if (names.IsEmpty && next is null) storage.Delete(path);
        else storage.ReplaceSmall(path, new NamesFile(names, next).Write(metainfo));
    }

    // What stands where the first names say, of what the second ones call otherwise.
    private List<(string From, string To, StorageEntryKind Kind)> Found(string folder, FileNames from, FileNames to)
    {
        var found = new List<(string, string, StorageEntryKind)>();
        foreach (MetainfoFile file in metainfo.Files)
        {
            if (file.IsPadding) continue;
            (string source, string target) = (from.PathOf(file.Path), to.PathOf(file.Path));
            if (source == target) continue;
            FolderLinks.Check(storage, folder, source);
            FolderLinks.Check(storage, folder, target);
            StorageEntryKind kind = storage.Stat(Below(folder, source)).Kind;
            if (kind != StorageEntryKind.None) found.Add((Below(folder, source), Below(folder, target), kind));
        }
        return found;
    }

    // Links hold a path: those that a rename touches are made anew by whoever prepares the files.
    private void DeleteLinks(string folder, FileNames one, FileNames other)
    {
        foreach (MetainfoFile file in metainfo.Files)
        {
            if (file.LinkTarget is null) continue;
            if (one.PathOf(file.Path) == other.PathOf(file.Path) && one.LinkTargetOf(file) == other.LinkTargetOf(file)) continue;
            foreach (string link in (string[])[one.PathOf(file.Path), other.PathOf(file.Path)])
            {
                if (FolderLinks.Find(storage, folder, link) is null && storage.Stat(Below(folder, link)).Kind == StorageEntryKind.Link) storage.Delete(Below(folder, link));
            }
        }
    }

    private static string Below(string folder, string path) => Path.Combine(folder, path.Replace('/', Path.DirectorySeparatorChar));
}

/// <summary>A file or folder of a torrent can't be renamed as was asked; nothing changed.</summary>
public sealed class RenameException(RenameProblem problem) : Exception(problem.Message)
{
    /// <summary>What is wrong.</summary>
    public RenameProblem Problem { get; } = problem;
}
