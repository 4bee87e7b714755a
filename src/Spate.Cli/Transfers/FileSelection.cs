using System.Text;
using System.Text.RegularExpressions;
using Spate.Engine.Pieces;
using Spate.Protocol;

namespace Spate.Cli.Transfers;

/// <summary>Which files of a torrent to download, as the command line says: <c>1,3-5</c> by the numbers of <c>spate show</c>, or patterns such as <c>*.iso</c>.</summary>
internal sealed class FileSelection
{
    private readonly List<(int First, int Last)> ranges = [];
    private readonly List<Regex> patterns = [];

    private FileSelection()
    {
    }

    /// <summary>Reads the values of --files; null when there are none. What is neither a number nor a range is a pattern.</summary>
    public static FileSelection? Parse(IReadOnlyList<string> values)
    {
        if (values.Count == 0) return null;
        var selection = new FileSelection();
        foreach (string part in values.SelectMany(value => value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)))
        {
            string[] ends = part.Split('-');
            if (ends.Length is 1 or 2 && int.TryParse(ends[0], out int first) && int.TryParse(ends[^1], out int last) && first >= 1 && last >= first)
                selection.ranges.Add((first, last));
            else selection.patterns.Add(ToRegex(part));
        }
        return selection;
    }

    /// <summary>Priority by file index.</summary>
    /// <exception cref="CliException">Nothing of the torrent matches.</exception>
    public PiecePriority[] Apply(Metainfo metainfo)
    {
        var priorities = new PiecePriority[metainfo.Files.Count];
        int number = 0;
        bool any = false;
        foreach (MetainfoFile file in metainfo.Files)
        {
            if (file.IsPadding) continue;
            number++;
            bool chosen = ranges.Exists(range => number >= range.First && number <= range.Last)
                || patterns.Exists(pattern => pattern.IsMatch(file.Path) || pattern.IsMatch(file.Path[(file.Path.LastIndexOf('/') + 1)..]));
            priorities[file.Index] = chosen ? PiecePriority.Normal : PiecePriority.Skip;
            any |= chosen;
        }
        return any ? priorities : throw new CliException(ExitCode.NotFound, $"--files names no file of {metainfo.Name}; 'spate show' lists them with their numbers.");
    }

    // * and ? as in a shell, but * also passes folders. No user text reaches the regular expression unescaped.
    private static Regex ToRegex(string pattern)
    {
        var expression = new StringBuilder("^");
        foreach (char c in pattern) expression.Append(c switch { '*' => ".*", '?' => ".", _ => Regex.Escape(c.ToString()) });
        return new Regex(expression.Append('$').ToString(), RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
    }
}
