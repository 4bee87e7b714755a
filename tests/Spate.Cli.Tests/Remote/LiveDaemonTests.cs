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
    public async Task Torrents_are_added_watched_and_looked_at()
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
        Stopwatch clock = Stopwatch.StartNew();
        while (!IsSame("show/b.nfo") && clock.Elapsed < patience) await Task.Delay(50);
        Assert.True(IsSame("show/b.nfo"), "the other file did not come");
        terminal.Ok("peers", "show", "--json");
        Assert.Equal("show", terminal.Json.GetProperty("name").GetString());
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

    private bool IsSame(string file) =>
        File.Exists(terminal["downloads/" + file]) && File.ReadAllBytes(terminal["src/" + file]).SequenceEqual(File.ReadAllBytes(terminal["downloads/" + file]));
}
