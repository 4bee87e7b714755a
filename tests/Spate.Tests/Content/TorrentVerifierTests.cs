using Spate.Create;
using Spate.Protocol;
using Spate.Verify;

namespace Spate.Tests;

public sealed class TorrentVerifierTests : IDisposable
{
    private readonly TempFolder folder = new();
    private readonly Metainfo torrent;

    // Pieces of 16 KiB: a 0-1 (1 shared with b), b 1-3 (3 shared with c, d), c 3, d 3-6.
    public TorrentVerifierTests()
    {
        folder.Write("top/a", 20_000, 1);
        folder.Write("top/b", 30_000, 2);
        folder.Write("top/c", 1_000, 3);
        folder.Write("top/d", 60_000, 4);
        folder.Write("top/e", 0);
        torrent = TorrentCreator.Create(folder["top"], new CreateOptions { PieceLength = 16384 }).Metainfo;
    }

    public void Dispose() => folder.Dispose();

    private VerifyResult Verify(string? where = null, int threads = 2) => TorrentVerifier.Verify(torrent, where ?? folder.Path, threads);

    private string States(VerifyResult result) => string.Join(' ', result.Files.Select(f => $"{f.File.Path[4..]}:{f.State}"));

    private void Flip(string name, long at)
    {
        using FileStream file = File.Open(folder[name], FileMode.Open);
        file.Position = at;
        int b = file.ReadByte();
        file.Position = at;
        file.WriteByte((byte)~b);
    }

    [Fact]
    public void Intact_content_is_complete()
    {
        VerifyResult result = Verify();
        Assert.True(result.IsComplete);
        Assert.Equal(7, result.GoodPieces);
        Assert.Equal("a:Complete b:Complete c:Complete d:Complete e:Complete", States(result));
    }

    [Fact]
    public void The_torrents_own_folder_or_file_may_be_named()
    {
        Assert.True(Verify(folder["top"]).IsComplete);
        Directory.Move(folder["top"], folder["renamed"]);
        Assert.True(Verify(folder["renamed"]).IsComplete);
        Assert.False(Verify().IsComplete);

        Metainfo single = TorrentCreator.Create(folder["renamed/a"], new CreateOptions()).Metainfo;
        Assert.True(TorrentVerifier.Verify(single, folder["renamed/a"]).IsComplete);
        Assert.True(TorrentVerifier.Verify(single, folder["renamed"]).IsComplete);
        File.Move(folder["renamed/a"], folder["other name"]);
        Assert.True(TorrentVerifier.Verify(single, folder["other name"]).IsComplete);
    }

    [Fact]
    public void A_flipped_byte_is_found()
    {
        Flip("top/d", 40_000);
        VerifyResult result = Verify();
        Assert.False(result.IsComplete);
        Assert.Equal([5], result.BadPieces);
        Assert.Equal("a:Complete b:Complete c:Complete d:Damaged e:Complete", States(result));
        Assert.Equal([5], result.Files[3].BadPieces);
    }

    [Fact]
    public void A_bad_piece_is_held_against_all_files_it_spans()
    {
        Flip("top/c", 500);
        Assert.Equal("a:Complete b:Damaged c:Damaged d:Damaged e:Complete", States(Verify()));
    }

    [Fact]
    public void A_missing_file_is_named_and_its_neighbours_are_not_blamed()
    {
        File.Delete(folder["top/b"]);
        VerifyResult result = Verify();
        Assert.Equal([1, 2, 3], result.BadPieces);
        Assert.Equal("a:Unknown b:Missing c:Unknown d:Unknown e:Complete", States(result));

        File.Delete(folder["top/e"]);
        Directory.CreateDirectory(folder["top/b"]);
        result = Verify();
        Assert.Equal(FileState.Missing, result.Files[4].State);
        Assert.Contains("folder", result.Files[1].Reason);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_short_file_is_good_as_far_as_it_goes(int threads)
    {
        using (FileStream file = File.Open(folder["top/d"], FileMode.Open)) file.SetLength(40_000);
        VerifyResult result = Verify(threads: threads);
        Assert.Equal([5, 6], result.BadPieces);
        Assert.Equal(FileState.TooShort, result.Files[3].State);
        Assert.Equal("40,000 of 60,000 bytes", result.Files[3].Reason);
        Assert.Equal([5, 6], result.Files[3].BadPieces);
    }

    [Fact]
    public void A_file_that_is_too_long_is_said_to_be()
    {
        File.AppendAllText(folder["top/c"], "more");
        VerifyResult result = Verify();
        Assert.Empty(result.BadPieces);
        Assert.False(result.IsComplete);
        Assert.Equal("a:Complete b:Complete c:TooLong d:Complete e:Complete", States(result));
    }

    [Fact]
    public void A_short_file_of_many_small_pieces_is_read_piece_by_piece()
    {
        string file = folder.Write("big", 5_000_000);
        Metainfo big = TorrentCreator.Create(file, new CreateOptions { PieceLength = 16384 }).Metainfo;
        using (FileStream stream = File.Open(file, FileMode.Open)) stream.SetLength(4_500_000);
        VerifyResult result = TorrentVerifier.Verify(big, folder.Path);
        Assert.Equal(4_500_000 / 16384, result.GoodPieces);
        Assert.Equal(Enumerable.Range(4_500_000 / 16384, big.PieceCount - 4_500_000 / 16384), result.BadPieces);
    }

    [Fact]
    public void Padding_is_zeros_and_in_no_file()
    {
        byte[] a = File.ReadAllBytes(folder["top/c"]);
        byte[] content = [.. a, .. new byte[16384 - a.Length], .. a];
        var hashes = new List<byte>();
        foreach (byte[] piece in content.Chunk(16384)) hashes.AddRange(System.Security.Cryptography.SHA1.HashData(piece));
        string info = "d5:filesld6:lengthi1000e4:pathl1:ceed4:attr1:p6:lengthi15384e4:pathl4:.pad5:15384eed6:lengthi1000e4:pathl2:c2eee"
            + "4:name3:top12:piece lengthi16384e6:pieces40:";
        byte[] bytes = [.. "d4:info"u8, .. System.Text.Encoding.ASCII.GetBytes(info), .. hashes, .. "ee"u8];
        File.WriteAllBytes(folder["top/c2"], a);
        VerifyResult result = TorrentVerifier.Verify(Metainfo.Parse(bytes), folder.Path);
        Assert.True(result.IsComplete);
        Assert.Equal(2, result.Files.Count);
    }

    [Fact]
    public void A_pipe_in_the_place_of_a_file_is_not_waited_for()
    {
        File.Delete(folder["top/b"]);
        using (var mkfifo = System.Diagnostics.Process.Start("mkfifo", [folder["top/b"]])) mkfifo.WaitForExit();
        VerifyResult result = Verify();
        Assert.Equal(FileState.Missing, result.Files[1].State);
        Assert.Contains("no regular file", result.Files[1].Reason);
    }
}
