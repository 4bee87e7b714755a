using System.Diagnostics;
using System.Net;
using Spate;
using Spate.Engine;
using Spate.Engine.Metadata;
using Spate.Engine.Session;
using Spate.Protocol;

// Our side of compare.py: ADDRESS DHT-HOST DHT-PORT. For each line "MAGNET cold" or "MAGNET warm" it prints the milliseconds from the link
// to the metadata, in a new session that knows one node of the DHT, or in one that runs and has found its place there.
IPAddress address = IPAddress.Parse(args[0]);
var options = new SessionOptions
{
    Listen = [new IPEndPoint(address, 0)],
    LocalDiscovery = false,
    DhtNodes = [new DnsEndPoint(args[1], int.Parse(args[2]))],
};
await using TorrentSession running = await SpateSession.StartAsync(options);
while (running.Dht?.Status.IsReady != true) await Task.Delay(50);
Console.WriteLine("READY");
while (Console.ReadLine() is { } line)
{
    string[] words = line.Split(' ');
    MagnetLink link = MagnetLink.Parse(words[0]);
    var clock = Stopwatch.StartNew();
    if (words[1] == "warm") await FetchAsync(running, link);
    else
    {
        await using TorrentSession session = await SpateSession.StartAsync(options);
        await FetchAsync(session, link);
        clock.Stop();
    }
    Console.WriteLine(clock.Elapsed.TotalMilliseconds.ToString("F1", System.Globalization.CultureInfo.InvariantCulture));
}

static async Task FetchAsync(TorrentSession session, MagnetLink link)
{
    MetadataDownload search = session.Search(link);
    await search.WhenComplete();
    session.EndSearch(search);
}
