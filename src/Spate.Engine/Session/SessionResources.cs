using System.Collections.Concurrent;
using Spate.Engine.Disk;
using Spate.Engine.Dht;
using Spate.Engine.Discovery;
using Spate.Engine.Limits;
using Spate.Engine.Peers;
using Spate.Engine.Ports;
using Spate.Engine.Runtime;
using Spate.Engine.Torrents;
using Spate.Protocol;

namespace Spate.Engine.Session;

/// <summary>What all torrents of a session share. Every member is safe to use from any strand.</summary>
internal sealed class SessionResources(SessionOptions options, SessionEnvironment environment, ITrackerClient trackers, PeerId peerId)
{
    private int connections;
    private int halfOpen;

    public SessionOptions Options { get; } = options;

    public SessionEnvironment Environment { get; } = environment;

    public MonotonicClock Clock { get; } = new(environment.Time);

    public PeerId PeerId { get; } = peerId;

    /// <summary>By when dials and handshakes must have succeeded.</summary>
    public Deadlines Deadlines { get; } = new(new MonotonicClock(environment.Time));

    /// <summary>The port told to trackers and peers; 0 while nobody can reach us.</summary>
    public int ListenPort { get; set; }

    public BlockPool Blocks { get; } = new(options.WriteMemory, environment.LargePages);

    public SendBufferPool SendBuffers { get; } = new(options.ReadMemory);

    public ReceiveBuffers ReceiveBuffers { get; } = new();

    public FileCache Files { get; } = new(environment.Storage, options.MaxOpenFiles);

    public RateLimit Upload { get; } = new() { BytesPerSecond = options.UploadLimit };

    public RateLimit Download { get; } = new() { BytesPerSecond = options.DownloadLimit };

    public ITrackerClient Trackers { get; } = trackers;

    public AnnounceGate Gate { get; } = new(environment.Time);

    public EventHub Events { get; } = new();

    /// <summary>Resume data of torrents that end with the session, by path, to be saved all at once; null while the session runs.</summary>
    public ConcurrentDictionary<string, ReadOnlyMemory<byte>>? LastResumeData { get; set; }

    /// <summary>Told when a torrent's status is another one.</summary>
    public Action<Torrent>? StatusPublished { get; set; }

    /// <summary>How often addresses are dialled that do not answer, over all torrents.</summary>
    public KnockLimiter Dials { get; } = new(burst: 10, perMinute: 4);

    /// <summary>Our address as others see it.</summary>
    public ExternalAddress Addresses { get; } = new();

    /// <summary>The DHT; null while that is off.</summary>
    public DhtClient? Dht { get; set; }

    /// <summary>Finds peers on the local network; null while that is off.</summary>
    public LocalDiscovery? LocalDiscovery { get; set; }

    /// <summary>Connected peers of all torrents.</summary>
    public int Connections => Volatile.Read(ref connections);

    public bool TryTakeConnection() => TryTake(ref connections, Options.MaxConnections);

    public void ReturnConnection() => Interlocked.Decrement(ref connections);

    public bool TryTakeHalfOpen() => TryTake(ref halfOpen, Options.MaxHalfOpen);

    public void ReturnHalfOpen() => Interlocked.Decrement(ref halfOpen);

    private static bool TryTake(ref int used, int limit)
    {
        if (Interlocked.Increment(ref used) <= limit) return true;
        Interlocked.Decrement(ref used);
        return false;
    }
}
