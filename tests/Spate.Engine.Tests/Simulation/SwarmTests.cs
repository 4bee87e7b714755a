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

    private void Report(SimSwarm swarm, string what)
    {
        SimWorld world = swarm.World;
        double[] seconds = [.. swarm.Leeches.Where(n => n.CompletedAt is not null).Select(n => n.Seconds).Order()];
        output.WriteLine($"{what}: median {seconds[seconds.Length / 2]:F1} s, last {seconds[^1]:F1} s; seed sent " +
            $"{(double)swarm.Nodes.Where(n => n.Options.IsSeed).Sum(n => n.Uploaded) / swarm.Content.Length:F2} copies; {world.Trace.Count} events, hash {world.Trace.Hash:x16}");
    }
}
