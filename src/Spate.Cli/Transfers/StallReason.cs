using Spate.Engine.Dht;
using Spate.Engine.Discovery;
using Spate.Engine.Torrents;

namespace Spate.Cli.Transfers;

/// <summary>Says why a download gets nothing at the moment: the first thing that somebody who waits wants to know.</summary>
internal static class StallReason
{
    /// <summary>The reason, for a torrent to which nothing comes; null where it does not download.</summary>
    /// <param name="status">The torrent.</param>
    /// <param name="peers">Its connected peers.</param>
    /// <param name="dht">The DHT; null where the torrent does not use it.</param>
    /// <param name="unreached">Why the last peer that was tried could not be connected to; null before there was one.</param>
    public static string? Of(TorrentStatus status, IReadOnlyList<PeerStatus> peers, DhtStatus? dht, string? unreached = null)
    {
        if (status.State != TorrentState.Downloading) return null;
        if (peers.Count > 0)
        {
            int useful = peers.Count(static peer => peer.AmInterested);
            if (useful == 0) return $"{Count(peers.Count, "peer")}, none has what is missing";
            int choking = peers.Count(static peer => peer.AmInterested && peer.PeerChoking);
            return choking == useful ? $"waiting for an upload slot at {Count(useful, "peer")}" : $"waiting for data from {Count(useful - choking, "peer")}";
        }
        if (status.Dialling > 0) return $"no peers yet: connecting to {status.Dialling} of {Count(status.Candidates, "peer")}";
        return "no peers yet: " + status.Candidates switch
        {
            0 => OfSources(status.Trackers, dht),
            1 => $"the only one that is known can't be reached{(unreached is null ? "" : $" ({unreached})")}, it is tried again",
            int known => $"none of {known} that are known can be reached{(unreached is null ? "" : $" (the last: {unreached})")}, they are tried again",
        };
    }

    private static string OfSources(IReadOnlyList<TrackerStatus> trackers, DhtStatus? dht)
    {
        string? ofDht = dht switch
        {
            null => null,
            { IsReady: false } => "joining the DHT",
            _ => $"{Count(dht.Nodes4 + dht.Nodes6, "DHT node")} at hand",
        };
        if (trackers.Count == 0) return ofDht ?? "the torrent has no trackers; name a peer with --peer";
        return ofDht is null ? OfTrackers(trackers) : $"{OfTrackers(trackers)}; {ofDht}";
    }

    private static string OfTrackers(IReadOnlyList<TrackerStatus> trackers)
    {
        if (trackers.FirstOrDefault(static t => t.State is TrackerState.Announcing or TrackerState.Queued) is { } asked) return $"asking tracker {asked.Url.Host}";
        TrackerStatus[] working = [.. trackers.Where(static t => t.State == TrackerState.Working)];
        string? next = trackers.Where(static t => t.NextAnnounce is not null).Min(static t => t.NextAnnounce) is { } time
            ? $", asked again in {Terminal.ProgressLine.ShowTime(time)}" : null;
        if (working.Length > 0)
        {
            string message = working[0].Message.Length > 0 ? $" (\"{working[0].Message}\")" : "";
            return (working.Length == 1 ? $"tracker {working[0].Url.Host} knows no others" : $"{working.Length} trackers know no others") + message + next;
        }
        TrackerStatus? failing = trackers.FirstOrDefault(static t => t.State is TrackerState.Failing or TrackerState.Disabled);
        if (failing is null) return "no tracker was asked yet";
        string more = trackers.Count > 1 ? $" ({trackers.Count} trackers, none answered)" : "";
        return failing.Message.TrimEnd('.') + more + next;
    }

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}
