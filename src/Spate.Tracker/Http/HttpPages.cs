namespace Spate.Tracker.Http;

/// <summary>Everything that is neither announce nor scrape: what to show for a path.</summary>
internal sealed class HttpPages(Func<TrackerStatus> status)
{
    public HttpPage Answer(HttpPageRequest request)
    {
        if (request.Method is not ("GET" or "HEAD")) return HttpPage.Text(405, "only GET is served here") with { Headers = "Allow: GET, HEAD\r\n" };
        return request.Path switch
        {
            "/" or "/stats" => StatusPage.Render(status()),
            "/stats.json" => HttpPage.Json(200, StatusJson.Write(status())),
            "/metrics" => MetricsPage.Render(status()),
            _ => HttpPage.Text(404, "this is a BitTorrent tracker: announce at /announce, scrape at /scrape, see /stats"),
        };
    }
}
