using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Spate.Engine;
using Spate.Engine.Session;
using Spate.Engine.Torrents;
using Spate.Protocol;

namespace Spate.Cli.Tests.Remote;

/// <summary>A daemon that runs by <c>spate serve</c>, a seeder of the torrent "show", and a terminal to drive the daemon from.</summary>
internal sealed class LiveDaemon : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly CancellationTokenSource interrupt = new();
    private TorrentSession seeder = null!;
    private Task<ExitCode> daemon = null!;

    /// <summary>Where commands are run; its folder holds <c>src</c>, <c>show.torrent</c>, <c>downloads</c> and the daemon's <c>state</c>.</summary>
    public TestTerminal Terminal { get; } = new();

    /// <summary>Where the daemon runs.</summary>
    public TestTerminal Serving { get; } = new();

    /// <summary>Who has the torrent.</summary>
    public TorrentSession Seeder => seeder;

    public string SeederAddress => seeder.ListenEndPoints[0].ToString();

    public string RunFile => Terminal["state/daemon.run"];

    public string Address => RunField("Address");

    public string Key => RunField("Key");

    public static async Task<LiveDaemon> StartAsync()
    {
        var live = new LiveDaemon();
        TestTerminal terminal = live.Terminal;
        foreach (TestTerminal one in new[] { terminal, live.Serving })
        {
            one.Set("HOME", terminal.Folder);
            one.Set("SPATE_SERVE_STATE", terminal["state"]);
        }
        terminal.Write("src/show/a.mkv", 700_000);
        terminal.Write("src/show/b.nfo", 40_000, seed: 2);
        terminal.Ok("create", "src/show", "-o", "show.torrent", "-l", "16K", "-q");
        live.seeder = await SpateSession.StartAsync(new SessionOptions { Listen = [new IPEndPoint(IPAddress.Loopback, 0)], LocalDiscovery = false, Dht = false });
        await live.seeder.Add(Metainfo.Parse(File.ReadAllBytes(terminal["show.torrent"])), new TorrentOptions { SaveTo = terminal["src"] }).WhenComplete().WaitAsync(Patience);
        live.Serve();
        await UntilAsync(() => File.Exists(live.RunFile) || live.daemon.IsCompleted, "the daemon runs");
        Assert.True(File.Exists(live.RunFile), $"the daemon did not start: {live.Serving.Err}");
        return live;
    }

    private void Serve()
    {
        Serving.Interrupt = interrupt.Token;
        daemon = Task.Factory.StartNew(
            () => Serving.Run("serve", "--port", "0", "--downloads", Terminal["downloads"], "--peer-listen", "127.0.0.1:0", "--no-dht", "--no-lsd"), TaskCreationOptions.LongRunning);
    }

    /// <summary>Ends the daemon as Ctrl-C does.</summary>
    public async Task StopAsync()
    {
        await interrupt.CancelAsync();
        Assert.Equal(ExitCode.Ok, await daemon.WaitAsync(Patience));
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await seeder.DisposeAsync();
        interrupt.Dispose();
        Terminal.Dispose();
        Serving.Dispose();
    }

    /// <summary>Gives the torrent to the daemon and waits until it has all of it.</summary>
    public void GetShow(params string[] options)
    {
        Terminal.Ok(["add", "show.torrent", "--peer", SeederAddress, .. options]);
        Terminal.Ok("watch", "show", "-e");
    }

    /// <summary>The row of a torrent, as <c>ls --json</c> prints it.</summary>
    public JsonElement Row(string name = "show")
    {
        Terminal.Ok("ls", "--match", name, "--json");
        return Assert.Single(Terminal.Json.GetProperty("torrents").EnumerateArray());
    }

    public string State(string name = "show") => Row(name).GetProperty("state").GetString()!;

    /// <summary>True when a file of the downloads is the one that was shared.</summary>
    public bool IsSame(string file, string? at = null) =>
        File.Exists(Terminal[at ?? "downloads/" + file]) && File.ReadAllBytes(Terminal["src/" + file]).SequenceEqual(File.ReadAllBytes(Terminal[at ?? "downloads/" + file]));

    public static async Task UntilAsync(Func<bool> isSo, string what)
    {
        Stopwatch clock = Stopwatch.StartNew();
        while (!isSo())
        {
            Assert.True(clock.Elapsed < Patience, $"within a minute it did not come to pass that {what}");
            await Task.Delay(30);
        }
    }

    private string RunField(string name) => JsonDocument.Parse(File.ReadAllText(RunFile)).RootElement.GetProperty(name).GetString()!;
}
