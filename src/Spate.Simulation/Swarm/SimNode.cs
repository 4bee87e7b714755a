using System.Net;
using Spate.Engine.Discovery;
using Spate.Engine.Ports;
using Spate.Engine.Session;
using Spate.Engine.Torrents;

namespace Spate.Simulation;

/// <summary>A host that runs a session with the swarm's torrent: the engine as it is, in a simulated world.</summary>
public sealed class SimNode
{
    /// <summary>Where nodes keep their downloads.</summary>
    public const string Folder = "/downloads";

    /// <summary>Where nodes keep their resume data.</summary>
    public const string StateFolder = "/state";

    private readonly SimSwarm swarm;

    internal SimNode(SimSwarm swarm, SimHost host, NodeOptions options)
    {
        this.swarm = swarm;
        Host = host;
        Options = options;
        if (options.IsSeed) host.Disk.Put(swarm.Content, Folder);
    }

    public SimHost Host { get; }

    public NodeOptions Options { get; }

    /// <summary>The session that runs, or ran last; null before the first start.</summary>
    public TorrentSession? Session { get; private set; }

    /// <summary>The swarm's torrent in the session.</summary>
    public Torrent? Torrent { get; private set; }

    /// <summary>True between a start and the next stop, kill or power cut.</summary>
    public bool IsRunning => Session is not null && !stopped && !Host.Process.IsDead;

    /// <summary>When the node was first started.</summary>
    public TimeSpan? StartedAt { get; private set; }

    /// <summary>When it was seen to have all that it wants, since its last start.</summary>
    public TimeSpan? CompletedAt { get; internal set; }

    /// <summary>Seconds from its first start until it was complete.</summary>
    public double Seconds => (CompletedAt ?? throw new InvalidOperationException($"{Host.Name} is not complete.")).TotalSeconds - StartedAt!.Value.TotalSeconds;

    public bool IsFinished => Torrent?.Status.IsFinished == true;

    /// <summary>Where other nodes reach it.</summary>
    public IPEndPoint EndPoint => new(Host.Address, Session?.ListenEndPoints[0].Port ?? throw new InvalidOperationException($"{Host.Name} was not started."));

    /// <summary>What is shared.</summary>
    public SimContent Content => swarm.Content;

    /// <summary>Bytes of blocks that it sent in this run.</summary>
    public long Uploaded => Torrent?.Lifecycle.Swarm.Up.Total ?? 0;

    /// <summary>Bytes of blocks that it received in this run.</summary>
    public long Downloaded => Torrent?.Lifecycle.Swarm.Down.Total ?? 0;

    private bool stopped;

    /// <summary>Starts the session; after a kill or a power cut, in a new process on what the disk still holds.</summary>
    public SimNode Start()
    {
        if (IsRunning) throw new InvalidOperationException($"{Host.Name} runs already.");
        SimProcess process = Host.Process.IsDead ? Host.Restart() : Host.Process;
        SessionEnvironment environment = process.Environment;
        var names = new NameCache(environment.Network.ResolveAsync, environment.Time);
        var trackers = new TrackerClients(
            new HttpAnnouncer(environment.Http, names, environment.Time),
            new UdpAnnouncer(environment.Network, names, environment.Scheduler, environment.Random, environment.Time, swarm.World.Fault));
        process.Perform(() =>
        {
            Session = new TorrentSession(Options.Session, environment, trackers, swarm.World.Fault);
            Session.Start();
            Torrent = Session.Add(swarm.Metainfo, Options.Torrent);
        });
        stopped = false;
        StartedAt ??= swarm.World.Now;
        CompletedAt = null;
        return this;
    }

    /// <summary>Ends the session in good order.</summary>
    public async Task StopAsync()
    {
        if (Session is null) return;
        await Session.DisposeAsync();
        stopped = true;
    }

    /// <summary>Ends the process as kill -9 does.</summary>
    public void Kill() => Host.Kill();

    /// <summary>Cuts the power.</summary>
    /// <param name="survival">The share of unflushed sectors that reach the disk all the same.</param>
    public void PowerCut(double survival = 0.5) => Host.PowerCut(survival);

    /// <summary>True when every byte of the content stands on its disk.</summary>
    public bool HoldsContent => Host.Disk.Holds(swarm.Content, Folder);

    /// <inheritdoc/>
    public override string ToString() =>
        Torrent is null ? Host.Name : $"{Host.Name}: {Torrent.Status.State} {Torrent.Status.Progress:P0}, {Torrent.Status.Peers} peers, {Torrent.Status.Candidates} more known {Torrent.Status.Error}" +
            string.Concat(Torrent.Status.Trackers.Select(t => $" [{t}]"));
}
