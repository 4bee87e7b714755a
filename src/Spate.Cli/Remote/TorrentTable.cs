using System.Globalization;
using Spate.Api;
using Spate.Cli.Terminal;

namespace Spate.Cli.Remote;

/// <summary>Rows of text under headings, as wide as they need to be; on a terminal one column gives way.</summary>
internal sealed class TorrentTable(params TorrentTable.Column[] columns)
{
    /// <param name="Heading">Its name.</param>
    /// <param name="IsNumber">It stands to the right.</param>
    /// <param name="GivesWay">It is cut when the terminal is too narrow.</param>
    public readonly record struct Column(string Heading, bool IsNumber = false, bool GivesWay = false);

    private readonly List<string[]> rows = [];

    public void Add(params string[] cells) => rows.Add([.. cells.Select(TerminalText.Escape)]);

    /// <summary>Prints it.</summary>
    public void Print(CommandContext context)
    {
        bool isTerminal = context.Environment.IsOutputTerminal;
        // People have no use for a column in which nothing stands; programs may count on it.
        int[] shown = [.. Enumerable.Range(0, columns.Length).Where(i => !isTerminal || rows.Exists(row => row[i].Length > 0))];
        int[] widths = [.. columns.Select((column, i) => rows.Select(row => TerminalText.Width(row[i])).Append(column.Heading.Length).Max())];
        if (isTerminal)
        {
            int flexible = Array.FindIndex(columns, static column => column.GivesWay);
            int tooMuch = shown.Sum(i => widths[i]) + 2 * (shown.Length - 1) - (context.Environment.Width() - 1);
            if (flexible >= 0 && tooMuch > 0) widths[flexible] = Math.Max(12, widths[flexible] - tooMuch);
        }
        if (rows.Count > 0) context.Out.Line($"{context.Out.Dim(Row([.. columns.Select(static column => column.Heading)], shown, widths))}");
        foreach (string[] row in rows) context.Out.Raw(Row(row, shown, widths) + "\n");
    }

    private string Row(string[] cells, int[] shown, int[] widths) => string.Join("  ", shown.Select(i =>
    {
        string cell = TerminalText.Shorten(cells[i], widths[i]);
        string gap = new(' ', widths[i] - TerminalText.Width(cell));
        return columns[i].IsNumber ? gap + cell : cell + gap;
    })).TrimEnd();

    /// <summary>A part of a whole, as per cent.</summary>
    public static string Percent(double part) => $"{(int)(Math.Clamp(part, 0, 1) * 100)} %";

    /// <summary>A rate, or nothing where nothing flows.</summary>
    public static string Rate(long bytesPerSecond) => bytesPerSecond > 0 ? ByteSize.ShowRate(bytesPerSecond) : "";

    /// <summary>A limit in bytes a second.</summary>
    public static string Limit(long bytesPerSecond) => bytesPerSecond > 0 ? ByteSize.ShowRate(bytesPerSecond) : "no limit";

    public static string Ratio(double ratio) => ratio.ToString("F2", CultureInfo.InvariantCulture);

    public static string Time(DateTimeOffset at) => at.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>A state in words, with the reason where it stands still.</summary>
    public static string State(TorrentRow row) => row.State switch
    {
        TorrentState.Metadata => "finding metadata",
        _ when row.Error is { Length: > 0 } error => $"{row.State.ToString().ToLowerInvariant()}: {error}",
        _ => row.State.ToString().ToLowerInvariant(),
    };

    /// <summary>The same bar that a download of this program's own has.</summary>
    public static ProgressLine Line(TorrentRow row)
    {
        string peers = Commands.ShowCommand.Count(row.Peers, "peer");
        string up = row.UploadRate > 0 ? $"  up {ByteSize.ShowRate(row.UploadRate)}" : "";
        return row.State switch
        {
            TorrentState.Downloading => new ProgressLine(row.Name, row.DoneBytes, row.WantedBytes, row.DownloadRate, $"{peers}{up}"),
            TorrentState.Seeding => new ProgressLine(row.Name, 0, 0, null, $"seeding{up}  {peers}  sent {ByteSize.Show(row.Uploaded)}  ratio {Ratio(row.Ratio)}"),
            TorrentState.Checking => new ProgressLine(row.Name, (long)(row.Progress * row.TotalBytes), row.TotalBytes, null, "checking"),
            _ => new ProgressLine(row.Name, row.DoneBytes, row.WantedBytes, null, State(row)),
        };
    }
}
