using System.IO.Compression;
using System.Net;
using Spate.Protocol;
using Spate.Protocol.Trackers;
using Spate.Tracker.Announcing;
using Spate.Tracker.Store;

namespace Spate.Tracker.Http;

/// <summary>
/// Answers announces and scrapes over HTTP (BEP 3, 7, 23, 24, 31, 48), head and content in one span. One for each thread. All other
/// targets are not its business.
/// </summary>
internal sealed class HttpResponder(AnnounceDesk desk)
{
    /// <summary>Bytes that one answer may take.</summary>
    public const int MaxResponse = 32 * 1024;

    // Torrents that one scrape may ask for; a longer URL than these need is not taken anyway.
    private const int MaxScrapeHashes = 128;

    // Content up to this size passes in one packet: packing it would gain nothing.
    private const int MinPacked = 1200;

    private readonly byte[] peers = new byte[256 * UdpTracker.PeerSizeV6];
    private readonly byte[] otherPeers = new byte[256 * UdpTracker.PeerSizeV6];
    private readonly byte[] content = new byte[MaxResponse];
    private FastRandom random = FastRandom.Create();

    public FrontEndCounters Counters { get; } = new();

    /// <summary>
    /// Whether a path is that of an announce or a scrape: its last part is <c>announce</c> or <c>scrape</c>, or its first is and a
    /// passkey follows.
    /// </summary>
    public static HttpTarget TargetOf(ReadOnlySpan<byte> path)
    {
        if (path.EndsWith("/announce"u8) || path.StartsWith("/announce/"u8)) return HttpTarget.Announce;
        return path.EndsWith("/scrape"u8) || path.StartsWith("/scrape/"u8) ? HttpTarget.Scrape : HttpTarget.Other;
    }

    /// <summary>Answers a request whose method is GET and whose target is an announce or a scrape.</summary>
    /// <param name="head">The request.</param>
    /// <param name="target">What it asks for.</param>
    /// <param name="address">The client's: 4 or 16 bytes.</param>
    /// <param name="response">At least <see cref="MaxResponse"/> bytes.</param>
    /// <returns>Bytes of the response.</returns>
    public int Answer(in HttpRequestHead head, HttpTarget target, ReadOnlySpan<byte> address, Span<byte> response)
    {
        Counters.Requests++;
        Counters.BytesIn += head.Length;
        Span<byte> body = response[HttpHead.Size(head.KeepAlive)..];
        bool packed = false;
        int length = target == HttpTarget.Announce ? Announce(head, address, body) : Scrape(head, body, ref packed);
        int total = HttpHead.Write(response, head.KeepAlive, length, packed);
        Counters.BytesOut += total;
        return total;
    }

    private int Announce(in HttpRequestHead head, ReadOnlySpan<byte> address, Span<byte> body)
    {
        var writer = new HttpAnswerWriter(body);
        AnnounceQueryError error = AnnounceQuery.Read(head.Query, out AnnounceQuery query);
        if (error != AnnounceQueryError.None)
        {
            Counters.Errors++;
            writer.WriteFailure(error.Reason());
            return writer.Length;
        }
        Sha1Hash infoHash = query.InfoHash;
        PeerId peerId = query.PeerId;
        var announcement = new Announcement
        {
            Address = address,
            InfoHash = infoHash.AsSpan(),
            PeerId = peerId.AsSpan(),
            Path = head.Path,
            Query = head.Query,
            Port = query.Port,
            Event = query.Event,
            Uploaded = query.Uploaded,
            Downloaded = query.Downloaded,
            Left = query.Left,
            NumWant = query.NumWant,
        };
        Refusal refusal = desk.Announce(announcement, desk.Clock.NowSeconds, peers, otherPeers, ref random, out AnnounceReply reply);
        if (refusal != Refusal.None) return Refuse(refusal, writer);
        Counters.Announces++;
        var counts = new HttpAnnounceCounts(
            (int)reply.Counts.Seeders, (int)reply.Counts.Leechers, (int)reply.Downloaded, reply.IntervalSeconds, desk.MinIntervalSeconds);
        bool isV4 = address.Length == 4;
        ReadOnlySpan<byte> own = peers.AsSpan(0, reply.PeerBytes), other = otherPeers.AsSpan(0, reply.OtherPeerBytes);
        ReadOnlySpan<byte> v4 = isV4 ? own : other, v6 = isV4 ? other : own;
        if (query.Compact) writer.WriteCompactAnnounce(counts, address, v4, v6, desk.TrackerId);
        else
        {
            writer.BeginDictionaryAnnounce(counts, address);
            WriteDictionaries(ref writer, v4, UdpTracker.PeerSizeV4);
            WriteDictionaries(ref writer, v6, UdpTracker.PeerSizeV6);
            writer.EndDictionaryAnnounce(desk.TrackerId);
        }
        return writer.Length;
    }

    // Peer ids are not kept (BEP 3 lets a client ask for none, and hardly any asks for them).
    private static void WriteDictionaries(ref HttpAnswerWriter writer, ReadOnlySpan<byte> peers, int size)
    {
        for (; peers.Length >= size; peers = peers[size..])
        {
            ushort port = System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(peers[(size - 2)..]);
            writer.WriteDictionaryPeer(peers[..(size - 2)], port, default);
        }
    }

    private int Scrape(in HttpRequestHead head, Span<byte> body, ref bool packed)
    {
        var writer = new HttpAnswerWriter(body);
        Span<Sha1Hash> hashes = stackalloc Sha1Hash[MaxScrapeHashes];
        int count = ScrapeQuery.Read(head.Query, hashes);
        if (count <= 0)
        {
            Counters.Errors++;
            writer.WriteFailure(count < 0 ? AnnounceQueryError.InfoHashInvalid.Reason() : "a scrape names its torrents by info_hash"u8);
            return writer.Length;
        }
        Refusal refusal = desk.CheckScrape(head.Path, head.Query);
        if (refusal != Refusal.None) return Refuse(refusal, writer);
        Counters.Scrapes++;
        hashes = hashes[..count];
        hashes.Sort(); // the order that bencode wants
        writer.BeginScrape();
        for (int i = 0; i < hashes.Length; i++)
        {
            if (i > 0 && hashes[i] == hashes[i - 1]) continue;
            writer.WriteScrapeEntry(hashes[i].AsSpan(), desk.Scrape(hashes[i].AsSpan()));
        }
        writer.EndScrape();
        if (writer.Length < MinPacked || head.Header("accept-encoding"u8).IndexOf("gzip"u8) < 0) return writer.Length;
        packed = true;
        return Pack(body, writer.Length);
    }

    private int Refuse(Refusal refusal, HttpAnswerWriter writer)
    {
        Counters.Refused(refusal);
        writer.WriteFailure(refusal.Reason(), refusal.RetryInMinutes());
        return writer.Length;
    }

    private int Pack(Span<byte> body, int length)
    {
        body[..length].CopyTo(content);
        using var target = new MemoryStream(length);
        using (var gzip = new GZipStream(target, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(content, 0, length);
        target.GetBuffer().AsSpan(0, (int)target.Length).CopyTo(body);
        return (int)target.Length;
    }
}

/// <summary>What a tracker's client asks for.</summary>
internal enum HttpTarget
{
    Other,
    Announce,
    Scrape,
}
