using System.Net;
using System.Security.Cryptography;
using System.Text;
using Spate.Api;
using Spate.Daemon.State;
using Spate.Protocol;
using Spate.Tracker;
using Xunit.Abstractions;

namespace Spate.Daemon.Tests.Operations;

/// <summary>Whole daemons in processes of their own: killed, stopped in order, started with very many torrents.</summary>
public sealed class KilledDaemonTests(ITestOutputHelper output) : IDisposable
{
    private const int Workers = 4, NamesOfWorker = 12;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task All_that_the_api_acknowledged_survives_a_hundred_kills()
    {
        var random = new Random(4711);
        var model = new Dictionary<string, string>(StringComparer.Ordinal); // torrent -> its name; missing: gone
        var open = new Dictionary<string, string?>(StringComparer.Ordinal); // begun and not acknowledged: null is a removal
        int acknowledged = 0;
        for (int round = 0; round <= 100; round++)
        {
            using DaemonChild daemon = await DaemonChild.StartAsync(folder["state"], folder["downloads"]);
            await CheckAsync(daemon.Client, model, open);
            open.Clear();
            int killAfter = random.Next(1, 60), done = 0;
            var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Task[] workers =
            [
                .. Enumerable.Range(0, Workers).Select(worker => Task.Run(() => ChangeForEverAsync(daemon.Client, worker, new Random(round * Workers + worker), model, open, () =>
                {
                    if (++done >= killAfter) enough.TrySetResult();
                }))),
            ];
            await enough.Task.WaitAsync(TimeSpan.FromSeconds(60));
            await daemon.KillAsync();
            await Task.WhenAll(workers);
            acknowledged += done;
        }
        output.WriteLine($"{acknowledged} changes were acknowledged");
        Assert.False(Directory.Exists(folder["state", "aside"]), "something was damaged");
    }

    [Fact]
    public async Task An_orderly_stop_tells_the_trackers_and_ends_in_good_time()
    {
        await using TrackerServer tracker = await TrackerServer.StartAsync(new TrackerOptions { Listen = [IPAddress.Loopback], HttpPort = 0, UdpPort = 0, Threads = 1 });
        string announce = $"http://{tracker.HttpEndPoints[0]}/announce";
        Directory.CreateDirectory(folder["downloads"]);
        using DaemonChild daemon = await DaemonChild.StartAsync(folder["state"], folder["downloads"]);
        for (int i = 0; i < 20; i++)
        {
            File.WriteAllText(folder["downloads", $"t{i}"], "x");
            AddResult result = await daemon.Client.AddAsync(new AddTorrents { Metainfo = [Convert.ToBase64String(Torrent($"t{i}", announce))] });
            Assert.Null(Assert.Single(result.Torrents).Error);
        }
        await UntilAsync(() => Task.FromResult(tracker.Status.Seeders == 20));
        Assert.Equal(0, await daemon.TerminateAsync());
        await UntilAsync(() => Task.FromResult(tracker.Status.Seeders == 0));
        using DaemonChild again = await DaemonChild.StartAsync(folder["state"], folder["downloads"]);
        await UntilAsync(async () => (await again.Client.GetTorrentsAsync(new TorrentQuery())).Rows.Count(row => row.State == TorrentState.Seeding) == 20);
    }

    [Fact]
    public async Task Ten_thousand_torrents_start()
    {
        const int count = 10_000;
        Directory.CreateDirectory(folder["downloads"]);
        await using (DaemonState state = await DaemonState.OpenAsync(folder["state"]))
        {
            await Task.WhenAll(Enumerable.Range(0, count).Select(i =>
            {
                byte[] torrent = Torrent($"t{i}", null);
                if (i % 2 == 0) File.WriteAllText(folder["downloads", $"t{i}"], "x");
                return state.PutAsync(
                    new SavedTorrent { Id = Metainfo.Parse(torrent).InfoHash.Wire, Folder = folder["downloads"], Rank = i, IsStopped = i % 2 == 1, TrustData = i % 2 == 0, Added = DateTimeOffset.UnixEpoch.AddDays(i) },
                    torrent);
            }));
        }
        long began = TimeProvider.System.GetTimestamp();
        using DaemonChild daemon = await DaemonChild.StartAsync(folder["state"], folder["downloads"]);
        output.WriteLine($"served after {TimeProvider.System.GetElapsedTime(began).TotalSeconds:f1} s");
        Assert.Equal(count, (await daemon.Client.GetTorrentsAsync(new TorrentQuery { Limit = 1 })).Total);
        await UntilAsync(async () => await CountAsync(TorrentState.Seeding) == count / 2);
        output.WriteLine($"half of them seed after {TimeProvider.System.GetElapsedTime(began).TotalSeconds:f1} s; {daemon.ResidentBytes >> 20} MiB resident");
        Assert.Equal(count / 2, await CountAsync(TorrentState.Paused));
        Assert.Equal(0, await daemon.TerminateAsync());

        async Task<int> CountAsync(TorrentState state) =>
            (await daemon.Client.GetCountsAsync()).States.GetValueOrDefault(System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(state.ToString()));
    }

    // Each worker has torrents of its own and changes one after the other, so that what was acknowledged last is what counts.
    private static async Task ChangeForEverAsync(
        SpateClient client, int worker, Random random, Dictionary<string, string> model, Dictionary<string, string?> open, Action onDone)
    {
        try
        {
            for (int i = 0; ; i++)
            {
                byte[] torrent = Torrent($"{worker}.{random.Next(NamesOfWorker)}", null);
                string id = Metainfo.Parse(torrent).InfoHash.Wire.ToString(), name = $"{worker} {random.Next()} {i}";
                bool exists, remove = random.Next(4) == 0;
                lock (model)
                {
                    exists = model.ContainsKey(id);
                    open[id] = exists && remove ? null : name;
                }
                if (!exists) await client.AddAsync(new AddTorrents { Metainfo = [Convert.ToBase64String(torrent)], Options = new AddOptions { Name = name, Paused = random.Next(2) == 0 } });
                else if (remove) await client.RemoveTorrentAsync(id);
                else await client.ChangeTorrentAsync(id, new TorrentChange { Name = name });
                lock (model)
                {
                    open.Remove(id);
                    if (exists && remove) model.Remove(id);
                    else model[id] = name;
                    onDone();
                }
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or ApiException { Status: 0 }) { } // it was killed
    }

    private static async Task CheckAsync(SpateClient client, Dictionary<string, string> model, Dictionary<string, string?> open)
    {
        TorrentPage page = await client.GetTorrentsAsync(new TorrentQuery { Limit = TorrentQuery.MaxLimit });
        Dictionary<string, string> found = page.Rows.ToDictionary(row => row.Id, row => row.Name);
        foreach (string id in model.Keys.Union(found.Keys).ToList())
        {
            string? expected = model.GetValueOrDefault(id), actual = found.GetValueOrDefault(id);
            Assert.True(actual == expected || (open.TryGetValue(id, out string? begun) && actual == begun), $"{id} is '{actual}' and was acknowledged as '{expected}'");
            if (actual is null) model.Remove(id);
            else model[id] = actual;
        }
    }

    // One byte of content: "x".
    private static byte[] Torrent(string name, string? announce)
    {
        string outer = announce is null ? "" : $"8:announce{announce.Length}:{announce}";
        byte[] head = Encoding.ASCII.GetBytes($"d{outer}4:infod6:lengthi1e4:name{name.Length}:{name}12:piece lengthi16384e6:pieces20:");
        return [.. head, .. SHA1.HashData("x"u8), .. "ee"u8];
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        for (int i = 0; i < 1200; i++)
        {
            if (await condition()) return;
            await Task.Delay(100);
        }
        Assert.Fail("It did not happen.");
    }
}
