using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Spate.Api;
using Spate.Daemon.Operations;
using Spate.Daemon.Security;
using Spate.Daemon.State;

namespace Spate.Daemon.Tests.Security;

/// <summary>A real Kestrel on loopback behind the guards, with an endpoint for each scope, and clients that send any bytes.</summary>
internal sealed class GuardedServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly TempFolder folder;
    private readonly List<string> problems;

    private GuardedServer(WebApplication app, TempFolder folder, DaemonState state, AccountBook accounts, FakeTime time, List<string> problems)
    {
        (this.app, this.folder, this.problems, State, Accounts, Time) = (app, folder, problems, state, accounts, time);
        Address = new Uri(app.Urls.First());
    }

    public Uri Address { get; }

    public DaemonState State { get; }

    public AccountBook Accounts { get; }

    public FakeTime Time { get; }

    public string Folder => folder.Path;

    /// <summary>What /healthz finds wrong.</summary>
    public IReadOnlyList<string> Problems
    {
        set
        {
            problems.Clear();
            problems.AddRange(value);
        }
    }

    public static async Task<GuardedServer> StartAsync(SecurityOptions? options = null)
    {
        var folder = new TempFolder();
        DaemonState state = await DaemonState.OpenAsync(folder.Path);
        var time = new FakeTime();
        var accounts = new AccountBook(state, time);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        WebApplication app = builder.Build();
        app.UseSecurity(options ?? new SecurityOptions(), accounts);
        app.MapGet("/read", Who).Needs(Scope.Read);
        app.MapPost("/write", Who).Needs(Scope.Write);
        app.MapPost("/admin", Who).Needs(Scope.Admin);
        var problems = new List<string>();
        app.MapOperations(static () => new SessionMetrics { Version = "1" }, () => problems);
        app.MapGet("/forgotten", Who);
        app.MapGet("/open", Who).OpenToAll();
        app.MapPost("/login", async context =>
        {
            Login login = (await context.Request.ReadFromJsonAsync(ApiJson.Default.Login))!;
            (LoginOutcome outcome, string? secret) = await accounts.LogInAsync(login, AccessGate.AddressOf(context), context.Request.Headers.UserAgent);
            context.Response.StatusCode = outcome switch { LoginOutcome.Accepted => 204, LoginOutcome.Wrong => 401, _ => 429 };
            if (secret is not null) context.SetLoginCookie(secret);
        }).OpenToAll();
        await app.StartAsync();
        return new GuardedServer(app, folder, state, accounts, time, problems);

        static string Who(HttpContext context) => string.Join(',', Caller.Of(context).Scopes.Order()) + " " + AccessGate.AddressOf(context) + " " + context.Request.Scheme;
    }

    /// <summary>Sends a request as it stands and returns the whole answer.</summary>
    public async Task<RawAnswer> SendAsync(string method, string path, string headers = "", string? body = null, string? host = null)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, Address.Port);
        byte[] content = Encoding.UTF8.GetBytes(body ?? "");
        string head = $"{method} {path} HTTP/1.1\r\nHost: {host ?? $"127.0.0.1:{Address.Port}"}\r\nConnection: close\r\n{headers}"
            + (body is null ? method == "POST" ? "Content-Length: 0\r\n" : "" : $"Content-Type: application/json\r\nContent-Length: {content.Length}\r\n") + "\r\n";
        await socket.GetStream().WriteAsync((byte[])[.. Encoding.Latin1.GetBytes(head), .. content]);
        using var reader = new StreamReader(socket.GetStream(), Encoding.UTF8);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return new RawAnswer(await reader.ReadToEndAsync(patience.Token));
    }

    /// <summary>Logs in by a fresh token and returns the Cookie header.</summary>
    public async Task<string> LogInAsync() => (await PostLoginAsync(new Login { Token = Accounts.CreateToken() })).Cookie;

    public Task<RawAnswer> PostLoginAsync(Login login, string headers = "", string? host = null) =>
        SendAsync("POST", "/login", headers, JsonSerializer.Serialize(login, ApiJson.Default.Login), host);

    public async Task<string> KeyAsync(params Scope[] scopes) => $"X-API-Key: {(await Accounts.CreateKeyAsync("test", scopes))!.Value.Secret}\r\n";

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
        await State.DisposeAsync();
        folder.Dispose();
    }
}

/// <summary>An answer as it came.</summary>
internal sealed record RawAnswer(string Text)
{
    public int Status => int.Parse(Text.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture);

    public string Body => Text[(Text.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];

    /// <summary>The Cookie header that a browser would send from now on.</summary>
    public string Cookie => $"Cookie: {Header("Set-Cookie").Split(';')[0]}\r\n";

    public string Header(string name)
    {
        foreach (string line in Text[..Text.IndexOf("\r\n\r\n", StringComparison.Ordinal)].Split("\r\n"))
        {
            if (line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase)) return line[(name.Length + 1)..].Trim();
        }
        return "";
    }
}
