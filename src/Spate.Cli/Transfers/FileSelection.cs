using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Spate.Engine.Pieces;
using Spate.Protocol;

namespace Spate.Cli.Transfers;

/// <summary>
/// Which files of a torrent are wanted: by number (<c>0,2-5</c>, as <c>get --list</c> shows them) or by pattern (<c>*.mkv</c>,
/// <c>extras/**</c>); with <c>!</c> in front, which are not.
/// </summary>
internal sealed partial class FileSelection
{
    private readonly List<(string Text, bool Excludes, Func<int, string, bool> Matches)> rules = [];

    [GeneratedRegex("^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$")]
    private static partial Regex Numbers();

    /// <summary>True when files are named by their numbers, which mean something for one torrent only.</summary>
    public bool HasNumbers { get; private set; }

    /// <summary>Reads what stands behind the options; null when there were none.</summary>
    /// <exception cref="CliException">One of them makes no sense.</exception>
    public static FileSelection? Read(IReadOnlyList<string> texts)
    {
        if (texts.Count == 0) return null;
        var selection = new FileSelection();
        foreach (string text in texts)
        {
            bool excludes = text.StartsWith('!');
            string rule = excludes ? text[1..] : text;
            if (rule.Length == 0) throw new CliException(ExitCode.Usage, "--files: an empty pattern selects nothing.");
            bool isNumbers = Numbers().IsMatch(rule);
            selection.HasNumbers |= isNumbers;
            selection.rules.Add((text, excludes, isNumbers ? ByNumber(rule) : ByPattern(rule)));
        }
        return selection;
    }

    /// <summary>The priority of each file.</summary>
    /// <exception cref="CliException">A rule matches no file, or nothing is left.</exception>
    public IReadOnlyList<PiecePriority> Apply(Metainfo torrent)
    {
        IReadOnlySet<int> wanted = Apply(torrent.Name, [.. torrent.Files.Where(static file => !file.IsPadding).Select(static file => (file.Index, file.Path))]);
        return [.. torrent.Files.Select(file => wanted.Contains(file.Index) ? PiecePriority.Normal : PiecePriority.Skip)];
    }

    /// <summary>The indexes of the files that are wanted.</summary>
    /// <param name="name">The torrent's name, for messages.</param>
    /// <param name="files">Its files.</param>
    /// <exception cref="CliException">A rule matches no file, or nothing is left.</exception>
    public IReadOnlySet<int> Apply(string name, IReadOnlyList<(int Index, string Path)> files)
    {
        // With exclusions only, all the others are wanted.
        var wanted = new HashSet<int>(rules.TrueForAll(static rule => rule.Excludes) ? files.Select(static file => file.Index) : []);
        foreach ((string text, bool excludes, Func<int, string, bool> matches) in rules)
        {
            int[] matching = [.. files.Where(file => matches(file.Index, file.Path)).Select(static file => file.Index)];
            if (matching.Length == 0) throw new CliException(ExitCode.NotFound, $"{name} has no file that '{text}' means; --list shows its files.");
            if (excludes) wanted.ExceptWith(matching);
            else wanted.UnionWith(matching);
        }
        return wanted.Count > 0 ? wanted : throw new CliException(ExitCode.NotFound, $"Nothing of {name} is left.");
    }

    private static Func<int, string, bool> ByNumber(string text)
    {
        var ranges = new List<(int First, int Last)>();
        foreach (string part in text.Split(','))
        {
            string[] ends = part.Split('-');
            if (!int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out int first)
                || !int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out int last) || last < first)
                throw new CliException(ExitCode.Usage, $"--files: '{part}' is no range of file numbers.");
            ranges.Add((first, last));
        }
        return (index, _) => ranges.Exists(range => index >= range.First && index <= range.Last);
    }

    // A pattern with a slash is for the whole path, with or without the torrent's own folder; one without is for the file's name.
    private static Func<int, string, bool> ByPattern(string pattern)
    {
        var regex = new Regex($"^{ToRegex(pattern)}$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        if (!pattern.Contains('/')) return (_, path) => regex.IsMatch(path[(path.LastIndexOf('/') + 1)..]);
        return (_, path) => regex.IsMatch(path) || (path.IndexOf('/') is >= 0 and var slash && regex.IsMatch(path[(slash + 1)..]));
    }

    private static string ToRegex(string pattern)
    {
        var regex = new StringBuilder();
        for (int i = 0; i < pattern.Length; i++)
        {
            bool isDouble = pattern[i] == '*' && i + 1 < pattern.Length && pattern[i + 1] == '*';
            if (isDouble) i++;
            regex.Append(isDouble ? ".*" : pattern[i] == '*' ? "[^/]*" : pattern[i] == '?' ? "[^/]" : Regex.Escape(pattern[i].ToString()));
        }
        return regex.ToString();
    }
}
