namespace Spate.Tracker.Http;

/// <summary>
/// The head of an announce's or scrape's response. Its size is known before the content is, since the content's length is padded with
/// spaces (which HTTP allows): so head and content are written in place and sent in one go.
/// </summary>
internal static class HttpHead
{
    private static ReadOnlySpan<byte> Plain => "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length:       \r\n"u8;

    private static ReadOnlySpan<byte> Close => "Connection: close\r\n"u8;

    private static ReadOnlySpan<byte> Packed => "Content-Encoding: gzip\r\n"u8;

    /// <summary>Where the content begins.</summary>
    public static int Size(bool keepAlive) => Plain.Length + (keepAlive ? 0 : Close.Length) + 2;

    /// <summary>Writes the head before content that stands in its place already. Returns the bytes of both.</summary>
    public static int Write(Span<byte> response, bool keepAlive, int contentLength, bool isPacked)
    {
        int size = Size(keepAlive);
        if (isPacked) // rare: then the content moves
        {
            response.Slice(size, contentLength).CopyTo(response[(size + Packed.Length)..]);
            Packed.CopyTo(response[(size - 2)..]);
            size += Packed.Length;
        }
        Plain.CopyTo(response);
        if (!keepAlive) Close.CopyTo(response[Plain.Length..]);
        int at = Plain.Length - 2;
        for (int rest = contentLength; rest > 0 || at == Plain.Length - 2; rest /= 10) response[--at] = (byte)('0' + rest % 10);
        response[size - 2] = (byte)'\r';
        response[size - 1] = (byte)'\n';
        return size + contentLength;
    }
}
