using System.Net;
using System.Security.Cryptography;
using System.Text;
using Spate.Api;
using Spate.Daemon.State;
using Spate.Protocol;
using Spate.Tracker;
using Xunit.Abstractions;

namespace Spate.Daemon.Tests.Operations;

/// <summary>Whole daemons in processes of their own: stopped in order, and started with very many torrents.</summary>
public sealed class DaemonProcessTests(ITestOutputHelper output) : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

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
                var saved = new SavedTorrent
                {
                    Id = Metainfo.Parse(torrent).InfoHash.Wire, Folder = folder["downloads"], Rank = i, IsStopped = i % 2 == 1, TrustData = i % 2 == 0,
                    Added = DateTimeOffset.UnixEpoch.AddDays(i), Completed = i % 2 == 0 ? DateTimeOffset.UnixEpoch.AddDays(i) : null,
                };
                return state.PutAsync(saved, torrent);
            }));
        }
        long began = TimeProvider.System.GetTimestamp();
        using DaemonChild daemon = await DaemonChild.StartAsync(folder["state"], folder["downloads"]);
        output.WriteLine($"served after {TimeProvider.System.GetElapsedTime(began).TotalSeconds:f1} s");
        Assert.Equal(count, (await daemon.Client.GetTorrentsAsync(new TorrentQuery { Limit = 1 })).Total);
        await UntilAsync(async () => await CountAsync(TorrentState.Seeding) == count / 2 && await CountAsync(TorrentState.Paused) == count / 2);
        output.WriteLine($"half of them seed and half are paused after {TimeProvider.System.GetElapsedTime(began).TotalSeconds:f1} s; {daemon.ResidentBytes >> 20} MiB resident");
        began = TimeProvider.System.GetTimestamp();
        int exit = await daemon.TerminateAsync();
        output.WriteLine($"stopped after {TimeProvider.System.GetElapsedTime(began).TotalSeconds:f1} s with exit code {exit}");

        async Task<int> CountAsync(TorrentState state) =>
            (await daemon.Client.GetCountsAsync()).States.GetValueOrDefault(System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(state.ToString()));
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
        for (int i = 0; i < 6000; i++)
        {
            if (await condition()) return;
            await Task.Delay(20);
        }
        Assert.Fail("It did not happen.");
    }
}
