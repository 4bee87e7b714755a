using Spate.Daemon.State;
using Spate.Protocol;

namespace Spate.Daemon.Policies;

/// <summary>A torrent that is to run when there is a place for it.</summary>
/// <param name="Id">Its hash.</param>
/// <param name="Rank">The smaller, the sooner.</param>
/// <param name="IsSeed">It has all that is wanted.</param>
/// <param name="IsForced">It runs whatever the limits say, and takes no place.</param>
internal readonly record struct QueueEntry(Sha1Hash Id, long Rank, bool IsSeed, bool IsForced);

/// <summary>A torrent that shall run from now on, or wait.</summary>
internal readonly record struct QueueDecision(Sha1Hash Id, bool Runs);

/// <summary>
/// Decides which torrents run and which wait. Knows no clock and starts nothing: it is told what is and answers what shall change. While
/// nothing happens a decision costs nothing, and else it costs as much as torrents run. Not safe for several threads.
/// </summary>
internal sealed class QueuePolicy
{
    private readonly Dictionary<Sha1Hash, QueueEntry> entries = [];
    private readonly SortedSet<(long Rank, Sha1Hash Id)> downloads = [];
    private readonly SortedSet<(long Rank, Sha1Hash Id)> seeds = [];
    private readonly HashSet<Sha1Hash> forced = [];
    private readonly Dictionary<Sha1Hash, Pace> running = [];
    private SavedQueue settings = new();
    private bool changed;

    /// <summary>The limits.</summary>
    public SavedQueue Settings
    {
        get => settings;
        set
        {
            changed |= settings != value;
            settings = value;
        }
    }

    /// <summary>True when the torrent was told to run.</summary>
    public bool Runs(Sha1Hash id) => running.ContainsKey(id);

    /// <summary>True when it runs and hardly transfers.</summary>
    public bool IsSlow(Sha1Hash id) => running.TryGetValue(id, out Pace? pace) && pace.IsSlow;

    /// <summary>A torrent wants to run, or something about it changed.</summary>
    public void Set(QueueEntry entry)
    {
        if (entries.TryGetValue(entry.Id, out QueueEntry was))
        {
            if (was == entry) return;
            Take(was);
            if (was.IsSeed != entry.IsSeed && running.ContainsKey(entry.Id)) running[entry.Id] = new Pace();
        }
        entries[entry.Id] = entry;
        if (entry.IsForced) forced.Add(entry.Id);
        else (entry.IsSeed ? seeds : downloads).Add((entry.Rank, entry.Id));
        changed = true;
    }

    /// <summary>A torrent does not want to run any more: the user stopped it, or it is gone. Whoever says so stops it.</summary>
    public void Remove(Sha1Hash id)
    {
        if (!entries.Remove(id, out QueueEntry was)) return;
        Take(was);
        running.Remove(id);
        changed = true;
    }

    /// <summary>What a torrent that runs transfers, in bytes a second; told again and again.</summary>
    /// <param name="id">The torrent.</param>
    /// <param name="download">Received.</param>
    /// <param name="upload">Sent.</param>
    /// <param name="nowMs">A clock that only runs forward.</param>
    public void Report(Sha1Hash id, double download, double upload, long nowMs)
    {
        if (!running.TryGetValue(id, out Pace? pace)) return;
        bool slow = entries[id].IsSeed ? upload < settings.SlowUpload : download < settings.SlowDownload;
        if (slow == pace.IsSlow)
        {
            pace.OtherwiseSince = null;
            return;
        }
        pace.OtherwiseSince ??= nowMs;
        if (nowMs - pace.OtherwiseSince < settings.SlowSeconds * 1000L) return;
        (pace.IsSlow, pace.OtherwiseSince) = (slow, null);
        changed = true;
    }

    /// <summary>What shall change now: first those that stop, then those that start. Taken as done.</summary>
    public IReadOnlyList<QueueDecision> Decide()
    {
        if (!changed) return [];
        changed = false;
        HashSet<Sha1Hash> chosen = settings.IsEnabled ? Choose() : [.. entries.Keys];
        var decisions = new List<QueueDecision>();
        foreach (Sha1Hash id in running.Keys)
        {
            if (!chosen.Contains(id)) decisions.Add(new QueueDecision(id, false));
        }
        foreach (QueueDecision stopped in decisions) running.Remove(stopped.Id);
        foreach (Sha1Hash id in chosen)
        {
            if (running.TryAdd(id, new Pace())) decisions.Add(new QueueDecision(id, true));
        }
        return decisions;
    }

    // By rank, downloads before seeds. What is slow keeps running beside the limits of its kind, but not beside that of all together:
    // else thousands of torrents without peers would all run in the end.
    private HashSet<Sha1Hash> Choose()
    {
        var chosen = new HashSet<Sha1Hash>(forced);
        int places = settings.MaxActive > 0 ? settings.MaxActive : int.MaxValue;
        Choose(downloads, settings.MaxDownloads, ref places, chosen);
        Choose(seeds, settings.MaxSeeds, ref places, chosen);
        return chosen;
    }

    private void Choose(SortedSet<(long Rank, Sha1Hash Id)> waiting, int most, ref int places, HashSet<Sha1Hash> chosen)
    {
        int slowBehind = settings.ExemptSlow ? running.Count(entry => entry.Value.IsSlow) : 0; // where to stop looking
        int left = most > 0 ? most : int.MaxValue;
        foreach ((_, Sha1Hash id) in waiting)
        {
            if (places == 0 || (left == 0 && slowBehind == 0)) return;
            bool exempt = settings.ExemptSlow && running.TryGetValue(id, out Pace? pace) && pace.IsSlow;
            if (exempt) slowBehind--;
            else if (left == 0) continue;
            else left--;
            places--;
            chosen.Add(id);
        }
    }

    private void Take(QueueEntry entry)
    {
        if (entry.IsForced) forced.Remove(entry.Id);
        else (entry.IsSeed ? seeds : downloads).Remove((entry.Rank, entry.Id));
    }

    private sealed class Pace
    {
        public bool IsSlow { get; set; }

        /// <summary>Since when it has been the other way than <see cref="IsSlow"/> says.</summary>
        public long? OtherwiseSince { get; set; }
    }
}
