using Spate.Api;
using Spate.Engine.Discovery;
using Spate.Engine.Torrents;
using EngineState = Spate.Engine.Torrents.TorrentState;
using EngineTracker = Spate.Engine.Discovery.TrackerState;

namespace Spate.Daemon.Torrents;

/// <summary>Writes into a torrent's log what is new in its status.</summary>
internal static class TorrentNews
{
    public static void Tell(ManagedTorrent torrent, TorrentStatus now, DateTimeOffset at)
    {
        TorrentStatus? was = torrent.Logged;
        torrent.Logged = now;
        if (was is null || ReferenceEquals(was, now)) return;
        if (was.State != now.State) Say(now.State == EngineState.Error ? FindingLevel.Problem : FindingLevel.Note, Describe(was.State, now));
        if (!was.IsFinished && now.IsFinished && now.State == EngineState.Seeding && was.State == EngineState.Downloading) Say(FindingLevel.Good, "Everything that was wanted is here.");
        if (ReferenceEquals(was.Trackers, now.Trackers)) return;
        foreach (TrackerStatus tracker in now.Trackers)
        {
            TrackerStatus? before = was.Trackers.FirstOrDefault(other => other.Url == tracker.Url);
            if (before is null || before.State == tracker.State && before.Message == tracker.Message) continue;
            if (tracker.State == EngineTracker.Working && before.Fails > 0) Say(FindingLevel.Good, $"The tracker {tracker.Url.Host} answers again.");
            else if (tracker.State == EngineTracker.Failing && tracker.Message != before.Message) Say(FindingLevel.Problem, $"The tracker {tracker.Url.Host} failed: {tracker.Message}");
            else if (tracker.State == EngineTracker.Working && tracker.Message.Length > 0 && tracker.Message != before.Message) Say(FindingLevel.Note, $"The tracker {tracker.Url.Host} says: {tracker.Message}");
        }

        void Say(FindingLevel level, string message) => torrent.Log.Add(at, level, message);
    }

    private static string Describe(EngineState from, TorrentStatus now) => now.State switch
    {
        EngineState.Checking => "Checking files.",
        EngineState.Downloading => from == EngineState.Error ? "Goes on downloading." : from == EngineState.Checking ? $"Checked: {now.Progress:P1} is here. Downloading." : "Downloading.",
        EngineState.Seeding => from == EngineState.Checking ? "Checked: all that is wanted is here. Seeding." : "Seeding.",
        EngineState.Paused => "Stopped.",
        EngineState.Error => now.Error ?? "It stands still.",
        _ => "Removed.",
    };
}
