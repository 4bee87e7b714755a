using System.Net;
using System.Text;
using System.Text.Json;
using Spate.Engine;
using Spate.Engine.Dht;
using Spate.Engine.Session;
using Spate.Engine.Torrents;
using Spate.Protocol;

namespace Spate.Cli.Tests;

/// <summary>spate dht, as whole commands, with two nodes on the loopback that are all there is.</summary>
public sealed class DhtCommandTests : IAsyncLifetime
{
    private const string Hash = "0102030405060708090a0b0c0d0e0f1011121314";

    private readonly TestTerminal terminal = new();
    private readonly DhtClient first, second;
    private readonly List<Exception> faults = [];

    public DhtCommandTests()
    {
        first = Node();
        second = null!;
        for (int i = 0; i < 600 && first.Port4 == 0; i++) Thread.Sleep(100);
        second = Node(first.Port4);
    }

    public async Task InitializeAsync() => await second.WhenReadyAsync(new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token);

    public Task DisposeAsync()
    {
        first.Dispose();
        second.Dispose();
        terminal.Dispose();
        Assert.Empty(faults);
        return Task.CompletedTask;
    }

    [Fact]
    public void Ping_says_who_is_there()
    {
        Assert.Equal(ExitCode.Ok, terminal.Run("dht", "ping", $"127.0.0.1:{first.Port4}", "--listen", "127.0.0.1"));
        Assert.Matches(@"^127\.0\.0\.1:\d+ [0-9a-f]{40} [0-9.]+ ms SP0001\r?\n$", terminal.Out);
        Assert.Equal(ExitCode.Ok, terminal.Run("dht", "ping", $"127.0.0.1:{first.Port4}", "--json"));
        Assert.Equal("spate.dht-ping/1", terminal.Json.GetProperty("schema").GetString());
        Assert.Equal(40, terminal.Json.GetProperty("nodes")[0].GetProperty("id").GetString()!.Length);
    }

    [Fact]
    public void Ping_of_nobody_ends_with_4()
    {
        Assert.Equal(ExitCode.Network, terminal.Run("dht", "ping", "127.0.0.1:9", "--timeout", "1"));
        Assert.Contains("127.0.0.1:9 does not answer", terminal.Err, StringComparison.Ordinal);
    }

    [Fact]
    public void Peers_are_announced_found_counted_and_sampled()
    {
        Assert.Equal(ExitCode.NotFound, Run("get-peers", Hash));
        Assert.Contains("no node knows a peer", terminal.Err, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Ok, Run("get-peers", Hash, "--announce", "7000"));
        Assert.Equal(ExitCode.Ok, Run("get-peers", $"magnet:?xt=urn:btih:{Hash}"));
        Assert.Contains("127.0.0.1:7000", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Ok, Run("get-peers", Hash, "--scrape", "--json"));
        Assert.Contains("127.0.0.1:7000", terminal.Json.GetProperty("peers").EnumerateArray().Select(p => p.GetString()));
        Assert.InRange(terminal.Json.GetProperty("others").GetDouble(), 0.5, 2.5);
        Assert.Equal(ExitCode.Ok, Run("sample"));
        Assert.Contains(Hash, terminal.Out, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Ok, Run("sample", Hash, "--json"));
        Assert.Equal([Hash], terminal.Json.GetProperty("torrents").EnumerateArray().Select(t => t.GetString()!));
    }

    [Fact]
    public void An_immutable_item_is_put_and_got()
    {
        Assert.Equal(ExitCode.NotFound, Run("get", Hash));
        Assert.Equal(ExitCode.Ok, Run("put", "Hello World!"));
        Assert.Equal("e5f96f6f38320f0f33959cb4d3d656452117aadb", terminal.Out.Trim()); // BEP 44's example
        Assert.Equal(ExitCode.Ok, Run("get", terminal.Out.Trim()));
        Assert.Equal("Hello World!", terminal.Out.TrimEnd());
        Assert.Contains("copies", terminal.Err, StringComparison.Ordinal);

        terminal.Input = [.. "d1:ai1ee"u8];
        Assert.Equal(ExitCode.Ok, Run("put", "-", "--bencoded"));
        string target = terminal.Out.Trim();
        Assert.Equal(ExitCode.Ok, Run("get", target, "--json"));
        Assert.Equal(Convert.ToHexStringLower(terminal.Input), terminal.Json.GetProperty("value_hex").GetString());
        Assert.False(terminal.Json.TryGetProperty("text", out _));
        Assert.Equal(ExitCode.Ok, Run("get", target, "--raw"));
        Assert.Equal(terminal.Input, terminal.OutBytes);
    }

    [Fact]
    public void A_mutable_item_is_replaced_by_its_owner_and_by_nobody_else()
    {
        Assert.Equal(ExitCode.Ok, Run("put", "one", "--new-key", "secret", "--salt", "x", "--json"));
        string key = terminal.Json.GetProperty("public_key").GetString()!, target = terminal.Json.GetProperty("target").GetString()!;
        Assert.Equal(0, terminal.Json.GetProperty("seq").GetInt64());
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(terminal["secret"]));
        Assert.Equal(ExitCode.Disk, Run("put", "one", "--new-key", "secret")); // there is one already

        Assert.Equal(ExitCode.Ok, Run("put", "two", "--key", "secret", "--salt", "x", "--json"));
        Assert.Equal((target, 1), (terminal.Json.GetProperty("target").GetString(), terminal.Json.GetProperty("seq").GetInt64()));
        Assert.Equal(ExitCode.Ok, Run("get", key, "--salt", "x"));
        Assert.Equal("two", terminal.Out.TrimEnd());
        Assert.Equal(ExitCode.Ok, Run("get", target, "--salt", "x", "--json"));
        Assert.Equal(("two", 1), (terminal.Json.GetProperty("text").GetString(), terminal.Json.GetProperty("seq").GetInt64()));
        Assert.Equal(ExitCode.NotFound, Run("get", key));

        string secret = File.ReadAllText(terminal["secret"]).Trim();
        Assert.Equal(ExitCode.Error, Run("put", "old", "--seed", secret, "--salt", "x", "--seq", "0"));
        Assert.Contains("have this version (0) or a newer one", terminal.Err, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Error, Run("put", "odd", "--seed", secret, "--salt", "x", "--seq", "9", "--cas", "7"));
        Assert.Contains("another version than --cas names", terminal.Err, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Ok, Run("put", "even", "--seed", secret, "--salt", "x", "--seq", "9", "--cas", "1"));
        Assert.Equal(ExitCode.Ok, Run("get", key, "--salt", "x"));
        Assert.Equal("even", terminal.Out.TrimEnd());
    }

    [Theory]
    [InlineData("get-peers", "nonsense")]
    [InlineData("ping", "nonsense")]
    [InlineData("sample", "nonsense")]
    [InlineData("get", "nonsense")]
    [InlineData("put", "x", "--salt", "y")]
    [InlineData("put", "x", "--seed", "00")]
    [InlineData("put", "x", "--seed", "00", "--key", "f")]
    [InlineData("put", "not bencode", "--bencoded")]
    [InlineData("get", Hash, "--timeout", "0")]
    [InlineData("get", Hash, "--dht-node", "nowhere")]
    public void What_makes_no_sense_is_told_before_anybody_is_asked(params string[] arguments)
    {
        Assert.Equal(ExitCode.Usage, terminal.Run(["dht", .. arguments]));
        Assert.NotEmpty(terminal.Err);
    }

    /// <summary>The seeder knows nobody: the two of them are the whole DHT.</summary>
    [Fact]
    public async Task A_magnet_link_and_one_node_are_enough_to_download()
    {
        (TorrentSession seeder, Metainfo metainfo) = await LoneSeederAsync();
        await using TorrentSession _ = seeder;
        ExitCode code = terminal.Run(
            "get", metainfo.InfoHash.ToString(), "-o", "out", "--dht-node", seeder.ListenEndPoints[0].ToString(), "--listen", "127.0.0.1", "--port", "0", "--no-lsd");
        Assert.True(code == ExitCode.Ok, terminal.Err);
        Assert.Equal(File.ReadAllBytes(terminal["content.bin"]), File.ReadAllBytes(terminal["out/content.bin"]));
    }

    /// <summary>Both by command, the seeder without any node: who listens on the loopback is in the DHT of those who name him.</summary>
    [Fact]
    public async Task Two_commands_on_the_loopback_are_a_network()
    {
        (TorrentSession unused, Metainfo metainfo) = await LoneSeederAsync();
        await unused.DisposeAsync();
        using var interrupt = new CancellationTokenSource();
        using var sharing = new TestTerminal { Interrupt = interrupt.Token };
        int port;
        using (var probe = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp))
        {
            probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            port = ((IPEndPoint)probe.LocalEndPoint!).Port;
        }
        Task<ExitCode> seeding = Task.Run(() => sharing.Run(
            "seed", terminal["content.bin.torrent"], "--data", terminal.Folder, "--state", sharing["state"], "--listen", "127.0.0.1", "--port", $"{port}", "--no-lsd"));
        ExitCode code = terminal.Run(
            "get", metainfo.InfoHash.ToString(), "-o", "out", "--dht-node", $"127.0.0.1:{port}", "--listen", "127.0.0.1", "--port", "0", "--no-lsd", "--stall-timeout", "60s");
        await interrupt.CancelAsync();
        await seeding;
        Assert.True(code == ExitCode.Ok, $"{terminal.Out}\n{terminal.Err}\n{sharing.Out}\n{sharing.Err}");
        Assert.Equal(File.ReadAllBytes(terminal["content.bin"]), File.ReadAllBytes(terminal["out/content.bin"]));
    }

    [Fact]
    public void Who_waits_in_vain_is_told_that_no_node_answers()
    {
        Assert.Equal(ExitCode.Network, terminal.Run(
            "get", Hash, "-o", "out", "--dht-node", "127.0.0.1:9", "--listen", "127.0.0.1", "--port", "0", "--no-lsd", "--stall-timeout", "2s", "--state", terminal["state"]));
        Assert.Contains("no DHT node reached yet", terminal.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lone_seeder_is_found_by_who_asks_it()
    {
        (TorrentSession seeder, Metainfo metainfo) = await LoneSeederAsync();
        await using TorrentSession _ = seeder;
        ExitCode code = terminal.Run("dht", "get-peers", metainfo.InfoHash.ToString(), "--dht-node", seeder.ListenEndPoints[0].ToString(), "--listen", "127.0.0.1");
        Assert.True(code == ExitCode.Ok, terminal.Err);
        Assert.Equal(seeder.ListenEndPoints[0].ToString(), terminal.Out.Trim());
    }

    [Fact]
    public void A_value_that_is_too_long_is_refused() => Assert.Equal(ExitCode.Usage, Run("put", new string('x', 997)));

    [Fact]
    public void Without_a_node_that_answers_it_says_what_to_do()
    {
        Assert.Equal(ExitCode.Network, terminal.Run("dht", "get-peers", Hash, "--dht-node", "127.0.0.1:9", "--timeout", "1"));
        Assert.Contains("no DHT node answered within 1 seconds", terminal.Err, StringComparison.Ordinal);
        Assert.Contains("--dht-node", terminal.Err, StringComparison.Ordinal);
    }

    private async Task<(TorrentSession, Metainfo)> LoneSeederAsync()
    {
        terminal.Set("XDG_STATE_HOME", terminal["state"]);
        terminal.Write("content.bin", 300_000);
        terminal.Ok("create", "content.bin");
        Metainfo metainfo = Metainfo.Parse(File.ReadAllBytes(terminal["content.bin.torrent"]));
        TorrentSession seeder = await SpateSession.StartAsync(
            new SessionOptions { Listen = [new IPEndPoint(IPAddress.Loopback, 0)], LocalDiscovery = false, DhtNodes = [] }, faults.Add);
        await seeder.Add(metainfo, new TorrentOptions { SaveTo = terminal.Folder }).WhenComplete();
        return (seeder, metainfo);
    }

    private ExitCode Run(params string[] arguments) =>
        terminal.Run(["dht", .. arguments, "--dht-node", $"127.0.0.1:{first.Port4}", "--listen", "127.0.0.1", "--timeout", "60"]);

    private DhtClient Node(params int[] named) => SpateDht.Start(new DhtOptions
    {
        Local4 = new IPEndPoint(IPAddress.Loopback, 0),
        Local6 = null,
        BootstrapNodes = [],
        Nodes = [.. named.Select(port => new DnsEndPoint("127.0.0.1", port))],
        Node = new DhtNodeOptions { QueriesPerSecond = 1000, QueryBurst = 1000 },
    }, faults.Add);
}
