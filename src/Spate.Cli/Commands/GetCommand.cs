using System.CommandLine;
using System.Net;
using System.Text.Json.Serialization;
using Spate.Cli.Terminal;
using Spate.Cli.Transfers;
using Spate.Engine;
using Spate.Engine.Pieces;
using Spate.Engine.Session;
using Spate.Protocol;

namespace Spate.Cli.Commands;

/// <summary><c>spate get</c>: downloads torrents.</summary>
internal static partial class GetCommand
{
    public static Command Build(CliEnvironment environment)
    {
        var sources = new Argument<string[]>("torrent")
        {
            Description = "A .torrent file, its URL, a magnet link, an info-hash, or - for standard input; several at once", Arity = ArgumentArity.OneOrMore,
        };
        var output = new Option<string>("--output", "-o") { Description = "The download folder (default: here)", HelpName = "DIR" };
        var files = new Option<string[]>("--files", "-f")
        {
            Description = "Only these files: patterns such as *.mkv or extras/**, numbers such as 0,2-5; ! in front leaves out; may be repeated",
            HelpName = "FILES",
        };
        var list = new Option<bool>("--list", "-l") { Description = "Print the files with their numbers, and get nothing" };
        var sequential = new Option<bool>("--sequential") { Description = "Get the pieces in their order" };
        var preallocate = new Option<bool>("--preallocate") { Description = "Reserve the space of each file when it is first written" };
        var seed = new Option<bool>("--seed") { Description = "Go on to seed until Ctrl-C" };
        var metadataOnly = new Option<bool>("--metadata-only") { Description = "Write the .torrent files of magnet links, and get nothing else" };
        var keepTrying = new Option<bool>("--keep-trying") { Description = "When the disk refuses (full, read-only), wait until it no longer does" };
        TimeSpan second = TimeSpan.FromSeconds(1);
        Option<string> giveUp = SessionArguments.Time("--stall-timeout", "Give up when nothing arrived for so long, such as 10m (a bare number is seconds; default: never)", second);
        Option<bool> jsonLines = GlobalOptions.JsonLines;
        var session = new SessionArguments();

        var command = new Command("get", "Download torrents") { sources, output, files, list, sequential, preallocate, seed, metadataOnly };
        SeedGoals.AddTo(command);
        session.AddTo(command);
        command.Add(keepTrying);
        command.Add(giveUp);
        command.Add(jsonLines);
        return command.Does(environment, async context =>
        {
            FileSelection? selection = FileSelection.Read(context.Get(files) ?? []);
            List<(Metainfo? Torrent, MagnetLink? Link)> torrents = await ReadAsync(context, context.Get(sources)!);
            if (selection is { HasNumbers: true } && torrents.Count > 1)
                throw new CliException(ExitCode.Usage, "--files: numbers mean something for one torrent only; use patterns with several.");
            // Before anything starts: a pattern that matches nothing.
            foreach ((Metainfo? torrent, _) in torrents)
            {
                if (torrent is not null) selection?.Apply(torrent);
            }
            if (context.Get(metadataOnly) && torrents.Exists(static known => known.Torrent is not null))
                throw new CliException(ExitCode.Usage, "--metadata-only is for magnet links and info-hashes; the others are .torrent files already.");
            bool isList = context.Get(list);
            if (isList && torrents.TrueForAll(static known => known.Torrent is not null)) return List(context, torrents.ConvertAll(static known => known.Torrent!), selection);

            string shown = context.Get(output) ?? ".", folder = environment.Resolve(shown);
            if (!isList) MakeFolder(shown, folder);
            IReadOnlyList<IPEndPoint> peers = await session.ResolvePeersAsync(context);
            SeedGoals goals = SeedGoals.Read(context, seeds: context.Get(seed));
            TorrentSession started = await session.StartAsync(context);
            await using var run = new TransferRun(context, started, goals, context.Get(jsonLines))
            {
                GiveUp = SessionArguments.ReadTime(context, giveUp, second), KeepTrying = context.Get(keepTrying),
                TakeMetadata = isList ? static (_, _) => { } : context.Get(metadataOnly) ? (transfer, metainfo) => Write(context, context.Get(jsonLines), transfer, metainfo) : null,
            };
            int maxPeers = session.MaxPeers(context);
            foreach ((Metainfo? torrent, MagnetLink? link) in torrents)
            {
                var transfer = new Transfer
                {
                    SaveTo = folder,
                    ShownFolder = shown == "." ? "" : shown,
                    Options = metainfo => new TorrentOptions
                    {
                        SaveTo = folder,
                        MayStartOver = true, // who deletes the files and gives the command again wants them anew
                        Sequential = context.Get(sequential),
                        Preallocate = context.Get(preallocate),
                        FilePriorities = Priorities(metainfo, selection, link),
                        Peers = peers,
                        MaxPeers = maxPeers,
                    },
                };
                if (link is not null) run.Add(link, peers, transfer);
                else if (!isList) run.Add(torrent!, transfer);
            }
            if (!isList) return await run.RunAsync("spate.get/1");
            ExitCode found = await run.RunAsync(null);
            return found == ExitCode.Ok ? List(context, [.. torrents.Select(known => known.Torrent ?? run.Found(known.Link!))], selection) : found;
        });
    }

    private static async Task<List<(Metainfo?, MagnetLink?)>> ReadAsync(CommandContext context, string[] sources)
    {
        var torrents = new List<(Metainfo?, MagnetLink?)>();
        foreach (string source in sources)
        {
            // A bare info-hash is a link too, unless there is a file of that name.
            bool isLink = MagnetLink.TryParse(source, out MagnetLink? link, out string? error) && !context.Environment.Exists(source);
            if (isLink) torrents.Add((null, link));
            else if (source.StartsWith("magnet:", StringComparison.OrdinalIgnoreCase)) throw new CliException(ExitCode.Usage, $"{source}: {error}");
            else torrents.Add((await TorrentSource.ParseAsync(context, source), null));
        }
        return torrents;
    }

    // What the user picked, else what the link picks (BEP 53), else everything.
    private static IReadOnlyList<PiecePriority>? Priorities(Metainfo torrent, FileSelection? selection, MagnetLink? link)
    {
        if (selection is not null) return selection.Apply(torrent);
        if (link is null or { SelectOnly.Count: 0 }) return null;
        return [.. torrent.Files.Select(file => link.Selects(file.Index) ? PiecePriority.Normal : PiecePriority.Skip)];
    }

    private static void MakeFolder(string shown, string folder)
    {
        try { Directory.CreateDirectory(folder); }
        catch (IOException) when (File.Exists(folder)) { throw new CliException(ExitCode.Disk, $"{shown} is a file; --output takes a folder."); }
        catch (UnauthorizedAccessException e) { throw new CliException(ExitCode.Disk, $"There is no folder {shown}, and it may not be made.", e); }
        catch (IOException e) { throw new CliException(ExitCode.Disk, $"There is no folder {shown}, and it can't be made: {e.Message}", e); }
    }

    private static void Write(CommandContext context, bool jsonLines, Transfer transfer, Metainfo metainfo)
    {
        string path = Path.Combine(transfer.ShownFolder, metainfo.Name + ".torrent");
        context.Environment.ReplaceFile(path, TorrentOuter.Of(metainfo).ToTorrent(metainfo.RawInfo.Span));
        if (!context.IsJson && !jsonLines) context.Result($"{path}");
    }

    private static ExitCode List(CommandContext context, List<Metainfo> torrents, FileSelection? selection)
    {
        var listed = new List<ListedTorrentJson>();
        foreach (Metainfo torrent in torrents)
        {
            IReadOnlyList<PiecePriority>? priorities = selection?.Apply(torrent);
            ListedFileJson[] files =
            [
                .. torrent.Files.Where(static file => !file.IsPadding)
                    .Select(file => new ListedFileJson(file.Index, file.Path, file.Length, priorities?[file.Index] != PiecePriority.Skip)),
            ];
            listed.Add(new ListedTorrentJson(torrent.InfoHash.ToString(), torrent.Name, files));
            if (context.IsJson) continue;
            int digits = files[^1].Index.ToString().Length;
            foreach (ListedFileJson file in files)
            {
                string number = file.Index.ToString().PadLeft(digits), size = ByteSize.Show(file.Length).PadLeft(10);
                if (file.Wanted) context.Out.Line($"{number}  {size}  {file.Path}");
                else context.Out.Line($"{context.Out.Dim($"{number}  {size}  {file.Path}  (not wanted)")}");
            }
            ListedFileJson[] wanted = [.. files.Where(static file => file.Wanted)];
            context.Note($"{torrent.Name}: {ShowCommand.Count(wanted.Length, "file")}, {ByteSize.Show(wanted.Sum(static file => file.Length))}");
        }
        if (context.IsJson) context.Print(new ListJson("spate.files/1", listed), GetJsonContext.Default.ListJson);
        return ExitCode.Ok;
    }

    internal sealed record ListedFileJson(int Index, string Path, long Length, bool Wanted);

    internal sealed record ListedTorrentJson(string InfoHash, string Name, IReadOnlyList<ListedFileJson> Files);

    internal sealed record ListJson(string Schema, IReadOnlyList<ListedTorrentJson> Torrents);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
    [JsonSerializable(typeof(ListJson))]
    internal sealed partial class GetJsonContext : JsonSerializerContext;
}
