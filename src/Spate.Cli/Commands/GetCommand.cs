using System.CommandLine;
using System.Net;
using Spate.Cli.Transfers;
using Spate.Engine;
using Spate.Engine.Metadata;
using Spate.Engine.Session;
using Spate.Engine.Torrents;
using Spate.Protocol;

namespace Spate.Cli.Commands;

/// <summary><c>spate get</c>: downloads torrents.</summary>
internal static class GetCommand
{
    private static readonly Argument<string[]> sources = new("torrent")
    {
        Description = "A .torrent file, its URL, - for standard input, a magnet link or an info-hash; several are fetched together",
        Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<string> output = new("--output", "-o") { Description = "The download folder (default: here)", HelpName = "DIR" };

    private static readonly Option<string[]> files = new("--files", "-f")
    {
        Description = "Only these files: numbers of 'spate show' (1,3-5) or patterns (*.iso); may be repeated", HelpName = "FILES",
    };

    private static readonly Option<bool> sequential = new("--sequential") { Description = "Ask for pieces in their order" };
    private static readonly Option<bool> preallocate = new("--preallocate") { Description = "Reserve the space of each file when it is first written" };
    private static readonly Option<bool> seed = new("--seed") { Description = "Go on seeding until Ctrl-C" };
    private static readonly Option<bool> metadataOnly = new("--metadata-only") { Description = "Write the .torrent file of a magnet link and end" };
    private static readonly Option<bool> keepTrying = new("--keep-trying") { Description = "When the disk refuses (full, read-only), wait until it no longer does" };
    private static readonly Option<int> stallTimeout = new("--stall-timeout") { Description = "Give up when nothing arrived for so many seconds", HelpName = "SECONDS" };

    public static Command Build(CliEnvironment environment)
    {
        var command = new Command("get", "Download torrents") { sources, output, files, sequential, preallocate, seed, metadataOnly, keepTrying, stallTimeout };
        foreach (Option option in TransferOptions.All) command.Add(option);
        return command.Does(environment, RunAsync);
    }

    private static async Task<ExitCode> RunAsync(CommandContext context)
    {
        string folder = context.Environment.Resolve(context.Get(output) ?? ".");
        FileSelection? selection = FileSelection.Parse(context.Get(files) ?? []);
        var links = new List<MagnetLink>();
        var torrents = new List<Metainfo>();
        foreach (string source in context.Get(sources)!)
        {
            bool isLink = source.StartsWith("magnet:", StringComparison.OrdinalIgnoreCase) || (!context.Environment.Exists(source) && MagnetLink.TryParse(source, out _, out _));
            if (!isLink) torrents.Add(await TorrentSource.ParseAsync(context, source));
            else if (MagnetLink.TryParse(source, out MagnetLink? link, out string? error)) links.Add(link);
            else throw new CliException(ExitCode.Usage, $"{source}: {error}");
        }
        IReadOnlyList<IPEndPoint> peers = await TransferOptions.PeersAsync(context);
        TorrentSession session = await TransferOptions.StartSessionAsync(context);
        var loop = new TransferLoop(context, session, folder)
        {
            SeedForever = context.Get(seed), KeepTrying = context.Get(keepTrying), StallTimeout = TimeSpan.FromSeconds(context.Get(stallTimeout)),
        };
        if (context.Get(metadataOnly)) return await WriteMetadataAsync(context, session, links, peers, folder);

        TorrentOptions Options(Metainfo metainfo, MagnetLink? link) => new()
        {
            SaveTo = folder,
            Peers = peers,
            Sequential = context.Get(sequential),
            Preallocate = context.Get(preallocate),
            MaxPeers = context.Has(TransferOptions.MaxPeers) ? context.Get(TransferOptions.MaxPeers) : 200,
            FilePriorities = selection?.Apply(metainfo) ?? Selected(metainfo, link),
        };
        foreach (Metainfo metainfo in torrents) loop.Torrents.Add(session.Add(metainfo, Options(metainfo, null)));
        foreach (MagnetLink link in links) loop.Searches.Add(FindAsync(session, link, peers, metainfo => Options(metainfo, link), context.Cancel));
        return await loop.RunAsync();
    }

    private static async Task<Torrent> FindAsync(
        TorrentSession session, MagnetLink link, IReadOnlyList<IPEndPoint> peers, Func<Metainfo, TorrentOptions> options, CancellationToken cancel)
    {
        MetadataDownload search = session.Search(link, peers);
        try
        {
            Metainfo metainfo = await search.WhenComplete(cancel);
            TorrentOptions chosen = options(metainfo);
            return session.Add(metainfo, chosen with { Peers = [.. chosen.Peers, .. await search.KnownPeersAsync()] });
        }
        catch (InvalidOperationException e) { throw new CliException(ExitCode.Error, e.Message, e); }
        finally { session.EndSearch(search); }
    }

    // What the link itself asks for (so=, BEP 53).
    private static Engine.Pieces.PiecePriority[]? Selected(Metainfo metainfo, MagnetLink? link) => link is null || link.SelectOnly.Count == 0
        ? null
        : [.. metainfo.Files.Select(file => link.Selects(file.Index) ? Engine.Pieces.PiecePriority.Normal : Engine.Pieces.PiecePriority.Skip)];

    private static async Task<ExitCode> WriteMetadataAsync(
        CommandContext context, TorrentSession session, List<MagnetLink> links, IReadOnlyList<IPEndPoint> peers, string folder)
    {
        await using (session)
        {
            if (links.Count == 0) throw new CliException(ExitCode.Usage, "--metadata-only needs a magnet link or an info-hash.");
            foreach (MagnetLink link in links)
            {
                MetadataDownload search = session.Search(link, peers);
                Task<Metainfo> found = search.WhenComplete(context.Cancel);
                while (await Task.WhenAny(found, Task.Delay(TimeSpan.FromMilliseconds(100), context.Environment.Time, CancellationToken.None)) != found)
                    context.Progress.Show(TransferReport.Line(search.Status));
                Metainfo metainfo;
                try { metainfo = await found; }
                catch (OperationCanceledException) { return ExitCode.Incomplete; }
                finally { session.EndSearch(search); }
                Directory.CreateDirectory(folder);
                string path = Path.Combine(folder, metainfo.Name + ".torrent");
                context.Environment.ReplaceFile(path, TorrentOuter.Of(metainfo).ToTorrent(metainfo.RawInfo.Span));
                context.Progress.Clear();
                context.Out.Line($"{path}");
            }
            return ExitCode.Ok;
        }
    }
}
