using System.Net;

namespace Spate.Tracker.Http;

/// <summary>What a port serves beside announces.</summary>
internal interface IHttpPages
{
    HttpPage Answer(HttpPageRequest request);
}

/// <summary>The pages of the public port: what the tracker is doing, for everybody or for some networks.</summary>
internal sealed class StatusPages(Func<TrackerStatus> status, IReadOnlyList<IPNetwork> readers) : IHttpPages
{
    public HttpPage Answer(HttpPageRequest request)
    {
        if (request.Method is not ("GET" or "HEAD")) return HttpPage.Text(405, "only GET is served here") with { Headers = "Allow: GET, HEAD\r\n" };
        if (request.Path is "/" or "/stats" or "/stats.json" or "/metrics" && !MayRead(request.Client))
            return HttpPage.Text(403, "this tracker shows its status to its operator only");
        return request.Path switch
        {
            "/" or "/stats" => StatusPage.Render(status()),
            "/stats.json" => HttpPage.Json(200, StatusJson.Write(status())),
            "/metrics" => MetricsPage.Render(status()),
            _ => HttpPage.Text(404, "this is a BitTorrent tracker: announce at /announce, scrape at /scrape, see /stats"),
        };
    }

    private bool MayRead(IPAddress client) => readers.Count == 0 || readers.Any(network => network.Contains(client));
}
