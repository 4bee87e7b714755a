using System.Buffers.Text;
using System.Text;

namespace Spate.Tracker.Http;

/// <summary>What the bytes at the start of a connection are.</summary>
internal enum HttpParse
{
    /// <summary>Not all of a request's head yet.</summary>
    Incomplete,

    /// <summary>A request's head.</summary>
    Done,

    /// <summary>No HTTP/1 request.</summary>
    Invalid,
}

/// <summary>
/// The head of an HTTP/1 request (RFC 9112), a view of the receive buffer. Reads what a tracker needs: no folded
/// headers, for one.
/// </summary>
internal ref struct HttpRequestHead
{
    /// <summary>The longest head that is taken: a scrape of about a hundred torrents.</summary>
    public const int MaxLength = 8192;

    private ReadOnlySpan<byte> headers;

    public ReadOnlySpan<byte> Method { get; private set; }

    /// <summary>The target up to the question mark, still encoded.</summary>
    public ReadOnlySpan<byte> Path { get; private set; }

    /// <summary>The target behind the question mark, still encoded.</summary>
    public ReadOnlySpan<byte> Query { get; private set; }

    /// <summary>Bytes of the head, with the empty line that ends it.</summary>
    public int Length { get; private set; }

    /// <summary>Whether the client means to send another request on this connection.</summary>
    public bool KeepAlive { get; private set; }

    /// <summary>Whether the client wants to speak something else on this connection (a WebSocket).</summary>
    public bool WantsUpgrade { get; private set; }

    public readonly bool IsGet => Method.SequenceEqual("GET"u8);

    /// <summary>Reads the head of the first request in a buffer.</summary>
    public static HttpParse Parse(ReadOnlySpan<byte> buffer, out HttpRequestHead head)
    {
        head = default;
        int end = buffer.IndexOf("\r\n\r\n"u8);
        if (end < 0) return buffer.Length >= 3 && !LooksLikeMethod(buffer) ? HttpParse.Invalid : HttpParse.Incomplete;
        head.Length = end + 4;
        ReadOnlySpan<byte> text = buffer[..(end + 2)];

        int lineEnd = text.IndexOf((byte)'\r');
        ReadOnlySpan<byte> line = text[..lineEnd];
        int methodEnd = line.IndexOf((byte)' ');
        if (methodEnd <= 0 || methodEnd > 7) return HttpParse.Invalid;
        int targetEnd = line.LastIndexOf((byte)' ');
        ReadOnlySpan<byte> version = line[(targetEnd + 1)..];
        if (targetEnd <= methodEnd + 1 || version.Length != 8 || !version.StartsWith("HTTP/1."u8)) return HttpParse.Invalid;
        ReadOnlySpan<byte> target = line[(methodEnd + 1)..targetEnd];
        if (target[0] != (byte)'/') return HttpParse.Invalid;
        head.Method = line[..methodEnd];
        int question = target.IndexOf((byte)'?');
        head.Path = question < 0 ? target : target[..question];
        head.Query = question < 0 ? default : target[(question + 1)..];
        head.headers = text[(lineEnd + 2)..];

        ReadOnlySpan<byte> connection = head.Header("connection"u8);
        head.WantsUpgrade = connection.Length >= 7 && ContainsUpgrade(connection);
        head.KeepAlive = version[7] == (byte)'0'
            ? Ascii.EqualsIgnoreCase(connection, "keep-alive"u8)
            : !Ascii.EqualsIgnoreCase(connection, "close"u8);
        return HttpParse.Done;
    }

    /// <summary>The value of the last header of this lower-case name, trimmed; empty when there is none.</summary>
    public readonly ReadOnlySpan<byte> Header(ReadOnlySpan<byte> lowerCaseName)
    {
        ReadOnlySpan<byte> value = default;
        ReadOnlySpan<byte> rest = headers;
        while (!rest.IsEmpty)
        {
            int end = rest.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
            if (line.Length <= lowerCaseName.Length || line[lowerCaseName.Length] != (byte)':') continue;
            if (!Ascii.EqualsIgnoreCase(line[..lowerCaseName.Length], lowerCaseName)) continue;
            value = line[(lowerCaseName.Length + 1)..].Trim(" \t\r"u8);
        }
        return value;
    }

    /// <summary>Whether the body comes in chunks.</summary>
    public readonly bool IsChunked => Ascii.EqualsIgnoreCase(Header("transfer-encoding"u8), "chunked"u8);

    /// <summary>Bytes of a body that does not come in chunks; -1 when its length is no number.</summary>
    public readonly int ContentLength
    {
        get
        {
            if (!Header("transfer-encoding"u8).IsEmpty) return -1;
            ReadOnlySpan<byte> text = Header("content-length"u8);
            if (text.IsEmpty) return 0;
            return Utf8Parser.TryParse(text, out int length, out int used) && used == text.Length && length >= 0 ? length : -1;
        }
    }

    private static bool ContainsUpgrade(ReadOnlySpan<byte> connection)
    {
        foreach (Range part in connection.Split((byte)','))
        {
            if (Ascii.EqualsIgnoreCase(connection[part].Trim((byte)' '), "upgrade"u8)) return true;
        }
        return false;
    }

    // Ends early what will never be HTTP, such as a TLS or BitTorrent handshake.
    private static bool LooksLikeMethod(ReadOnlySpan<byte> start)
    {
        foreach (byte b in start[..3])
        {
            if (!char.IsAsciiLetterUpper((char)b)) return false;
        }
        return true;
    }
}
