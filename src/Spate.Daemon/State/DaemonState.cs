using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Spate.Protocol;

namespace Spate.Daemon.State;

/// <summary>
/// All that the daemon keeps across restarts. Reads come from memory, and may be a moment ahead of the disk; a change is safe when its
/// task has completed, whatever happens then: kill -9, a power cut. A change whose task failed was not made.
/// </summary>
/// <remarks>
/// A folder holds <c>spate.journal</c> (<see cref="Journal"/>), <c>torrents/</c> with the .torrent files, and <c>resume/</c>, which is the
/// engine's own. All members may be used from any thread.
/// </remarks>
internal sealed class DaemonState : IAsyncDisposable
{
    /// <summary>Minutes of the graph that are kept: a day.</summary>
    public const int MinutesKept = 24 * 60;

    private const long MinGrowth = 4 << 20;

    private readonly Lock gate = new();
    private readonly StateFolder folder;
    private readonly MetainfoFiles metainfo;
    private readonly Action<string> report;
    private readonly ConcurrentDictionary<Sha1Hash, SavedTorrent> torrents = new();
    private readonly ConcurrentDictionary<string, SavedApiKey> apiKeys = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, SavedLogin> logins = new(StringComparer.Ordinal);
    private readonly SavedMinute?[] minutes = new SavedMinute?[MinutesKept];
    private readonly Dictionary<string, string> texts = new(StringComparer.Ordinal); // while reading: folders and categories repeat 10,000 times
    private Journal? journal;
    private CommitLine? line;
    private volatile SavedSettings settings = new();
    private volatile SavedPassword? password;
    private volatile SavedTotals totals = new();

    private DaemonState(StateFolder folder, Action<string> report)
    {
        (this.folder, this.report) = (folder, report);
        metainfo = new MetainfoFiles(folder.Metainfo);
    }

    /// <summary>Where it is kept.</summary>
    public string Folder => folder.Path;

    /// <summary>For <c>SessionOptions.StateFolder</c>.</summary>
    public string ResumeFolder => folder.Resume;

    public SavedSettings Settings => settings;

    /// <summary>All torrents, in no order.</summary>
    public ICollection<SavedTorrent> Torrents => torrents.Values;

    public int TorrentCount => torrents.Count;

    /// <summary>Null until one is set.</summary>
    public SavedPassword? Password => password;

    public ICollection<SavedApiKey> ApiKeys => apiKeys.Values;

    public ICollection<SavedLogin> Logins => logins.Values;

    public SavedTotals Totals => totals;

    /// <summary>The last day's minutes that were recorded, oldest first.</summary>
    public IReadOnlyList<SavedMinute> Minutes
    {
        get
        {
            lock (gate) return [.. minutes.OfType<SavedMinute>().OrderBy(minute => minute.Minute)];
        }
    }

    /// <summary>Opens the state in a folder, which is made where it is not there, and holds it until it is disposed.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="report">Told, for people, what was damaged and where it is kept now.</param>
    /// <exception cref="IOException">The folder can't be used, or another daemon uses it.</exception>
    public static Task<DaemonState> OpenAsync(string folder, Action<string>? report = null) => OpenAsync(folder, report, MinGrowth);

    internal static Task<DaemonState> OpenAsync(string folder, Action<string>? report, long minGrowth) => Task.Run(() =>
    {
        StateFolder held = StateFolder.Open(folder);
        try
        {
            var state = new DaemonState(held, report ?? (static _ => { }));
            state.Read(minGrowth);
            return state;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    });

    public bool HasApiKey(string id) => apiKeys.ContainsKey(id);

    public bool HasLogin(string id) => logins.ContainsKey(id);

    public bool TryGetTorrent(Sha1Hash id, [NotNullWhen(true)] out SavedTorrent? torrent) => torrents.TryGetValue(id, out torrent);

    /// <summary>The .torrent file of a torrent; null where there is none, or it is damaged, which is reported.</summary>
    public byte[]? ReadMetainfo(SavedTorrent torrent)
    {
        if (torrent.MetainfoHash is not { } hash) return null;
        byte[]? bytes = metainfo.Read(torrent.Id, hash, out string? problem);
        if (problem is not null) report($"The torrent {torrent.Name ?? torrent.Id.ToString()} lost its .torrent file: {problem}. Add it again by that file or a magnet link.");
        return bytes;
    }

    /// <summary>Saves a torrent that is new, or changed.</summary>
    /// <param name="torrent">All of it.</param>
    /// <param name="torrentFile">Its .torrent file where that is new; <see cref="SavedTorrent.MetainfoHash"/> is set from it.</param>
    /// <exception cref="IOException">It could not be saved; nothing changed.</exception>
    public Task PutAsync(SavedTorrent torrent, ReadOnlyMemory<byte> torrentFile = default)
    {
        if (torrentFile.Length > MetainfoFiles.MaxBytes) throw new IOException($"The .torrent file has {torrentFile.Length:N0} bytes; at most {MetainfoFiles.MaxBytes:N0} are taken.");
        if (!torrentFile.IsEmpty) torrent = torrent with { MetainfoHash = MetainfoFiles.HashOf(torrentFile.Span) };
        lock (gate) return Put(torrent, torrentFile);
    }

    /// <summary>Saves a torrent only if there is none with its hash; the task's result says whether there was none.</summary>
    public async Task<bool> TryAddAsync(SavedTorrent torrent, ReadOnlyMemory<byte> torrentFile = default)
    {
        if (!torrentFile.IsEmpty) torrent = torrent with { MetainfoHash = MetainfoFiles.HashOf(torrentFile.Span) };
        Task saved;
        lock (gate)
        {
            if (torrents.ContainsKey(torrent.Id)) return false;
            saved = Put(torrent, torrentFile);
        }
        await saved;
        return true;
    }

    /// <summary>Changes a torrent from what it is now; false when it is gone. Nothing is written when nothing changes.</summary>
    /// <param name="id">The torrent.</param>
    /// <param name="change">What it becomes.</param>
    /// <param name="torrentFile">Its .torrent file where that is new.</param>
    /// <exception cref="IOException">It could not be saved; nothing changed.</exception>
    public async Task<bool> ChangeAsync(Sha1Hash id, Func<SavedTorrent, SavedTorrent> change, ReadOnlyMemory<byte> torrentFile = default)
    {
        string? hash = torrentFile.IsEmpty ? null : MetainfoFiles.HashOf(torrentFile.Span);
        Task saved;
        lock (gate)
        {
            if (!torrents.TryGetValue(id, out SavedTorrent? was)) return false;
            SavedTorrent now = change(was);
            if (hash is not null) now = now with { MetainfoHash = hash };
            if (now == was) return true;
            if (now.Id != id) throw new ArgumentException("A torrent keeps its info-hash.", nameof(change));
            saved = Put(now, torrentFile);
        }
        await saved;
        return true;
    }

    /// <summary>Changes several torrents with one write; those that are gone are left out.</summary>
    /// <exception cref="IOException">They could not be saved; nothing changed.</exception>
    public Task ChangeAsync(IEnumerable<Sha1Hash> ids, Func<SavedTorrent, SavedTorrent> change)
    {
        var saved = new List<Task>();
        lock (gate)
        {
            foreach (Sha1Hash id in ids)
            {
                if (!torrents.TryGetValue(id, out SavedTorrent? was)) continue;
                SavedTorrent now = change(was);
                if (now != was) saved.Add(Put(now, default));
            }
        }
        return Task.WhenAll(saved);
    }

    /// <summary>Forgets a torrent and deletes its .torrent file. The engine deletes its resume data itself.</summary>
    public async Task<bool> RemoveAsync(Sha1Hash id)
    {
        Task saved;
        lock (gate)
        {
            if (!torrents.TryRemove(id, out SavedTorrent? was)) return false;
            saved = AddAndClear(was, new StateRecord { TorrentGone = id }, () => torrents[id] = was);
        }
        await saved;
        return true;
    }

    /// <summary>Changes the settings from what they are now; the task's result is what they became.</summary>
    public async Task<SavedSettings> ChangeAsync(Func<SavedSettings, SavedSettings> change)
    {
        Task saved;
        SavedSettings now;
        lock (gate)
        {
            SavedSettings was = settings;
            now = change(was);
            if (now == was) return now;
            settings = now;
            saved = Add(new StateRecord { Settings = now }, () => settings = was);
        }
        await saved;
        return now;
    }

    public Task PutAsync(SavedPassword changed)
    {
        lock (gate)
        {
            SavedPassword? was = password;
            password = changed;
            return Add(new StateRecord { Password = changed }, () => password = was);
        }
    }

    public Task PutAsync(SavedApiKey key)
    {
        lock (gate) return Put(apiKeys, key.Id, key, new StateRecord { ApiKey = key });
    }

    /// <summary>Changes a key, if it is still there.</summary>
    public Task ChangeApiKeyAsync(string id, Func<SavedApiKey, SavedApiKey> change)
    {
        lock (gate)
        {
            if (!apiKeys.TryGetValue(id, out SavedApiKey? was)) return Task.CompletedTask;
            SavedApiKey now = change(was);
            return Put(apiKeys, id, now, new StateRecord { ApiKey = now });
        }
    }

    /// <summary>Forgets a key; false when it is not there.</summary>
    public Task<bool> RemoveApiKeyAsync(string id) => RemoveAsync(apiKeys, id, new StateRecord { ApiKeyGone = id });

    public Task PutAsync(SavedLogin login)
    {
        lock (gate) return Put(logins, login.Id, login, new StateRecord { Login = login });
    }

    /// <summary>Changes a login, if it is still there.</summary>
    public Task ChangeLoginAsync(string id, Func<SavedLogin, SavedLogin> change)
    {
        lock (gate)
        {
            if (!logins.TryGetValue(id, out SavedLogin? was)) return Task.CompletedTask;
            SavedLogin now = change(was);
            return Put(logins, id, now, new StateRecord { Login = now });
        }
    }

    /// <summary>Forgets a login; false when it is not there.</summary>
    public Task<bool> RemoveLoginAsync(string id) => RemoveAsync(logins, id, new StateRecord { LoginGone = id });

    public Task PutAsync(SavedTotals changed)
    {
        lock (gate)
        {
            SavedTotals was = totals;
            totals = changed;
            return Add(new StateRecord { Totals = changed }, () => totals = was);
        }
    }

    public Task PutAsync(SavedMinute minute)
    {
        lock (gate)
        {
            int slot = SlotOf(minute);
            SavedMinute? was = minutes[slot];
            minutes[slot] = minute;
            return Add(new StateRecord { Minute = minute }, () => minutes[slot] = was);
        }
    }

    /// <summary>Waits for the changes that are under way, closes the files and lets go of the folder.</summary>
    public ValueTask DisposeAsync() => new(Task.Run(() =>
    {
        line?.Dispose();
        journal?.Dispose();
        folder.Dispose();
    }));

    private static int SlotOf(SavedMinute minute) => (int)((ulong)minute.Minute % MinutesKept);

    private Task Put(SavedTorrent torrent, ReadOnlyMemory<byte> torrentFile)
    {
        SavedTorrent? was = torrents.GetValueOrDefault(torrent.Id);
        torrents[torrent.Id] = torrent;
        var record = new StateRecord { Torrent = torrent };
        if (torrentFile.IsEmpty) return Add(record, Undo);
        return AddAndClear(was, record, Undo, (metainfo.PathOf(torrent.Id, torrent.MetainfoHash!), torrentFile));

        void Undo()
        {
            if (was is not null) torrents[torrent.Id] = was;
            else torrents.TryRemove(torrent.Id, out _);
        }
    }

    private Task Put<T>(ConcurrentDictionary<string, T> table, string id, T value, StateRecord record)
        where T : class
    {
        T? was = table.GetValueOrDefault(id);
        table[id] = value;
        return Add(record, () =>
        {
            if (was is not null) table[id] = was;
            else table.TryRemove(id, out _);
        });
    }

    private async Task<bool> RemoveAsync<T>(ConcurrentDictionary<string, T> table, string id, StateRecord record)
        where T : class
    {
        Task saved;
        lock (gate)
        {
            if (!table.TryRemove(id, out T? was)) return false;
            saved = Add(record, () => table[id] = was);
        }
        await saved;
        return true;
    }

    // The .torrent file of what was before is deleted once the journal no longer needs it.
    private async Task AddAndClear(SavedTorrent? was, StateRecord record, Action undo, (string Path, ReadOnlyMemory<byte> Metainfo)? file = null)
    {
        await Add(record, undo, file);
        if (was?.MetainfoHash is not { } hash) return;
        lock (gate)
        {
            if (torrents.GetValueOrDefault(was.Id)?.MetainfoHash != hash) metainfo.Delete(was.Id, hash);
        }
    }

    private Task Add(StateRecord record, Action undo, (string Path, ReadOnlyMemory<byte> Metainfo)? file = null)
    {
        try
        {
            byte[] text = record.Write();
            if (text.Length > Journal.MaxLine) throw new IOException($"The change has {text.Length:N0} bytes; at most {Journal.MaxLine:N0} can be saved.");
            var change = new Change(text, undo) { Metainfo = file };
            line!.Add(change);
            return change.Saved.Task;
        }
        catch
        {
            undo();
            throw;
        }
    }

    private void Read(long minGrowth)
    {
        var lost = new List<(int Number, byte[] Bytes)>();
        journal = Journal.Open(folder.Journal, text => StateRecord.Read(text) is { } record && Apply(record), (number, bytes) => lost.Add((number, bytes.ToArray())));
        try
        {
            texts.Clear();
            if (lost.Count > 0)
            {
                SetAside(lost);
                journal.Rewrite(Snapshot().Select(record => (ReadOnlyMemory<byte>)record.Write()));
            }
            var known = new HashSet<string>(StringComparer.Ordinal);
            foreach (SavedTorrent torrent in torrents.Values)
            {
                if (torrent.MetainfoHash is { } hash) known.Add(MetainfoFiles.NameOf(torrent.Id, hash));
            }
            int orphans = metainfo.Clear(known, lost.Count > 0 ? folder.Aside : null);
            if (lost.Count == 0) ClearResume();
            if (orphans > 0) report($"{orphans} .torrent files belong to no torrent that is known; they are in {folder.Aside}. Add those that you miss again.");
            line = new CommitLine(gate, journal, metainfo, Snapshot, minGrowth);
        }
        catch
        {
            journal.Dispose();
            throw;
        }
    }

    // A kill may come between the end of a torrent and that of its resume data, which a new one of its hash would believe.
    private void ClearResume()
    {
        foreach (string path in Directory.EnumerateFiles(folder.Resume, "*.resume"))
        {
            if (!Sha1Hash.TryParseHex(Path.GetFileNameWithoutExtension(path), out Sha1Hash id) || torrents.ContainsKey(id)) continue;
            try { File.Delete(path); }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException) { } // the next start tries again
        }
    }

    // Before the journal is written anew without them.
    private void SetAside(List<(int Number, byte[] Bytes)> lost)
    {
        Directory.CreateDirectory(folder.Aside);
        string path = Path.Combine(folder.Aside, $"journal-{DateTime.UtcNow:yyyyMMdd-HHmmss-fff}");
        using (FileStream file = File.Create(path))
        {
            foreach ((int number, byte[] bytes) in lost)
            {
                file.Write(System.Text.Encoding.ASCII.GetBytes($"line {number}: "));
                file.Write(bytes);
                file.WriteByte((byte)'\n');
                report($"{folder.Journal}: line {number} is damaged and was set aside in {path}. All other lines are in force.");
            }
            file.Flush(flushToDisk: true);
        }
        Journal.FlushFolder(path);
    }

    private StateRecord[] Snapshot()
    {
        var all = new List<StateRecord>(torrents.Count + MinutesKept + 16) { new() { Settings = settings }, new() { Totals = totals } };
        if (password is not null) all.Add(new StateRecord { Password = password });
        foreach (SavedApiKey key in apiKeys.Values) all.Add(new StateRecord { ApiKey = key });
        foreach (SavedLogin login in logins.Values) all.Add(new StateRecord { Login = login });
        foreach (SavedTorrent torrent in torrents.Values) all.Add(new StateRecord { Torrent = torrent });
        foreach (SavedMinute? minute in minutes)
        {
            if (minute is not null) all.Add(new StateRecord { Minute = minute });
        }
        return [.. all];
    }

    private bool Apply(StateRecord record)
    {
        switch (record)
        {
            case { Torrent: { } torrent }: torrents[torrent.Id] = Share(torrent); return true;
            case { TorrentGone: { } id }: torrents.TryRemove(id, out _); return true;
            case { Minute: { } minute }: minutes[SlotOf(minute)] = minute; return true;
            case { Settings: { } changed }: settings = changed; return true;
            case { Totals: { } changed }: totals = changed; return true;
            case { Password: { } changed }: password = changed; return true;
            case { ApiKey: { } key }: apiKeys[key.Id] = key; return true;
            case { ApiKeyGone: { } id }: apiKeys.TryRemove(id, out _); return true;
            case { Login: { } login }: logins[login.Id] = login; return true;
            case { LoginGone: { } id }: logins.TryRemove(id, out _); return true;
            default: return false;
        }
    }

    private SavedTorrent Share(SavedTorrent torrent) => torrent with { Folder = Share(torrent.Folder), Category = torrent.Category is { } category ? Share(category) : null };

    private string Share(string text)
    {
        if (texts.TryGetValue(text, out string? same)) return same;
        return texts[text] = text;
    }
}
