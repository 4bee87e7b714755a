using System.Net;
using Spate.Api;
using Spate.Daemon.Security;
using Spate.Daemon.Tests.Api;

namespace Spate.Daemon.Tests.Security;

/// <summary>A proxy that takes a part of the path off its front tells of it; nobody else may.</summary>
public sealed class ForwardedPrefixTests
{
    private static readonly SecurityOptions trusting = new() { TrustedProxies = [IPAddress.Loopback] };

    [Theory]
    [InlineData("/spate", "/spate")]
    [InlineData("/nas/spate/", "/nas/spate")]
    [InlineData("spate", "/")]
    [InlineData("//evil.example", "/")]
    [InlineData("/x; Domain=evil.example", "/")]
    [InlineData("/x, //evil.example", "/")]
    [InlineData("/%2F%2Fevil.example", "/")]
    [InlineData("/\\evil.example", "/")]
    [InlineData("https://evil.example", "/")]
    public async Task What_a_trusted_proxy_sends_is_where_the_cookie_holds_when_it_is_a_plain_path(string prefix, string path)
    {
        await using GuardedServer server = await GuardedServer.StartAsync(trusting);
        Assert.Equal(path, await CookiePathAsync(server, "/login", prefix));
    }

    [Fact]
    public async Task Nobody_else_is_believed()
    {
        foreach (SecurityOptions options in new[] { new SecurityOptions(), new SecurityOptions { TrustedProxies = [IPAddress.Parse("10.0.0.1")] } })
        {
            await using GuardedServer server = await GuardedServer.StartAsync(options);
            Assert.Equal("/", await CookiePathAsync(server, "/login", "/mine"));
        }
    }

    [Fact]
    public async Task A_base_path_that_the_proxy_leaves_in_place_counts_once()
    {
        await using GuardedServer server = await GuardedServer.StartAsync(trusting with { BasePath = "/spate" });
        Assert.Equal("/spate", await CookiePathAsync(server, "/spate/login", "/spate"));
        Assert.Equal("/nas", await CookiePathAsync(server, "/login", "/nas"));
    }

    [Fact]
    public async Task Pages_and_events_work_below_a_base_path_and_below_a_prefix()
    {
        string web = Directory.CreateTempSubdirectory("spate-web-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(web, "assets"));
            await File.WriteAllTextAsync(Path.Combine(web, "index.html"), "<title>Spate</title>");
            await File.WriteAllTextAsync(Path.Combine(web, "assets", "a.js"), "1");
            foreach ((string basePath, string prefix, string at) in new[] { ("", "/out", "/"), ("/spate", "", "/spate/") })
            {
                await using TestDaemon daemon = await TestDaemon.StartAsync(with: options => options with { WebFolder = web, BasePath = basePath, TrustedProxies = [IPAddress.Loopback] });
                using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(daemon.Host.Addresses[0], "/") };
                http.DefaultRequestHeaders.Authorization = new("Bearer", daemon.Key);
                if (prefix.Length > 0) http.DefaultRequestHeaders.Add("X-Forwarded-Prefix", prefix);
                Assert.Contains("Spate", await http.GetStringAsync(at), StringComparison.Ordinal);
                Assert.Equal("1", await http.GetStringAsync(at + "assets/a.js"));
                Assert.Contains("\"rows\"", await http.GetStringAsync(at + "api/v1/torrents"), StringComparison.Ordinal);
                Assert.Contains("Spate API", await http.GetStringAsync(at + "api/docs/index.html"), StringComparison.Ordinal);
                await using (Stream events = await http.GetStreamAsync(at + "api/v1/events"))
                {
                    using var reader = new StreamReader(events);
                    Assert.StartsWith("id: ", await reader.ReadLineAsync(), StringComparison.Ordinal);
                }
                if (basePath.Length == 0) continue;
                // The page's own links are relative: without the sign at the end they would lead elsewhere.
                using HttpResponseMessage redirect = await http.GetAsync(basePath);
                Assert.Equal((HttpStatusCode.Redirect, at), (redirect.StatusCode, redirect.Headers.Location?.OriginalString));
            }
        }
        finally { Directory.Delete(web, recursive: true); }
    }

    private static async Task<string> CookiePathAsync(GuardedServer server, string path, string prefix)
    {
        string body = $$"""{"token":"{{server.Accounts.CreateToken()}}"}""";
        RawAnswer answer = await server.SendAsync("POST", path, $"X-Forwarded-Prefix: {prefix}\r\n", body);
        Assert.Equal(204, answer.Status);
        string cookie = answer.Header("Set-Cookie");
        Assert.DoesNotContain("evil", cookie, StringComparison.Ordinal);
        return cookie.Split(';').Select(part => part.Trim()).Single(part => part.StartsWith("path=", StringComparison.OrdinalIgnoreCase))[5..];
    }
}
