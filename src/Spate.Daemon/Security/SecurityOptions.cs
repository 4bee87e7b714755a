using System.Net;

namespace Spate.Daemon.Security;

/// <summary>What the program was told about who may reach it.</summary>
internal sealed record SecurityOptions
{
    /// <summary>Host names, beside addresses and <c>localhost</c>, under which browsers may call it; <c>*</c> for any.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>Proxies whose <c>X-Forwarded-*</c> headers are believed.</summary>
    public IReadOnlyList<IPAddress> TrustedProxies { get; init; } = [];

    /// <summary>The path below which everything is served, such as <c>/spate</c>; empty for the root.</summary>
    public string BasePath { get; init; } = "";
}
