using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace Spate.Cli;

/// <summary>
/// Options from environment variables: <c>SPATE_GET_MAX_PEERS</c> is <c>--max-peers</c> of <c>spate get</c>, and an option that means the
/// same wherever it stands goes without the command: <c>SPATE_QUIET</c>. What stands on the command line comes first.
/// </summary>
internal static class OptionVariables
{
    private static readonly string[] yes = ["1", "true", "yes", "on"], no = ["0", "false", "no", "off"];

    /// <summary>The variable of an option; null where it has none, as the help has.</summary>
    public static string? NameOf(Command command, Option option)
    {
        if (option is HelpOption or VersionOption) return null;
        string name = option.Name.TrimStart('-');
        string full = GlobalOptions.IsShared(option) ? name : $"{string.Join('-', PathOf(command))}-{name}";
        return "SPATE_" + full.Replace('-', '_').ToUpperInvariant();
    }

    /// <summary>The options that a command takes, those of the commands above it too.</summary>
    public static IEnumerable<Option> OptionsOf(Command command)
    {
        IEnumerable<Option> above = command.Parents.OfType<Command>().SelectMany(OptionsOf).Where(static option => option.Recursive);
        return command.Options.Concat(above).DistinctBy(static option => option.Name);
    }

    /// <summary>Parses the arguments together with what the variables say.</summary>
    /// <param name="root">The tree of commands.</param>
    /// <param name="environment">The arguments and the variables.</param>
    /// <param name="errors">What is wrong with either; empty when nothing is.</param>
    public static ParseResult Parse(RootCommand root, CliEnvironment environment, out IReadOnlyList<string> errors)
    {
        IReadOnlyList<string> arguments = environment.Arguments;
        ParseResult given = root.Parse(arguments);
        var wrong = new List<string>();
        errors = wrong;
        Command command = given.CommandResult.Command;
        // Completions are asked for what stands in the line; what makes no sense without variables is not mended by them.
        if (arguments is [['[', ..], ..] || command is RootCommand || given.Action is HelpAction or HelpWithVariables) return Complete(given, [], wrong);

        var added = new List<string>();
        var names = new Dictionary<Option, string>();
        foreach (Option option in OptionsOf(command))
        {
            if (NameOf(command, option) is not { } name || environment.Variable(name) is not { Length: > 0 } value) continue;
            if (given.GetResult(option) is { Implicit: false }) continue;
            names[option] = name;
            if (option.ValueType == typeof(bool))
            {
                if (yes.Contains(value, StringComparer.OrdinalIgnoreCase)) added.Add(option.Name);
                else if (!no.Contains(value, StringComparer.OrdinalIgnoreCase)) wrong.Add($"{name} takes yes or no, not '{value}'.");
            }
            else if (option.ValueType.IsArray)
            {
                added.AddRange(value.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(part => $"{option.Name}={part}"));
            }
            else added.Add($"{option.Name}={value}");
        }
        if (added.Count == 0) return Complete(given, names, wrong);
        int at = EndOfCommand(arguments, command);
        return Complete(root.Parse([.. arguments.Take(at), .. added, .. arguments.Skip(at)]), names, wrong);
    }

    private static ParseResult Complete(ParseResult result, Dictionary<Option, string> names, List<string> wrong)
    {
        if (result.Action is not ParseErrorAction) return result;
        foreach (ParseError error in result.Errors)
        {
            bool isNamed = error.SymbolResult is OptionResult { Option: var option } && names.ContainsKey(option);
            string text = UsageMessages.Of(result, error) is { } better ? better : isNamed ? $"{names[((OptionResult)error.SymbolResult!).Option]}: {error.Message}" : error.Message;
            if (!wrong.Contains(text)) wrong.Add(text);
        }
        return result;
    }

    // Behind the command's name: at the end "--" could stand before them.
    private static int EndOfCommand(IReadOnlyList<string> arguments, Command command)
    {
        int at = 0;
        foreach (string name in PathOf(command))
        {
            while (arguments[at] != name) at++;
            at++;
        }
        return at;
    }

    private static IEnumerable<string> PathOf(Command command)
    {
        Command? above = command.Parents.OfType<Command>().FirstOrDefault();
        return command is RootCommand ? [] : above is null ? [command.Name] : PathOf(above).Append(command.Name);
    }

    /// <summary>The help of a command, with a line on its variables.</summary>
    internal sealed class HelpWithVariables(HelpAction help, CliEnvironment environment) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            help.MaxWidth = Math.Clamp(environment.Width(), 60, 120);
            int code = help.Invoke(parseResult);
            Command command = parseResult.CommandResult.Command;
            Option? example = command.Options.FirstOrDefault(option => option.ValueType != typeof(bool) && NameOf(command, option) is not null)
                ?? command.Options.FirstOrDefault(option => NameOf(command, option) is not null);
            if (example is null || command is RootCommand) return code;
            TextWriter output = parseResult.InvocationConfiguration.Output;
            output.WriteLine($"Each option can be set by a variable, too: {NameOf(command, example)} for {example.Name}.");
            output.WriteLine();
            return code;
        }
    }
}
