using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Spate.Engine;
using Spate.Engine.Session;
using Spate.Engine.Torrents;
using Spate.Protocol;

namespace Spate.Cli.Tests;

/// <summary>get and seed, whole, against a seeder on the loopback.</summary>
public sealed class TransferTests : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(60);

    private readonly TestTerminal terminal = new();
    private TorrentSession? seeder;

    public TransferTests()
    {
        terminal.Set("XDG_STATE_HOME", terminal["state"]);
        terminal.Write("src/show/a.mkv", 700_000);
        terminal.Write("src/show/extras/b.jpg", 50_000, seed: 2);
        terminal.Write("src/show/empty", 0);
        terminal.Ok("create", "src/show", "-o", "show.torrent", "-l", "16K", "--no-date");
        Directory.CreateDirectory(terminal["state"]);
    }

    private Metainfo Show => Metainfo.Parse(File.ReadAllBytes(terminal["show.torrent"]));

    private string SeederAddress => seeder!.ListenEndPoints[0].ToString();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (seeder is not null) await seeder.DisposeAsync();
    }

    public void Dispose() => terminal.Dispose();

    private async Task SeedAsync(long uploadLimit = 0)
    {
        seeder = await SpateSession.StartAsync(new SessionOptions
        {
            Listen = [new IPEndPoint(IPAddress.Loopback, 0)], LocalDiscovery = false, Dht = false, UploadLimit = uploadLimit,
        });
        Torrent torrent = seeder.Add(Show, new TorrentOptions { SaveTo = terminal["src"] });
        await torrent.WhenComplete().WaitAsync(patience);
    }

    private ExitCode Get(params string[] arguments) => terminal.Run(["get", "--listen", "127.0.0.1", "--port", "0", "--no-dht", "--no-lsd", .. arguments]);

    private void AssertSame(string folder, params string[] files)
    {
        string[] there = [.. Directory.EnumerateFiles(terminal[folder], "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(terminal[folder], path)).Order()];
        Assert.Equal(files.Order(), there);
        foreach (string file in files) Assert.Equal(File.ReadAllBytes(terminal["src/" + file]), File.ReadAllBytes(Path.Combine(terminal[folder], file)));
    }

    [Fact]
    public async Task A_torrent_is_downloaded_and_the_program_ends()
    {
        await SeedAsync();
        ExitCode code = Get("show.torrent", "-o", "dl", "--peer", SeederAddress);
        Assert.Equal((ExitCode.Ok, ""), (code, terminal.Err));
        Assert.Matches(@"^complete: dl/show \(732\.4 KiB in [0-9.]+ s, .*/s\)\n$", terminal.Out);
        AssertSame("dl", "show/a.mkv", "show/extras/b.jpg", "show/empty");

        Assert.Equal(ExitCode.Ok, Get("show.torrent", "-o", "dl"));
        Assert.Equal("complete: dl/show (732.4 KiB, all of it was there already)\n", terminal.Out);
    }

    [Fact]
    public async Task It_comes_from_standard_input_and_by_URL_too()
    {
        await SeedAsync();
        byte[] torrent = File.ReadAllBytes(terminal["show.torrent"]);
        terminal.Input = torrent;
        Assert.Equal(ExitCode.Ok, Get("-", "-o", "one", "--peer", SeederAddress));
        terminal.Http.Pages["http://host/x"] = (200, torrent);
        Assert.Equal(ExitCode.Ok, Get("http://host/x", "-o", "two", "--peer", SeederAddress));
        AssertSame("two", "show/a.mkv", "show/extras/b.jpg", "show/empty");
        Assert.Equal(ExitCode.NotFound, Get("nothing.torrent"));
        terminal.Http.Pages["http://host/gone"] = (404, []);
        Assert.Equal(ExitCode.NotFound, Get("http://host/gone"));
        Assert.Equal(ExitCode.Network, Get("http://elsewhere/"));
        Assert.Equal(ExitCode.Error, Get("src/show/a.mkv"));
    }

    [Fact]
    public async Task A_magnet_link_is_downloaded_or_only_looked_up()
    {
        await SeedAsync();
        string link = MagnetLink.Of(Show).ToString();
        Assert.Equal(ExitCode.Ok, Get(link, "-o", "dl", "--peer", SeederAddress));
        AssertSame("dl", "show/a.mkv", "show/extras/b.jpg", "show/empty");
        Directory.CreateDirectory(terminal["torrents"]);
        Assert.Equal(ExitCode.Ok, Get(link, "-o", "torrents", "--peer", SeederAddress, "--metadata-only"));
        Assert.Equal(Show.InfoHash, Metainfo.Parse(File.ReadAllBytes(terminal["torrents/show.torrent"])).InfoHash);
        Assert.Equal(ExitCode.Usage, Get("magnet:?xt=nonsense"));
        Assert.Equal(ExitCode.Usage, Get("show.torrent", "--metadata-only"));
        Assert.Equal(ExitCode.Network, Get(new string('0', 40), "--stall-timeout", "1s"));
        Assert.Contains("nothing arrived for 1 s: no peers found yet", terminal.Out);
    }

    [Fact]
    public async Task The_files_of_a_link_are_shown_as_soon_as_they_are_known()
    {
        await SeedAsync();
        string link = MagnetLink.Of(Show).ToString();
        string files = """
            0   683.6 KiB  show/a.mkv
            1     0 bytes  show/empty
            2    48.8 KiB  show/extras/b.jpg

            """;
        Assert.Equal(ExitCode.Ok, Get(link, link, "-o", "dl", "--peer", SeederAddress));
        Assert.Contains("show: 3 files, 732.4 KiB\n" + files, terminal.Err);
        Assert.Contains("is named twice", terminal.Err);
        // To look first, and pick then: by a bare info-hash as well.
        Assert.Equal(ExitCode.Ok, Get(Show.InfoHash.ToString(), "--list", "-o", "none", "--peer", SeederAddress));
        Assert.Equal(files, terminal.Out);
        Assert.False(Path.Exists(terminal["none"]));
        Assert.Equal(ExitCode.Ok, Get(link, "-f", "2", "-o", "picked", "--peer", SeederAddress));
        Assert.Equal(File.ReadAllBytes(terminal["src/show/extras/b.jpg"]), File.ReadAllBytes(terminal["picked/show/extras/b.jpg"]));
        Assert.Equal(ExitCode.Network, Get(new string('0', 40), "--list", "--json", "--stall-timeout", "1s"));
        Assert.DoesNotContain("schema", terminal.Out);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("*.MKV")]
    [InlineData("!extras/*", "!empty")]
    [InlineData("show/a.*")]
    public async Task Files_are_picked_by_number_and_pattern(params string[] files)
    {
        await SeedAsync();
        string[] options = [.. files.SelectMany(file => new[] { "-f", file })];
        Assert.Equal(ExitCode.Ok, Get(["show.torrent", "-o", "dl", "--peer", SeederAddress, "--json", .. options]));
        // The piece at the border holds some of the next file as well.
        Assert.Equal(File.ReadAllBytes(terminal["src/show/a.mkv"]), File.ReadAllBytes(terminal["dl/show/a.mkv"]));
        Assert.InRange(terminal.Json.GetProperty("torrents")[0].GetProperty("done_bytes").GetInt64(), 700_000, 700_000 + 16384);
    }

    [Fact]
    public async Task A_link_names_peers_and_picks_files()
    {
        await SeedAsync();
        string link = $"magnet:?xt=urn:btih:{Show.InfoHash}&x.pe={SeederAddress}&so=0";
        Assert.Equal(ExitCode.Ok, Get(link, "-o", "dl", "--json"));
        Assert.Equal(File.ReadAllBytes(terminal["src/show/a.mkv"]), File.ReadAllBytes(terminal["dl/show/a.mkv"]));
        Assert.InRange(terminal.Json.GetProperty("torrents")[0].GetProperty("done_bytes").GetInt64(), 700_000, 700_000 + 16384);

        Assert.Equal(ExitCode.Ok, Get(link, "-f", "2", "-o", "other", "--json")); // what the user says counts
        Assert.Equal(File.ReadAllBytes(terminal["src/show/extras/b.jpg"]), File.ReadAllBytes(terminal["other/show/extras/b.jpg"]));
        Assert.InRange(terminal.Json.GetProperty("torrents")[0].GetProperty("done_bytes").GetInt64(), 50_000, 50_000 + 16384);
    }

    [Fact]
    public async Task Several_links_come_at_once()
    {
        await SeedAsync();
        terminal.Write("src/single", 300_000, seed: 3);
        terminal.Ok("create", "src/single", "-q");
        Metainfo single = Metainfo.Parse(File.ReadAllBytes(terminal["single.torrent"]));
        seeder!.Add(single, new TorrentOptions { SaveTo = terminal["src"] });
        Assert.Equal(ExitCode.Ok, Get(Show.InfoHash.ToString(), $"magnet:?xt=urn:btih:{single.InfoHash}", "-o", "dl", "--peer", SeederAddress));
        AssertSame("dl", "show/a.mkv", "show/extras/b.jpg", "show/empty", "single");
    }

    [Fact]
    public void Files_are_listed_and_wrong_picks_refused()
    {
        Assert.Equal(ExitCode.Ok, Get("show.torrent", "--list", "-f", "*.jpg"));
        Assert.Contains("2    48.8 KiB  show/extras/b.jpg\n", terminal.Out);
        Assert.Contains("a.mkv  (not wanted)", terminal.Out);
        Assert.Equal(ExitCode.NotFound, Get("show.torrent", "-f", "*.iso"));
        Assert.Contains("no file that '*.iso' means", terminal.Err);
        Assert.Equal(ExitCode.NotFound, Get("show.torrent", "-f", "7"));
        Assert.Equal(ExitCode.NotFound, Get("show.torrent", "-f", "!*"));
        terminal.Ok("create", "src/show/a.mkv", "-q");
        Assert.Equal(ExitCode.Usage, Get("show.torrent", "a.mkv.torrent", "-f", "0"));
    }

    [Fact]
    public async Task Several_torrents_come_at_once_and_the_result_is_one_object()
    {
        await SeedAsync();
        terminal.Write("src/single", 300_000, seed: 3);
        terminal.Ok("create", "src/single", "-q");
        seeder!.Add(Metainfo.Parse(File.ReadAllBytes(terminal["single.torrent"])), new TorrentOptions { SaveTo = terminal["src"] });

        Assert.Equal(ExitCode.Ok, Get("show.torrent", "single.torrent", "show.torrent", "-o", "dl", "--peer", SeederAddress, "--json", "--sequential", "--preallocate"));
        JsonElement result = terminal.Json;
        Assert.Equal("spate.get/1", result.GetProperty("schema").GetString());
        Assert.True(result.GetProperty("complete").GetBoolean());
        Assert.Equal(["show", "single"], result.GetProperty("torrents").EnumerateArray().Select(t => t.GetProperty("name").GetString()!));
        Assert.Contains("is named twice", terminal.Err);
        AssertSame("dl", "show/a.mkv", "show/extras/b.jpg", "show/empty", "single");
    }

    [Fact]
    public async Task Events_are_lines_of_JSON()
    {
        await SeedAsync(uploadLimit: 400_000);
        Assert.Equal(ExitCode.Ok, Get("show.torrent", "-o", "dl", "--peer", SeederAddress, "--jsonl"));
        JsonElement[] lines = [.. terminal.Out.TrimEnd().Split('\n').Select(line => JsonDocument.Parse(line).RootElement)];
        string[] events = [.. lines.Select(line => line.GetProperty("event").GetString()!)];
        Assert.Equal(("added", "end"), (events[0], events[^1]));
        Assert.Contains("peer_connected", events);
        Assert.Contains("finished", events);
        Assert.Contains("progress", events);
        Assert.True(lines[^1].GetProperty("result").GetProperty("complete").GetBoolean());
    }

    [Fact]
    public async Task Ctrl_C_keeps_what_is_there_and_the_same_command_goes_on()
    {
        await SeedAsync(uploadLimit: 100_000);
        using var interrupt = new CancellationTokenSource();
        terminal.Interrupt = interrupt.Token;
        Task<ExitCode> getting = Task.Factory.StartNew(() => Get("show.torrent", "-o", "dl", "--peer", SeederAddress), TaskCreationOptions.LongRunning);
        while (seeder!.Find(Show.InfoHash)!.Status.Uploaded < 100_000 && !getting.IsCompleted) await Task.Delay(20);
        await interrupt.CancelAsync();
        Assert.Equal(ExitCode.Incomplete, await getting.WaitAsync(patience));
        Assert.Matches(@"incomplete: dl/show \([0-9]+ % of 732\.4 KiB\): stopped", terminal.Out);
        Assert.Contains("stopping; Ctrl-C again quits at once", terminal.Err);
        Assert.Contains("goes on where this one ended", terminal.Err);

        seeder.UploadLimit = 0;
        terminal.Interrupt = default;
        Assert.Equal(ExitCode.Ok, Get("show.torrent", "-o", "dl", "--peer", SeederAddress));
        Assert.Contains("complete: dl/show (the last ", terminal.Out);
        AssertSame("dl", "show/a.mkv", "show/extras/b.jpg", "show/empty");
    }

    [Fact]
    public void It_says_why_nothing_happens()
    {
        Assert.Equal(ExitCode.Network, Get("show.torrent", "-o", "dl", "--stall-timeout", "1s"));
        Assert.Contains("no peers yet: the torrent has no trackers; name a peer with --peer", terminal.Out);

        int closed = FreePort();
        terminal.Ok("edit", "show.torrent", "-t", $"http://127.0.0.1:{closed}/announce", "-o", "tracked.torrent");
        Assert.Equal(ExitCode.Network, Get("tracked.torrent", "-o", "dl", "--stall-timeout", "3s"));
        Assert.Contains($"no peers yet: 127.0.0.1:{closed} refused the connection", terminal.Out);

        Assert.Equal(ExitCode.Network, Get("show.torrent", "-o", "dl", "--stall-timeout", "3s", "--peer", $"127.0.0.1:{closed}"));
        Assert.Contains("the only one that is known can't be reached (nobody answered at that address), it is tried again", terminal.Out);
    }

    [Fact]
    public void A_disk_that_refuses_has_its_exit_code()
    {
        terminal.Write("taken", 1);
        Assert.Equal(ExitCode.Disk, Get("show.torrent", "-o", "taken"));
        Assert.Contains("taken", terminal.Err);
    }

    [Fact]
    public void A_port_that_is_taken_is_a_network_error()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        int port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        Assert.Equal(ExitCode.Network, terminal.Run("get", "show.torrent", "--listen", "127.0.0.1", "--port", port.ToString()));
        Assert.Contains($"Can't listen on 127.0.0.1:{port}", terminal.Err);
    }

    [Theory]
    [InlineData("--down takes bytes a second", "--down", "5x")]
    [InlineData("--seed-time takes a time", "--seed-time", "long")]
    [InlineData("--seed-ratio takes a number", "--seed-ratio", "many")]
    [InlineData("--listen takes an IP address", "--listen", "host")]
    [InlineData("--port takes a number", "--port", "70000")]
    [InlineData("'host' is no HOST:PORT", "--peer", "host")]
    [InlineData("selects nothing", "-f", "!")]
    public void Nonsense_is_a_usage_error(string message, params string[] options)
    {
        Assert.Equal(ExitCode.Usage, terminal.Run(["get", "show.torrent", .. options]));
        Assert.Contains(message, terminal.Err);
    }

    [Fact]
    public async Task Progress_is_drawn_on_a_terminal()
    {
        await SeedAsync(uploadLimit: 150_000);
        terminal.IsTerminal = true;
        Assert.Equal(ExitCode.Ok, Get("show.torrent", "-o", "dl", "--peer", SeederAddress));
        Assert.Matches(@"show +\[[█▏▎▍▌▋▊▉ ]+\] [0-9]+ %  [0-9.]+ KiB/s  [0-9]+ s left  1 peer  [0-9]+/46 pieces", terminal.Err);
        Assert.Contains("\u001b[32mcomplete\u001b[0m", terminal.Out);
        terminal.Set("NO_COLOR", "1");
        Assert.Equal(ExitCode.Ok, Get("show.torrent", "-o", "dl"));
        Assert.StartsWith("complete: ", terminal.Out);
    }

    [Fact]
    public async Task Content_is_shared_and_comes_from_there()
    {
        int port = FreePort();
        using var interrupt = new CancellationTokenSource();
        var sharing = new TestTerminal { Interrupt = interrupt.Token };
        try
        {
            sharing.Set("XDG_STATE_HOME", sharing["state"]);
            Task<ExitCode> seeding = Task.Factory.StartNew(
                () => sharing.Run("seed", terminal["src/show"], "--state", sharing["state"], "--listen", "127.0.0.1", "--port", port.ToString()), TaskCreationOptions.LongRunning);
            Stopwatch clock = Stopwatch.StartNew();
            while (!File.Exists(terminal["src/show.torrent"]) && clock.Elapsed < patience) await Task.Delay(20);

            Assert.Equal(ExitCode.Ok, Get(terminal["src/show.torrent"], "-o", "dl", "--peer", $"127.0.0.1:{port}"));
            AssertSame("dl", "show/a.mkv", "show/extras/b.jpg", "show/empty");

            await interrupt.CancelAsync();
            Assert.Equal(ExitCode.Ok, await seeding.WaitAsync(patience));
            Assert.StartsWith($"magnet:?xt=urn:btih:{Show.InfoHash}", sharing.Out);
            Assert.Matches(@"sent 7[0-9]{2}\.[0-9] KiB of show \(ratio 1\.[0-9]{2}\)", sharing.Out);
            Assert.Contains($"others get it with: spate get FILE.torrent --peer 127.0.0.1:{port}", sharing.Err);
        }
        finally { sharing.Dispose(); }
    }

    [Fact]
    public void Only_complete_content_is_seeded_and_none_is_written_to()
    {
        byte[] damaged = File.ReadAllBytes(terminal["src/show/a.mkv"]);
        damaged[100] ^= 1;
        terminal.Write("src/show/a.mkv", damaged);
        Assert.Equal(ExitCode.VerifyFailed, terminal.Run("seed", "show.torrent", "--data", "src", "--listen", "127.0.0.1", "--port", "0"));
        Assert.Contains("1 piece of 46 missing or wrong", terminal.Out);
        Assert.Equal(damaged, File.ReadAllBytes(terminal["src/show/a.mkv"]));
        Assert.Equal(ExitCode.NotFound, terminal.Run("seed", "show.torrent", "--data", "none"));
        Assert.Equal(ExitCode.NotFound, terminal.Run("seed", "none"));
    }

    [Fact]
    public void Seeding_ends_with_its_goal()
    {
        Assert.Equal(ExitCode.Ok, terminal.Run("seed", "show.torrent", "--data", "src", "--listen", "127.0.0.1", "--port", "0", "--seed-time", "1s"));
        Assert.Contains("sent 0 bytes of show", terminal.Out);
        // The torrent's own folder will do as well.
        Assert.Equal(ExitCode.Ok, terminal.Run("seed", "show.torrent", "--data", "src/show", "--listen", "127.0.0.1", "--port", "0", "--seed-ratio", "0", "--json"));
        Assert.True(terminal.Json.GetProperty("complete").GetBoolean());
    }

    [Fact]
    public void The_demo_trades_pieces_and_verifies_them()
    {
        terminal.Ok("demo", "--size", "4M", "--json");
        JsonElement result = terminal.Json;
        Assert.True(result.GetProperty("verified").GetBoolean());
        Assert.Equal(4 << 20, result.GetProperty("total_length").GetInt64());
        long fromSeeder = result.GetProperty("from_seeder").GetInt64(), amongPeers = result.GetProperty("peer_to_peer").GetInt64();
        Assert.InRange(fromSeeder, 4 << 20, 12 << 20);
        Assert.InRange(fromSeeder + amongPeers, 12 << 20, 14 << 20);
        Assert.InRange(amongPeers, 1, 12 << 20);
        Assert.Equal(4, result.GetProperty("members").GetArrayLength());

        terminal.Ok("demo", "--size", "1M", "--keep", "kept");
        Assert.Contains("Every byte is right", terminal.Out);
        Assert.True(File.Exists(terminal["kept/downloader 3/demo/large.bin"]));
        Assert.Equal(ExitCode.Usage, terminal.Run("demo", "--size", "1K"));
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
