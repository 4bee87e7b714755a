using System.CommandLine;
using System.Text.RegularExpressions;

namespace Spate.Cli.Commands;

/// <summary>Options that several commands read the same way.</summary>
internal static partial class TrackerArguments
{
    // A comma parts two trackers only where another URL starts: commas are legal inside.
    [GeneratedRegex(",(?=[a-zA-Z][a-zA-Z0-9+.-]*://)")]
    private static partial Regex BetweenUrls();

    private static readonly string[] TrackerSchemes = ["http", "https", "udp", "ws", "wss"];

    /// <summary>An option whose every use is a tier of trackers.</summary>
    public static Option<string[]> Tiers(string name, string description, params string[] aliases) => new(name, aliases)
    {
        Description = description, HelpName = "URL[,URL]", Validators = { result => CheckUrls(result, TrackerSchemes) },
    };

    /// <summary>An option for web seeds.</summary>
    public static Option<string[]> WebSeeds(string name, string description, params string[] aliases) => new(name, aliases)
    {
        Description = description, HelpName = "URL", Validators = { result => CheckUrls(result, ["http", "https"]) },
    };

    /// <summary>The tiers that were given.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> ReadTiers(string[]? values) => [.. (values ?? []).Select(value => BetweenUrls().Split(value))];

    /// <summary>A host and a port.</summary>
    public static bool TryParseNode(string text, out (string Host, int Port) node)
    {
        node = default;
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(text.AsSpan(colon + 1), out int port) || port is <= 0 or > 65535) return false;
        string host = text[..colon];
        if (host.StartsWith('[') && host.EndsWith(']')) host = host[1..^1];
        else if (host.Contains(':')) return false;
        node = (host, port);
        return host.Length > 0;
    }

    private static void CheckUrls(System.CommandLine.Parsing.OptionResult result, string[] schemes)
    {
        foreach (System.CommandLine.Parsing.Token token in result.Tokens)
        {
            foreach (string url in BetweenUrls().Split(token.Value))
            {
                if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? parsed) || !schemes.Contains(parsed.Scheme) || parsed.Host.Length == 0)
                    result.AddError($"'{url}' is no URL of the kind {string.Join(", ", schemes.Select(s => s + "://"))} that {result.Option.Name} takes.");
            }
        }
    }
}
