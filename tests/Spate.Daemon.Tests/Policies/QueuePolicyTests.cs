using FsCheck;
using FsCheck.Fluent;
using Spate.Daemon.Policies;
using Spate.Daemon.State;
using Spate.Protocol;

namespace Spate.Daemon.Tests.Policies;

public sealed class QueuePolicyTests
{
    private readonly QueuePolicy queue = new() { Settings = new SavedQueue { MaxDownloads = 2, MaxSeeds = 1, SlowSeconds = 10, SlowDownload = 100, SlowUpload = 100 } };

    [Fact]
    public void The_first_in_the_queue_run()
    {
        foreach (int i in new[] { 4, 2, 3, 1 }) Download(i);
        Assert.Equal("+1 +2", Decide());
        Assert.Equal("", Decide());
        queue.Remove(Id(1));
        Assert.Equal("+3", Decide());
        Download(0);
        Assert.Equal("-3 +0", Decide());
    }

    [Fact]
    public void Seeds_have_limits_of_their_own_and_downloads_go_before_them()
    {
        Seed(1);
        Seed(2);
        Download(3);
        Assert.Equal("+1 +3", Decide());
        queue.Settings = queue.Settings with { MaxActive = 1 };
        Assert.Equal("-1", Decide());
        queue.Settings = queue.Settings with { MaxActive = 0, MaxSeeds = 0 };
        Assert.Equal("+1 +2", Decide());
    }

    [Fact]
    public void A_download_that_is_complete_takes_a_seeds_place()
    {
        Download(1);
        Download(2);
        Download(3);
        Decide();
        Seed(1);
        Assert.Equal("+3", Decide());
        Seed(2);
        Assert.Equal("-2", Decide());
    }

    [Fact]
    public void Forced_ones_run_beside_all_limits()
    {
        for (int i = 0; i < 4; i++) Download(i);
        queue.Set(new QueueEntry(Id(9), 9, false, IsForced: true));
        Assert.Equal("+0 +1 +9", Decide());
        queue.Set(new QueueEntry(Id(9), 9, false, IsForced: false));
        Assert.Equal("-9", Decide());
    }

    [Fact]
    public void Switched_off_it_lets_all_run()
    {
        for (int i = 0; i < 4; i++) Download(i);
        Decide();
        queue.Settings = queue.Settings with { IsEnabled = false };
        Assert.Equal("+2 +3", Decide());
        queue.Settings = queue.Settings with { IsEnabled = true };
        Assert.Equal("-2 -3", Decide());
    }

    [Fact]
    public void One_that_was_slow_for_a_while_makes_room_and_takes_its_place_again_when_it_is_fast()
    {
        for (int i = 1; i <= 3; i++) Download(i);
        Decide();
        queue.Report(Id(1), 5, 0, 0);
        queue.Report(Id(1), 5, 0, 9_999);
        Assert.Equal("", Decide());
        queue.Report(Id(1), 5, 0, 10_000);
        Assert.True(queue.IsSlow(Id(1)));
        Assert.Equal("+3", Decide());
        queue.Report(Id(1), 5000, 0, 20_000);
        queue.Report(Id(1), 5, 0, 25_000); // not for long enough
        queue.Report(Id(1), 5000, 0, 30_000);
        Assert.Equal("", Decide());
        queue.Report(Id(1), 5000, 0, 40_000);
        Assert.Equal("-3", Decide());
    }

    [Fact]
    public void A_seed_is_slow_by_what_it_sends()
    {
        Seed(1);
        Seed(2);
        Decide();
        queue.Report(Id(1), 1e6, 0, 0);
        queue.Report(Id(1), 1e6, 0, 10_000);
        Assert.Equal("+2", Decide());
    }

    [Fact]
    public void Slow_ones_still_count_for_the_limit_of_all()
    {
        queue.Settings = queue.Settings with { MaxActive = 3 };
        for (int i = 0; i < 100; i++) Download(i);
        int now = 0;
        for (int round = 0; round < 20; round++)
        {
            Decide();
            for (int i = 0; i < 100; i++) queue.Report(Id(i), 0, 0, now);
            now += 10_000;
        }
        Assert.Equal(3, Enumerable.Range(0, 100).Count(i => queue.Runs(Id(i))));
    }

    [Fact]
    public void Whatever_happens_the_limits_hold_and_nobody_is_passed_over()
    {
        var step = Gen.Zip(Gen.Choose(0, 6), Gen.Zip(Gen.Choose(0, 14), Gen.Choose(0, 3)));
        Prop.ForAll(Arb.From(Gen.ListOf(step)), steps =>
        {
            var policy = new QueuePolicy();
            var entries = new Dictionary<Sha1Hash, QueueEntry>();
            var runs = new HashSet<Sha1Hash>();
            long now = 0;
            foreach ((int kind, (int which, int value)) in steps)
            {
                Sha1Hash id = Id(which);
                switch (kind)
                {
                    case <= 2:
                        var entry = new QueueEntry(id, which * 7 % 5, IsSeed: kind == 2, IsForced: value == 3);
                        entries[id] = entry;
                        policy.Set(entry);
                        break;
                    case 3:
                        entries.Remove(id);
                        policy.Remove(id);
                        runs.Remove(id);
                        break;
                    case 4:
                        policy.Settings = new SavedQueue { MaxDownloads = value, MaxSeeds = (value + 1) % 4, MaxActive = value * 2, ExemptSlow = which % 2 == 0, SlowSeconds = 1 };
                        break;
                    default:
                        now += 600;
                        for (int i = 0; i < 15; i++) policy.Report(Id(i), i % (value + 1) * 5000, 0, now);
                        break;
                }
                foreach (QueueDecision decision in policy.Decide())
                {
                    if (!(decision.Runs ? runs.Add(decision.Id) : runs.Remove(decision.Id))) return false; // told twice
                }
                if (policy.Decide().Count > 0 || !Holds(policy, entries, runs)) return false;
            }
            return true;
        }).QuickCheckThrowOnFailure();
    }

    private static bool Holds(QueuePolicy policy, Dictionary<Sha1Hash, QueueEntry> entries, HashSet<Sha1Hash> runs)
    {
        if (!runs.All(id => entries.ContainsKey(id) && policy.Runs(id))) return false;
        if (!policy.Settings.IsEnabled) return runs.Count == entries.Count;
        if (entries.Values.Any(entry => entry.IsForced && !runs.Contains(entry.Id))) return false;
        bool Counts(QueueEntry entry) => runs.Contains(entry.Id) && !entry.IsForced && !(policy.Settings.ExemptSlow && policy.IsSlow(entry.Id));
        int all = entries.Values.Count(entry => runs.Contains(entry.Id) && !entry.IsForced);
        bool allFull = policy.Settings.MaxActive > 0 && all >= policy.Settings.MaxActive;
        if (policy.Settings.MaxActive > 0 && all > policy.Settings.MaxActive) return false;
        foreach ((bool seed, int most) in new[] { (false, policy.Settings.MaxDownloads), (true, policy.Settings.MaxSeeds) })
        {
            QueueEntry[] kind = [.. entries.Values.Where(entry => entry.IsSeed == seed && !entry.IsForced)];
            int counted = kind.Count(Counts);
            if (most > 0 && counted > most) return false;
            QueueEntry[] waiting = [.. kind.Where(entry => !runs.Contains(entry.Id))];
            bool full = allFull || (most > 0 && counted == most);
            if (waiting.Length > 0 && !full) return false; // a free place, and somebody waits
            if (waiting.Length > 0 && kind.Where(Counts).Any(running => waiting.Any(other => (other.Rank, other.Id).CompareTo((running.Rank, running.Id)) < 0)))
                return false; // somebody was passed over
        }
        return true;
    }

    private static Sha1Hash Id(int i)
    {
        byte[] bytes = new byte[20];
        bytes[19] = (byte)i;
        return new Sha1Hash(bytes);
    }

    private void Download(int i) => queue.Set(new QueueEntry(Id(i), i, IsSeed: false, IsForced: false));

    private void Seed(int i) => queue.Set(new QueueEntry(Id(i), i, IsSeed: true, IsForced: false));

    private string Decide() => string.Join(' ', queue.Decide().OrderBy(d => d.Runs).ThenBy(d => d.Id).Select(d => $"{(d.Runs ? '+' : '-')}{d.Id.AsSpan()[19]}"));
}
