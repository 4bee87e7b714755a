using System.Security.Cryptography;
using System.Text;

namespace Spate.Tracker.Http;

/// <summary>The server's half of a WebSocket handshake (RFC 6455).</summary>
internal static class WebSocketHandshake
{
    /// <summary>Whether a request asks for a WebSocket in a way that can be granted, and the response that grants it.</summary>
    public static bool TryAnswer(in HttpRequestHead head, out byte[] response)
    {
        response = [];
        if (!head.IsGet || !head.WantsUpgrade || !Ascii.EqualsIgnoreCase(head.Header("upgrade"u8), "websocket"u8)) return false;
        ReadOnlySpan<byte> key = head.Header("sec-websocket-key"u8);
        if (key.Length != 24 || !head.Header("sec-websocket-version"u8).SequenceEqual("13"u8)) return false;
        byte[] accept = SHA1.HashData([.. key, .. "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"u8]);
        response = Encoding.ASCII.GetBytes(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + $"Sec-WebSocket-Accept: {Convert.ToBase64String(accept)}\r\n\r\n");
        return true;
    }
}
