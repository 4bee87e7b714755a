using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Spate.Cli.Tests;

public sealed class TrackerCommandTests : IDisposable
{
    private readonly TestTerminal terminal = new();
    private readonly CancellationTokenSource interrupt = new();

    public void Dispose()
    {
        interrupt.Dispose();
        terminal.Dispose();
    }

    // Runs the command until the work is done, which then gets Ctrl-C.
    private async Task RunAsync(Func<Task> work, params string[] arguments)
    {
        terminal.Interrupt = interrupt.Token;
        Task<ExitCode> run = Task.Run(() => terminal.Run(["tracker", "--listen", "127.0.0.1", .. arguments]));
        try { await work(); }
        finally { await interrupt.CancelAsync(); }
        ExitCode code = await run;
        Assert.True(code == ExitCode.Ok, terminal.Err);
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    // Tries until the tracker listens.
    private static async Task<string> GetAsync(string url, string? key = null)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        if (key is not null) http.DefaultRequestHeaders.Add("X-API-Key", key);
        for (int attempt = 0; ; attempt++)
        {
            try { return await http.GetStringAsync(url); }
            catch (HttpRequestException) when (attempt < 500) { await Task.Delay(20); }
        }
    }

    [Fact]
    public async Task It_serves_until_ctrl_c_and_says_where()
    {
        int port = FreePort();
        await RunAsync(async () =>
        {
            string query = "info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=aaaaaaaaaaaaaaaaaaaa&port=5&left=0";
            Assert.Contains("8:intervali", await GetAsync($"http://127.0.0.1:{port}/announce?{query}"));
            Assert.Contains("\"seeders\": 1", await GetAsync($"http://127.0.0.1:{port}/stats.json"));
        }, "--port", $"{port}");
        Assert.Equal($"udp://127.0.0.1:{port}/announce\nhttp://127.0.0.1:{port}/announce\nws://127.0.0.1:{port}/announce\n", terminal.Out);
        Assert.Contains($"http://127.0.0.1:{port}/stats", terminal.Err);
    }

    [Fact]
    public async Task Ports_interval_and_parts_are_options()
    {
        (int http, int udp) = (FreePort(), FreePort());
        await RunAsync(async () =>
        {
            string answer = await GetAsync($"http://127.0.0.1:{http}/announce?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=aaaaaaaaaaaaaaaaaaaa&port=5");
            int seconds = int.Parse(answer.Split("8:intervali")[1].Split('e')[0]);
            Assert.InRange(seconds, 120, 140);
        }, "--http-port", $"{http}", "--udp-port", $"{udp}", "--interval", "2", "--no-websocket", "--json", "-q");
        Assert.Equal([$"udp://127.0.0.1:{udp}/announce", $"http://127.0.0.1:{http}/announce"], terminal.Json.GetProperty("announce_urls").EnumerateArray().Select(u => u.GetString()));
        Assert.Equal($"http://127.0.0.1:{http}/stats", terminal.Json.GetProperty("status_page").GetString());
        Assert.Empty(terminal.Err);
    }

    [Fact]
    public async Task A_private_tracker_is_run_by_its_admin_api()
    {
        (int port, int admin) = (FreePort(), FreePort());
        terminal.Set("SPATE_TRACKER_ADMIN_KEY", "a key of enough characters");
        await RunAsync(async () =>
        {
            Assert.Contains("lacks a passkey", await GetAsync($"http://127.0.0.1:{port}/announce?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=aaaaaaaaaaaaaaaaaaaa&port=5"));
            using JsonDocument users = JsonDocument.Parse(await GetAsync($"http://127.0.0.1:{admin}/api/v1/users", "a key of enough characters"));
            Assert.Equal(0, users.RootElement.GetProperty("total").GetInt32());
        }, "--port", $"{port}", "--private", "--admin", $"127.0.0.1:{admin}", "--state", "state", "--memory", "64M", "--trusted-proxy", "10.0.0.0/8", "--status-for", "10.0.0.0/8", "--tracker-id", "one");
        Assert.True(File.Exists(terminal["state/tracker.state"]));
        Assert.DoesNotContain("a key of enough", terminal.Out + terminal.Err);
    }

    [Theory]
    [InlineData("--listen takes an IP address", "--listen", "nowhere")]
    [InlineData("--port takes a number", "--port", "70000")]
    [InlineData("--memory takes a size", "--memory", "12")]
    [InlineData("--trusted-proxy takes", "--trusted-proxy", "x/8")]
    [InlineData("--status-for takes", "--status-for", "x/8")]
    [InlineData("--admin takes", "--admin", "127.0.0.1")]
    [InlineData("leave nothing to serve", "--no-http", "--no-udp")]
    [InlineData("--private needs --admin", "--private")]
    [InlineData("--admin needs a key", "--admin", "127.0.0.1:1")]
    [InlineData("--tls-port needs --certificate", "--tls-port", "1")]
    [InlineData("--proxy-protocol needs", "--proxy-protocol")]
    public void What_makes_no_sense_is_a_usage_error(string message, params string[] arguments)
    {
        Assert.Equal(ExitCode.Usage, terminal.Run(["tracker", .. arguments]));
        Assert.Contains(message, terminal.Err);
    }

    [Fact]
    public void What_is_missing_or_taken_has_its_exit_code()
    {
        Assert.Equal(ExitCode.NotFound, terminal.Run("tracker", "--allow-list", "nowhere"));
        terminal.Write("secret", Encoding.ASCII.GetBytes("short"));
        Assert.Equal(ExitCode.Usage, terminal.Run("tracker", "--secret-file", "secret"));
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        int port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        Assert.Equal(ExitCode.Network, terminal.Run("tracker", "--listen", "127.0.0.1", "--port", $"{port}"));
        Assert.Contains($"127.0.0.1:{port} is in use", terminal.Err);
    }
}
