using System.Net;
using Spate.Protocol;
using Spate.Protocol.Trackers;
using Spate.Tracker;
using Spate.Tracker.Access;
using Spate.Tracker.Announcing;
using Spate.Tracker.Store;
using Spate.Tracker.Udp;

namespace Spate.Fuzz.Targets;

/// <summary>
/// A datagram to a UDP tracker, as it is and with a valid connection id put in; and the same bytes as an answer to a client. The
/// tracker never sends more bytes than it got to somebody who has not shown that he receives them.
/// </summary>
internal sealed class UdpTrackerTarget : FuzzTarget
{
    private static readonly byte[] address = [9, 8, 7, 6], addressV6 = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

    private readonly byte[] answer = new byte[UdpResponder.MaxDatagram + 100], packet = new byte[4096];

    public override string Name => "udptracker";

    public override int MaxLength => 1600;

    // A tracker each time: what it does must follow from the input alone.
    public override long MaxAllocation(int inputLength) => 8_000_000;

    public override IReadOnlyList<byte[]> Words { get; } =
        [[0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80], [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 2], [0, 0, 0, 3], [2, 5, 0x2f, 0x61, 0x2f, 0x62, 0x3f], [1], [0xff, 0xff, 0xff, 0xff]];

    public override IEnumerable<byte[]> Seeds()
    {
        var request = new AnnounceRequest { InfoHash = Sha1Hash.Of("x"u8), PeerId = default, Port = 5, Event = AnnounceEvent.Started };
        byte[] connect = new byte[16], announce = new byte[UdpRequestWriter.AnnounceSize(300)], scrape = new byte[56];
        UdpRequestWriter.WriteConnect(connect, 7);
        UdpRequestWriter.WriteAnnounce(announce, 1, 2, request, new byte[300]);
        UdpRequestWriter.WriteScrape(scrape, 1, 2, [Sha1Hash.Of("x"u8), Sha1Hash.Of("y"u8)]);
        yield return connect;
        yield return announce[..98];
        yield return announce;
        yield return scrape;
        byte[] peers = new byte[56];
        UdpAnswerWriter.WriteAnnounceHeader(peers, 3, 1800, 5, 6);
        yield return peers;
        byte[] error = new byte[20];
        UdpAnswerWriter.WriteError(error, 3, "no such thing"u8);
        yield return error;
    }

    public override int Run(ReadOnlySpan<byte> input)
    {
        var options = new TrackerOptions { IntervalJitter = TimeSpan.Zero };
        using var store = new SwarmStore(new StoreLimits(60, 60, 1 << 20), 2);
        var desk = new AnnounceDesk(store, new TrackerClock(TimeProvider.System), options, new TorrentAccess(hasAllowList: false), null, null);
        var ids = new ConnectionIds(new byte[16]);
        var responder = new UdpResponder(desk, ids, useCalendarTime: false);

        int unproven = responder.Answer(input, address, answer);
        Check(unproven <= input.Length, "an unproven source gets no more bytes than it sent");
        int code = Magnitude(unproven);
        foreach (byte[] from in new[] { address, addressV6 })
        {
            input.CopyTo(packet);
            if (input.Length >= 8) System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(packet, ids.Make(from, desk.Clock.NowSeconds));
            for (int i = 0; i < 2; i++) // the second time it finds itself there
            {
                int length = responder.Answer(packet.AsSpan(0, input.Length), from, answer);
                Check(length <= UdpResponder.MaxDatagram, "an answer fits its packet");
                if (length == 0) continue;
                Check(UdpAnswer.TryRead(answer.AsSpan(0, length), out UdpAnswer read), "an answer is an answer");
                Check(read.TransactionId == System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(12)), "it repeats the transaction");
                code = code * 5 + (int)read.Action;
            }
        }
        Check(store.Totals.Peers.Peers <= 2, "one packet is one peer");
        return code * 64 + ReadAsAnswer(input);
    }

    private static int ReadAsAnswer(ReadOnlySpan<byte> input)
    {
        if (!UdpAnswer.TryRead(input, out UdpAnswer read)) return 0;
        int code = read.TryReadConnect(out _) ? 1 : 0;
        Check(read.Message.Length <= 512, "messages are cut");
        foreach (bool isV6 in new[] { false, true })
        {
            if (!read.TryReadAnnounce(isV6, 30, out AnnounceAnswer announce)) continue;
            Check(announce.Peers.Count <= 30 && announce.Peers.All(peer => peer.Port != 0), "peers are limited and have ports");
            Check(announce.Interval is null || announce.Interval > TimeSpan.Zero, "intervals are positive");
            code = code * 4 + Magnitude(announce.Peers.Count) + 2;
        }
        var entries = new ScrapeEntry[74];
        return code * 4 + Magnitude(read.ReadScrape(entries) + 1);
    }
}
