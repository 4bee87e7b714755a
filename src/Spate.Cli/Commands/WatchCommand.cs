using System.CommandLine;
using Spate.Api;
using Spate.Cli.Remote;
using Spate.Cli.Terminal;

namespace Spate.Cli.Commands;

/// <summary><c>spate watch</c>: shows what a daemon does, live.</summary>
internal static class WatchCommand
{
    private static readonly TimeSpan pauseBeforeRetry = TimeSpan.FromSeconds(1);

    public static Command Build(CliEnvironment environment)
    {
        Argument<string[]> torrents = RemoteArguments.Torrents(environment, ArgumentArity.ZeroOrMore);
        var filters = new TorrentFilters();
        var untilDone = new Option<bool>("--until-done", "-e") { Description = "End as soon as all of them are complete" };
        Option<bool> jsonLines = GlobalOptions.JsonLines;
        var command = new Command("watch", "Show what a daemon does, live") { torrents, untilDone, jsonLines };
        filters.AddTo(command);
        return command.Talks(environment, async (context, client) =>
        {
            string[] names = context.Get(torrents) ?? [];
            HashSet<string>? only = null;
            if (names.Length > 0)
            {
                List<TorrentRow> all = await Chosen.ListAsync(client, new TorrentFilter(), context.Cancel);
                only = [.. names.Select(name => Chosen.Find(all, name).Id)];
            }
            var query = new EventQuery
            {
                View = new TorrentQuery { Filter = filters.Read(context), Sort = TorrentSort.Added, Order = SortOrder.Ascending, Limit = TorrentQuery.MaxLimit },
            };
            return await FollowAsync(context, client, query, only, context.Get(untilDone), context.Get(jsonLines));
        });
    }

    private static async Task<ExitCode> FollowAsync(
        CommandContext context, SpateClient client, EventQuery query, HashSet<string>? only, bool untilDone, bool jsonLines)
    {
        var view = new LiveView(only);
        string? lastId = null;
        bool isLost = false;
        while (true)
        {
            try
            {
                await foreach (DaemonEvent e in client.WatchAsync(query, lastId, context.Cancel))
                {
                    if (isLost) context.Note($"connected again");
                    (isLost, lastId) = (false, e.Id.Length > 0 ? e.Id : lastId);
                    foreach ((string id, TorrentRow? row) in view.Take(e))
                    {
                        if (jsonLines) context.PrintLine(new WatchLineJson(row is null ? "gone" : "torrent", view.At, row, row is null ? id : null), RemoteJsonContext.Default.WatchLineJson);
                    }
                    if (!jsonLines) context.Progress.Show([.. view.Rows.Select(TorrentTable.Line)]);
                    if (untilDone && view.IsKnown && view.Rows.All(static row => row.IsFinished)) return End(context, view, jsonLines);
                }
            }
            catch (Exception) when (context.Cancel.IsCancellationRequested)
            {
                return untilDone ? ExitCode.Incomplete : ExitCode.Ok;
            }
            catch (Exception e) when (lastId is not null && e is HttpRequestException or IOException)
            {
                if (!isLost) context.Warn($"the connection was lost; trying again");
            }
            // The daemon closes the stream when it stops.
            isLost = true;
            await Task.Delay(pauseBeforeRetry, context.Environment.Time, context.Cancel).ContinueWith(static _ => { }, TaskScheduler.Default);
            if (context.Cancel.IsCancellationRequested) return untilDone ? ExitCode.Incomplete : ExitCode.Ok;
        }
    }

    private static ExitCode End(CommandContext context, LiveView view, bool jsonLines)
    {
        context.Progress.Clear();
        if (context.IsJson) context.Print(new TorrentsJson("spate.torrents/1", view.Rows.Count, view.Rows), RemoteJsonContext.Default.TorrentsJson);
        else if (!jsonLines)
        {
            foreach (TorrentRow row in view.Rows) context.Out.Line($"{context.Out.Green("complete")}: {row.Name} ({ByteSize.Show(row.WantedBytes)})");
        }
        return ExitCode.Ok;
    }
}
