using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization;
using Spate.Cli.Terminal;
using Spate.Protocol;

namespace Spate.Cli.Commands;

/// <summary><c>spate show</c>: prints what a torrent or a magnet link says.</summary>
internal static partial class ShowCommand
{
    public static Command Build(CliEnvironment environment)
    {
        var source = new Argument<string>("torrent") { Description = "A .torrent file, its URL, - for standard input, or a magnet link" };
        var command = new Command("show", "Print what is in a torrent") { source };
        return command.Does(environment, async context =>
        {
            string from = context.Get(source)!;
            if (MagnetLink.TryParse(from, out MagnetLink? link, out string? error)) ShowLink(context, link);
            else if (from.StartsWith("magnet:", StringComparison.OrdinalIgnoreCase)) throw new CliException(ExitCode.Usage, $"{error}.");
            else
            {
                Metainfo torrent = await TorrentSource.ParseAsync(context, from);
                if (context.IsJson) context.Print(TorrentJson.Of(torrent), ShowJsonContext.Default.TorrentJson);
                else ShowTorrent(context.Out, torrent);
            }
            return ExitCode.Ok;
        });
    }

    /// <summary>"1 file", "2 files".</summary>
    internal static string Count(int number, string thing) => number == 1 ? $"1 {thing}" : $"{number.ToString("N0", CultureInfo.InvariantCulture)} {thing}s";

    private static void ShowTorrent(TextSink sink, Metainfo torrent)
    {
        int stored = torrent.Files.Count(f => !f.IsPadding);
        Field(sink, "name", torrent.OriginalName);
        if (torrent.Name != torrent.OriginalName) Field(sink, "stored as", torrent.Name);
        Field(sink, "info-hash", torrent.InfoHash.V1.ToString());
        if (torrent.InfoHash.HasV2) Field(sink, "v2 hash", torrent.InfoHash.V2.ToString());
        Field(sink, "content", $"{ByteSize.Show(torrent.TotalLength)} ({torrent.TotalLength.ToString("N0", CultureInfo.InvariantCulture)} bytes) in {Count(stored, "file")}");
        Field(sink, "pieces", $"{torrent.PieceCount} of {ByteSize.Show(torrent.PieceLength)}");
        Field(sink, "private", torrent.IsPrivate ? "yes: peers from its trackers only" : "no");
        if (torrent.Source is { } source) Field(sink, "source", source);
        if (torrent.Comment is { } comment) Field(sink, "comment", comment);
        if (torrent.CreatedBy is { } by) Field(sink, "created by", by);
        if (torrent.CreationDate is { } date) Field(sink, "created", date.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture));
        for (int tier = 0; tier < torrent.TrackerTiers.Count; tier++)
            Values(sink, tier == 0 ? "trackers" : "", torrent.TrackerTiers[tier].Select(url => torrent.TrackerTiers.Count > 1 ? $"tier {tier + 1}: {url}" : url));
        Values(sink, "web seeds", torrent.WebSeeds);
        Values(sink, "DHT nodes", torrent.Nodes.Select(n => $"{n.Host}:{n.Port}"));
        Values(sink, "warnings", torrent.Warnings);
        Values(sink, "magnet", [MagnetLink.Of(torrent).ToString()]);
        sink.Line();
        FileListing.Print(sink, torrent);
    }

    private static void ShowLink(CommandContext context, MagnetLink link)
    {
        if (context.IsJson)
        {
            context.Print(LinkJson.Of(link), ShowJsonContext.Default.LinkJson);
            return;
        }
        TextSink sink = context.Out;
        if (link.Name is { } name) Field(sink, "name", name);
        if (link.InfoHash.HasV1) Field(sink, "info-hash", link.InfoHash.V1.ToString());
        if (link.InfoHash.HasV2) Field(sink, "v2 hash", link.InfoHash.V2.ToString());
        Values(sink, "trackers", link.Trackers);
        Values(sink, "web seeds", link.WebSeeds);
        Values(sink, "peers", link.Peers.Select(p => $"{p.Host}:{p.Port}"));
        Values(sink, "sources", link.ExactSources.Concat(link.AcceptableSources));
        Values(sink, "files", link.SelectOnly.Select(r => r.First == r.Last ? $"{r.First}" : $"{r.First}-{r.Last}"));
    }

    private static void Field(TextSink sink, string name, string value) => sink.Line($"{sink.Dim(name.PadRight(10))} {value}");

    private static void Values(TextSink sink, string name, IEnumerable<string> values)
    {
        foreach (string value in values)
        {
            Field(sink, name, value);
            name = "";
        }
    }

    internal sealed record HashesJson(string? V1, string? V2)
    {
        public static HashesJson Of(InfoHash hash) => new(hash.HasV1 ? hash.V1.ToString() : null, hash.HasV2 ? hash.V2.ToString() : null);
    }

    internal sealed record FileJson(
        int Index, string Path, string? OriginalPath, long Length, long Offset, bool? Padding, bool? Executable, bool? Hidden, string? LinkTarget);

    internal sealed record TorrentJson(
        string Schema, string Name, HashesJson InfoHash, string Format, long TotalLength, int PieceLength, int PieceCount, bool Private,
        string? Source, string? Comment, string? CreatedBy, DateTimeOffset? CreationDate, IReadOnlyList<IReadOnlyList<string>> Trackers,
        IReadOnlyList<string> WebSeeds, IReadOnlyList<string> Nodes, string Magnet, bool MultiFile, IReadOnlyList<FileJson> Files,
        IReadOnlyList<string> Warnings)
    {
        public static TorrentJson Of(Metainfo t) => new(
            "spate.torrent/1", t.OriginalName, HashesJson.Of(t.InfoHash), t.Version == MetainfoVersion.Hybrid ? "hybrid" : "v1",
            t.TotalLength, t.PieceLength, t.PieceCount, t.IsPrivate, t.Source, t.Comment, t.CreatedBy, t.CreationDate, t.TrackerTiers, t.WebSeeds,
            [.. t.Nodes.Select(n => $"{n.Host}:{n.Port}")], MagnetLink.Of(t).ToString(), t.IsMultiFile,
            [.. t.Files.Select(f => new FileJson(
                f.Index, f.Path, f.OriginalPath == f.Path ? null : f.OriginalPath, f.Length, f.Offset,
                True(f.IsPadding), True(f.IsExecutable), True(f.IsHidden), f.LinkTarget))],
            t.Warnings);

        private static bool? True(bool value) => value ? true : null;
    }

    internal sealed record LinkJson(
        string Schema, HashesJson InfoHash, string? Name, IReadOnlyList<string> Trackers, IReadOnlyList<string> WebSeeds, IReadOnlyList<string> Peers,
        IReadOnlyList<string> ExactSources, IReadOnlyList<string> AcceptableSources, IReadOnlyList<string> SelectOnly)
    {
        public static LinkJson Of(MagnetLink l) => new(
            "spate.magnet/1", HashesJson.Of(l.InfoHash), l.Name, l.Trackers, l.WebSeeds, [.. l.Peers.Select(p => $"{p.Host}:{p.Port}")],
            l.ExactSources, l.AcceptableSources, [.. l.SelectOnly.Select(r => $"{r.First}-{r.Last}")]);
    }

    [JsonSourceGenerationOptions(
        PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonSerializable(typeof(TorrentJson))]
    [JsonSerializable(typeof(LinkJson))]
    internal sealed partial class ShowJsonContext : JsonSerializerContext;
}
