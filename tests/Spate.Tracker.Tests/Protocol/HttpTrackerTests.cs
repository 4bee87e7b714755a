using System.Net;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Spate.Protocol;
using Spate.Protocol.Trackers;

namespace Spate.Tracker.Tests.Protocol;

public class HttpTrackerTests
{
    private static AnnounceRequest Request(byte[] random) => new()
    {
        InfoHash = Sha1Hash.Of(random),
        PeerId = new PeerId(Sha1Hash.Of([.. random, 1]).AsSpan()),
        Port = (ushort)(random.Length * 7 + 1),
        Uploaded = random.Length * 1_000_000_000_000L,
        Downloaded = 17,
        Left = 5,
        Event = (AnnounceEvent)(random.Length % 5),
        NumWant = random.Length % 3 == 0 ? null : 40,
        Key = 0xA1B2C3D4,
        TrackerId = random,
    };

    [Fact]
    public void What_the_client_writes_the_server_reads()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), random =>
        {
            AnnounceRequest request = Request(random ?? []);
            string url = HttpAnnounceQuery.AppendTo("http://[::1]:6969/announce", request);
            Assert.StartsWith("http://[::1]:6969/announce?info_hash=", url);
            Assert.Equal(url, new Uri(url).AbsoluteUri); // passes an HTTP client unchanged
            byte[] query = Encoding.ASCII.GetBytes(url[(url.IndexOf('?') + 1)..]);
            Assert.Equal(AnnounceQueryError.None, AnnounceQuery.Read(query, out AnnounceQuery read));
            Assert.Equal((request.InfoHash, request.PeerId, request.Port), (read.InfoHash, read.PeerId, read.Port));
            Assert.Equal(((ulong)request.Uploaded, 17ul, 5ul), (read.Uploaded, read.Downloaded, read.Left));
            Assert.Equal((request.Event, request.NumWant ?? -1), (read.Event, read.NumWant));
            Assert.True(read.Compact && read.NoPeerId);
            Assert.Equal("A1B2C3D4"u8, read.Key);
            byte[] id = new byte[request.TrackerId.Length];
            Assert.Equal(id.Length, PercentEncoding.Decode(read.TrackerId, id));
            Assert.Equal(request.TrackerId.ToArray(), id);
            return true;
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("http://t/announce?passkey=x", "http://t/announce?passkey=x&info_hash=")]
    [InlineData("http://t/announce?", "http://t/announce?info_hash=")]
    [InlineData("http://t/announce?a=1&", "http://t/announce?a=1&info_hash=")]
    [InlineData("http://t/announce#f?", "http://t/announce?info_hash=")]
    [InlineData("http://t/announce?a#f", "http://t/announce?a&info_hash=")]
    public void A_query_that_is_there_is_kept(string url, string expected) =>
        Assert.StartsWith(expected, HttpAnnounceQuery.AppendTo(url, Request([1])));

    [Theory]
    [InlineData("http://example.com/announce", "http://example.com/scrape")]
    [InlineData("http://example.com/x/announce", "http://example.com/x/scrape")]
    [InlineData("http://example.com/announce.php", "http://example.com/scrape.php")]
    [InlineData("http://example.com/announce?x2%0644", "http://example.com/scrape?x2%0644")]
    [InlineData("http://example.com/announce?x=2/4", "http://example.com/scrape?x=2/4")]
    [InlineData("http://example.com/a", null)]
    [InlineData("http://example.com/x%064announce", null)]
    [InlineData("http://example.com/announce/x", null)]
    [InlineData("announce", null)]
    [InlineData("", null)]
    [InlineData("?", null)]
    public void The_scrape_url_follows_from_the_announce_url(string announce, string? scrape)
    {
        Assert.Equal(scrape is not null, HttpAnnounceQuery.TryMakeScrapeUrl(announce, out string made));
        if (scrape is not null) Assert.Equal(scrape, made);
    }

    private const string Hash = "info_hash=%61aaaaaaaaaaaaaaaaaaa", Id = "peer_id=-SP0100-%00%ff%2b+.~-_abc2";

    [Theory]
    [InlineData(Hash + "&" + Id + "&port=1", AnnounceQueryError.None)]
    [InlineData("&&x&=&=y&" + Hash + "&&" + Id + "&port=1&", AnnounceQueryError.None)]
    [InlineData("", AnnounceQueryError.InfoHashMissing)]
    [InlineData(Id + "&port=1", AnnounceQueryError.InfoHashMissing)]
    [InlineData(Hash + "&port=1", AnnounceQueryError.PeerIdMissing)]
    [InlineData(Hash + "&" + Id, AnnounceQueryError.PortMissing)]
    [InlineData(Hash + "&" + Id + "&port=65536", AnnounceQueryError.PortInvalid)]
    [InlineData(Hash + "&" + Id + "&port=-1", AnnounceQueryError.PortInvalid)]
    [InlineData(Hash + "&" + Id + "&port=", AnnounceQueryError.PortInvalid)]
    [InlineData(Hash + "&" + Id + "&port=1&port=1", AnnounceQueryError.PortTwice)]
    [InlineData(Hash + "&" + Hash, AnnounceQueryError.InfoHashTwice)]
    [InlineData(Id + "&" + Id, AnnounceQueryError.PeerIdTwice)]
    [InlineData("info_hash=aaaaaaaaaaaaaaaaaaa", AnnounceQueryError.InfoHashInvalid)]
    [InlineData("info_hash=aaaaaaaaaaaaaaaaaaaaa", AnnounceQueryError.InfoHashInvalid)]
    [InlineData("info_hash=aaaaaaaaaaaaaaaaaaa%", AnnounceQueryError.InfoHashInvalid)]
    [InlineData("info_hash=aaaaaaaaaaaaaaaaaaa%6", AnnounceQueryError.InfoHashInvalid)]
    [InlineData("info_hash=aaaaaaaaaaaaaaaaaaa%6g", AnnounceQueryError.InfoHashInvalid)]
    [InlineData("info_hash=aaaaaaaaaaaaaaaaaaa%g6", AnnounceQueryError.InfoHashInvalid)]
    [InlineData("peer_id=a", AnnounceQueryError.PeerIdInvalid)]
    [InlineData("uploaded=99999999999999999999", AnnounceQueryError.UploadedInvalid)]
    [InlineData("downloaded=1e3", AnnounceQueryError.DownloadedInvalid)]
    public void A_bad_query_is_refused_by_name(string query, AnnounceQueryError expected)
    {
        Assert.Equal(expected, AnnounceQuery.Read(Encoding.ASCII.GetBytes(query), out _));
        Assert.False(expected.Reason().IsEmpty);
    }

    [Fact]
    public void What_clients_get_wrong_without_harm_is_taken()
    {
        string query = $"{Hash}&{Id}&port=1&left=-1&numwant=-1&compact=0&event=foo&event=stopped&ip=1.2.3.4&unknown=%zz";
        Assert.Equal(AnnounceQueryError.None, AnnounceQuery.Read(Encoding.ASCII.GetBytes(query), out AnnounceQuery read));
        Assert.Equal(ulong.MaxValue, read.Left);
        Assert.Equal((-1, false, AnnounceEvent.Stopped), (read.NumWant, read.Compact, read.Event));
        Assert.Equal("-SP0100-\0\u00ff+ .~-_abc2", Encoding.Latin1.GetString(read.PeerId.AsSpan()));
        Assert.Equal("1.2.3.4"u8, read.Ip);
    }

    [Fact]
    public void A_compact_answer_comes_back_as_it_was_written()
    {
        byte[] body = new byte[1000];
        var writer = new HttpAnswerWriter(body);
        byte[] peers = [1, 2, 3, 4, 0, 5, 6, 7, 8, 9, 0, 0], peers6 = new byte[18];
        peers6[0] = 0x20;
        peers6[17] = 3;
        writer.WriteCompactAnnounce(new HttpAnnounceCounts(1, 2, 3, 1800, 900), [9, 8, 7, 6], peers, peers6, "id"u8, "warn"u8);
        Assert.True(HttpAnnounceAnswer.TryRead(body.AsSpan(0, writer.Length), 100, out AnnounceAnswer answer, out string? error), error);
        Assert.Equal((1, 2, 3), (answer.Seeders, answer.Leechers, answer.Downloaded));
        Assert.Equal((TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(15)), (answer.Interval, answer.MinInterval));
        Assert.Equal(IPAddress.Parse("9.8.7.6"), answer.ExternalAddress);
        Assert.Equal([IPEndPoint.Parse("1.2.3.4:5"), IPEndPoint.Parse("[2000::]:3")], answer.Peers);
        Assert.Equal(("warn", "id"), (answer.Warning, Encoding.ASCII.GetString(answer.TrackerId.Span)));
        Assert.Null(answer.Failure);
        // Bencode wants sorted keys, and a strict reader sees to it.
        Assert.True(Spate.Protocol.Bencode.BencodeReader.TryOpen(body.AsSpan(0, writer.Length), Spate.Protocol.Bencode.BencodeLimits.Dht, out _, out var fault), fault.ToString());
    }

    [Fact]
    public void A_dictionary_answer_comes_back_as_it_was_written()
    {
        byte[] body = new byte[1000], v6 = new byte[16];
        v6[15] = 1;
        var writer = new HttpAnswerWriter(body);
        writer.BeginDictionaryAnnounce(new HttpAnnounceCounts(1, 2, 3, 1800, 900), v6);
        writer.WriteDictionaryPeer([1, 2, 3, 4], 5, "-SP0100-abcdefghijkl"u8);
        writer.WriteDictionaryPeer(v6, 6, default);
        writer.EndDictionaryAnnounce();
        Assert.True(HttpAnnounceAnswer.TryRead(body.AsSpan(0, writer.Length), 100, out AnnounceAnswer answer, out _));
        Assert.Equal([IPEndPoint.Parse("1.2.3.4:5"), IPEndPoint.Parse("[::1]:6")], answer.Peers);
        Assert.Equal(IPAddress.IPv6Loopback, answer.ExternalAddress);
        Assert.True(Spate.Protocol.Bencode.BencodeReader.TryOpen(body.AsSpan(0, writer.Length), Spate.Protocol.Bencode.BencodeLimits.Dht, out _, out var fault), fault.ToString());
    }

    [Theory]
    [InlineData("d14:failure reason3:bad8:retry in1:5e", "bad", 5)]
    [InlineData("d14:failure reason3:bad8:retry ini7ee", "bad", 7)]
    [InlineData("d14:failure reason3:bad8:retry in5:nevere", "bad", -1)]
    [InlineData("d14:failure reason3:bad8:retry in4:soone", "bad", null)]
    [InlineData("d14:failure reasoni5ee", "no reason given", null)]
    public void Failures_say_when_to_come_back(string text, string reason, int? minutes)
    {
        Assert.True(HttpAnnounceAnswer.TryRead(Encoding.ASCII.GetBytes(text), 10, out AnnounceAnswer answer, out _));
        Assert.Equal(reason, answer.Failure);
        Assert.Equal(minutes is null ? null : minutes < 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromMinutes(minutes.Value), answer.RetryIn);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("<html>", "not bencode")]
    [InlineData("le", "not a dictionary")]
    [InlineData("d3:fooi1ee", "neither")]
    [InlineData("d5:peers12:abc", "not bencode")]
    public void What_is_no_answer_is_told_apart(string text, string reason)
    {
        Assert.False(HttpAnnounceAnswer.TryRead(Encoding.ASCII.GetBytes(text), 10, out _, out string? error));
        Assert.Contains(reason, error);
    }

    [Fact]
    public void A_careless_answer_still_gives_its_peers()
    {
        // Keys out of order, wrong types, a host name, ports out of range, a line break at the end.
        string text = "d5:peersld2:ip7:1.2.3.44:porti5eed2:ip9:localhost4:porti5eed2:ip7:1.2.3.44:porti0eed2:ip7:1.2.3.54:porti99999ee"
            + "i3ee8:intervali-5e8:completele12:min interval3:abc11:external ip3:abce\n";
        Assert.True(HttpAnnounceAnswer.TryRead(Encoding.ASCII.GetBytes(text), 10, out AnnounceAnswer answer, out string? error), error);
        Assert.Equal([IPEndPoint.Parse("1.2.3.4:5")], answer.Peers);
        Assert.Equal((null, null, null), (answer.Interval, answer.Seeders, answer.ExternalAddress));
    }

    [Fact]
    public void No_more_peers_are_taken_than_asked_for()
    {
        byte[] packed = new byte[6 * 1000];
        Array.Fill(packed, (byte)1);
        byte[] text = [.. "d5:peers6000:"u8, .. packed, (byte)'e'];
        Assert.True(HttpAnnounceAnswer.TryRead(text, 7, out AnnounceAnswer answer, out _));
        Assert.Equal(7, answer.Peers.Count);
    }

    [Fact]
    public void Scrapes_come_back_as_they_were_written()
    {
        Sha1Hash a = Sha1Hash.Of("a"u8), b = Sha1Hash.Of("b"u8);
        string url = HttpAnnounceQuery.AppendTo("http://t/scrape", [a, b]);
        var hashes = new Sha1Hash[5];
        byte[] query = Encoding.ASCII.GetBytes(url[(url.IndexOf('?') + 1)..]);
        Assert.Equal(2, ScrapeQuery.Read(query, hashes));
        Assert.Equal([a, b], hashes[..2]);
        Assert.Equal(1, ScrapeQuery.Read(query, hashes.AsSpan(0, 1)));
        Assert.Equal(-1, ScrapeQuery.Read("info_hash=abc"u8, hashes));

        byte[] body = new byte[1000];
        var writer = new HttpAnswerWriter(body);
        writer.BeginScrape();
        writer.WriteScrapeEntry(a.AsSpan(), new ScrapeEntry(1, 2, 3, 4));
        writer.WriteScrapeEntry(b.AsSpan(), new ScrapeEntry(5, 6, 7));
        writer.EndScrape(120);
        Assert.True(HttpScrapeAnswer.TryRead(body.AsSpan(0, writer.Length), 10, out HttpScrapeAnswer answer, out string? error), error);
        Assert.Equal(new ScrapeEntry(1, 2, 3, 4), answer.Torrents[a]);
        Assert.Equal(new ScrapeEntry(5, 6, 7), answer.Torrents[b]);
        Assert.Equal(TimeSpan.FromMinutes(2), answer.MinInterval);
        Assert.True(HttpScrapeAnswer.TryRead(body.AsSpan(0, writer.Length), 1, out answer, out _));
        Assert.Single(answer.Torrents);
        Assert.True(HttpScrapeAnswer.TryRead("d14:failure reason2:noe"u8, 1, out answer, out _));
        Assert.Equal("no", answer.Failure);
        Assert.False(HttpScrapeAnswer.TryRead("d3:fooi1ee"u8, 1, out _, out error));
    }

    [Fact]
    public void Nothing_that_may_arrive_throws()
    {
        var random = new Random(4);
        string[] parts = ["info_hash=", "peer_id=", "port=", "&", "=", "%", "%6", "%61", "aaaaaaaaaaaaaaaaaaaa", "+", "1", "event=", "left=", "started",
            "d", "e", "5:peers", "6:peers6", "l", "i5e", "2:ip", "7:1.2.3.4", "4:port", "3:abc", "14:failure reason", "8:retry in", "5:never", "\0", "5:files", "20:aaaaaaaaaaaaaaaaaaaa"];
        var hashes = new Sha1Hash[10];
        for (int i = 0; i < 30_000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(20)).Select(_ => parts[random.Next(parts.Length)]));
            byte[] bytes = Encoding.Latin1.GetBytes(text);
            AnnounceQuery.Read(bytes, out _);
            ScrapeQuery.Read(bytes, hashes);
            HttpAnnounceAnswer.TryRead(bytes, 10, out _, out _);
            HttpScrapeAnswer.TryRead(bytes, 10, out _, out _);
            HttpAnnounceQuery.TryMakeScrapeUrl(text, out _);
            HttpAnnounceQuery.AppendTo(text, Request([1]));
        }
    }
}
