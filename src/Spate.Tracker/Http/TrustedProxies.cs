using System.Net;
using System.Net.Sockets;

namespace Spate.Tracker.Http;

/// <summary>Finds out who a client is behind proxies that the operator trusts.</summary>
internal sealed class TrustedProxies(IReadOnlyList<IPNetwork> networks)
{
    /// <summary>True when there is none, and nobody's word is taken.</summary>
    public bool IsEmpty { get; } = networks.Count == 0;

    public bool Contains(ReadOnlySpan<byte> address) => !IsEmpty && Contains(new IPAddress(address));

    /// <summary>
    /// The client's address as 4 or 16 bytes: the last one in X-Forwarded-For that is no trusted proxy. Before that one anybody may
    /// have written anything. Returns the length, 0 when the connection's own address is the client's.
    /// </summary>
    public int ReadForwardedFor(in HttpRequestHead head, ReadOnlySpan<byte> connection, Span<byte> address)
    {
        if (!Contains(connection)) return 0;
        ReadOnlySpan<byte> list = head.Header("x-forwarded-for"u8);
        while (!list.IsEmpty)
        {
            int comma = list.LastIndexOf((byte)',');
            if (!TryParse(list[(comma + 1)..].Trim(" \t"u8), out IPAddress? found)) return 0;
            list = comma < 0 ? default : list[..comma];
            if (Contains(found)) continue;
            found.TryWriteBytes(address, out int length);
            return length;
        }
        return 0;
    }

    private bool Contains(IPAddress address)
    {
        foreach (IPNetwork network in networks)
        {
            if (network.Contains(address)) return true;
        }
        return false;
    }

    // An address alone, with a port, or in brackets with a port.
    private static bool TryParse(ReadOnlySpan<byte> text, out IPAddress found)
    {
        found = IPAddress.None;
        if (text.Length is 0 or > 60) return false;
        if (!IPAddress.TryParse(text, out IPAddress? parsed))
        {
            Span<char> chars = stackalloc char[text.Length];
            for (int i = 0; i < text.Length; i++) chars[i] = (char)text[i];
            if (!IPEndPoint.TryParse(chars, out IPEndPoint? endPoint)) return false;
            parsed = endPoint.Address;
        }
        found = parsed.IsIPv4MappedToIPv6 ? parsed.MapToIPv4() : parsed;
        return found.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6;
    }
}
