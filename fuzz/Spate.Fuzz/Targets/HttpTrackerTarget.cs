using Spate.Protocol;
using Spate.Protocol.Trackers;
using Spate.Tracker;
using Spate.Tracker.Access;
using Spate.Tracker.Announcing;
using Spate.Tracker.Http;
using Spate.Tracker.Store;
using static Spate.Fuzz.Targets.Documents;

namespace Spate.Fuzz.Targets;

/// <summary>What comes in on a tracker's HTTP port: a PROXY header, a request's head, an announce's or scrape's query.</summary>
internal sealed class HttpTrackerTarget : FuzzTarget
{
    private readonly byte[] response = new byte[HttpResponder.MaxResponse];

    public override string Name => "httptracker";

    public override int MaxLength => 9000;

    public override long MaxAllocation(int inputLength) => 8_000_000;

    public override IReadOnlyList<byte[]> Words { get; } =
    [
        .. new[]
        {
            "GET ", "POST ", "/announce", "/scrape", "?", "&", "=", "%", "%6", "%00", "+", "info_hash=", "peer_id=", "port=", "left=0", "event=started", "event=stopped",
            "compact=0", "numwant=", "aaaaaaaaaaaaaaaaaaaa", " HTTP/1.1\r\n", " HTTP/1.0\r\n", "\r\n\r\n", "\r\n", "Connection: close", "X-Forwarded-For: 1.2.3.4, ",
            "Accept-Encoding: gzip", "Upgrade: websocket", "passkey=", "[::1]:5", "99999999999999999999",
        }.Select(Bytes),
        [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A],
    ];

    public override IEnumerable<byte[]> Seeds()
    {
        const string announce = "GET /0123456789abcdefghijklmnopqrstuv/announce?info_hash=%61aaaaaaaaaaaaaaaaaaa&peer_id=aaaaaaaaaaaaaaaaaaaa&port=5&left=3&uploaded=1";
        yield return Bytes($"{announce} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: 9.9.9.9, 127.0.0.1\r\n\r\n");
        yield return Bytes($"{announce}&compact=0&event=completed&numwant=3 HTTP/1.0\r\n\r\n");
        yield return Bytes("GET /scrape?info_hash=aaaaaaaaaaaaaaaaaaaa&info_hash=bbbbbbbbbbbbbbbbbbbb HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n");
        yield return Bytes("GET /announce HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
        yield return [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, 0x21, 0x11, 0, 12, 9, 8, 7, 6, 1, 1, 1, 1, 0, 1, 0, 2];
    }

    public override int Run(ReadOnlySpan<byte> input)
    {
        Span<byte> address = stackalloc byte[16];
        HttpParse proxy = ProxyHeader.Parse(input, address, out int length, out int addressLength);
        Check(addressLength is 0 or 4 or 16 && (proxy != HttpParse.Done || length <= input.Length), "a PROXY header is within what came");
        int code = (int)proxy * 3 + addressLength / 8;

        HttpParse parse = HttpRequestHead.Parse(input, out HttpRequestHead head);
        code = code * 3 + (int)parse;
        if (parse != HttpParse.Done) return code;
        Check(head.Length <= input.Length, "a head is within what came");
        var proxies = new TrustedProxies([System.Net.IPNetwork.Parse("127.0.0.0/8")]);
        code = code * 3 + (proxies.ReadForwardedFor(head, [127, 0, 0, 1], address) / 8);
        code = code * 2 + (WebSocketHandshake.TryAnswer(head, out _) ? 1 : 0);
        code = code * 2 + (Passkey.TryFind(head.Path, head.Query, out _) ? 1 : 0);
        code = code * 3 + Math.Sign(head.ContentLength);
        HttpTarget target = HttpResponder.TargetOf(head.Path);
        if (target == HttpTarget.Other || !head.IsGet) return code;

        using var store = new SwarmStore(new StoreLimits(60, 60, 1 << 20), 2);
        var desk = new AnnounceDesk(
            store, new TrackerClock(TimeProvider.System), new TrackerOptions { IntervalJitter = TimeSpan.Zero }, new TorrentAccess(hasAllowList: false), null, null);
        var responder = new HttpResponder(desk);
        int written = responder.Answer(head, target, [9, 8, 7, 6], response);
        int bodyAt = response.AsSpan(0, written).IndexOf("\r\n\r\n"u8) + 4;
        Check(bodyAt > 4, "an answer has a head");
        ReadOnlySpan<byte> body = response.AsSpan(bodyAt, written - bodyAt);
        if (response.AsSpan(0, bodyAt).IndexOf("gzip"u8) >= 0) return code * 4 + 3;
        if (target == HttpTarget.Announce)
        {
            Check(HttpAnnounceAnswer.TryRead(body, 100, out AnnounceAnswer answer, out string? error), $"our client reads it: {error}");
            return code * 64 + (answer.Failure is null ? 1 : answer.Failure.Length);
        }
        Check(HttpScrapeAnswer.TryRead(body, 200, out HttpScrapeAnswer scrape, out string? reason), $"our client reads it: {reason}");
        return code * 64 + Magnitude(scrape.Torrents.Count) + 32;
    }
}
