using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Spate.Protocol.Tests;

public class FileNamesTests
{
    private static readonly Metainfo Torrent = Of("show", "a.mkv", "extras/b.txt", "extras/deep/c.txt", "Notes");

    private static Metainfo Of(string name, params string[] files)
    {
        var info = new StringBuilder($"d4:infod5:filesl");
        foreach (string file in files)
        {
            info.Append("d6:lengthi1e4:pathl");
            foreach (string part in file.Split('/')) info.Append($"{Encoding.UTF8.GetByteCount(part)}:{part}");
            info.Append("ee");
        }
        info.Append($"e4:name{Encoding.UTF8.GetByteCount(name)}:{name}12:piece lengthi16384e6:pieces20:{new string('x', 20)}ee");
        return Metainfo.Parse(Encoding.UTF8.GetBytes(info.ToString()));
    }

    private static FileNames Rename(FileNames names, string path, string name, Metainfo? torrent = null)
    {
        Assert.True(names.TryRename(torrent ?? Torrent, path, name, out FileNames? renamed, out RenameProblem? problem), problem?.Message);
        return renamed;
    }

    private static string[] Paths(FileNames names, Metainfo? torrent = null) => [.. (torrent ?? Torrent).Files.Select(file => names.PathOf(file.Path))];

    [Fact]
    public void Files_and_folders_change_their_names_and_nothing_else()
    {
        FileNames names = Rename(FileNames.AsInTorrent, "show/a.mkv", "first.mkv");
        names = Rename(names, "show/extras/", "more");
        names = Rename(names, "show/more/deep/c.txt", "d.txt");
        names = Rename(names, "show", "Show (2026)");
        Assert.Equal(["Show (2026)/first.mkv", "Show (2026)/more/b.txt", "Show (2026)/more/deep/d.txt", "Show (2026)/Notes"], Paths(names));
        // Back again, one by one, leaves nothing to remember.
        names = Rename(names, "Show (2026)/first.mkv", "a.mkv");
        names = Rename(names, "Show (2026)/more/deep/d.txt", "c.txt");
        names = Rename(names, "Show (2026)/more", "extras");
        names = Rename(names, "Show (2026)", "show");
        Assert.True(names.IsEmpty);
        Assert.Equal(Torrent.Files.Select(file => file.Path), Paths(names));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("../up")]
    [InlineData("sub/name")]
    [InlineData(@"sub\name")]
    [InlineData("/etc")]
    [InlineData("nul")]
    [InlineData("COM1.txt")]
    [InlineData("what?")]
    [InlineData("a:b")]
    [InlineData("line\nfeed")]
    [InlineData("zero\0")]
    [InlineData("ends with a dot.")]
    [InlineData("ends with a space ")]
    [InlineData("gpj.\u202eexe")]
    public void A_name_that_is_not_safe_everywhere_is_refused(string name)
    {
        Assert.False(FileNames.AsInTorrent.TryRename(Torrent, "show/a.mkv", name, out _, out RenameProblem? problem));
        Assert.False(problem.IsPath);
        Assert.False(FileNames.TryCreate(Torrent, [("show/a.mkv", name)], out _));
    }

    [Fact]
    public void Half_a_character_is_no_name() =>
        Assert.False(FileNames.AsInTorrent.TryRename(Torrent, "show/a.mkv", "half " + (char)0xd800, out _, out _));

    [Fact]
    public void What_is_too_long_is_refused()
    {
        Assert.False(FileNames.AsInTorrent.TryRename(Torrent, "show/a.mkv", new string('ä', 128), out _, out RenameProblem? problem));
        Assert.Contains("255 bytes", problem.Message);
        Rename(FileNames.AsInTorrent, "show/a.mkv", new string('ä', 127));
        Metainfo deep = Of("top", string.Join('/', Enumerable.Repeat(new string('d', 240), 12)) + "/file");
        FileNames names = FileNames.AsInTorrent;
        Assert.False(names.TryRename(deep, "top", new string('t', 200), out _, out problem));
        Assert.Contains("3,000 bytes", problem.Message);
    }

    [Theory]
    [InlineData("show/a.mkv", "Notes")]
    [InlineData("show/a.mkv", "notes")] // one name on many systems
    [InlineData("show/a.mkv", "extras")] // a folder
    [InlineData("show/extras", "A.MKV")]
    [InlineData("show/extras/b.txt", "deep")]
    public void Nothing_beside_it_may_have_the_name(string path, string name)
    {
        Assert.False(FileNames.AsInTorrent.TryRename(Torrent, path, name, out _, out RenameProblem? problem));
        Assert.Contains(name, problem.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Names_that_differ_only_by_normal_form_are_the_same_and_one_may_change_its_own_case()
    {
        Metainfo torrent = Of("t", "caf\u00e9", "b");
        Assert.False(FileNames.AsInTorrent.TryRename(torrent, "t/b", "cafe\u0301", out _, out _));
        Assert.Equal(["t/CAFÉ", "t/b"], Paths(Rename(FileNames.AsInTorrent, "t/café", "CAFÉ", torrent), torrent));
    }

    [Theory]
    [InlineData("")]
    [InlineData("show/b")]
    [InlineData("show/a.mk")]
    [InlineData("a.mkv")]
    [InlineData("/show/a.mkv")]
    [InlineData("show/a.mkv/x")]
    [InlineData("show/../show/a.mkv")]
    public void A_path_that_is_not_there_is_told(string path)
    {
        Assert.False(FileNames.AsInTorrent.TryRename(Torrent, path, "x", out _, out RenameProblem? problem));
        Assert.True(problem.IsPath);
    }

    [Fact]
    public void A_name_that_was_given_up_can_be_taken()
    {
        FileNames names = Rename(FileNames.AsInTorrent, "show/a.mkv", "x");
        names = Rename(names, "show/Notes", "a.mkv");
        names = Rename(names, "show/x", "Notes");
        Assert.Equal(["show/Notes", "show/extras/b.txt", "show/extras/deep/c.txt", "show/a.mkv"], Paths(names));
        Assert.True(FileNames.TryCreate(Torrent, names.Renamed, out FileNames? again));
        Assert.Equal(Paths(names), Paths(again));
    }

    [Fact]
    public void What_was_saved_may_not_hold_two_of_one_path()
    {
        Assert.False(FileNames.TryCreate(Torrent, [("show/a.mkv", "same"), ("show/Notes", "SAME")], out _));
        Assert.False(FileNames.TryCreate(Torrent, [("show/a.mkv", "x"), ("show/a.mkv", "y")], out _));
        Assert.True(FileNames.TryCreate(Torrent, [("show/of another torrent", "x")], out FileNames? harmless));
        Assert.Equal(Torrent.Files.Select(file => file.Path), Paths(harmless));
    }

    [Fact]
    public void A_link_points_at_what_was_renamed()
    {
        string[] link = ["d4:attr1:l6:lengthi0e4:pathl3:sub2:lne12:symlink pathl5:other6:targetee", "d6:lengthi1e4:pathl5:other6:targetee"];
        Metainfo torrent = Metainfo.Parse(Encoding.UTF8.GetBytes($"d4:infod5:filesl{link[0]}{link[1]}e4:name1:t12:piece lengthi16384e6:pieces20:{new string('x', 20)}ee"));
        Assert.Equal("../other/target", FileNames.AsInTorrent.LinkTargetOf(torrent.Files[0]));
        FileNames names = Rename(FileNames.AsInTorrent, "t/other/target", "T", torrent);
        names = Rename(names, "t/other", "O", torrent);
        names = Rename(names, "t/sub", "S", torrent);
        names = Rename(names, "t", "top", torrent);
        Assert.Equal("../O/T", names.LinkTargetOf(torrent.Files[0]));
        Assert.Equal("top/S/ln", names.PathOf(torrent.Files[0].Path));
    }

    [Fact]
    public void Whatever_is_asked_the_paths_stay_safe_and_different() => Prop.ForAll(
        Gen.Choose(0, 8).SelectMany(
            path => Gen.OneOf(Gen.Elements("a.mkv", "A.mkv", "extras", "x", "..", "notes", "deep", "CON", "c/d", "é", "e\u0301"), ArbMap.Default.GeneratorFor<string>()),
            (path, name) => (path, name)).ListOf().ToArbitrary(),
        steps =>
        {
            FileNames names = FileNames.AsInTorrent;
            foreach ((int which, string? name) in steps)
            {
                string[] all = [.. Paths(names), .. Paths(names).Select(path => path[..path.LastIndexOf('/')])];
                if (names.TryRename(Torrent, all[which % all.Length], name ?? "", out FileNames? renamed, out _)) names = renamed;
            }
            string[] paths = Paths(names);
            return paths.Distinct(StringComparer.OrdinalIgnoreCase).Count() == paths.Length
                && paths.All(path => path.Split('/').All(part => SafePath.Component(part) == part))
                && paths.Zip(Torrent.Files).All(pair => pair.First.Count(c => c == '/') == pair.Second.Path.Count(c => c == '/'))
                && FileNames.TryCreate(Torrent, names.Renamed, out _);
        }).QuickCheckThrowOnFailure();
}
