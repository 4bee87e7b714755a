using System.Net;
using System.Net.Sockets;
using System.Text;
using Spate.Engine.Discovery;
using Spate.Engine.Ports;
using Spate.Protocol;
using Spate.Protocol.Trackers;

namespace Spate.Engine.Tests.Discovery;

public class HttpAnnouncerTests
{
    private readonly TestWorld world = new();
    private readonly Fetcher fetcher = new();
    private IPAddress[] addresses = [IPAddress.Parse("203.0.113.1")];

    [Fact]
    public async Task Announces_and_reads_the_answer()
    {
        fetcher.Body = Latin1("d8:completei3e11:external ip4:\u00cb\u0000q\u000510:incompletei4e8:intervali1800e5:peers6:\u00c63d\u0007\u001a\u00e1e");
        AnnounceAnswer answer = await Announce("http://tracker.example/pass/announce?x=1");
        Assert.Equal("198.51.100.7:6881", answer.Peers.Single().ToString());
        Assert.Equal("203.0.113.5", answer.ExternalAddress!.ToString());
        Assert.Equal((3, 4, TimeSpan.FromSeconds(1800)), (answer.Seeders, answer.Leechers, answer.Interval));

        HttpRequest request = fetcher.Requests.Single();
        Assert.StartsWith("http://tracker.example/pass/announce?x=1&info_hash=", request.Address.AbsoluteUri);
        Assert.Contains("event=started", request.Address.Query);
        Assert.Contains("compact=1", request.Address.Query);
        Assert.Equal(HttpReach.Anywhere, request.Reach);
        Assert.Equal(1 << 20, request.MaxBytes);
    }

    [Fact]
    public async Task The_hash_arrives_as_it_is()
    {
        byte[] every = [0, 1, 0x20, 0x25, 0x2b, 0x2e, 0x2f, 0x3a, 0x41, 0x5b, 0x7e, 0x7f, 0x80, 0xc3, 0xa4, 0xe2, 0x82, 0xac, 0xfe, 0xff];
        await new HttpAnnouncer(fetcher, Names(), world).AnnounceAsync(new Uri("http://t/announce"), Request() with { InfoHash = new Sha1Hash(every) }, default);
        byte[] query = Encoding.ASCII.GetBytes(fetcher.Requests.Single().Address.Query[1..]);
        Assert.Equal(AnnounceQueryError.None, AnnounceQuery.Read(query, out AnnounceQuery read));
        Assert.Equal(every, read.InfoHash.AsSpan().ToArray());
    }

    [Theory]
    [InlineData("http://tracker.example/announce?info_hash=abc", "info_hash")]
    [InlineData("http://tracker.example/announce?a=1&PEER_ID=abc", "peer_id")]
    [InlineData("http://tracker.example/announce?%70ort=1", "port")]
    public async Task Urls_that_carry_announce_arguments_are_refused(string url, string argument)
    {
        IOException error = await Assert.ThrowsAsync<IOException>(async () => await Announce(url));
        Assert.Contains(argument, error.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Empty(fetcher.Requests);
    }

    [Fact]
    public async Task Other_paths_may_not_reach_this_machine()
    {
        await Announce("http://tracker.example/cgi-bin/reboot");
        Assert.Equal(HttpReach.NotThisMachine, fetcher.Requests.Single().Reach);
    }

    [Fact]
    public async Task A_refusal_with_an_error_status_is_still_an_answer()
    {
        (fetcher.Status, fetcher.Body) = (403, Latin1("d14:failure reason9:forbidden8:retry in5:nevere"));
        AnnounceAnswer answer = await Announce("http://t/announce");
        Assert.Equal("forbidden", answer.Failure);
        Assert.Equal(Timeout.InfiniteTimeSpan, answer.RetryIn);
    }

    [Theory]
    [InlineData(404, "<html>", "The tracker t answered with HTTP status 404.")]
    [InlineData(200, "<html>", "The tracker t sent no valid answer: ")]
    public async Task Other_content_is_an_error_for_people(int status, string body, string expected)
    {
        (fetcher.Status, fetcher.Body) = (status, Latin1(body));
        IOException error = await Assert.ThrowsAsync<IOException>(async () => await Announce("http://t/announce?secret=1"));
        Assert.StartsWith(expected, error.Message);
        Assert.DoesNotContain("secret", error.Message);
    }

    [Fact]
    public async Task A_tracker_with_both_families_hears_of_both()
    {
        addresses = [IPAddress.Parse("203.0.113.1"), IPAddress.Parse("2001:db8::1")];
        await Announce("http://t/announce");
        Assert.Equal([AddressFamily.InterNetwork, AddressFamily.InterNetworkV6], fetcher.Requests.Select(r => r.Family));
        Assert.Equal(fetcher.Requests[0].Address, fetcher.Requests[1].Address);
    }

    [Fact]
    public async Task One_family_that_fails_is_hidden_by_the_other()
    {
        addresses = [IPAddress.Parse("203.0.113.1"), IPAddress.Parse("2001:db8::1")];
        fetcher.Fails = r => r.Family == AddressFamily.InterNetworkV6;
        Assert.Null((await Announce("http://t/announce")).Failure);
        fetcher.Fails = _ => true;
        await Assert.ThrowsAsync<IOException>(async () => await Announce("http://t/announce"));
    }

    [Fact]
    public async Task Scrapes()
    {
        Sha1Hash a = Sha1Hash.Of("a"u8), b = Sha1Hash.Of("b"u8);
        fetcher.Body = [.. Latin1("d5:filesd20:"), .. a.AsSpan(), .. Latin1("d8:completei11e10:downloadedi13e10:incompletei19eeee")];
        var announcer = new HttpAnnouncer(fetcher, Names(), world);
        ScrapeEntry?[] counts = await announcer.ScrapeAsync(new Uri("http://t/x/announce.php?p=1"), new[] { a, b }, default);
        Assert.Equal(new ScrapeEntry(11, 13, 19), counts[0]);
        Assert.Null(counts[1]);
        Assert.StartsWith("http://t/x/scrape.php?p=1&info_hash=", fetcher.Requests.Single().Address.AbsoluteUri);
        await Assert.ThrowsAsync<IOException>(async () => await announcer.ScrapeAsync(new Uri("http://t/a"), new[] { a }, default));
    }

    private static byte[] Latin1(string text) => Encoding.Latin1.GetBytes(text);

    private NameCache Names() => new((_, _) => new(addresses), world);

    private async Task<AnnounceAnswer> Announce(string url) =>
        await new HttpAnnouncer(fetcher, Names(), world).AnnounceAsync(new Uri(url), Request(), default);

    private static AnnounceRequest Request() => new()
    {
        InfoHash = Sha1Hash.Of("torrent"u8), PeerId = PeerId.Create("0100", new byte[12]), Port = 6881, Event = AnnounceEvent.Started,
    };

    private sealed class Fetcher : IHttpFetcher
    {
        public List<HttpRequest> Requests { get; } = [];

        public int Status { get; set; } = 200;

        public byte[] Body { get; set; } = Latin1("d8:intervali60e5:peers0:e");

        public Func<HttpRequest, bool> Fails { get; set; } = _ => false;

        public ValueTask<HttpAnswer> GetAsync(HttpRequest request, CancellationToken cancellation)
        {
            Requests.Add(request);
            return Fails(request) ? throw new IOException("unreachable") : new(new HttpAnswer(Status, Body, request.Address));
        }
    }
}
