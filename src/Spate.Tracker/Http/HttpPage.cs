using System.Net;
using System.Text;

namespace Spate.Tracker.Http;

/// <summary>A request of the slow lane, whole.</summary>
internal sealed record HttpPageRequest
{
    public required string Method { get; init; }

    /// <summary>The path, still encoded.</summary>
    public required string Path { get; init; }

    /// <summary>The query without its question mark, still encoded.</summary>
    public required string Query { get; init; }

    /// <summary>Whose request it is, as far as trusted proxies tell.</summary>
    public required IPAddress Client { get; init; }

    /// <summary>The headers of these names; empty where there is none.</summary>
    public string Authorization { get; init; } = "";

    public string ApiKey { get; init; } = "";

    public string ContentType { get; init; } = "";

    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>A value of the query, decoded; null when the key is not there.</summary>
    public string? QueryValue(string key)
    {
        foreach (string pair in Query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = pair.IndexOf('=');
            if ((equals < 0 ? pair : pair[..equals]) == key) return equals < 0 ? "" : Uri.UnescapeDataString(pair[(equals + 1)..].Replace('+', ' '));
        }
        return null;
    }
}

/// <summary>A response of the slow lane.</summary>
internal sealed record HttpPage(int Status, string ContentType, byte[] Content)
{
    /// <summary>Further header lines, each with its line end.</summary>
    public string Headers { get; init; } = "";

    public static HttpPage Text(int status, string text) => new(status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(text));

    public static HttpPage Json(int status, byte[] content) => new(status, "application/json", content);

    public static HttpPage Html(string text) => new(200, "text/html; charset=utf-8", Encoding.UTF8.GetBytes(text));

    /// <summary>The whole response.</summary>
    public byte[] ToBytes(bool keepAlive, bool withContent)
    {
        string head = $"HTTP/1.1 {Status} {ReasonOf(Status)}\r\nContent-Type: {ContentType}\r\nContent-Length: {Content.Length}\r\n"
            + "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n" + Headers + (keepAlive ? "\r\n" : "Connection: close\r\n\r\n");
        byte[] bytes = new byte[head.Length + (withContent ? Content.Length : 0)];
        Encoding.ASCII.GetBytes(head, bytes);
        if (withContent) Content.CopyTo(bytes, head.Length);
        return bytes;
    }

    /// <summary>The words for a status.</summary>
    public static string ReasonOf(int status) => status switch
    {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "Error",
    };
}
