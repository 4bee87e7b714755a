using System.Diagnostics;

namespace Spate.Cli.Tests;

public sealed class ProgramTests : IDisposable
{
    private readonly TestTerminal terminal = new();

    public void Dispose() => terminal.Dispose();

    [Fact]
    public void Without_a_command_help_is_shown()
    {
        Assert.Equal(ExitCode.Usage, terminal.Run());
        foreach (string command in new[] { "create", "show", "verify", "edit", "magnet", "completions" }) Assert.Contains(command, terminal.Out);
        terminal.Ok("--help");
        terminal.Ok("create", "--help");
        Assert.Contains("spate create", terminal.Out);
        terminal.Ok("--version");
        Assert.Matches(@"^\d+\.\d+\.\d+\s*$", terminal.Out);
    }

    [Fact]
    public void An_unknown_command_is_a_usage_error()
    {
        Assert.Equal(ExitCode.Usage, terminal.Run("frobnicate"));
        Assert.Equal("spate: There is no command 'frobnicate'.\nTry 'spate --help'.\n", terminal.Err);
        Assert.Equal(ExitCode.Usage, terminal.Run("gte", "x.torrent", "y.torrent"));
        Assert.StartsWith("spate: There is no command 'gte'; did you mean 'get'?\n", terminal.Err);
        Assert.Equal(ExitCode.Usage, terminal.Run("verify"));
        Assert.StartsWith("spate: 'spate verify' needs <torrent>: a .torrent file, its URL,", terminal.Err, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(ExitCode.Usage, terminal.Run("show", "--nonsense"));
        Assert.Contains("Try 'spate show --help'.", terminal.Err);
    }

    [Fact]
    public void What_can_not_be_used_is_said_in_a_line()
    {
        Assert.Equal(ExitCode.Usage, terminal.Run("completions", "tcsh"));
        Assert.Contains("Must be one of: 'bash' 'zsh' 'fish' 'pwsh'\n", terminal.Err);
        Assert.Equal(ExitCode.Usage, terminal.Run("show", "ftp://example.org/a.torrent"));
        Assert.Equal("spate: ftp://example.org/a.torrent can't be fetched: only http:// and https:// can.\n", terminal.Err);
        terminal.Write("top/a", 10);
        terminal.Ok("create", "top");
        Assert.Equal(ExitCode.Disk, terminal.Run("get", "top.torrent", "-o", "/proc/nothing/here"));
        Assert.StartsWith("spate: There is no folder /proc/nothing/here, and it can't be made: ", terminal.Err);
    }

    [Fact]
    public void A_magnet_link_is_printed()
    {
        terminal.Write("top/a", 10);
        terminal.Write("top/b", 10);
        terminal.Ok("create", "top", "-t", "http://t/");
        terminal.Ok("magnet", "top.torrent", "--select", "1", "--peer", "h:1");
        Assert.Matches(@"^magnet:\?xt=urn:btih:[0-9a-f]{40}&dn=top&tr=http%3A%2F%2Ft%2F&x\.pe=h:1&so=1\n$", terminal.Out);
        terminal.Ok("magnet", "top.torrent", "--json", "--no-trackers");
        Assert.DoesNotContain("tr=", terminal.Json.GetProperty("magnet").GetString());
        Assert.Equal(ExitCode.Usage, terminal.Run("magnet", "top.torrent", "--select", "2"));
        Assert.Equal(ExitCode.Usage, terminal.Run("magnet", "top.torrent", "--select", "x"));
        Assert.Equal(ExitCode.NotFound, terminal.Run("magnet", "none"));
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    [InlineData("pwsh")]
    public void There_are_completions_for(string shell)
    {
        terminal.Ok("completions", shell);
        Assert.Contains("[suggest:", terminal.Out);
        if (shell != "bash") return;
        // bash reads its script without complaint, and completes with what the program suggests.
        string script = terminal.Out + """
            spate() { printf '%s\n' create completions; }
            COMP_WORDS=(spate c); COMP_CWORD=1; COMP_LINE="spate c"; COMP_POINT=7
            _spate; printf '%s\n' "${COMPREPLY[@]}"
            """;
        var start = new ProcessStartInfo("bash", ["-e", "-u", "-c", script]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process bash = Process.Start(start)!;
        Assert.Equal("create\ncompletions\n", bash.StandardOutput.ReadToEnd());
        bash.WaitForExit();
    }

    [Fact]
    public void The_program_suggests_what_the_scripts_ask_for()
    {
        Assert.Equal(ExitCode.Usage, terminal.Run("completions", "tcsh"));
        terminal.Ok("[suggest:8]", "spate cr");
        Assert.Equal("create", terminal.Out.Trim());
        terminal.Ok("[suggest:19]", "spate verify x --th");
        Assert.Contains("--threads", terminal.Out);
        terminal.Ok("[suggest:18]", "spate completions ");
        Assert.Contains("fish", terminal.Out);
    }
}
