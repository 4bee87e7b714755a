using System.Net;
using System.Text;
using Spate.Engine.Dht;
using Spate.Engine.Discovery;
using Spate.Interop.Tests.Programs;
using Spate.Network;
using Spate.Protocol;
using Spate.Runtime;
using Xunit.Abstractions;

namespace Spate.Interop.Tests;

/// <summary>We take part in a DHT of fifty libtorrent nodes, of which we know one.</summary>
[Collection(LibtorrentNetwork.Name)]
public sealed class DhtTests(LibtorrentNetwork network, ITestOutputHelper output) : IAsyncLifetime
{
    private readonly List<DhtClient> clients = [];
    private readonly List<Exception> faults = [];
    private readonly LibtorrentDht theirs = network.Nodes;
    private readonly IPAddress ourAddress = network.Nodes.NextBeside(), secondAddress = network.Nodes.NextBeside();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        clients.ForEach(c => c.Dispose());
        Assert.Empty(faults);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Peers_announced_by_either_are_found_by_the_other()
    {
        DhtClient ours = await JoinAsync();
        Sha1Hash theirTorrent = Sha1Hash.Of("theirs"u8), ourTorrent = Sha1Hash.Of("ours"u8);
        Assert.Equal("announced", await theirs.AskAsync($"announce 7 {theirTorrent}"));
        DhtPeers found = await FindAsync(ours, theirTorrent, theirs.EndPointOf(7));
        output.WriteLine($"found {string.Join(' ', found.Peers)} by {found.NodesAsked} queries in {found.Took.TotalMilliseconds:0} ms");

        DhtPeers announced = await ours.GetPeersAsync(ourTorrent, 5555, isSeed: true, false, default);
        Assert.True(announced.Announced >= 6, $"{announced.Announced} nodes took our announce");
        string answer = await theirs.AskAsync($"get_peers 33 {ourTorrent}");
        Assert.Contains($"{ourAddress}:5555", answer);
    }

    [Fact]
    public async Task Immutable_items_put_by_either_are_got_by_the_other()
    {
        DhtClient ours = await JoinAsync();
        DhtItem item = DhtItem.Immutable(Encoding.ASCII.GetBytes("12:Hello World!"));
        DhtPut put = await ours.PutAsync(item, null, default);
        Assert.True(put.Stored >= 6, $"{put.Stored} nodes took our item");
        Assert.Equal("item Hello World!", await theirs.AskAsync($"get 21 {item.Target}"));

        string key = (await theirs.AskAsync("put 3 hello")).Split(' ')[1];
        Assert.True(Sha1Hash.TryParseHex(key, out Sha1Hash target));
        DhtGot got = await ours.GetAsync(target, default, default);
        Assert.Equal("5:hello"u8.ToArray(), got.Item!.Value.ToArray());
    }

    [Fact]
    public async Task Mutable_items_put_by_either_are_got_and_replaced_by_the_other()
    {
        DhtClient ours = await JoinAsync();
        byte[] seed = new byte[32];
        seed[5] = 5;
        string publicKey = Convert.ToHexStringLower(Ed25519.PublicKeyOf(seed));
        DhtPut put = await ours.PutAsync(DhtItem.Mutable(seed, "salty"u8.ToArray(), 4, "3:one"u8.ToArray()), null, default);
        Assert.True(put.Stored >= 6, $"{put.Stored} nodes took our item");
        Assert.Equal("item 4 one", await theirs.AskAsync($"get_mutable 21 {publicKey} salty"));

        Assert.Equal("put", await theirs.AskAsync($"put_mutable 9 {Convert.ToHexStringLower(seed)} {publicKey} salty two"));
        DhtGot got = await ours.GetAsync(DhtItem.TargetOf(Ed25519.PublicKeyOf(seed), "salty"u8), "salty"u8.ToArray(), default);
        Assert.Equal(("3:two", 5), (Encoding.ASCII.GetString(got.Item!.Value.Span), got.Item.Sequence));

        DhtPut late = await ours.PutAsync(DhtItem.Mutable(seed, "salty"u8.ToArray(), 4, "3:one"u8.ToArray()), null, default);
        Assert.Equal((0, 302), (late.Stored, late.LastError));
        Assert.True(late.Refused >= 6, $"{late.Refused} have the newer version");
    }

    /// <summary>As the command does it, in a process of its own.</summary>
    [Fact]
    public Task The_command_puts_gets_finds_and_pings() => Scene.RunAsync(async scene =>
    {
        string node = theirs.EndPointOf(1).ToString();
        string[] common = ["--dht-node", node, "--listen", theirs.NextBeside().ToString(), "--timeout", "60"];
        string key = await RunAsync("put", "fromthecommand");
        Assert.Equal("item fromthecommand", await theirs.AskAsync($"get 21 {key}"));
        string theirKey = (await theirs.AskAsync("put 3 theirs")).Split(' ')[1];
        Assert.Equal("theirs", await RunAsync("get", theirKey));

        byte[] seed = new byte[32];
        seed[7] = 7;
        string secret = Convert.ToHexStringLower(seed), publicKey = Convert.ToHexStringLower(Ed25519.PublicKeyOf(seed));
        await RunAsync("put", "mine", "--seed", secret, "--salt", "s", "--seq", "3");
        Assert.Equal("item 3 mine", await theirs.AskAsync($"get_mutable 9 {publicKey} s"));
        Assert.Equal("put", await theirs.AskAsync($"put_mutable 12 {secret} {publicKey} s yours"));
        Assert.Equal("yours", await RunAsync("get", publicKey, "--salt", "s"));

        Sha1Hash torrent = Sha1Hash.Of("by command"u8);
        Assert.Equal("announced", await theirs.AskAsync($"announce 11 {torrent}"));
        await FindAsync(await JoinAsync(), torrent, theirs.EndPointOf(11));
        Assert.Contains(theirs.EndPointOf(11).ToString(), await RunAsync("get-peers", torrent.ToString()));
        Assert.Contains(" LT", await RunAsync("ping", node));

        // The result is the first line; that it was printed may be seen a moment later than the end.
        async Task<string> RunAsync(params string[] arguments)
        {
            SpateProgram program = SpateProgram.Start(scene, scene.NewFolder(), ["dht", .. arguments, .. common, "-q"]);
            Assert.True(await program.EndAsync(scene) == 0, program.Log);
            string result = "";
            await scene.WaitAsync(() => (result = program.Log.Split('\n').First(static line => !line.StartsWith("spate: building", StringComparison.Ordinal)))[0] != '(',
                $"what {arguments[0]} prints");
            return result;
        }
    }, limitSeconds: 120);

    [Fact]
    public async Task They_answer_pings_and_samples_and_keep_us_in_their_tables()
    {
        DhtClient ours = await JoinAsync();
        DhtPong? pong = await ours.PingAsync(theirs.EndPointOf(5), default);
        Assert.Equal("LT", Encoding.ASCII.GetString(pong!.Software.Span[..2]));
        for (int i = 0; i < 5; i++) await theirs.AskAsync($"announce {i + 1} {Sha1Hash.Of([(byte)i])}");
        await FindAsync(ours, Sha1Hash.Of([1]), theirs.EndPointOf(2));
        DhtSamples samples = await ours.SampleAsync(Sha1Hash.Of([1]), default);
        Assert.Contains(Sha1Hash.Of([1]), samples.Torrents);

        // Somebody who knows only us gets in through us.
        DhtClient second = Client(secondAddress, new IPEndPoint(ourAddress, ours.Port4));
        await second.WhenReadyAsync(Patience());
        await FindAsync(second, Sha1Hash.Of([2]), theirs.EndPointOf(3));
        for (int i = 0; i < 100 && ours.Status.Counters4!.QueriesReceived == 0; i++) await Task.Delay(100); // renewed every second
        Assert.True(ours.Status.Counters4!.QueriesReceived > 0);
    }

    // Looks until it is found: an announce of theirs takes its time where nodes of earlier tests are still in their tables.
    private static async Task<DhtPeers> FindAsync(DhtClient client, Sha1Hash torrent, IPEndPoint peer)
    {
        CancellationToken patience = Patience();
        while (true)
        {
            DhtPeers found = await client.GetPeersAsync(torrent, null, false, false, patience);
            if (found.Peers.Contains(peer)) return found;
            await Task.Delay(500, patience);
        }
    }

    private async Task<DhtClient> JoinAsync()
    {
        DhtClient client = Client(ourAddress, theirs.EndPointOf(1));
        await client.WhenReadyAsync(Patience());
        return client;
    }

    private DhtClient Client(IPAddress address, IPEndPoint bootstrap)
    {
        var network = new SocketNetwork();
        var options = new DhtOptions
        {
            Local4 = new IPEndPoint(address, 0),
            Local6 = null,
            BootstrapNodes = [new DnsEndPoint(bootstrap.Address.ToString(), bootstrap.Port)],
        };
        var client = new DhtClient(
            network, new NameCache(network.ResolveAsync, TimeProvider.System), new PoolScheduler(), new SystemRandom(), TimeProvider.System,
            new ExternalAddress(), options, faults.Add);
        clients.Add(client);
        return client;
    }

    private static CancellationToken Patience() => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;
}
