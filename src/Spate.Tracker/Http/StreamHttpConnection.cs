using System.Buffers;
using System.Buffers.Text;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Spate.Tracker.Http;

/// <summary>One connection of a <see cref="StreamHttpServer"/>: reads a request, answers it, and again.</summary>
internal sealed class StreamHttpConnection : IDisposable
{
    private const int InitialBuffer = 2048;

    // The longest body that is taken: a list of torrents for the admin API.
    private const int MaxBody = 4 << 20;

    private readonly StreamHttpServer server;
    private readonly Socket socket;
    private readonly TlsCertificate? certificate;
    private readonly bool awaitsProxyHeader;
    private byte[] remote;
    private byte[] buffer;
    private int have;

    /// <param name="server">Whose connection it is.</param>
    /// <param name="socket">The connection, which this object owns from then on.</param>
    /// <param name="received">What was read from it already.</param>
    /// <param name="remote">The other end.</param>
    /// <param name="certificate">For TLS; null for plain text.</param>
    /// <param name="awaitsProxyHeader">A proxy's header comes first.</param>
    public StreamHttpConnection(
        StreamHttpServer server, Socket socket, byte[] received, IPAddress remote, TlsCertificate? certificate, bool awaitsProxyHeader)
    {
        this.server = server;
        this.socket = socket;
        this.certificate = certificate;
        this.awaitsProxyHeader = awaitsProxyHeader;
        this.remote = remote.GetAddressBytes();
        buffer = received;
        have = received.Length;
        Since = Environment.TickCount64;
    }

    /// <summary>When the connection began or was last answered, in milliseconds.</summary>
    public long Since { get; private set; }

    public void Dispose() => socket.Dispose();

    public async Task RunAsync()
    {
        socket.NoDelay = true;
        using var late = CancellationTokenSource.CreateLinkedTokenSource(server.Stopping);
        late.CancelAfter(server.Options.RequestTimeout);
        await using var plain = new NetworkStream(socket, ownsSocket: false);
        if (awaitsProxyHeader && !await ReadProxyHeaderAsync(plain, late.Token)) return;
        if (certificate is null)
        {
            await ServeAsync(plain, late);
            return;
        }
        await using var encrypted = new SslStream(plain);
        await encrypted.AuthenticateAsServerAsync(certificate.Options, late.Token);
        await ServeAsync(encrypted, late);
    }

    private async Task ServeAsync(Stream stream, CancellationTokenSource late)
    {
        bool keepOpen = true;
        while (keepOpen)
        {
            HttpParse parse = HttpRequestHead.Parse(buffer.AsSpan(0, have), out HttpRequestHead head);
            if (parse == HttpParse.Incomplete && have <= HttpRequestHead.MaxLength)
            {
                bool isFirst = have == 0;
                if (!await ReceiveAsync(stream, late.Token)) return;
                if (isFirst) late.CancelAfter(server.Options.RequestTimeout);
                continue;
            }
            if (parse != HttpParse.Done)
            {
                ReadOnlySpan<byte> error = parse == HttpParse.Invalid ? HttpErrors.BadRequest : HttpErrors.TooLong;
                await stream.WriteAsync(error.ToArray(), late.Token);
                return;
            }

            keepOpen = head.KeepAlive;
            HttpTarget target = server.ServesAnnounces && head.IsGet ? HttpResponder.TargetOf(head.Path) : HttpTarget.Other;
            if (server.WebTorrent is not null && WebSocketHandshake.TryAnswer(head, out byte[] handshake))
            {
                ReadOnlySpan<byte> client = ClientAddress(head, stackalloc byte[16]);
                var request = new WebTorrent.WebTorrentRequest(client.ToArray(), head.Path.ToArray(), head.Query.ToArray());
                if (have > head.Length) return; // a client waits for our half of the handshake
                await stream.WriteAsync(handshake, late.Token);
                late.CancelAfter(Timeout.InfiniteTimeSpan);
                buffer = [];
                await server.WebTorrent.ServeAsync(stream, request, server.Stopping);
                return;
            }
            if (target != HttpTarget.Other) await AnswerAnnounceAsync(stream, head, target, late.Token);
            else if (!await AnswerPageAsync(stream, head, late.Token)) return;
            Since = Environment.TickCount64;
            late.CancelAfter(server.Options.KeepAliveTimeout);
        }
    }

    // Not async itself, since a request's head can't live across an await.
    private ValueTask AnswerAnnounceAsync(Stream stream, in HttpRequestHead head, HttpTarget target, CancellationToken cancellation)
    {
        byte[] response = ArrayPool<byte>.Shared.Rent(HttpResponder.MaxResponse);
        HttpResponder responder = server.Rent();
        int length = responder.Answer(head, target, ClientAddress(head, stackalloc byte[16]), response);
        server.Return(responder);
        Consume(head.Length);
        return WriteAndReturnAsync(stream, response, length, cancellation);
    }

    private static async ValueTask WriteAndReturnAsync(Stream stream, byte[] response, int length, CancellationToken cancellation)
    {
        await stream.WriteAsync(response.AsMemory(0, length), cancellation);
        ArrayPool<byte>.Shared.Return(response);
    }

    private Task<bool> AnswerPageAsync(Stream stream, in HttpRequestHead head, CancellationToken cancellation)
    {
        var request = new HttpPageRequest
        {
            Method = Encoding.Latin1.GetString(head.Method),
            Path = Encoding.Latin1.GetString(head.Path),
            Query = Encoding.Latin1.GetString(head.Query),
            Client = new IPAddress(ClientAddress(head, stackalloc byte[16])),
            Authorization = Encoding.Latin1.GetString(head.Header("authorization"u8)),
            ApiKey = Encoding.Latin1.GetString(head.Header("x-api-key"u8)),
            ContentType = Encoding.Latin1.GetString(head.Header("content-type"u8)),
        };
        (bool isChunked, int bodyLength, bool keepOpen) = (head.IsChunked, head.ContentLength, head.KeepAlive);
        Consume(head.Length);
        return AnswerPageAsync(stream, request, isChunked, bodyLength, keepOpen, cancellation);
    }

    private async Task<bool> AnswerPageAsync(
        Stream stream, HttpPageRequest request, bool isChunked, int bodyLength, bool keepOpen, CancellationToken cancellation)
    {
        byte[]? body = isChunked ? await ReadChunkedBodyAsync(stream, cancellation) : await ReadBodyAsync(stream, bodyLength, cancellation);
        if (body is null)
        {
            HttpPage refusal = HttpPage.Text(413, $"the body must have at most {MaxBody} bytes, in a form that HTTP allows");
            await stream.WriteAsync(refusal.ToBytes(keepAlive: false, withContent: true), cancellation);
            return false;
        }
        HttpPage page = server.Pages.Answer(request with { Body = body });
        await stream.WriteAsync(page.ToBytes(keepOpen, request.Method != "HEAD"), cancellation);
        return true;
    }

    // Null for a length that is none or too long.
    private async Task<byte[]?> ReadBodyAsync(Stream stream, int length, CancellationToken cancellation)
    {
        if (length is < 0 or > MaxBody) return null;
        byte[] body = new byte[length];
        int first = Math.Min(length, have);
        buffer.AsSpan(0, first).CopyTo(body);
        Consume(first);
        await stream.ReadExactlyAsync(body.AsMemory(first), cancellation);
        return body;
    }

    // Chunked (RFC 9112, section 7.1), without trailers.
    private async Task<byte[]?> ReadChunkedBodyAsync(Stream stream, CancellationToken cancellation)
    {
        const int maxLine = 32;
        var body = new MemoryStream();
        while (true)
        {
            int end;
            while ((end = buffer.AsSpan(0, have).IndexOf("\r\n"u8)) < 0)
            {
                if (have > maxLine || !await ReceiveAsync(stream, cancellation)) return null;
            }
            if (!Utf8Parser.TryParse(buffer.AsSpan(0, end), out int size, out int used, 'X') || used != end || size < 0) return null;
            Consume(end + 2);
            if (body.Length + size > MaxBody) return null;
            byte[]? chunk = await ReadBodyAsync(stream, size + 2, cancellation); // with the line end behind it
            if (chunk is null || !chunk.AsSpan(size).SequenceEqual("\r\n"u8)) return null;
            body.Write(chunk, 0, size);
            if (size == 0) return body.ToArray();
        }
    }

    private ReadOnlySpan<byte> ClientAddress(in HttpRequestHead head, Span<byte> forwardedFor)
    {
        int length = server.Proxies.IsEmpty ? 0 : server.Proxies.ReadForwardedFor(head, remote, forwardedFor);
        return length == 0 ? remote : forwardedFor[..length];
    }

    private async Task<bool> ReadProxyHeaderAsync(Stream stream, CancellationToken cancellation)
    {
        byte[] address = new byte[16];
        while (true)
        {
            HttpParse parse = ProxyHeader.Parse(buffer.AsSpan(0, have), address, out int length, out int addressLength);
            if (parse == HttpParse.Invalid) return false;
            if (parse == HttpParse.Done)
            {
                if (addressLength > 0) remote = address[..addressLength];
                Consume(length);
                return true;
            }
            // Not a byte more than the header: what follows may be TLS, which reads for itself.
            int wanted = have < 16 ? 16 - have : length - have;
            if (buffer.Length < have + wanted) Array.Resize(ref buffer, have + wanted);
            int received = await stream.ReadAsync(buffer.AsMemory(have, wanted), cancellation);
            if (received == 0) return false;
            have += received;
        }
    }

    private async Task<bool> ReceiveAsync(Stream stream, CancellationToken cancellation)
    {
        if (have == 0) _ = await stream.ReadAsync(Memory<byte>.Empty, cancellation); // a buffer only for who has something to say
        if (buffer.Length - have < InitialBuffer / 2) Array.Resize(ref buffer, Math.Max(InitialBuffer, buffer.Length * 2));
        int received = await stream.ReadAsync(buffer.AsMemory(have), cancellation);
        have += received;
        return received > 0;
    }

    private void Consume(int length)
    {
        have -= length;
        buffer.AsSpan(length, have).CopyTo(buffer);
        if (have == 0 && buffer.Length > InitialBuffer) buffer = [];
    }
}
