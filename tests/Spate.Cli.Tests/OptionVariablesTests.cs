using System.CommandLine;
using System.CommandLine.Parsing;
using Spate.Engine.Ports;

namespace Spate.Cli.Tests;

/// <summary>Every option can be set by an environment variable.</summary>
public sealed class OptionVariablesTests : IDisposable
{
    private readonly TestTerminal terminal = new();

    public void Dispose() => terminal.Dispose();

    [Fact]
    public void Each_option_of_each_command_has_a_variable_of_its_own()
    {
        RootCommand root = SpateProgram.BuildRoot(Environment([], []));
        var names = new Dictionary<string, string>();
        foreach (Command command in Below(root))
        {
            foreach (Option option in OptionVariables.OptionsOf(command))
            {
                if (OptionVariables.NameOf(command, option) is not { } name) continue;
                Assert.Matches("^SPATE_[A-Z0-9_]+$", name);
                // The same name only for what is the same option everywhere.
                string meaning = GlobalOptions.IsShared(option) ? option.Name : $"{command.Name} {option.Name}";
                Assert.Equal(meaning, names.GetValueOrDefault(name, meaning));
                names[name] = meaning;
            }
        }
        Assert.True(names.Count > 80, $"{names.Count} variables");
        Assert.Equal("get --max-peers", names["SPATE_GET_MAX_PEERS"]);
        Assert.Equal("--quiet", names["SPATE_QUIET"]);
    }

    [Fact]
    public void Each_of_them_reaches_its_option()
    {
        RootCommand root = SpateProgram.BuildRoot(Environment([], []));
        foreach (Command command in Below(root))
        {
            foreach (Option option in OptionVariables.OptionsOf(command))
            {
                if (OptionVariables.NameOf(command, option) is not { } name) continue;
                bool isSwitch = option.ValueType == typeof(bool);
                string[] path = [.. PathOf(command)];
                ParseResult parsed = OptionVariables.Parse(root, Environment(path, new() { [name] = isSwitch ? "yes" : "8" }), out _);
                OptionResult? result = parsed.GetResult(option);
                Assert.True(result is { Implicit: false }, $"{name} does not reach {option.Name}");
                Assert.Equal(isSwitch ? [] : ["8"], result.Tokens.Select(token => token.Value));
            }
        }
    }

    [Fact]
    public void The_command_line_comes_first_and_lists_are_parted_by_spaces()
    {
        terminal.Write("top/a", 10);
        terminal.Set("SPATE_CREATE_COMMENT", "from afar");
        terminal.Set("SPATE_CREATE_TRACKER", "http://one/ udp://two:1/");
        terminal.Set("SPATE_CREATE_PRIVATE", "no");
        terminal.Set("SPATE_CREATE_SOURCE", "");
        terminal.Set("SPATE_QUIET", "1");
        terminal.Ok("create", "--", "top");
        Assert.Equal("", terminal.Err);
        terminal.Ok("show", "top.torrent", "--json");
        Assert.Equal("from afar", terminal.Json.GetProperty("comment").GetString());
        Assert.Equal(2, terminal.Json.GetProperty("trackers").GetArrayLength());
        Assert.False(terminal.Json.GetProperty("private").GetBoolean());
        Assert.False(terminal.Json.TryGetProperty("source", out _));
        terminal.Ok("create", "top", "-c", "from here", "-f");
        terminal.Ok("show", "top.torrent", "--json");
        Assert.Equal("from here", terminal.Json.GetProperty("comment").GetString());
    }

    [Fact]
    public void What_is_wrong_with_a_variable_is_said_under_its_name()
    {
        terminal.Write("top/a", 10);
        terminal.Set("SPATE_CREATE_PIECE_LENGTH", "17");
        Assert.Equal(ExitCode.Usage, terminal.Run("create", "top"));
        Assert.StartsWith("spate: SPATE_CREATE_PIECE_LENGTH: --piece-length: ", terminal.Err);
        terminal.Set("SPATE_CREATE_PIECE_LENGTH", "");
        terminal.Set("SPATE_JSON", "perhaps");
        Assert.Equal(ExitCode.Usage, terminal.Run("create", "top"));
        Assert.Equal("spate: SPATE_JSON takes yes or no, not 'perhaps'.\nTry 'spate create --help'.\n", terminal.Err);
        // What is not a command's own does not trouble it, and help is always to be had.
        terminal.Ok("create", "--help");
        Assert.Contains("variable, too: SPATE_CREATE_OUTPUT for --output.", terminal.Out);
        Assert.Equal(ExitCode.Usage, terminal.Run("create"));
    }

    private static IEnumerable<Command> Below(Command command) =>
        command.Subcommands.SelectMany(below => below.Subcommands.Count == 0 ? [below] : Below(below));

    private static IEnumerable<string> PathOf(Command command) =>
        command is RootCommand ? [] : PathOf(command.Parents.OfType<Command>().First()).Append(command.Name);

    private CliEnvironment Environment(string[] arguments, Dictionary<string, string> variables) => new()
    {
        Arguments = arguments,
        WorkingDirectory = terminal.Folder,
        Input = Stream.Null,
        Output = Stream.Null,
        Error = TextWriter.Null,
        Variable = variables.GetValueOrDefault,
        Http = new Lazy<IHttpFetcher>(terminal.Http),
    };
}
