using System.Net;
using FsCheck;
using FsCheck.Fluent;
using Spate.Protocol;
using Spate.Protocol.Trackers;

namespace Spate.Tracker.Tests.Protocol;

public class UdpPacketTests
{
    private static readonly AnnounceRequest sample = new()
    {
        InfoHash = Sha1Hash.Of("torrent"u8),
        PeerId = new PeerId("-SP0100-abcdefghijkl"u8),
        Port = 6881,
        Uploaded = 1,
        Downloaded = 2,
        Left = long.MaxValue,
        Event = AnnounceEvent.Started,
        NumWant = 30,
        Key = 0xDEADBEEF,
    };

    [Fact]
    public void A_connect_request_has_the_bytes_of_BEP_15()
    {
        byte[] packet = new byte[16];
        Assert.Equal(16, UdpRequestWriter.WriteConnect(packet, 0x01020304));
        Assert.Equal("00000417271019800000000001020304", Convert.ToHexString(packet));
        Assert.True(UdpRequest.TryRead(packet, out UdpRequest request));
        Assert.True(request.IsConnect);
        Assert.Equal(0x01020304u, request.TransactionId);
    }

    [Fact]
    public void An_announce_comes_back_as_it_was_written()
    {
        byte[] packet = new byte[200];
        int length = UdpRequestWriter.WriteAnnounce(packet, 77, 88, sample, "/key/announce"u8);
        Assert.Equal(UdpRequestWriter.AnnounceSize(13), length);
        Assert.True(UdpRequest.TryRead(packet.AsSpan(0, length), out UdpRequest request));
        Assert.Equal((77ul, UdpTrackerAction.Announce, 88u), (request.ConnectionId, request.Action, request.TransactionId));
        Assert.True(request.TryReadAnnounce(out UdpAnnounce announce));
        Assert.Equal(sample.InfoHash, new Sha1Hash(announce.InfoHash));
        Assert.Equal(sample.PeerId, new PeerId(announce.PeerId));
        Assert.Equal((1ul, 2ul, (ulong)long.MaxValue), (announce.Uploaded, announce.Downloaded, announce.Left));
        Assert.Equal((AnnounceEvent.Started, 0xDEADBEEF, 30, (ushort)6881), (announce.Event, announce.Key, announce.NumWant, announce.Port));
        Assert.Equal(0u, announce.Address);
        Assert.True(UdpOptions.TryReadUrlData(announce.Options, default, out ReadOnlySpan<byte> urlData));
        Assert.Equal("/key/announce"u8, urlData);
    }

    [Fact]
    public void Offsets_are_those_of_BEP_15()
    {
        byte[] packet = new byte[98];
        UdpRequestWriter.WriteAnnounce(packet, 0x1122334455667788, 0x99AABBCC, sample);
        string hex = Convert.ToHexString(packet);
        Assert.StartsWith("112233445566778800000001" + "99AABBCC" + sample.InfoHash.ToString().ToUpperInvariant(), hex);
        Assert.EndsWith("0000000000000002" + "7FFFFFFFFFFFFFFF" + "0000000000000001" + "00000002" + "00000000" + "DEADBEEF" + "0000001E" + "1AE1", hex);
    }

    [Theory]
    [InlineData("020C2F6469723F613D6226633D64", "/dir?a=b&c=d")]                   // the examples of BEP 41
    [InlineData("020C2F6469723F613D6226633D64010100", "/dir?a=b&c=d")]
    [InlineData("0200", "")]
    [InlineData("", "")]
    [InlineData("00020161", "")]                                                   // nothing counts behind the end
    [InlineData("0101020161", "a")]
    [InlineData("7F0361616102016202016302016403", null)]                           // cut in the last option's length
    [InlineData("020261", null)]                                                   // longer than the packet
    [InlineData("02", null)]
    [InlineData("0201610301FF020162", "ab")]                                       // an unknown option between two parts
    public void Options_are_read_as_BEP_41_says(string hex, string? expected)
    {
        bool read = UdpOptions.TryReadUrlData(Convert.FromHexString(hex), new byte[64], out ReadOnlySpan<byte> urlData);
        Assert.Equal(expected is not null, read);
        if (read) Assert.Equal(expected, System.Text.Encoding.ASCII.GetString(urlData));
    }

    [Fact]
    public void Long_url_data_travels_in_chunks()
    {
        Prop.ForAll(Gen.Choose(0, 900).ToArbitrary(), length =>
        {
            byte[] data = new byte[length];
            new Random(length).NextBytes(data);
            byte[] options = new byte[UdpOptions.UrlDataSize(length)];
            return UdpOptions.WriteUrlData(options, data) == options.Length
                && UdpOptions.TryReadUrlData(options, new byte[1024], out ReadOnlySpan<byte> read) && read.SequenceEqual(data)
                && UdpOptions.TryReadUrlData(options, new byte[300], out _) == length <= 300 | length <= 255;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void An_announce_answer_comes_back_as_it_was_written()
    {
        byte[] packet = new byte[100];
        int length = UdpAnswerWriter.WriteAnnounceHeader(packet, 5, 1800, 3, 4);
        length += CompactPeers.Write(packet.AsSpan(length), IPEndPoint.Parse("1.2.3.4:5"));
        length += CompactPeers.Write(packet.AsSpan(length), IPEndPoint.Parse("[::ffff:6.7.8.9]:10"));
        Assert.True(UdpAnswer.TryRead(packet.AsSpan(0, length), out UdpAnswer answer));
        Assert.True(answer.TryReadAnnounce(isIPv6: false, 10, out AnnounceAnswer announce));
        Assert.Equal((TimeSpan.FromMinutes(30), 3, 4), (announce.Interval, announce.Leechers, announce.Seeders));
        Assert.Equal([IPEndPoint.Parse("1.2.3.4:5"), IPEndPoint.Parse("6.7.8.9:10")], announce.Peers);
        Assert.True(answer.TryReadAnnounce(isIPv6: false, 1, out announce));
        Assert.Single(announce.Peers);
    }

    [Fact]
    public void Peers_over_IPv6_have_eighteen_bytes_and_those_without_a_port_are_left_out()
    {
        byte[] packet = new byte[100];
        int length = UdpAnswerWriter.WriteAnnounceHeader(packet, 5, 1800, 3, 4);
        length += CompactPeers.Write(packet.AsSpan(length), IPEndPoint.Parse("[2001:db8::1]:5"));
        length += CompactPeers.Write(packet.AsSpan(length), IPEndPoint.Parse("[2001:db8::2]:0"));
        Assert.Equal(20 + 36, length);
        UdpAnswer.TryRead(packet.AsSpan(0, length + 7), out UdpAnswer answer); // and an incomplete third one
        Assert.True(answer.TryReadAnnounce(isIPv6: true, 10, out AnnounceAnswer announce));
        Assert.Equal([IPEndPoint.Parse("[2001:db8::1]:5")], announce.Peers);
    }

    [Fact]
    public void Scrapes_and_errors_come_back_as_they_were_written()
    {
        Sha1Hash[] hashes = [.. Enumerable.Range(0, 74).Select(i => Sha1Hash.Of(BitConverter.GetBytes(i)))];
        byte[] packet = new byte[1600];
        int length = UdpRequestWriter.WriteScrape(packet, 1, 2, hashes);
        Assert.Equal(16 + 74 * 20, length);
        Assert.Throws<ArgumentException>(() => UdpRequestWriter.WriteScrape(packet, 1, 2, new Sha1Hash[75]));
        UdpRequest.TryRead(packet.AsSpan(0, length + 9), out UdpRequest request);
        Assert.Equal(74 * 20, request.ScrapeHashes.Length);
        Assert.Equal(hashes[73], new Sha1Hash(request.ScrapeHashes[^20..]));

        length = UdpAnswerWriter.WriteScrapeHeader(packet, 2);
        length += UdpAnswerWriter.WriteScrapeEntry(packet.AsSpan(length), new ScrapeEntry(1, 2, 3));
        length += UdpAnswerWriter.WriteScrapeEntry(packet.AsSpan(length), new ScrapeEntry(4, 5, 6));
        UdpAnswer.TryRead(packet.AsSpan(0, length), out UdpAnswer answer);
        var entries = new ScrapeEntry[5];
        Assert.Equal(2, answer.ReadScrape(entries));
        Assert.Equal([new ScrapeEntry(1, 2, 3), new ScrapeEntry(4, 5, 6)], entries[..2]);

        length = UdpAnswerWriter.WriteError(packet.AsSpan(0, 12), 9, "too long for it"u8);
        UdpAnswer.TryRead(packet.AsSpan(0, length), out answer);
        Assert.Equal((UdpTrackerAction.Error, "too "), (answer.Action, answer.Message));
        Assert.True(answer.TryReadAnnounce(false, 10, out AnnounceAnswer failure));
        Assert.Equal("too ", failure.Failure);
    }

    [Fact]
    public void Nothing_that_may_arrive_throws()
    {
        var random = new Random(4);
        byte[] packet = new byte[1600], scratch = new byte[64];
        var entries = new ScrapeEntry[74];
        for (int i = 0; i < 20_000; i++)
        {
            int length = random.Next(0, 300);
            random.NextBytes(packet.AsSpan(0, length));
            if (length >= 12 && random.Next(2) == 0) packet.AsSpan(random.Next(2) * 8, 3).Clear(); // more often a known action
            var bytes = packet.AsSpan(0, length);
            if (UdpRequest.TryRead(bytes, out UdpRequest request))
            {
                _ = request.ScrapeHashes.Length;
                if (request.TryReadAnnounce(out UdpAnnounce announce))
                {
                    Assert.InRange((int)announce.Event, 0, 4);
                    UdpOptions.TryReadUrlData(announce.Options, scratch, out _);
                }
            }
            if (UdpAnswer.TryRead(bytes, out UdpAnswer answer))
            {
                answer.TryReadConnect(out _);
                if (answer.TryReadAnnounce(random.Next(2) == 0, 20, out AnnounceAnswer read)) Assert.True(read.Peers.Count <= 20);
                Assert.InRange(answer.ReadScrape(entries), -1, 74);
                Assert.NotNull(answer.Message);
            }
        }
    }
}
