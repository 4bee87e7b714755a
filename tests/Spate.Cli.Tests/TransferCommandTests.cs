using System.Net;
using Spate.Engine;
using Spate.Engine.Session;
using Spate.Engine.Torrents;
using Spate.Protocol;

namespace Spate.Cli.Tests;

/// <summary>get, seed and demo, as whole commands over the loopback.</summary>
public sealed class TransferCommandTests : IDisposable
{
    private static readonly string[] quiet = ["--listen", "127.0.0.1", "--port", "0", "--no-dht", "--no-lsd"];

    private readonly TestTerminal terminal = new();

    public TransferCommandTests()
    {
        terminal.Set("XDG_STATE_HOME", terminal["state"]);
        terminal.Write("top/a.iso", 700_000, 1);
        terminal.Write("top/b.txt", 50_000, 2);
        terminal.Ok("create", "top", "-l", "32K");
    }

    public void Dispose() => terminal.Dispose();

    [Fact]
    public async Task Get_downloads_and_ends_with_0()
    {
        await using TorrentSession seeder = await SeedAsync();
        Assert.Equal(ExitCode.Ok, Get("-o", "out", "--peer", seeder.ListenEndPoints[0].ToString(), "--json"));
        Assert.True(terminal.Json.GetProperty("complete").GetBoolean());
        Assert.Equal("seeding", terminal.Json.GetProperty("torrents")[0].GetProperty("state").GetString());
        Assert.Equal(File.ReadAllBytes(terminal["top/a.iso"]), File.ReadAllBytes(terminal["out/top/a.iso"]));
        Assert.Equal(File.ReadAllBytes(terminal["top/b.txt"]), File.ReadAllBytes(terminal["out/top/b.txt"]));
        // Again: all is there, and nothing is transferred.
        Assert.Equal(ExitCode.Ok, Get("-o", "out", "--json"));
        Assert.Equal(700_000 + 50_000, terminal.Json.GetProperty("torrents")[0].GetProperty("done_bytes").GetInt64());
    }

    [Theory]
    [InlineData("*.txt")]
    [InlineData("2")]
    public async Task Files_are_picked_by_pattern_or_number(string files)
    {
        await using TorrentSession seeder = await SeedAsync();
        Assert.Equal(ExitCode.Ok, Get("-o", "out", "--peer", seeder.ListenEndPoints[0].ToString(), "-f", files, "--jsonl"));
        Assert.Equal(File.ReadAllBytes(terminal["top/b.txt"]), File.ReadAllBytes(terminal["out/top/b.txt"]));
        Assert.All(terminal.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.StartsWith("{\"event\":", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_magnet_link_is_enough()
    {
        await using TorrentSession seeder = await SeedAsync();
        string link = MagnetLink.Of(Torrent()).ToString();
        Assert.Equal(ExitCode.Ok, terminal.Run(["get", link, "-o", "out", "--peer", seeder.ListenEndPoints[0].ToString(), .. quiet]));
        Assert.Equal(File.ReadAllBytes(terminal["top/a.iso"]), File.ReadAllBytes(terminal["out/top/a.iso"]));
        Assert.Equal(ExitCode.Ok, terminal.Run(["get", link, "-o", "meta", "--metadata-only", "--peer", seeder.ListenEndPoints[0].ToString(), .. quiet]));
        Assert.Equal(Torrent().InfoHash, Metainfo.Parse(File.ReadAllBytes(terminal["meta/top.torrent"])).InfoHash);
    }

    [Fact]
    public async Task A_magnet_link_and_one_node_of_the_DHT_are_enough()
    {
        // The seeder knows nobody: the two of them are the whole DHT.
        await using TorrentSession seeder = await SeedAsync(new SessionOptions { Listen = [new IPEndPoint(IPAddress.Loopback, 0)], DhtNodes = [] });
        string link = $"magnet:?xt=urn:btih:{Torrent().InfoHash}";
        string[] ways = ["--listen", "127.0.0.1", "--port", "0", "--no-lsd", "--dht-node", seeder.ListenEndPoints[0].ToString()];
        Assert.Equal(ExitCode.Ok, terminal.Run(["get", link, "-o", "out", "--stall-timeout", "60", .. ways]));
        Assert.Equal(File.ReadAllBytes(terminal["top/a.iso"]), File.ReadAllBytes(terminal["out/top/a.iso"]));
    }

    [Fact]
    public void Nothing_matching_is_3_and_a_stall_is_4()
    {
        Assert.Equal(ExitCode.NotFound, Get("-f", "*.zip"));
        Assert.Contains("--files names no file", terminal.Err, StringComparison.Ordinal);
        Assert.Equal(ExitCode.NotFound, terminal.Run("get", "missing.torrent"));
        Assert.Equal(ExitCode.Network, Get("-o", "out", "--stall-timeout", "1"));
        Assert.Contains("nothing arrived", terminal.Err, StringComparison.Ordinal);
    }

    [Fact]
    public void Ctrl_C_stops_in_order_with_7()
    {
        using var interrupt = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        terminal.Interrupt = interrupt.Token;
        Assert.Equal(ExitCode.Incomplete, Get("-o", "out"));
        Assert.Contains("stopping", terminal.Err, StringComparison.Ordinal);
        Assert.Contains("the rest is fetched when the same command is run again", terminal.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Seed_prints_the_link_and_ends_with_ctrl_C()
    {
        using var interrupt = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        terminal.Interrupt = interrupt.Token;
        Assert.Equal(ExitCode.Ok, terminal.Run(["seed", "top", .. quiet]));
        Assert.StartsWith("magnet:?xt=urn:btih:" + Torrent().InfoHash, terminal.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Demo_verifies_what_it_shows()
    {
        Assert.Equal(ExitCode.Ok, terminal.Run("demo", "--size", "8M", "--json"));
        Assert.True(terminal.Json.GetProperty("verified").GetBoolean());
        Assert.InRange(terminal.Json.GetProperty("from_seeder").GetInt64(), 8 << 20, 3L * (8 << 20));
        Assert.True(terminal.Json.GetProperty("peer_to_peer").GetInt64() > 0);
    }

    private ExitCode Get(params string[] options) => terminal.Run(["get", "top.torrent", .. quiet, .. options]);

    private Metainfo Torrent() => Metainfo.Parse(File.ReadAllBytes(terminal["top.torrent"]));

    private async Task<TorrentSession> SeedAsync(SessionOptions? options = null)
    {
        TorrentSession session = await SpateSession.StartAsync(options ?? new SessionOptions { Listen = [new IPEndPoint(IPAddress.Loopback, 0)] });
        await session.Add(Torrent(), new TorrentOptions { SaveTo = terminal.Folder }).WhenComplete();
        return session;
    }
}
