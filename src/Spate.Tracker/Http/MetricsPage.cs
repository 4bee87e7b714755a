using System.Globalization;
using System.Text;

namespace Spate.Tracker.Http;

/// <summary><c>/metrics</c> in the text format of Prometheus.</summary>
internal static class MetricsPage
{
    public static HttpPage Render(TrackerStatus status)
    {
        var text = new StringBuilder(4096);
        Gauge(text, "spate_tracker_uptime_seconds", "Seconds since the start.", (long)status.Uptime.TotalSeconds);
        Gauge(text, "spate_tracker_torrents", "Torrents that are known.", status.Torrents);
        Head(text, "spate_tracker_peers", "gauge", "Peers in all swarms.");
        Sample(text, "spate_tracker_peers", "role=\"seeder\"", status.Seeders);
        Sample(text, "spate_tracker_peers", "role=\"leecher\"", status.Leechers - status.PartialSeeds);
        Sample(text, "spate_tracker_peers", "role=\"partial\"", status.PartialSeeds);
        Gauge(text, "spate_tracker_peers_ipv6", "Peers behind IPv6 addresses.", status.PeersV6);
        Gauge(text, "spate_tracker_websockets", "Connected WebTorrent clients.", status.WebSockets);
        Gauge(text, "spate_tracker_store_bytes", "Bytes of memory that torrents and peers take.", status.StoreBytes);
        Gauge(text, "spate_tracker_full", "1 while new torrents are refused for want of memory.", status.IsFull ? 1 : 0);
        Counters(text, status, "requests", "Requests of any kind.", frontEnd => frontEnd.Requests);
        Counters(text, status, "connects", "UDP connection ids given.", frontEnd => frontEnd.Connects);
        Counters(text, status, "announces", "Successful announces.", frontEnd => frontEnd.Announces);
        Counters(text, status, "scrapes", "Successful scrapes.", frontEnd => frontEnd.Scrapes);
        Counters(text, status, "errors", "Failure answers.", frontEnd => frontEnd.Errors);
        Counters(text, status, "dropped", "Datagrams that got no answer.", frontEnd => frontEnd.Dropped);
        Counters(text, status, "received_bytes", "Payload bytes received.", frontEnd => frontEnd.BytesIn);
        Counters(text, status, "sent_bytes", "Payload bytes sent.", frontEnd => frontEnd.BytesOut);
        Counters(text, status, "connections", "Accepted connections.", frontEnd => frontEnd.Connections);
        Head(text, "spate_tracker_refused_total", "counter", "Refused announces by reason.");
        foreach (KeyValuePair<string, long> refusal in status.Refusals)
            Sample(text, "spate_tracker_refused_total", $"reason=\"{refusal.Key}\"", refusal.Value);
        return new HttpPage(200, "text/plain; version=0.0.4; charset=utf-8", Encoding.UTF8.GetBytes(text.ToString()));
    }

    private static void Counters(StringBuilder text, TrackerStatus status, string name, string help, Func<FrontEndStatus, long> value)
    {
        Head(text, $"spate_tracker_{name}_total", "counter", help);
        foreach (FrontEndStatus frontEnd in status.FrontEnds)
            Sample(text, $"spate_tracker_{name}_total", $"frontend=\"{frontEnd.Name}\"", value(frontEnd));
    }

    private static void Gauge(StringBuilder text, string name, string help, long value)
    {
        Head(text, name, "gauge", help);
        text.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");
    }

    private static void Head(StringBuilder text, string name, string type, string help) =>
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");

    private static void Sample(StringBuilder text, string name, string labels, long value) =>
        text.Append(CultureInfo.InvariantCulture, $"{name}{{{labels}}} {value}\n");
}
