using System.CommandLine;
using Spate.Api;
using Spate.Cli.Commands;

namespace Spate.Cli.Remote;

/// <summary>The torrents that a command is to work on: named one by one, by a filter, or all.</summary>
internal sealed class Chosen
{
    private const int ShownCandidates = 5;

    private readonly Argument<string[]> names;
    private readonly TorrentFilters filters = new();

    private readonly Option<bool> all = new("--all") { Description = "All torrents" };

    public Chosen(CliEnvironment environment) => names = RemoteArguments.Torrents(environment, ArgumentArity.ZeroOrMore);

    /// <summary>Makes the argument and the options part of a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(names);
        command.Add(all);
        filters.AddTo(command);
    }

    /// <summary>True when torrents were named in any way.</summary>
    public bool IsGiven(CommandContext context) => context.Get(names) is { Length: > 0 } || context.Get(all) || filters.IsGiven(context);

    /// <summary>Finds them.</summary>
    /// <exception cref="CliException">A name is of none or of several, or nothing was chosen.</exception>
    public async Task<IReadOnlyList<TorrentRow>> FindAsync(CommandContext context, SpateClient client)
    {
        string[] given = context.Get(names) ?? [];
        bool byFilter = context.Get(all) || filters.IsGiven(context);
        if (given.Length > 0 && byFilter) throw new CliException(ExitCode.Usage, "Name torrents, or choose them by options, not both.");
        if (given.Length == 0 && !byFilter) throw new CliException(ExitCode.Usage, "Which torrents? Name them, choose by --state, --category, --tag, --tracker or --match, or say --all.");
        List<TorrentRow> rows = await ListAsync(client, byFilter ? filters.Read(context) : new TorrentFilter(), context.Cancel);
        return byFilter ? rows : [.. given.Select(name => Find(rows, name)).DistinctBy(static row => row.Id)];
    }

    /// <summary>Finds the one torrent that is meant.</summary>
    /// <exception cref="CliException">There is none, or several.</exception>
    public static async Task<TorrentRow> FindOneAsync(CommandContext context, SpateClient client, string name) =>
        Find(await ListAsync(client, new TorrentFilter(), context.Cancel), name);

    /// <summary>All torrents that match, sorted by name.</summary>
    public static async Task<List<TorrentRow>> ListAsync(SpateClient client, TorrentFilter filter, CancellationToken cancel)
    {
        var rows = new List<TorrentRow>();
        TorrentPage page;
        do
        {
            var query = new TorrentQuery { Filter = filter, Sort = TorrentSort.Name, Order = SortOrder.Ascending, Offset = rows.Count, Limit = TorrentQuery.MaxLimit };
            page = await client.GetTorrentsAsync(query, cancel);
            rows.AddRange(page.Rows);
        }
        while (page.Rows.Count > 0 && rows.Count < page.Total);
        return rows;
    }

    // The whole name or hash, else the start of one of either kind.
    internal static TorrentRow Find(IReadOnlyList<TorrentRow> rows, string name)
    {
        TorrentRow[] exact = [.. rows.Where(row => row.Id.Equals(name, StringComparison.OrdinalIgnoreCase) || row.Name == name)];
        TorrentRow[] found = exact.Length > 0 || name.Length == 0 ? exact :
        [
            .. rows.Where(row => row.Id.StartsWith(name, StringComparison.OrdinalIgnoreCase) || row.Name.StartsWith(name, StringComparison.OrdinalIgnoreCase)),
        ];
        return found switch
        {
            [var one] => one,
            [] => throw new CliException(ExitCode.NotFound, $"The daemon has no torrent '{name}'."),
            _ => throw new CliException(ExitCode.Usage, $"'{name}' could be {Candidates(found)}."),
        };
    }

    private static string Candidates(TorrentRow[] found)
    {
        string text = string.Join(", ", found.Take(ShownCandidates).Select(static row => $"{row.Name} ({row.Id[..8]})"));
        return found.Length > ShownCandidates ? $"{text} or {ShowCommand.Count(found.Length - ShownCandidates, "more torrent")}" : text;
    }
}
