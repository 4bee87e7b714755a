using System.CommandLine;
using System.CommandLine.Parsing;

namespace Spate.Cli;

/// <summary>What is wrong with a command line, where more can be said than the parser does.</summary>
internal static class UsageMessages
{
    /// <summary>A better message for an error; null where the parser's will do.</summary>
    public static string? Of(ParseResult result, ParseError error)
    {
        if (result.CommandResult.Command is RootCommand root && result.UnmatchedTokens is [var unknown, ..])
            return $"There is no command '{unknown}'{(Nearest(unknown, root) is { } near ? $"; did you mean '{near}'?" : ".")}";
        if (error.SymbolResult is ArgumentResult { Tokens.Count: var given, Argument: var argument } && given < argument.Arity.MinimumNumberOfValues)
            return $"'{Name(result.CommandResult.Command)}' needs <{argument.HelpName ?? argument.Name}>: {Lower(argument.Description ?? "")}.";
        // The parser lists choices in lines of their own.
        return error.Message.Contains('\n') ? string.Join(' ', error.Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)) : null;
    }

    private static string Name(Command command) =>
        command is RootCommand ? "spate" : $"{Name(command.Parents.OfType<Command>().First())} {command.Name}";

    private static string Lower(string text) => text.Length > 1 && text[1] is ' ' or >= 'a' and <= 'z' ? char.ToLowerInvariant(text[0]) + text[1..] : text;

    private static string? Nearest(string word, RootCommand root)
    {
        (int Distance, string Name) best = root.Subcommands.Select(command => (Distance(word, command.Name), command.Name)).Min();
        return best.Distance <= Math.Max(1, word.Length / 3) ? best.Name : null;
    }

    // Letters to insert, leave out, change or swap with their neighbours to make one word of the other.
    private static int Distance(string a, string b)
    {
        var cost = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++) cost[i, 0] = i;
        for (int j = 0; j <= b.Length; j++) cost[0, j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int change = cost[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                cost[i, j] = Math.Min(change, Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
            }
        }
        return cost[a.Length, b.Length];
    }
}
