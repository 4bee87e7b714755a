using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Spate.Tracker.Http;

/// <summary>
/// <c>/stats</c> for people: numbers only, nothing that a client said. No script and nothing from elsewhere; the browser reloads it every
/// ten seconds.
/// </summary>
internal static class StatusPage
{
    private static readonly string style = """
        :root{color-scheme:light dark;--text:#1c2128;--dim:#5b6570;--line:#dde2e8;--page:#f5f7f9;--card:#fff;--mark:#0b6bcb;--warn:#b42318}
        @media(prefers-color-scheme:dark){:root{--text:#e4e9ef;--dim:#98a3af;--line:#2b323b;--page:#0f1318;--card:#171c23;--mark:#6cb2ff;--warn:#ff8f85}}
        *{box-sizing:border-box}
        body{font:16px/1.5 system-ui,sans-serif;margin:0;color:var(--text);background:var(--page)}
        main{max-width:60rem;margin:0 auto;padding:2rem 1rem 3rem}
        header{display:flex;flex-wrap:wrap;gap:.25rem 1rem;align-items:baseline;justify-content:space-between;margin-bottom:1.25rem}
        h1{font-size:1.5rem;margin:0;letter-spacing:-.01em}
        h2{font-size:1rem;margin:2rem 0 .5rem}
        header p,footer,small{color:var(--dim);margin:0}
        a{color:var(--mark)}
        dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(16rem,1fr));gap:.75rem;margin:0}
        dl div{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.8rem 1rem}
        dt{color:var(--dim);font-size:.875rem}
        dd{margin:0;font-size:1.75rem;font-weight:600;line-height:1.25;font-variant-numeric:tabular-nums}
        dd small{display:block;font-size:.8125rem;font-weight:400;line-height:1.5}
        .warn{color:var(--warn);font-weight:600}
        .wide{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:.6rem}
        table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;white-space:nowrap}
        th,td{padding:.45rem 1rem;text-align:right;border-top:1px solid var(--line)}
        thead th{border-top:0;color:var(--dim);font-weight:500;font-size:.8125rem}
        tbody th,thead th:first-child{text-align:left;font-weight:500}
        footer{margin-top:2rem;font-size:.875rem}
        """.ReplaceLineEndings("\n"); // as browsers hash it

    private const string Icon =
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='8' fill='%230b6bcb'/%3E"
        + "%3Ccircle cx='16' cy='16' r='4' fill='white'/%3E%3Ccircle cx='16' cy='16' r='9' fill='none' stroke='white' stroke-width='2.5'/%3E%3C/svg%3E";

    private static readonly string headers =
        $"Content-Security-Policy: default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(style)))}'; "
        + "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\nReferrer-Policy: no-referrer\r\n";

    public static HttpPage Render(TrackerStatus status)
    {
        var html = new StringBuilder(8192);
        html.Append("<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'>")
            .Append("<meta http-equiv=refresh content=10><title>Spate tracker</title><link rel=icon href=\"").Append(Icon).Append("\"><style>").Append(style)
            .Append("</style></head><body><main><header><h1>Spate tracker</h1><p>running for ").Append(Duration(status.Uptime)).Append("</p></header><dl>");
        Tile(html, "Torrents", Number(status.Torrents), "that have peers, or had some not long ago");
        string partial = status.PartialSeeds > 0 ? $", {Number(status.PartialSeeds)} of them partial seeds" : "";
        Tile(html, "Peers", Number(status.Seeders + status.Leechers), $"{Number(status.Seeders)} seeders, {Number(status.Leechers)} leechers{partial}");
        Tile(html, "Announces a second", status.AnnouncesPerSecond.ToString(status.AnnouncesPerSecond < 100 ? "N1" : "N0", CultureInfo.InvariantCulture), "over the last ten seconds");
        Tile(html, "Memory", Bytes(status.StoreBytes), status.IsFull ? "<span class=warn>full: new torrents are refused</span>" : "for torrents and peers");
        Tile(html, "Peers over IPv6", Number(status.PeersV6), "of all peers");
        Tile(html, "WebTorrent clients", Number(status.WebSockets), "connected");
        html.Append("</dl><h2>By protocol</h2><div class=wide><table><thead><tr><th>Protocol<th>Requests<th>Announces<th>Scrapes<th>Failures<th>Dropped<th>Received<th>Sent</thead><tbody>");
        foreach (FrontEndStatus frontEnd in status.FrontEnds)
        {
            html.Append("<tr><th>").Append(NameOf(frontEnd.Name));
            foreach (long count in new[] { frontEnd.Requests, frontEnd.Announces, frontEnd.Scrapes, frontEnd.Errors, frontEnd.Dropped }) html.Append("<td>").Append(Number(count));
            html.Append("<td>").Append(Bytes(frontEnd.BytesIn)).Append("<td>").Append(Bytes(frontEnd.BytesOut));
        }
        html.Append("</tbody></table></div>");
        if (status.Refusals.Any(refusal => refusal.Value > 0))
        {
            html.Append("<h2>Refused</h2><div class=wide><table><thead><tr><th>Why<th>How often</thead><tbody>");
            foreach (KeyValuePair<string, long> refusal in status.Refusals.Where(refusal => refusal.Value > 0))
                html.Append("<tr><th>").Append(Words(refusal.Key)).Append("<td>").Append(Number(refusal.Value));
            html.Append("</tbody></table></div>");
        }
        html.Append("<footer>The same as <a href=/stats.json>JSON</a> and for <a href=/metrics>Prometheus</a>. Reloads every ten seconds.</footer></main></body></html>");
        return HttpPage.Html(html.ToString()) with { Headers = headers };
    }

    private static void Tile(StringBuilder html, string name, string value, string note) =>
        html.Append("<div><dt>").Append(name).Append("</dt><dd>").Append(value).Append("<small>").Append(note).Append("</small></dd></div>");

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string NameOf(string frontEnd) => frontEnd switch { "udp" => "UDP", "http" => "HTTP", _ => "WebSocket" };

    // "TorrentNotAllowed" as "torrent not allowed".
    private static string Words(string name) =>
        string.Concat(name.Select((letter, i) => i > 0 && char.IsAsciiLetterUpper(letter) ? $" {char.ToLowerInvariant(letter)}" : $"{letter}"));

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
