using System.Net;
using Spate.Engine.Discovery;

namespace Spate.Engine.Dht;

/// <summary>
/// How much we listen to one address: some packets a second, a burst now and then, and not at all for five minutes to those who go
/// on. What is kept of addresses is bounded: two generations, of which the older is dropped when the younger is full.
/// </summary>
internal sealed class SourceLimiter(double perSecond, double burst)
{
    private const int MaxSources = 4096;
    private const long BlockMs = 5 * 60_000;

    private Dictionary<SourceKey, Source> young = [], old = [];

    /// <summary>True when a packet of this address is to be looked at.</summary>
    public bool Allows(IPEndPoint from, long nowMs)
    {
        var key = SourceKey.Of(from);
        if (!young.TryGetValue(key, out Source source))
        {
            source = old.TryGetValue(key, out Source known) ? known : new Source(burst, nowMs, 0);
            if (young.Count >= MaxSources)
            {
                (old, young) = (young, old);
                young.Clear();
            }
        }
        bool allowed = false;
        if (nowMs >= source.BlockedUntilMs)
        {
            double tokens = Math.Min(burst, source.Tokens + (nowMs - source.AtMs) / 1000.0 * perSecond);
            allowed = tokens >= 1;
            source = allowed ? new Source(tokens - 1, nowMs, 0) : new Source(0, nowMs, nowMs + BlockMs);
        }
        young[key] = source;
        return allowed;
    }

    private readonly record struct Source(double Tokens, long AtMs, long BlockedUntilMs);
}

/// <summary>Whom we take for one source: an IPv4 address, an IPv6 /64, or on this machine an address with its port.</summary>
internal readonly record struct SourceKey(UInt128 Value)
{
    public static SourceKey Of(IPEndPoint from)
    {
        Span<byte> bytes = stackalloc byte[16];
        from.Address.TryWriteBytes(bytes, out int length);
        if (length == 16 && from.Address.ScopeOf() == AddressScope.Global) bytes[8..].Clear();
        UInt128 value = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
        return new SourceKey(IPAddress.IsLoopback(from.Address) ? value ^ (uint)from.Port : value);
    }
}
