using System.CommandLine;
using Spate.Api;
using Spate.Cli.Remote;
using Spate.Cli.Terminal;
using Spate.Cli.Transfers;
using Spate.Engine.Pieces;
using Spate.Protocol;

namespace Spate.Cli.Commands;

/// <summary><c>spate add</c>: gives torrents to a daemon.</summary>
internal static class AddCommand
{
    private const int MostAtOnce = 100;              // torrents of a request
    private const long MostBytesAtOnce = 32 << 20;

    public static Command Build(CliEnvironment environment)
    {
        var sources = new Argument<string[]>("torrent")
        {
            Description = "A .torrent file, its URL (the daemon fetches it), a magnet link, an info-hash, or - for standard input; several at once",
            Arity = ArgumentArity.OneOrMore,
        };
        var output = new Option<string>("--output", "-o") { Description = "The download folder, on the daemon's machine (default: the daemon's)", HelpName = "DIR" };
        var files = new Option<string[]>("--files", "-f")
        {
            Description = "Of one .torrent file, only these files: patterns such as *.mkv, numbers such as 0,2-5; ! in front leaves out; may be repeated", HelpName = "FILES",
        };
        var category = new Option<string>("--category") { Description = "Its category; made when there is none of the name", HelpName = "NAME" };
        var tags = new Option<string[]>("--tag") { Description = "A tag; may be repeated", HelpName = "NAME" };
        var name = new Option<string>("--name") { Description = "A name to show in place of the torrent's own" };
        var paused = new Option<bool>("--paused") { Description = "Do not start it" };
        var sequential = new Option<bool>("--sequential") { Description = "Get the pieces in their order" };
        var force = new Option<bool>("--force") { Description = "Run it whatever the queue says" };
        var top = new Option<bool>("--top") { Description = "Put it first into the queue" };
        var trust = new Option<bool>("--trust") { Description = "The files are there and right: seed them without a check" };
        Option<string> down = SessionArguments.Rate("--down", "Download limit in bytes a second, such as 500K or 10M");
        Option<string> up = SessionArguments.Rate("--up", "Upload limit in bytes a second");
        var peers = new Option<string[]>("--peer") { Description = "A peer to try; may be repeated", HelpName = "ADDRESS:PORT", Validators = { CreateCommand.CheckNodes } };
        var command = new Command("add", "Give torrents to a daemon")
        {
            sources, output, files, category, tags, name, paused, sequential, force, top, trust, down, up, peers,
        };
        return command.Talks(environment, async (context, client) =>
        {
            var torrents = new List<(string Name, byte[] Torrent)>();
            var links = new List<string>();
            var added = new List<AddedTorrent>();
            foreach (string source in context.Get(sources)!)
            {
                bool isLink = TorrentSource.IsUrl(source) || (MagnetLink.TryParse(source, out _, out _) && !environment.Exists(source));
                if (isLink) links.Add(source);
                else if (source.StartsWith("magnet:", StringComparison.OrdinalIgnoreCase)) throw new CliException(ExitCode.Usage, $"{source} is no magnet link of a torrent.");
                else
                {
                    string file = source == "-" ? "standard input" : Path.GetFileName(source);
                    byte[] bytes = await TorrentSource.ReadAsync(context, source);
                    // What is no torrent need not go over the network to be told so; the others are added.
                    if (Metainfo.TryParse(bytes, out _, out MetainfoError? error)) torrents.Add((file, bytes));
                    else added.Add(new AddedTorrent { Source = file, Error = error.ToString() });
                }
            }
            var options = new AddOptions
            {
                SavePath = context.Get(output) is { } folder ? RemoteArguments.Folder(context, folder) : null,
                Category = context.Get(category),
                Tags = context.Get(tags) ?? [],
                Name = context.Get(name),
                Paused = context.Get(paused) ? true : null,
                Sequential = context.Get(sequential) ? true : null,
                Forced = context.Get(force),
                AtTopOfQueue = context.Get(top),
                SkipCheck = context.Get(trust),
                DownloadLimit = Read(context, down),
                UploadLimit = Read(context, up),
                Peers = context.Get(peers) ?? [],
                Priorities = Priorities(FileSelection.Read(context.Get(files) ?? []), torrents, links),
            };
            foreach (List<(string, byte[])> part in Parts(torrents)) added.AddRange((await client.AddFilesAsync(part, options, context.Cancel)).Torrents);
            foreach (string[] part in links.Chunk(MostAtOnce)) added.AddRange((await client.AddAsync(new AddTorrents { Sources = part, Options = options }, context.Cancel)).Torrents);
            if (context.IsJson) context.Print(new AddedJson("spate.added/1", added), RemoteJsonContext.Default.AddedJson);
            else Print(context, added);
            return added.Exists(static torrent => torrent.Error is not null) ? ExitCode.Error : ExitCode.Ok;
        });
    }

    // As much as a request may hold.
    private static IEnumerable<List<(string Name, byte[] Torrent)>> Parts(List<(string Name, byte[] Torrent)> torrents)
    {
        var part = new List<(string, byte[])>();
        long bytes = 0;
        foreach ((string, byte[] Torrent) torrent in torrents)
        {
            if (part.Count == MostAtOnce || (part.Count > 0 && bytes + torrent.Torrent.Length > MostBytesAtOnce))
            {
                yield return part;
                (part, bytes) = ([], 0);
            }
            part.Add(torrent);
            bytes += torrent.Torrent.Length;
        }
        if (part.Count > 0) yield return part;
    }

    private static void Print(CommandContext context, List<AddedTorrent> added)
    {
        foreach (AddedTorrent torrent in added)
        {
            if (torrent.Error is { } error) context.Err.Line($"spate: {torrent.Source}: {error}");
            else if (torrent.Duplicate) context.Out.Line($"{context.Out.Yellow("is there already")}  {torrent.Id?[..8] ?? ""}  {torrent.Name ?? torrent.Source}");
            else context.Out.Line($"{context.Out.Green("added")}  {torrent.Id?[..8] ?? ""}  {torrent.Name ?? torrent.Source}");
        }
    }

    // The contract names files to be skipped; all others are wanted.
    private static IReadOnlyList<PriorityChange> Priorities(FileSelection? selection, List<(string Name, byte[] Torrent)> torrents, List<string> links)
    {
        if (selection is null) return [];
        if (torrents.Count != 1 || links.Count > 0)
            throw new CliException(ExitCode.Usage, "--files is for one .torrent file; of a link, add it with --paused and pick with 'spate files' once they are known.");
        Metainfo torrent = TorrentSource.Parse(torrents[0].Name, torrents[0].Torrent);
        IReadOnlyList<PiecePriority> priorities = selection.Apply(torrent);
        int[] skipped = [.. torrent.Files.Select(static file => file.Index).Where(index => priorities[index] == PiecePriority.Skip)];
        return skipped.Length == 0 ? [] : [new PriorityChange { Indexes = skipped, Priority = FilePriority.Skip }];
    }

    private static long Read(CommandContext context, Option<string> option) =>
        context.Get(option) is { } text && ByteSize.TryParse(text, out long bytes) ? bytes : 0;
}
