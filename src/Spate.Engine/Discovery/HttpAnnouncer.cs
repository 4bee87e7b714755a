using System.Net;
using System.Net.Sockets;
using Spate.Engine.Ports;
using Spate.Protocol;
using Spate.Protocol.Trackers;

namespace Spate.Engine.Discovery;

/// <summary>How a session announces over HTTP.</summary>
public sealed record HttpAnnouncerOptions
{
    /// <summary>Whether peers can reach us over IPv4.</summary>
    public bool IPv4 { get; init; } = true;

    /// <summary>Whether peers can reach us over IPv6: then a tracker with addresses of both families hears of both (BEP 7).</summary>
    public bool IPv6 { get; init; } = true;

    /// <summary>Time for one announce.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Peers taken from one answer at most.</summary>
    public int MaxPeers { get; init; } = 2000;

    /// <summary>Bytes of one unpacked answer at most.</summary>
    public int MaxAnswerBytes { get; init; } = 1 << 20;
}

/// <summary>Announces over HTTP and HTTPS (BEP 3, 7, 23, 24, 31, 48).</summary>
/// <remarks>
/// A .torrent is foreign text, so its tracker URLs are kept from reaching local services: nothing on this machine is asked unless
/// a part of the path begins with <c>announce</c>, and a URL that carries arguments of an announce already is refused.
/// </remarks>
public sealed class HttpAnnouncer(IHttpFetcher fetcher, NameCache names, TimeProvider time, HttpAnnouncerOptions? options = null) : ITrackerClient
{
    private static readonly string[] ours =
        ["info_hash", "peer_id", "port", "uploaded", "downloaded", "left", "event", "compact", "no_peer_id", "numwant", "trackerid"];

    private readonly HttpAnnouncerOptions options = options ?? new HttpAnnouncerOptions();

    /// <inheritdoc/>
    public bool CanReach(Uri tracker) => tracker.Scheme is "http" or "https";

    /// <inheritdoc/>
    public async ValueTask<AnnounceAnswer> AnnounceAsync(Uri tracker, AnnounceRequest request, CancellationToken cancellation)
    {
        Check(tracker);
        Uri url = UrlOf(HttpAnnounceQuery.AppendTo(tracker.AbsoluteUri, request), tracker);
        IReadOnlyList<IPAddress> addresses = await names.ResolveAsync(tracker.DnsSafeHost, cancellation);
        bool has4 = addresses.Any(a => a.AddressFamily == AddressFamily.InterNetwork);
        bool has6 = addresses.Any(a => a.AddressFamily == AddressFamily.InterNetworkV6);
        if (!(has4 && has6 && options.IPv4 && options.IPv6)) return await AskAsync(url, tracker, AddressFamily.Unspecified, cancellation);
        return await MergedAnswers.OfBothAsync(
            token => AskAsync(url, tracker, AddressFamily.InterNetwork, token),
            token => AskAsync(url, tracker, AddressFamily.InterNetworkV6, token), time, cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask<ScrapeEntry?[]> ScrapeAsync(Uri tracker, ReadOnlyMemory<Sha1Hash> infoHashes, CancellationToken cancellation)
    {
        Check(tracker);
        if (!HttpAnnounceQuery.TryMakeScrapeUrl(tracker.AbsoluteUri, out string scrapeUrl))
            throw new IOException($"The tracker {tracker.Host} can't be scraped: its URL does not end in \"announce\" (BEP 48).");
        Uri url = UrlOf(HttpAnnounceQuery.AppendTo(scrapeUrl, infoHashes.Span), tracker);
        HttpAnswer http = await FetchAsync(url, tracker, AddressFamily.Unspecified, cancellation);
        if (!HttpScrapeAnswer.TryRead(http.Body.Span, infoHashes.Length, out HttpScrapeAnswer answer, out string? error)) throw NoAnswer(tracker, http, error);
        if (answer.Failure is not null) throw new IOException($"The tracker {tracker.Host} refused to be scraped: {answer.Failure}");
        var result = new ScrapeEntry?[infoHashes.Length];
        for (int i = 0; i < result.Length; i++)
        {
            if (answer.Torrents.TryGetValue(infoHashes.Span[i], out ScrapeEntry entry)) result[i] = entry;
        }
        return result;
    }

    private async ValueTask<AnnounceAnswer> AskAsync(Uri url, Uri tracker, AddressFamily family, CancellationToken cancellation)
    {
        HttpAnswer http = await FetchAsync(url, tracker, family, cancellation);
        // Some trackers send their refusals with a status of 400 or 500: what counts is the content.
        return HttpAnnounceAnswer.TryRead(http.Body.Span, options.MaxPeers, out AnnounceAnswer answer, out string? error)
            ? answer : throw NoAnswer(tracker, http, error);
    }

    private ValueTask<HttpAnswer> FetchAsync(Uri url, Uri tracker, AddressFamily family, CancellationToken cancellation)
    {
        var request = new HttpRequest(url)
        {
            MaxBytes = options.MaxAnswerBytes,
            Timeout = options.Timeout,
            Family = family,
            Reach = tracker.AbsolutePath.Contains("/announce", StringComparison.Ordinal) ? HttpReach.Anywhere : HttpReach.NotThisMachine,
        };
        return fetcher.GetAsync(request, cancellation);
    }

    private static IOException NoAnswer(Uri tracker, HttpAnswer http, string? error) => http.Status == 200
        ? new IOException($"The tracker {tracker.Host} sent no valid answer: {error}")
        : new IOException($"The tracker {tracker.Host} answered with HTTP status {http.Status}.");

    private static Uri UrlOf(string text, Uri tracker) => Uri.TryCreate(text, UriKind.Absolute, out Uri? url)
        ? url : throw new IOException($"The URL of the tracker {tracker.Host} is too long.");

    private static void Check(Uri tracker)
    {
        foreach (string pair in tracker.Query.TrimStart('?').Split('&'))
        {
            int equals = pair.IndexOf('=');
            string key = Uri.UnescapeDataString(equals < 0 ? pair : pair[..equals]);
            if (Array.Exists(ours, o => o.Equals(key, StringComparison.OrdinalIgnoreCase)))
                throw new IOException($"The URL of the tracker {tracker.Host} is refused: it carries the announce argument \"{key}\" already.");
        }
    }
}
