using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Spate.Engine.Discovery;
using Spate.Engine.Ports;
using Spate.Http;

namespace Spate.Tests.Http;

public sealed class HttpFetcherTests : IDisposable
{
    private readonly HttpFetcher fetcher = new("Spate-test/1");

    public void Dispose() => fetcher.Dispose();

    [Fact]
    public async Task Gets_a_document_and_uses_the_connection_again()
    {
        await using ScriptedServer server = ScriptedServer.Of(_ => ScriptedServer.Ok("hello"));
        for (int i = 0; i < 5; i++)
        {
            HttpAnswer answer = await Get(server.Url("/a?b=%00%ff"));
            Assert.Equal((200, "hello"), (answer.Status, Text(answer)));
        }
        Assert.Equal(1, server.Connections);
        Assert.StartsWith("GET /a?b=%00%ff HTTP/1.1\r\n", server.Requests[0], StringComparison.OrdinalIgnoreCase);
        Assert.Contains("User-Agent: Spate-test/1\r\n", server.Requests[0]);
        Assert.DoesNotContain("Cookie", server.Requests[4]);
    }

    [Fact]
    public async Task Any_status_is_an_answer()
    {
        await using ScriptedServer server = ScriptedServer.Of(_ => "HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\ngone");
        HttpAnswer answer = await Get(server.Url("/"));
        Assert.Equal((404, "gone"), (answer.Status, Text(answer)));
    }

    [Fact]
    public async Task Unpacks_gzip()
    {
        await using var server = new ScriptedServer((_, stream, token) => WriteGzipAsync(stream, Encoding.ASCII.GetBytes("packed content"), token));
        Assert.Equal("packed content", Text(await Get(server.Url("/"))));
        Assert.Contains("Accept-Encoding: gzip\r\n", server.Requests[0]);
    }

    [Fact]
    public async Task A_small_answer_that_unpacks_to_much_is_cut()
    {
        await using var server = new ScriptedServer((_, stream, token) => WriteGzipAsync(stream, new byte[50_000_000], token));
        Assert.Contains("sent more than 1,048,576 bytes", await Failure(server.Url("/")));
    }

    [Fact]
    public async Task Broken_gzip_is_an_error()
    {
        await using ScriptedServer server = ScriptedServer.Of(_ => ScriptedServer.Ok("this is no gzip at all", "Content-Encoding: gzip\r\n"));
        Assert.Contains("can't be unpacked", await Failure(server.Url("/")));
    }

    [Fact]
    public async Task Packing_that_was_not_asked_for_is_an_error()
    {
        await using ScriptedServer server = ScriptedServer.Of(_ => ScriptedServer.Ok("x", "Content-Encoding: br\r\n"));
        Assert.Contains("not asked for", await Failure(server.Url("/")));
    }

    [Fact]
    public async Task Too_long_content_is_cut_with_and_without_a_length()
    {
        await using ScriptedServer announced = ScriptedServer.Of(_ => "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n");
        Assert.Contains("sent more than", await Failure(announced.Url("/")));
        await using var endless = new ScriptedServer(async (_, stream, token) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray(), token);
            while (true) await stream.WriteAsync(new byte[65_536], token);
        });
        Assert.Contains("sent more than", await Failure(endless.Url("/")));
    }

    [Fact]
    public async Task A_server_that_drips_is_given_up_after_the_total_time()
    {
        await using var server = new ScriptedServer(async (_, stream, token) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray(), token);
            while (true)
            {
                await stream.WriteAsync(new byte[1], token);
                await stream.FlushAsync(token);
                await Task.Delay(20, token);
            }
        });
        var request = new HttpRequest(server.Url("/?passkey=1")) { Timeout = TimeSpan.FromMilliseconds(600) };
        IOException error = await Assert.ThrowsAsync<IOException>(async () => await fetcher.GetAsync(request, default));
        Assert.Equal($"127.0.0.1:{server.Port} did not answer within 0.6 s.", error.Message);
    }

    [Fact]
    public async Task The_callers_cancellation_is_not_a_time_out()
    {
        await using var server = new ScriptedServer((_, _, token) => Task.Delay(Timeout.Infinite, token));
        using var cancellation = new CancellationTokenSource(200);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await fetcher.GetAsync(new HttpRequest(server.Url("/")), cancellation.Token));
    }

    [Fact]
    public async Task Too_many_headers_are_an_error()
    {
        await using ScriptedServer server = ScriptedServer.Of(_ =>
            "HTTP/1.1 200 OK\r\n" + string.Concat(Enumerable.Range(0, 2000).Select(i => $"X-{i}: {new string('y', 50)}\r\n")) + "\r\n");
        Assert.Contains("headers of more than 32 KiB", await Failure(server.Url("/")));
    }

    [Fact]
    public async Task A_connection_that_breaks_is_an_error()
    {
        await using var server = new ScriptedServer(async (_, stream, token) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"u8.ToArray(), token);
            stream.Dispose();
        });
        Assert.Contains("broke off in the middle", await Failure(server.Url("/")));
    }

    [Fact]
    public async Task What_is_not_HTTP_is_an_error()
    {
        await using ScriptedServer server = ScriptedServer.Of(_ => "SSH-2.0-OpenSSH_9.2\r\n");
        Assert.Contains("does not speak HTTP", await Failure(server.Url("/")));
    }

    [Fact]
    public async Task Nobody_there_and_no_such_name_are_errors_for_people()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        Assert.Equal($"127.0.0.1:{port} refused the connection: nobody listens there.", await Failure(new Uri($"http://127.0.0.1:{port}/pass")));

        var names = new NameCache((host, _) => throw new IOException($"The name {host} is not known."), TimeProvider.System);
        using var other = new HttpFetcher("t", names);
        IOException error = await Assert.ThrowsAsync<IOException>(async () => await other.GetAsync(new HttpRequest(new Uri("http://nowhere.example/")), default));
        Assert.Equal("The name nowhere.example is not known.", error.Message);
    }

    [Fact]
    public async Task Ranges_are_asked_for_unpacked()
    {
        await using ScriptedServer server = ScriptedServer.Of(_ => "HTTP/1.1 206 Part\r\nContent-Length: 2\r\nContent-Range: bytes 3-4/9\r\n\r\nde");
        HttpAnswer answer = await fetcher.GetAsync(new HttpRequest(server.Url("/")) { Range = (3, 4) }, default);
        Assert.Equal(206, answer.Status);
        Assert.Contains("Range: bytes=3-4\r\n", server.Requests[0]);
        Assert.Contains("Accept-Encoding: identity\r\n", server.Requests[0]);
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task Follows_redirects(int status)
    {
        await using ScriptedServer server = ScriptedServer.Of(head =>
            head.StartsWith("GET /from", StringComparison.Ordinal) ? ScriptedServer.Redirect("/to?x=1", status) : ScriptedServer.Ok("there"));
        HttpAnswer answer = await Get(server.Url("/from"));
        Assert.Equal(("there", "/to?x=1"), (Text(answer), answer.Address.PathAndQuery));
    }

    [Fact]
    public async Task Five_redirects_and_no_more()
    {
        await using ScriptedServer server = ScriptedServer.Of(head =>
            ScriptedServer.Redirect("/" + (int.Parse(head.Split(' ')[1].AsSpan(1)) + 1)));
        Assert.Contains("redirects more than 5 times", await Failure(server.Url("/0")));
        Assert.Equal(6, server.Requests.Count);
    }

    [Theory]
    [InlineData("file:///etc/passwd")]
    [InlineData("ftp://127.0.0.1/x")]
    public async Task Redirects_to_other_schemes_are_refused(string to)
    {
        await using ScriptedServer server = ScriptedServer.Of(_ => ScriptedServer.Redirect(to));
        Assert.Contains("is not followed", await Failure(server.Url("/")));
    }

    [Fact]
    public async Task Credentials_stay_with_their_origin()
    {
        await using ScriptedServer other = ScriptedServer.Of(_ => ScriptedServer.Ok("other"));
        await using ScriptedServer server = ScriptedServer.Of(head => ScriptedServer.Redirect(
            head.StartsWith("GET /first", StringComparison.Ordinal) ? "/second" : other.Url("/").AbsoluteUri));
        var url = new UriBuilder(server.Url("/first")) { UserName = "me", Password = "p%40ss" }.Uri;
        Assert.Equal("other", Text(await Get(url)));
        string expected = "Authorization: Basic " + Convert.ToBase64String("me:p@ss"u8);
        Assert.All(server.Requests, r => Assert.Contains(expected, r));
        Assert.Equal(2, server.Requests.Count);
        Assert.DoesNotContain("Authorization", other.Requests.Single());
    }

    [Fact]
    public async Task Certificates_are_checked()
    {
        using RSA key = RSA.Create(2048);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await using var server = new ScriptedServer((_, _, _) => Task.CompletedTask, certificate);
        Assert.Contains("has no valid TLS certificate", await Failure(server.Url("/")));
        Assert.Empty(server.Requests);
    }

    [Theory]
    [InlineData(HttpReach.NotThisMachine)]
    [InlineData(HttpReach.GlobalOnly)]
    public async Task This_machine_is_out_of_reach_where_it_should_be(HttpReach reach)
    {
        await using ScriptedServer server = ScriptedServer.Of(_ => ScriptedServer.Ok("secret"));
        foreach (string host in new[] { "127.0.0.1", "[::ffff:127.0.0.1]", "0.0.0.0", "localhost" })
        {
            var request = new HttpRequest(new Uri($"http://{host}:{server.Port}/")) { Reach = reach };
            await Assert.ThrowsAsync<IOException>(async () => await fetcher.GetAsync(request, default));
        }
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_host_outside_may_not_redirect_to_one_inside()
    {
        await using ScriptedServer inside = ScriptedServer.Of(_ => ScriptedServer.Ok("secret"));
        await using ScriptedServer outside = ScriptedServer.Of(_ => ScriptedServer.Redirect(inside.Url("/").AbsoluteUri));
        using HttpFetcher pretending = Pretend(outside.Port, _ => IPAddress.Parse("203.0.113.1"));
        IOException error = await Assert.ThrowsAsync<IOException>(async () => await pretending.GetAsync(new HttpRequest(new Uri("http://outside.example/")), default));
        Assert.Contains("inside of the local network", error.Message);
        Assert.Single(outside.Requests);
        Assert.Empty(inside.Requests);
    }

    [Fact]
    public async Task A_name_that_changes_its_address_between_check_and_use_gains_nothing()
    {
        await using ScriptedServer inside = ScriptedServer.Of(_ => ScriptedServer.Ok("secret"));
        int asked = 0;
        // A cache that keeps nothing: outside for the check, inside for the connection.
        var names = new NameCache((_, _) => new([IPAddress.Parse(asked++ == 0 ? "203.0.113.1" : "127.0.0.1")]), new ImpatientTime());
        using var rebound = new HttpFetcher("t", names);
        var request = new HttpRequest(new Uri($"http://rebind.example:{inside.Port}/")) { Timeout = TimeSpan.FromSeconds(5) };
        await Assert.ThrowsAsync<IOException>(async () => await rebound.GetAsync(request, default));
        Assert.True(asked >= 2);
        Assert.Empty(inside.Requests);
    }

    [Fact]
    public async Task A_dead_address_does_not_hold_up_the_next_one()
    {
        await using ScriptedServer server = ScriptedServer.Of(_ => ScriptedServer.Ok("alive"));
        var names = new NameCache((_, _) => new([IPAddress.Parse("203.0.113.1"), IPAddress.Parse("203.0.113.2")]), TimeProvider.System);
        using var two = new HttpFetcher("t", names, async (remote, token) =>
        {
            if (remote.Address.ToString() == "203.0.113.1") await Task.Delay(Timeout.Infinite, token);
            return await ConnectAsync(server.Port, token);
        });
        Assert.Equal("alive", Text(await two.GetAsync(new HttpRequest(new Uri("http://two.example/")), default)));
    }

    [Fact]
    public async Task A_family_can_be_asked_for()
    {
        await using ScriptedServer server = ScriptedServer.Of(_ => ScriptedServer.Ok("x"));
        var dialled = new List<AddressFamily>();
        var names = new NameCache((_, _) => new([IPAddress.Parse("203.0.113.1"), IPAddress.Parse("2001:db8::1")]), TimeProvider.System);
        using var both = new HttpFetcher("t", names, (remote, token) =>
        {
            lock (dialled) dialled.Add(remote.AddressFamily);
            return ConnectAsync(server.Port, token);
        });
        foreach (AddressFamily family in new[] { AddressFamily.InterNetworkV6, AddressFamily.InterNetwork })
            await both.GetAsync(new HttpRequest(new Uri("http://both.example/")) { Family = family }, default);
        Assert.Equal([AddressFamily.InterNetworkV6, AddressFamily.InterNetwork], dialled);
    }

    private static HttpFetcher Pretend(int port, Func<string, IPAddress> address) =>
        new("t", new NameCache((host, _) => new([address(host)]), TimeProvider.System), (_, token) => ConnectAsync(port, token));

    private static async ValueTask<Stream> ConnectAsync(int port, CancellationToken token)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port, token);
        return client.GetStream();
    }

    private Task<HttpAnswer> Get(Uri url) => fetcher.GetAsync(new HttpRequest(url), default).AsTask();

    private async Task<string> Failure(Uri url) => (await Assert.ThrowsAsync<IOException>(() => Get(url))).Message;

    private static string Text(HttpAnswer answer) => Encoding.Latin1.GetString(answer.Body.Span);

    private static async Task WriteGzipAsync(Stream stream, byte[] content, CancellationToken token)
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) await gzip.WriteAsync(content, token);
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {packed.Length}\r\n\r\n"), token);
        await stream.WriteAsync(packed.ToArray(), token);
    }

    // Every look at this clock is an hour later: nothing in a cache is ever fresh.
    private sealed class ImpatientTime : TimeProvider
    {
        private long now;

        public override long GetTimestamp() => Interlocked.Add(ref now, TimestampFrequency * 3600);
    }
}
