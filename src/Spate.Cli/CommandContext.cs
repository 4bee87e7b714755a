using System.CommandLine;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Spate.Cli.Terminal;

namespace Spate.Cli;

/// <summary>What a command has while it runs: its arguments, and where its results, messages and progress go.</summary>
internal sealed class CommandContext : IDisposable
{
    private readonly StreamWriter output;
    private readonly ParseResult arguments;

    public CommandContext(CliEnvironment environment, ParseResult arguments, CancellationToken cancel)
    {
        Environment = environment;
        this.arguments = arguments;
        Cancel = cancel;
        IsJson = arguments.GetValue(GlobalOptions.Json);
        IsQuiet = arguments.GetValue(GlobalOptions.Quiet);
        output = new StreamWriter(environment.Output, new UTF8Encoding(false), leaveOpen: true);
        Out = new TextSink(output, HasColour(environment.IsOutputTerminal));
        Err = new TextSink(environment.Error, HasColour(environment.IsErrorTerminal));
        bool hasBars = environment.IsErrorTerminal && !arguments.GetValue(GlobalOptions.NoProgress) && environment.Variable("TERM") != "dumb";
        Progress = new ProgressDisplay(environment, Err, IsQuiet, hasBars);
    }

    public CliEnvironment Environment { get; }

    /// <summary>Set by Ctrl-C.</summary>
    public CancellationToken Cancel { get; }

    /// <summary>Results go out as one JSON object, and nothing else does.</summary>
    public bool IsJson { get; }

    /// <summary>Only results and errors.</summary>
    public bool IsQuiet { get; }

    /// <summary>Standard output, for results.</summary>
    public TextSink Out { get; }

    /// <summary>Standard error, for what is said beside the results.</summary>
    public TextSink Err { get; }

    /// <summary>Standard error, for how far it has come.</summary>
    public ProgressDisplay Progress { get; }

    /// <summary>The value of an option.</summary>
    public T? Get<T>(Option<T> option) => arguments.GetValue(option);

    /// <summary>The value of an argument.</summary>
    public T? Get<T>(Argument<T> argument) => arguments.GetValue(argument);

    /// <summary>True when an option stands on the command line.</summary>
    public bool Has(Option option) => arguments.GetResult(option) is { Implicit: false };

    /// <summary>Says something that is not a result and not an error; not when asked to be quiet.</summary>
    public void Note(FormattableString line)
    {
        if (IsQuiet) return;
        Flush(); // on a terminal it comes below the results that it is about
        Progress.Message(line);
    }

    /// <summary>Says that something is odd, also when asked to be quiet.</summary>
    public void Warn(FormattableString line)
    {
        string text = TextSink.Safe(line);
        Progress.Message($"{Err.Yellow("warning:")} {new Shown(text)}");
    }

    /// <summary>Prints the result as JSON.</summary>
    public void Print<T>(T result, JsonTypeInfo<T> type)
    {
        Progress.Clear();
        output.Flush();
        var options = new JsonWriterOptions { Indented = true, Encoder = SafeJson.Encoder };
        using var writer = new Utf8JsonWriter(Environment.Output, options);
        JsonSerializer.Serialize(writer, result, type);
        writer.Flush();
        output.WriteLine();
    }

    /// <summary>Prints a result as one line of JSON, at once: for those that are read while the command goes on.</summary>
    public void PrintLine<T>(T result, JsonTypeInfo<T> type) => Progress.Around(() =>
    {
        output.WriteLine(SafeJson.Line(result, type));
        Flush();
    });

    /// <summary>Prints a line of the result at once, above the progress; not when results go out as JSON.</summary>
    public void Result(FormattableString line) => Progress.Around(() =>
    {
        Out.Line(line);
        Flush();
    });

    /// <summary>Prints a result that is bytes.</summary>
    public void Print(ReadOnlySpan<byte> result)
    {
        Progress.Clear();
        output.Flush();
        Environment.Output.Write(result);
    }

    /// <summary>Hands on what was printed so far, for a command that goes on running.</summary>
    public void Flush()
    {
        output.Flush();
        Environment.Output.Flush();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Progress.Dispose();
        output.Flush();
        output.Dispose();
        Environment.Output.Flush();
    }

    // https://no-color.org: set and not empty.
    private bool HasColour(bool isTerminal) =>
        isTerminal && string.IsNullOrEmpty(Environment.Variable("NO_COLOR")) && Environment.Variable("TERM") != "dumb";

    // Text that was escaped before.
    private readonly record struct Shown(string Text)
    {
        public override string ToString() => Text;
    }
}
