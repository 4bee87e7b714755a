using System.CommandLine;
using System.Text.RegularExpressions;
using Spate.Engine.Ports;

namespace Spate.Cli.Tests;

/// <summary>What the files in deploy/ count on is so.</summary>
public sealed class DeployTests
{
    private static readonly string root = Root();

    [Theory]
    [InlineData("Dockerfile")]
    [InlineData("spate.service")]
    public void Variables_that_are_set_are_options_of_serve(string file)
    {
        var environment = new CliEnvironment
        {
            Arguments = [], WorkingDirectory = root, Input = Stream.Null, Output = Stream.Null, Error = TextWriter.Null,
            Http = new Lazy<IHttpFetcher>(static () => throw new InvalidOperationException()),
        };
        Command serve = SpateProgram.BuildRoot(environment).Subcommands.Single(static command => command.Name == "serve");
        string?[] known = [.. OptionVariables.OptionsOf(serve).Select(option => OptionVariables.NameOf(serve, option))];
        string[] used = [.. Regex.Matches(Text(file), "SPATE_[A-Z_]+").Select(static match => match.Value).Distinct()];
        Assert.Contains("SPATE_SERVE_STATE", used);
        Assert.Subset(known.ToHashSet(), used.ToHashSet<string?>());
    }

    [Fact]
    public void The_image_is_built_with_all_that_the_build_reads_beside_the_sources()
    {
        string copied = Regex.Match(Text("Dockerfile"), @"^COPY (\.editorconfig .*) \./$", RegexOptions.Multiline).Groups[1].Value;
        string[] read = [.. Directory.GetFiles(root).Select(static file => Path.GetFileName(file)!).Where(static name => name is ".editorconfig" or "global.json" || name.StartsWith("Directory.", StringComparison.Ordinal))];
        Assert.Equal(read.Order(StringComparer.Ordinal), copied.Split(' ').Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_program_that_is_started_has_the_name_that_a_build_gives_it()
    {
        string name = typeof(SpateProgram).Assembly.GetName().Name!;
        Assert.Contains($"ExecStart=/opt/spate/{name} serve\n", Text("spate.service"));
        Assert.Contains($"ENTRYPOINT [\"dotnet\", \"/app/{name}.dll\"]\n", Text("Dockerfile"));
    }

    private static string Text(string file) => File.ReadAllText(Path.Combine(root, "deploy", file));

    private static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Spate.slnx"))) folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("There is no Spate.slnx above the tests.");
        return folder;
    }
}
