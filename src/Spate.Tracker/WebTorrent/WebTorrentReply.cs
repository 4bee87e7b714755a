using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Spate.Protocol;
using Spate.Protocol.Trackers;

namespace Spate.Tracker.WebTorrent;

/// <summary>Messages to WebTorrent clients.</summary>
internal static class WebTorrentReply
{
    private static readonly JsonWriterOptions options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static byte[] Announce(Sha1Hash infoHash, int intervalSeconds, uint seeders, uint leechers) => Write(json =>
    {
        json.WriteString("action"u8, "announce"u8);
        json.WriteNumber("interval"u8, intervalSeconds);
        json.WriteString("info_hash"u8, Text(infoHash.AsSpan()));
        json.WriteNumber("complete"u8, seeders);
        json.WriteNumber("incomplete"u8, leechers);
    });

    /// <summary>Somebody's offer, for the one who is to answer it.</summary>
    public static byte[] Offer(Sha1Hash infoHash, PeerId from, PeerId offerId, byte[] description) => Write(json =>
    {
        json.WriteString("action"u8, "announce"u8);
        json.WriteString("info_hash"u8, Text(infoHash.AsSpan()));
        json.WriteString("peer_id"u8, Text(from.AsSpan()));
        json.WriteString("offer_id"u8, Text(offerId.AsSpan()));
        json.WritePropertyName("offer"u8);
        json.WriteRawValue(description, skipInputValidation: true); // read as JSON when it came
    });

    /// <summary>The answer, for the one who made the offer.</summary>
    public static byte[] Answer(Sha1Hash infoHash, PeerId from, PeerId offerId, byte[] description) => Write(json =>
    {
        json.WriteString("action"u8, "announce"u8);
        json.WriteString("info_hash"u8, Text(infoHash.AsSpan()));
        json.WriteString("peer_id"u8, Text(from.AsSpan()));
        json.WriteString("offer_id"u8, Text(offerId.AsSpan()));
        json.WritePropertyName("answer"u8);
        json.WriteRawValue(description, skipInputValidation: true);
    });

    public static byte[] Scrape(IReadOnlyList<(Sha1Hash Hash, ScrapeEntry Entry)> torrents, int intervalSeconds) => Write(json =>
    {
        json.WriteString("action"u8, "scrape"u8);
        json.WriteStartObject("files"u8);
        foreach ((Sha1Hash hash, ScrapeEntry entry) in torrents)
        {
            json.WriteStartObject(Text(hash.AsSpan()));
            json.WriteNumber("complete"u8, entry.Seeders);
            json.WriteNumber("incomplete"u8, entry.Leechers);
            json.WriteNumber("downloaded"u8, entry.Completed);
            json.WriteNumber("downloaders"u8, entry.Downloaders ?? 0);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteStartObject("flags"u8);
        json.WriteNumber("min_request_interval"u8, intervalSeconds);
        json.WriteEndObject();
    });

    /// <summary>A refusal, in the words that clients of all protocols get. Without a torrent it names no action either: clients look for one.</summary>
    public static byte[] Failure(bool isScrape, Sha1Hash? infoHash, ReadOnlySpan<byte> reason)
    {
        string text = Encoding.UTF8.GetString(reason);
        return Write(json =>
        {
            if (infoHash is { } hash)
            {
                json.WriteString("action"u8, isScrape ? "scrape"u8 : "announce"u8);
                json.WriteString("info_hash"u8, Text(hash.AsSpan()));
            }
            json.WriteString("failure reason"u8, text);
        });
    }

    private static byte[] Write(Action<Utf8JsonWriter> content)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using var json = new Utf8JsonWriter(buffer, options);
        json.WriteStartObject();
        content(json);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    // A character for each byte.
    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);
}
