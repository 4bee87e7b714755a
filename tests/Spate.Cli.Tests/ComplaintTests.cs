using System.Text.Json;
using Spate.Protocol;

namespace Spate.Cli.Tests;

/// <summary>Why a command ended, for programs: one line of JSON on standard error where results were asked for as JSON, and words elsewhere.</summary>
public sealed class ComplaintTests : IDisposable
{
    private readonly TestTerminal terminal = new();

    public void Dispose() => terminal.Dispose();

    [Theory]
    [InlineData(ExitCode.NotFound, "There is no file none", "show", "none", "--json")]
    [InlineData(ExitCode.NotFound, "There is no file none", "get", "none", "--jsonl")]
    [InlineData(ExitCode.Usage, "--files", "get", "magnet:?xt=urn:btih:0000000000000000000000000000000000000000", "-f", "9-1", "--json")]
    [InlineData(ExitCode.RemoteUnreachable, "No daemon runs on this machine", "ls", "--json")]
    [InlineData(ExitCode.RemoteUnreachable, "No daemon runs on this machine", "watch", "--jsonl")]
    public void A_command_that_fails_says_so_in_one_object(ExitCode code, string error, params string[] arguments)
    {
        terminal.Set("SPATE_SERVE_STATE", terminal["state"]);
        JsonElement said = Fail(code, arguments);
        Assert.StartsWith(error, said.GetProperty("error").GetString());
        Assert.False(said.TryGetProperty("help", out _));
    }

    [Theory]
    [InlineData("There is no option '--nonsense'.", "spate show --help", "show", "--nonsense", "--json")]
    [InlineData("There is no command 'frobnicate'.", "spate --help", "--json", "frobnicate")]
    [InlineData("'spate get' needs <torrent>: ", "spate get --help", "get", "--jsonl")]
    [InlineData("--threads takes a number from 1 to 256.", "spate verify --help", "verify", "--json", "x", "--threads", "0")]
    [InlineData("Unrecognized command or argument 'perhaps'", "spate show --help", "show", "none", "--json=perhaps")]
    public void A_command_line_without_sense_too_and_names_the_help(string error, string help, params string[] arguments)
    {
        JsonElement said = Fail(ExitCode.Usage, arguments);
        Assert.StartsWith(error, said.GetProperty("error").GetString());
        Assert.Equal(help, said.GetProperty("help").GetString());
    }

    [Fact]
    public void All_that_is_wrong_with_a_command_line_is_in_the_object()
    {
        string? error = Fail(ExitCode.Usage, "get", "--json", "x", "--max-peers", "many", "--stall-timeout", "soon").GetProperty("error").GetString();
        Assert.Contains("--max-peers", error);
        Assert.Contains("--stall-timeout", error);
    }

    [Fact]
    public void Variables_ask_for_it_as_the_options_do()
    {
        terminal.Set("SPATE_JSON", "yes");
        Fail(ExitCode.NotFound, "show", "none");
        Fail(ExitCode.Usage, "show");
        terminal.Set("SPATE_JSON", "no");
        Assert.Equal(ExitCode.NotFound, terminal.Run("show", "none"));
        Assert.StartsWith("spate: There is no file none", terminal.Err);
        terminal.Set("SPATE_GET_JSONL", "yes");
        Fail(ExitCode.NotFound, "get", "none");
    }

    [Fact]
    public void Without_that_it_is_said_in_words()
    {
        Assert.Equal(ExitCode.NotFound, terminal.Run("show", "none", "--json=false"));
        Assert.StartsWith("spate: There is no file none", terminal.Err);
    }

    [Fact]
    public void Ctrl_C_is_an_object_too()
    {
        terminal.Write("a", 100_000);
        terminal.Ok("create", "a");
        terminal.Interrupt = new CancellationToken(canceled: true);
        Assert.Equal("Interrupted.", Fail(ExitCode.Interrupted, "verify", "a.torrent", "--json").GetProperty("error").GetString());
        Assert.Equal(ExitCode.Interrupted, terminal.Run("verify", "a.torrent"));
        Assert.Equal("Interrupted.\n", terminal.Err);
    }

    [Fact]
    public void Names_of_strangers_are_escaped_and_keep_it_one_line()
    {
        Fail(ExitCode.NotFound, "show", "no\u001b[2J\u202e\nne ünï", "--json");
        Assert.DoesNotContain('\u001b', terminal.Err);
        Assert.DoesNotContain('\u202e', terminal.Err);
        Assert.Contains("ünï", terminal.Err);
    }

    [Fact]
    public void A_search_that_finds_nothing_to_list_has_no_result_but_the_error()
    {
        JsonElement said = Fail(
            ExitCode.Network, "get", new string('0', 40), "--list", "--json", "--stall-timeout", "1s", "--listen", "127.0.0.1", "--port", "0", "--no-dht", "--no-lsd");
        Assert.Contains("nothing arrived for 1 s: no peers found yet", said.GetProperty("error").GetString());
    }

    [Fact]
    public void What_has_a_result_has_the_error_in_it()
    {
        terminal.Write("a", 100_000);
        terminal.Ok("create", "a");
        terminal.Write("a", 100_000, seed: 2);
        Assert.Equal(ExitCode.VerifyFailed, terminal.Run("verify", "a.torrent", "--json", "--quiet"));
        Assert.Equal("", terminal.Err);
        Assert.False(terminal.Json.GetProperty("complete").GetBoolean());
    }

    // Runs a command that prints no result and ends with one line of JSON.
    private JsonElement Fail(ExitCode code, params string[] arguments)
    {
        Assert.Equal(code, terminal.Run(arguments));
        Assert.Equal("", terminal.Out);
        Assert.EndsWith("\n", terminal.Err);
        JsonElement said = JsonDocument.Parse(terminal.Err.TrimEnd('\n').Split('\n')[^1]).RootElement;
        Assert.Equal("spate.error/1", said.GetProperty("schema").GetString());
        Assert.Equal((int)code, said.GetProperty("exit_code").GetInt32());
        return said;
    }
}
