using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using Spate;
using Spate.Engine;
using Spate.Engine.Session;
using Spate.Engine.Torrents;
using Spate.Protocol;

// A peer for the side-by-side harness:
//   leech TORRENT SAVE_DIR LISTEN_IP:PORT SOURCE          SOURCE is a peer's HOST:PORT or a tracker's URL
//   seed  TORRENT DATA_DIR LISTEN_IP:PORT [TRACKER_URL]
// Environment: BT_UP upload limit in bytes/s, BT_LIMIT seconds, BT_SWARM=1 for a seed that downloads first.

// .NET reads this when the first socket is made: completions run on the threads that wait for them.
Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");

string role = args[0];
Metainfo metainfo = Metainfo.Parse(File.ReadAllBytes(args[1]));
string folder = Path.GetFullPath(args[2]);
IPEndPoint listen = IPEndPoint.Parse(args[3]);
string source = args.Length > 4 ? args[4] : "";
long upload = long.Parse(Environment.GetEnvironmentVariable("BT_UP") is { Length: > 0 } up ? up : "0");
double limit = double.Parse(Environment.GetEnvironmentVariable("BT_LIMIT") is { Length: > 0 } seconds ? seconds : "600");
bool swarm = Environment.GetEnvironmentVariable("BT_SWARM") == "1";
var clock = Stopwatch.StartNew();

using var ended = new CancellationTokenSource(TimeSpan.FromSeconds(limit));
using PosixSignalRegistration term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
{
    context.Cancel = true;
    ended.Cancel();
});

if (role == "seed") Console.WriteLine($"PID {Environment.ProcessId}");
TorrentSession session = await SpateSession.StartAsync(new SessionOptions { Listen = [listen], UploadLimit = upload, Dht = false, LocalDiscovery = false });
Torrent torrent = session.Add(metainfo, new TorrentOptions
{
    SaveTo = folder,
    TrustData = role == "seed" && !swarm,
    Peers = source.Length > 0 && !source.Contains("://") ? [IPEndPoint.Parse(source)] : [],
    Trackers = source.Contains("://") ? [[source]] : [],
});
int exit = 0;
try
{
    await torrent.WhenComplete(ended.Token);
    double wall = clock.Elapsed.TotalSeconds;
    if (role == "seed")
    {
        Console.WriteLine("READY");
        try { await Task.Delay(Timeout.Infinite, ended.Token); }
        catch (OperationCanceledException) { }
        wall = clock.Elapsed.TotalSeconds;
    }
    Result(wall);
    if (Environment.GetEnvironmentVariable("BT_VERBOSE") == "1") Console.Error.WriteLine($"up {torrent.Status.Uploaded >> 20} MiB, down {torrent.Status.Downloaded >> 20} MiB, wasted {torrent.Status.Wasted >> 10} KiB");
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine($"not complete: {torrent.Status}");
    exit = 5;
}
Console.Out.Flush();
Environment.Exit(exit);

static void Result(double wall)
{
    TimeSpan user = Process.GetCurrentProcess().UserProcessorTime, sys = Process.GetCurrentProcess().PrivilegedProcessorTime;
    long rss = 0, anon = 0;
    foreach (string line in File.ReadLines("/proc/self/status"))
    {
        if (line.StartsWith("VmHWM:", StringComparison.Ordinal)) rss = long.Parse(line[6..].Trim().Split(' ')[0]);
        if (line.StartsWith("RssAnon:", StringComparison.Ordinal)) anon = long.Parse(line[8..].Trim().Split(' ')[0]);
    }
    Console.WriteLine(FormattableString.Invariant(
        $"RESULT {{\"wall\": {wall:F3}, \"user\": {user.TotalSeconds:F3}, \"sys\": {sys.TotalSeconds:F3}, \"rss_kb\": {rss}, \"anon_kb\": {anon}}}"));
}
