using System.Diagnostics;
using System.Globalization;
using System.Net;
using Spate.Api;
using Spate.Bench.Api;
using Spate.Daemon;

// apibench [TORRENTS] [READS_PER_SECOND] [SECONDS]: a daemon with many torrents, half of them paused, half seeding; how long it takes to
// start, what an idle torrent costs, and how fast it answers pages of 100 to a client in another process.
// apibench load URL KEY READS_PER_SECOND SECONDS is that client.
if (args is ["load", var url, var key, var reads, var secondsOfLoad])
    return await Load.RunAsync(new Uri(url), key, Number(reads), Number(secondsOfLoad));

int torrents = args.Length > 0 ? Number(args[0]) : 10_000, rate = args.Length > 1 ? Number(args[1]) : 1000, seconds = args.Length > 2 ? Number(args[2]) : 20;
string folder = Directory.CreateTempSubdirectory("apibench-").FullName;
try
{
    var options = new DaemonOptions
    {
        Listen = [new IPEndPoint(IPAddress.Loopback, 0)], StateFolder = Path.Combine(folder, "state"), DownloadFolder = Path.Combine(folder, "downloads"),
        Session = new SessionOverrides { Listen = [new IPEndPoint(IPAddress.Loopback, 0)], Dht = false, LocalDiscovery = false },
    };
    await using (DaemonHost filling = DaemonHost.Create(options))
    {
        await filling.StartAsync();
        using var client = new SpateClient(filling.Addresses[0], await filling.CreateLocalKeyAsync());
        var watch = Stopwatch.StartNew();
        await Filling.AddAsync(client, options.DownloadFolder, torrents);
        Console.WriteLine($"added {torrents:N0} torrents in {watch.Elapsed.TotalSeconds:F1} s");
    }

    long heapBefore = GC.GetTotalMemory(forceFullCollection: true);
    var starting = Stopwatch.StartNew();
    await using DaemonHost daemon = DaemonHost.Create(options);
    await daemon.StartAsync();
    using var reader = new SpateClient(daemon.Addresses[0], await daemon.CreateLocalKeyAsync());
    TorrentPage page = await reader.GetTorrentsAsync(new TorrentQuery());
    Console.WriteLine($"start to a first page of {page.Rows.Count} of {page.Total:N0}: {starting.Elapsed.TotalSeconds:F2} s");
    TorrentCounts counts;
    do
    {
        await Task.Delay(100);
        counts = await reader.GetCountsAsync();
    }
    while (counts.States["paused"] + counts.States["seeding"] < torrents && starting.Elapsed.TotalMinutes < 5);
    Console.WriteLine($"start to all paused ({counts.States["paused"]:N0}) or seeding ({counts.States["seeding"]:N0}): {starting.Elapsed.TotalSeconds:F2} s");
    await Task.Delay(TimeSpan.FromSeconds(5));
    long heap = GC.GetTotalMemory(forceFullCollection: true) - heapBefore;
    Console.WriteLine($"heap: {heap / (double)torrents:N0} bytes a torrent; process: {Environment.WorkingSet / 1048576.0:F0} MiB");
    TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
    await Task.Delay(TimeSpan.FromSeconds(10));
    Console.WriteLine($"idle: {(Process.GetCurrentProcess().TotalProcessorTime - before).TotalMilliseconds / 10_000:P1} of a core");

    using Process load = Process.Start(new ProcessStartInfo(Environment.ProcessPath!)
    {
        ArgumentList = { "load", daemon.Addresses[0].ToString(), await daemon.CreateLocalKeyAsync(), rate.ToString(CultureInfo.InvariantCulture), seconds.ToString(CultureInfo.InvariantCulture) },
    })!;
    before = Process.GetCurrentProcess().TotalProcessorTime;
    await load.WaitForExitAsync();
    Console.WriteLine($"the daemon's processor time: {(Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds / seconds:P0} of a core");
    return load.ExitCode;
}
finally { Directory.Delete(folder, recursive: true); }

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
