using System.CommandLine;
using System.Text.Json.Serialization;
using Spate.Cli.Terminal;
using Spate.Protocol;
using Spate.Verify;

namespace Spate.Cli.Commands;

/// <summary><c>spate verify</c>: compares files with a torrent.</summary>
internal static partial class VerifyCommand
{
    public static Command Build(CliEnvironment environment)
    {
        var source = new Argument<string>("torrent") { Description = "A .torrent file, its URL, or - for standard input" };
        var folder = new Argument<string>("dir")
        {
            Description = "The download folder, or the torrent's own folder or file", DefaultValueFactory = _ => ".",
        };
        var threads = new Option<int>("--threads") { Description = "Threads to hash on (default: one per core)", HelpName = "N", Validators = { CheckThreads } };
        var command = new Command("verify", "Compare files with a torrent, and name what is bad") { source, folder, threads };
        return command.Does(environment, async context =>
        {
            Metainfo torrent = await TorrentSource.ParseAsync(context, context.Get(source)!);
            string where = environment.Resolve(context.Get(folder)!);
            if (!environment.Exists(where)) throw new CliException(ExitCode.NotFound, $"There is no file or folder {context.Get(folder)}.");

            var rate = new RateEstimate(environment.Time);
            VerifyResult result = await TorrentVerifier.VerifyAsync(
                torrent, where, context.Get(threads),
                p => context.Progress.Show(new ProgressLine("verifying", p.BytesDone, p.BytesTotal, rate.Update(p.BytesDone), Path.GetFileName(p.File) ?? "")),
                context.Cancel);
            context.Progress.Clear();
            if (context.IsJson) context.Print(ResultJson.Of(result), VerifyJsonContext.Default.ResultJson);
            else Report(context, result);
            return result.IsComplete ? ExitCode.Ok : ExitCode.VerifyFailed;
        });
    }

    internal static void CheckThreads(System.CommandLine.Parsing.OptionResult result)
    {
        foreach (System.CommandLine.Parsing.Token token in result.Tokens)
        {
            if (!int.TryParse(token.Value, out int number) || number is < 1 or > 256) result.AddError("--threads takes a number from 1 to 256.");
        }
    }

    private static void Report(CommandContext context, VerifyResult result)
    {
        TextSink sink = context.Out;
        foreach (FileVerdict verdict in result.Files.Where(f => f.State != FileState.Complete))
        {
            string reason = verdict.Reason is null ? "" : $": {verdict.Reason}";
            string where = verdict.BadPieces.Count == 0 ? "" : $" ({(verdict.BadPieces.Count == 1 ? "piece" : "pieces")} {Ranges(verdict.BadPieces)})";
            sink.Line($"{sink.Red(Say(verdict.State))}  {verdict.File.Path}{reason}{where}");
        }
        int bad = result.Files.Count(f => f.State != FileState.Complete);
        string files = ShowCommand.Count(result.Files.Count, "file"), pieces = ShowCommand.Count(result.Metainfo.PieceCount, "piece");
        if (result.IsComplete) sink.Line($"{sink.Green("complete")}: {files}, {pieces}, {ByteSize.Show(result.Metainfo.TotalLength)}");
        else sink.Line($"{sink.Red("incomplete")}: {bad} of {files} and {result.BadPieces.Count} of {pieces} are missing or bad");
    }

    private static string Say(FileState state) => state switch
    {
        FileState.Missing => "missing",
        FileState.Unreadable => "unreadable",
        FileState.TooShort => "too short",
        FileState.TooLong => "too long",
        FileState.Damaged => "damaged",
        FileState.Unknown => "unknown",
        _ => "complete",
    };

    // "1, 3-7, 9": at most some dozen ranges, for people; --json has them all.
    private static string Ranges(IReadOnlyList<int> numbers)
    {
        const int most = 12;
        var ranges = new List<string>();
        for (int i = 0; i < numbers.Count;)
        {
            int first = i;
            while (i + 1 < numbers.Count && numbers[i + 1] == numbers[i] + 1) i++;
            ranges.Add(first == i ? $"{numbers[first]}" : $"{numbers[first]}-{numbers[i]}");
            i++;
        }
        return string.Join(", ", ranges.Take(most)) + (ranges.Count > most ? $" and {ranges.Count - most} more ranges" : "");
    }

    internal sealed record FileJson(int Index, string Path, string FoundAt, string State, IReadOnlyList<int> BadPieces, string? Reason);

    internal sealed record ResultJson(
        string Schema, string InfoHash, bool Complete, int PieceCount, int GoodPieces, IReadOnlyList<int> BadPieces, IReadOnlyList<FileJson> BadFiles)
    {
        public static ResultJson Of(VerifyResult r) => new(
            "spate.verify/1", r.Metainfo.InfoHash.ToString(), r.IsComplete, r.Metainfo.PieceCount, r.GoodPieces, r.BadPieces,
            [.. r.Files.Where(f => f.State != FileState.Complete)
                .Select(f => new FileJson(f.File.Index, f.File.Path, f.Path, Say(f.State), f.BadPieces, f.Reason))]);
    }

    [JsonSourceGenerationOptions(
        PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonSerializable(typeof(ResultJson))]
    internal sealed partial class VerifyJsonContext : JsonSerializerContext;
}
