using System.Buffers.Binary;

namespace Spate.Tracker.Http;

/// <summary>The header with which a proxy begins a connection to say whose it is: the PROXY protocol, version 2 (binary).</summary>
internal static class ProxyHeader
{
    // Longer ones carry extensions that nobody needs here, and are refused.
    private const int MaxLength = 16 + 512;

    private static ReadOnlySpan<byte> Signature => [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A];

    // What an IPv4 address in IPv6's clothes begins with.
    private static ReadOnlySpan<byte> MappedPrefix => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF];

    /// <summary>Reads the header at the start of a connection.</summary>
    /// <param name="received">What has come so far.</param>
    /// <param name="address">At least 16 bytes, for the client's address.</param>
    /// <param name="length">Bytes of the header.</param>
    /// <param name="addressLength">4 or 16; 0 when the proxy speaks for itself (a health check) or of something else than TCP.</param>
    public static HttpParse Parse(ReadOnlySpan<byte> received, Span<byte> address, out int length, out int addressLength)
    {
        (length, addressLength) = (0, 0);
        int known = Math.Min(received.Length, Signature.Length);
        if (!received[..known].SequenceEqual(Signature[..known])) return HttpParse.Invalid;
        if (received.Length < 16) return HttpParse.Incomplete;
        length = 16 + BinaryPrimitives.ReadUInt16BigEndian(received[14..]);
        if (received[12] >> 4 != 2 || length > MaxLength) return HttpParse.Invalid;
        if (received.Length < length) return HttpParse.Incomplete;
        bool isProxied = (received[12] & 15) == 1;
        addressLength = (isProxied, received[13]) switch
        {
            (true, 0x11) when length >= 16 + 12 => 4,  // TCP over IPv4
            (true, 0x21) when length >= 16 + 36 => 16, // TCP over IPv6
            _ => 0,
        };
        received.Slice(16, addressLength).CopyTo(address);
        if (addressLength == 16 && address.StartsWith(MappedPrefix))
        {
            address.Slice(12, 4).CopyTo(address);
            addressLength = 4;
        }
        return HttpParse.Done;
    }
}
