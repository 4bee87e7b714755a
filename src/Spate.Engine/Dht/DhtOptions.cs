using System.Net;

namespace Spate.Engine.Dht;

/// <summary>How a session takes part in the DHT.</summary>
public sealed record DhtOptions
{
    /// <summary>Where to listen over IPv4, usually the port on which peers are taken; null for not at all.</summary>
    public IPEndPoint? Local4 { get; init; } = new(IPAddress.Any, 0);

    /// <summary>Where to listen over IPv6; null for not at all.</summary>
    public IPEndPoint? Local6 { get; init; } = new(IPAddress.IPv6Any, 0);

    /// <summary>
    /// Bootstrap nodes: asked while too few others are known, and never remembered, for the whole world has the same. None are needed where
    /// the state of an earlier run is given.
    /// </summary>
    public IReadOnlyList<DnsEndPoint> BootstrapNodes { get; init; } = DefaultBootstrapNodes;

    /// <summary>
    /// Nodes to begin with that are like any other: they are asked while too few are known, and have their place in the table. A network
    /// of two consists of nothing else.
    /// </summary>
    public IReadOnlyList<DnsEndPoint> Nodes { get; init; } = [];

    /// <summary>Public bootstrap nodes.</summary>
    public static IReadOnlyList<DnsEndPoint> DefaultBootstrapNodes { get; } =
    [
        new("dht.libtorrent.org", 25401), new("dht.transmissionbt.com", 6881), new("router.silotis.us", 6881),
    ];

    /// <summary>What <see cref="DhtClient.SaveAsync"/> gave in an earlier run.</summary>
    public ReadOnlyMemory<byte> State { get; init; }

    /// <summary>How the nodes behave.</summary>
    public DhtNodeOptions Node { get; init; } = new();

    /// <summary>Time between two announces of a torrent.</summary>
    public TimeSpan AnnounceInterval { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Torrents that are looked up at the same time at most.</summary>
    public int ConcurrentLookups { get; init; } = 12;

    /// <summary>Lookups of torrents that begin in one second at most.</summary>
    public int LookupsPerSecond { get; init; } = 5;
}
