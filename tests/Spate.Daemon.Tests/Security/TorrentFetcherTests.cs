using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Spate.Daemon.Security;
using Spate.Engine.Discovery;
using Spate.Http;

namespace Spate.Daemon.Tests.Security;

public sealed class TorrentFetcherTests : IAsyncLifetime
{
    private readonly WebApplication web;
    private int asked;

    public TorrentFetcherTests()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        web = builder.Build();
        web.Use((context, next) =>
        {
            asked++;
            return next(context);
        });
        web.MapGet("/good", () => Results.Bytes("d4:infode"u8.ToArray()));
        web.MapGet("/page", () => Results.Text("<html>log in</html>", "text/html"));
        web.MapGet("/huge", async context =>
        {
            byte[] chunk = new byte[1 << 20];
            chunk[0] = (byte)'d';
            for (int i = 0; i < 40; i++) await context.Response.Body.WriteAsync(chunk);
        });
        web.MapGet("/again", (HttpContext context) => Results.Redirect($"http://127.0.0.1:{context.Connection.LocalPort}/again"));
        web.MapGet("/file", () => Results.Redirect("file:///etc/passwd"));
        web.MapGet("/gone", () => Results.NotFound());
    }

    public Task InitializeAsync() => web.StartAsync();

    public async Task DisposeAsync() => await web.DisposeAsync();

    [Theory]
    [InlineData("http://127.0.0.1:{0}/good")]
    [InlineData("http://localhost:{0}/good")]
    [InlineData("http://0.0.0.0:{0}/good")]
    [InlineData("http://[::1]:{0}/good")]
    [InlineData("http://[::ffff:127.0.0.1]:{0}/good")]
    [InlineData("http://[64:ff9b::7f00:1]:{0}/good")] // the same through NAT64
    [InlineData("http://2130706433:{0}/good")]
    [InlineData("http://0x7f.1:{0}/good")]
    [InlineData("http://user:pass@127.0.0.1:{0}/good")]
    [InlineData("http://rebound.example:{0}/good")]
    public async Task This_machine_is_not_asked(string url)
    {
        IOException e = await Assert.ThrowsAsync<IOException>(() => FetchAsync(url, allowPrivate: false));
        Assert.Contains("--allow-private-urls", e.Message, StringComparison.Ordinal);
        Assert.Equal(0, asked);
    }

    [Theory]
    [InlineData("http://10.1.2.3/x")]
    [InlineData("http://192.168.1.1/x")]
    [InlineData("http://172.20.0.1/x")]
    [InlineData("http://169.254.169.254/latest/meta-data")] // where clouds keep their keys
    [InlineData("http://[fe80::1]/x")]
    [InlineData("http://[fd00::1]/x")]
    [InlineData("http://[2002:a00:1::1]/x")] // 10.0.0.1 through 6to4
    [InlineData("http://100.64.0.1/x")]
    [InlineData("http://198.18.0.1/x")]
    [InlineData("http://192.0.0.8/x")]
    public async Task The_local_network_is_not_asked(string url)
    {
        IOException e = await Assert.ThrowsAsync<IOException>(() => FetchAsync(url, allowPrivate: false));
        Assert.Contains("--allow-private-urls", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ftp://127.0.0.1/x")]
    [InlineData("file:///etc/passwd")]
    [InlineData("http://")]
    [InlineData("gopher://x")]
    public async Task Other_kinds_of_addresses_are_refused(string url) => await Assert.ThrowsAsync<IOException>(() => FetchAsync(url, allowPrivate: true));

    [Theory]
    [InlineData("page", "no .torrent file")]
    [InlineData("huge", "more than")]
    [InlineData("again", "redirects more than")]
    [InlineData("file", "not followed")]
    [InlineData("gone", "404")]
    public async Task What_is_no_torrent_is_told(string path, string reason)
    {
        IOException e = await Assert.ThrowsAsync<IOException>(() => FetchAsync("http://127.0.0.1:{0}/" + path + "?passkey=sesame", allowPrivate: true));
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("sesame", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_it_is_allowed_it_is_fetched() =>
        Assert.Equal("d4:infode"u8.ToArray(), (await FetchAsync("http://127.0.0.1:{0}/good", allowPrivate: true)).ToArray());

    private async Task<ReadOnlyMemory<byte>> FetchAsync(string url, bool allowPrivate)
    {
        var names = new NameCache(static (host, _) => ValueTask.FromResult<IPAddress[]>(host switch
        {
            "rebound.example" => [IPAddress.Loopback],
            "localhost" => [IPAddress.Loopback, IPAddress.IPv6Loopback],
            _ => throw new IOException($"The name {host} is not known."),
        }), TimeProvider.System);
        using var http = new HttpFetcher("test/1", names);
        int port = new Uri(web.Urls.First()).Port;
        return await new TorrentFetcher(http, allowPrivate).FetchAsync(url.Replace("{0}", $"{port}", StringComparison.Ordinal), CancellationToken.None);
    }
}
