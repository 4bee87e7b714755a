using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Spate.Tests.Http;

/// <summary>A server on loopback that reads the head of each request and writes what a test wants, byte for byte.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource ending = new();
    private readonly Func<string, Stream, CancellationToken, Task> answer;
    private readonly X509Certificate2? certificate;
    private readonly Task loop;
    private int connections;

    /// <param name="answer">Given the head of a request, writes the answer; the connection stays open for more afterwards.</param>
    /// <param name="certificate">Speaks TLS where there is one.</param>
    public ScriptedServer(Func<string, Stream, CancellationToken, Task> answer, X509Certificate2? certificate = null)
    {
        (this.answer, this.certificate) = (answer, certificate);
        listener.Start();
        loop = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public int Connections => connections;

    public List<string> Requests { get; } = [];

    public Uri Url(string path) => new($"{(certificate is null ? "http" : "https")}://127.0.0.1:{Port}{path}");

    public static ScriptedServer Of(Func<string, string> answer) => new((head, stream, token) =>
        stream.WriteAsync(Encoding.Latin1.GetBytes(answer(head)), token).AsTask());

    public static string Ok(string body, string headers = "") => $"HTTP/1.1 200 OK\r\n{headers}Content-Length: {body.Length}\r\n\r\n{body}";

    public static string Redirect(string to, int status = 302) => $"HTTP/1.1 {status} Go\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n";

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        listener.Stop();
        await loop;
        ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        var talks = new List<Task>();
        try
        {
            while (true)
            {
                TcpClient client = await listener.AcceptTcpClientAsync(ending.Token);
                Interlocked.Increment(ref connections);
                talks.Add(TalkAsync(client));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException) { }
        await Task.WhenAll(talks);
    }

    private async Task TalkAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                Stream stream = client.GetStream();
                if (certificate is not null)
                {
                    var tls = new SslStream(stream);
                    await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, ending.Token);
                    stream = tls;
                }
                while (await ReadHeadAsync(stream) is string head)
                {
                    lock (Requests) Requests.Add(head);
                    await answer(head, stream, ending.Token);
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException
                or System.Security.Authentication.AuthenticationException) { } // the client left, or the answer ended the connection
        }
    }

    private async Task<string?> ReadHeadAsync(Stream stream)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one, ending.Token) == 0) return null;
            head.Append((char)one[0]);
        }
        return head.ToString();
    }
}
