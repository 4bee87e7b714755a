using System.CommandLine;
using System.Globalization;
using Spate.Api;
using Spate.Cli.Remote;
using Spate.Cli.Terminal;

namespace Spate.Cli.Commands;

/// <summary><c>spate info</c>: everything about a torrent of a daemon, and why it is not faster.</summary>
internal static class InfoCommand
{
    public static Command Build(CliEnvironment environment)
    {
        Argument<string> torrent = RemoteArguments.Torrent(environment);
        var log = new Option<bool>("--log") { Description = "What happened to it lately, too" };
        var command = new Command("info", "Show everything about a torrent of a daemon, and why it is not faster") { torrent, log };
        return command.Talks(environment, async (context, client) =>
        {
            TorrentRow row = await Chosen.FindOneAsync(context, client, context.Get(torrent)!);
            TorrentDetails details = await client.GetTorrentAsync(row.Id, context.Cancel);
            IReadOnlyList<LogEntry>? entries = context.Get(log) ? (await client.GetLogAsync(row.Id, context.Cancel)).Entries : null;
            if (context.IsJson) context.Print(new DetailsJson("spate.details/1", details, entries), RemoteJsonContext.Default.DetailsJson);
            else Print(context.Out, details, entries);
            return ExitCode.Ok;
        });
    }

    private static void Print(TextSink sink, TorrentDetails details, IReadOnlyList<LogEntry>? log)
    {
        TorrentRow row = details.Row;
        void Field(string name, string value)
        {
            if (value.Length > 0) sink.Line($"{sink.Dim(name.PadRight(10))} {value}");
        }
        Field("name", row.Name);
        Field("info-hash", details.InfoHashV1 ?? row.Id);
        Field("v2 hash", details.InfoHashV2 ?? "");
        Field("state", TorrentTable.State(row));
        Field("done", $"{TorrentTable.Percent(row.Progress)}: {ByteSize.Show(row.DoneBytes)} of {ByteSize.Show(row.WantedBytes)}" + (row.WantedBytes != row.TotalBytes ? $" wanted, {ByteSize.Show(row.TotalBytes)} in all" : ""));
        Field("pieces", details.HasMetadata ? $"{details.PiecesDone} of {details.PieceCount}, each {ByteSize.Show(details.PieceSize)}" : "");
        Field("files", details.HasMetadata ? details.FileCount.ToString(CultureInfo.InvariantCulture) : "");
        Field("down", $"{ByteSize.ShowRate(row.DownloadRate)} ({TorrentTable.Limit(row.DownloadLimit)}), {ByteSize.Show(row.Downloaded)} in all, {ByteSize.Show(details.Wasted)} wasted");
        Field("up", $"{ByteSize.ShowRate(row.UploadRate)} ({TorrentTable.Limit(row.UploadLimit)}), {ByteSize.Show(row.Uploaded)} in all, ratio {TorrentTable.Ratio(row.Ratio)}");
        Field("left", row.EtaSeconds is { } left ? ProgressLine.ShowTime(TimeSpan.FromSeconds(Math.Min(left, 359_999))) : "");
        Field("peers", $"{row.Peers} connected, {row.Seeds} of them seeds; {details.KnownPeers} more known");
        Field("folder", row.SavePath);
        Field("category", row.Category);
        Field("tags", string.Join(", ", row.Tags));
        Field("queue", row.QueuePosition > 0 ? $"place {row.QueuePosition}" : "");
        Field("private", row.IsPrivate ? "yes: peers from its trackers only" : "");
        Field("comment", details.Comment);
        Field("added", TorrentTable.Time(row.AddedAt));
        Field("finished", row.FinishedAt is { } at ? TorrentTable.Time(at) : "");
        Field("magnet", details.Magnet);
        foreach (Finding finding in details.Diagnosis)
        {
            TextSink.Styled message = finding.Level switch
            {
                FindingLevel.Problem => sink.Red(finding.Message),
                FindingLevel.Good => sink.Green(finding.Message),
                _ => sink.Yellow(finding.Message),
            };
            sink.Line($"{message}{(finding.Advice is { } advice ? " " + advice : "")}");
        }
        foreach (LogEntry entry in log ?? []) sink.Line($"{sink.Dim(TorrentTable.Time(entry.At))} {entry.Message}");
    }
}
