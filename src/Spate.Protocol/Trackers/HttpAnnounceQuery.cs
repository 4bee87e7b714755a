using System.Globalization;
using System.Text;

namespace Spate.Protocol.Trackers;

/// <summary>Makes the URLs with which a client asks an HTTP tracker (BEP 3, 23, 48).</summary>
public static class HttpAnnounceQuery
{
    /// <summary>
    /// The announce URL with the request as its query, behind the query that it has already (a passkey, say). A fragment is dropped.
    /// </summary>
    public static string AppendTo(string announceUrl, AnnounceRequest request)
    {
        StringBuilder url = Open(announceUrl);
        url.Append("info_hash=");
        PercentEncoding.Append(url, request.InfoHash.AsSpan());
        url.Append("&peer_id=");
        PercentEncoding.Append(url, request.PeerId.AsSpan());
        url.Append(CultureInfo.InvariantCulture, $"&port={request.Port}&uploaded={request.Uploaded}");
        url.Append(CultureInfo.InvariantCulture, $"&downloaded={request.Downloaded}&left={request.Left}");
        if (request.Event != AnnounceEvent.None) url.Append("&event=").Append(NameOf(request.Event));
        url.Append("&compact=1&no_peer_id=1");
        if (request.NumWant is int wanted) url.Append(CultureInfo.InvariantCulture, $"&numwant={wanted}");
        url.Append("&key=").Append(request.Key.ToString("X8", CultureInfo.InvariantCulture));
        if (!request.TrackerId.IsEmpty)
        {
            url.Append("&trackerid=");
            PercentEncoding.Append(url, request.TrackerId.Span);
        }
        return url.ToString();
    }

    /// <summary>The scrape URL with the torrents as its query.</summary>
    public static string AppendTo(string scrapeUrl, ReadOnlySpan<Sha1Hash> infoHashes)
    {
        StringBuilder url = Open(scrapeUrl);
        for (int i = 0; i < infoHashes.Length; i++)
        {
            url.Append(i == 0 ? "info_hash=" : "&info_hash=");
            PercentEncoding.Append(url, infoHashes[i].AsSpan());
        }
        return url.ToString();
    }

    /// <summary>
    /// The scrape URL that belongs to an announce URL (BEP 48): the last part of the path has <c>scrape</c> where it had
    /// <c>announce</c>. False when that part does not begin with <c>announce</c>: such a tracker can't be scraped.
    /// </summary>
    public static bool TryMakeScrapeUrl(string announceUrl, out string scrapeUrl)
    {
        const string announce = "announce";
        int end = announceUrl.AsSpan().IndexOfAny('?', '#');
        if (end < 0) end = announceUrl.Length;
        int slash = announceUrl.LastIndexOf('/', end - 1 < 0 ? 0 : end - 1);
        scrapeUrl = "";
        if (slash < 0 || !announceUrl.AsSpan(slash + 1, end - slash - 1).StartsWith(announce)) return false;
        scrapeUrl = string.Concat(announceUrl.AsSpan(0, slash + 1), "scrape", announceUrl.AsSpan(slash + 1 + announce.Length));
        return true;
    }

    private static StringBuilder Open(string baseUrl)
    {
        int fragment = baseUrl.IndexOf('#');
        var url = new StringBuilder(baseUrl, 0, fragment < 0 ? baseUrl.Length : fragment, 512);
        int query = baseUrl.IndexOf('?');
        bool hasQuery = query >= 0 && (fragment < 0 || query < fragment);
        if (!hasQuery) url.Append('?');
        else if (url[^1] is not '?' and not '&') url.Append('&');
        return url;
    }

    private static string NameOf(AnnounceEvent value) => value switch
    {
        AnnounceEvent.Started => "started",
        AnnounceEvent.Completed => "completed",
        AnnounceEvent.Stopped => "stopped",
        AnnounceEvent.Paused => "paused",
        _ => "",
    };
}
