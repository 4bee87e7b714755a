using System.Net;
using Spate.Engine.Discovery;
using Spate.Engine.Ports;
using Spate.Engine.Session;
using Spate.Simulation;

namespace Spate.Engine.Tests.Simulation;

/// <summary>What a session knows of the DHT outlives it, however it ends.</summary>
public class DhtRestartTests
{
    private static readonly NodeOptions node = new()
    {
        Session = new SessionOptions { StateFolder = SimNode.StateFolder, LocalDiscovery = false, DhtNodes = [new DnsEndPoint("seed", 6881)] },
    };

    /// <summary>Nobody is named to the second run. Where nothing was saved yet it stays alone, which shows that the other cases could fail.</summary>
    [Theory]
    [InlineData(11, true, true)]
    [InlineData(1, true, false)]
    [InlineData(1, false, true)]
    public void A_session_joins_by_what_the_last_one_saved(int minutes, bool isKilled, bool joins)
    {
        using var world = new SimWorld(64);
        var swarm = new SimSwarm(world, new ContentOptions { Length = 1 << 20 });
        swarm.Add("seed", node with { IsSeed = true });
        SimNode ours = swarm.Add("ours", node);
        world.Run(TimeSpan.FromMinutes(minutes));
        Assert.True(ours.Session!.Dht!.Status.IsReady);
        if (isKilled) ours.Kill();
        else world.Play(ours.StopAsync, TimeSpan.FromSeconds(30));
        Assert.Equal(joins, JoinsAlone(world, ours));
    }

    [Fact]
    public void A_session_that_reached_nobody_leaves_what_was_saved()
    {
        using var world = new SimWorld(65);
        var swarm = new SimSwarm(world, new ContentOptions { Length = 1 << 20 });
        SimNode seed = swarm.Add("seed", node with { IsSeed = true }), ours = swarm.Add("ours", node);
        world.Run(TimeSpan.FromMinutes(1));
        world.Play(ours.StopAsync, TimeSpan.FromSeconds(30));
        seed.Host.IsOnline = false;
        ours.Host.Restart();
        ours.Start();
        world.Run(TimeSpan.FromMinutes(1));
        world.Play(ours.StopAsync, TimeSpan.FromSeconds(30));
        seed.Host.IsOnline = true;
        Assert.True(JoinsAlone(world, ours));
    }

    // In a new process, with the same disk, no node named, and at a port where nobody looks for it.
    private static bool JoinsAlone(SimWorld world, SimNode ours)
    {
        SimProcess process = ours.Host.Restart();
        SessionEnvironment environment = process.Environment;
        var names = new NameCache(environment.Network.ResolveAsync, environment.Time);
        var trackers = new TrackerClients(
            new HttpAnnouncer(environment.Http, names, environment.Time),
            new UdpAnnouncer(environment.Network, names, environment.Scheduler, environment.Random, environment.Time, static fault => throw fault));
        TorrentSession? session = null;
        process.Perform(() =>
        {
            session = new TorrentSession(node.Session with { DhtNodes = [], Listen = [new IPEndPoint(IPAddress.Any, 7001)] }, environment, trackers, static fault => throw fault);
            session.Start();
        });
        world.Run(TimeSpan.FromSeconds(5));
        return session!.Dht!.Status.IsReady;
    }
}
