using System.Net;
using Microsoft.Extensions.Logging;

namespace Spate.Daemon;

/// <summary>What a daemon is started with. Nothing of it can be changed by the API.</summary>
public sealed record DaemonOptions
{
    /// <summary>Where to listen for the API and the web UI. Port 0: the system chooses.</summary>
    public IReadOnlyList<IPEndPoint> Listen { get; init; } = [new(IPAddress.Loopback, 9091)];

    /// <summary>Where everything that survives a restart is kept.</summary>
    public required string StateFolder { get; init; }

    /// <summary>The default download folder; also a root.</summary>
    public required string DownloadFolder { get; init; }

    /// <summary>More folders below which the API may read, write and list.</summary>
    public IReadOnlyList<string> Roots { get; init; } = [];

    /// <summary>The built web UI; null serves none.</summary>
    public string? WebFolder { get; init; }

    /// <summary>The path below which everything is served, such as <c>/spate</c>; empty for the root.</summary>
    public string BasePath { get; init; } = "";

    /// <summary>Addresses of proxies whose <c>X-Forwarded-*</c> headers are believed.</summary>
    public IReadOnlyList<IPAddress> TrustedProxies { get; init; } = [];

    /// <summary>Host names, beside addresses and <c>localhost</c>, under which browsers may call it.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>Torrents may be fetched by URL from private addresses.</summary>
    public bool AllowPrivateUrls { get; init; }

    /// <summary>Where the log goes; null for nowhere.</summary>
    public ILoggerFactory? Logs { get; init; }

    /// <summary>How the torrent session meets the world; what the settings say replaces what stands here.</summary>
    public SessionOverrides Session { get; init; } = new();
}

/// <summary>Options of the torrent session that go before the settings; null leaves them to those.</summary>
public sealed record SessionOverrides
{
    /// <summary>Where to listen for peers.</summary>
    public IReadOnlyList<IPEndPoint>? Listen { get; init; }

    public bool? Dht { get; init; }

    /// <summary>See <see cref="Spate.Engine.SessionOptions.DirectWrites"/>.</summary>
    public bool DirectWrites { get; init; } = true;

    public bool? LocalDiscovery { get; init; }

    /// <summary>DHT nodes to start from.</summary>
    public IReadOnlyList<DnsEndPoint>? DhtNodes { get; init; }
}
