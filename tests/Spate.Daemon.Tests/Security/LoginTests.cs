using System.Net;
using Spate.Api;
using Spate.Daemon.Security;
using Spate.Daemon.State;

namespace Spate.Daemon.Tests.Security;

public sealed class LoginTests
{
    private const string SameOrigin = "Sec-Fetch-Site: same-origin\r\n";

    [Fact]
    public async Task Without_a_password_no_password_logs_in()
    {
        await using GuardedServer server = await GuardedServer.StartAsync();
        foreach (string guess in new[] { "", "admin", "adminadmin", "password", "spate" })
            Assert.Equal(401, (await server.PostLoginAsync(new Login { Password = guess })).Status);
        Assert.Equal(401, (await server.PostLoginAsync(new Login())).Status);
        Assert.Equal(401, (await server.SendAsync("GET", "/read")).Status);
    }

    [Fact]
    public async Task A_printed_token_logs_in_once()
    {
        await using GuardedServer server = await GuardedServer.StartAsync();
        string token = server.Accounts.CreateToken();
        RawAnswer first = await server.PostLoginAsync(new Login { Token = token });
        Assert.Equal(204, first.Status);
        Assert.Equal(200, (await server.SendAsync("GET", "/read", first.Cookie)).Status);
        Assert.Equal(401, (await server.PostLoginAsync(new Login { Token = token })).Status);
    }

    [Fact]
    public async Task A_token_that_two_use_at_once_lets_one_in()
    {
        await using GuardedServer server = await GuardedServer.StartAsync();
        string token = server.Accounts.CreateToken();
        RawAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => server.PostLoginAsync(new Login { Token = token })));
        Assert.Single(answers, answer => answer.Status == 204);
    }

    [Fact]
    public async Task A_token_ends_after_an_hour()
    {
        await using GuardedServer server = await GuardedServer.StartAsync();
        string token = server.Accounts.CreateToken();
        server.Time.Advance(AccountBook.TokenLifetime);
        Assert.Equal(401, (await server.PostLoginAsync(new Login { Token = token })).Status);
    }

    [Fact]
    public async Task The_cookie_is_out_of_reach_for_scripts_and_other_sites()
    {
        await using GuardedServer server = await GuardedServer.StartAsync();
        string cookie = (await server.PostLoginAsync(new Login { Token = server.Accounts.CreateToken() })).Header("Set-Cookie");
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("path=/", cookie, StringComparison.Ordinal);
        Assert.DoesNotContain("secure", cookie, StringComparison.OrdinalIgnoreCase); // plain HTTP: the browser would drop it
    }

    [Fact]
    public async Task Behind_tls_and_a_base_path_the_cookie_is_secure_and_stays_there()
    {
        await using GuardedServer server = await GuardedServer.StartAsync(new SecurityOptions { TrustedProxies = [IPAddress.Loopback], BasePath = "/spate", AllowedHosts = ["seed.example"] });
        RawAnswer answer = await server.SendAsync(
            "POST", "/spate/login", "X-Forwarded-Proto: https\r\nX-Forwarded-Host: seed.example\r\nX-Forwarded-For: 203.0.113.9\r\nOrigin: https://seed.example\r\n",
            $$"""{"token":"{{server.Accounts.CreateToken()}}"}""");
        Assert.Equal(204, answer.Status);
        Assert.Contains("; secure", answer.Header("Set-Cookie"), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("path=/spate", answer.Header("Set-Cookie"), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("203.0.113.9 https\r\n", (await server.SendAsync("GET", "/spate/open", "X-Forwarded-Proto: https\r\nX-Forwarded-For: 203.0.113.9\r\n")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_login_ends_a_month_after_its_last_use_and_at_once_when_it_is_ended()
    {
        await using GuardedServer server = await GuardedServer.StartAsync();
        string used = await server.LogInAsync(), unused = await server.LogInAsync();
        for (int i = 0; i < 5; i++)
        {
            server.Time.Advance(TimeSpan.FromDays(10));
            Assert.Equal(200, (await server.SendAsync("GET", "/read", used)).Status);
        }
        Assert.Equal(401, (await server.SendAsync("GET", "/read", unused)).Status);
        string id = server.Accounts.Logins.Single().Id;
        Caller caller = Caller.Browser(id);
        Assert.True(server.Accounts.IsStillKnown(caller));
        await server.Accounts.LogOutAsync(id);
        Assert.Equal(401, (await server.SendAsync("GET", "/read", used)).Status);
        Assert.False(server.Accounts.IsStillKnown(caller));
    }

    [Fact]
    public async Task A_new_password_ends_all_other_logins()
    {
        await using GuardedServer server = await GuardedServer.StartAsync();
        string mine = await server.LogInAsync(), other = await server.LogInAsync();
        await server.Accounts.SetPasswordAsync("correct horse", server.Accounts.FindLogin(mine.Split('=')[1].Trim())!.LoginId);
        Assert.Equal(200, (await server.SendAsync("GET", "/read", mine)).Status);
        Assert.Equal(401, (await server.SendAsync("GET", "/read", other)).Status);
        Assert.Equal(204, (await server.PostLoginAsync(new Login { Password = "correct horse" })).Status);
        Assert.Equal(401, (await server.PostLoginAsync(new Login { Password = "correct horsf" })).Status);
    }

    [Fact]
    public async Task Guessing_is_slowed_down_and_the_right_password_does_not_get_through_either()
    {
        await using GuardedServer server = await GuardedServer.StartAsync();
        await server.Accounts.SetPasswordAsync("correct horse", null);
        for (int i = 0; i < LoginLimiter.Burst; i++) Assert.Equal(401, (await server.PostLoginAsync(new Login { Password = $"guess {i}" })).Status);
        Assert.Equal(429, (await server.PostLoginAsync(new Login { Password = "correct horse" })).Status);
        Assert.Equal(429, (await server.PostLoginAsync(new Login { Token = server.Accounts.CreateToken() })).Status);
        server.Time.Advance(LoginLimiter.Refill);
        Assert.Equal(204, (await server.PostLoginAsync(new Login { Password = "correct horse" })).Status);
    }

    [Fact]
    public async Task Guesses_sent_at_once_are_counted_too()
    {
        await using GuardedServer server = await GuardedServer.StartAsync();
        await server.Accounts.SetPasswordAsync("correct horse", null);
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => server.PostLoginAsync(new Login { Password = $"guess {i}" })));
        Assert.Equal(429, (await server.PostLoginAsync(new Login { Password = "correct horse" })).Status);
    }

    [Fact]
    public async Task An_attacker_can_not_choose_the_address_that_counts()
    {
        await using GuardedServer server = await GuardedServer.StartAsync();
        for (int i = 0; i < LoginLimiter.Burst; i++) await server.PostLoginAsync(new Login { Password = "x" }, $"X-Forwarded-For: 10.0.0.{i}\r\n");
        Assert.Equal(429, (await server.PostLoginAsync(new Login { Password = "x" }, "X-Forwarded-For: 10.0.0.99\r\n")).Status);
    }

    [Fact]
    public async Task Behind_a_trusted_proxy_each_client_counts_for_itself()
    {
        await using GuardedServer server = await GuardedServer.StartAsync(new SecurityOptions { TrustedProxies = [IPAddress.Loopback] });
        // The attacker makes up a chain; what the proxy added last is what counts.
        for (int i = 0; i < LoginLimiter.Burst; i++) await server.PostLoginAsync(new Login { Password = "x" }, $"X-Forwarded-For: 10.9.9.{i}, 198.51.100.7\r\n");
        Assert.Equal(429, (await server.PostLoginAsync(new Login { Password = "x" }, "X-Forwarded-For: 1.2.3.4, 198.51.100.7\r\n")).Status);
        Assert.Equal(401, (await server.PostLoginAsync(new Login { Password = "x" }, "X-Forwarded-For: 198.51.100.8\r\n")).Status);
    }

    [Fact]
    public void A_million_addresses_take_bounded_memory()
    {
        var limiter = new LoginLimiter(new FakeTime());
        for (int i = 0; i < 50_000; i++) limiter.Fail(new IPAddress(i + 1L));
        Assert.Equal(LoginLimiter.MostAddresses, limiter.Count);
    }

    [Fact]
    public void A_network_of_ipv6_is_one_attacker()
    {
        var limiter = new LoginLimiter(new FakeTime());
        for (int i = 0; i < LoginLimiter.Burst; i++) limiter.Fail(IPAddress.Parse($"2001:db8:1:2::{i + 1:x}"));
        Assert.True(limiter.WaitOf(IPAddress.Parse("2001:db8:1:2:ffff::1")) > TimeSpan.Zero);
        Assert.Equal(TimeSpan.Zero, limiter.WaitOf(IPAddress.Parse("2001:db8:1:3::1")));
        for (int i = 0; i < LoginLimiter.Burst; i++) limiter.Fail(IPAddress.Parse("::ffff:10.0.0.1"));
        Assert.True(limiter.WaitOf(IPAddress.Parse("10.0.0.1")) > TimeSpan.Zero);
    }

    [Fact]
    public async Task Nothing_that_is_kept_lets_anybody_in()
    {
        await using GuardedServer server = await GuardedServer.StartAsync();
        await server.Accounts.SetPasswordAsync("correct horse", null);
        string token = server.Accounts.CreateToken(), cookie = await server.LogInAsync(), key = await server.KeyAsync(Scope.Admin);
        string[] secrets = ["correct horse", token, cookie.Split('=')[1].Trim(), key.Split(':')[1].Trim()];
        using var journal = new StreamReader(new FileStream(Path.Combine(server.Folder, "spate.journal"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        string kept = await journal.ReadToEndAsync();
        Assert.Contains("apiKey", kept, StringComparison.Ordinal);
        foreach (string secret in secrets) Assert.DoesNotContain(secret, kept, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logins_and_keys_are_bounded()
    {
        await using GuardedServer server = await GuardedServer.StartAsync();
        for (int i = 0; i < AccountBook.MostLogins + 5; i++)
            Assert.Equal(LoginOutcome.Accepted, (await server.Accounts.LogInAsync(new Login { Token = server.Accounts.CreateToken() }, IPAddress.Loopback, new string('x', 9999))).Outcome);
        Assert.Equal(AccountBook.MostLogins, server.State.Logins.Count);
        for (int i = 0; i < AccountBook.MostKeys; i++) await server.KeyAsync(Scope.Read);
        Assert.Null(await server.Accounts.CreateKeyAsync("one more", [Scope.Read]));
    }

    [Theory]
    [InlineData("short")]
    [InlineData("")]
    public void Short_passwords_are_refused(string password) => Assert.NotNull(PasswordHash.Check(password));

    [Fact]
    public void A_password_is_hashed_slowly_and_with_salt()
    {
        SavedPassword one = PasswordHash.Make("correct horse", DateTimeOffset.UnixEpoch), two = PasswordHash.Make("correct horse", DateTimeOffset.UnixEpoch);
        Assert.NotEqual(one.Hash, two.Hash);
        Assert.InRange(one.Rounds, 210_000, int.MaxValue);
        Assert.True(PasswordHash.Matches("correct horse", one));
        Assert.False(PasswordHash.Matches("Correct horse", one));
        Assert.False(PasswordHash.Matches(new string('x', 1 << 20), one));
        Assert.NotNull(PasswordHash.Check(new string('x', 1001)));
    }

    [Fact]
    public async Task The_password_of_a_daemon_that_stands_can_be_set_and_of_one_that_runs_not()
    {
        using var folder = new TempFolder();
        await AccountBook.SetPasswordOfStoppedAsync(folder.Path, "correct horse");
        await using DaemonState state = await DaemonState.OpenAsync(folder.Path);
        Assert.True(PasswordHash.Matches("correct horse", state.Password!));
        await Assert.ThrowsAsync<IOException>(() => AccountBook.SetPasswordOfStoppedAsync(folder.Path, "another horse"));
    }

    [Fact]
    public async Task A_login_page_of_somebody_else_can_not_log_a_browser_in()
    {
        await using GuardedServer server = await GuardedServer.StartAsync();
        string token = server.Accounts.CreateToken();
        Assert.Equal(403, (await server.PostLoginAsync(new Login { Token = token }, "Origin: http://evil.example\r\n")).Status);
        Assert.Equal(204, (await server.PostLoginAsync(new Login { Token = token }, SameOrigin)).Status);
    }
}
