using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Spate.Engine.Dht;
using Spate.Engine.Discovery;
using Spate.Engine.Metadata;
using Spate.Engine.Peers;
using Spate.Engine.Ports;
using Spate.Engine.Torrents;
using Spate.Protocol;
using Spate.Protocol.Wire;

namespace Spate.Engine.Session;

/// <summary>
/// Many torrents that share listeners, limits, memory and disk workers. Nothing is static: there can be several sessions in a process.
/// All members may be used from any thread.
/// </summary>
public sealed class TorrentSession : IAsyncDisposable
{
    private const int HeartbeatMs = 100;
    private const int TickEvery = 5;           // heartbeats
    private const int IdleTicks = 10;          // of these one asks a torrent that just stands there
    private const int MostUnnamed = 200;       // incoming connections that have not named a torrent

    private readonly SessionResources resources;
    private const int MostDhtState = 1 << 20;
    private const long SaveDhtEveryMs = 10 * 60_000;

    private readonly Action<Exception> onFault;
    private readonly NameCache names;
    private readonly ConcurrentDictionary<Sha1Hash, Torrent> torrents = new();
    private readonly ConcurrentDictionary<Sha1Hash, MetadataDownload> searches = new();
    private readonly List<IListener> listeners = [];
    private ITimer? heartbeat;
    private long lastBeat, dhtSavedMs;
    private Task savingDht = Task.CompletedTask;
    private int beats;
    private int unnamed;
    private int closed;

    /// <summary>Makes a session in a world; <see cref="Start"/> begins to listen. Programs use <c>SpateSession.StartAsync</c> of the Spate package.</summary>
    /// <param name="options">How it behaves.</param>
    /// <param name="environment">Time, randomness, network, disk.</param>
    /// <param name="trackers">Talks to trackers.</param>
    /// <param name="onFault">Told of every exception that is a bug.</param>
    public TorrentSession(SessionOptions options, SessionEnvironment environment, ITrackerClient trackers, Action<Exception> onFault)
    {
        this.onFault = onFault;
        names = new NameCache(environment.Network.ResolveAsync, environment.Time);
        byte[] random = new byte[12];
        environment.Random.Fill(random);
        resources = new SessionResources(options, environment, trackers, PeerId.Create(options.PeerIdVersion, random));
    }

    public SessionOptions Options => resources.Options;

    public PeerId PeerId => resources.PeerId;

    /// <summary>All torrents, in no order.</summary>
    public IEnumerable<Torrent> Torrents => torrents.Values;

    /// <summary>Where it listens, with the ports that were chosen.</summary>
    public IReadOnlyList<IPEndPoint> ListenEndPoints => [.. listeners.Select(listener => listener.Local)];

    /// <summary>What happens in the session.</summary>
    public EventHub Events => resources.Events;

    /// <summary>
    /// Told of every torrent whose <see cref="Torrent.Status"/> is another one, so that whoever has many need not ask each. Called on
    /// the torrent's strand: it must return at once and throw nothing.
    /// </summary>
    public Action<Torrent>? StatusPublished
    {
        get => resources.StatusPublished;
        set => resources.StatusPublished = value;
    }

    /// <summary>The DHT; null while it is off, or has not started yet.</summary>
    public DhtClient? Dht => resources.Dht;

    /// <summary>Connected peers of all torrents.</summary>
    public int Connections => resources.Connections;

    internal SessionResources Resources => resources;

    /// <summary>Upload limit of the session in bytes a second; 0 is none.</summary>
    public long UploadLimit
    {
        get => resources.Upload.BytesPerSecond;
        set => resources.Upload.BytesPerSecond = value;
    }

    /// <summary>Download limit of the session in bytes a second; 0 is none.</summary>
    public long DownloadLimit
    {
        get => resources.Download.BytesPerSecond;
        set => resources.Download.BytesPerSecond = value;
    }

    /// <summary>Begins to listen and to keep time.</summary>
    /// <exception cref="IOException">A listen address can't be had.</exception>
    public void Start()
    {
        int port = 0;
        foreach (IPEndPoint address in Options.Listen)
        {
            IListener listener = resources.Environment.Network.Listen(address.Port == 0 && port != 0 ? new IPEndPoint(address.Address, port) : address);
            listeners.Add(listener);
            port = listener.Local.Port;
            _ = AcceptAsync(listener);
        }
        resources.ListenPort = port;
        bool loopbackOnly = listeners.TrueForAll(listener => IPAddress.IsLoopback(listener.Local.Address));
        if (Options.Dht && (!loopbackOnly || Options.DhtNodes is not null)) _ = StartDhtAsync();
        // A session that listens on the loopback alone has no local network to look at.
        if (Options.LocalDiscovery && !loopbackOnly)
        {
            SessionEnvironment world = resources.Environment;
            resources.LocalDiscovery = new LocalDiscovery(world.Network, world.Scheduler, world.Random, world.Time, port, onFault);
        }
        lastBeat = dhtSavedMs = resources.Clock.NowMs;
        heartbeat = resources.Environment.Time.CreateTimer(_ => Beat(), null, TimeSpan.FromMilliseconds(HeartbeatMs), TimeSpan.FromMilliseconds(HeartbeatMs));
    }

    /// <summary>Adds a torrent, which begins by itself unless its options say otherwise. One that is here already is returned as it is.</summary>
    public Torrent Add(Metainfo metainfo, TorrentOptions options)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref closed) != 0, this);
        lock (torrents)
        {
            if (torrents.TryGetValue(metainfo.InfoHash.Wire, out Torrent? torrent)) return torrent;
            torrent = new Torrent(resources, metainfo, options, onFault);
            // In this order: whoever watches hears of it before anything happens to it, and it has begun before anybody else can reach it.
            if (resources.Events.IsWatched) resources.Events.Publish(new TorrentAdded(torrent.InfoHash, torrent.Name));
            torrent.Begin();
            torrents[metainfo.InfoHash.Wire] = torrent;
            return torrent;
        }
    }

    /// <summary>
    /// Begins to look for the description of a torrent of which only a magnet link is known; add the torrent with it once it is there
    /// (<see cref="AddAsync"/> does both). A search for the same hash that runs already is returned as it is.
    /// </summary>
    public MetadataDownload Search(MagnetLink link, IReadOnlyList<IPEndPoint>? peers = null)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref closed) != 0, this);
        lock (searches)
        {
            if (searches.TryGetValue(link.InfoHash.Wire, out MetadataDownload? known)) return known;
            var search = new MetadataDownload(resources, link, onFault, peers ?? []);
            searches[link.InfoHash.Wire] = search;
            return search;
        }
    }

    /// <summary>Searches that run.</summary>
    public IEnumerable<MetadataDownload> Searches => searches.Values;

    /// <summary>Ends a search.</summary>
    public void EndSearch(MetadataDownload search)
    {
        if (searches.TryRemove(new KeyValuePair<Sha1Hash, MetadataDownload>(search.InfoHash.Wire, search))) search.End();
    }

    /// <summary>Finds the description of a torrent by its magnet link, then adds it. Cancelling ends the search.</summary>
    public async Task<Torrent> AddAsync(MagnetLink link, TorrentOptions options, CancellationToken cancellation = default)
    {
        if (Find(link.InfoHash) is { } known) return known;
        MetadataDownload search = Search(link, options.Peers);
        try
        {
            Metainfo metainfo = await search.WhenComplete(cancellation);
            Torrent torrent = Add(metainfo, options);
            torrent.AddKnownPeers(await search.KnownPeersAsync());
            return torrent;
        }
        finally { EndSearch(search); }
    }

    /// <summary>The torrent with this hash, or null.</summary>
    public Torrent? Find(InfoHash infoHash) => torrents.GetValueOrDefault(infoHash.Wire);

    /// <summary>Takes a torrent out; completes when it has stopped and its resume data, and its files if so wished, are deleted.</summary>
    public async Task RemoveAsync(Torrent torrent, bool deleteData = false)
    {
        if (!torrents.TryRemove(new KeyValuePair<Sha1Hash, Torrent>(torrent.InfoHash.Wire, torrent))) return;
        await torrent.EndAsync(deleteData, keepResume: false);
        if (resources.Events.IsWatched) resources.Events.Publish(new TorrentRemoved(torrent.InfoHash));
    }

    /// <summary>Stops everything in order: peers, `stopped` announces (with a short deadline), resume data.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref closed, 1) != 0) return;
        foreach (IListener listener in listeners) listener.Dispose();
        foreach (MetadataDownload search in searches.Values) search.End();
        // Ten thousand files, each with a flush of its own, would take longer than anybody waits for an end.
        var last = new ConcurrentDictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        resources.LastResumeData = last;
        await Task.WhenAll(torrents.Values.Select(async torrent =>
        {
            try { await torrent.EndAsync(deleteData: false, keepResume: true); }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException) { } // shown in its status
        }));
        await SaveResumeDataAsync([.. last.OrderBy(static file => file.Key, StringComparer.Ordinal).Select(static file => (file.Key, file.Value))]);
        heartbeat?.Dispose();
        resources.Deadlines.End();
        resources.LocalDiscovery?.Dispose();
        if (resources.Dht is { } dht)
        {
            await savingDht;
            await SaveDhtAsync(dht);
            dht.Dispose();
        }
        resources.Files.Dispose();
        resources.Events.Close();
    }

    private string? DhtStatePath => Options.StateFolder is { } folder ? Path.Combine(folder, "dht.state") : null;

    // On the port of the peers, with the nodes of the last run, so that a restart needs no bootstrap.
    private async Task StartDhtAsync()
    {
        SessionEnvironment world = resources.Environment;
        byte[]? state = null;
        try
        {
            if (DhtStatePath is { } path) state = await Disk.DiskCall<byte[]?>.Run(world.Disk, () => world.Storage.ReadSmall(path, MostDhtState));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { } // then it starts from the bootstrap nodes
        if (Volatile.Read(ref closed) != 0) return;
        var options = new DhtOptions
        {
            Local4 = DhtAddress(AddressFamily.InterNetwork, IPAddress.Any),
            Local6 = DhtAddress(AddressFamily.InterNetworkV6, IPAddress.IPv6Any),
            BootstrapNodes = Options.DhtNodes is null ? DhtOptions.DefaultBootstrapNodes : [],
            Nodes = Options.DhtNodes ?? [],
            State = state,
        };
        resources.Dht = new DhtClient(world.Network, names, world.Scheduler, world.Random, world.Time, resources.Addresses, options, onFault);
        foreach (Torrent torrent in torrents.Values) torrent.JoinDht();
        foreach (MetadataDownload search in searches.Values) search.JoinDht();
    }

    private IPEndPoint? DhtAddress(AddressFamily family, IPAddress any)
    {
        foreach (IListener listener in listeners)
        {
            IPAddress address = listener.Local.Address;
            if (address.Equals(IPAddress.IPv6Any)) return new IPEndPoint(any, listener.Local.Port); // dual mode: both families
            if (address.AddressFamily == family) return listener.Local;
        }
        return null;
    }

    private async Task SaveResumeDataAsync((string Path, ReadOnlyMemory<byte> Content)[] files)
    {
        if (files.Length == 0) return;
        try
        {
            await Disk.DiskCall<bool>.Run(resources.Environment.Disk, () =>
            {
                resources.Environment.Storage.ReplaceSmall(files);
                return true;
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { } // what was saved before stands
    }

    // One at a time. What is there is kept while nobody answers: it may be of a better day.
    private async Task SaveDhtAsync(DhtClient dht)
    {
        if (DhtStatePath is not { } path || dht.Status is { Nodes4: 0, Nodes6: 0 }) return;
        byte[] state = await dht.SaveAsync();
        try
        {
            await Disk.DiskCall<bool>.Run(resources.Environment.Disk, () =>
            {
                resources.Environment.Storage.ReplaceSmall(path, state);
                return true;
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { } // the next run bootstraps
    }

    private void Beat()
    {
        long now = resources.Clock.NowMs;
        double elapsed = (now - lastBeat) / 1000.0;
        lastBeat = now;
        resources.Upload.Refill(elapsed);
        resources.Download.Refill(elapsed);
        bool tick = ++beats % TickEvery == 0;
        int place = 0;
        foreach ((_, Torrent torrent) in torrents)
        {
            torrent.Lifecycle.Swarm.UploadLimit.Refill(elapsed);
            torrent.Lifecycle.Swarm.DownloadLimit.Refill(elapsed);
            // Thousands may just stand there: a part of them at a time is asked whether anything is due.
            bool turn = (beats / TickEvery + place++) % IdleTicks == 0;
            if (tick && (turn || !torrent.Lifecycle.IsIdle)) torrent.Tick();
        }
        if (!tick) return;
        resources.Deadlines.Tick();
        if (now - dhtSavedMs >= SaveDhtEveryMs && resources.Dht is { } dht && savingDht.IsCompleted && Volatile.Read(ref closed) == 0)
        {
            dhtSavedMs = now;
            savingDht = SaveDhtAsync(dht); // for the case that this program ends out of turn
        }
        foreach (MetadataDownload search in searches.Values) search.Beat();
    }

    private async Task AcceptAsync(IListener listener)
    {
        try
        {
            while (true)
            {
                IConnection connection = await listener.AcceptAsync();
                if (Volatile.Read(ref unnamed) >= MostUnnamed || !resources.TryTakeConnection()) connection.Dispose();
                else _ = RouteAsync(connection);
            }
        }
        catch (IOException) { } // disposed
    }

    // Reads the handshake of a peer that came to us, and hands it to the torrent that it names.
    private async Task RouteAsync(IConnection connection)
    {
        Interlocked.Increment(ref unnamed);
        Handshake? handshake = null;
        try
        {
            using (resources.Deadlines.Set(Handshaker.DeadlineMs, connection.Abort)) handshake = await Handshaker.ReceiveAsync(connection);
        }
        catch (IOException) { }
        catch (ObjectDisposedException) { }
        finally { Interlocked.Decrement(ref unnamed); }
        if (handshake is { } known && torrents.TryGetValue(known.InfoHash, out Torrent? torrent)) torrent.OnIncoming(connection, known);
        else if (handshake is { } searched && searches.TryGetValue(searched.InfoHash, out MetadataDownload? search)) search.OnIncoming(connection, searched);
        else
        {
            connection.Dispose();
            resources.ReturnConnection();
        }
    }
}
