using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization;
using Spate.Cli.Terminal;
using Spate.Create;
using Spate.Protocol;

namespace Spate.Cli.Commands;

/// <summary><c>spate create</c>: makes a .torrent file.</summary>
internal static partial class CreateCommand
{
    public static Command Build(CliEnvironment environment)
    {
        var path = new Argument<string>("path") { Description = "The file or folder to share" };
        var output = new Option<string>("--output", "-o") { Description = "Where to write it; - for standard output (default: NAME.torrent here)", HelpName = "FILE" };
        var force = new Option<bool>("--force", "-f") { Description = "Overwrite the output if it is there" };
        var name = new Option<string>("--name", "-n") { Description = "Name of the torrent (default: that of the file or folder)" };
        Option<string[]> trackers = TrackerArguments.Tiers("--tracker", "A tracker; repeat for further tiers, part with commas within a tier", "-t");
        Option<string[]> webSeeds = TrackerArguments.WebSeeds("--web-seed", "Where the content is to be had over HTTP; may be repeated", "-w");
        var isPrivate = new Option<bool>("--private", "-p") { Description = "Find peers through the trackers only" };
        var source = new Option<string>("--source", "-s") { Description = "Text that makes the info-hash differ from that of the same files elsewhere" };
        var comment = new Option<string>("--comment", "-c") { Description = "A comment for people" };
        var pieceLength = new Option<string>("--piece-length", "-l")
        {
            Description = "Bytes of a piece, a power of two such as 256K or 4M (default: by the size of the content)", HelpName = "SIZE",
            Validators = { result => CheckPieceLength(result) },
        };
        var nodes = new Option<string[]>("--node")
        {
            Description = "A DHT node to start from; may be repeated", HelpName = "HOST:PORT", Validators = { result => CheckNodes(result) },
        };
        var createdBy = new Option<string>("--created-by") { Description = "What to name as the creating program (empty: nothing)" };
        var noDate = new Option<bool>("--no-date") { Description = "Leave the creation date out, so that the same input gives the same file" };
        var hidden = new Option<bool>("--include-hidden") { Description = "Take hidden files too" };
        var junk = new Option<bool>("--include-junk") { Description = "Take Thumbs.db, .DS_Store and the like too" };
        var exclude = new Option<string[]>("--exclude", "-x") { Description = "Leave out files and folders that match; may be repeated", HelpName = "PATTERN" };
        Option<SymlinkPolicy?> symlinks = Choice.Of<SymlinkPolicy>("--symlinks", "What becomes of symbolic links (default: skip)", "WHAT");
        var executable = new Option<bool>("--executable") { Description = "Mark executable files as such" };
        var threads = new Option<int>("--threads") { Description = "Threads to hash on (default: one per core)", HelpName = "N", Validators = { VerifyCommand.CheckThreads } };
        var dryRun = new Option<bool>("--dry-run") { Description = "Do everything but write the file" };

        var command = new Command("create", "Make a .torrent file of a file or a folder")
        {
            path, output, force, name, trackers, webSeeds, isPrivate, source, comment, pieceLength, nodes,
            createdBy, noDate, hidden, junk, exclude, symlinks, executable, threads, dryRun,
        };
        return command.Does(environment, async context =>
        {
            string root = environment.Resolve(context.Get(path)!);
            string target = context.Get(output) ?? DefaultOutput(context.Get(name), root);
            bool toOutput = target == "-";
            bool writes = !toOutput && !context.Get(dryRun);
            // Said before an hour of hashing, not after it.
            if (writes && !context.Get(force) && environment.Exists(target))
                throw new CliException(ExitCode.Error, $"{target} is there already; --force overwrites it.");

            var options = new CreateOptions
            {
                Name = context.Get(name),
                PieceLength = context.Get(pieceLength) is { } size && ByteSize.TryParse(size, out long bytes) ? (int)bytes : null,
                IsPrivate = context.Get(isPrivate),
                Source = context.Get(source),
                IncludeHidden = context.Get(hidden),
                IncludeJunk = context.Get(junk),
                KeepExecutable = context.Get(executable),
                Symlinks = context.Get(symlinks) ?? SymlinkPolicy.Skip,
                Exclude = context.Get(exclude) ?? [],
                Threads = context.Get(threads),
                Outer = new TorrentOuter
                {
                    TrackerTiers = TrackerArguments.ReadTiers(context.Get(trackers)),
                    WebSeeds = context.Get(webSeeds) ?? [],
                    Comment = context.Get(comment),
                    CreatedBy = (context.Get(createdBy) ?? ProgramName) is { Length: > 0 } by ? by : null,
                    CreationDate = context.Get(noDate) ? null : Now(environment),
                    Nodes = [.. (context.Get(nodes) ?? []).Select(n => TrackerArguments.TryParseNode(n, out (string, int) node) ? node : default)],
                },
            };
            if (options.IsPrivate && options.Outer.TrackerTiers.Count == 0)
                context.Warn($"a private torrent without a tracker finds no peers");

            var rate = new RateEstimate(environment.Time);
            CreatedTorrent created;
            try
            {
                created = await TorrentCreator.CreateAsync(
                    root, options,
                    p => context.Progress.Show(new ProgressLine("hashing", p.BytesDone, p.BytesTotal, rate.Update(p.BytesDone), Path.GetFileName(p.File) ?? "")),
                    context.Cancel);
            }
            catch (ArgumentException e)
            {
                throw new CliException(ExitCode.Usage, e.Message, e);
            }
            context.Progress.Clear();
            if (writes) environment.ReplaceFile(target, created.Torrent);
            Report(context, created, toOutput ? null : target, rate.Elapsed);
            if (toOutput) context.Print(created.Torrent);
            return ExitCode.Ok;
        });
    }

    private static string ProgramName { get; } = "Spate/" + typeof(CreateCommand).Assembly.GetName().Version!.ToString(3);

    // Reproducible builds set the moment that counts as now.
    private static DateTimeOffset Now(CliEnvironment environment) =>
        long.TryParse(environment.Variable("SOURCE_DATE_EPOCH"), NumberStyles.None, CultureInfo.InvariantCulture, out long seconds)
            && seconds <= 253_402_300_799
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : environment.Time.GetUtcNow();

    private static string DefaultOutput(string? name, string root)
    {
        name ??= Path.GetFileName(Path.TrimEndingDirectorySeparator(root));
        if (name.Length == 0) throw new CliException(ExitCode.Usage, "This folder has no name of its own; give one with --name.");
        return SafePath.Component(name) + ".torrent";
    }

    private static void Report(CommandContext context, CreatedTorrent created, string? target, TimeSpan elapsed)
    {
        Metainfo torrent = created.Metainfo;
        foreach (string name in created.LeftOut) context.Note($"left out: {name}");
        foreach (string warning in created.Warnings) context.Warn($"{warning}");
        double rate = torrent.TotalLength / Math.Max(elapsed.TotalSeconds, 0.001);
        context.Note($"hashed {ByteSize.Show(torrent.TotalLength)} in {elapsed.TotalSeconds:F1} s ({ByteSize.ShowRate(rate)})");
        if (context.IsJson && target is not null)
        {
            var json = new CreatedJson(
                "spate.create/1", target, torrent.InfoHash.ToString(), torrent.Name, torrent.TotalLength, torrent.PieceLength,
                torrent.PieceCount, torrent.Files.Count, MagnetLink.Of(torrent).ToString(), created.LeftOut, created.Warnings);
            context.Print(json, CreatedJsonContext.Default.CreatedJson);
            return;
        }
        // With the torrent itself on standard output, nothing else may go there.
        TextSink sink = target is null ? context.Err : context.Out;
        if (target is null && context.IsQuiet) return;
        context.Progress.Clear();
        if (target is not null) sink.Line($"{"file",-10} {target}");
        sink.Line($"{"info-hash",-10} {torrent.InfoHash}");
        sink.Line($"{"content",-10} {ByteSize.Show(torrent.TotalLength)} in {ShowCommand.Count(torrent.Files.Count, "file")}");
        sink.Line($"{"pieces",-10} {torrent.PieceCount} of {ByteSize.Show(torrent.PieceLength)}");
    }

    private static void CheckPieceLength(System.CommandLine.Parsing.OptionResult result)
    {
        foreach (System.CommandLine.Parsing.Token token in result.Tokens)
        {
            string? wrong = ByteSize.TryParse(token.Value, out long bytes) ? TorrentBuilder.CheckPieceLength(bytes, 1) : $"'{token.Value}' is no size";
            if (wrong is not null) result.AddError($"--piece-length: {wrong}.");
        }
    }

    internal static void CheckNodes(System.CommandLine.Parsing.OptionResult result)
    {
        foreach (System.CommandLine.Parsing.Token token in result.Tokens)
        {
            if (!TrackerArguments.TryParseNode(token.Value, out _)) result.AddError($"{result.Option.Name}: '{token.Value}' is no HOST:PORT.");
        }
    }

    internal sealed record CreatedJson(
        string Schema, string File, string InfoHash, string Name, long TotalLength, int PieceLength, int PieceCount, int FileCount,
        string Magnet, IReadOnlyList<string> LeftOut, IReadOnlyList<string> Warnings);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
    [JsonSerializable(typeof(CreatedJson))]
    internal sealed partial class CreatedJsonContext : JsonSerializerContext;
}
