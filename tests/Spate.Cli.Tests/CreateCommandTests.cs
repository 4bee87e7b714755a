using Spate.Protocol;

namespace Spate.Cli.Tests;

public sealed class CreateCommandTests : IDisposable
{
    private readonly TestTerminal terminal = new();

    public void Dispose() => terminal.Dispose();

    private Metainfo Read(string name) => Metainfo.Parse(File.ReadAllBytes(terminal[name]));

    [Fact]
    public void A_folder_becomes_a_torrent_with_all_that_was_asked_for()
    {
        terminal.Write("top/a", 100_000);
        terminal.Write("top/b/c", 50_000);
        terminal.Ok("create", "top", "-t", "http://a/announce,http://b/x?y=1,2", "-t", "udp://c:80", "--web-seed", "http://w/", "--private", "--source", "S",
            "--comment", "hé", "--piece-length", "32KiB", "--node", "router:6881", "--node", "[::1]:7", "-o", "x.torrent");
        Metainfo torrent = Read("x.torrent");
        Assert.Equal([["http://a/announce", "http://b/x?y=1,2"], ["udp://c:80"]], torrent.TrackerTiers);
        Assert.Equal(["http://w/"], torrent.WebSeeds);
        Assert.Equal((true, "S", "hé", 32768), (torrent.IsPrivate, torrent.Source, torrent.Comment, torrent.PieceLength));
        Assert.Equal([("router", 6881), ("::1", 7)], torrent.Nodes);
        Assert.StartsWith("Spate/", torrent.CreatedBy);
        Assert.NotNull(torrent.CreationDate);
        Assert.Equal(["top/a", "top/b/c"], torrent.Files.Select(f => f.Path));
        Assert.Contains(torrent.InfoHash.ToString(), terminal.Out);
        Assert.Contains("x.torrent", terminal.Out);
        Assert.Contains("hashed 146.5 KiB", terminal.Err);
    }

    [Fact]
    public void The_output_is_named_after_the_content_and_not_overwritten()
    {
        terminal.Write("a.bin", 10);
        terminal.Ok("create", "a.bin", "-q");
        Assert.Equal("a.bin", Read("a.bin.torrent").Name);
        Assert.Empty(terminal.Err);

        Assert.Equal(ExitCode.Error, terminal.Run("create", "a.bin"));
        Assert.Contains("a.bin.torrent is there already; --force", terminal.Err);
        terminal.Ok("create", "a.bin", "--force", "--name", "other");
        Assert.Equal("other", Read("other.torrent").Name);
    }

    [Fact]
    public void The_same_input_gives_the_same_file_when_dates_are_fixed()
    {
        terminal.Write("a.bin", 1000);
        terminal.Ok("create", "a.bin", "--no-date", "-o", "1");
        Assert.Null(Read("1").CreationDate);
        terminal.Set("SOURCE_DATE_EPOCH", "1700000000");
        terminal.Ok("create", "a.bin", "-o", "2", "--created-by", "");
        Assert.Equal(1_700_000_000, Read("2").CreationDate!.Value.ToUnixTimeSeconds());
        Assert.Null(Read("2").CreatedBy);
        Assert.Equal(Read("1").InfoHash, Read("2").InfoHash);
    }

    [Fact]
    public void A_torrent_goes_to_standard_output_alone()
    {
        terminal.Write("a.bin", 1000);
        terminal.Ok("create", "a.bin", "-o", "-");
        Assert.Equal("a.bin", Metainfo.Parse(terminal.OutBytes).Name);
        Assert.Contains("info-hash", terminal.Err);
        Assert.Equal(["a.bin"], Directory.GetFileSystemEntries(terminal.Folder).Select(Path.GetFileName));
    }

    [Fact]
    public void Json_says_what_was_made()
    {
        terminal.Write("top/a", 1000);
        terminal.Write("top/.hidden", 10);
        terminal.Ok("create", "top", "--json", "-t", "http://t/");
        Assert.Equal("spate.create/1", terminal.Json.GetProperty("schema").GetString());
        Assert.Equal(Read("top.torrent").InfoHash.ToString(), terminal.Json.GetProperty("info_hash").GetString());
        Assert.Equal(1000, terminal.Json.GetProperty("total_length").GetInt64());
        Assert.StartsWith("magnet:?xt=urn:btih:", terminal.Json.GetProperty("magnet").GetString());
        Assert.Equal(".hidden (hidden)", terminal.Json.GetProperty("left_out")[0].GetString());
    }

    [Fact]
    public void A_dry_run_writes_nothing()
    {
        terminal.Write("a.bin", 1000);
        terminal.Ok("create", "a.bin", "--dry-run");
        Assert.False(File.Exists(terminal["a.bin.torrent"]));
        Assert.Contains("info-hash", terminal.Out);
    }

    [Fact]
    public void What_is_taken_can_be_chosen()
    {
        foreach (string name in new[] { "a", ".h", "x.log", "Thumbs.db" }) terminal.Write("top/" + name, 10);
        File.CreateSymbolicLink(terminal["top/link"], "a");
        terminal.Ok("create", "top", "--include-hidden", "--include-junk", "-x", "*.log", "--symlinks", "store", "--threads", "1");
        Assert.Equal(["top/.h", "top/Thumbs.db", "top/a", "top/link"], Read("top.torrent").Files.Select(f => f.Path));
        Assert.Equal("a", Read("top.torrent").Files[3].LinkTarget);
    }

    [Theory]
    [InlineData(ExitCode.NotFound, "There is no file or folder", "nothing")]
    [InlineData(ExitCode.Usage, "no power of two", "a", "--piece-length", "100K")]
    [InlineData(ExitCode.Usage, "'x' is no size", "a", "--piece-length", "x")]
    [InlineData(ExitCode.Usage, "'nonsense' is no URL", "a", "-t", "nonsense")]
    [InlineData(ExitCode.Usage, "'udp://x:1' is no URL of the kind http://, https://", "a", "-w", "udp://x:1")]
    [InlineData(ExitCode.Usage, "'host' is no HOST:PORT", "a", "--node", "host")]
    [InlineData(ExitCode.Usage, "--threads takes", "a", "--threads", "0")]
    [InlineData(ExitCode.Usage, "'--privat'", "a", "--privat")]
    [InlineData(ExitCode.Usage, "'spate create' needs <path>: the file or folder to share.")]
    [InlineData(ExitCode.Disk, "are empty", "zero")]
    public void Errors_have_their_exit_codes(ExitCode code, string message, params string[] arguments)
    {
        terminal.Write("a", 10);
        terminal.Write("zero", 0);
        Assert.Equal(code, terminal.Run(["create", .. arguments]));
        Assert.Contains(message, terminal.Err);
        Assert.Empty(terminal.Out);
    }

    [Fact]
    public void A_private_torrent_without_trackers_is_warned_of()
    {
        terminal.Write("a", 10);
        terminal.Ok("create", "a", "--private", "-q");
        Assert.Contains("warning: a private torrent without a tracker", terminal.Err);
    }

    [Fact]
    public void Ctrl_C_ends_it_and_leaves_nothing_behind()
    {
        terminal.Write("a", 50_000_000);
        terminal.Interrupt = new CancellationToken(canceled: true);
        Assert.Equal(ExitCode.Interrupted, terminal.Run("create", "a"));
        Assert.Equal(["a"], Directory.GetFileSystemEntries(terminal.Folder).Select(Path.GetFileName));
    }

    [Fact]
    public void A_folder_that_may_not_be_written_to_is_a_disk_error()
    {
        terminal.Write("a", 10);
        Assert.Equal(ExitCode.NotFound, terminal.Run("create", "a", "-o", "no/such/folder/x.torrent"));
        Directory.CreateDirectory(terminal["folder"]);
        Assert.Equal(ExitCode.Disk, terminal.Run("create", "a", "-f", "-o", "folder"));
        Assert.DoesNotContain(Directory.GetFileSystemEntries(terminal.Folder), f => f.EndsWith(".new"));
    }
}
