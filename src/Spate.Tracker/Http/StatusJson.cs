using System.Text.Json;

namespace Spate.Tracker.Http;

/// <summary><c>/stats.json</c></summary>
internal static class StatusJson
{
    public static byte[] Write(TrackerStatus status)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("uptimeSeconds", (long)status.Uptime.TotalSeconds);
            json.WriteNumber("torrents", status.Torrents);
            json.WriteNumber("peers", status.Seeders + status.Leechers);
            json.WriteNumber("seeders", status.Seeders);
            json.WriteNumber("leechers", status.Leechers);
            json.WriteNumber("partialSeeds", status.PartialSeeds);
            json.WriteNumber("peersV6", status.PeersV6);
            json.WriteNumber("webSockets", status.WebSockets);
            json.WriteNumber("storeBytes", status.StoreBytes);
            json.WriteBoolean("full", status.IsFull);
            json.WriteNumber("announcesPerSecond", Math.Round(status.AnnouncesPerSecond, 1));
            json.WriteStartObject("frontEnds");
            foreach (FrontEndStatus frontEnd in status.FrontEnds)
            {
                json.WriteStartObject(frontEnd.Name);
                json.WriteNumber("requests", frontEnd.Requests);
                json.WriteNumber("connects", frontEnd.Connects);
                json.WriteNumber("announces", frontEnd.Announces);
                json.WriteNumber("scrapes", frontEnd.Scrapes);
                json.WriteNumber("errors", frontEnd.Errors);
                json.WriteNumber("dropped", frontEnd.Dropped);
                json.WriteNumber("bytesIn", frontEnd.BytesIn);
                json.WriteNumber("bytesOut", frontEnd.BytesOut);
                json.WriteNumber("connections", frontEnd.Connections);
                json.WriteEndObject();
            }
            json.WriteEndObject();
            json.WriteStartObject("refusals");
            foreach (KeyValuePair<string, long> refusal in status.Refusals) json.WriteNumber(refusal.Key, refusal.Value);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return stream.ToArray();
    }
}
