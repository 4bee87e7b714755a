using System.CommandLine;
using System.Text.Json;

namespace Spate.Cli;

/// <summary>Options that take one of a few words: the names of an enumeration, as <c>download-rate</c>.</summary>
internal static class Choice
{
    /// <summary>The words of an enumeration.</summary>
    public static IReadOnlyList<string> Words<T>() where T : struct, Enum => [.. Enum.GetNames<T>().Select(JsonNamingPolicy.KebabCaseLower.ConvertName)];

    /// <summary>An option; null where it is not given.</summary>
    public static Option<T?> Of<T>(string name, string description, string helpName, params string[] aliases) where T : struct, Enum
    {
        var option = new Option<T?>(name, aliases)
        {
            Description = $"{description}: {string.Join(", ", Words<T>())}",
            HelpName = helpName,
            CustomParser = result =>
            {
                string word = result.Tokens[0].Value;
                for (int i = 0; i < Words<T>().Count; i++)
                {
                    if (Words<T>()[i].Equals(word, StringComparison.OrdinalIgnoreCase)) return Enum.GetValues<T>()[i];
                }
                result.AddError($"{name} takes one of {string.Join(", ", Words<T>())}, not '{word}'.");
                return null;
            },
        };
        option.CompletionSources.Add(_ => Words<T>().Select(static word => new System.CommandLine.Completions.CompletionItem(word)));
        return option;
    }
}
