using System.Net;
using Spate.Engine.Discovery;
using Spate.Simulation;

namespace Spate.Engine.Tests.Simulation;

public class CanonicalPriorityTests
{
    /// <summary>BEP 40 ranks peers by our address as they see it: a session that learns it ranks all it knows anew.</summary>
    [Fact]
    public void Peers_are_ranked_by_the_address_that_others_see_us_at()
    {
        using var world = new SimWorld(91);
        var swarm = new SimSwarm(world, new ContentOptions { Length = 2 << 20 });
        for (int i = 1; i <= 50; i++) swarm.Tracker!.Extra.Add(new IPEndPoint(new IPAddress([81, (byte)i, 7, (byte)(3 * i)]), 6881));
        SimNode node = swarm.Add("node", new NodeOptions
        {
            Session = new SessionOptions { StateFolder = SimNode.StateFolder, LocalDiscovery = false, Dht = false },
        });
        world.Run(TimeSpan.FromSeconds(10));
        ExternalAddress addresses = node.Session!.Resources.Addresses;
        var outside = new IPEndPoint(IPAddress.Parse("198.51.100.77"), node.EndPoint.Port);
        addresses.Vote(outside.Address, IPAddress.Parse("8.8.8.8"));
        addresses.Vote(outside.Address, IPAddress.Parse("9.9.9.9"));
        addresses.Vote(outside.Address, IPAddress.Parse("20.1.1.1"));
        Assert.Equal(outside.Address, addresses.V4);
        world.Run(TimeSpan.FromSeconds(3));
        IReadOnlyList<Candidate> known = node.Torrent!.Lifecycle.Candidates.Entries;
        Assert.True(known.Count >= 50);
        Assert.All(known.Where(static c => c.EndPoint.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork),
            candidate => Assert.Equal(PeerPriority.Of(outside, candidate.EndPoint), candidate.Priority));
    }
}
