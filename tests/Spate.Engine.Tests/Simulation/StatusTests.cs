using Spate.Engine.Torrents;
using Spate.Simulation;

namespace Spate.Engine.Tests.Simulation;

/// <summary>What whoever shows many torrents lives on: being told of changes, and the state of trackers and pieces.</summary>
public sealed class StatusTests
{
    private static readonly NodeOptions node = new()
    {
        Link = LinkOptions.Of(500_000, 2_000_000, TimeSpan.FromMilliseconds(50)),
        Session = new SessionOptions { StateFolder = SimNode.StateFolder, LocalDiscovery = false, Dht = false },
    };

    [Fact]
    public void A_torrent_that_just_stands_there_is_seldom_told_of()
    {
        using var world = new SimWorld(41);
        var swarm = new SimSwarm(world, new ContentOptions { Length = 1 << 20, PieceLength = 32 << 10 });
        SimNode seed = swarm.Add("seed", node with { IsSeed = true });
        world.RunUntil(() => seed.Torrent?.Status.State == TorrentState.Seeding, TimeSpan.FromMinutes(1), "seeding");
        int told = 0;
        seed.Session!.StatusPublished = torrent => told += torrent == seed.Torrent ? 1 : 1000;
        world.Run(TimeSpan.FromMinutes(2));
        Assert.InRange(told, 1, 20);

        SimNode leech = swarm.Add("leech", node);
        told = 0;
        swarm.RunUntilComplete(TimeSpan.FromMinutes(2));
        Assert.InRange(told, 1, 1000);
        PieceStatus pieces = world.Play(() => leech.Torrent!.GetPieceStatusAsync(), TimeSpan.FromMinutes(1));
        Assert.True(pieces.Have.IsFull);
        Assert.Equal(0, pieces.Active.Count + pieces.Skipped.Count);
        Assert.Equal(pieces.Have.Length, pieces.Availability.Length);
        swarm.StopAndCheckForLeaks();
    }

    [Fact]
    public void Trackers_are_replaced_while_it_runs()
    {
        using var world = new SimWorld(42);
        var swarm = new SimSwarm(world, new ContentOptions { Length = 1 << 20, PieceLength = 32 << 10 });
        SimNode seed = swarm.Add("seed", node with { IsSeed = true });
        world.RunUntil(() => seed.Torrent?.Status.State == TorrentState.Seeding, TimeSpan.FromMinutes(1), "seeding");
        SimTracker other = world.AddTracker("other.sim");
        _ = seed.Torrent!.SetTrackersAsync([["not a URL"], [other.Address]]);
        world.RunUntil(() => seed.Torrent!.Status.Trackers is [{ State: Spate.Engine.Discovery.TrackerState.Working } only] && only.Url == new Uri(other.Address), TimeSpan.FromMinutes(1), "announcing to the other tracker");
        swarm.StopAndCheckForLeaks();
    }
}
