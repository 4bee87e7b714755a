using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Spate.Tracker.Http;

/// <summary>
/// <c>/stats</c> for people: numbers only, nothing that a client said. No script; the browser reloads it every ten seconds.
/// </summary>
internal static class StatusPage
{
    private const string Style =
        "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}"
        + "h1{font-size:1.4rem}table{border-collapse:collapse;width:100%;margin:1rem 0}"
        + "th,td{padding:.3rem .6rem;border-bottom:1px solid #d8dee4;text-align:right}th:first-child,td:first-child{text-align:left}"
        + "@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}th,td{border-color:#30363d}}";

    private static readonly string headers =
        $"Content-Security-Policy: default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'; "
        + "frame-ancestors 'none'\r\nReferrer-Policy: no-referrer\r\n";

    public static HttpPage Render(TrackerStatus status)
    {
        var html = new StringBuilder(4096);
        html.Append("<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>")
            .Append("<meta http-equiv=refresh content=10><title>Spate tracker</title><style>").Append(Style).Append("</style>")
            .Append("<h1>Spate tracker</h1><table>");
        Row(html, "Torrents", status.Torrents);
        Row(html, "Peers", status.Seeders + status.Leechers);
        Row(html, "Seeders", status.Seeders);
        Row(html, "Leechers", status.Leechers);
        Row(html, "of these, partial seeds", status.PartialSeeds);
        Row(html, "Peers over IPv6", status.PeersV6);
        Row(html, "WebTorrent clients", status.WebSockets);
        Row(html, "Announces a second", status.AnnouncesPerSecond.ToString("N1", CultureInfo.InvariantCulture));
        Row(html, "Memory of torrents and peers", Bytes(status.StoreBytes) + (status.IsFull ? " (full: new torrents are refused)" : ""));
        Row(html, "Running for", Duration(status.Uptime));
        html.Append("</table><table><tr><th>Front end<th>Requests<th>Announces<th>Scrapes<th>Failures<th>Received<th>Sent");
        foreach (FrontEndStatus frontEnd in status.FrontEnds)
        {
            html.Append(CultureInfo.InvariantCulture, $"<tr><td>{frontEnd.Name}<td>{frontEnd.Requests:N0}<td>{frontEnd.Announces:N0}");
            html.Append(CultureInfo.InvariantCulture, $"<td>{frontEnd.Scrapes:N0}<td>{frontEnd.Errors:N0}");
            html.Append(CultureInfo.InvariantCulture, $"<td>{Bytes(frontEnd.BytesIn)}<td>{Bytes(frontEnd.BytesOut)}");
        }
        html.Append("</table><p>The same as <a href=/stats.json>JSON</a> and for <a href=/metrics>Prometheus</a>.</p></html>");
        return HttpPage.Html(html.ToString()) with
        {
            Headers = headers,
        };
    }

    private static void Row(StringBuilder html, string name, long value) => Row(html, name, value.ToString("N0", CultureInfo.InvariantCulture));

    private static void Row(StringBuilder html, string name, string value) => html.Append("<tr><td>").Append(name).Append("<td>").Append(value);

    private static string Bytes(long bytes) => bytes switch
    {
        < 10_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes:N0} B"),
        < 10_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:N0} kB"),
        < 10_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:N0} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:N1} GB"),
    };

    private static string Duration(TimeSpan time) => time.TotalDays >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalDays} d {time.Hours} h")
        : string.Create(CultureInfo.InvariantCulture, $"{time.Hours} h {time.Minutes} min {time.Seconds} s");
}
