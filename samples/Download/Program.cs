using Spate;
using Spate.Engine;
using Spate.Engine.Session;
using Spate.Engine.Torrents;
using Spate.Protocol;

// Downloads a torrent into the current folder:  dotnet run --project samples/Download -- FILE.torrent
Metainfo metainfo = Metainfo.Parse(File.ReadAllBytes(args[0]));
await using TorrentSession session = await SpateSession.StartAsync(new SessionOptions { StateFolder = ".spate" });
Torrent torrent = session.Add(metainfo, new TorrentOptions { SaveTo = "." });

Task complete = torrent.WhenComplete();
while (await Task.WhenAny(complete, Task.Delay(1000)) != complete)
{
    TorrentStatus now = torrent.Status; // an immutable snapshot
    Console.WriteLine($"{now.State} {now.Progress:P0}, {now.DownloadRate / 1e6:F1} MB/s from {now.Peers} peers");
}
await complete;
Console.WriteLine($"{torrent.Name} is complete");
