using System.Text;
using Spate.Protocol;
using Spate.Protocol.Trackers;
using Spate.Tracker.Access;
using Spate.Tracker.Announcing;
using Spate.Tracker.Http;
using Spate.Tracker.Store;
using Spate.Tracker.Tests.Server;
using Spate.Tracker.Udp;

namespace Spate.Tracker.Tests.Store;

/// <summary>
/// Peers that come and go for hours, in time that the test lets pass: memory stays flat, and requests make no garbage, so that there is
/// nothing to pause for. <c>trackerbench soak</c> is the same by the clock, over the network and with a million peers.
/// </summary>
public class SoakTests
{
    private const int Peers = 30_000, Minutes = 240;

    [Fact]
    public void Memory_stays_flat_while_peers_come_and_go()
    {
        using var store = new SwarmStore(new StoreLimits(45 * 60, 45 * 60, 1L << 32), 8);
        var fast = new FastRandom(5);
        var random = new Random(5);
        int[] identity = [.. Enumerable.Range(0, Peers)];
        int next = Peers;
        long early = 0, late = 0;
        byte[] packed = new byte[30 * 6], hash = new byte[20];
        uint now = 1;
        for (int minute = 0; minute < Minutes; minute++)
        {
            // Each peer announces every half an hour; a quarter of them has gone by then, and others have come.
            for (int i = minute % 30; i < Peers; i += 30)
            {
                if (random.Next(4) == 0) identity[i] = next++;
                Announce(identity[i], random.Next(20) == 0 ? PeerRole.Seed : PeerRole.Leecher);
            }
            for (int second = 0; second < 60; second += 5) store.Sweep(now += 5);
            if (minute >= 90 && minute < 165) early = Math.Max(early, store.MemoryBytes);
            if (minute >= 165) late = Math.Max(late, store.MemoryBytes);
        }
        Assert.True(late <= early * 1.05, $"{early:N0} bytes became {late:N0}");
        Assert.InRange((int)store.Totals.Peers.Peers, Peers, Peers * 3 / 2); // those who went are counted for up to 45 minutes

        for (int i = 0; i < 600; i++) store.Sweep(now += 10);
        Assert.Equal(0, store.Totals.Torrents);
        Assert.True(store.MemoryBytes < late / 2, $"{store.MemoryBytes:N0} of {late:N0} bytes are left for nobody"); // records for torrents to come

        void Announce(int peer, PeerRole role)
        {
            // Some big swarms and many small ones.
            int torrent = peer % 3 == 0 ? peer % 7 : peer % 5000;
            BitConverter.TryWriteBytes(hash, Sha1Hash.Of(BitConverter.GetBytes(torrent)).GetHashCode());
            BitConverter.TryWriteBytes(hash.AsSpan(8), torrent);
            store.Announce(hash, new PeerV4(BitConverter.GetBytes(peer | 1 << 30), 99), role, false, 30, packed, default, now, ref fast, out _);
        }
    }

    [Fact]
    public void Requests_make_no_garbage()
    {
        using var store = new SwarmStore(new StoreLimits(1000, 1000, 1 << 28), 8);
        var options = new TrackerOptions { AnnouncesPerMinute = 1_000_000 };
        var desk = new AnnounceDesk(store, new TrackerClock(new SetTime()), options, new TorrentAccess(hasAllowList: false), null, null);
        var ids = new ConnectionIds(null);
        var udp = new UdpResponder(desk, ids, useCalendarTime: false);
        var http = new HttpResponder(desk);
        byte[] address = [10, 1, 2, 3], addressV6 = [0x20, 1, .. new byte[14]], answer = new byte[HttpResponder.MaxResponse];
        byte[] connect = new byte[16], announce = new byte[98], scrape = new byte[36];
        UdpRequestWriter.WriteConnect(connect, 1);
        UdpRequestWriter.WriteScrape(scrape, ids.Make(address, desk.Clock.NowSeconds), 1, [Sha1Hash.Of("t"u8)]);
        byte[] overHttp = Encoding.ASCII.GetBytes(
            $"GET {HttpAnnounceQuery.AppendTo("/announce", TestTracker.Request("t", 5))} HTTP/1.1\r\nHost: x\r\nUser-Agent: y\r\nAccept-Encoding: gzip\r\n\r\n");
        byte[] scrapeOverHttp = Encoding.ASCII.GetBytes($"GET {HttpAnnounceQuery.AppendTo("/scrape", [Sha1Hash.Of("t"u8)])} HTTP/1.1\r\n\r\n");
        AnnounceRequest[] requests = [.. Enumerable.Range(1, 100).Select(i => TestTracker.Request($"t{i % 3}", i, left: i % 2))];
        int answered = 0;
        for (int round = 0; round < 3; round++) // the first ones compile, and make peers known
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            answered = 0;
            for (int i = 0; i < 20_000; i++)
            {
                byte[] from = i % 2 == 0 ? address : addressV6;
                UdpRequestWriter.WriteAnnounce(announce, ids.Make(from, desk.Clock.NowSeconds), 7, requests[i % 100]);
                if (udp.Answer(connect, from, answer) == 16) answered++;
                if (udp.Answer(announce, from, answer) >= 20) answered++;
                if (udp.Answer(scrape, address, answer) == 20) answered++;
                HttpRequestHead.Parse(overHttp, out HttpRequestHead head);
                if (http.Answer(head, HttpTarget.Announce, from, answer) > 100) answered++;
                HttpRequestHead.Parse(scrapeOverHttp, out head);
                if (http.Answer(head, HttpTarget.Scrape, from, answer) > 100) answered++;
            }
            if (round == 2) Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        Assert.Equal(5 * 20_000, answered);
    }
}
