using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json.Serialization;
using Spate.Cli.Terminal;

namespace Spate.Cli;

/// <summary>
/// Says on standard error why a command ends: in words for people, or as one line of JSON where results were asked for as JSON.
/// </summary>
internal static partial class Complaint
{
    /// <summary>A command failed.</summary>
    public static void Say(CliEnvironment environment, ParseResult arguments, ExitCode code, string message)
    {
        string text = message.TrimEnd();
        if (IsForPrograms(arguments)) Print(environment, new ErrorJson("spate.error/1", text, (int)code, null));
        else environment.Error.WriteLine(code == ExitCode.Interrupted ? TerminalText.Escape(text) : $"spate: {TerminalText.Escape(text)}");
    }

    /// <summary>The command line makes no sense.</summary>
    /// <param name="environment">Where it is said.</param>
    /// <param name="arguments">The command line.</param>
    /// <param name="messages">What is wrong with it.</param>
    /// <param name="help">The command that explains how it should be.</param>
    public static void SayUsage(CliEnvironment environment, ParseResult arguments, IReadOnlyList<string> messages, string help)
    {
        if (IsForPrograms(arguments))
        {
            Print(environment, new ErrorJson("spate.error/1", string.Join(' ', messages.Select(static message => message.TrimEnd())), (int)ExitCode.Usage, help));
            return;
        }
        foreach (string message in messages) Say(environment, arguments, ExitCode.Usage, message);
        environment.Error.WriteLine($"Try '{help}'.");
    }

    // The rest of the command line may make no sense.
    private static bool IsForPrograms(ParseResult arguments) => IsOn(arguments, GlobalOptions.Json) || IsOn(arguments, GlobalOptions.JsonLines);

    private static bool IsOn(ParseResult arguments, Option<bool> option) =>
        arguments.GetResult(option) is { Implicit: false } given && given.GetValueOrDefault<bool>();

    private static void Print(CliEnvironment environment, ErrorJson error) =>
        environment.Error.WriteLine(SafeJson.Line(error, ErrorJsonContext.Default.ErrorJson));

    /// <param name="Schema"><c>spate.error/1</c>.</param>
    /// <param name="Error">What went wrong, for people.</param>
    /// <param name="ExitCode">What the program ends with.</param>
    /// <param name="Help">Where the command line makes no sense: the command that explains it.</param>
    internal sealed record ErrorJson(string Schema, string Error, int ExitCode, string? Help);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonSerializable(typeof(ErrorJson))]
    internal sealed partial class ErrorJsonContext : JsonSerializerContext;
}
