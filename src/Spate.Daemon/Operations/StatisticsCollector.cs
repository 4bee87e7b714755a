using Spate.Daemon.State;
using Spate.Protocol;

namespace Spate.Daemon.Operations;

/// <summary>What a torrent has transferred over all its runs.</summary>
/// <param name="Id">The torrent.</param>
/// <param name="IsKnown">False while it is checked: its totals of earlier runs may not be read yet.</param>
/// <param name="Downloaded">Bytes received.</param>
/// <param name="Uploaded">Bytes sent.</param>
/// <param name="Wasted">Bytes received for nothing, in this run.</param>
internal readonly record struct TorrentTotals(Sha1Hash Id, bool IsKnown, long Downloaded, long Uploaded, long Wasted);

/// <summary>Rates at even steps, the oldest first; zero where nothing was recorded.</summary>
internal sealed record RateHistory(DateTimeOffset From, int StepSeconds, IReadOnlyList<long> Download, IReadOnlyList<long> Upload);

/// <summary>
/// Counts what the session transfers: of this run, of all runs, and over time (ten minutes by the second, a day by the minute). All
/// members may be used from any thread.
/// </summary>
internal sealed class StatisticsCollector
{
    /// <summary>Seconds of the live graph.</summary>
    public const int SecondsKept = 600;

    /// <summary>How much of the totals a crash may cost, at most.</summary>
    private static readonly TimeSpan between = TimeSpan.FromSeconds(10);

    private readonly DaemonState state;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private readonly Dictionary<Sha1Hash, TorrentTotals> last = [];
    private readonly (long Second, long Down, long Up)[] seconds = new (long, long, long)[SecondsKept];
    private readonly SavedTotals before;
    private readonly DateTimeOffset started;
    private SavedTotals run = new(), saved = new(); // the second: what of this run is kept already
    private DateTimeOffset savedAt;
    private long minute, minuteDown, minuteUp;
    private int peers;

    public StatisticsCollector(DaemonState state, TimeProvider time)
    {
        (this.state, this.time) = (state, time);
        before = state.Totals;
        savedAt = started = time.GetUtcNow();
        minute = MinuteOf(started);
    }

    /// <summary>Since the daemon started.</summary>
    public SavedTotals Run
    {
        get
        {
            lock (gate) return run with { Seconds = (long)(time.GetUtcNow() - started).TotalSeconds };
        }
    }

    /// <summary>Over all runs.</summary>
    public SavedTotals AllTime
    {
        get
        {
            SavedTotals now = Run;
            return new SavedTotals
            {
                Downloaded = before.Downloaded + now.Downloaded, Uploaded = before.Uploaded + now.Uploaded, Wasted = before.Wasted + now.Wasted,
                Seconds = before.Seconds + now.Seconds, Completed = before.Completed + now.Completed,
            };
        }
    }

    /// <summary>A torrent was completed.</summary>
    public void CountCompleted()
    {
        lock (gate) run = run with { Completed = run.Completed + 1 };
    }

    /// <summary>Told about every second what all torrents have transferred.</summary>
    /// <returns>Completes when what must be kept is kept; a failure costs a minute of the graph, and is the caller's to tell.</returns>
    public Task SampleAsync(IEnumerable<TorrentTotals> torrents, int connectedPeers)
    {
        SavedMinute? ended = null;
        bool keep;
        lock (gate)
        {
            (long down, long up, long wasted) = Count(torrents);
            run = run with { Downloaded = run.Downloaded + down, Uploaded = run.Uploaded + up, Wasted = run.Wasted + wasted };
            DateTimeOffset now = time.GetUtcNow();
            long second = now.ToUnixTimeSeconds();
            ref (long Second, long Down, long Up) slot = ref seconds[second % SecondsKept];
            slot = slot.Second == second ? (second, slot.Down + down, slot.Up + up) : (second, down, up);
            if (MinuteOf(now) != minute)
            {
                ended = EndMinute();
                minute = MinuteOf(now);
            }
            minuteDown += down;
            minuteUp += up;
            peers = connectedPeers;
            // Nothing is written while nothing is transferred; a torrent that was completed is counted at once.
            keep = ended is not null || run.Completed != saved.Completed || (run != saved && now - savedAt >= between);
            if (keep) (saved, savedAt) = (run, now);
        }
        if (!keep) return Task.CompletedTask;
        return ended is null ? state.PutAsync(AllTime) : Task.WhenAll(state.PutAsync(ended), state.PutAsync(AllTime));
    }

    /// <summary>Keeps what was not kept yet, at the end of a run.</summary>
    public Task SaveAsync()
    {
        SavedMinute ended;
        lock (gate) ended = EndMinute();
        return Task.WhenAll(state.PutAsync(ended), state.PutAsync(AllTime));
    }

    /// <summary>The last ten minutes by the second.</summary>
    public RateHistory Live()
    {
        lock (gate)
        {
            long now = time.GetUtcNow().ToUnixTimeSeconds(), from = now - SecondsKept; // this second is not over
            long[] down = new long[SecondsKept], up = new long[SecondsKept];
            for (int i = 0; i < SecondsKept; i++)
            {
                (long second, long d, long u) = seconds[(from + i) % SecondsKept];
                if (second == from + i) (down[i], up[i]) = (d, u);
            }
            return new RateHistory(DateTimeOffset.FromUnixTimeSeconds(from), 1, down, up);
        }
    }

    /// <summary>The last day by the minute.</summary>
    public RateHistory Day()
    {
        const int minutes = DaemonState.MinutesKept;
        long from;
        lock (gate) from = minute - minutes;
        long[] down = new long[minutes], up = new long[minutes];
        foreach (SavedMinute saved in state.Minutes)
        {
            long at = saved.Minute - from;
            if (at is >= 0 and < minutes) (down[at], up[at]) = (saved.Downloaded / 60, saved.Uploaded / 60);
        }
        return new RateHistory(DateTimeOffset.FromUnixTimeSeconds(from * 60), 60, down, up);
    }

    private (long Down, long Up, long Wasted) Count(IEnumerable<TorrentTotals> torrents)
    {
        long down = 0, up = 0, wasted = 0;
        int count = 0;
        foreach (TorrentTotals now in torrents)
        {
            count++;
            // What it transferred before this run was counted then.
            if (last.TryGetValue(now.Id, out TorrentTotals was) && was.IsKnown && now.IsKnown)
            {
                if (was == now) continue;
                down += Math.Max(0, now.Downloaded - was.Downloaded);
                up += Math.Max(0, now.Uploaded - was.Uploaded);
                wasted += Math.Max(0, now.Wasted - was.Wasted);
            }
            last[now.Id] = now;
        }
        if (last.Count > count + 1000) ForgetGone(torrents);
        return (down, up, wasted);
    }

    private void ForgetGone(IEnumerable<TorrentTotals> torrents)
    {
        var there = torrents.Select(torrent => torrent.Id).ToHashSet();
        foreach (Sha1Hash id in last.Keys.Where(id => !there.Contains(id)).ToArray()) last.Remove(id);
    }

    // A minute that a restart cut in two is the sum of both parts.
    private SavedMinute EndMinute()
    {
        SavedMinute? part = state.Minutes.FirstOrDefault(saved => saved.Minute == minute);
        var ended = new SavedMinute { Minute = minute, Downloaded = minuteDown + (part?.Downloaded ?? 0), Uploaded = minuteUp + (part?.Uploaded ?? 0), Peers = peers };
        minuteDown = minuteUp = 0;
        return ended;
    }

    private static long MinuteOf(DateTimeOffset at) => at.ToUnixTimeSeconds() / 60;
}
