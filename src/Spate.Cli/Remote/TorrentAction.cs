using Spate.Api;
using Spate.Cli.Commands;

namespace Spate.Cli.Remote;

/// <summary>Does something to torrents, and says what became of it.</summary>
internal static class TorrentAction
{
    private const int MostIds = 10_000; // of a request

    /// <summary>Asks the daemon, in as many requests as it takes.</summary>
    /// <param name="context">The command.</param>
    /// <param name="done">Past tense for people: <c>stopped</c>.</param>
    /// <param name="rows">The torrents.</param>
    /// <param name="act">Asks the daemon for some of them.</param>
    public static async Task<ExitCode> RunAsync(
        CommandContext context, string done, IReadOnlyList<TorrentRow> rows, Func<IReadOnlyList<string>, Task<ActionResult>> act)
    {
        var failed = new List<ActionFailure>();
        foreach (TorrentRow[] part in rows.Chunk(MostIds)) failed.AddRange((await act([.. part.Select(static row => row.Id)])).Failed);
        Say(context, done, rows, failed, dryRun: false);
        return failed.Count == 0 ? ExitCode.Ok : ExitCode.Error;
    }

    /// <summary>Says what was done, or would be.</summary>
    public static void Say(CommandContext context, string done, IReadOnlyList<TorrentRow> rows, IReadOnlyList<ActionFailure> failed, bool dryRun)
    {
        TorrentRow[] good = [.. rows.ExceptBy(failed.Select(static failure => failure.Id), static row => row.Id)];
        if (context.IsJson)
        {
            context.Print(
                new ActionJson("spate.action/1", done, dryRun, dryRun ? 0 : good.Length, failed, [.. good.Select(static row => new NamedTorrent(row.Id, row.Name))]),
                RemoteJsonContext.Default.ActionJson);
            return;
        }
        Dictionary<string, string> names = rows.ToDictionary(static row => row.Id, static row => row.Name);
        foreach (ActionFailure failure in failed) context.Err.Line($"spate: {names.GetValueOrDefault(failure.Id, failure.Id)}: {failure.Message}");
        if (context.IsQuiet) return;
        string verb = dryRun ? $"would be {done}" : done;
        foreach (TorrentRow row in good) context.Out.Line($"{context.Out.Green(verb)}  {row.Id[..8]}  {row.Name}");
        if (rows.Count == 0) context.Note($"no torrent matches");
        else if (good.Length > 1) context.Note($"{ShowCommand.Count(good.Length, "torrent")} {verb}");
    }
}
