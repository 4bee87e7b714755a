using System.Net;
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
    private readonly IPAddress remote;
    private readonly byte[] remoteBytes;
    private byte[] buffer;
    private int have;

    public StreamHttpConnection(StreamHttpServer server, Socket socket, byte[] received, IPAddress remote)
    {
        this.server = server;
        this.socket = socket;
        this.remote = remote;
        remoteBytes = remote.GetAddressBytes();
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
        await using var stream = new NetworkStream(socket, ownsSocket: false);
        await ServeAsync(stream);
    }

    private async Task ServeAsync(Stream stream)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(server.Stopping);
        late.CancelAfter(server.Options.RequestTimeout);
        bool keepOpen = true;
        while (keepOpen)
        {
            HttpParse parse = HttpRequestHead.Parse(buffer.AsSpan(0, have), out HttpRequestHead head);
            if (parse == HttpParse.Incomplete)
            {
                if (have > HttpRequestHead.MaxLength)
                {
                    await stream.WriteAsync(HttpErrors.TooLong.ToArray(), late.Token);
                    return;
                }
                if (have == 0) _ = await stream.ReadAsync(Memory<byte>.Empty, late.Token); // a buffer only for who has something to say
                if (buffer.Length - have < InitialBuffer / 2) Array.Resize(ref buffer, Math.Max(InitialBuffer, buffer.Length * 2));
                int received = await stream.ReadAsync(buffer.AsMemory(have), late.Token);
                if (received == 0) return;
                if (have == 0) late.CancelAfter(server.Options.RequestTimeout);
                have += received;
                continue;
            }
            if (parse == HttpParse.Invalid)
            {
                await stream.WriteAsync(HttpErrors.BadRequest.ToArray(), late.Token);
                return;
            }

            keepOpen = head.KeepAlive;
            HttpTarget target = HttpResponder.TargetOf(head.Path, out ReadOnlySpan<byte> passkey);
            if (target != HttpTarget.Other && head.IsGet)
            {
                byte[] response = System.Buffers.ArrayPool<byte>.Shared.Rent(HttpResponder.MaxResponse);
                HttpResponder responder = server.Rent();
                int length = responder.Answer(head, target, passkey, remoteBytes, response);
                server.Return(responder);
                Consume(head.Length);
                await stream.WriteAsync(response.AsMemory(0, length), late.Token);
                System.Buffers.ArrayPool<byte>.Shared.Return(response);
            }
            else
            {
                int headLength = head.Length, bodyLength = head.ContentLength;
                string method = Encoding.Latin1.GetString(head.Method), path = Encoding.Latin1.GetString(head.Path);
                string query = Encoding.Latin1.GetString(head.Query);
                if (bodyLength is < 0 or > MaxBody)
                {
                    await stream.WriteAsync(HttpPage.Text(413, "the body is too long, or its length is not given").ToBytes(false, true), late.Token);
                    return;
                }
                byte[] body = new byte[bodyLength];
                int first = Math.Min(bodyLength, have - headLength);
                buffer.AsSpan(headLength, first).CopyTo(body);
                Consume(headLength + first);
                await stream.ReadExactlyAsync(body.AsMemory(first), late.Token);
                HttpPage page = server.Pages.Answer(new HttpPageRequest(method, path, query, remote, body));
                await stream.WriteAsync(page.ToBytes(keepOpen, method != "HEAD"), late.Token);
            }
            Since = Environment.TickCount64;
            late.CancelAfter(server.Options.KeepAliveTimeout);
        }
    }

    private void Consume(int length)
    {
        have -= length;
        buffer.AsSpan(length, have).CopyTo(buffer);
        if (have == 0 && buffer.Length > InitialBuffer) buffer = [];
    }
}
