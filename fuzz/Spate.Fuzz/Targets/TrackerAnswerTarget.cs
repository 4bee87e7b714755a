using System.Text;
using Spate.Protocol;
using Spate.Protocol.Trackers;
using static Spate.Fuzz.Targets.Documents;

namespace Spate.Fuzz.Targets;

/// <summary>What an HTTP tracker answers to a client: announce and scrape.</summary>
internal sealed class TrackerAnswerTarget : FuzzTarget
{
    public override string Name => "trackeranswer";

    public override bool IsBencode => true;

    public override IReadOnlyList<byte[]> Words { get; } =
    [
        .. new[]
        {
            "peers", "peers6", "ip", "port", "peer id", "interval", "min interval", "complete", "incomplete", "downloaded", "failure reason", "retry in", "never",
            "warning message", "tracker id", "external ip", "files", "flags", "min_request_interval", "downloaders", "1.2.3.4", "::1", "aaaaaaaaaaaaaaaaaaaa",
        }.Select(Bytes),
    ];

    public override IEnumerable<byte[]> Seeds()
    {
        yield return Bytes("d8:completei1e11:external ip4:abcd10:incompletei2e8:intervali1800e12:min intervali60e5:peers12:abcdefghijkl6:peers618:abcdefghijklmnopqre");
        yield return Bytes("d8:intervali1800e5:peersld2:ip7:1.2.3.47:peer id20:aaaaaaaaaaaaaaaaaaaa4:porti5eed2:ip3:::14:porti6eeee");
        yield return Bytes("d14:failure reason3:bad8:retry in5:nevere");
        yield return Bytes("d14:failure reason3:bad8:retry ini5e15:warning message3:odd10:tracker id2:ide");
        yield return Bytes("d5:filesd20:aaaaaaaaaaaaaaaaaaaad8:completei1e10:downloadedi2e11:downloadersi3e10:incompletei4eee5:flagsd20:min_request_intervali60eee");
    }

    public override int Run(ReadOnlySpan<byte> input)
    {
        int code = 0;
        if (HttpAnnounceAnswer.TryRead(input, 20, out AnnounceAnswer answer, out string? error))
        {
            Check(answer.Peers.Count <= 20 && answer.Peers.All(peer => peer.Port is > 0 and < 65536), "peers are limited and have ports");
            Check(answer.Interval is null || answer.Interval > TimeSpan.Zero, "intervals are positive");
            Check(answer.RetryIn is null || answer.RetryIn >= TimeSpan.Zero || answer.RetryIn == Timeout.InfiniteTimeSpan, "a time to come back is none that has passed");
            Check((answer.Failure?.Length ?? 0) <= 1024 && (answer.Warning?.Length ?? 0) <= 1024 && answer.TrackerId.Length <= 1024, "texts are limited");
            // What is sent back must come through our own server's reader.
            var request = new AnnounceRequest { InfoHash = Sha1Hash.Of(input), PeerId = default, Port = 1, TrackerId = answer.TrackerId };
            string url = HttpAnnounceQuery.AppendTo("http://t/announce", request);
            Check(AnnounceQuery.Read(Encoding.ASCII.GetBytes(url[(url.IndexOf('?') + 1)..]), out _) == AnnounceQueryError.None, "we read what we write");
            code = 1 + Magnitude(answer.Peers.Count) + (answer.Failure is null ? 0 : 8) + (answer.RetryIn is null ? 0 : 16) + (answer.ExternalAddress is null ? 0 : 32)
                + (answer.Seeders is null ? 0 : 64) + (answer.Interval is null ? 0 : 128) + (answer.Warning is null ? 0 : 256) + (answer.TrackerId.IsEmpty ? 0 : 512);
        }
        else Check(error!.Length > 0, "an error says something");
        if (HttpScrapeAnswer.TryRead(input, 5, out HttpScrapeAnswer scrape, out error))
        {
            Check(scrape.Torrents.Count <= 5, "torrents are limited");
            Check(scrape.Torrents.Values.All(t => t.Seeders >= 0 && t.Leechers >= 0 && t.Completed >= 0 && t.Downloaders is null or >= 0), "counts are counts");
            code += 1024 * (1 + scrape.Torrents.Count) + (scrape.MinInterval is null ? 0 : 16384);
        }
        else Check(error!.Length > 0, "an error says something");
        return code;
    }
}
