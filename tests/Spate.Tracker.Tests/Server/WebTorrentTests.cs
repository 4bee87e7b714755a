using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spate.Protocol;
using Spate.Protocol.Trackers;
using Spate.Tracker.WebTorrent;
using static Spate.Tracker.Tests.Server.TestTracker;

namespace Spate.Tracker.Tests.Server;

public class WebTorrentTests
{
    private sealed class Browser : IAsyncDisposable
    {
        private readonly ClientWebSocket socket = new();

        public required string Id { get; init; }

        public static async Task<Browser> ConnectAsync(TestTracker tracker, string name, string path = "/announce")
        {
            var browser = new Browser { Id = $"-WW0001-{name,12}".Replace(' ', '0') };
            await browser.socket.ConnectAsync(new Uri($"ws://{tracker.Http}{path}"), CancellationToken.None);
            return browser;
        }

        public static string Hash(string torrent) => Encoding.Latin1.GetString(Sha1Hash.Of(Encoding.UTF8.GetBytes(torrent)).AsSpan());

        public Task SendAsync(string json) => socket.SendAsync(Encoding.UTF8.GetBytes(json), WebSocketMessageType.Text, true, CancellationToken.None);

        public Task SendAsync(JsonObject message) => SendAsync(message.ToJsonString());

        public Task AnnounceAsync(string torrent, int? left, string? why = null, params string[] offers) => SendAsync(new JsonObject
        {
            ["action"] = "announce", ["info_hash"] = Hash(torrent), ["peer_id"] = Id, ["left"] = left, ["event"] = why, ["numwant"] = offers.Length,
            ["offers"] = new JsonArray([.. offers.Select(offer => new JsonObject
            {
                ["offer_id"] = $"{offer,20}", ["offer"] = new JsonObject { ["type"] = "offer", ["sdp"] = $"sdp of {offer} \u00e9\u4e16" },
            })]),
        });

        public async Task<JsonNode> ReceiveAsync()
        {
            byte[] buffer = new byte[1 << 17];
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            WebSocketReceiveResult result = await socket.ReceiveAsync(buffer, patience.Token);
            Assert.True(result.EndOfMessage);
            Assert.NotEqual(WebSocketMessageType.Close, result.MessageType);
            return JsonNode.Parse(buffer.AsSpan(0, result.Count))!;
        }

        public async Task<bool> IsClosedAsync()
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            try
            {
                byte[] buffer = new byte[1 << 17];
                while (true)
                {
                    WebSocketReceiveResult result = await socket.ReceiveAsync(buffer, patience.Token);
                    if (result.MessageType == WebSocketMessageType.Close) return true;
                }
            }
            catch (Exception e) when (MeansClosed(e) && !patience.IsCancellationRequested)
            {
                return true;
            }
        }

        /// <summary>
        /// What a socket throws that the tracker has closed: it depends on whether the close, a reset or a broken pipe is noticed first.
        /// A connection that breaks under one call aborts the others, which then end as if they were cancelled.
        /// </summary>
        public static bool MeansClosed(Exception e) => e is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException;

        public async ValueTask DisposeAsync()
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            try
            {
                if (socket.State == WebSocketState.Open) await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, patience.Token);
            }
            catch (Exception e) when (MeansClosed(e)) { } // the tracker has closed before
            socket.Dispose();
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Offers_reach_others_and_their_answers_come_back(bool portable)
    {
        await using TestTracker tracker = await TestTracker.StartAsync(o => o with { UsePortableSockets = portable });
        await using Browser ann = await Browser.ConnectAsync(tracker, "ann"), bob = await Browser.ConnectAsync(tracker, "bob");
        await ann.AnnounceAsync("t", null, "started", "offer a");
        JsonNode first = await ann.ReceiveAsync();
        Assert.Equal(("announce", 120, 0, 1), ((string?)first["action"], (int)first["interval"]!, (int)first["complete"]!, (int)first["incomplete"]!));
        Assert.Equal(Browser.Hash("t"), (string?)first["info_hash"]);

        await bob.AnnounceAsync("t", 0, "completed", "offer b1", "offer b2");
        JsonNode second = await bob.ReceiveAsync();
        Assert.Equal((1, 1), ((int)second["complete"]!, (int)second["incomplete"]!));
        JsonNode offer = await ann.ReceiveAsync();
        Assert.Equal((bob.Id, "            offer b1"), ((string?)offer["peer_id"], (string?)offer["offer_id"]));
        Assert.Equal("sdp of offer b1 \u00e9\u4e16", (string?)offer["offer"]!["sdp"]);

        await ann.SendAsync(new JsonObject
        {
            ["action"] = "announce", ["info_hash"] = Browser.Hash("t"), ["peer_id"] = ann.Id, ["to_peer_id"] = bob.Id,
            ["offer_id"] = (string?)offer["offer_id"], ["answer"] = new JsonObject { ["type"] = "answer", ["sdp"] = "yes" },
        });
        JsonNode answer = await bob.ReceiveAsync();
        Assert.Equal((ann.Id, "            offer b1", "yes"), ((string?)answer["peer_id"], (string?)answer["offer_id"], (string?)answer["answer"]!["sdp"]));
    }

    [Fact]
    public async Task Web_peers_count_with_all_others_and_are_not_handed_to_them()
    {
        await using TestTracker tracker = await TestTracker.StartAsync();
        await using Browser ann = await Browser.ConnectAsync(tracker, "ann");
        await ann.AnnounceAsync("t", 0, "started");
        await ann.ReceiveAsync();
        AnnounceAnswer udp = tracker.AnnounceUdp(Request("t", 1));
        Assert.Equal((1, 1), (udp.Seeders, udp.Leechers));
        Assert.Empty(udp.Peers);
        await ann.SendAsync(new JsonObject { ["action"] = "scrape", ["info_hash"] = new JsonArray(Browser.Hash("t"), Browser.Hash("none")) });
        JsonNode scrape = await ann.ReceiveAsync();
        JsonNode counts = scrape["files"]![Browser.Hash("t")]!;
        Assert.Equal((1, 1, 0), ((int)counts["complete"]!, (int)counts["incomplete"]!, (int)counts["downloaded"]!));
        Assert.Equal(0, (int)scrape["files"]![Browser.Hash("none")]!["complete"]!);
        Assert.Equal(1, tracker.Server.Status.WebSockets);
        await ann.AnnounceAsync("t", 0, "stopped");
        await EventuallyAsync(() => tracker.Server.Status.Seeders == 0);
    }

    [Fact]
    public async Task Who_goes_away_leaves_all_swarms()
    {
        await using TestTracker tracker = await TestTracker.StartAsync();
        await using (Browser ann = await Browser.ConnectAsync(tracker, "ann"))
        {
            for (int i = 0; i < 5; i++)
            {
                await ann.AnnounceAsync($"t{i}", 5);
                await ann.ReceiveAsync();
            }
            Assert.Equal(5, tracker.Server.Status.Leechers);
        }
        await EventuallyAsync(() => tracker.Server.Status is { Leechers: 0, WebSockets: 0 });
    }

    [Fact]
    public async Task Nobody_can_speak_in_anothers_name()
    {
        await using TestTracker tracker = await TestTracker.StartAsync();
        await using Browser ann = await Browser.ConnectAsync(tracker, "ann"), bob = await Browser.ConnectAsync(tracker, "bob"), eve = await Browser.ConnectAsync(tracker, "eve");
        foreach (Browser browser in new[] { ann, bob })
        {
            await browser.AnnounceAsync("t", 5);
            await browser.ReceiveAsync();
        }
        string asAnn = new JsonObject { ["action"] = "announce", ["info_hash"] = Browser.Hash("t"), ["peer_id"] = ann.Id, ["left"] = 0 }.ToJsonString();
        await eve.SendAsync(asAnn);
        Assert.Equal("another connection uses this peer_id", (string?)(await eve.ReceiveAsync())["failure reason"]);
        await eve.SendAsync(new JsonObject
        {
            ["action"] = "announce", ["info_hash"] = Browser.Hash("t"), ["peer_id"] = ann.Id, ["to_peer_id"] = bob.Id,
            ["offer_id"] = "aaaaaaaaaaaaaaaaaaaa", ["answer"] = new JsonObject { ["sdp"] = "evil" },
        });
        await eve.AnnounceAsync("u", 5); // answered after what came before it
        await eve.ReceiveAsync();
        await bob.AnnounceAsync("t", 5);
        JsonNode next = await bob.ReceiveAsync();
        Assert.Null(next["answer"]);
        Assert.Equal(2, (int)next["incomplete"]!);
    }

    [Theory]
    [InlineData("", "not JSON")]
    [InlineData("[]", "not a JSON object")]
    [InlineData("{}", "action is neither")]
    [InlineData("{\"action\":\"dance\"}", "action is neither")]
    [InlineData("{\"action\":5}", "wrong type")]
    [InlineData("{\"action\":\"announce\"}", "info_hash is missing")]
    [InlineData("{\"action\":\"announce\",\"info_hash\":\"aaaaaaaaaaaaaaaaaaa\"}", "info_hash is not")]
    [InlineData("{\"action\":\"announce\",\"info_hash\":\"aaaaaaaaaaaaaaaaaaa\\u4e16\"}", "info_hash is not")]
    [InlineData("{\"action\":\"announce\",\"info_hash\":{\"a\":1}}", "info_hash is not")]
    [InlineData("{\"action\":\"announce\",\"info_hash\":\"aaaaaaaaaaaaaaaaaaaa\"}", "peer_id is missing")]
    [InlineData("{\"action\":\"announce\",\"info_hash\":\"aaaaaaaaaaaaaaaaaaaa\",\"peer_id\":\"\\ud800aaaaaaaaaaaaaaaaaaa\"}", "not Unicode")]
    [InlineData("{\"action\":\"announce\",\"info_hash\":\"aaaaaaaaaaaaaaaaaaaa\",\"peer_id\":\"aaaaaaaaaaaaaaaaaaaa\",\"answer\":{}}", "to_peer_id and offer_id")]
    [InlineData("{\"action\":\"announce\",\"info_hash\":\"aaaaaaaaaaaaaaaaaaaa\",\"peer_id\":\"aaaaaaaaaaaaaaaaaaaa\",\"offers\":[[[[[[[[[[[[[[[[[[[[", "not JSON")]
    [InlineData("{\"action\":\"scrape\"}", "info_hash is missing")]
    public void Bad_messages_are_told_what_is_wrong(string json, string reason)
    {
        Assert.False(WebTorrentMessage.TryRead(Encoding.UTF8.GetBytes(json), out _, out string error));
        Assert.Contains(reason, error);
    }

    [Fact]
    public async Task A_connection_outlives_a_bad_message_and_not_a_long_one()
    {
        await using TestTracker tracker = await TestTracker.StartAsync();
        await using Browser ann = await Browser.ConnectAsync(tracker, "ann");
        await ann.SendAsync("nonsense");
        Assert.Equal("not JSON", (string?)(await ann.ReceiveAsync())["failure reason"]);
        await ann.AnnounceAsync("t", 1);
        Assert.Equal(1, (int)(await ann.ReceiveAsync())["incomplete"]!);
        await ann.SendAsync(new string(' ', 200_000));
        Assert.True(await ann.IsClosedAsync());
    }

    [Fact]
    public async Task Too_many_messages_end_the_connection()
    {
        await using TestTracker tracker = await TestTracker.StartAsync();
        await using Browser ann = await Browser.ConnectAsync(tracker, "ann");
        Task<bool> closed = ann.IsClosedAsync();
        try
        {
            for (int i = 0; i < 5000 && !closed.IsCompleted; i++) await ann.SendAsync("{}");
        }
        catch (Exception e) when (Browser.MeansClosed(e)) { }
        Assert.True(await closed);
    }

    [Fact]
    public async Task Connections_are_limited_and_can_be_turned_off()
    {
        await using (TestTracker tracker = await TestTracker.StartAsync(o => o with { MaxWebSockets = 1 }))
        {
            await using Browser ann = await Browser.ConnectAsync(tracker, "ann"), bob = await Browser.ConnectAsync(tracker, "bob");
            Task<bool> annClosed = ann.IsClosedAsync(), bobClosed = bob.IsClosedAsync();
            await Task.WhenAny(annClosed, bobClosed);
            Assert.NotEqual(annClosed.IsCompleted, bobClosed.IsCompleted);
        }
        await using TestTracker off = await TestTracker.StartAsync(o => o with { WebSockets = false });
        await Assert.ThrowsAsync<WebSocketException>(() => Browser.ConnectAsync(off, "ann", "/"));
    }

    [Fact]
    public void Nothing_that_may_arrive_throws()
    {
        var random = new Random(4);
        string[] parts = ["{", "}", "[", "]", ":", ",", "\"action\"", "\"announce\"", "\"info_hash\"", "\"aaaaaaaaaaaaaaaaaaaa\"", "\"peer_id\"", "\"offers\"",
            "\"offer\"", "\"offer_id\"", "\"answer\"", "5", "-1e400", "null", "\"left\"", "\"\\u00ff\"", "\"\\ud800\"", "true", "\"scrape\"", " "];
        for (int i = 0; i < 30_000; i++)
            WebTorrentMessage.TryRead(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, random.Next(25)).Select(_ => parts[random.Next(parts.Length)]))), out _, out _);
        string valid = "{\"action\":\"announce\",\"info_hash\":\"aaaaaaaaaaaaaaaaaaaa\",\"peer_id\":\"aaaaaaaaaaaaaaaaaaaa\",\"left\":null,\"offers\":[{\"offer\":{\"sdp\":\"x\"},\"offer_id\":\"aaaaaaaaaaaaaaaaaaaa\"}]}";
        for (int i = 0; i < 30_000; i++)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(valid);
            for (int n = random.Next(4); n >= 0; n--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            WebTorrentMessage.TryRead(bytes.AsSpan(0, random.Next(2) == 0 ? bytes.Length : random.Next(bytes.Length)), out _, out _);
        }
    }
}
