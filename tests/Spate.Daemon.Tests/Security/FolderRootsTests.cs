using Spate.Daemon.Security;

namespace Spate.Daemon.Tests.Security;

public sealed class FolderRootsTests : IDisposable
{
    private readonly TempFolder folder = new();
    private readonly FolderRoots roots;

    public FolderRootsTests()
    {
        Directory.CreateDirectory(folder["root", "films"]);
        Directory.CreateDirectory(folder["root", "state"]);
        Directory.CreateDirectory(folder["rooted"]);
        Directory.CreateDirectory(folder["secret"]);
        roots = new FolderRoots([folder["root"]], [folder["root", "state"]]);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void What_lies_below_a_root_is_good_whether_it_exists_or_not()
    {
        Assert.Equal(folder["root"], roots.Check(folder["root"]));
        Assert.Equal(folder["root", "films"], roots.Check(folder["root", "films"] + "/"));
        Assert.Equal(folder["root", "new", "deep"], roots.Check(folder["root"] + "//new/./deep"));
        Assert.Equal(folder["root", "..films"], roots.Check(folder["root", "..films"]));
    }

    [Theory]
    [InlineData("{0}/rooted")] // begins with the same letters
    [InlineData("{0}/secret")]
    [InlineData("{0}")]
    [InlineData("/")]
    [InlineData("/etc/passwd")]
    [InlineData("{0}/root/../secret")]
    [InlineData("{0}/root/films/../../secret")]
    [InlineData("{0}/root/..")]
    [InlineData("root/films")]
    [InlineData("~/films")]
    [InlineData("")]
    [InlineData("{0}/root/a\0/../../secret")]
    [InlineData("{0}/root/a\nb")]
    [InlineData("file:///etc")]
    [InlineData("{0}/root/state")]
    [InlineData("{0}/root/state/torrents")]
    public void Everything_else_is_refused(string path)
    {
        path = path.Replace("{0}", folder.Path, StringComparison.Ordinal);
        Assert.False(roots.Allows(path), path);
    }

    [Fact]
    public void What_is_refused_says_which_folders_may_be_used_and_what_allows_more()
    {
        string why = Assert.Throws<ForbiddenPathException>(() => roots.Check("/etc")).Message;
        Assert.Contains(folder["root"], why, StringComparison.Ordinal);
        Assert.Contains("--root", why, StringComparison.Ordinal);
        Assert.Contains("SPATE_SERVE_ROOT", why, StringComparison.Ordinal);
    }

    [Fact]
    public void Letters_count_where_the_file_system_tells_them_apart()
    {
        if (OperatingSystem.IsLinux()) Assert.False(roots.Allows(folder["ROOT", "films"]));
    }

    [Fact]
    public void Links_are_followed_to_where_they_really_end()
    {
        File.CreateSymbolicLink(folder["root", "out"], folder["secret"]);
        File.CreateSymbolicLink(folder["root", "up"], "../secret");
        File.CreateSymbolicLink(folder["root", "twice"], "films/../up");
        File.CreateSymbolicLink(folder["root", "own"], "state");
        File.CreateSymbolicLink(folder["root", "circle"], "circle");
        File.CreateSymbolicLink(folder["root", "good"], folder["root", "films"]);
        File.CreateSymbolicLink(folder["root", "dangling"], folder["secret", "not there yet"]);
        foreach (string bad in new[] { "out", "up", "twice", "own", "circle", "dangling" })
        {
            Assert.False(roots.Allows(folder["root", bad]), bad);
            Assert.False(roots.Allows(folder["root", bad, "below"]), bad);
        }
        Assert.True(roots.Allows(folder["root", "good", "new"]));
    }

    [Fact]
    public void A_root_may_itself_be_a_link()
    {
        File.CreateSymbolicLink(folder["shortcut"], folder["root"]);
        var linked = new FolderRoots([folder["shortcut"]], []);
        Assert.True(linked.Allows(folder["shortcut", "films"]));
        Assert.True(linked.Allows(folder["root", "films"]));
        Assert.False(linked.Allows(folder["secret"]));
    }

    [Fact]
    public void The_reason_names_the_roots_and_the_option()
    {
        string message = Assert.Throws<ForbiddenPathException>(() => roots.Check(folder["secret"])).Message;
        Assert.Contains(folder["root"], message, StringComparison.Ordinal);
        Assert.Contains("--root", message, StringComparison.Ordinal);
    }
}
