using System.CommandLine;
using System.Net;
using Spate.Cli.Terminal;
using Spate.Cli.Transfers;
using Spate.Create;
using Spate.Engine;
using Spate.Engine.Session;
using Spate.Protocol;

namespace Spate.Cli.Commands;

/// <summary><c>spate seed</c>: shares content, by a torrent that there is or one that it makes.</summary>
internal static class SeedCommand
{
    public static Command Build(CliEnvironment environment)
    {
        var sources = new Argument<string[]>("path")
        {
            Description = "A .torrent file or its URL, whose content is in --data; or a file or folder to share", Arity = ArgumentArity.OneOrMore,
        };
        var data = new Option<string>("--data", "-d") { Description = "The folder with the content of .torrent files (default: beside each)", HelpName = "DIR" };
        Option<string[]> trackers = TrackerArguments.Tiers("--tracker", "For content: a tracker of the new torrent; may be repeated", "-t");
        var isPrivate = new Option<bool>("--private") { Description = "For content: the new torrent is private, its peers come from the trackers only" };
        var trust = new Option<bool>("--trust") { Description = "For .torrent files: take the content as complete without reading it" };
        Option<bool> jsonLines = GlobalOptions.JsonLines;
        var session = new SessionArguments();

        var command = new Command("seed", "Share content with others") { sources, data, trust, trackers, isPrivate };
        SeedGoals.AddTo(command);
        session.AddTo(command);
        command.Add(jsonLines);
        return command.Does(environment, async context =>
        {
            var seeds = new List<(Metainfo Torrent, string Folder, bool IsNew)>();
            foreach (string source in context.Get(sources)!)
            {
                if (IsTorrent(source)) seeds.Add(await OfTorrentAsync(context, source, context.Get(data) ?? Beside(source)));
                else seeds.Add(await OfContentAsync(context, source, context.Get(trackers), context.Get(isPrivate)));
            }
            IReadOnlyList<IPEndPoint> peers = await session.ResolvePeersAsync(context);
            int maxPeers = session.MaxPeers(context);
            TorrentSession started = await session.StartAsync(context);
            SeedGoals goals = SeedGoals.Read(context, seeds: true);
            await using var run = new TransferRun(context, started, goals, context.Get(jsonLines));
            foreach ((Metainfo torrent, string folder, bool isNew) in seeds)
            {
                if (!context.IsJson && !context.Get(jsonLines)) context.Result($"{MagnetLink.Of(torrent).ToString()}");
                run.Add(torrent, new Transfer
                {
                    SaveTo = folder,
                    ShownFolder = folder,
                    MustBeComplete = true,
                    // Paused until it is known to be complete: nobody's files are written to by seeding.
                    Options = _ => new TorrentOptions { SaveTo = folder, MayStartOver = true, Paused = true, TrustData = isNew || context.Get(trust), Peers = peers, MaxPeers = maxPeers },
                });
            }
            string at = string.Join(", ", started.ListenEndPoints.Select(static at => AddressOf(at)));
            context.Note($"listening on {at}; Ctrl-C stops");
            if (seeds.Exists(static seed => seed.IsNew && seed.Torrent.TrackerTiers.Count == 0))
                context.Note($"others get it with: spate get FILE.torrent --peer {at.Replace("*", "THIS-MACHINE")}");
            return await run.RunAsync("spate.seed/1");
        });
    }

    private static string AddressOf(IPEndPoint at) =>
        at.Address.Equals(IPAddress.Any) || at.Address.Equals(IPAddress.IPv6Any) ? $"*:{at.Port}" : at.ToString();

    private static bool IsTorrent(string source) =>
        source == "-" || TorrentSource.IsUrl(source) || source.EndsWith(".torrent", StringComparison.OrdinalIgnoreCase);

    private static string Beside(string source) =>
        source == "-" || TorrentSource.IsUrl(source) || Path.GetDirectoryName(source) is not { Length: > 0 } folder ? "." : folder;

    private static async Task<(Metainfo, string, bool)> OfTorrentAsync(CommandContext context, string source, string data)
    {
        Metainfo torrent = AsNamed(source, await TorrentSource.ReadAsync(context, source));
        string folder = context.Environment.Resolve(data);
        if (!Path.Exists(folder)) throw new CliException(ExitCode.NotFound, $"There is no file or folder {data}.");
        // The torrent's own folder or file is meant where its name says so.
        bool isOwn = !Path.Exists(Path.Combine(folder, torrent.Name)) && Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)) == torrent.Name;
        return (torrent, isOwn || File.Exists(folder) ? Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(folder))! : folder, false);
    }

    private static async Task<(Metainfo, string, bool)> OfContentAsync(CommandContext context, string path, string[]? trackers, bool isPrivate)
    {
        CliEnvironment environment = context.Environment;
        string root = Path.TrimEndingDirectorySeparator(environment.Resolve(path));
        if (!Path.Exists(root)) throw new CliException(ExitCode.NotFound, $"There is no file or folder {path}.");
        string folder = Path.GetDirectoryName(root) ?? throw new CliException(ExitCode.Usage, $"{path} has no name of its own; share a folder in it.");
        string target = root + ".torrent";
        if (environment.Exists(target))
        {
            context.Note($"sharing by {target}, which is there already");
            return (AsNamed(target, await TorrentSource.ReadAsync(context, target)), folder, false);
        }
        var rate = new RateEstimate(environment.Time);
        var options = new CreateOptions
        {
            IsPrivate = isPrivate,
            Outer = new TorrentOuter { TrackerTiers = TrackerArguments.ReadTiers(trackers), CreationDate = environment.Time.GetUtcNow() },
        };
        CreatedTorrent created = await TorrentCreator.CreateAsync(
            root, options, p => context.Progress.Show(new ProgressLine("hashing", p.BytesDone, p.BytesTotal, rate.Update(p.BytesDone))), context.Cancel);
        foreach (string left in created.LeftOut) context.Note($"left out: {left}");
        foreach (string warning in created.Warnings) context.Warn($"{warning}");
        environment.ReplaceFile(target, created.Torrent);
        context.Progress.Clear();
        context.Note($"made {target}");
        return (AsNamed(target, created.Torrent), folder, true);
    }

    // What is shared stands under its own names: those that this system can store are taken as they are.
    private static Metainfo AsNamed(string source, byte[] torrent)
    {
        var options = new MetainfoOptions { FileNames = OperatingSystem.IsWindows() ? FileNameRules.Portable : FileNameRules.Posix };
        return Metainfo.TryParse(torrent, options, out Metainfo? metainfo, out MetainfoError? error)
            ? metainfo
            : throw new CliException(ExitCode.Error, $"{source}: {error}");
    }
}
