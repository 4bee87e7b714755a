using System.CommandLine;
using System.Text.Json.Serialization;
using Spate.Protocol;

namespace Spate.Cli.Commands;

/// <summary><c>spate magnet</c>: prints the magnet link of a torrent.</summary>
internal static partial class MagnetCommand
{
    public static Command Build(CliEnvironment environment)
    {
        var source = new Argument<string>("torrent") { Description = "A .torrent file, its URL, or - for standard input" };
        var peers = new Option<string[]>("--peer") { Description = "A peer to ask first; may be repeated", HelpName = "HOST:PORT", Validators = { CreateCommand.CheckNodes } };
        var select = new Option<string>("--select") { Description = "The files to download, counted from 0, such as 0,2,6-8", HelpName = "NUMBERS" };
        var noTrackers = new Option<bool>("--no-trackers") { Description = "Leave the trackers out" };
        var command = new Command("magnet", "Print the magnet link of a torrent") { source, peers, select, noTrackers };
        return command.Does(environment, async context =>
        {
            Metainfo torrent = await TorrentSource.ParseAsync(context, context.Get(source)!);
            MagnetLink whole = MagnetLink.Of(torrent);
            var link = new MagnetLink
            {
                InfoHash = whole.InfoHash,
                Name = whole.Name,
                Trackers = context.Get(noTrackers) ? [] : whole.Trackers,
                WebSeeds = whole.WebSeeds,
                Peers = [.. (context.Get(peers) ?? []).Select(p => TrackerArguments.TryParseNode(p, out (string, int) node) ? node : default)],
                SelectOnly = ReadSelection(whole, context.Get(select), torrent.Files.Count),
            };
            if (torrent.IsPrivate && link.Trackers.Count == 0) context.Warn($"the torrent is private: without its tracker the link finds no peers");
            if (context.IsJson) context.Print(new MagnetJson("spate.link/1", link.ToString()), MagnetJsonContext.Default.MagnetJson);
            else context.Out.Line($"{link.ToString()}");
            return ExitCode.Ok;
        });
    }

    private static IReadOnlyList<(int First, int Last)> ReadSelection(MagnetLink link, string? text, int files)
    {
        if (text is null) return [];
        if (!MagnetLink.TryParse($"{link}&so={Uri.EscapeDataString(text)}", out MagnetLink? selecting, out _) || selecting.SelectOnly.Count == 0)
            throw new CliException(ExitCode.Usage, $"--select: '{text}' must be file numbers and ranges of them, such as 0,2,6-8.");
        if (selecting.SelectOnly.Any(r => r.Last >= files))
            throw new CliException(ExitCode.Usage, $"--select: the torrent's files are numbered from 0 to {files - 1}.");
        return selecting.SelectOnly;
    }

    internal sealed record MagnetJson(string Schema, string Magnet);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
    [JsonSerializable(typeof(MagnetJson))]
    internal sealed partial class MagnetJsonContext : JsonSerializerContext;
}
