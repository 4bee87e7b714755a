using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Spate.Protocol.Bencode;
using static Spate.Protocol.Tests.TorrentText;

namespace Spate.Protocol.Tests;

public class MetainfoTests
{
    [Fact]
    public void A_single_file_torrent_is_read()
    {
        string info = Info(("private", Int(1)), ("source", Str("SRC")));
        Metainfo torrent = Parse(info, ("announce", Str("http://a/announce")), ("comment", Utf8("Grüße")), ("created by", Str("x/1")),
            ("creation date", Int(1_700_000_000)), ("url-list", Str("http://w/file.bin")), ("nodes", List(List(Str("router"), Int(6881)))));

        Assert.Equal("file.bin", torrent.Name);
        Assert.Equal(MetainfoVersion.V1, torrent.Version);
        Assert.Equal(Convert.ToHexStringLower(SHA1.HashData(Latin1(info))), torrent.InfoHash.ToString());
        Assert.True(torrent.RawInfo.Span.SequenceEqual(Latin1(info)));
        Assert.Equal(40000, torrent.TotalLength);
        Assert.Equal(3, torrent.PieceCount);
        Assert.Equal([16384, 16384, 7232], Enumerable.Range(0, 3).Select(torrent.PieceSize));
        Assert.True(torrent.PieceHash(2).SequenceEqual(Latin1(new string('C', 20))));
        Assert.True(torrent.IsPrivate);
        Assert.False(torrent.IsMultiFile);
        Assert.Equal(("SRC", "Grüße", "x/1"), (torrent.Source, torrent.Comment, torrent.CreatedBy));
        Assert.Equal(1_700_000_000, torrent.CreationDate!.Value.ToUnixTimeSeconds());
        Assert.Equal([["http://a/announce"]], torrent.TrackerTiers);
        Assert.Equal(["http://w/file.bin"], torrent.WebSeeds);
        Assert.Equal([("router", 6881)], torrent.Nodes);
        MetainfoFile file = Assert.Single(torrent.Files);
        Assert.Equal(("file.bin", "file.bin", 40000L, 0L), (file.Path, file.OriginalPath, file.Length, file.Offset));
        Assert.Empty(torrent.Warnings);
        Assert.Throws<ArgumentOutOfRangeException>(() => torrent.PieceSize(3));
        Assert.Throws<ArgumentOutOfRangeException>(() => torrent.PieceSize(-1));
    }

    [Fact]
    public void A_multi_file_torrent_is_read()
    {
        Metainfo torrent = Parse(InfoOfFiles(File(5, "a.txt"), File(0, "sub", "empty"), File(7, "sub", "日本語.txt")));
        Assert.True(torrent.IsMultiFile);
        Assert.Equal(["top/a.txt", "top/sub/empty", "top/sub/日本語.txt"], torrent.Files.Select(f => f.Path));
        Assert.Equal([0L, 5, 5], torrent.Files.Select(f => f.Offset));
        Assert.Equal(12, torrent.TotalLength);
        Assert.Equal(12, torrent.PieceSize(0));
    }

    [Fact]
    public void The_info_hash_is_of_the_bytes_read_with_unknown_keys_in_them()
    {
        string info = Info(("zz", Dict(("deep", List(Int(1), Str("x"))))), ("aa", Str("\u00ff\u0000")));
        Assert.Equal(Sha1Hash.Of(Latin1(info)), Parse(info).InfoHash.V1);
    }

    [Theory]
    [InlineData("piece length", null, "info.piece length: missing")]
    [InlineData("piece length", "i0e", "info.piece length: 0 is not positive")]
    [InlineData("piece length", "i-16384e", "info.piece length: -16384 is not positive")]
    [InlineData("piece length", "i536870913e", "info.piece length: 536,870,913 bytes are more than 536,870,912")]
    [InlineData("piece length", "i99999999999999999999e", "info.piece length: must be an integer")]
    [InlineData("piece length", "2:no", "info.piece length: must be an integer")]
    [InlineData("pieces", null, "info.pieces: missing")]
    [InlineData("pieces", "i1e", "info.pieces: must be a string")]
    [InlineData("pieces", "3:abc", "info.pieces: 3 bytes are no multiple of 20")]
    [InlineData("pieces", "0:", "info.pieces: 0 hashes, but 40,000 bytes in pieces of 16,384 need 3")]
    [InlineData("pieces", "20:aaaaaaaaaaaaaaaaaaaa", "info.pieces: 1 hashes, but 40,000 bytes in pieces of 16,384 need 3")]
    [InlineData("length", null, "info.length: missing, and there is no list of files either")]
    [InlineData("length", "i-1e", "info.length: -1 is negative")]
    [InlineData("length", "i0e", "info: the torrent has no content")]
    [InlineData("length", "i9223372036854775807e", "info.pieces: 3 hashes, but")]
    [InlineData("length", "de", "info.length: must be an integer")]
    [InlineData("name", null, "info.name: missing")]
    [InlineData("name", "i1e", "info.name: must be a string")]
    [InlineData("private", "1:1", "info.private: must be an integer")]
    [InlineData("files", "le", "info.length: stands beside a list of files")]
    [InlineData("meta version", "1:2", "info.meta version: must be an integer")]
    public void A_bad_field_is_named(string field, string? value, string message)
    {
        MetainfoError error = ErrorOf(Torrent(Info((field, value))));
        Assert.StartsWith(message, error.ToString());
        if (value is not null && error.Field == "info." + field) Assert.NotNull(error.Offset);
    }

    [Theory]
    [InlineData("le", "info.files: an empty list")]
    [InlineData("i1e", "info.files: must be a list")]
    [InlineData("li1ee", "info.files[0]: must be a dictionary")]
    [InlineData("ld4:pathl1:aeee", "info.files[0].length: missing")]
    [InlineData("ld6:lengthi1eee", "info.files[0].path: missing")]
    [InlineData("ld6:lengthi1e4:path1:aee", "info.files[0].path: must be a list of names")]
    [InlineData("ld6:lengthi1e4:pathleee", "info.files[0].path: an empty list")]
    [InlineData("ld6:lengthi1e4:pathli1eeee", "info.files[0].path: must be a list of strings")]
    [InlineData("ld6:lengthi1e4:pathl1:aeed6:lengthi-1e4:pathl1:beee", "info.files[1].length: -1 is negative")]
    [InlineData("ld6:lengthi9223372036854775807e4:pathl1:aeed6:lengthi9223372036854775807e4:pathl1:beee", "info.files[0].length: the files are longer than")]
    [InlineData("ld6:lengthi1125899906842624e4:pathl1:aeed6:lengthi1e4:pathl1:beee", "info.files[1].length: the files are longer than")]
    [InlineData("ld4:attr1:l6:lengthi1e4:pathl1:ae12:symlink pathl1:beee", "info.files[0].length: a symbolic link has no bytes of its own")]
    [InlineData("ld4:attr1:l6:lengthi0e4:pathl1:ae12:symlink path1:bee", "info.files[0].symlink path: must be a list of names")]
    public void A_bad_file_is_named(string files, string message) =>
        Assert.StartsWith(message, ErrorOf(Torrent(Info(("length", null), ("files", files)))).ToString());

    [Fact]
    public void The_offset_is_of_the_bad_value()
    {
        byte[] torrent = Torrent(Info(("piece length", Str("no"))), ("announce", Str("http://a")));
        MetainfoError error = ErrorOf(torrent);
        Assert.Equal("2:no", Encoding.ASCII.GetString(torrent, error.Offset!.Value, 4));

        torrent = Torrent(InfoOfFiles(File(1, "a"), Dict(("length", Int(1)), ("path", List(Str("x"), Int(77))))), ("comment", Str("c")));
        error = ErrorOf(torrent);
        Assert.Equal("info.files[1].path", error.Field);
        Assert.Equal("i77e", Encoding.ASCII.GetString(torrent, error.Offset!.Value, 4));
    }

    [Theory]
    [InlineData("", "not a valid .torrent file: it ends in the middle of a value (byte 0)")]
    [InlineData("<html>404</html>", "not a valid .torrent file: a byte that starts no value (byte 0)")]
    [InlineData("i1e", "not a .torrent file: it is no dictionary (byte 0)")]
    [InlineData("de", "info: missing")]
    [InlineData("d4:infoi1ee", "info: must be a dictionary (byte 7)")]
    [InlineData("d4:infode1:ai1ee", "not a valid .torrent file: dictionary keys out of order (byte 9)")]
    public void What_is_no_torrent_is_said_to_be_none(string text, string message) =>
        Assert.Equal(message, ErrorOf(Latin1(text)).ToString());

    [Fact]
    public void Limits_of_size_depth_and_number_hold()
    {
        MetainfoError error = ErrorOf(new byte[10_000_001]);
        Assert.Equal((MetainfoErrorKind.TooLarge, "not a valid .torrent file: longer than 10,000,000 bytes"), (error.Kind, error.ToString()));

        error = ErrorOf(Latin1("d1:a" + new string('l', 5000) + new string('e', 5000) + "e"));
        Assert.Equal(MetainfoErrorKind.TooLarge, error.Kind);

        error = ErrorOf(Latin1("d1:al" + string.Concat(Enumerable.Repeat("0:", 3_000_001)) + "ee"));
        Assert.Equal(MetainfoErrorKind.TooLarge, error.Kind);

        string[] deep = [.. Enumerable.Repeat("d", 101)];
        error = ErrorOf(Torrent(InfoOfFiles(File(1, deep))));
        Assert.Equal("info.files[0].path: more than 100 folders deep", $"{error.Field}: {error.Message}");
        Assert.Single(Parse(InfoOfFiles(File(1, deep[..100]))).Files);

        string[] wide = [.. Enumerable.Repeat(new string('x', 200), 20)];
        Assert.StartsWith("info.files[0].path: longer than 3,000 bytes", ErrorOf(Torrent(InfoOfFiles(File(1, wide)))).ToString());
    }

    [Fact]
    public void Trackers_come_in_tiers()
    {
        string tiers = List(List(Str("http://a/1"), Str(" http://a/2 "), Str("http://a/1")), List(), List(Str("udp://b:80")), Str("http://c/x"));
        Metainfo torrent = Parse(Info(), ("announce", Str("http://old/")), ("announce-list", tiers));
        Assert.Equal([["http://a/1", "http://a/2"], ["udp://b:80"], ["http://c/x"]], torrent.TrackerTiers);

        Assert.Equal([["http://old/"]], Parse(Info(), ("announce", Str("http://old/")), ("announce-list", List(List()))).TrackerTiers);
        Assert.Empty(Parse(Info()).TrackerTiers);
    }

    [Fact]
    public void Odd_optional_fields_are_left_out_with_a_warning()
    {
        Metainfo torrent = Parse(Info(), ("announce", Int(1)), ("announce-list", Str("x")), ("comment", Int(1)), ("created by", List()),
            ("creation date", Str("today")), ("url-list", List(Int(1), Str("http://ok/"), Str("not a url"))),
            ("nodes", List(Str("x"), List(Str("h"), Int(70000)), List(Str("h"), Int(1)))));
        Assert.Empty(torrent.TrackerTiers);
        Assert.Null(torrent.Comment);
        Assert.Null(torrent.CreationDate);
        Assert.Equal(["http://ok/"], torrent.WebSeeds);
        Assert.Equal([("h", 1)], torrent.Nodes);
        Assert.Equal(7, torrent.Warnings.Count);
    }

    [Fact]
    public void A_flood_of_trackers_is_cut()
    {
        string tiers = List(Enumerable.Range(0, 5000).Select(i => List(Str($"http://host{i}/"))));
        Metainfo torrent = Parse(Info(), ("announce-list", tiers));
        Assert.Equal(500, torrent.TrackerTiers.Count);
        Assert.Single(torrent.Warnings);
    }

    [Fact]
    public void Attributes_are_read()
    {
        Metainfo torrent = Parse(InfoOfFiles(
            Dict(("attr", Str("x")), ("length", Int(3)), ("path", PathOf("run"))),
            Dict(("attr", Str("p")), ("length", Int(13))),
            Dict(("attr", Str("h?")), ("length", Int(2)), ("path", PathOf(".dot"))),
            Dict(("attr", Str("p")), ("length", Int(13)), ("path", PathOf("..", "..", "x")))));
        Assert.Equal([true, false, false, false], torrent.Files.Select(f => f.IsExecutable));
        Assert.Equal([false, true, false, true], torrent.Files.Select(f => f.IsPadding));
        Assert.Equal([false, false, true, false], torrent.Files.Select(f => f.IsHidden));
        Assert.Equal("top/.pad/13", torrent.Files[3].Path);
        Assert.Equal([0L, 3, 16, 18], torrent.Files.Select(f => f.Offset));
    }

    private static string Link(string[] path, params string[] target) =>
        Dict(("attr", Str("l")), ("length", Int(0)), ("path", PathOf(path)), ("symlink path", PathOf(target)));

    [Fact]
    public void Links_point_at_files_and_folders_of_the_torrent_only()
    {
        Metainfo torrent = Parse(InfoOfFiles(
            File(1, "dir", "sub", "file"),
            Link(["a"], "dir", "sub", "file"),
            Link(["dir", "b"], "dir", "sub", "file"),
            Link(["other", "deep", "c"], "dir", "sub"),
            Link(["d"], "..", "..", "etc", "passwd"),
            Link(["e"], "nowhere"),
            Link(["f"], "f"),
            Link(["g"], "/etc/passwd"),
            File(1, "a", "inside")));
        Assert.Equal(
            [null, "dir/sub/file", "sub/file", "../../dir/sub", null, null, null, null, null],
            torrent.Files.Select(f => f.LinkTarget));
        Assert.Equal("top/a (1)/inside", torrent.Files[8].Path); // never through the link
    }

    [Fact]
    public void A_hybrid_is_used_as_v1_and_has_both_hashes()
    {
        string info = Info(("meta version", Int(2)), ("file tree", Dict(("file.bin", Dict(("", Dict(("length", Int(40000)))))))));
        Metainfo torrent = Parse(info);
        Assert.Equal(MetainfoVersion.Hybrid, torrent.Version);
        Assert.Equal(InfoHash.Hybrid(Sha1Hash.Of(Latin1(info)), Sha256Hash.Of(Latin1(info))), torrent.InfoHash);
        Assert.True(Metainfo.TryReadInfoHash(Torrent(info), out InfoHash hash));
        Assert.Equal(torrent.InfoHash, hash);
    }

    [Fact]
    public void A_v2_only_torrent_is_named_as_such()
    {
        string info = Dict(("meta version", Int(2)), ("name", Str("x")), ("piece length", Int(16384)), ("file tree", Dict()));
        MetainfoError error = ErrorOf(Torrent(info));
        Assert.Equal((MetainfoErrorKind.Unsupported, "it is for BitTorrent v2 alone (BEP 52), which is not supported yet; one that is for v1, or for both, is needed"), (error.Kind, error.ToString()));
        Assert.True(Metainfo.TryReadInfoHash(Torrent(info), out InfoHash hash));
        Assert.Equal(InfoHash.FromV2(Sha256Hash.Of(Latin1(info))), hash);

        error = ErrorOf(Torrent(Dict(("meta version", Int(3)))));
        Assert.Equal(MetainfoErrorKind.Unsupported, error.Kind);
        Assert.Contains("version 3", error.Message);
    }

    [Fact]
    public void An_info_dictionary_alone_is_read()
    {
        Assert.True(Metainfo.TryParseInfo(Latin1(Info()), [["udp://t:1"]], ["http://w/"], out Metainfo? torrent, out _));
        Assert.Equal(Sha1Hash.Of(Latin1(Info())), torrent.InfoHash.V1);
        Assert.Equal([["udp://t:1"]], torrent.TrackerTiers);
        Assert.Equal(["http://w/"], torrent.WebSeeds);
        Assert.True(torrent.PieceHash(0).SequenceEqual(Latin1(new string('A', 20))));

        Assert.False(Metainfo.TryParseInfo(Latin1(Info(("name", null))), [], [], out _, out MetainfoError? error));
        Assert.Equal("info.name", error.Field);
        Assert.False(Metainfo.TryParseInfo(Latin1("d1:a"), [], [], out _, out error));
        Assert.Equal(MetainfoErrorKind.Malformed, error.Kind);
    }

    [Fact]
    public void Parse_throws_what_TryParse_says()
    {
        var e = Assert.Throws<MetainfoException>(() => Metainfo.Parse(Latin1("de")));
        Assert.Equal("info: missing", e.Message);
        Assert.Equal("info", e.Error.Field);
    }

    [Fact]
    public void Many_files_of_one_name_are_told_apart_in_linear_time()
    {
        // Both a plain clash and names that differ only beyond where they are cut.
        string longName = new('n', 260);
        IEnumerable<string> files = Enumerable.Range(0, 10_000).SelectMany(i => new[] { File(1, "a"), File(0, longName + i), File(0, longName + i) });
        Metainfo torrent = Parse(Info(("length", null), ("files", List(files)), ("piece length", Int(10_000)), ("pieces", Hashes(1))));
        Assert.Equal(30_000, torrent.Files.Select(f => f.Path).Distinct(StringComparer.OrdinalIgnoreCase).Count());
    }

    [Fact]
    public void Damaged_torrents_give_a_torrent_or_an_error_and_never_an_exception()
    {
        byte[][] seeds =
        [
            Torrent(Info(("private", Int(1))), ("announce-list", List(List(Str("http://a/"))))),
            Torrent(InfoOfFiles(File(5, "a", "b"), Link(["l"], "a", "b"), Dict(("attr", Str("p")), ("length", Int(9))))),
            Torrent(Info(("meta version", Int(2)))),
        ];
        Prop.ForAll(Gen.Elements(seeds).ToArbitrary(), Damage.Arbitrary(), (seed, damage) => Holds(damage.Apply(seed)))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), Holds).QuickCheckThrowOnFailure();
    }

    /// <summary>Random trees with the right keys: reaches deeper than damage does.</summary>
    [Fact]
    public void Torrents_of_random_values_never_throw()
    {
        string[] keys = ["attr", "files", "length", "meta version", "name", "name.utf-8", "path", "piece length", "pieces", "private", "source"];
        Gen<string> value = Gen.Elements("i0e", "i1e", "i-1e", "i9223372036854775807e", "le", "de", "0:", "1:a", "2:..", "l2:..1:/e",
            "20:aaaaaaaaaaaaaaaaaaaa", "ld6:lengthi1e4:pathl1:aeee", "ld6:lengthi1e4:pathl2:..0:1:ae4:attr1:leee", "i16384e", "i2e");
        Gen<string> info = Gen.Zip(Gen.Elements(keys), value).ListOf().Select(entries => Info([.. entries.Select(e => (e.Item1, (string?)e.Item2))]));
        Prop.ForAll(info.ToArbitrary(), text => Holds(Torrent(text))).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
    }

    private static bool Holds(byte[] torrent)
    {
        if (!Metainfo.TryParse(torrent, out Metainfo? metainfo, out MetainfoError? error)) return error is not null && error.ToString().Length > 0;
        PathsAreSafe(metainfo);
        return metainfo.PieceCount >= 1
            && metainfo.Files.Sum(f => f.Length) == metainfo.TotalLength
            && Enumerable.Range(0, metainfo.PieceCount).Sum(i => (long)metainfo.PieceSize(i)) == metainfo.TotalLength
            && metainfo.InfoHash.V1 == Sha1Hash.Of(metainfo.RawInfo.Span);
    }

    internal static void PathsAreSafe(Metainfo torrent)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (MetainfoFile file in torrent.Files.Where(f => !f.IsPadding))
        {
            Assert.True(seen.Add(file.Path), $"twice: {file.Path}");
            Assert.All(file.Path.Split('/'), component =>
            {
                Assert.False(component is "" or "." or "..", file.Path);
                Assert.InRange(Encoding.UTF8.GetByteCount(component), 1, 255);
                Assert.DoesNotContain(component, c => c < ' ' || c == '\\' || c is >= '\u007f' and < '\u00a0');
            });
            string resolved = Path.GetFullPath(Path.Combine("/root/folder", file.Path));
            Assert.StartsWith("/root/folder/", resolved);
            if (file.LinkTarget is { } target)
                Assert.StartsWith("/root/folder/" + torrent.Name, Path.GetFullPath(Path.Combine(Path.GetDirectoryName(resolved)!, target)));
        }
        foreach (MetainfoFile file in torrent.Files.Where(f => !f.IsPadding))
        {
            // No file is a folder on the way to another.
            for (int slash = file.Path.IndexOf('/'); slash >= 0; slash = file.Path.IndexOf('/', slash + 1))
                Assert.DoesNotContain(file.Path[..slash], seen);
        }
    }
}
