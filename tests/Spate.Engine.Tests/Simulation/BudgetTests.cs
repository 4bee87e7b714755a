using System.Net;
using Spate.Engine.Session;
using Spate.Simulation;

namespace Spate.Engine.Tests.Simulation;

/// <summary>Connections and half-open connections of a session; that they are never more than allowed is checked after each turn.</summary>
public sealed class BudgetTests : IDisposable
{
    private static readonly SessionOptions session = new() { StateFolder = SimNode.StateFolder, LocalDiscovery = false, Dht = false };

    private readonly SimWorld world = new(73);

    public void Dispose() => world.Dispose();

    /// <summary>Seven of them fill each other's places before any has a piece; the seed gets in all the same.</summary>
    [Fact]
    public void A_session_with_few_connections_uses_all_of_them_and_no_more_and_makes_room_for_those_that_have_something()
    {
        var swarm = new SimSwarm(world, new ContentOptions { Length = 8 << 20, PieceLength = 128 << 10 });
        var options = new NodeOptions { Session = session with { MaxConnections = 6 } };
        swarm.Add("seed", options with { IsSeed = true });
        IReadOnlyList<SimNode> leeches = swarm.Add(12, "leech", options);
        var most = new Dictionary<SimNode, int>();
        while (!leeches.All(static leech => leech.IsFinished))
        {
            Assert.InRange(world.Now.TotalMinutes, 0, 10);
            world.Run(TimeSpan.FromMilliseconds(100));
            foreach (SimNode node in swarm.Nodes) most[node] = Math.Max(most.GetValueOrDefault(node), node.Session!.Connections);
        }
        Assert.Equal(6, most.Values.Max());
        Assert.True(most.Values.Count(static count => count >= 5) > 6, string.Join(' ', most.Values));
        swarm.StopAndCheckForLeaks();
    }

    [Fact]
    public void Addresses_that_do_not_answer_are_dialled_a_few_at_a_time_and_do_not_keep_it_from_the_one_that_does()
    {
        var swarm = new SimSwarm(world, new ContentOptions { Length = 2 << 20, PieceLength = 128 << 10 });
        SimHost[] dead = [.. Enumerable.Range(0, 24).Select(i => world.AddHost($"dead{i}", LinkOptions.Of(0, 0, TimeSpan.FromMilliseconds(10))))];
        world.Partition(dead);
        swarm.Add("seed", new NodeOptions { IsSeed = true });
        var torrent = new TorrentOptions { SaveTo = SimNode.Folder, Peers = [.. dead.Select(static host => new IPEndPoint(host.Address, 6881))] };
        SimNode leech = swarm.Add("leech", new NodeOptions { Session = session with { MaxHalfOpen = 3 }, Torrent = torrent });
        int most = 0;
        while (!leech.IsFinished)
        {
            Assert.InRange(world.Now.TotalMinutes, 0, 10);
            world.Run(TimeSpan.FromMilliseconds(100));
            most = Math.Max(most, leech.Torrent!.Lifecycle.Swarm.Connector.Dialling);
        }
        Assert.Equal(3, most);
    }
}
