using Spate.Engine.Discovery;
using Spate.Protocol;

namespace Spate.Engine.Metadata;

/// <summary>How the search for a torrent's metadata stands, at one moment. Immutable.</summary>
public sealed record MetadataStatus
{
    public required InfoHash InfoHash { get; init; }

    public required string Name { get; init; }

    /// <summary>Peers known.</summary>
    public int Candidates { get; init; }

    /// <summary>Peers being dialled.</summary>
    public int Dialling { get; init; }

    /// <summary>Peers connected.</summary>
    public int Peers { get; init; }

    /// <summary>Peers that were dialled so far and did not answer, or left.</summary>
    public int Failed { get; init; }

    /// <summary>Connected peers that have the metadata.</summary>
    public int PeersWithMetadata { get; init; }

    /// <summary>Parts of the metadata that came, of how many; (0, 0) before anybody told its size.</summary>
    public (int Received, int Total) Parts { get; init; }

    /// <summary>DHT nodes that were asked.</summary>
    public int DhtNodesAsked { get; init; }

    /// <summary>The DHT is on, and too few of its nodes have answered yet to look anything up.</summary>
    public bool IsJoiningDht { get; init; }

    /// <summary>What keeps it from joining, for people; empty when nothing is known of it.</summary>
    public string DhtProblem { get; init; } = "";

    public IReadOnlyList<TrackerStatus> Trackers { get; init; } = [];

    /// <summary>What it waits for, in words.</summary>
    public string Describe()
    {
        if (Parts.Total > 0) return $"metadata: part {Parts.Received} of {Parts.Total}, from {Count(PeersWithMetadata, "peer")}";
        var asked = new List<string>();
        if (DhtNodesAsked > 0) asked.Add($"asked {Count(DhtNodesAsked, "DHT node")}");
        else if (IsJoiningDht) asked.Add(DhtProblem.Length > 0 ? $"no DHT node reached yet ({DhtProblem.TrimEnd('.')})" : "no DHT node reached yet");
        int answered = Trackers.Count(tracker => tracker.State == TrackerState.Working);
        if (Trackers.Count > 0) asked.Add($"{answered} of {Count(Trackers.Count, "tracker")} answered");
        if (Candidates == 0) asked.Add("no peers found yet");
        else if (Peers > 0) asked.Add($"connected to {Count(Peers, "peer")}, none has offered the metadata yet");
        else if (Failed > 0) asked.Add($"{Count(Failed, "peer")} tried, none answered");
        else asked.Add($"{Count(Candidates, "peer")} found, trying {Dialling}");
        return string.Join(", ", asked);
    }

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count:N0} {what}s";
}
