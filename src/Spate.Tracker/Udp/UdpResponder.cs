using Spate.Protocol;
using Spate.Protocol.Trackers;
using Spate.Tracker.Announcing;
using Spate.Tracker.Store;

namespace Spate.Tracker.Udp;

/// <summary>
/// Turns a datagram into the answer to it (BEP 15, BEP 41). One for each thread. What does not come with a valid connection id is
/// answered with at most as many bytes as it has, so that nobody can aim the tracker at somebody else: a connect request of 16 bytes
/// with 16 bytes, all else with silence.
/// </summary>
internal sealed class UdpResponder(AnnounceDesk desk, ConnectionIds ids, bool useCalendarTime)
{
    /// <summary>The longest answer: what passes any network in one piece. Also enough for the longest request.</summary>
    public const int MaxDatagram = 1500;

    // No request is longer: the longest are scrapes of 74 torrents, and announces with a URL of some hundred bytes.
    private const int MaxRequest = MaxDatagram + 100;

    // Peers that fit the answer over IPv6, where 40 and 8 bytes go to headers, on a path of 1,500 bytes or a tunnel of somewhat less.
    private const int MaxPeersV6 = 74;

    private FastRandom random = FastRandom.Create();
    private readonly byte[] urlData = new byte[1024];
    private uint nowSeconds = desk.Clock.NowSeconds;
    private ulong idSeconds = useCalendarTime ? desk.Clock.UnixSeconds : desk.Clock.NowSeconds;

    public FrontEndCounters Counters { get; } = new();

    /// <summary>Reads the clock; all answers up to the next call take place at this time.</summary>
    public void BeginBatch()
    {
        nowSeconds = desk.Clock.NowSeconds;
        idSeconds = useCalendarTime ? desk.Clock.UnixSeconds : nowSeconds;
    }

    /// <summary>Readies the memory for a datagram that is soon to be answered.</summary>
    public void Prefetch(ReadOnlySpan<byte> datagram, PrefetchStep step)
    {
        if (UdpRequest.TryRead(datagram, out UdpRequest request) && request.Action == UdpTrackerAction.Announce && request.TryReadAnnounce(out UdpAnnounce announce))
            desk.Prefetch(announce.InfoHash, step);
    }

    /// <summary>Answers one datagram.</summary>
    /// <param name="datagram">What came.</param>
    /// <param name="address">From where: 4 or 16 bytes.</param>
    /// <param name="answer">At least <see cref="MaxDatagram"/> bytes.</param>
    /// <returns>Bytes of the answer; 0 for none.</returns>
    public int Answer(ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> address, Span<byte> answer)
    {
        Counters.Requests++;
        Counters.BytesIn += datagram.Length;
        int length = Choose(datagram, address, answer);
        if (length == 0) Counters.Dropped++;
        Counters.BytesOut += length;
        return length;
    }

    private int Choose(ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> address, Span<byte> answer)
    {
        if (datagram.Length > MaxRequest || !UdpRequest.TryRead(datagram, out UdpRequest request)) return 0;
        if (request.IsConnect)
        {
            Counters.Connects++;
            return UdpAnswerWriter.WriteConnect(answer, request.TransactionId, ids.Make(address, idSeconds));
        }
        if (!ids.IsValid(request.ConnectionId, address, idSeconds)) return 0;
        return request.Action switch
        {
            UdpTrackerAction.Announce => Announce(request, address, answer),
            UdpTrackerAction.Scrape => Scrape(request, answer),
            _ => 0,
        };
    }

    private int Announce(UdpRequest request, ReadOnlySpan<byte> address, Span<byte> answer)
    {
        if (!request.TryReadAnnounce(out UdpAnnounce announce)) return 0;
        // Options that can't be read are none: some old clients put other things there.
        if (!UdpOptions.TryReadUrlData(announce.Options, urlData, out ReadOnlySpan<byte> url)) url = default;
        int question = url.IndexOf((byte)'?');
        var announcement = new Announcement
        {
            Address = address,
            InfoHash = announce.InfoHash,
            PeerId = announce.PeerId,
            Path = question < 0 ? url : url[..question],
            Query = question < 0 ? default : url[(question + 1)..],
            Port = announce.Port,
            Event = announce.Event,
            Uploaded = announce.Uploaded,
            Downloaded = announce.Downloaded,
            Left = announce.Left,
            NumWant = announce.NumWant,
        };
        Span<byte> peers = answer[UdpTracker.AnnounceAnswerHeaderSize..];
        if (address.Length == 16) peers = peers[..(MaxPeersV6 * UdpTracker.PeerSizeV6)];
        Refusal refusal = desk.Announce(announcement, nowSeconds, peers, default, ref random, out AnnounceReply reply);
        if (refusal != Refusal.None) return Refuse(refusal, request.TransactionId, answer);
        Counters.Announces++;
        return reply.PeerBytes + UdpAnswerWriter.WriteAnnounceHeader(
            answer, request.TransactionId, reply.IntervalSeconds, (int)reply.Counts.Leechers, (int)reply.Counts.Seeders);
    }

    private int Scrape(UdpRequest request, Span<byte> answer)
    {
        ReadOnlySpan<byte> hashes = request.ScrapeHashes;
        if (hashes.IsEmpty) return 0;
        Refusal refusal = desk.CheckScrape(default, default); // a scrape has no options, so nowhere for a passkey
        if (refusal != Refusal.None) return Refuse(refusal, request.TransactionId, answer);
        int length = UdpAnswerWriter.WriteScrapeHeader(answer, request.TransactionId);
        for (; !hashes.IsEmpty; hashes = hashes[Sha1Hash.Size..])
            length += UdpAnswerWriter.WriteScrapeEntry(answer[length..], desk.Scrape(hashes[..Sha1Hash.Size]));
        Counters.Scrapes++;
        return length;
    }

    private int Refuse(Refusal refusal, uint transactionId, Span<byte> answer)
    {
        Counters.Refused(refusal);
        return UdpAnswerWriter.WriteError(answer, transactionId, refusal.Reason());
    }
}
