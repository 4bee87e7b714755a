using System.Text;
using FsCheck;
using FsCheck.Fluent;
using static Spate.Protocol.Tests.TorrentText;

namespace Spate.Protocol.Tests;

public class SafePathTests
{
    [Theory]
    [InlineData("plain.txt", "plain.txt")]
    [InlineData("日本語 файл.txt", "日本語 файл.txt")]
    [InlineData(".hidden", ".hidden")]
    [InlineData("a..b", "a..b")]
    [InlineData("", "_")]
    [InlineData(".", "_")]
    [InlineData("..", "__")]
    [InlineData("...", "___")]
    [InlineData("../../etc/passwd", ".._.._etc_passwd")]
    [InlineData("/etc/passwd", "_etc_passwd")]
    [InlineData(@"..\..\windows\win.ini", ".._.._windows_win.ini")]
    [InlineData("C:\\x", "C__x")]
    [InlineData("file.txt:stream", "file.txt_stream")]
    [InlineData("a\0b\n\r\t\u001b[31m", "a_b____[31m")]
    [InlineData("a\u007f\u0085b", "a__b")]
    [InlineData("what?*<>|\"", "what______")]
    [InlineData("end.", "end_")]
    [InlineData("end . .", "end____")]
    [InlineData(" lead", " lead")]
    [InlineData("CON", "CON_")]
    [InlineData("con.txt", "con_.txt")]
    [InlineData("Aux.tar.gz", "Aux_.tar.gz")]
    [InlineData("nul .txt", "nul_ .txt")]
    [InlineData("COM1", "COM1_")]
    [InlineData("lpt9.x", "lpt9_.x")]
    [InlineData("COM²", "COM²_")]
    [InlineData("CONSOLE", "CONSOLE")]
    [InlineData("COM10", "COM10")]
    [InlineData("photo\u202Egpj.exe", "photo_gpj.exe")]
    public void Portable_names(string given, string expected) =>
        Assert.Equal(expected, SafePath.Component(Encoding.UTF8.GetBytes(given)));

    [Theory]
    [InlineData("a: b?.txt", "a: b?.txt")]
    [InlineData("CON", "CON")]
    [InlineData("end.", "end.")]
    [InlineData("..", "__")]
    [InlineData(".", "_")]
    [InlineData("", "_")]
    [InlineData("a/b\\c\0", "a_b_c_")]
    public void Posix_names(string given, string expected) =>
        Assert.Equal(expected, SafePath.Component(Encoding.UTF8.GetBytes(given), FileNameRules.Posix));

    [Fact]
    public void Invalid_utf8_is_replaced()
    {
        Assert.Equal("a__b", SafePath.Component([(byte)'a', 0xff, 0xfe, (byte)'b']));
        Assert.Equal("_", SafePath.Component([0xc0]));
        // Overlong forms of "." and "/" are no way around.
        Assert.DoesNotContain('.', SafePath.Component([0xc0, 0xae, 0xc0, 0xae]));
        Assert.DoesNotContain('/', SafePath.Component([0xc0, 0xaf]));
        Assert.Equal("x_", SafePath.Component("x\ud800"));
        Assert.Equal("a\ufffdb", SafePath.Component("a\ufffdb"u8)); // U+FFFD itself is a valid name
    }

    [Theory]
    [InlineData(300, ".mkv", 251, ".mkv")]
    [InlineData(300, "", 255, "")]
    [InlineData(300, ".not really an extension but the rest of a sentence", 255, "")]
    public void Long_names_are_cut_before_their_extension(int length, string extension, int kept, string keptExtension) =>
        Assert.Equal(new string('x', kept) + keptExtension, SafePath.Component(new string('x', length) + extension));

    [Fact]
    public void A_cut_name_is_still_safe()
    {
        foreach (FileNameRules rules in Enum.GetValues<FileNameRules>())
        {
            foreach (string nasty in new[] { new string('.', 300), new string(' ', 300), "CON" + new string(' ', 300) + "x", "é" + string.Concat(Enumerable.Repeat("𝄞", 100)) + ".", ".." + new string('/', 300) })
            {
                string safe = SafePath.Component(nasty, rules);
                Assert.True(IsSafe(safe, rules), safe);
            }
        }
    }

    [Fact]
    public void Whatever_the_bytes_the_name_is_safe_and_stays_as_it_is_the_second_time()
    {
        Gen<byte[]> nasty = Gen.Elements("..", "/", "\\", ".", " ", "CON", ":", "\0", "\u202e", "é", "𝄞", "x", ".txt", new string('a', 100), new string('ü', 60), "\u007f")
            .ListOf().Select(parts => Encoding.UTF8.GetBytes(string.Concat(parts)));
        Gen<byte[]> any = Gen.OneOf(nasty, ArbMap.Default.GeneratorFor<byte[]>());
        foreach (FileNameRules rules in Enum.GetValues<FileNameRules>())
        {
            Prop.ForAll(any.ToArbitrary(), bytes =>
            {
                string safe = SafePath.Component(bytes, rules);
                return IsSafe(safe, rules) && SafePath.Component(safe, rules) == safe && SafePath.Component(bytes, rules) == safe;
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
        }
    }

    private static bool IsSafe(string name, FileNameRules rules)
    {
        if (name is "" or "." or "..") return false;
        if (Encoding.UTF8.GetByteCount(name) > 255) return false;
        if (name.Any(c => c < ' ' || c is '/' or '\\' or '\u007f')) return false;
        if (rules == FileNameRules.Posix) return true;
        if (name[^1] is ' ' or '.' || name.IndexOfAny([':', '*', '?', '<', '>', '|', '"']) >= 0) return false;
        string stem = name.Split('.')[0].TrimEnd(' ').ToUpperInvariant();
        return stem is not ("CON" or "PRN" or "AUX" or "NUL") && !(stem.Length == 4 && (stem.StartsWith("COM") || stem.StartsWith("LPT")) && char.IsAsciiDigit(stem[3]));
    }

    private static string[] PathsOf(FileNameRules rules, params string[][] paths)
    {
        byte[] torrent = Torrent(InfoOfFiles([.. paths.Select((p, i) => File(i == 0 ? 1 : 0, p))]));
        Assert.True(Metainfo.TryParse(torrent, new MetainfoOptions { FileNames = rules }, out Metainfo? metainfo, out _));
        return [.. metainfo.Files.Select(f => f.Path["top/".Length..])];
    }

    [Fact]
    public void Clashing_names_are_told_apart()
    {
        Assert.Equal(
            ["a.txt", "a (1).txt", "A (2).txt", "a (1) (1).txt"],
            PathsOf(FileNameRules.Portable, ["a.txt"], ["a.txt"], ["A.txt"], ["a (1).txt"]));
        Assert.Equal(["a.txt", "A.txt", "a (1).txt"], PathsOf(FileNameRules.Posix, ["a.txt"], ["A.txt"], ["a.txt"]));
        Assert.Equal(["x_y", "x_y (1)"], PathsOf(FileNameRules.Portable, ["x:y"], ["x?y"]));
    }

    [Fact]
    public void Spellings_of_one_accented_name_clash()
    {
        Assert.Equal(["café", "cafe\u0301 (1)", "CAFÉ (2)"], PathsOf(FileNameRules.Portable, ["café"], ["cafe\u0301"], ["CAFÉ"]));
        Assert.Equal(["한", "\u1112\u1161\u11ab (1)"], PathsOf(FileNameRules.Portable, ["한"], ["\u1112\u1161\u11ab"]));
        Assert.Equal(["\u1e69", "s\u0307\u0323 (1)"], PathsOf(FileNameRules.Portable, ["\u1e69"], ["s\u0307\u0323"]));
        Assert.Equal(["café", "cafe\u0301"], PathsOf(FileNameRules.Posix, ["café"], ["cafe\u0301"]));
    }

    [Fact]
    public void Folders_of_one_name_are_one_and_a_file_of_that_name_is_another()
    {
        Assert.Equal(["Dir/a", "Dir/b", "Dir/A (1)"], PathsOf(FileNameRules.Portable, ["Dir", "a"], ["dir", "b"], ["DIR", "A"]));
        Assert.Equal(["x", "x (1)/f", "x (1)/g"], PathsOf(FileNameRules.Portable, ["x"], ["x", "f"], ["X", "g"]));
        Assert.Equal(["x/f", "x (1)", "x/g"], PathsOf(FileNameRules.Portable, ["x", "f"], ["x"], ["x", "g"]));
        Assert.Equal(["x", "x (1)", "x (2)/f"], PathsOf(FileNameRules.Portable, ["x"], ["x (1)"], ["x", "f"]));
    }

    [Fact]
    public void Empty_components_are_passed_over()
    {
        Assert.Equal(["etc/passwd", "_"], PathsOf(FileNameRules.Portable, ["", "etc", "", "passwd"], ["", ""]));
    }

    [Fact]
    public void The_name_of_the_torrent_is_a_component_too()
    {
        Assert.Equal(".._.._tmp_x", Parse(Info(("name", Str("../../tmp/x")))).Name);
        Assert.Equal("__", Parse(Info(("name", Str("..")))).Files[0].Path);
        Assert.Equal("../../tmp/x", Parse(Info(("name", Str("../../tmp/x")))).OriginalName);
        Metainfo unnamed = Parse(Info(("name", Str(""))));
        Assert.Equal(unnamed.InfoHash.ToString(), unnamed.Name);
        Assert.Equal("ü", Parse(Info(("name", Str("\u00fc")), ("name.utf-8", Utf8("ü")))).Name);
    }

    [Fact]
    public void Random_paths_in_a_torrent_are_safe_and_distinct()
    {
        Gen<string> component = Gen.Elements("a", "A", "b", "..", ".", "", "é", "e\u0301", "/", "CON", "a (1)", "x.txt", "x.TXT", "top", new string('l', 300));
        Gen<string[]> path = component.NonEmptyListOf().Select(c => c.Take(4).ToArray());
        Prop.ForAll(path.NonEmptyListOf().ToArbitrary(), paths =>
        {
            byte[] torrent = Torrent(InfoOfFiles([.. paths.Select((p, i) => File(i == 0 ? 1 : 0, p))]));
            Metainfo metainfo = Metainfo.Parse(torrent);
            MetainfoTests.PathsAreSafe(metainfo);
            Assert.Equal(metainfo.Files.Select(f => f.Path), Metainfo.Parse(torrent).Files.Select(f => f.Path));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
    }
}
