using Spate.Engine.Discovery;
using Spate.Engine.Metadata;
using Spate.Protocol;

namespace Spate.Engine.Tests.Metadata;

/// <summary>What somebody reads who waits for a magnet link.</summary>
public class MetadataStatusTests
{
    private static readonly MetadataStatus nothing = new() { InfoHash = InfoHash.FromV1(Sha1Hash.Of("x"u8)), Name = "x" };

    private static TrackerStatus Tracker(TrackerState state) => new() { Url = new Uri("http://tracker.example/announce"), Tier = 0, State = state };

    public static TheoryData<MetadataStatus, string> Moments => new()
    {
        { nothing, "no peers found yet" },
        { nothing with { IsJoiningDht = true }, "no DHT node reached yet, no peers found yet" },
        { nothing with { IsJoiningDht = true, DhtProblem = "The name n.example is not known." }, "no DHT node reached yet (The name n.example is not known), no peers found yet" },
        { nothing with { DhtNodesAsked = 63, IsJoiningDht = true }, "asked 63 DHT nodes, no peers found yet" },
        { nothing with { DhtNodesAsked = 1, Candidates = 3, Dialling = 2 }, "asked 1 DHT node, 3 peers found, trying 2" },
        { nothing with { DhtNodesAsked = 63, Candidates = 2, Failed = 2 }, "asked 63 DHT nodes, 2 peers tried, none answered" },
        { nothing with { Trackers = [Tracker(TrackerState.Working), Tracker(TrackerState.Failing)] }, "1 of 2 trackers answered, no peers found yet" },
        { nothing with { Candidates = 4, Peers = 2 }, "connected to 2 peers, none has offered the metadata yet" },
        { nothing with { Candidates = 4, Peers = 2, PeersWithMetadata = 1, Parts = (3, 20) }, "metadata: part 3 of 20, from 1 peer" },
    };

    [Theory]
    [MemberData(nameof(Moments))]
    public void It_says_what_it_waits_for(MetadataStatus status, string expected) => Assert.Equal(expected, status.Describe());
}
