using System.Net;
using System.Text;
using Spate.Engine;
using Spate.Engine.Discovery;
using Spate.Engine.Session;
using Spate.Engine.Torrents;
using Spate.Protocol;

namespace Spate.Interop.Tests;

/// <summary>Our own engine with one torrent.</summary>
internal sealed class SpatePeer : IParticipant
{
    private readonly TorrentSession session;
    private readonly List<SessionEvent> events = [];
    private readonly List<Exception> faults = [];
    private readonly Task watching;

    private SpatePeer(TorrentSession session, List<Exception> faults, string torrent, TorrentOptions options)
    {
        (this.session, this.faults) = (session, faults);
        watching = WatchAsync();
        Torrent = session.Add(Metainfo.Parse(File.ReadAllBytes(torrent)), options);
    }

    public Torrent Torrent { get; }

    public string Name => "spate";

    public IPEndPoint Address => session.ListenEndPoints[0];

    public TorrentStatus Status => Torrent.Status;

    public bool IsAnnounced => Status.Trackers is [{ State: TrackerState.Working }];

    public string Log
    {
        get
        {
            var log = new StringBuilder();
            lock (events) log.AppendJoin('\n', events).AppendLine();
            log.AppendLine(Status.ToString());
            foreach (var tracker in Status.Trackers) log.AppendLine(tracker.ToString());
            foreach (PeerStatus peer in Torrent.GetPeersAsync().Result) log.AppendLine(peer.ToString());
            lock (faults) log.AppendJoin('\n', faults);
            return log.ToString();
        }
    }

    /// <param name="scene">The test.</param>
    /// <param name="torrent">The .torrent file.</param>
    /// <param name="folder">Where the content is, or goes.</param>
    /// <param name="dials">Whether it connects to peers itself, or only waits for them.</param>
    /// <param name="peers">Whom to connect to.</param>
    public static async Task<SpatePeer> StartAsync(Scene scene, string torrent, string folder, bool dials = true, params IPEndPoint[] peers)
    {
        var faults = new List<Exception>();
        var options = new SessionOptions
        {
            Listen = [Addresses.NextEndPoint()], StateFolder = scene.NewFolder(), MaxHalfOpen = dials ? 60 : 0, LocalDiscovery = false, Dht = false,
        };
        TorrentSession session = await SpateSession.StartAsync(options, fault =>
        {
            lock (faults) faults.Add(fault);
        });
        var peer = new SpatePeer(session, faults, torrent, new TorrentOptions { SaveTo = folder, Peers = peers });
        scene.Add(peer);
        return peer;
    }

    /// <summary>Waits until all is there, then stops, so that everything is on disk.</summary>
    public async Task CompleteAsync(Scene scene)
    {
        await scene.WaitAsync(() => Status.IsFinished, "spate to complete");
        await Torrent.PauseAsync();
    }

    /// <summary>That nothing went wrong on the way: no bug, no bad piece, nobody banned, next to nothing received twice.</summary>
    /// <param name="mayWaste">Bytes that may have come in vain: what several peers are asked for at the end.</param>
    public void AssertHealthy(long mayWaste)
    {
        lock (faults) Assert.Empty(faults);
        lock (events)
        {
            Assert.Empty(events.OfType<PieceFailed>());
            Assert.Empty(events.OfType<PeerBanned>());
        }
        Assert.Null(Status.Error);
        Assert.InRange(Status.Wasted, 0, mayWaste);
    }

    public async ValueTask DisposeAsync()
    {
        await session.DisposeAsync();
        await watching;
    }

    private async Task WatchAsync()
    {
        await foreach (SessionEvent e in session.Events.WatchAsync())
        {
            lock (events) events.Add(e);
        }
    }
}
