using System.Net;
using System.Net.Sockets;
using System.Text;
using Spate.Protocol.Trackers;
using static Spate.Tracker.Tests.Server.TestTracker;

namespace Spate.Tracker.Tests.Server;

/// <summary>HTTP as clients and others really speak it.</summary>
public class HttpTests
{
    private static Task<TestTracker> StartAsync(bool portable) => TestTracker.StartAsync(o => o with { UsePortableSockets = portable });

    private static byte[] Get(string target, string headers = "Connection: close\r\n", string version = "1.1") =>
        Encoding.Latin1.GetBytes($"GET {target} HTTP/{version}\r\nHost: x\r\n{headers}\r\n");

    private static string Target(string torrent, int port) => HttpAnnounceQuery.AppendTo("/announce", Request(torrent, port));

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_request_may_come_in_pieces(bool portable)
    {
        await using TestTracker tracker = await StartAsync(portable);
        byte[] request = Get(Target("t", 1));
        foreach (int pieces in new[] { 1, 2, 3, 17, request.Length })
            Assert.Contains("8:intervali", await ExchangeAsync(tracker.Http, request, pieces));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Requests_follow_each_other_on_one_connection(bool portable)
    {
        await using TestTracker tracker = await StartAsync(portable);
        byte[] requests = [.. Get(Target("t", 1), ""), .. Get("/stats.json", ""), .. Get(Target("t", 2), "")];
        // Announces behind each other at once; a page between them changes the lane, where the rest is served.
        string answers = await ExchangeAsync(tracker.Http, [.. Get(Target("t", 1), ""), .. Get(Target("t", 2), ""), .. Get(Target("t", 3))]);
        Assert.Equal(3, answers.Split("HTTP/1.1 200 OK").Length - 1);
        Assert.Contains("incompletei1e", answers);
        Assert.Contains("incompletei3e", answers);

        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(tracker.Http);
        foreach (string target in new[] { Target("k", 1), Target("k", 2), "/stats.json", Target("k", 3), "/none", Target("k", 4) })
        {
            await socket.SendAsync(Get(target, ""));
            string answer = await ReceiveOneAsync(socket);
            if (target.StartsWith("/announce")) Assert.Contains($"incompletei{target.Split("port=")[1][0]}e", answer);
            else if (target == "/none") Assert.StartsWith("HTTP/1.1 404 ", answer);
            else Assert.Contains("\"torrents\": 2", answer);
        }
    }

    private static async Task<string> ReceiveOneAsync(Socket socket)
    {
        var text = new StringBuilder();
        byte[] buffer = new byte[8192];
        while (true)
        {
            int n = await socket.ReceiveAsync(buffer);
            Assert.NotEqual(0, n);
            text.Append(Encoding.Latin1.GetString(buffer, 0, n));
            string all = text.ToString();
            int end = all.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end < 0) continue;
            int length = int.Parse(all.Split("Content-Length:")[1].Split('\r')[0].Trim());
            if (all.Length >= end + 4 + length) return all;
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Old_clients_are_answered_and_closed(bool portable)
    {
        await using TestTracker tracker = await StartAsync(portable);
        string answer = await ExchangeAsync(tracker.Http, Get(Target("t", 1), "", "1.0"));
        Assert.Contains("Connection: close", answer);
        Assert.Contains("8:intervali", answer);
    }

    [Theory]
    [InlineData("GARBAGE\r\n\r\n")]
    [InlineData("\x16\x03\x01\x02\x00\x01\x00\x01")]                    // TLS on the wrong port
    [InlineData("\x13" + "BitTorrent protocol\0\0\0\0\0\0\0\0")]        // a peer
    [InlineData("GET /announce\r\n\r\n")]
    [InlineData("GET announce HTTP/1.1\r\n\r\n")]
    [InlineData("GET /announce HTTP/2.0\r\n\r\n")]
    [InlineData(" / HTTP/1.1\r\n\r\n")]
    [InlineData("PROPFINDER / HTTP/1.1\r\n\r\n")]
    public async Task What_is_no_request_is_refused_and_closed(string text)
    {
        foreach (bool portable in new[] { false, true })
        {
            await using TestTracker tracker = await StartAsync(portable);
            Assert.StartsWith("HTTP/1.1 400 ", await ExchangeAsync(tracker.Http, Encoding.Latin1.GetBytes(text)));
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_scrape_of_ten_thousand_torrents_is_refused_for_its_length(bool portable)
    {
        await using TestTracker tracker = await StartAsync(portable);
        string query = string.Join('&', Enumerable.Repeat("info_hash=%61%61%61%61%61%61%61%61%61%61%61%61%61%61%61%61%61%61%61%61", 10_000));
        string answer = await ExchangeAsync(tracker.Http, Get("/scrape?" + query));
        Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 431 "), answer); // a reset may overtake the answer
        await tracker.AnnounceHttpAsync(Request("t", 1));
    }

    [Theory]
    [InlineData("/announce", "info_hash is missing")]
    [InlineData("/announce?", "info_hash is missing")]
    [InlineData("/announce?info_hash=%zz", "info_hash is not 20 percent-encoded bytes")]
    [InlineData("/announce?info_hash=aaaaaaaaaaaaaaaaaaaa&info_hash=aaaaaaaaaaaaaaaaaaaa", "info_hash stands twice")]
    [InlineData("/announce?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=aaaaaaaaaaaaaaaaaaaa&port=99999", "port is not a number")]
    [InlineData("/scrape", "a scrape names its torrents by info_hash")]
    [InlineData("/scrape?info_hash=a", "info_hash is not 20 percent-encoded bytes")]
    public async Task Bad_queries_get_a_failure_that_names_the_key(string target, string reason)
    {
        await using TestTracker tracker = await StartAsync(false);
        string answer = await ExchangeAsync(tracker.Http, Get(target));
        Assert.StartsWith("HTTP/1.1 200 OK", answer);
        Assert.Contains("14:failure reason", answer);
        Assert.Contains(reason, answer);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Other_methods_and_paths_are_told_what_this_is(bool portable)
    {
        await using TestTracker tracker = await StartAsync(portable);
        Assert.StartsWith("HTTP/1.1 404 ", await ExchangeAsync(tracker.Http, Get("/favicon.ico")));
        Assert.StartsWith("HTTP/1.1 405 ", await ExchangeAsync(tracker.Http, "POST /announce HTTP/1.1\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab"u8.ToArray()));
        Assert.StartsWith("HTTP/1.1 413 ", await ExchangeAsync(tracker.Http, "POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n"u8.ToArray()));
        Assert.StartsWith("HTTP/1.1 413 ", await ExchangeAsync(tracker.Http, "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n"u8.ToArray()));
        foreach (string chunks in new[] { "0\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n" })
            Assert.StartsWith("HTTP/1.1 405 ", await ExchangeAsync(tracker.Http, Encoding.ASCII.GetBytes("POST / HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks), 20));
        foreach (string chunks in new[] { "x\r\n", "-1\r\n", "7FFFFFFF\r\n", "FFFFFFFF\r\n", "3\r\nabcde", "1111111111111111111111111111111111111111111", "\r\n" })
            Assert.StartsWith("HTTP/1.1 413 ", await ExchangeAsync(tracker.Http, Encoding.ASCII.GetBytes("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)));
        string head = await ExchangeAsync(tracker.Http, "HEAD /stats HTTP/1.1\r\nConnection: close\r\n\r\n"u8.ToArray());
        Assert.StartsWith("HTTP/1.1 200 ", head);
        Assert.EndsWith("\r\n\r\n", head);
        Assert.Contains("Content-Security-Policy: default-src 'none'; style-src 'sha256-", head);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Behind_a_trusted_proxy_the_clients_own_address_counts(bool portable)
    {
        await using TestTracker tracker = await TestTracker.StartAsync(o => o with
        {
            UsePortableSockets = portable, TrustedProxies = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("10.0.0.0/8")],
        });
        async Task<IPAddress?> SeenAs(string header)
        {
            string answer = await ExchangeAsync(tracker.Http, Get(Target("t", 1), header + "Connection: close\r\n"));
            Assert.True(HttpAnnounceAnswer.TryRead(Encoding.Latin1.GetBytes(answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]), 10, out AnnounceAnswer read, out _));
            return read.ExternalAddress;
        }
        Assert.Equal(IPAddress.Loopback, await SeenAs(""));
        Assert.Equal(IPAddress.Parse("9.8.7.6"), await SeenAs("X-Forwarded-For: 9.8.7.6\r\n"));
        Assert.Equal(IPAddress.Parse("9.8.7.6"), await SeenAs("x-forwarded-for: 1.1.1.1, 9.8.7.6 , 10.3.2.1\r\n")); // the first may be a lie
        Assert.Equal(IPAddress.Parse("2001:db8::5"), await SeenAs("X-Forwarded-For: [2001:db8::5]:443\r\n"));
        Assert.Equal(IPAddress.Parse("9.8.7.6"), await SeenAs("X-Forwarded-For: ::ffff:9.8.7.6\r\n"));
        Assert.Equal(IPAddress.Loopback, await SeenAs("X-Forwarded-For: nobody\r\n"));
        Assert.Equal(IPAddress.Loopback, await SeenAs("X-Forwarded-For: 10.3.2.1\r\n"));
    }

    [Fact]
    public async Task Without_a_trusted_proxy_the_header_is_not_believed()
    {
        await using TestTracker tracker = await StartAsync(false);
        string answer = await ExchangeAsync(tracker.Http, Get(Target("t", 1), "X-Forwarded-For: 9.8.7.6\r\nConnection: close\r\n"));
        Assert.Contains("11:external ip4:\x7f\0\0\x01", answer);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task The_proxy_protocol_says_who_the_client_is(bool portable)
    {
        await using TestTracker tracker = await TestTracker.StartAsync(o => o with
        {
            UsePortableSockets = portable, ProxyProtocol = true, TrustedProxies = [IPNetwork.Parse("127.0.0.1/32")],
        });
        byte[] signature = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A];
        byte[] v4 = [.. signature, 0x21, 0x11, 0, 12, 9, 8, 7, 6, 1, 1, 1, 1, 0, 1, 0, 2], request = Get(Target("t", 1));
        byte[] v6 = [.. signature, 0x21, 0x21, 0, 40, 0x20, 1, .. new byte[13], 5, .. new byte[16], 0, 1, 0, 2, 3, 0, 1, 0]; // with an extension
        byte[] local = [.. signature, 0x20, 0, 0, 0];
        foreach (int pieces in new[] { 1, 9 })
        {
            Assert.Contains("11:external ip4:\x09\x08\x07\x06", await ExchangeAsync(tracker.Http, [.. v4, .. request], pieces));
            Assert.Contains("11:external ip16:\x20\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\x05", await ExchangeAsync(tracker.Http, [.. v6, .. request], pieces));
            Assert.Contains("11:external ip4:\x7f\0\0\x01", await ExchangeAsync(tracker.Http, [.. local, .. request], pieces));
        }
        Assert.DoesNotContain("interval", await ExchangeAsync(tracker.Http, request)); // no header, no service
        Assert.DoesNotContain("interval", await ExchangeAsync(tracker.Http, [.. signature, 0x11, 0x11, 0, 12, .. new byte[12], .. request]));
        if (Socket.OSSupportsIPv6) // from elsewhere no header is taken
            Assert.Contains("interval", await ExchangeAsync(tracker.Server.HttpEndPoints[1], request));
    }
}
