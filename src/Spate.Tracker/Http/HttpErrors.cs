namespace Spate.Tracker.Http;

/// <summary>Whole responses for requests that are no announces; after each of them the connection is closed.</summary>
internal static class HttpErrors
{
    public static ReadOnlySpan<byte> BadRequest =>
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 18\r\nConnection: close\r\n\r\nnot a HTTP request"u8;

    public static ReadOnlySpan<byte> TooLong =>
        "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: text/plain\r\nContent-Length: 27\r\nConnection: close\r\n\r\nthe request is over 8192 B."u8;
}
