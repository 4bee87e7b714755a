using System.Buffers.Text;
using System.Net;

namespace Spate.Protocol.Trackers;

/// <summary>
/// Writes the bencoded content of an HTTP tracker's answers into a span, piece by piece and without allocation. The caller gives
/// enough room (each member says how much) and calls in the order of the keys, as bencode wants it.
/// </summary>
public ref struct HttpAnswerWriter
{
    private readonly Span<byte> body;

    /// <param name="body">Where the content goes.</param>
    public HttpAnswerWriter(Span<byte> body)
    {
        this.body = body;
    }

    /// <summary>Bytes an announce answer takes at most, without peers, tracker id and warning.</summary>
    public const int MaxAnnounceOverhead = 256;

    /// <summary>Bytes one torrent takes in a scrape answer at most.</summary>
    public const int MaxScrapeEntry = 128;

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    /// <summary>
    /// A whole announce answer with compact peers (BEP 23, BEP 7), the address the client was seen with (BEP 24) and the counts.
    /// </summary>
    /// <param name="answer">The counts and intervals.</param>
    /// <param name="externalAddress">4 or 16 bytes, or nothing.</param>
    /// <param name="peers">IPv4 peers, 6 bytes each.</param>
    /// <param name="peers6">IPv6 peers, 18 bytes each; the key is left out when there are none.</param>
    /// <param name="trackerId">To be sent back, or nothing.</param>
    /// <param name="warning">A message for people, or nothing.</param>
    public void WriteCompactAnnounce(
        in HttpAnnounceCounts answer, scoped ReadOnlySpan<byte> externalAddress, scoped ReadOnlySpan<byte> peers,
        scoped ReadOnlySpan<byte> peers6, scoped ReadOnlySpan<byte> trackerId = default, scoped ReadOnlySpan<byte> warning = default)
    {
        BeginAnnounce(answer, externalAddress);
        Raw("5:peers"u8);
        Text(peers);
        if (!peers6.IsEmpty)
        {
            Raw("6:peers6"u8);
            Text(peers6);
        }
        EndAnnounce(trackerId, warning);
    }

    /// <summary>An announce answer up to its peers, which the caller writes: see <see cref="WriteDictionaryPeer"/>.</summary>
    public void BeginDictionaryAnnounce(in HttpAnnounceCounts answer, scoped ReadOnlySpan<byte> externalAddress)
    {
        BeginAnnounce(answer, externalAddress);
        Raw("5:peersl"u8);
    }

    /// <summary>One peer as a dictionary (BEP 3): at most 100 bytes.</summary>
    /// <param name="address">4 or 16 bytes.</param>
    /// <param name="port">The peer's port.</param>
    /// <param name="peerId">Twenty bytes, or nothing where the client can do without or we do not know it.</param>
    public void WriteDictionaryPeer(scoped ReadOnlySpan<byte> address, ushort port, scoped ReadOnlySpan<byte> peerId)
    {
        Span<byte> text = stackalloc byte[64];
        if (!new IPAddress(address).TryFormat(text, out int length)) return;
        Raw("d2:ip"u8);
        Text(text[..length]);
        if (!peerId.IsEmpty)
        {
            Raw("7:peer id"u8);
            Text(peerId);
        }
        Raw("4:port"u8);
        Number(port);
        Raw("e"u8);
    }

    /// <summary>Ends what <see cref="BeginDictionaryAnnounce"/> began.</summary>
    public void EndDictionaryAnnounce(scoped ReadOnlySpan<byte> trackerId = default, scoped ReadOnlySpan<byte> warning = default)
    {
        Raw("e"u8);
        EndAnnounce(trackerId, warning);
    }

    /// <summary>A refusal (BEP 3), with the time to wait (BEP 31): minutes, 0 to leave it out, negative for "never".</summary>
    public void WriteFailure(scoped ReadOnlySpan<byte> reason, int retryInMinutes = 0)
    {
        Raw("d14:failure reason"u8);
        Text(reason);
        if (retryInMinutes < 0) Raw("8:retry in5:never"u8);
        else if (retryInMinutes > 0)
        {
            Raw("8:retry in"u8);
            Number(retryInMinutes);
        }
        Raw("e"u8);
    }

    /// <summary>Begins a scrape answer (BEP 48).</summary>
    public void BeginScrape() => Raw("d5:filesd"u8);

    /// <summary>One torrent of a scrape, with the downloaders of BEP 21. Torrents must come in the order of their hashes.</summary>
    public void WriteScrapeEntry(scoped ReadOnlySpan<byte> infoHash, ScrapeEntry entry)
    {
        Text(infoHash);
        Raw("d8:complete"u8);
        Number(entry.Seeders);
        Raw("10:downloaded"u8);
        Number(entry.Completed);
        if (entry.Downloaders is int downloaders)
        {
            Raw("11:downloaders"u8);
            Number(downloaders);
        }
        Raw("10:incomplete"u8);
        Number(entry.Leechers);
        Raw("e"u8);
    }

    /// <summary>Ends a scrape answer; where the interval is not 0, with the time to leave between scrapes.</summary>
    public void EndScrape(int minRequestIntervalSeconds = 0)
    {
        Raw("e"u8);
        if (minRequestIntervalSeconds > 0)
        {
            Raw("5:flagsd20:min_request_interval"u8);
            Number(minRequestIntervalSeconds);
            Raw("e"u8);
        }
        Raw("e"u8);
    }

    private void BeginAnnounce(in HttpAnnounceCounts answer, scoped ReadOnlySpan<byte> externalAddress)
    {
        Raw("d8:complete"u8);
        Number(answer.Seeders);
        Raw("10:downloaded"u8);
        Number(answer.Downloaded);
        if (!externalAddress.IsEmpty)
        {
            Raw("11:external ip"u8);
            Text(externalAddress);
        }
        Raw("10:incomplete"u8);
        Number(answer.Leechers);
        Raw("8:interval"u8);
        Number(answer.IntervalSeconds);
        Raw("12:min interval"u8);
        Number(answer.MinIntervalSeconds);
    }

    private void EndAnnounce(scoped ReadOnlySpan<byte> trackerId, scoped ReadOnlySpan<byte> warning)
    {
        if (!trackerId.IsEmpty)
        {
            Raw("10:tracker id"u8);
            Text(trackerId);
        }
        if (!warning.IsEmpty)
        {
            Raw("15:warning message"u8);
            Text(warning);
        }
        Raw("e"u8);
    }

    private void Raw(scoped ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(body[Length..]);
        Length += bytes.Length;
    }

    private void Text(scoped ReadOnlySpan<byte> bytes)
    {
        Digits(bytes.Length);
        body[Length++] = (byte)':';
        Raw(bytes);
    }

    private void Number(int value)
    {
        body[Length++] = (byte)'i';
        Digits(value);
        body[Length++] = (byte)'e';
    }

    private void Digits(int value)
    {
        Utf8Formatter.TryFormat(value, body[Length..], out int written);
        Length += written;
    }
}

/// <summary>Numbers of an announce answer.</summary>
/// <param name="Seeders">Peers that have everything.</param>
/// <param name="Leechers">Peers that do not.</param>
/// <param name="Downloaded">How often the torrent was completed.</param>
/// <param name="IntervalSeconds">When to announce again.</param>
/// <param name="MinIntervalSeconds">When to announce again at the earliest.</param>
public readonly record struct HttpAnnounceCounts(int Seeders, int Leechers, int Downloaded, int IntervalSeconds, int MinIntervalSeconds);
