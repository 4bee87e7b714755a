using Spate.Protocol;

namespace Spate.Cli.Tests;

public sealed class EditCommandTests : IDisposable
{
    private readonly TestTerminal terminal = new();
    private readonly InfoHash before;

    public EditCommandTests()
    {
        terminal.Write("a", 20_000);
        terminal.Ok("create", "a", "-t", "http://1/", "-t", "http://2/", "-w", "http://w/", "-c", "old");
        before = Read("a.torrent").InfoHash;
    }

    public void Dispose() => terminal.Dispose();

    private Metainfo Read(string name) => Metainfo.Parse(File.ReadAllBytes(terminal[name]));

    [Fact]
    public void Outer_fields_change_in_place_and_keep_the_info_hash()
    {
        terminal.Ok("edit", "a.torrent", "--add-tracker", "udp://3:1,http://1/", "--remove-tracker", "http://2/", "--comment", "new", "--add-web-seed", "http://x/",
            "--no-date", "--created-by", "", "--node", "n:1");
        Metainfo torrent = Read("a.torrent");
        Assert.Equal([["http://1/"], ["udp://3:1"]], torrent.TrackerTiers);
        Assert.Equal(["http://w/", "http://x/"], torrent.WebSeeds);
        Assert.Equal(("new", null, null), (torrent.Comment, torrent.CreatedBy, torrent.CreationDate));
        Assert.Equal([("n", 1)], torrent.Nodes);
        Assert.Equal(before, torrent.InfoHash);
        Assert.DoesNotContain("warning", terminal.Err);
    }

    // A tracker's URL may hold a key that others must not read.
    [Fact]
    public void Who_may_read_it_stays_the_same_and_a_link_stays_a_link()
    {
        if (OperatingSystem.IsWindows()) return;
        const UnixFileMode Mine = UnixFileMode.UserRead | UnixFileMode.UserWrite, Shared = Mine | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead;
        File.CreateSymbolicLink(terminal["link.torrent"], "a.torrent");
        foreach (UnixFileMode mode in new[] { Mine, Shared })
        {
            File.SetUnixFileMode(terminal["a.torrent"], mode);
            terminal.Ok("edit", "link.torrent", "-c", mode.ToString());
            Assert.Equal("a.torrent", new FileInfo(terminal["link.torrent"]).LinkTarget);
            Assert.Equal((mode, mode.ToString()), (File.GetUnixFileMode(terminal["a.torrent"]), Read("a.torrent").Comment));
        }
    }

    [Fact]
    public void Lists_are_replaced_or_emptied()
    {
        terminal.Ok("edit", "a.torrent", "-t", "http://x/,http://y/", "--no-web-seeds", "-c", "");
        Metainfo torrent = Read("a.torrent");
        Assert.Equal([["http://x/", "http://y/"]], torrent.TrackerTiers);
        Assert.Empty(torrent.WebSeeds);
        Assert.Null(torrent.Comment);
        terminal.Ok("edit", "a.torrent", "--no-trackers", "-w", "http://z/");
        Assert.Empty(Read("a.torrent").TrackerTiers);
        Assert.Equal(["http://z/"], Read("a.torrent").WebSeeds);
    }

    [Fact]
    public void A_changed_info_hash_is_warned_of()
    {
        terminal.Ok("edit", "a.torrent", "--private", "--source", "S", "--name", "b", "-o", "b.torrent", "--json");
        Metainfo torrent = Read("b.torrent");
        Assert.Equal((true, "S", "b"), (torrent.IsPrivate, torrent.Source, torrent.Name));
        Assert.Contains($"warning: the info-hash changes from {before} to {torrent.InfoHash}", terminal.Err);
        Assert.True(terminal.Json.GetProperty("info_hash_changed").GetBoolean());
        Assert.Equal(before, Read("a.torrent").InfoHash);

        terminal.Ok("edit", "b.torrent", "--public", "--source", "", "--name", "a");
        Assert.Equal(before, Read("b.torrent").InfoHash);
    }

    [Fact]
    public void Output_goes_where_it_is_told_to_and_over_nothing()
    {
        terminal.Ok("edit", "a.torrent", "-c", "x", "-o", "-");
        Assert.Equal("x", Metainfo.Parse(terminal.OutBytes).Comment);
        Assert.Equal("old", Read("a.torrent").Comment);

        terminal.Write("taken", 5);
        Assert.Equal(ExitCode.Error, terminal.Run("edit", "a.torrent", "-o", "taken"));
        terminal.Ok("edit", "a.torrent", "-o", "taken", "--force");
        Assert.Equal(before, Read("taken").InfoHash);

        terminal.Ok("edit", "a.torrent", "-c", "x", "--dry-run");
        Assert.Equal("old", Read("a.torrent").Comment);
        Assert.Contains("would write", terminal.Err);

        terminal.Input = File.ReadAllBytes(terminal["a.torrent"]);
        terminal.Ok("edit", "-", "-c", "y");
        Assert.Equal("y", Metainfo.Parse(terminal.OutBytes).Comment);
    }

    [Theory]
    [InlineData(ExitCode.Usage, "contradict", "--private", "--public")]
    [InlineData(ExitCode.Usage, "contradict", "--no-trackers", "-t", "http://x/")]
    [InlineData(ExitCode.Usage, "must not be empty", "--name", "")]
    [InlineData(ExitCode.NotFound, "has no tracker http://none/", "--remove-tracker", "http://none/")]
    public void Nonsense_is_refused_and_changes_nothing(ExitCode code, string message, params string[] options)
    {
        byte[] bytes = File.ReadAllBytes(terminal["a.torrent"]);
        Assert.Equal(code, terminal.Run(["edit", "a.torrent", .. options]));
        Assert.Contains(message, terminal.Err);
        Assert.Equal(bytes, File.ReadAllBytes(terminal["a.torrent"]));
    }
}
