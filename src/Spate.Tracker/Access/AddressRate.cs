using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Spate.Tracker.Store;

namespace Spate.Tracker.Access;

/// <summary>
/// A limit on announces a minute from one IPv4 address or IPv6 /64. Counts in a table of fixed size under two secret hashes and goes
/// by the lower count: an address that does not exceed is refused only when it collides twice with addresses that do. Counts are
/// not exact where threads meet, which is good enough here and costs no lock.
/// </summary>
internal sealed class AddressRate(int perMinute)
{
    private const int Slots = 1 << 16;

    private readonly ulong secret = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));

    // In each slot the minute and the count of that minute.
    private readonly (uint Minute, int Count)[] slots = new (uint, int)[2 * Slots];

    /// <summary>Counts an announce; false when it is one too many.</summary>
    public bool Take(ReadOnlySpan<byte> address, uint nowSeconds)
    {
        ulong key = address.Length == 4 ? MemoryMarshal.Read<uint>(address) : MemoryMarshal.Read<ulong>(address);
        ulong hash = KeyedHash.Mix(key, secret);
        uint minute = nowSeconds / 60;
        int first = Count(ref slots[hash % Slots], minute), second = Count(ref slots[Slots + (hash >> 32) % Slots], minute);
        return Math.Min(first, second) <= perMinute;
    }

    private static int Count(ref (uint Minute, int Count) slot, uint minute)
    {
        if (slot.Minute != minute) slot = (minute, 0);
        return slot.Count < int.MaxValue ? ++slot.Count : int.MaxValue;
    }
}
