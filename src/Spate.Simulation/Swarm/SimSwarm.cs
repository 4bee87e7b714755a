using System.Globalization;
using System.Text;
using Spate.Protocol;

namespace Spate.Simulation;

/// <summary>Nodes that share one torrent, with a tracker, and the checks that look after every turn of a node.</summary>
public sealed class SimSwarm
{
    private readonly Dictionary<SimHost, SimNode> byHost = [];
    private readonly List<SimNode> nodes = [];

    /// <param name="world">Where it lives.</param>
    /// <param name="content">What is shared; its trackers are set here unless it names some.</param>
    /// <param name="check">Look after every turn whether what must always hold does hold.</param>
    public SimSwarm(SimWorld world, ContentOptions content, bool check = true)
    {
        World = world;
        if (content.Trackers.Count == 0)
        {
            Tracker = world.AddTracker();
            content = content with { Trackers = [Tracker.Address] };
        }
        Content = world.AddContent(content);
        Metainfo = Metainfo.Parse(Content.Torrent);
        if (Metainfo.InfoHash.Wire != Content.InfoHash) throw new InvalidOperationException("The engine reads another info-hash than was made.");
        if (check) world.CheckAlways(new SwarmInvariants(process => byHost.GetValueOrDefault(process.Host)).Check);
    }

    public SimWorld World { get; }

    public SimContent Content { get; }

    public Metainfo Metainfo { get; }

    /// <summary>The tracker that the torrent names, unless the content was given other ones.</summary>
    public SimTracker? Tracker { get; }

    public IReadOnlyList<SimNode> Nodes => nodes;

    /// <summary>Nodes that began without the content.</summary>
    public IEnumerable<SimNode> Leeches => nodes.Where(n => !n.Options.IsSeed);

    /// <summary>Adds a node and starts it.</summary>
    public SimNode Add(string name, NodeOptions options) => Prepare(name, options).Start();

    /// <summary>Adds a node without starting it.</summary>
    public SimNode Prepare(string name, NodeOptions options)
    {
        var node = new SimNode(this, World.AddHost(name, options.Link, options.Disk), options);
        nodes.Add(node);
        byHost[node.Host] = node;
        return node;
    }

    /// <summary>Adds several nodes; each is started after a short random time of its own.</summary>
    public IReadOnlyList<SimNode> Add(int count, string name, NodeOptions options, TimeSpan spread = default)
    {
        var added = new List<SimNode>(count);
        for (int i = 0; i < count; i++)
        {
            SimNode node = Prepare(name + i.ToString(CultureInfo.InvariantCulture), options);
            added.Add(node);
            if (spread == default) node.Start();
            else World.After(TimeSpan.FromTicks(World.Random.NextLong(spread.Ticks)), () => node.Start());
        }
        return added;
    }

    /// <summary>Runs until every running node is complete, or the time is over: then it fails and shows how each stands.</summary>
    public void RunUntilComplete(TimeSpan limit) => RunUntilComplete(limit, Leeches);

    /// <summary>Runs until the given nodes are complete, or the time is over: then it fails and shows how each stands.</summary>
    public void RunUntilComplete(TimeSpan limit, IEnumerable<SimNode> which)
    {
        SimNode[] wanted = [.. which];
        bool done = World.Run(() =>
        {
            bool all = true;
            foreach (SimNode node in wanted)
            {
                if (node.CompletedAt is not null) continue;
                if (node.IsRunning && node.IsFinished) node.CompletedAt = World.Now;
                else all = false;
            }
            return all;
        }, limit);
        if (!done) throw World.Failure($"After {limit.TotalSeconds:F0} s not everybody is complete:\n{Describe()}", null);
        foreach (SimNode node in wanted)
        {
            if (!node.HoldsContent) throw World.Failure($"{node.Host.Name} says that it is complete, but its disk holds something else.", null);
        }
    }

    /// <summary>Stops all nodes in good order and checks that nothing was left behind: no block, no buffer, no stream, no connection.</summary>
    public void StopAndCheckForLeaks()
    {
        SimNode[] running = [.. nodes.Where(n => n.IsRunning)];
        World.Play(() => Task.WhenAll(running.Select(n => n.StopAsync())), TimeSpan.FromMinutes(2));
        World.Run(TimeSpan.FromSeconds(30));
        foreach (SimNode node in running) SwarmInvariants.CheckNothingLeft(node);
    }

    /// <summary>How each node stands, a line each.</summary>
    public string Describe()
    {
        var text = new StringBuilder();
        foreach (SimNode node in nodes) text.AppendLine(CultureInfo.InvariantCulture, $"  {node}");
        return text.ToString();
    }
}
