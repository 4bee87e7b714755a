using System.CommandLine;

namespace Spate.Cli;

/// <summary>Options that every command takes.</summary>
internal static class GlobalOptions
{
    public static readonly Option<bool> Json = new("--json")
    {
        Description = "Print the result as one JSON object", Recursive = true,
    };

    public static readonly Option<bool> Quiet = new("--quiet", "-q")
    {
        Description = "Print results, warnings and errors only", Recursive = true,
    };

    public static readonly Option<bool> NoProgress = new("--no-progress")
    {
        Description = "Print plain lines instead of progress bars", Recursive = true,
    };

    /// <summary>Not of every command: of those that go on for long.</summary>
    public static readonly Option<bool> JsonLines = new("--jsonl") { Description = "Print what happens as lines of JSON, one object each" };

    /// <summary>True for an option that means the same in each command that has it.</summary>
    public static bool IsShared(Option option) => option.Recursive || option == Remote.RemoteArguments.Server || option == Remote.RemoteArguments.ApiKey;
}
