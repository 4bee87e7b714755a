using System.CommandLine;
using System.Net;
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
/// <c>spate demo</c>: everything that a download needs, in one process on the loopback: sample content, its torrent, a tracker, a
/// seeder, and three downloaders with different upload limits who trade pieces with each other.
/// </summary>
internal static partial class DemoCommand
{
    private const long SeederLimit = 3 << 20; // bytes a second
    private static readonly long[] downloaderLimits = [1 << 20, 3 << 19, 5 << 19];

    public static Command Build(CliEnvironment environment)
    {
        var size = new Option<string>("--size")
        {
            Description = "How much content to share (default: 32M, which takes some 12 seconds)", HelpName = "SIZE",
            Validators =
            {
                static result =>
                {
                    foreach (System.CommandLine.Parsing.Token token in result.Tokens)
                    {
                        if (!ByteSize.TryParse(token.Value, out long bytes) || bytes is < 1 << 20 or > 16L << 30)
                            result.AddError($"--size takes a size from 1M to 16G, not '{token.Value}'.");
                    }
                },
            },
        };
        var keep = new Option<string>("--keep") { Description = "Put the files there and leave them (default: a temporary folder)", HelpName = "DIR" };
        var command = new Command("demo", "Watch a small swarm at work, with nothing from outside") { size, keep };
        return command.Does(environment, async context =>
        {
            long length = context.Get(size) is { } text && ByteSize.TryParse(text, out long bytes) ? bytes : 32 << 20;
            if (context.Get(keep) is { } kept) return await RunAsync(context, Directory.CreateDirectory(environment.Resolve(kept)).FullName, length);
            string folder = Directory.CreateTempSubdirectory("spate-demo-").FullName;
            try
            {
                return await RunAsync(context, folder, length);
            }
            finally { Directory.Delete(folder, recursive: true); }
        });
    }

    private static async Task<ExitCode> RunAsync(CommandContext context, string folder, long length)
    {
        context.Note($"{context.Err.Bold("content")}  {ByteSize.Show(length)} of random bytes in three files, in {folder}");
        string content = Path.Combine(folder, "seeder", "demo");
        MakeContent(content, length);

        await using TrackerServer tracker = await TrackerServer.StartAsync(
            new TrackerOptions { Listen = [IPAddress.Loopback], HttpPort = 0, UdpPort = null, Threads = 1 }, context.Cancel);
        string announce = $"http://{tracker.HttpEndPoints[0]}/announce";
        context.Note($"{context.Err.Bold("tracker")}  {announce}");

        CreatedTorrent created = await TorrentCreator.CreateAsync(
            content, new CreateOptions { Outer = new TorrentOuter { TrackerTiers = [[announce]] } }, cancel: context.Cancel);
        Metainfo torrent = Metainfo.Parse(created.Torrent);
        context.Note($"{context.Err.Bold("torrent")}  {torrent.PieceCount} pieces of {ByteSize.Show(torrent.PieceLength)}, info-hash {torrent.InfoHash.ToString()}");

        var members = new List<Member>();
        try
        {
            members.Add(await Member.StartAsync(context, torrent, "seeder", SeederLimit, Path.Combine(folder, "seeder"), isSeeder: true));
            // The others shall find it at the tracker.
            while (members[0].Status.Trackers is not [{ State: Engine.Discovery.TrackerState.Working }]) await Task.Delay(50, context.Cancel);
            for (int i = 0; i < downloaderLimits.Length; i++)
            {
                string name = $"downloader {i + 1}";
                members.Add(await Member.StartAsync(context, torrent, name, downloaderLimits[i], Path.Combine(folder, name), isSeeder: false));
            }
            foreach (Member member in members)
                context.Note($"{context.Err.Bold(member.Name)}  sends {ByteSize.ShowRate(member.Limit)} at most{(member.IsSeeder ? ", and has everything" : "")}");

            while (!members.TrueForAll(static member => member.IsComplete))
            {
                foreach (Member member in members) member.Look();
                context.Progress.Show([.. members.Select(static member => member.Line)]);
                await Task.Delay(100, context.Cancel);
            }
            // A status is up to a second old: what was received must have been sent by somebody, and be counted there.
            for (int i = 0; i < 100 && !IsCounted(members, torrent); i++) await Task.Delay(100, context.Cancel);
            context.Progress.Clear();
        }
        finally { await Task.WhenAll(members.Select(static member => member.StopAsync())); }

        var checks = new List<VerifyResult>();
        foreach (Member member in members.Where(static member => !member.IsSeeder))
            checks.Add(await TorrentVerifier.VerifyAsync(torrent, member.Folder, cancel: context.Cancel));
        return Report(context, torrent, members, checks.TrueForAll(static check => check.IsComplete));
    }

    private static bool IsCounted(List<Member> members, Metainfo torrent) =>
        members.Skip(1).All(member => member.Status.Downloaded >= torrent.TotalLength)
        && members.Sum(static member => member.Status.Uploaded) >= members.Sum(static member => member.Status.Downloaded);

    private static void MakeContent(string folder, long length)
    {
        Directory.CreateDirectory(folder);
        byte[] buffer = new byte[1 << 20];
        (string Name, long Length)[] files = [("large.bin", length * 3 / 4), ("medium.bin", length / 5), ("small.bin", length - (length * 3 / 4) - (length / 5))];
        foreach ((string name, long size) in files)
        {
            using FileStream file = File.Create(Path.Combine(folder, name));
            for (long left = size; left > 0; left -= buffer.Length)
            {
                Random.Shared.NextBytes(buffer);
                file.Write(buffer, 0, (int)Math.Min(buffer.Length, left));
            }
        }
    }

    private static ExitCode Report(CommandContext context, Metainfo torrent, List<Member> members, bool isVerified)
    {
        long fromSeeder = members[0].Status.Uploaded, fromPeers = members.Skip(1).Sum(static member => member.Status.Uploaded);
        double copies = (double)fromSeeder / torrent.TotalLength;
        if (context.IsJson)
        {
            var json = new DemoJson(
                "spate.demo/1", isVerified, torrent.InfoHash.ToString(), torrent.TotalLength, fromSeeder, fromPeers,
                [.. members.Select(m => new MemberJson(m.Name, m.Limit, m.CompleteAfter?.TotalSeconds, m.Status.Downloaded, m.Status.Uploaded, m.Status.Wasted))]);
            context.Print(json, DemoJsonContext.Default.DemoJson);
            return isVerified ? ExitCode.Ok : ExitCode.VerifyFailed;
        }
        TextSink sink = context.Out;
        sink.Line();
        sink.Line($"{"",-14}{"limit",12}{"received",12}{"sent",12}{"complete after",17}");
        foreach (Member member in members)
        {
            string after = member.CompleteAfter is { } time ? FormattableString.Invariant($"{time.TotalSeconds:F1} s") : "";
            sink.Line($"{member.Name,-14}{ByteSize.ShowRate(member.Limit),12}{Amount(member.Status.Downloaded),12}{Amount(member.Status.Uploaded),12}{after,17}");
        }
        sink.Line();
        double share = 100.0 * fromPeers / Math.Max(1, fromSeeder + fromPeers);
        sink.Line($"The seeder sent {ByteSize.Show(fromSeeder)}: {copies:F2} copies for {members.Count - 1} downloaders.");
        sink.Line($"The other {ByteSize.Show(fromPeers)} ({share:F0} %) they gave each other.");
        if (isVerified) sink.Line($"{sink.Green("Every byte is right:")} all {torrent.PieceCount} pieces match the torrent, in all three folders.");
        else sink.Line($"{sink.Red("The content is damaged:")} it does not match the torrent. This is a bug in spate.");
        return isVerified ? ExitCode.Ok : ExitCode.VerifyFailed;
    }

    private static string Amount(long bytes) => bytes == 0 ? "-" : ByteSize.Show(bytes);

    /// <summary>One of the swarm: a session of its own with the one torrent.</summary>
    private sealed class Member
    {
        private readonly TorrentSession session;
        private readonly Torrent torrent;
        private readonly TimeProvider time;
        private readonly long start;

        private Member(CommandContext context, TorrentSession session, Torrent torrent)
        {
            (this.session, this.torrent, time) = (session, torrent, context.Environment.Time);
            start = time.GetTimestamp();
        }

        public required string Name { get; init; }

        public required long Limit { get; init; }

        public required string Folder { get; init; }

        public required bool IsSeeder { get; init; }

        public TorrentStatus Status => torrent.Status;

        /// <summary>How long its download took; null before it is complete.</summary>
        public TimeSpan? CompleteAfter { get; private set; }

        public bool IsComplete => IsSeeder || CompleteAfter is not null;

        public ProgressLine Line
        {
            get
            {
                TorrentStatus status = Status;
                if (IsSeeder) return new ProgressLine(Name.PadRight(12), 0, 0, null, $"sends {ByteSize.ShowRate(status.UploadRate)}, {ByteSize.Show(status.Uploaded)} so far");
                return new ProgressLine(
                    Name, status.DoneBytes, status.WantedBytes, status.DownloadRate,
                    $"{status.PiecesDone}/{status.PieceCount} pieces  sends {ByteSize.ShowRate(status.UploadRate)}");
            }
        }

        public static async Task<Member> StartAsync(CommandContext context, Metainfo metainfo, string name, long limit, string folder, bool isSeeder)
        {
            var options = new SessionOptions { Listen = [new IPEndPoint(IPAddress.Loopback, 0)], UploadLimit = limit, LocalDiscovery = false, Dht = false };
            TorrentSession session = await SpateSession.StartAsync(options, fault => context.Warn($"this is a bug in spate: {fault}"));
            Torrent torrent = session.Add(metainfo, new TorrentOptions { SaveTo = folder, TrustData = isSeeder });
            return new Member(context, session, torrent) { Name = name, Limit = limit, Folder = folder, IsSeeder = isSeeder };
        }

        public void Look()
        {
            if (CompleteAfter is null && !IsSeeder && Status.IsFinished) CompleteAfter = time.GetElapsedTime(start);
        }

        public async Task StopAsync() => await session.DisposeAsync();
    }

    internal sealed record MemberJson(string Name, long UploadLimit, double? Seconds, long Downloaded, long Uploaded, long Wasted);

    internal sealed record DemoJson(
        string Schema, bool Verified, string InfoHash, long TotalLength, long FromSeeder, long PeerToPeer, IReadOnlyList<MemberJson> Members);

    [JsonSourceGenerationOptions(
        PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonSerializable(typeof(DemoJson))]
    internal sealed partial class DemoJsonContext : JsonSerializerContext;
}
