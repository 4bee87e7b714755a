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
    /// What HTTP answers give as <c>tracker id</c>, which clients send back as <c>trackerid</c> (BEP 3): up to 64 characters of ASCII by
    /// which the nodes of a bigger tracker tell each other's clients apart in their logs. Null gives none. What comes back is not asked for.
    /// </summary>
    public string? TrackerId { get; init; }

    /// <summary>
    /// Bytes of memory for torrents and peers, WebTorrent clients among them. When they are used up, announces of known peers go on as ever, peers that are new to
    /// a known torrent get peers and are not entered, and new torrents are refused with a time to come back: swarms that are there
    /// can't be pushed out by a flood of invented ones.
    /// </summary>
    public long MemoryCapBytes { get; init; } = 4L << 30;

    /// <summary>
    /// A secret from which UDP connection ids are made, at least 16 bytes: trackers that share it accept each other's ids, and ids
    /// survive a restart. Null makes a random one.
    /// </summary>
    public ReadOnlyMemory<byte>? ConnectionSecret { get; init; }

    /// <summary>Announces that one IPv4 address or IPv6 /64 may make in a minute; 0 for no limit.</summary>
    public int AnnouncesPerMinute { get; init; }

    /// <summary>
    /// A file of info-hashes, one a line in hexadecimal, outside of which no torrent is served; read again when it changes. Null for none.
    /// </summary>
    public string? AllowListFile { get; init; }

    /// <summary>A file of info-hashes that are not served; read again when it changes. Null for none.</summary>
    public string? DenyListFile { get; init; }

    /// <summary>Serves only torrents of <see cref="AllowListFile"/> or that the admin API has allowed. On where there is such a file.</summary>
    public bool OnlyAllowedTorrents { get; init; }

    /// <summary>
    /// A private tracker: announces need a user's passkey in their URL, over UDP too (BEP 41), and what they report is added up by user.
    /// </summary>
    public bool IsPrivate { get; init; }

    /// <summary>
    /// Folder in which users, their totals and the lists of the admin API are kept across restarts; null keeps them in memory only.
    /// </summary>
    public string? StateFolder { get; init; }

    /// <summary>How often changed totals of users are written; what came in since is lost in a crash.</summary>
    public TimeSpan TotalsFlushInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Where the admin API is served; null for nowhere. Needs <see cref="AdminKey"/>. Keep it away from the internet.</summary>
    public IPEndPoint? AdminEndPoint { get; init; }

    /// <summary>The key that callers of the admin API show, at least 16 characters.</summary>
    public string? AdminKey { get; init; }

    /// <summary>Port of HTTPS (and WebSocket over TLS); 0 lets the system choose; null for none. Needs <see cref="CertificateFile"/>.</summary>
    public int? TlsPort { get; init; }

    /// <summary>The certificate and those that lead to its root, as PEM; read again when the file changes.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>The certificate's private key as PEM; null when it stands in <see cref="CertificateFile"/>.</summary>
    public string? CertificateKeyFile { get; init; }

    /// <summary>Proxies in front of the tracker, whose word on the client's address (X-Forwarded-For) is taken.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>Who may see the status page, <c>/stats.json</c> and <c>/metrics</c>, which tell numbers only; empty for everybody.</summary>
    public IReadOnlyList<IPNetwork> StatusReaders { get; init; } = [];

    /// <summary>Connections from <see cref="TrustedProxies"/> begin with a header of the PROXY protocol, version 2.</summary>
    public bool ProxyProtocol { get; init; }

    /// <summary>Serves WebTorrent clients over WebSocket on the HTTP and TLS ports.</summary>
    public bool WebSockets { get; init; } = true;

    /// <summary>What WebTorrent clients are told to wait between announces; they are present while they are connected.</summary>
    public TimeSpan WebSocketInterval { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Open WebSocket connections at most; further ones are refused.</summary>
    public int MaxWebSockets { get; init; } = 20_000;

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
        Check(TrackerId is null || TrackerId.Length is >= 1 and <= 64 && System.Text.Ascii.IsValid(TrackerId), nameof(TrackerId), "must have 1 to 64 characters of ASCII");
        Check(MemoryCapBytes >= 1 << 20, nameof(MemoryCapBytes), "must be at least 1 MiB");
        Check(ConnectionSecret is null || ConnectionSecret.Value.Length >= 16, nameof(ConnectionSecret), "needs at least 16 bytes");
        Check(AnnouncesPerMinute >= 0, nameof(AnnouncesPerMinute), "must not be negative");
        Check(TotalsFlushInterval >= TimeSpan.FromSeconds(1), nameof(TotalsFlushInterval), "must be at least a second");
        Check(AdminEndPoint is null || AdminKey?.Length >= 16, nameof(AdminKey), "needs at least 16 characters");
        Check(TlsPort is null or (>= 0 and <= 65535), nameof(TlsPort), "is not a port");
        Check(TlsPort is null || CertificateFile is not null, nameof(CertificateFile), "is needed for TlsPort");
        Check(!ProxyProtocol || TrustedProxies.Count > 0, nameof(TrustedProxies), "is needed for ProxyProtocol");
        Check(WebSocketInterval >= TimeSpan.FromSeconds(1), nameof(WebSocketInterval), "must be at least a second");
        Check(MaxWebSockets >= 1, nameof(MaxWebSockets), "must be at least 1");
        Check(MaxConnections >= 16, nameof(MaxConnections), "must be at least 16");
        Check(RequestTimeout >= TimeSpan.FromSeconds(1), nameof(RequestTimeout), "must be at least a second");
        Check(KeepAliveTimeout >= TimeSpan.FromSeconds(1), nameof(KeepAliveTimeout), "must be at least a second");
    }

    private static void Check(bool holds, string name, string what)
    {
        if (!holds) throw new ArgumentException($"{name} {what}.");
    }
}
