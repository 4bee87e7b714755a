using System.Net;
using System.Security.Cryptography;
using Spate.Api;
using Spate.Create;

namespace Spate.Daemon.Tests.Api;

/// <summary>A real daemon on the loopback, with a client that may do all.</summary>
internal sealed class TestDaemon : IAsyncDisposable
{
    private readonly bool ownsFolder;

    private TestDaemon(string folder, bool ownsFolder) => (Folder, this.ownsFolder) = (folder, ownsFolder);

    public string Folder { get; }

    public string Downloads => Path.Combine(Folder, "downloads");

    public DaemonHost Host { get; private set; } = null!;

    public string Key { get; private set; } = "";

    public SpateClient Client { get; private set; } = null!;

    /// <summary>For requests that the typed client would not make.</summary>
    public HttpClient Http { get; private set; } = null!;

    public static async Task<TestDaemon> StartAsync(string? folder = null, Func<DaemonOptions, DaemonOptions>? with = null)
    {
        var daemon = new TestDaemon(folder ?? Directory.CreateTempSubdirectory("spate-").FullName, folder is null);
        var options = new DaemonOptions
        {
            Listen = [new IPEndPoint(IPAddress.Loopback, 0)],
            StateFolder = Path.Combine(daemon.Folder, "state"),
            DownloadFolder = daemon.Downloads,
            Session = new SessionOverrides { Listen = [new IPEndPoint(IPAddress.Loopback, 0)], Dht = false, LocalDiscovery = false },
        };
        daemon.Host = DaemonHost.Create(with?.Invoke(options) ?? options);
        await daemon.Host.StartAsync();
        daemon.Key = await daemon.Host.CreateLocalKeyAsync();
        daemon.Client = new SpateClient(daemon.Host.Addresses[0], daemon.Key);
        daemon.Http = new HttpClient { BaseAddress = daemon.Host.Addresses[0] };
        daemon.Http.DefaultRequestHeaders.Authorization = new("Bearer", daemon.Key);
        return daemon;
    }

    /// <summary>A .torrent file of content that lies in a folder of its own, so that nothing has it unless told where it is.</summary>
    public async Task<CreatedTorrent> MakeTorrentAsync(string name, int files = 1, int length = 100_000, string? tracker = null)
    {
        string root = Path.Combine(Folder, "content", name);
        Directory.CreateDirectory(root);
        for (int i = 0; i < files; i++)
        {
            string path = i % 2 == 0 ? Path.Combine(root, $"{i}.bin") : Path.Combine(root, "extras", $"{i}.bin");
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllBytesAsync(path, RandomNumberGenerator.GetBytes(length));
        }
        return await TorrentCreator.CreateAsync(root, new CreateOptions
        {
            PieceLength = 16 * 1024, Outer = new Spate.Protocol.TorrentOuter { TrackerTiers = tracker is null ? [] : [[tracker]], Comment = "made by a test" },
        });
    }

    public async Task<string> AddAsync(CreatedTorrent torrent, AddOptions? options = null)
    {
        AddResult added = await Client.AddFilesAsync([("t.torrent", torrent.Torrent)], options ?? new AddOptions());
        return added.Torrents[0].Id!;
    }

    /// <summary>Waits until something is so; fails after a minute.</summary>
    public static async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> wanted)
    {
        long end = Environment.TickCount64 + 60_000;
        while (true)
        {
            T now = await ask();
            if (wanted(now)) return now;
            Assert.True(Environment.TickCount64 < end, $"It did not come to that within a minute; it is {now}.");
            await Task.Delay(50);
        }
    }

    public Task<TorrentRow> UntilAsync(string id, Func<TorrentRow, bool> wanted) =>
        UntilAsync(async () => (await Client.GetTorrentAsync(id)).Row, wanted);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Http.Dispose();
        await Host.DisposeAsync();
        if (ownsFolder) Directory.Delete(Folder, recursive: true);
    }
}
