using System.Net;

namespace Spate.Tracker;

/// <summary>How a tracker runs. The defaults make an open tracker on port 6969 for IPv4 and IPv6.</summary>
public sealed record TrackerOptions
{
    /// <summary>The usual port of trackers.</summary>
    public const int DefaultPort = 6969;

    /// <summary>Addresses to listen on. IPv6 is left out without an error where the machine has none and the address is the wildcard.</summary>
    public IReadOnlyList<IPAddress> Listen { get; init; } = [IPAddress.Any, IPAddress.IPv6Any];

    /// <summary>
    /// TCP port of HTTP; 0 lets the system choose one (the UDP port too, when that is 0 as well); null for no HTTP.
    /// </summary>
    public int? HttpPort { get; init; } = DefaultPort;

    /// <summary>Port of UDP announces; 0 lets the system choose; null for no UDP.</summary>
    public int? UdpPort { get; init; } = DefaultPort;

    /// <summary>Threads for each front end and address family; 0 for one a core.</summary>
    public int Threads { get; init; }

    /// <summary>What clients are told to wait between announces.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Up to so much is added to each answer's interval by chance, so that clients do not come in waves.</summary>
    public TimeSpan IntervalJitter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>What clients are told not to fall below, over HTTP.</summary>
    public TimeSpan MinInterval { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>A peer that was silent for longer is dropped. Must be longer than interval and jitter, and at most four hours.</summary>
    public TimeSpan PeerLifetime { get; init; } = TimeSpan.FromMinutes(45);

    /// <summary>How long a torrent's count of downloads outlives its last peer; at most 30 days.</summary>
    public TimeSpan EmptyTorrentLifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Peers in an answer when the client does not say how many it wants.</summary>
    public int DefaultNumWant { get; init; } = 50;

    /// <summary>Peers in an answer at most, 1 to 200; over UDP and IPv6 no more than fit a packet (74).</summary>
    public int MaxNumWant { get; init; } = 100;

    /// <summary>
    /// Bytes of memory for torrents and peers. When they are used up, announces of known peers go on as ever, peers that are new to
    /// a known torrent get peers and are not entered, and new torrents are refused with a time to come back: swarms that are there
    /// can't be pushed out by a flood of invented ones.
    /// </summary>
    public long MemoryCapBytes { get; init; } = 4L << 30;

    /// <summary>
    /// A secret from which UDP connection ids are made, at least 16 bytes: trackers that share it accept each other's ids, and ids
    /// survive a restart. Null makes a random one.
    /// </summary>
    public ReadOnlyMemory<byte>? ConnectionSecret { get; init; }

    /// <summary>Open HTTP connections at most; above it the one that has been silent for longest is closed.</summary>
    public int MaxConnections { get; init; } = 50_000;

    /// <summary>How long a client may take to send its request.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a connection stays open for a further request.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Uses the portable sockets even where there is something faster. For tests and comparison.</summary>
    public bool UsePortableSockets { get; init; }

    /// <summary>Where messages for the operator go: starts, problems; never a line for a request. Called from any thread.</summary>
    public Action<string>? Log { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Checks ranges.</summary>
    /// <exception cref="ArgumentException">An option is out of range; the message names it.</exception>
    internal void Validate()
    {
        Check(Listen.Count > 0, nameof(Listen), "needs an address");
        Check(HttpPort is null or (>= 0 and <= 65535), nameof(HttpPort), "is not a port");
        Check(UdpPort is null or (>= 0 and <= 65535), nameof(UdpPort), "is not a port");
        Check(HttpPort is not null || UdpPort is not null, nameof(HttpPort), "and UdpPort can't both be off");
        Check(Threads is >= 0 and <= 256, nameof(Threads), "must be 0 to 256");
        Check(Interval >= TimeSpan.FromSeconds(1), nameof(Interval), "must be at least a second");
        Check(IntervalJitter >= TimeSpan.Zero, nameof(IntervalJitter), "must not be negative");
        Check(MinInterval >= TimeSpan.Zero && MinInterval <= Interval, nameof(MinInterval), "must not be above Interval");
        Check(PeerLifetime > Interval + IntervalJitter, nameof(PeerLifetime), "must be longer than Interval and IntervalJitter together");
        Check(PeerLifetime <= TimeSpan.FromHours(4), nameof(PeerLifetime), "must be at most four hours");
        Check(EmptyTorrentLifetime >= TimeSpan.Zero && EmptyTorrentLifetime <= TimeSpan.FromDays(30), nameof(EmptyTorrentLifetime), "must be 0 to 30 days");
        Check(MaxNumWant is >= 1 and <= 200, nameof(MaxNumWant), "must be 1 to 200");
        Check(DefaultNumWant >= 0 && DefaultNumWant <= MaxNumWant, nameof(DefaultNumWant), "must be 0 to MaxNumWant");
        Check(MemoryCapBytes >= 1 << 20, nameof(MemoryCapBytes), "must be at least 1 MiB");
        Check(ConnectionSecret is null || ConnectionSecret.Value.Length >= 16, nameof(ConnectionSecret), "needs at least 16 bytes");
        Check(MaxConnections >= 16, nameof(MaxConnections), "must be at least 16");
        Check(RequestTimeout >= TimeSpan.FromSeconds(1), nameof(RequestTimeout), "must be at least a second");
        Check(KeepAliveTimeout >= TimeSpan.FromSeconds(1), nameof(KeepAliveTimeout), "must be at least a second");
    }

    private static void Check(bool holds, string name, string what)
    {
        if (!holds) throw new ArgumentException($"{name} {what}.", name);
    }
}
