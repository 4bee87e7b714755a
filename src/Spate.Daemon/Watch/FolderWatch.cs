using System.Text;
using Spate.Daemon.State;
using Spate.Protocol;

namespace Spate.Daemon.Watch;

/// <summary>
/// Looks into one watch folder for <c>.torrent</c> and <c>.magnet</c> files. Each is taken when it is whole, handed over, and renamed to
/// <c>.added</c>, or to <c>.failed</c> with a text beside it that says why. What is still being written is left until it stands still.
/// </summary>
/// <remarks>Looks once each time that it is told to; used by one caller at a time.</remarks>
internal sealed class FolderWatch(SavedWatchFolder settings, Func<FoundTorrent, Task> add, Func<string, bool> mayUse, TimeProvider time, Action<string> report)
{
    /// <summary>Bytes of a file.</summary>
    public const int MaxBytes = 32 << 20;

    /// <summary>Files taken in a round; the others wait for the next.</summary>
    public const int MostFiles = 500;

    /// <summary>A file that makes no sense yet is given up when it has not changed for this long.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>A magnet link may be cut short and still be one: it must not have changed for this long.</summary>
    public static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, Seen> seen = new(StringComparer.Ordinal); // files of the last round
    private bool toldProblem;

    public SavedWatchFolder Settings => settings;

    private sealed record Seen(long Length, DateTime Modified, DateTimeOffset Since)
    {
        /// <summary>It was handed over and could not be renamed: not again while it stays as it is.</summary>
        public bool IsDone { get; init; }
    }

    /// <summary>Looks into the folder once.</summary>
    public async Task LookAsync(CancellationToken cancellation)
    {
        FileInfo[] files;
        try
        {
            if (!mayUse(settings.Path)) throw new IOException("it is outside of the folders that this daemon may use");
            files = [.. new DirectoryInfo(settings.Path).EnumerateFiles().Where(IsOurs).Take(MostFiles)];
            toldProblem = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!toldProblem) report($"The watch folder {settings.Path} can't be read: {e.Message}");
            toldProblem = true;
            return;
        }
        var gone = seen.Keys.ToHashSet(StringComparer.Ordinal);
        foreach (FileInfo file in files)
        {
            cancellation.ThrowIfCancellationRequested();
            gone.Remove(file.Name);
            try
            {
                await LookAtAsync(file);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException) { } // it went, or is locked: the next round sees
        }
        foreach (string name in gone) seen.Remove(name);
    }

    private static bool IsOurs(FileInfo file) =>
        (file.Extension.Equals(".torrent", StringComparison.OrdinalIgnoreCase) || file.Extension.Equals(".magnet", StringComparison.OrdinalIgnoreCase))
        && !file.Name.StartsWith('.') && file.LinkTarget is null;

    private async Task LookAtAsync(FileInfo file)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (!seen.TryGetValue(file.Name, out Seen? before) || before.Length != file.Length || before.Modified != file.LastWriteTimeUtc)
            before = seen[file.Name] = new Seen(file.Length, file.LastWriteTimeUtc, now);
        if (before.IsDone) return;
        TimeSpan still = now - before.Since;
        string? problem;
        FoundTorrent? found = null;
        if (file.Length > MaxBytes) problem = $"it has more than {MaxBytes:N0} bytes";
        else found = Read(file, out problem);
        // A whole .torrent file can't be the start of another one; a link can.
        if (found is null ? still < Patience : found.Magnet is not null && still < Settling) return;
        if (found is not null)
        {
            try
            {
                await add(found);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                problem = e.Message;
            }
        }
        seen[file.Name] = before with { IsDone = true };
        Rename(file, problem);
    }

    private FoundTorrent? Read(FileInfo file, out string? problem)
    {
        byte[] bytes = File.ReadAllBytes(file.FullName);
        if (file.Extension.Equals(".torrent", StringComparison.OrdinalIgnoreCase))
        {
            bool whole = Metainfo.TryParse(bytes, out _, out MetainfoError? error);
            problem = whole ? null : $"it is no .torrent file: {error}";
            return whole ? new FoundTorrent(settings, bytes, null) : null;
        }
        string text = Encoding.UTF8.GetString(bytes).Trim();
        bool isLink = MagnetLink.TryParse(text, out _, out string? why);
        problem = isLink ? null : $"it is no magnet link: {why}";
        return isLink ? new FoundTorrent(settings, default, text) : null;
    }

    private void Rename(FileInfo file, string? problem)
    {
        string ending = problem is null ? ".added" : ".failed";
        try
        {
            string to = file.FullName + ending;
            for (int i = 2; File.Exists(to); i++) to = $"{file.FullName}{ending}.{i}";
            if (problem is not null) File.WriteAllText(to + ".txt", problem + Environment.NewLine);
            File.Move(file.FullName, to);
            if (problem is not null) report($"{file.FullName} was not added: {problem}. It is {Path.GetFileName(to)} now.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            report($"{file.FullName} was {(problem is null ? "added" : $"not added ({problem})")} and can't be renamed: {e.Message}");
        }
    }
}
