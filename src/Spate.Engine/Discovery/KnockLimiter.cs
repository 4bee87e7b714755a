using System.Buffers.Binary;
using System.Net;

namespace Spate.Engine.Discovery;

/// <summary>
/// Keeps what strangers tell us from making us knock on somebody's door for long: an address of the Internet that does not answer is tried
/// some times at once and then a few times a minute, whatever port is named and whoever names it. One that answers is as good as unknown.
/// What is kept is bounded. Safe to call from any thread.
/// </summary>
/// <param name="burst">Attempts in a row without an answer.</param>
/// <param name="perMinute">Attempts a minute after these.</param>
internal sealed class KnockLimiter(int burst, int perMinute)
{
    private const int MaxAddresses = 4096;

    private readonly Lock gate = new(); // some dozens of times a second
    private Dictionary<UInt128, (double Left, long AtMs)> young = [], old = [];

    /// <summary>True when the address may be tried now; counts as an attempt.</summary>
    public bool TryKnock(IPAddress address, long nowMs)
    {
        if (address.ScopeOf() != AddressScope.Global) return true;
        UInt128 key = KeyOf(address);
        lock (gate)
        {
            double left = burst;
            if (young.TryGetValue(key, out (double Left, long AtMs) known) || old.TryGetValue(key, out known))
                left = Math.Min(burst, known.Left + (nowMs - known.AtMs) / 60_000.0 * perMinute);
            if (left < 1) return false;
            if (young.Count >= MaxAddresses && !young.ContainsKey(key))
            {
                (old, young) = (young, old);
                young.Clear();
            }
            young[key] = (left - 1, nowMs);
            return true;
        }
    }

    /// <summary>Somebody answered at the address.</summary>
    public void OnAnswered(IPAddress address)
    {
        if (address.ScopeOf() != AddressScope.Global) return;
        UInt128 key = KeyOf(address);
        lock (gate)
        {
            young.Remove(key);
            old.Remove(key);
        }
    }

    // An IPv6 network is one house.
    private static UInt128 KeyOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int length);
        if (length == 16) bytes[8..].Clear();
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
