using System.CommandLine;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Serialization;
using Spate.Cli.Terminal;
using Spate.Create;
using Spate.Engine;
using Spate.Engine.Session;
using Spate.Engine.Torrents;
using Spate.Protocol;
using Spate.Tracker;
using Spate.Verify;

namespace Spate.Cli.Commands;

/// <summary>
/// <c>spate demo</c>: a whole swarm on this machine, with nothing from outside: sample content, a torrent, a tracker, a seeder and three downloaders
/// that trade pieces, and a check of what they got.
/// </summary>
internal static partial class DemoCommand
{
    private const long DefaultSize = 64L << 20;
    private const long SeederLimit = 5L << 20;
    private static readonly (string Name, long UploadLimit)[] downloaders = [("downloader 1", 8L << 20), ("downloader 2", 4L << 20), ("downloader 3", 2L << 20)];

    private static readonly Option<string> size = new("--size")
    {
        Description = "How much sample content to make (default: 64M)", HelpName = "SIZE",
        Validators =
        {
            result =>
            {
                foreach (System.CommandLine.Parsing.Token token in result.Tokens)
                {
                    if (!ByteSize.TryParse(token.Value, out long bytes) || bytes is < 1 << 20 or > 16L << 30) result.AddError("--size takes a size from 1M to 16G.");
                }
            },
        },
    };

    private static readonly Option<string> keep = new("--keep") { Description = "Put the files there and leave them (default: a temporary folder)", HelpName = "DIR" };

    public static Command Build(CliEnvironment environment)
    {
        var command = new Command("demo", "Watch a swarm at work on this machine: a tracker, a seeder and three downloaders") { size, keep };
        return command.Does(environment, async context =>
        {
            bool temporary = !context.Has(keep);
            string folder = temporary ? Directory.CreateTempSubdirectory("spate-demo-").FullName : context.Environment.Resolve(context.Get(keep)!);
            try { return await RunAsync(context, folder); }
            finally
            {
                if (temporary) Directory.Delete(folder, recursive: true);
            }
        });
    }

    private static async Task<ExitCode> RunAsync(CommandContext context, string folder)
    {
        long bytes = context.Get(size) is { } text && ByteSize.TryParse(text, out long given) ? given : DefaultSize;
        long start = context.Environment.Time.GetTimestamp();
        string original = MakeContent(Path.Combine(folder, "seeder"), bytes);
        await using TrackerServer tracker = await TrackerServer.StartAsync(
            new TrackerOptions { Listen = [IPAddress.Loopback], HttpPort = 0, UdpPort = null, MinInterval = TimeSpan.FromSeconds(5), Interval = TimeSpan.FromSeconds(10), IntervalJitter = TimeSpan.Zero }, context.Cancel);
        string announce = $"http://{tracker.HttpEndPoints[0]}/announce";
        CreatedTorrent created = await TorrentCreator.CreateAsync(
            original, new CreateOptions { PieceLength = 256 << 10, Outer = new TorrentOuter { TrackerTiers = [[announce]] } }, null, context.Cancel);
        Metainfo metainfo = created.Metainfo;
        context.Note($"sample content of {ByteSize.Show(bytes)}, a torrent of {metainfo.PieceCount} pieces, a tracker at {announce}");
        context.Note($"the seeder may send {ByteSize.ShowRate(SeederLimit)}; the downloaders {string.Join(", ", downloaders.Select(d => ByteSize.ShowRate(d.UploadLimit)))}");

        var sessions = new List<TorrentSession>();
        var torrents = new List<Torrent>();
        try
        {
            sessions.Add(await StartAsync(SeederLimit));
            torrents.Add(sessions[0].Add(metainfo, new TorrentOptions { SaveTo = Path.GetDirectoryName(original)!, TrustData = true }));
            await torrents[0].WhenComplete(context.Cancel);
            foreach ((string name, long limit) in downloaders)
            {
                sessions.Add(await StartAsync(limit));
                torrents.Add(sessions[^1].Add(metainfo, new TorrentOptions { SaveTo = Path.Combine(folder, name.Replace(' ', '-')) }));
            }
            Task all = Task.WhenAll(torrents.Select(torrent => torrent.WhenComplete(context.Cancel)));
            while (await Task.WhenAny(all, Task.Delay(TimeSpan.FromMilliseconds(100), context.Environment.Time, CancellationToken.None)) != all) Show(context, torrents);
            await all;
            await CountedAsync(context, torrents);
            context.Progress.Clear();
            return await ReportAsync(context, metainfo, torrents, folder, context.Environment.Time.GetElapsedTime(start));
        }
        finally
        {
            foreach (TorrentSession session in sessions) await session.DisposeAsync();
        }
    }

    // A status is up to a second old: what was received must have been sent by somebody, and be counted there.
    private static async Task CountedAsync(CommandContext context, List<Torrent> torrents)
    {
        for (int i = 0; i < 100; i++)
        {
            long received = torrents.Skip(1).Sum(torrent => torrent.Status.Downloaded), sent = torrents.Sum(torrent => torrent.Status.Uploaded);
            if (sent >= received && torrents.Skip(1).All(torrent => torrent.Status.Downloaded >= torrent.Metainfo.TotalLength)) return;
            await Task.Delay(TimeSpan.FromMilliseconds(100), context.Environment.Time, context.Cancel);
        }
    }

    private static Task<TorrentSession> StartAsync(long uploadLimit) => SpateSession.StartAsync(new SessionOptions
    {
        Listen = [new IPEndPoint(IPAddress.Loopback, 0)], UploadLimit = uploadLimit, WriteMemory = 16 << 20, ReadMemory = 8 << 20, LocalDiscovery = false,
    });

    // Random bytes, so that every piece differs; two files, so that a piece crosses from one to the other.
    private static string MakeContent(string folder, long bytes)
    {
        string root = Path.Combine(folder, "demo");
        Directory.CreateDirectory(root);
        long first = bytes / 3 * 2 + 12_345;
        foreach ((string name, long length) in new[] { ("large.bin", first), ("small.bin", bytes - first) })
        {
            using FileStream file = File.Create(Path.Combine(root, name));
            byte[] buffer = new byte[1 << 20];
            for (long left = length; left > 0; left -= buffer.Length)
            {
                int part = (int)Math.Min(left, buffer.Length);
                RandomNumberGenerator.Fill(buffer.AsSpan(0, part));
                file.Write(buffer, 0, part);
            }
        }
        return root;
    }

    private static void Show(CommandContext context, List<Torrent> torrents)
    {
        var lines = new List<ProgressLine>();
        for (int i = 0; i < torrents.Count; i++)
        {
            TorrentStatus s = torrents[i].Status;
            string detail = $"up {ByteSize.ShowRate(s.UploadRate)}, {s.Peers} peers, {s.PiecesDone}/{s.PieceCount}";
            lines.Add(i == 0
                ? new ProgressLine("seeder", s.DoneBytes, s.WantedBytes, null, detail)
                : new ProgressLine(downloaders[i - 1].Name, s.DoneBytes, s.WantedBytes, s.DownloadRate, detail));
        }
        context.Progress.Show(lines);
    }

    private static async Task<ExitCode> ReportAsync(CommandContext context, Metainfo metainfo, List<Torrent> torrents, string folder, TimeSpan elapsed)
    {
        bool good = true;
        foreach ((string name, _) in downloaders)
        {
            VerifyResult result = await TorrentVerifier.VerifyAsync(metainfo, Path.Combine(folder, name.Replace(' ', '-')), 0, null, context.Cancel);
            good &= result.IsComplete;
        }
        long fromSeeder = torrents[0].Status.Uploaded, traded = torrents.Skip(1).Sum(torrent => torrent.Status.Uploaded);
        double copies = (double)fromSeeder / metainfo.TotalLength;
        if (context.IsJson)
        {
            context.Print(new DemoJson(
                "spate.demo/1", good, Math.Round(elapsed.TotalSeconds, 3), metainfo.TotalLength, fromSeeder, traded,
                [.. downloaders.Select((d, i) => new PeerJson(d.Name, d.UploadLimit, torrents[i + 1].Status.Downloaded, torrents[i + 1].Status.Uploaded))]),
                DemoJsonContext.Default.DemoJson);
            return good ? ExitCode.Ok : ExitCode.VerifyFailed;
        }
        for (int i = 0; i < downloaders.Length; i++)
        {
            TorrentStatus s = torrents[i + 1].Status;
            context.Out.Line($"{downloaders[i].Name}: got {ByteSize.Show(s.Downloaded)}, gave {ByteSize.Show(s.Uploaded)}");
        }
        context.Out.Line($"from the seeder {ByteSize.Show(fromSeeder)} ({copies:0.00} copies), from peer to peer {ByteSize.Show(traded)}, in {ProgressLine.ShowTime(elapsed)}");
        if (good) context.Out.Line($"{context.Out.Green("verified")}: all three have every piece");
        else context.Out.Line($"{context.Out.Red("bad")}: a downloader does not have what the seeder has");
        return good ? ExitCode.Ok : ExitCode.VerifyFailed;
    }

    internal sealed record PeerJson(string Name, long UploadLimit, long Downloaded, long Uploaded);

    internal sealed record DemoJson(
        string Schema, bool Verified, double Seconds, long ContentBytes, long FromSeeder, long PeerToPeer, IReadOnlyList<PeerJson> Downloaders);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
    [JsonSerializable(typeof(DemoJson))]
    internal sealed partial class DemoJsonContext : JsonSerializerContext;
}
