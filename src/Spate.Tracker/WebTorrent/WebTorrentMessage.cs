using System.Text.Json;
using Spate.Protocol;
using Spate.Protocol.Trackers;

namespace Spate.Tracker.WebTorrent;

/// <summary>
/// A message of a WebTorrent client: JSON in which ids and hashes are strings of twenty characters up to U+00FF, one for each byte.
/// Offers and answers (WebRTC descriptions) are kept as the JSON they are, to be passed on.
/// </summary>
internal sealed class WebTorrentMessage
{
    /// <summary>Offers in one announce; clients send ten at most.</summary>
    public const int MaxOffers = 20;

    /// <summary>Torrents in one scrape.</summary>
    public const int MaxScrapeHashes = 128;

    public bool IsScrape { get; private set; }

    /// <summary>The torrents; one in an announce.</summary>
    public List<Sha1Hash> InfoHashes { get; } = [];

    public PeerId PeerId { get; private set; }

    public AnnounceEvent Event { get; private set; }

    public ulong Uploaded { get; private set; }

    public ulong Downloaded { get; private set; }

    /// <summary>Bytes missing; <see cref="ulong.MaxValue"/> while the client does not know.</summary>
    public ulong Left { get; private set; } = ulong.MaxValue;

    /// <summary>Offers to hand to other peers, with the id that an answer must repeat.</summary>
    public List<(PeerId Id, byte[] Description)> Offers { get; } = [];

    /// <summary>The answer to somebody's offer; null for none.</summary>
    public byte[]? Answer { get; private set; }

    /// <summary>Whose offer is answered, and which.</summary>
    public PeerId ToPeerId { get; private set; }

    public PeerId OfferId { get; private set; }

    /// <summary>
    /// Reads a message. False, with a reason for the client, when it is none; then <paramref name="message"/> holds what came before the fault.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> json, out WebTorrentMessage message, out string error)
    {
        message = new WebTorrentMessage();
        try
        {
            error = message.ReadObject(json);
        }
        catch (JsonException)
        {
            error = "not JSON";
        }
        catch (InvalidOperationException)
        {
            error = "a value of the wrong type, or text that is not Unicode";
        }
        return error.Length == 0;
    }

    private string ReadObject(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 16 });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return "not a JSON object";
        bool hasAction = false, hasPeerId = false, hasTarget = false, hasOfferId = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("action"u8))
            {
                reader.Read();
                IsScrape = reader.ValueTextEquals("scrape"u8);
                hasAction = IsScrape || reader.ValueTextEquals("announce"u8);
            }
            else if (reader.ValueTextEquals("info_hash"u8))
            {
                reader.Read();
                if (!ReadHashes(ref reader)) return "info_hash is not a string of 20 characters up to U+00FF";
            }
            else if (reader.ValueTextEquals("peer_id"u8))
            {
                reader.Read();
                if (!TryReadId(ref reader, out PeerId id)) return "peer_id is not a string of 20 characters up to U+00FF";
                (PeerId, hasPeerId) = (id, true);
            }
            else if (reader.ValueTextEquals("to_peer_id"u8))
            {
                reader.Read();
                hasTarget = TryReadId(ref reader, out PeerId id);
                ToPeerId = id;
            }
            else if (reader.ValueTextEquals("offer_id"u8))
            {
                reader.Read();
                hasOfferId = TryReadId(ref reader, out PeerId id);
                OfferId = id;
            }
            else if (reader.ValueTextEquals("event"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.String) Event = EventOf(ref reader);
            }
            else if (reader.ValueTextEquals("uploaded"u8)) Uploaded = ReadCount(ref reader) ?? 0;
            else if (reader.ValueTextEquals("downloaded"u8)) Downloaded = ReadCount(ref reader) ?? 0;
            else if (reader.ValueTextEquals("left"u8)) Left = ReadCount(ref reader) ?? ulong.MaxValue;
            else if (reader.ValueTextEquals("answer"u8))
            {
                reader.Read();
                Answer = ReadRaw(ref reader, json);
            }
            else if (reader.ValueTextEquals("offers"u8))
            {
                reader.Read();
                ReadOffers(ref reader, json);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
        if (!hasAction) return "action is neither announce nor scrape";
        if (IsScrape) return InfoHashes.Count == 0 ? "info_hash is missing" : "";
        if (InfoHashes.Count != 1) return "info_hash is missing";
        if (!hasPeerId) return "peer_id is missing";
        return Answer is not null && !(hasTarget && hasOfferId) ? "an answer needs to_peer_id and offer_id" : "";
    }

    private bool ReadHashes(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (!TryReadId(ref reader, out PeerId element)) return false;
                if (InfoHashes.Count < MaxScrapeHashes) InfoHashes.Add(new Sha1Hash(element.AsSpan()));
            }
            return true;
        }
        if (!TryReadId(ref reader, out PeerId id)) return false;
        InfoHashes.Clear();
        InfoHashes.Add(new Sha1Hash(id.AsSpan()));
        return true;
    }

    private void ReadOffers(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                continue;
            }
            byte[]? description = null;
            PeerId id = default;
            bool hasId = false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("offer"u8))
                {
                    reader.Read();
                    description = ReadRaw(ref reader, json);
                }
                else if (reader.ValueTextEquals("offer_id"u8))
                {
                    reader.Read();
                    hasId = TryReadId(ref reader, out id);
                }
                else
                {
                    reader.Read();
                    reader.Skip();
                }
            }
            if (description is not null && hasId && Offers.Count < MaxOffers) Offers.Add((id, description));
        }
    }

    // A description is an object; anything else is none.
    private static byte[]? ReadRaw(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }
        int start = (int)reader.TokenStartIndex;
        reader.Skip();
        return json[start..(int)reader.BytesConsumed].ToArray();
    }

    private static bool TryReadId(ref Utf8JsonReader reader, out PeerId id)
    {
        id = default;
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return false;
        }
        Span<char> text = stackalloc char[6 * PeerId.Size]; // each character may be an escape of six
        if (reader.ValueSpan.Length > text.Length) return false;
        int length = reader.CopyString(text);
        if (length != PeerId.Size) return false;
        for (int i = 0; i < length; i++)
        {
            if (text[i] > 0xFF) return false;
            id[i] = (byte)text[i];
        }
        return true;
    }

    private static ulong? ReadCount(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out double value) && value is >= 0 and < 1e18) return (ulong)value;
        reader.Skip();
        return null;
    }

    private static AnnounceEvent EventOf(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("started"u8)) return AnnounceEvent.Started;
        if (reader.ValueTextEquals("completed"u8)) return AnnounceEvent.Completed;
        if (reader.ValueTextEquals("stopped"u8)) return AnnounceEvent.Stopped;
        return reader.ValueTextEquals("paused"u8) ? AnnounceEvent.Paused : AnnounceEvent.None;
    }
}
