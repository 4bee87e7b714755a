using System.Globalization;
using System.Text;
using Spate.Engine.Ports;
using Spate.Protocol;
using Spate.Simulation;

namespace Spate.Engine.Tests.Simulation;

/// <summary>The scripted web: trackers that keep swarms, and servers that fail on demand.</summary>
public sealed class WebTests
{
    private static readonly TimeSpan limit = TimeSpan.FromMinutes(10);

    [Fact]
    public void A_tracker_keeps_swarms_and_gives_out_the_others()
    {
        using var world = new SimWorld(1);
        SimTracker tracker = world.AddTracker();
        SimHost a = world.AddHost("a"), b = world.AddHost("b");
        Sha1Hash hash = Sha1Hash.Of("x"u8);
        world.Play(async () =>
        {
            string first = await Announce(world, tracker, a, hash, 1000, 0, "started");
            Assert.Equal("d8:completei1e10:incompletei0e8:intervali1800e5:peers0:e", first);
            string second = await Announce(world, tracker, b, hash, 2000, 5, "started");
            Assert.StartsWith("d8:completei1e10:incompletei1e8:intervali1800e5:peers6:", second, StringComparison.Ordinal);
            byte[] compact = [.. a.Address.GetAddressBytes(), 1000 >> 8, 1000 & 255];
            Assert.Equal(Encoding.Latin1.GetString(compact), second[^7..^1]);
            await Announce(world, tracker, b, hash, 2000, 0, "completed");
            Assert.Equal((2, 0), tracker.Count(hash));
            await Announce(world, tracker, a, hash, 1000, 0, "stopped");
            Assert.Equal((1, 0), tracker.Count(hash));
        }, limit);
        Assert.Equal(["started", "started", "completed", "stopped"], tracker.Announces.Select(x => x.Event));
    }

    [Fact]
    public void Servers_that_hang_are_far_off_or_send_too_much_fail_as_told()
    {
        using var world = new SimWorld(1);
        SimHost a = world.AddHost("a");
        var never = new TaskCompletionSource<HttpAnswer>();
        world.AddWebServer("hangs", (_, _) => new ValueTask<HttpAnswer>(never.Task));
        world.AddWebServer("large", static (request, _) => ValueTask.FromResult(SimWebServer.Reply(request, 200, new byte[1000])));
        SimWebServer cut = world.AddWebServer("cut", static (request, _) => ValueTask.FromResult(SimWebServer.Reply(request, 200, [])));
        cut.Host.IsOnline = false;
        IHttpFetcher http = a.Process.Environment.Http;
        world.Play(async () =>
        {
            foreach (string name in new[] { "hangs", "cut" })
            {
                TimeSpan before = world.Now;
                await Assert.ThrowsAsync<IOException>(async () =>
                    await http.GetAsync(new HttpRequest(new Uri($"http://{name}/x")) { Timeout = TimeSpan.FromSeconds(7) }, default));
                Assert.Equal(7, (world.Now - before).TotalSeconds, 0.01);
            }
            await Assert.ThrowsAsync<IOException>(async () => await http.GetAsync(new HttpRequest(new Uri("http://large/")) { MaxBytes = 999 }, default));
            await Assert.ThrowsAsync<IOException>(async () => await http.GetAsync(new HttpRequest(new Uri("http://nowhere/")), default));
            Assert.Equal(1000, (await http.GetAsync(new HttpRequest(new Uri("http://large/")), default)).Body.Length);
        }, limit);
    }

    [Fact]
    public void A_torrent_is_canonical_and_its_hash_is_of_its_info()
    {
        using var world = new SimWorld(1);
        SimContent content = world.AddContent(new ContentOptions { Length = 100_000, PieceLength = 32 << 10, Trackers = ["http://t/announce"], Private = true });
        string text = Encoding.Latin1.GetString(content.Torrent);
        int info = text.IndexOf("4:info", StringComparison.Ordinal) + 6;
        Assert.Equal(content.InfoHash, Sha1Hash.Of(content.Torrent.AsSpan(info, content.Torrent.Length - info - 1)));
        Assert.StartsWith("d8:announce17:http://t/announce13:announce-listll17:http://t/announceee4:infod6:lengthi100000e4:name11:content.bin", text, StringComparison.Ordinal);
        Assert.EndsWith("7:privatei1eee", text, StringComparison.Ordinal);
        int pieces = text.IndexOf("6:pieces80:", StringComparison.Ordinal) + 11;
        Assert.Equal(Sha1Hash.Of(content.Block(3, 0, content.PieceBytes(3))).AsSpan(), content.Torrent.AsSpan(pieces + 60, 20));
        Assert.Equal(100_000 - (3 * 32768), content.PieceBytes(3));
    }

    private static async Task<string> Announce(SimWorld world, SimTracker tracker, SimHost from, Sha1Hash hash, int port, long left, string kind)
    {
        string escaped = string.Concat(hash.AsSpan().ToArray().Select(b => "%" + b.ToString("x2", CultureInfo.InvariantCulture)));
        var address = new Uri($"{tracker.Address}?info_hash={escaped}&peer_id={new string('a', 20)}&port={port}&uploaded=0&downloaded=0&left={left}&compact=1&event={kind}");
        HttpAnswer answer = await from.Process.Environment.Http.GetAsync(new HttpRequest(address), default);
        Assert.Equal(200, answer.Status);
        Assert.True(world.Now > TimeSpan.Zero);
        return Encoding.Latin1.GetString(answer.Body.Span);
    }
}
