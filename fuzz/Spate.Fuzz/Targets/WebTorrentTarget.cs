using System.Text.Json;
using Spate.Protocol;
using Spate.Tracker.WebTorrent;
using static Spate.Fuzz.Targets.Documents;

namespace Spate.Fuzz.Targets;

/// <summary>Messages of WebTorrent clients, and what is passed on of them: it must be JSON for whoever gets it.</summary>
internal sealed class WebTorrentTarget : FuzzTarget
{
    public override string Name => "webtorrent";

    public override IReadOnlyList<byte[]> Words { get; } =
    [
        .. new[]
        {
            "{", "}", "[", "]", ":", ",", "\"", "\\u00ff", "\\ud800", "null", "-1", "1e99", "\"action\":\"announce\"", "\"action\":\"scrape\"", "\"info_hash\":", "\"peer_id\":",
            "\"to_peer_id\":", "\"offer_id\":", "\"offers\":", "\"offer\":", "\"answer\":", "\"left\":", "\"event\":\"stopped\"", "\"aaaaaaaaaaaaaaaaaaaa\"",
        }.Select(Bytes),
    ];

    public override IEnumerable<byte[]> Seeds()
    {
        const string ids = """
            {"action":"announce","info_hash":"aaaaaaaaaaaaaaaaaaa\u00ff","peer_id":"bbbbbbbbbbbbbbbbbbbb",
            """;
        yield return Bytes(ids + """
            "left":null,"uploaded":5,"event":"started","numwant":2,"offers":[{"offer":{"type":"offer","sdp":"x"},"offer_id":"cccccccccccccccccccc"}]}
            """);
        yield return Bytes(ids + """
            "to_peer_id":"dddddddddddddddddddd","offer_id":"cccccccccccccccccccc","answer":{"type":"answer","sdp":"y"}}
            """);
        yield return Bytes("""{"action":"scrape","info_hash":["aaaaaaaaaaaaaaaaaaaa","bbbbbbbbbbbbbbbbbbbb"]}""");
    }

    public override int Run(ReadOnlySpan<byte> input)
    {
        if (!WebTorrentMessage.TryRead(input, out WebTorrentMessage message, out string error))
        {
            Check(error.Length > 0, "an error says something");
            return error.Aggregate(7, (hash, c) => hash * 31 + c) & 0xffff;
        }
        Check(message.InfoHashes.Count is > 0 and <= WebTorrentMessage.MaxScrapeHashes && (message.IsScrape || message.InfoHashes.Count == 1), "torrents are limited");
        Check(message.Offers.Count <= WebTorrentMessage.MaxOffers, "offers are limited");
        foreach ((PeerId id, byte[] description) in message.Offers) CheckJson(WebTorrentReply.Offer(message.InfoHashes[0], message.PeerId, id, description), "offer");
        if (message.Answer is not null) CheckJson(WebTorrentReply.Answer(message.InfoHashes[0], message.PeerId, message.OfferId, message.Answer), "answer");
        return 100_000 + (message.IsScrape ? 1 : 0) + Magnitude(message.InfoHashes.Count) * 2 + Magnitude(message.Offers.Count) * 16 + (int)message.Event * 128
            + (message.Answer is null ? 0 : 1024) + Magnitude((long)Math.Min(message.Left, long.MaxValue)) * 2048;
    }

    private static void CheckJson(byte[] reply, string key)
    {
        using JsonDocument document = JsonDocument.Parse(reply);
        Check(document.RootElement.GetProperty(key).ValueKind == JsonValueKind.Object, "a description is passed on as the object it is");
        Check(document.RootElement.GetProperty("peer_id").GetString()!.Length == 20, "ids stay twenty characters");
    }
}
