using Spate.Simulation;
using Xunit.Abstractions;

namespace Spate.Engine.Tests.Simulation;

/// <summary>Whole swarms of the real engine, each from a fixed seed.</summary>
public sealed class SwarmTests(ITestOutputHelper output)
{
    [Fact]
    public void One_downloads_from_one()
    {
        using var world = new SimWorld(1);
        var swarm = new SimSwarm(world, new ContentOptions { Length = 10_000_000, PieceLength = 256 << 10 });
        swarm.Add("seed", new NodeOptions { IsSeed = true });
        SimNode leech = swarm.Add("leech", new NodeOptions());
        swarm.RunUntilComplete(TimeSpan.FromMinutes(2));
        Report(swarm, "one to one");
        Assert.InRange(leech.Seconds, 10, 13);
        swarm.StopAndCheckForLeaks();
    }

    [Fact]
    public void An_ideal_swarm_of_fifty_is_done_soon()
    {
        using var world = new SimWorld(2);
        var swarm = new SimSwarm(world, new ContentOptions { Length = 4 << 20, PieceLength = 64 << 10 });
        swarm.Add("seed", Node with { IsSeed = true });
        swarm.Add(50, "leech", Node, TimeSpan.FromSeconds(1));
        swarm.RunUntilComplete(TimeSpan.FromMinutes(5));
        Report(swarm, "ideal swarm of 50");
        swarm.StopAndCheckForLeaks();
    }

    [Fact]
    public void A_flash_crowd_of_two_hundred_needs_little_of_its_slow_seed()
    {
        using var world = new SimWorld(3);
        var swarm = new SimSwarm(world, new ContentOptions { Length = 4 << 20, PieceLength = 64 << 10 });
        SimNode seed = swarm.Add("seed", Node with { IsSeed = true, Link = LinkOptions.Of(200_000, 1_000_000, TimeSpan.FromMilliseconds(50)) });
        swarm.Add(200, "leech", Node, TimeSpan.FromSeconds(5));
        swarm.RunUntilComplete(TimeSpan.FromMinutes(10));
        Report(swarm, "flash crowd of 200");
        Assert.True(seed.Uploaded < 1.5 * swarm.Content.Length, $"The seed sent {(double)seed.Uploaded / swarm.Content.Length:F2} copies.");
    }

    private static readonly NodeOptions Node = new()
    {
        Session = new SessionOptions { StateFolder = SimNode.StateFolder, WriteMemory = 4 << 20, ReadMemory = 2 << 20 },
    };

    private void Report(SimSwarm swarm, string what)
    {
        SimWorld world = swarm.World;
        double[] seconds = [.. swarm.Leeches.Where(n => n.CompletedAt is not null).Select(n => n.Seconds).Order()];
        output.WriteLine($"{what}: median {seconds[seconds.Length / 2]:F1} s, last {seconds[^1]:F1} s; seed sent " +
            $"{(double)swarm.Nodes.Where(n => n.Options.IsSeed).Sum(n => n.Uploaded) / swarm.Content.Length:F2} copies; {world.Trace.Count} events, hash {world.Trace.Hash:x16}");
    }
}
