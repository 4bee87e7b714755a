using System.CommandLine;
using Spate.Api;
using Spate.Cli.Remote;
using Spate.Cli.Terminal;

namespace Spate.Cli.Commands;

/// <summary><c>spate ls</c>: the torrents of a daemon.</summary>
internal static class ListCommand
{
    public static Command Build(CliEnvironment environment)
    {
        var filters = new TorrentFilters();
        Option<TorrentSort?> sort = Choice.Of<TorrentSort>("--sort", "By what to sort (default: name)", "FIELD", "-s");
        var reverse = new Option<bool>("--reverse", "-r") { Description = "The other way round" };
        var limit = new Option<int>("--limit", "-n") { Description = "Torrents at most (default: all)", HelpName = "N", Validators = { CheckLimit } };
        var command = new Command("ls", "List the torrents of a daemon") { sort, reverse, limit };
        filters.AddTo(command);
        return command.Talks(environment, async (context, client) =>
        {
            int most = context.Has(limit) ? context.Get(limit) : int.MaxValue, total;
            var rows = new List<TorrentRow>();
            do
            {
                TorrentPage page = await client.GetTorrentsAsync(
                    new TorrentQuery
                    {
                        Filter = filters.Read(context), Sort = context.Get(sort) ?? TorrentSort.Name, Order = context.Get(reverse) ? SortOrder.Descending : SortOrder.Ascending,
                        Offset = rows.Count, Limit = Math.Min(most - rows.Count, TorrentQuery.MaxLimit),
                    },
                    context.Cancel);
                rows.AddRange(page.Rows);
                total = page.Rows.Count == 0 ? rows.Count : page.Total;
            }
            while (rows.Count < Math.Min(total, most));
            if (context.IsJson) context.Print(new TorrentsJson("spate.torrents/1", total, rows), RemoteJsonContext.Default.TorrentsJson);
            else Print(context, rows, total);
            return ExitCode.Ok;
        });
    }

    private static void Print(CommandContext context, List<TorrentRow> rows, int total)
    {
        var table = new TorrentTable(
            new("id"), new("name", GivesWay: true), new("size", IsNumber: true), new("done", IsNumber: true), new("state"), new("down", IsNumber: true),
            new("up", IsNumber: true), new("left", IsNumber: true), new("ratio", IsNumber: true), new("peers", IsNumber: true));
        foreach (TorrentRow row in rows)
        {
            string state = row.State == TorrentState.Metadata ? "metadata" : row.State.ToString().ToLowerInvariant();
            table.Add(
                row.Id[..8], row.Name, ByteSize.Show(row.WantedBytes), TorrentTable.Percent(row.Progress), state, TorrentTable.Rate(row.DownloadRate),
                TorrentTable.Rate(row.UploadRate), row.EtaSeconds is { } left ? ProgressLine.ShowTime(TimeSpan.FromSeconds(Math.Min(left, 359_999))) : "",
                TorrentTable.Ratio(row.Ratio), row.Peers.ToString());
        }
        table.Print(context);
        string shown = rows.Count < total ? $"{rows.Count} of " : "";
        context.Note($"{shown}{ShowCommand.Count(total, "torrent")}, down {ByteSize.ShowRate(rows.Sum(static row => row.DownloadRate))}, up {ByteSize.ShowRate(rows.Sum(static row => row.UploadRate))}");
    }

    private static void CheckLimit(System.CommandLine.Parsing.OptionResult result)
    {
        foreach (System.CommandLine.Parsing.Token token in result.Tokens)
        {
            if (!int.TryParse(token.Value, out int number) || number < 1) result.AddError("--limit takes a number from 1.");
        }
    }
}
