using System.Buffers.Text;
using System.Text;

namespace Spate.Protocol.Wire;

/// <summary>An announce of local service discovery (BEP 14): headers as in HTTP, in a datagram to a multicast group.</summary>
public static class LsdMessage
{
    /// <summary>Bytes of one datagram at most, so that it is never fragmented.</summary>
    public const int MaxSize = 1400;

    /// <summary>Torrents in one of our announces at most; they fit with a cookie of 16 characters.</summary>
    public const int MaxHashes = 24;

    private const int MaxCookie = 64;

    /// <summary>Reads a datagram.</summary>
    /// <param name="datagram">As it came.</param>
    /// <param name="hashes">Gets the torrents; further ones are left out.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="port">Where the sender takes connections.</param>
    /// <param name="cookie">What the sender knows itself by, or nothing.</param>
    /// <returns>False when it is no announce, names no torrent or no port.</returns>
    public static bool TryRead(ReadOnlySpan<byte> datagram, Span<Sha1Hash> hashes, out int count, out ushort port, out ReadOnlySpan<byte> cookie)
    {
        (count, port) = (0, 0);
        cookie = default;
        if (datagram.Length > MaxSize || !TakeLine(ref datagram, out ReadOnlySpan<byte> line)) return false;
        if (!line.SequenceEqual("BT-SEARCH * HTTP/1.1"u8)) return false;
        while (TakeLine(ref datagram, out line) && !line.IsEmpty)
        {
            int colon = line.IndexOf((byte)':');
            if (colon < 0) return false;
            ReadOnlySpan<byte> name = line[..colon], value = line[(colon + 1)..].Trim((byte)' ');
            if (Ascii.EqualsIgnoreCase(name, "Infohash"u8))
            {
                if (count < hashes.Length && TryReadHex(value, out hashes[count])) count++;
            }
            else if (Ascii.EqualsIgnoreCase(name, "Port"u8))
            {
                if (!Utf8Parser.TryParse(value, out port, out int used) || used != value.Length) return false;
            }
            else if (Ascii.EqualsIgnoreCase(name, "cookie"u8) && value.Length <= MaxCookie) cookie = value;
        }
        return count > 0 && port > 0;
    }

    /// <summary>Writes an announce and returns its length.</summary>
    /// <param name="datagram">At least <see cref="MaxSize"/> bytes.</param>
    /// <param name="host">The group, such as <c>239.192.152.143:6771</c>.</param>
    /// <param name="port">Where we take connections.</param>
    /// <param name="hashes">One to <see cref="MaxHashes"/> torrents.</param>
    /// <param name="cookie">At most 16 characters of ASCII.</param>
    public static int Write(Span<byte> datagram, ReadOnlySpan<char> host, ushort port, ReadOnlySpan<Sha1Hash> hashes, ReadOnlySpan<char> cookie)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(hashes.Length, MaxHashes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(cookie.Length, 16);
        var text = new StringBuilder(MaxSize);
        text.Append("BT-SEARCH * HTTP/1.1\r\nHost: ").Append(host).Append("\r\nPort: ").Append(port).Append("\r\n");
        foreach (ref readonly Sha1Hash hash in hashes) text.Append("Infohash: ").Append(hash.ToString()).Append("\r\n");
        text.Append("cookie: ").Append(cookie).Append("\r\n\r\n\r\n");
        return Encoding.ASCII.GetBytes(text.ToString(), datagram);
    }

    private static bool TryReadHex(ReadOnlySpan<byte> value, out Sha1Hash hash)
    {
        hash = default;
        if (value.Length != 2 * Sha1Hash.Size) return false;
        Span<char> digits = stackalloc char[2 * Sha1Hash.Size];
        for (int i = 0; i < digits.Length; i++) digits[i] = (char)value[i];
        return Sha1Hash.TryParseHex(digits, out hash);
    }

    // Lines end in CR LF; a lone LF is taken as well.
    private static bool TakeLine(scoped ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> line)
    {
        int end = rest.IndexOf((byte)'\n');
        line = end < 0 ? default : rest[..end];
        if (end < 0) return false;
        if (!line.IsEmpty && line[^1] == '\r') line = line[..^1];
        rest = rest[(end + 1)..];
        return true;
    }
}
