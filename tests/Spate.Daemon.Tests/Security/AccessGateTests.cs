using System.Net;
using Spate.Api;
using Spate.Daemon.Security;

namespace Spate.Daemon.Tests.Security;

public sealed class AccessGateTests
{
    [Fact]
    public async Task Without_proof_nothing_but_what_is_open_answers()
    {
        await using GuardedServer server = await GuardedServer.StartAsync();
        foreach ((string method, string path) in new[] { ("GET", "/read"), ("POST", "/write"), ("POST", "/admin"), ("GET", "/metrics"), ("GET", "/forgotten") })
        {
            RawAnswer answer = await server.SendAsync(method, path);
            Assert.Equal(401, answer.Status);
            Assert.Equal("Bearer", answer.Header("WWW-Authenticate"));
            Assert.Equal("application/problem+json", answer.Header("Content-Type"));
            Assert.Equal(401, (await server.SendAsync(method, path, "Cookie: spate_login=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n")).Status);
            Assert.Equal(401, (await server.SendAsync(method, path, "X-API-Key: spate_AAAA\r\n")).Status);
            Assert.Equal(401, (await server.SendAsync(method, path, $"Authorization: Bearer {new string('a', 5000)}\r\n")).Status);
        }
        Assert.Equal(200, (await server.SendAsync("GET", "/open")).Status);
        Assert.Equal(404, (await server.SendAsync("GET", "/nothing")).Status);
    }

    [Theory]
    [InlineData(Scope.Read, 200, 403, 403, 200)]
    [InlineData(Scope.Write, 200, 200, 403, 200)]
    [InlineData(Scope.Admin, 200, 200, 200, 200)]
    [InlineData(Scope.Metrics, 403, 403, 403, 200)]
    public async Task A_key_may_what_its_scope_says_and_no_more(Scope scope, int read, int write, int admin, int metrics)
    {
        await using GuardedServer server = await GuardedServer.StartAsync();
        string key = await server.KeyAsync(scope);
        Assert.Equal(read, (await server.SendAsync("GET", "/read", key)).Status);
        Assert.Equal(write, (await server.SendAsync("POST", "/write", key)).Status);
        Assert.Equal(admin, (await server.SendAsync("POST", "/admin", key)).Status);
        Assert.Equal(metrics, (await server.SendAsync("GET", "/metrics", key)).Status);
        Assert.Equal(admin == 200 ? 200 : 403, (await server.SendAsync("GET", "/forgotten", key)).Status);
    }

    [Fact]
    public async Task A_revoked_key_ends_at_once()
    {
        await using GuardedServer server = await GuardedServer.StartAsync();
        string key = await server.KeyAsync(Scope.Read);
        string bearer = "Authorization: Bearer " + key.Split(':')[1].Trim() + "\r\n";
        Assert.Equal(200, (await server.SendAsync("GET", "/read", bearer)).Status);
        Assert.NotNull(server.Accounts.Keys.Single().LastUsed);
        Assert.True(await server.Accounts.RevokeKeyAsync(server.Accounts.Keys.Single().Id));
        Assert.Equal(401, (await server.SendAsync("GET", "/read", bearer)).Status);
        Assert.Empty(server.Accounts.Keys);
    }

    [Fact]
    public async Task A_name_that_was_bound_to_us_by_somebody_else_is_refused_and_the_answer_names_the_option()
    {
        await using GuardedServer server = await GuardedServer.StartAsync();
        string cookie = await server.LogInAsync();
        foreach (string host in new[] { "evil.example", $"evil.example:{server.Address.Port}", "localhost.evil.example", "127.0.0.1.evil.example", "2130706433", "127.1" })
        {
            RawAnswer answer = await server.SendAsync("GET", "/read", cookie, host: host);
            Assert.Equal(403, answer.Status);
            Assert.Contains("--allowed-host", answer.Body, StringComparison.Ordinal);
            Assert.Equal(403, (await server.SendAsync("GET", "/open", host: host)).Status);
            Assert.Equal(403, (await server.PostLoginAsync(new Login { Token = server.Accounts.CreateToken() }, host: host)).Status);
        }
        // What a proxy would send is believed of proxies alone.
        Assert.Equal(403, (await server.SendAsync("GET", "/read", cookie + "X-Forwarded-Host: localhost\r\n", host: "evil.example")).Status);
    }

    [Fact]
    public async Task Addresses_localhost_and_allowed_names_are_good_and_keys_under_any_name()
    {
        await using GuardedServer server = await GuardedServer.StartAsync(new SecurityOptions { AllowedHosts = ["NAS.local"] });
        string cookie = await server.LogInAsync();
        foreach (string host in new[] { "127.0.0.1", "192.168.1.5:9091", "[::1]:9091", "localhost:1", "spate.localhost", "nas.local", "NAS.LOCAL.:80" })
            Assert.Equal(200, (await server.SendAsync("GET", "/read", cookie, host: host)).Status);
        Assert.Equal(200, (await server.SendAsync("GET", "/read", await server.KeyAsync(Scope.Read), host: "spate-container")).Status);
        Assert.Equal(401, (await server.SendAsync("GET", "/read", "X-API-Key: spate_wrong\r\n", host: "spate-container")).Status);
    }

    [Theory]
    [InlineData("Sec-Fetch-Site: cross-site\r\n")]
    [InlineData("Sec-Fetch-Site: same-site\r\n")] // another port of this host
    [InlineData("Sec-Fetch-Site: cross-site\r\nOrigin: http://127.0.0.1\r\n")]
    [InlineData("Origin: http://evil.example\r\n")]
    [InlineData("Origin: http://127.0.0.1:1\r\n")]
    [InlineData("Origin: null\r\n")]
    [InlineData("")] // no browser
    public async Task A_page_of_somebody_else_can_not_change_anything(string headers)
    {
        await using GuardedServer server = await GuardedServer.StartAsync();
        string cookie = await server.LogInAsync();
        foreach (string path in new[] { "/write", "/admin" }) Assert.Equal(403, (await server.SendAsync("POST", path, cookie + headers)).Status);
    }

    [Fact]
    public async Task Our_own_pages_and_programs_can()
    {
        await using GuardedServer server = await GuardedServer.StartAsync();
        string cookie = await server.LogInAsync();
        Assert.Equal(200, (await server.SendAsync("POST", "/write", cookie + "Sec-Fetch-Site: same-origin\r\n")).Status);
        Assert.Equal(200, (await server.SendAsync("POST", "/write", cookie + $"Origin: http://127.0.0.1:{server.Address.Port}\r\n")).Status);
        Assert.Equal(200, (await server.SendAsync("POST", "/write", await server.KeyAsync(Scope.Write) + "Origin: http://other.example\r\n")).Status);
    }

    [Fact]
    public async Task A_proxy_that_nobody_trusts_can_not_speak_for_anybody()
    {
        await using GuardedServer server = await GuardedServer.StartAsync(new SecurityOptions { TrustedProxies = [IPAddress.Parse("10.0.0.1")] });
        Assert.Contains("127.0.0.1 http\r\n", (await server.SendAsync("GET", "/open", "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n")).Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", "/open", 200)]
    [InlineData("GET", "/read", 401)]
    [InlineData("GET", "/nothing", 404)]
    [InlineData("DELETE", "/open", 405)]
    public async Task Every_answer_tells_the_browser_to_be_careful(string method, string path, int status)
    {
        await using GuardedServer server = await GuardedServer.StartAsync();
        RawAnswer answer = await server.SendAsync(method, path);
        Assert.Equal(status, answer.Status);
        string policy = answer.Header("Content-Security-Policy");
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        string scripts = policy.Split(';').Single(part => part.Trim().StartsWith("script-src", StringComparison.Ordinal));
        Assert.Equal("script-src 'self'", scripts.Trim());
        Assert.Contains("style-src 'self';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", answer.Header("X-Content-Type-Options"));
        Assert.Equal("DENY", answer.Header("X-Frame-Options"));
        Assert.Equal("no-referrer", answer.Header("Referrer-Policy"));
        Assert.Equal("", answer.Header("Access-Control-Allow-Origin"));
    }
}
