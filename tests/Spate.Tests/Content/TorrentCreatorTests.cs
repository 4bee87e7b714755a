using System.Diagnostics;
using System.Security.Cryptography;
using Spate.Create;
using Spate.Hashing;
using Spate.Protocol;
using Spate.Verify;

namespace Spate.Tests;

public sealed class TorrentCreatorTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    private static byte[] HashesOf(byte[] content, int pieceLength) =>
        [.. content.Chunk(pieceLength).SelectMany(SHA1.HashData)];

    private static byte[] PieceHashes(Metainfo torrent) =>
        [.. Enumerable.Range(0, torrent.PieceCount).SelectMany(i => torrent.PieceHash(i).ToArray())];

    [Theory]
    [InlineData(1, 16384, 1)]
    [InlineData(16384, 16384, 1)]
    [InlineData(16385, 16384, 2)]
    [InlineData(10_000_000, 16384, 3)]
    [InlineData(10_000_000, 262144, 2)]
    [InlineData(10_000_000, 1 << 20, 2)]
    [InlineData(20_000_000, 16 << 20, 2)]
    public void The_pieces_of_a_file_are_hashed(long length, int pieceLength, int threads)
    {
        string file = folder.Write("content.bin", length);
        CreatedTorrent created = TorrentCreator.Create(file, new CreateOptions { PieceLength = pieceLength, Threads = threads });
        Assert.Equal("content.bin", created.Metainfo.Name);
        Assert.False(created.Metainfo.IsMultiFile);
        Assert.Equal(HashesOf(File.ReadAllBytes(file), pieceLength), PieceHashes(created.Metainfo));
        Assert.True(TorrentVerifier.Verify(created.Metainfo, folder.Path).IsComplete);
    }

    [Fact]
    public void Pieces_run_over_file_borders_in_the_order_of_the_names()
    {
        (string Name, int Length)[] files =
            [("b/z", 100_000), ("a", 40_000), ("B", 1), ("empty", 0), ("b/a", 16384), ("b.txt", 5_000_000), ("日本", 777), ("b/c/deep", 33)];
        foreach ((string name, int length) in files) folder.Write("top/" + name, length, name.Length);
        CreatedTorrent created = TorrentCreator.Create(folder["top"], new CreateOptions { PieceLength = 32768, Threads = 2 });

        // By the bytes of each name: 'B' before 'a', the folder "b" before "b.txt".
        string[] order = ["B", "a", "b/a", "b/c/deep", "b/z", "b.txt", "empty", "日本"];
        Assert.Equal(order.Select(n => "top/" + n), created.Metainfo.Files.Select(f => f.Path));
        byte[] content = [.. order.SelectMany(n => File.ReadAllBytes(folder["top/" + n]))];
        Assert.Equal(HashesOf(content, 32768), PieceHashes(created.Metainfo));
    }

    [Fact]
    public void The_same_files_give_the_same_torrent()
    {
        for (int i = 0; i < 30; i++) folder.Write($"x/top/{i % 4}/{i}", 10_000 + i, i);
        for (int i = 29; i >= 0; i--) folder.Write($"y/top/{i % 4}/{i}", 10_000 + i, i);
        var one = new CreateOptions { Threads = 1 };
        Assert.Equal(TorrentCreator.Create(folder["x/top"], one).Torrent, TorrentCreator.Create(folder["y/top/"], one with { Threads = 4 }).Torrent);
    }

    [Fact]
    public void Hidden_files_and_junk_are_left_out_unless_asked_for()
    {
        foreach (string name in new[] { "a", ".hidden", ".git/config", "Thumbs.db", "sub/DESKTOP.INI", "sub/b" }) folder.Write("top/" + name, 10);
        CreatedTorrent plain = TorrentCreator.Create(folder["top"], new CreateOptions());
        Assert.Equal(["top/a", "top/sub/b"], plain.Metainfo.Files.Select(f => f.Path));
        Assert.Equal([".git (hidden)", ".hidden (hidden)", "Thumbs.db (junk)", "sub/DESKTOP.INI (junk)"], plain.LeftOut.Order(StringComparer.Ordinal));

        CreatedTorrent all = TorrentCreator.Create(folder["top"], new CreateOptions { IncludeHidden = true, IncludeJunk = true });
        Assert.Equal(6, all.Metainfo.Files.Count);
        Assert.Empty(all.LeftOut);
    }

    [Fact]
    public void Excluded_names_are_left_out()
    {
        foreach (string name in new[] { "a.txt", "a.log", "sub/b.log", "sub/c.txt", "cache/x" }) folder.Write("top/" + name, 10);
        CreatedTorrent created = TorrentCreator.Create(folder["top"], new CreateOptions { Exclude = ["*.log", "cache", "sub/c*"] });
        Assert.Equal(["top/a.txt"], created.Metainfo.Files.Select(f => f.Path));
    }

    [Fact]
    public void Symbolic_links_are_left_out_followed_or_stored()
    {
        folder.Write("outside", 50);
        folder.Write("top/dir/file", 100);
        File.CreateSymbolicLink(folder["top/link"], "dir/file");
        File.CreateSymbolicLink(folder["top/out"], "../outside");
        File.CreateSymbolicLink(folder["top/broken"], "nowhere");
        Directory.CreateSymbolicLink(folder["top/loop"], ".");
        Directory.CreateSymbolicLink(folder["top/dirlink"], "dir");

        CreatedTorrent skip = TorrentCreator.Create(folder["top"], new CreateOptions());
        Assert.Equal(["top/dir/file"], skip.Metainfo.Files.Select(f => f.Path));
        Assert.Equal(5, skip.LeftOut.Count);

        CreatedTorrent follow = TorrentCreator.Create(folder["top"], new CreateOptions { Symlinks = SymlinkPolicy.Follow });
        Assert.Equal(["top/dir/file", "top/dirlink/file", "top/link", "top/out"], follow.Metainfo.Files.Select(f => f.Path));
        Assert.Equal(350, follow.Metainfo.TotalLength);
        Assert.Equal(["broken (broken symbolic link)", "loop (symbolic link to a folder around it)"], follow.LeftOut.Order(StringComparer.Ordinal));

        CreatedTorrent store = TorrentCreator.Create(folder["top"], new CreateOptions { Symlinks = SymlinkPolicy.Store });
        Assert.Equal(["top/dir/file", "top/dirlink", "top/link"], store.Metainfo.Files.Select(f => f.Path));
        Assert.Equal([null, "dir", "dir/file"], store.Metainfo.Files.Select(f => f.LinkTarget));
        Assert.Equal(100, store.Metainfo.TotalLength);
        Assert.True(TorrentVerifier.Verify(store.Metainfo, folder.Path).IsComplete);
    }

    [Fact]
    public void Folders_that_link_to_each_other_are_not_walked_for_ever()
    {
        folder.Write("top/a/1", 1);
        folder.Write("top/b/2", 1);
        Directory.CreateSymbolicLink(folder["top/a/to-b"], "../b");
        Directory.CreateSymbolicLink(folder["top/b/to-a"], "../a");
        CreatedTorrent created = TorrentCreator.Create(folder["top"], new CreateOptions { Symlinks = SymlinkPolicy.Follow });
        Assert.Equal(["top/a/1", "top/a/to-b/2", "top/b/2", "top/b/to-a/1"], created.Metainfo.Files.Select(f => f.Path));
    }

    [Fact]
    public void Pipes_are_left_out_and_not_waited_for()
    {
        folder.Write("top/a", 10);
        using (Process mkfifo = Process.Start("mkfifo", [folder["top/pipe"]])) mkfifo.WaitForExit();
        CreatedTorrent created = TorrentCreator.Create(folder["top"], new CreateOptions());
        Assert.Equal(["pipe (no regular file)"], created.LeftOut);
        Assert.Single(created.Metainfo.Files);
    }

    [Fact]
    public void Options_reach_the_torrent()
    {
        string file = folder.Write("run.sh", 10);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Metainfo torrent = TorrentCreator.Create(file, new CreateOptions
        {
            Name = "other", IsPrivate = true, Source = "S", KeepExecutable = true, Outer = new TorrentOuter { Comment = "c" },
        }).Metainfo;
        Assert.Equal(("other", true, "S", "c"), (torrent.Name, torrent.IsPrivate, torrent.Source, torrent.Comment));
        Assert.True(torrent.Files[0].IsExecutable);
    }

    [Fact]
    public void Names_that_others_cannot_store_are_warned_of()
    {
        folder.Write("top/a:b", 10);
        folder.Write("top/readme", 10);
        folder.Write("top/README", 10);
        CreatedTorrent created = TorrentCreator.Create(folder["top"], new CreateOptions());
        Assert.Equal(["top/a:b will be stored as top/a_b by some who download it", "top/readme will be stored as top/readme (1) by some who download it"], created.Warnings);
        Assert.True(TorrentVerifier.Verify(Metainfo.Parse(created.Torrent), folder.Path).IsComplete);

        folder.Write("top/back\\slash", 10);
        Assert.Contains("rename it", Assert.Throws<IOException>(() => TorrentCreator.Create(folder["top"], new CreateOptions())).Message);
    }

    [Fact]
    public void What_cannot_be_shared_is_said()
    {
        Assert.Contains("no file or folder", Assert.Throws<FileNotFoundException>(() => TorrentCreator.Create(folder["nothing"], new CreateOptions())).Message);
        Directory.CreateDirectory(folder["empty"]);
        Assert.Contains("no files to share", Assert.Throws<IOException>(() => TorrentCreator.Create(folder["empty"], new CreateOptions())).Message);
        folder.Write("zero", 0);
        Assert.Contains("empty", Assert.Throws<IOException>(() => TorrentCreator.Create(folder["zero"], new CreateOptions())).Message);
        folder.Write("one", 1);
        Assert.Contains("power of two", Assert.Throws<ArgumentException>(() => TorrentCreator.Create(folder["one"], new CreateOptions { PieceLength = 100_000 })).Message);
    }

    [Fact]
    public void A_file_that_changes_meanwhile_ends_it()
    {
        string file = folder.Write("growing", 50_000_000);
        bool changed = false;
        var e = Assert.Throws<IOException>(() => TorrentCreator.Create(file, new CreateOptions { Threads = 1 }, _ =>
        {
            if (!changed) File.AppendAllText(file, "more");
            changed = true;
        }));
        Assert.Contains("changed while it was read", e.Message);
    }

    [Fact]
    public void Progress_ends_at_all_of_it()
    {
        folder.Write("top/a", 5_000_000);
        folder.Write("top/b", 3_000_001);
        var seen = new List<HashProgress>();
        TorrentCreator.Create(folder["top"], new CreateOptions(), seen.Add);
        Assert.Equal(8_000_001, seen[^1].BytesDone);
        Assert.All(seen, p => Assert.Equal(8_000_001, p.BytesTotal));
        Assert.Equal(seen.Select(p => p.BytesDone).Order(), seen.Select(p => p.BytesDone));
    }

    [Fact]
    public async Task Cancelling_ends_it()
    {
        string file = folder.Write("big", 100_000_000);
        using var cancel = new CancellationTokenSource();
        cancel.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => TorrentCreator.CreateAsync(file, new CreateOptions(), cancel: cancel.Token));
        using var later = new CancellationTokenSource();
        var e = Record.Exception(() => TorrentCreator.Create(file, new CreateOptions { Threads = 1 }, _ => later.Cancel(), later.Token));
        Assert.True(e is null or OperationCanceledException);
    }
}
