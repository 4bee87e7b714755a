using System.CommandLine;
using System.Net;
using Spate.Cli.Terminal;
using Spate.Cli.Transfers;
using Spate.Create;
using Spate.Engine;
using Spate.Engine.Session;
using Spate.Engine.Torrents;
using Spate.Protocol;

namespace Spate.Cli.Commands;

/// <summary><c>spate seed</c>: offers content to others.</summary>
internal static class SeedCommand
{
    private static readonly Argument<string[]> paths = new("path")
    {
        Description = "A .torrent file whose data lies in --data, or a file or folder, for which a torrent is made",
        Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<string> data = new("--data", "-d") { Description = "Where the data of .torrent files lies (default: beside each)", HelpName = "DIR" };

    private static readonly Option<string[]> trackers = new("--tracker", "-t") { Description = "Tracker of torrents that are made; may be repeated", HelpName = "URL" };

    private static readonly Option<bool> trust = new("--trust") { Description = "Do not check the data first" };

    public static Command Build(CliEnvironment environment)
    {
        var command = new Command("seed", "Offer files to others until Ctrl-C") { paths, data, trackers, trust };
        foreach (Option option in TransferOptions.All) command.Add(option);
        return command.Does(environment, RunAsync);
    }

    private static async Task<ExitCode> RunAsync(CommandContext context)
    {
        var offers = new List<(Metainfo Metainfo, string Folder, bool Trusted)>();
        foreach (string path in context.Get(paths)!) offers.Add(await OfferAsync(context, path));
        IReadOnlyList<IPEndPoint> peers = await TransferOptions.PeersAsync(context);
        TorrentSession session = await TransferOptions.StartSessionAsync(context);
        bool hasGoal = context.Has(TransferOptions.SeedRatio) || context.Has(TransferOptions.SeedTime);
        var loop = new TransferLoop(context, session, context.Environment.WorkingDirectory) { SeedForever = !hasGoal };
        foreach ((Metainfo metainfo, string folder, bool trusted) in offers)
        {
            loop.Torrents.Add(session.Add(metainfo, new TorrentOptions
            {
                SaveTo = folder,
                TrustData = trusted || context.Get(trust),
                Peers = peers,
                MaxPeers = context.Has(TransferOptions.MaxPeers) ? context.Get(TransferOptions.MaxPeers) : 200,
            }));
            if (!context.IsJson && !context.Get(TransferOptions.JsonLines)) context.Out.Line($"{MagnetLink.Of(metainfo)}");
        }
        context.Flush();
        context.Note($"listening on {string.Join(", ", session.ListenEndPoints.Select(endPoint => endPoint.ToString()))}; Ctrl-C stops");
        ExitCode code = await loop.RunAsync();
        return code;
    }

    private static async Task<(Metainfo, string Folder, bool Trusted)> OfferAsync(CommandContext context, string path)
    {
        string full = context.Environment.Resolve(path);
        if (path.EndsWith(".torrent", StringComparison.OrdinalIgnoreCase) || TorrentSource.IsUrl(path))
        {
            Metainfo metainfo = AsNamed(await TorrentSource.ReadAsync(context, path), path);
            return (metainfo, context.Get(data) is { } folder ? context.Environment.Resolve(folder) : Path.GetDirectoryName(full)!, false);
        }
        if (!context.Environment.Exists(path)) throw new CliException(ExitCode.NotFound, $"There is no file or folder {path}.");
        // A torrent that lies beside the content names it already; its data is checked like any other's.
        string content = full.TrimEnd(Path.DirectorySeparatorChar), torrent = content + ".torrent", parent = Path.GetDirectoryName(content)!;
        if (context.Environment.Exists(torrent)) return (AsNamed(await TorrentSource.ReadAsync(context, torrent), torrent), parent, false);
        var rate = new RateEstimate(context.Environment.Time);
        var options = new CreateOptions { Outer = new TorrentOuter { TrackerTiers = [.. (context.Get(trackers) ?? []).Select(url => (IReadOnlyList<string>)[url])] } };
        CreatedTorrent created = await TorrentCreator.CreateAsync(
            full, options, p => context.Progress.Show(new ProgressLine("hashing", p.BytesDone, p.BytesTotal, rate.Update(p.BytesDone))), context.Cancel);
        context.Progress.Clear();
        context.Environment.ReplaceFile(torrent, created.Torrent);
        context.Note($"made {torrent}");
        return (AsNamed(created.Torrent, path), parent, true);
    }

    // What is seeded was not named by us: names that are fine on this system stay as they are.
    private static Metainfo AsNamed(byte[] torrent, string source)
    {
        MetainfoOptions options = MetainfoOptions.Default with { FileNames = OperatingSystem.IsWindows() ? FileNameRules.Portable : FileNameRules.Posix };
        return Metainfo.TryParse(torrent, options, out Metainfo? metainfo, out MetainfoError? error)
            ? metainfo : throw new CliException(ExitCode.Error, $"{source}: {error}");
    }
}
