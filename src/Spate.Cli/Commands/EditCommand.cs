using System.CommandLine;
using System.Text.Json.Serialization;
using Spate.Protocol;

namespace Spate.Cli.Commands;

/// <summary><c>spate edit</c>: changes fields of a .torrent file.</summary>
internal static partial class EditCommand
{
    public static Command Build(CliEnvironment environment)
    {
        var file = new Argument<string>("torrent") { Description = "The .torrent file" };
        var output = new Option<string>("--output", "-o") { Description = "Where to write it; - for standard output (default: in its place)", HelpName = "FILE" };
        var force = new Option<bool>("--force", "-f") { Description = "Overwrite another file that --output names" };
        Option<string[]> trackers = TrackerArguments.Tiers("--tracker", "Replace all trackers; repeat for further tiers, part with commas within a tier", "-t");
        Option<string[]> addTrackers = TrackerArguments.Tiers("--add-tracker", "Add trackers, in tiers of their own", "-a");
        var removeTrackers = new Option<string[]>("--remove-tracker", "-r") { Description = "Remove a tracker; may be repeated", HelpName = "URL" };
        var noTrackers = new Option<bool>("--no-trackers") { Description = "Remove all trackers" };
        Option<string[]> webSeeds = TrackerArguments.WebSeeds("--web-seed", "Replace all web seeds; may be repeated", "-w");
        Option<string[]> addWebSeeds = TrackerArguments.WebSeeds("--add-web-seed", "Add a web seed; may be repeated");
        var noWebSeeds = new Option<bool>("--no-web-seeds") { Description = "Remove all web seeds" };
        var comment = new Option<string>("--comment", "-c") { Description = "The comment (empty: none)" };
        var createdBy = new Option<string>("--created-by") { Description = "The creating program (empty: none)" };
        var noDate = new Option<bool>("--no-date") { Description = "Remove the creation date" };
        var nodes = new Option<string[]>("--node")
        {
            Description = "Replace the DHT nodes; may be repeated", HelpName = "HOST:PORT", Validators = { CreateCommand.CheckNodes },
        };
        var isPrivate = new Option<bool>("--private", "-p") { Description = "Find peers through the trackers only; changes the info-hash" };
        var isPublic = new Option<bool>("--public") { Description = "The contrary of --private; changes the info-hash" };
        var source = new Option<string>("--source", "-s") { Description = "The source text (empty: none); changes the info-hash" };
        var name = new Option<string>("--name", "-n") { Description = "The torrent's name; changes the info-hash" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would change and write nothing" };

        var command = new Command("edit", "Change trackers, comment and other fields of a .torrent file")
        {
            file, output, force, trackers, addTrackers, removeTrackers, noTrackers, webSeeds, addWebSeeds, noWebSeeds,
            comment, createdBy, noDate, nodes, isPrivate, isPublic, source, name, dryRun,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(isPrivate) && result.GetValue(isPublic)) result.AddError("--private and --public contradict each other.");
            if (result.GetValue(noTrackers) && result.GetValue(trackers) is { Length: > 0 }) result.AddError("--tracker and --no-trackers contradict each other.");
            if (result.GetValue(noWebSeeds) && result.GetValue(webSeeds) is { Length: > 0 }) result.AddError("--web-seed and --no-web-seeds contradict each other.");
            if (result.GetValue(name) is "") result.AddError("--name must not be empty.");
        });
        return command.Does(environment, async context =>
        {
            string from = context.Get(file)!;
            string target = context.Get(output) ?? from;
            if (TorrentSource.IsUrl(from) && context.Get(output) is null)
                throw new CliException(ExitCode.Usage, "A torrent that is fetched by URL needs --output to say where the edited one goes.");
            bool toOutput = target == "-";
            bool inPlace = !toOutput && environment.Resolve(target) == environment.Resolve(from);
            if (!toOutput && !inPlace && !context.Get(force) && environment.Exists(target))
                throw new CliException(ExitCode.Error, $"{target} is there already; --force overwrites it.");

            byte[] before = await TorrentSource.ReadAsync(context, from);
            Metainfo torrent = TorrentSource.Parse(from, before);
            TorrentOuter outer = TorrentOuter.Of(torrent);
            if (context.Get(noTrackers)) outer = outer with { TrackerTiers = [] };
            if (context.Get(trackers) is { Length: > 0 } tiers) outer = outer with { TrackerTiers = TrackerArguments.ReadTiers(tiers) };
            if (context.Get(addTrackers) is { Length: > 0 } added) outer = outer with { TrackerTiers = AddNew(outer.TrackerTiers, added) };
            foreach (string gone in context.Get(removeTrackers) ?? []) outer = outer with { TrackerTiers = Remove(outer.TrackerTiers, gone) };
            if (context.Get(noWebSeeds)) outer = outer with { WebSeeds = [] };
            if (context.Get(webSeeds) is { Length: > 0 } seeds) outer = outer with { WebSeeds = seeds };
            if (context.Get(addWebSeeds) is { Length: > 0 } more) outer = outer with { WebSeeds = [.. outer.WebSeeds.Union(more)] };
            if (context.Get(comment) is { } text) outer = outer with { Comment = text.Length > 0 ? text : null };
            if (context.Get(createdBy) is { } by) outer = outer with { CreatedBy = by.Length > 0 ? by : null };
            if (context.Get(noDate)) outer = outer with { CreationDate = null };
            if (context.Get(nodes) is { Length: > 0 } hosts)
                outer = outer with { Nodes = [.. hosts.Select(h => TrackerArguments.TryParseNode(h, out (string, int) node) ? node : default)] };

            var edit = new TorrentEdit
            {
                Outer = outer,
                IsPrivate = context.Get(isPrivate) ? true : context.Get(isPublic) ? false : null,
                Source = context.Get(source),
                Name = context.Get(name),
            };
            byte[] after = edit.Apply(before);
            Metainfo edited = Metainfo.Parse(after);
            bool hashChanged = edited.InfoHash != torrent.InfoHash;
            if (hashChanged)
                context.Warn($"the info-hash changes from {torrent.InfoHash} to {edited.InfoHash}: it becomes another torrent with peers of its own");
            if (!context.Get(dryRun) && !toOutput) environment.ReplaceFile(target, after);

            if (context.IsJson && !toOutput)
            {
                var json = new EditJson("spate.edit/1", target, !after.AsSpan().SequenceEqual(before), torrent.InfoHash.ToString(), edited.InfoHash.ToString(), hashChanged);
                context.Print(json, EditJsonContext.Default.EditJson);
            }
            else if (toOutput) context.Print(after);
            else context.Note($"{(context.Get(dryRun) ? "would write" : "wrote")} {target}");
            return ExitCode.Ok;
        });
    }

    private static IReadOnlyList<IReadOnlyList<string>> AddNew(IReadOnlyList<IReadOnlyList<string>> tiers, string[] added)
    {
        var known = tiers.SelectMany(t => t).ToHashSet();
        return [.. tiers, .. TrackerArguments.ReadTiers(added).Select(tier => tier.Where(known.Add).ToList()).Where(tier => tier.Count > 0)];
    }

    private static IReadOnlyList<IReadOnlyList<string>> Remove(IReadOnlyList<IReadOnlyList<string>> tiers, string gone)
    {
        if (!tiers.Any(tier => tier.Contains(gone))) throw new CliException(ExitCode.NotFound, $"The torrent has no tracker {gone}.");
        return [.. tiers.Select(tier => tier.Where(url => url != gone).ToList()).Where(tier => tier.Count > 0)];
    }

    internal sealed record EditJson(string Schema, string File, bool Changed, string InfoHashBefore, string InfoHash, bool InfoHashChanged);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
    [JsonSerializable(typeof(EditJson))]
    internal sealed partial class EditJsonContext : JsonSerializerContext;
}
