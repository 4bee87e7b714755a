using System.Net;
using Spate.Interop.Tests.Content;
using Spate.Interop.Tests.Programs;
using Spate.Protocol;
using Spate.Protocol.Trackers;
using Spate.Tracker;

namespace Spate.Interop.Tests.OurTracker;

/// <summary>Our tracker in a test, in this process.</summary>
internal sealed class TrackerScene : IParticipant
{
    private readonly List<string> log = [];

    private TrackerScene(TrackerServer server)
    {
        Server = server;
    }

    public TrackerServer Server { get; }

    public string Name => "our tracker";

    public string Log
    {
        get
        {
            TrackerStatus status = Server.Status;
            string frontEnds = string.Join('\n', status.FrontEnds);
            lock (log) return $"{status.Seeders} seeders, {status.Leechers} leechers\n{frontEnds}\n{string.Join('\n', log)}";
        }
    }

    public static async Task<TrackerScene> StartAsync(Scene scene, IPAddress address, Func<TrackerOptions, TrackerOptions>? change = null)
    {
        var options = new TrackerOptions { Listen = [address], HttpPort = 0, UdpPort = 0, Threads = 1 };
        var tracker = new TrackerScene(await TrackerServer.StartAsync(change?.Invoke(options) ?? options));
        scene.Add(tracker);
        return tracker;
    }

    public string Url(string scheme, string path = "/announce") =>
        $"{scheme}://{(scheme == "udp" ? Server.UdpEndPoints : Server.HttpEndPoints)[0]}{path}";

    /// <summary>The counts of a torrent, asked for over HTTP.</summary>
    public async Task<ScrapeEntry> ScrapeAsync(Sha1Hash infoHash)
    {
        using var http = new HttpClient();
        byte[] content = await http.GetByteArrayAsync(HttpAnnounceQuery.AppendTo(Url("http", "/scrape"), [infoHash]));
        Assert.True(HttpScrapeAnswer.TryRead(content, 1, out HttpScrapeAnswer answer, out string? error), error);
        return answer.Torrents[infoHash];
    }

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
