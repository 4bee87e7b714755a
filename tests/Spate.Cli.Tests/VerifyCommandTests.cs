namespace Spate.Cli.Tests;

public sealed class VerifyCommandTests : IDisposable
{
    private readonly TestTerminal terminal = new();

    public VerifyCommandTests()
    {
        terminal.Write("top/a", 20_000, 1);
        terminal.Write("top/b", 100_000, 2);
        terminal.Write("top/c", 40_000, 3);
        terminal.Ok("create", "top", "-l", "16K");
    }

    public void Dispose() => terminal.Dispose();

    [Fact]
    public void Complete_content_ends_with_0()
    {
        terminal.Ok("verify", "top.torrent", ".");
        Assert.Equal("complete: 3 files, 10 pieces, 156.2 KiB\n", terminal.Out);
        terminal.Ok("verify", "top.torrent");
        terminal.Ok("verify", "top.torrent", "top");
        terminal.Ok("verify", "top.torrent", "--json");
        Assert.True(terminal.Json.GetProperty("complete").GetBoolean());
    }

    [Fact]
    public void Bad_files_and_pieces_are_named_and_end_with_6()
    {
        using (FileStream b = File.Open(terminal["top/b"], FileMode.Open))
        {
            b.Position = 50_000;
            b.WriteByte(1);
            b.WriteByte(2);
        }
        File.Delete(terminal["top/c"]);
        Assert.Equal(ExitCode.VerifyFailed, terminal.Run("verify", "top.torrent", "."));
        Assert.Equal("""
            damaged  top/b (pieces 4, 7)
            missing  top/c (pieces 7-9)
            incomplete: 2 of 3 files and 4 of 10 pieces are missing or bad

            """, terminal.Out);

        Assert.Equal(ExitCode.VerifyFailed, terminal.Run("verify", "top.torrent", ".", "--json"));
        Assert.Equal("[4,7,8,9]", string.Concat(terminal.Json.GetProperty("bad_pieces").GetRawText().Where(c => !char.IsWhiteSpace(c))));
        Assert.Equal("missing", terminal.Json.GetProperty("bad_files")[1].GetProperty("state").GetString());
    }

    [Fact]
    public void Missing_arguments_and_folders_have_their_codes()
    {
        Assert.Equal(ExitCode.NotFound, terminal.Run("verify", "top.torrent", "nowhere"));
        Assert.Equal(ExitCode.NotFound, terminal.Run("verify", "none.torrent", "."));
        Assert.Equal(ExitCode.Usage, terminal.Run("verify"));
        terminal.Interrupt = new CancellationToken(canceled: true);
        Assert.Equal(ExitCode.Interrupted, terminal.Run("verify", "top.torrent"));
    }
}
