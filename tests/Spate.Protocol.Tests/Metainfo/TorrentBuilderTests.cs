using System.Text;
using static Spate.Protocol.Tests.TorrentText;

namespace Spate.Protocol.Tests;

public class TorrentBuilderTests
{
    private static readonly byte[] Hashes3 = [.. Enumerable.Range(0, 60).Select(i => (byte)i)];

    [Fact]
    public void A_single_file_is_written_in_canonical_order()
    {
        var builder = new TorrentBuilder { Name = "é.bin", PieceLength = 16384, Files = [new NewFile([], 40000)] };
        byte[] torrent = builder.Build(Hashes3);
        Assert.StartsWith("d4:infod6:lengthi40000e4:name6:Ã©.bin12:piece lengthi16384e6:pieces60:", Encoding.Latin1.GetString(torrent));
        Metainfo metainfo = Metainfo.Parse(torrent);
        Assert.Equal(("é.bin", 40000L, false), (metainfo.Name, metainfo.TotalLength, metainfo.IsMultiFile));
        Assert.True(metainfo.PieceHash(1).SequenceEqual(Hashes3.AsSpan(20, 20)));
    }

    [Fact]
    public void Everything_written_is_read_back()
    {
        var builder = new TorrentBuilder
        {
            Name = "dir", PieceLength = 16384, IsPrivate = true, Source = "SRC",
            Files = [new NewFile(["a"], 1) { IsExecutable = true }, new NewFile(["s", "b"], 40000), new NewFile(["l"], 0) { LinkTarget = ["s", "b"] }],
            Outer = new TorrentOuter
            {
                TrackerTiers = [["http://a/", "http://b/"], ["udp://c:1"]], WebSeeds = ["http://w/"], Comment = "cömment", CreatedBy = "me",
                CreationDate = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000), Nodes = [("n", 1)],
            },
        };
        Metainfo torrent = Metainfo.Parse(builder.Build(Hashes3));
        Assert.Empty(torrent.Warnings);
        Assert.Equal(["dir/a", "dir/s/b", "dir/l"], torrent.Files.Select(f => f.Path));
        Assert.Equal([true, false, false], torrent.Files.Select(f => f.IsExecutable));
        Assert.Equal("s/b", torrent.Files[2].LinkTarget);
        Assert.Equal((true, "SRC"), (torrent.IsPrivate, torrent.Source));
        Assert.Equal([["http://a/", "http://b/"], ["udp://c:1"]], torrent.TrackerTiers);
        Assert.Equal(["http://w/"], torrent.WebSeeds);
        Assert.Equal(("cömment", "me", 1_700_000_000L), (torrent.Comment, torrent.CreatedBy, torrent.CreationDate!.Value.ToUnixTimeSeconds()));
        Assert.Equal([("n", 1)], torrent.Nodes);
    }

    [Fact]
    public void Outer_fields_and_an_info_dictionary_make_a_torrent()
    {
        byte[] torrent = new TorrentOuter { TrackerTiers = [["udp://t:1"]] }.ToTorrent(Latin1(Info()));
        Metainfo metainfo = Metainfo.Parse(torrent);
        Assert.Equal(Sha1Hash.Of(Latin1(Info())), metainfo.InfoHash.V1);
        Assert.Equal([["udp://t:1"]], metainfo.TrackerTiers);
    }

    [Fact]
    public void The_number_of_hashes_must_fit()
    {
        var builder = new TorrentBuilder { Name = "x", PieceLength = 16384, Files = [new NewFile([], 40000)] };
        Assert.Throws<ArgumentException>(() => builder.Build(Hashes3.AsSpan(0, 40)));
    }

    [Theory]
    [InlineData(0, 16 << 10)]
    [InlineData(1, 16 << 10)]
    [InlineData(32L << 20, 16 << 10)]
    [InlineData((32L << 20) + 1, 32 << 10)]
    [InlineData(1L << 30, 512 << 10)]
    [InlineData(2L << 30, 1 << 20)]
    [InlineData(1L << 40, 16 << 20)]
    [InlineData(1L << 46, 32 << 20)]
    public void The_piece_length_grows_with_the_content(long total, int expected)
    {
        int length = TorrentBuilder.PieceLengthFor(total);
        Assert.Equal(expected, length);
        if (total > 0) Assert.Null(TorrentBuilder.CheckPieceLength(length, total));
    }

    [Theory]
    [InlineData(8192, 1, "below")]
    [InlineData(1L << 30, 1, "above")]
    [InlineData(20000, 1, "no power of two")]
    [InlineData(16384, 1L << 40, "too short")]
    public void Unusable_piece_lengths_are_named(long pieceLength, long total, string why) =>
        Assert.Contains(why, TorrentBuilder.CheckPieceLength(pieceLength, total));

    [Fact]
    public void An_edit_keeps_what_it_does_not_name()
    {
        byte[] before = Torrent(Info(("x unknown", Int(7)), ("private", Int(1))), ("announce", Str("http://a/")), ("z unknown", List(Str("kept"))), ("comment", Str("old")));
        byte[] after = new TorrentEdit { Outer = TorrentOuter.Of(Metainfo.Parse(before)) with { Comment = "new" } }.Apply(before);
        Metainfo torrent = Metainfo.Parse(after);
        Assert.Equal(Metainfo.Parse(before).InfoHash, torrent.InfoHash);
        Assert.Equal("new", torrent.Comment);
        Assert.Equal([["http://a/"]], torrent.TrackerTiers);
        Assert.Contains("9:z unknownl4:kepte", Encoding.Latin1.GetString(after));
        Assert.Equal(before, new TorrentEdit().Apply(before));
    }

    [Fact]
    public void An_edit_of_the_info_dictionary_changes_the_hash_and_nothing_else_in_it()
    {
        byte[] before = Torrent(Info(("x unknown", Int(7)), ("private", Int(1))), ("z unknown", Str("kept")));
        byte[] after = new TorrentEdit { IsPrivate = false, Source = "S", Name = "näme" }.Apply(before);
        Metainfo torrent = Metainfo.Parse(after);
        Assert.Equal((false, "S", "näme"), (torrent.IsPrivate, torrent.Source, torrent.Name));
        Assert.NotEqual(Metainfo.Parse(before).InfoHash, torrent.InfoHash);
        Assert.Contains("9:x unknowni7e", Encoding.Latin1.GetString(after));
        Assert.Contains("9:z unknown4:kept", Encoding.Latin1.GetString(after));
        Assert.DoesNotContain("7:private", Encoding.Latin1.GetString(after));

        Metainfo removed = Metainfo.Parse(new TorrentEdit { Source = "" }.Apply(after));
        Assert.Null(removed.Source);
    }
}
