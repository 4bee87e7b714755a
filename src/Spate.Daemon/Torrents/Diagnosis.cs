using System.Globalization;
using Spate.Api;
using Spate.Engine.Discovery;
using Spate.Engine.Torrents;
using EngineTracker = Spate.Engine.Discovery.TrackerState;
using TorrentState = Spate.Api.TorrentState;

namespace Spate.Daemon.Torrents;

/// <summary>Explains why a torrent is not faster, the most important first.</summary>
internal static class Diagnosis
{
    public static IReadOnlyList<Finding> Of(ManagedTorrent torrent, TorrentRow row)
    {
        var findings = new List<Finding>();
        switch (row.State)
        {
            case TorrentState.Error:
                Problem("error", row.Error ?? "It stands still.", "It goes on by itself once that is mended; resume tries at once.");
                return findings;
            case TorrentState.Paused:
                Note("paused", "It is paused.", "Resume it to go on.");
                return findings;
            case TorrentState.Queued:
                Note("queued", $"It waits for its turn, at place {row.QueuePosition}.", "Move it up, force it, or let more torrents run at once.");
                return findings;
            case TorrentState.Checking:
                Note("checking", $"Its files are being checked, {row.Progress.ToString("P0", CultureInfo.InvariantCulture)} done.", null);
                return findings;
            case TorrentState.Moving:
                Note("moving", "Its files are being moved.", null);
                return findings;
            case TorrentState.Metadata:
                Note("metadata", Sentence(torrent.Search?.Status.Describe() ?? "the description is being looked for"), null);
                Trackers(torrent.Search?.Status.Trackers ?? [], isPrivate: false);
                return findings;
        }
        if (torrent.Engine?.Status is not { } status) return findings;
        if (row.State == TorrentState.Downloading) Downloading(status);
        else Seeding(status);
        return findings;

        void Downloading(TorrentStatus now)
        {
            bool limited = row.DownloadLimit > 0 && row.DownloadRate > row.DownloadLimit * 0.85;
            if (limited) Note("limitReached", $"It downloads as fast as its limit of {Rate(row.DownloadLimit)} lets it.", "Raise the limit of the torrent.");
            if (now.Peers == 0)
            {
                if (now.Dialling > 0 || now.Candidates > 0) Problem("connecting", $"No peer is connected; {now.Candidates} are known and {now.Dialling} are being tried.", null);
                else Problem("noPeers", "No peers are known.", row.IsPrivate ? "Only its trackers may name peers: see what they answer." : "See what its trackers answer; the DHT is asked too where it is on.");
            }
            else if (now.Availability == 0 && now.Seeds == 0)
                Problem("notAvailable", "No connected peer has the pieces that are missing.", "It completes only if somebody comes who has them.");
            else if (row.DownloadRate == 0)
                Problem("choked", $"{Count(now.Peers, "peer")} connected, and none sends at the moment.", "Peers let in others first; being reachable from outside and uploading helps.");
            else if (!limited)
                findings.Add(new Finding { Code = "downloading", Level = FindingLevel.Good, Message = $"{Count(now.Peers, "peer")} connected, {Rate(row.DownloadRate)} comes in." });
            Trackers(now.Trackers, row.IsPrivate);
            if (now.Wasted > 16 << 20 && now.Wasted > now.Downloaded / 20) Note("wasted", $"{now.Wasted / 1048576} MiB came that were wrong or not needed.", "Some peers send bad data; they are banned as they are found out.");
        }

        void Seeding(TorrentStatus now)
        {
            if (row.UploadLimit > 0 && row.UploadRate > row.UploadLimit * 0.85) Note("limitReached", $"It uploads as fast as its limit of {Rate(row.UploadLimit)} lets it.", "Raise the limit of the torrent.");
            else if (row.UploadRate > 0) findings.Add(new Finding { Code = "seeding", Level = FindingLevel.Good, Message = $"{Count(now.Peers, "peer")} connected, {Rate(row.UploadRate)} goes out." });
            else findings.Add(new Finding { Code = "idle", Level = FindingLevel.Good, Message = now.Peers == 0 ? "Nobody wants it at the moment." : $"{Count(now.Peers, "peer")} connected, and none asks for anything." });
            Trackers(now.Trackers, row.IsPrivate);
        }

        void Trackers(IReadOnlyList<TrackerStatus> trackers, bool isPrivate)
        {
            if (trackers.Count == 0) return;
            int failing = trackers.Count(static tracker => tracker.State is EngineTracker.Failing or EngineTracker.Disabled);
            if (failing == 0) return;
            string why = trackers.First(static tracker => tracker.State is EngineTracker.Failing or EngineTracker.Disabled).Message;
            string message = failing == trackers.Count ? $"No tracker answers: {why}" : $"{failing} of {trackers.Count} trackers do not answer: {why}";
            if (failing == trackers.Count && isPrivate) Problem("trackersFail", message, "A private torrent has no other source of peers.");
            else Note("trackersFail", message, null);
        }

        void Problem(string code, string message, string? advice) => findings.Add(new Finding { Code = code, Level = FindingLevel.Problem, Message = message, Advice = advice });

        void Note(string code, string message, string? advice) => findings.Add(new Finding { Code = code, Level = FindingLevel.Note, Message = message, Advice = advice });
    }

    private static string Rate(long bytes) => bytes >= 1 << 20
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.0} MiB/s")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.0} KiB/s");

    private static string Count(int count, string what) => count == 1 ? $"1 {what} is" : $"{count:N0} {what}s are";

    private static string Sentence(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..] + ".";
}
