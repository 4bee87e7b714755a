using System.Net;

namespace Spate.Engine.Dht;

/// <summary>Which part of the Internet an address belongs to: what one owner can easily have many addresses in.</summary>
internal static class AddressNetwork
{
    /// <summary>True for two addresses of the same /24 (IPv4) or /64 (IPv6).</summary>
    public static bool AreClose(IPAddress a, IPAddress b) => Of(a) == Of(b);

    /// <summary>The /24 or the /64 of an address, as a number.</summary>
    public static ulong Of(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int length);
        return length == 4
            ? (ulong)(bytes[0] << 16 | bytes[1] << 8 | bytes[2])
            : System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes) | 1UL << 63;
    }
}
