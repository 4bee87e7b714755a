using System.Text.RegularExpressions;

namespace Spate.Cli.Tests;

/// <summary>What docs/cli.md says is so.</summary>
public sealed class DocsTests : IDisposable
{
    private readonly TestTerminal terminal = new();

    public void Dispose() => terminal.Dispose();

    [Fact]
    public void Every_exit_code_is_in_the_table_and_no_other()
    {
        string table = Section("## Exit codes");
        int[] documented = [.. Regex.Matches(table, @"^\| ([0-9]+) \| \S", RegexOptions.Multiline).Select(row => int.Parse(row.Groups[1].Value))];
        Assert.Equal(Enum.GetValues<ExitCode>().Select(code => (int)code).Order(), documented);
    }

    [Fact]
    public void Every_command_is_in_the_table()
    {
        terminal.Ok("--help");
        string[] commands = [.. Regex.Matches(terminal.Out[terminal.Out.IndexOf("Commands:", StringComparison.Ordinal)..], @"^  ([a-z]+)", RegexOptions.Multiline).Select(m => m.Groups[1].Value)];
        Assert.Contains("get", commands);
        foreach (string command in commands) Assert.Matches($@"(?m)^\|[^|]*`{command}[ `]", Text);
    }

    [Fact]
    public void Every_option_that_is_named_exists()
    {
        foreach (string command in new[] { "get", "seed", "demo", "tracker", "create", "edit" })
        {
            terminal.Ok(command, "--help");
            foreach (Match option in Regex.Matches(Section($"## {command}\n"), "`(--[a-z-]+)")) Assert.Contains(option.Groups[1].Value, terminal.Out);
        }
    }

    private static string Text { get; } = File.ReadAllText(Path.Combine(Root(), "docs", "cli.md"));

    private static string Section(string heading)
    {
        int start = Text.IndexOf(heading, StringComparison.Ordinal);
        int end = Text.IndexOf("\n## ", start + 1, StringComparison.Ordinal);
        return end < 0 ? Text[start..] : Text[start..end];
    }

    private static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Spate.slnx"))) folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("There is no Spate.slnx above the tests.");
        return folder;
    }
}
