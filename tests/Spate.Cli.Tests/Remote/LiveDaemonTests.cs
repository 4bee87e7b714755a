using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Spate.Engine;
using Spate.Engine.Session;
using Spate.Engine.Torrents;
using Spate.Protocol;

namespace Spate.Cli.Tests.Remote;

/// <summary>The remote commands with a daemon that runs by <c>spate serve</c>, and a seeder.</summary>
public sealed class LiveDaemonTests : IAsyncLifetime
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(60);

    private readonly TestTerminal terminal = new();
    private readonly TestTerminal serving = new();
    private readonly CancellationTokenSource interrupt = new();
    private TorrentSession? seeder;
    private Task<ExitCode>? daemon;

    private string RunFile => terminal["state/daemon.run"];

    public async Task InitializeAsync()
    {
        foreach (TestTerminal one in new[] { terminal, serving })
        {
            one.Set("HOME", terminal.Folder);
            one.Set("SPATE_SERVE_STATE", terminal["state"]);
        }
        terminal.Write("src/show/a.mkv", 700_000);
        terminal.Write("src/show/b.nfo", 40_000, seed: 2);
        terminal.Ok("create", "src/show", "-o", "show.torrent", "-l", "16K", "-q");
        seeder = await SpateSession.StartAsync(new SessionOptions { Listen = [new IPEndPoint(IPAddress.Loopback, 0)], LocalDiscovery = false, Dht = false });
        await seeder.Add(Metainfo.Parse(File.ReadAllBytes(terminal["show.torrent"])), new TorrentOptions { SaveTo = terminal["src"] }).WhenComplete().WaitAsync(patience);
        await StartAsync();
    }

    public async Task DisposeAsync()
    {
        await StopAsync();
        if (seeder is not null) await seeder.DisposeAsync();
        interrupt.Dispose();
        terminal.Dispose();
        serving.Dispose();
    }

    private async Task StartAsync()
    {
        serving.Interrupt = interrupt.Token;
        daemon = Task.Factory.StartNew(
            () => serving.Run("serve", "--port", "0", "--downloads", terminal["downloads"], "--peer-listen", "127.0.0.1:0", "--no-dht", "--no-lsd"),
            TaskCreationOptions.LongRunning);
        Stopwatch clock = Stopwatch.StartNew();
        while (!File.Exists(RunFile) && clock.Elapsed < patience && !daemon.IsCompleted) await Task.Delay(20);
        Assert.True(File.Exists(RunFile), $"the daemon did not start: {serving.Err}");
    }

    private async Task StopAsync()
    {
        await interrupt.CancelAsync();
        Assert.Equal(ExitCode.Ok, await daemon!.WaitAsync(patience));
    }

    [Fact]
    public async Task A_torrent_lives_its_life_by_commands_alone()
    {
        terminal.Ok("add", "show.torrent", "-f", "*.mkv", "--category", "films", "--tag", "new", "--peer", seeder!.ListenEndPoints[0].ToString());
        Assert.Matches("^added  [0-9a-f]{8}  show\n$", terminal.Out);
        terminal.Ok("add", "show.torrent");
        Assert.StartsWith("is there already", terminal.Out);

        terminal.Ok("watch", "show", "-e");
        Assert.Contains("complete: show (", terminal.Out);
        Assert.Equal(File.ReadAllBytes(terminal["src/show/a.mkv"]), File.ReadAllBytes(terminal["downloads/show/a.mkv"]));

        terminal.Ok("ls", "--category", "films", "--json");
        JsonElement row = Assert.Single(terminal.Json.GetProperty("torrents").EnumerateArray());
        Assert.Equal(("show", true), (row.GetProperty("name").GetString(), row.GetProperty("is_finished").GetBoolean()));
        terminal.Ok("ls", "--tag", "old", "--json");
        Assert.Equal(0, terminal.Json.GetProperty("total").GetInt32());
        terminal.Ok("info", "sho", "--log");
        Assert.Contains($"folder     {terminal["downloads"]}", terminal.Out);
        terminal.Ok("files", "show");
        Assert.Matches("1 +39\\.1 KiB .* no +show/b\\.nfo", terminal.Out);
        terminal.Ok("files", "show", "-f", "*.nfo", "-p", "normal");
        terminal.Ok("watch", "-e", "--match", "show");
        Assert.Equal(File.ReadAllBytes(terminal["src/show/b.nfo"]), File.ReadAllBytes(terminal["downloads/show/b.nfo"]));
        terminal.Ok("peers", "show", "--json");
        Assert.Equal("show", terminal.Json.GetProperty("name").GetString());
        terminal.Ok("trackers", "show", "--set", "http://127.0.0.1:1/announce", "--json");
        Assert.Equal("http://127.0.0.1:1/announce", terminal.Json.GetProperty("trackers")[0].GetProperty("url").GetString());

        terminal.Ok("limit", "show", "--up", "100K", "--seed-ratio", "2");
        terminal.Ok("info", "show", "--json");
        Assert.Equal(100 << 10, terminal.Json.GetProperty("torrent").GetProperty("row").GetProperty("upload_limit").GetInt64());
        terminal.Ok("limit", "--down", "5M", "--json");
        Assert.Equal(5 << 20, terminal.Json.GetProperty("download_limit").GetInt64());

        terminal.Ok("stop", "--all");
        await UntilAsync("paused");
        terminal.Ok("mv", "show", "downloads/elsewhere");
        await UntilAsync("paused", () => File.Exists(terminal["downloads/elsewhere/show/a.mkv"]));
        terminal.Ok("recheck", "show");
        await UntilAsync("paused");
        terminal.Ok("start", "show");
        await UntilAsync("seeding");

        terminal.Ok("rm", "--all", "--data", "--dry-run");
        Assert.True(File.Exists(terminal["downloads/elsewhere/show/a.mkv"]));
        terminal.Ok("rm", "show", "--data");
        Assert.False(File.Exists(terminal["downloads/elsewhere/show/a.mkv"]));
        Assert.Equal(ExitCode.NotFound, terminal.Run("info", "show"));
        // Not below a root.
        Assert.NotEqual(ExitCode.Ok, terminal.Run("add", "show.torrent", "-o", "/etc"));
        Assert.StartsWith("spate: ", terminal.Err);
    }

    [Fact]
    public async Task Only_its_user_gets_in_without_a_key_and_it_takes_its_run_file_along()
    {
        string address = JsonDocument.Parse(File.ReadAllText(RunFile)).RootElement.GetProperty("Address").GetString()!;
        Assert.Equal(ExitCode.Auth, terminal.Run("ls", "--server", address));
        Assert.Equal(ExitCode.Auth, terminal.Run("ls", "--server", address, "--api-key", "guess"));
        string key = JsonDocument.Parse(File.ReadAllText(RunFile)).RootElement.GetProperty("Key").GetString()!;
        terminal.Set("SPATE_API_KEY", key);
        terminal.Ok("ls", "--server", address);
        // A second one finds the state taken.
        Assert.Equal(ExitCode.Disk, terminal.Run("serve", "--port", "0", "--downloads", "downloads"));
        await StopAsync();
        Assert.False(File.Exists(RunFile));
        Assert.Matches(@"^Spate serves at http://127\.0\.0\.1:[0-9]+/\nlog in, once: http://127\.0\.0\.1:[0-9]+/#/login\?token=\S+\n$", serving.Out);
        Assert.Contains("stopping; Ctrl-C again quits at once", serving.Err);
        Assert.Equal(ExitCode.RemoteUnreachable, terminal.Run("ls", "--server", address));
        Assert.Equal(ExitCode.RemoteUnreachable, terminal.Run("ls"));

        terminal.Input = "correct horse\n"u8.ToArray();
        terminal.Ok("serve", "--set-password");
        terminal.Input = "short\n"u8.ToArray();
        Assert.Equal(ExitCode.Usage, terminal.Run("serve", "--set-password"));
    }

    private async Task UntilAsync(string state, Func<bool>? also = null)
    {
        Stopwatch clock = Stopwatch.StartNew();
        while (true)
        {
            terminal.Ok("ls", "--json");
            JsonElement row = terminal.Json.GetProperty("torrents")[0];
            if (row.GetProperty("state").GetString() == state && (also?.Invoke() ?? true)) return;
            Assert.True(clock.Elapsed < patience, $"it is not {state}: {row}");
            await Task.Delay(50);
        }
    }
}
