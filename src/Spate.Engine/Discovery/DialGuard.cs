using System.Net;

namespace Spate.Engine.Discovery;

/// <summary>
/// Keeps what strangers tell us from making us knock on somebody's door: an address of the Internet whose ports do not answer is dialled a
/// few times a minute at most, over all torrents of a session. Bounded. Safe to call from any thread.
/// </summary>
internal sealed class DialGuard
{
    /// <summary>Attempts that may fail in a row before an address is given a rest.</summary>
    public const int Burst = 10;

    /// <summary>Attempts that may fail in a minute for long.</summary>
    public const int PerMinute = 4;

    private const int MaxAddresses = 4096;

    private readonly Lock gate = new(); // a few dials a second
    private Dictionary<UInt128, (double Tokens, long AtMs)> young = [], old = [];

    /// <summary>True when the address may be dialled now.</summary>
    public bool Allows(IPAddress address, long nowMs)
    {
        if (address.ScopeOf() != AddressScope.Global) return true;
        lock (gate) return TokensOf(KeyOf(address), nowMs) >= 1;
    }

    /// <summary>Nobody answered at the address.</summary>
    public void OnUnanswered(IPAddress address, long nowMs)
    {
        if (address.ScopeOf() != AddressScope.Global) return;
        lock (gate)
        {
            UInt128 key = KeyOf(address);
            double left = Math.Max(0, TokensOf(key, nowMs) - 1);
            if (young.Count >= MaxAddresses && !young.ContainsKey(key))
            {
                (old, young) = (young, old);
                young.Clear();
            }
            young[key] = (left, nowMs);
        }
    }

    private double TokensOf(UInt128 key, long nowMs) => young.TryGetValue(key, out (double Tokens, long AtMs) known) || old.TryGetValue(key, out known)
        ? Math.Min(Burst, known.Tokens + (nowMs - known.AtMs) / 60_000.0 * PerMinute)
        : Burst;

    // An IPv6 network is one house.
    private static UInt128 KeyOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int length);
        if (length == 16) bytes[8..].Clear();
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
