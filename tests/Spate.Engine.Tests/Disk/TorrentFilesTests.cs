using Spate.Engine.Disk;
using Spate.Engine.Ports;
using Spate.Protocol;

namespace Spate.Engine.Tests.Disk;

public class TorrentFilesTests
{
    private readonly MemoryStorage storage = new();

    private TorrentFiles Open(Metainfo metainfo, bool preallocate = false, int handles = 10, string folder = "/dl") =>
        new(new FileLayout(metainfo), new FileCache(storage, handles), folder, preallocate);

    private static readonly TestContent Mixed = TestTorrents.Multi(
        16 * 1024, ("a", 10), ("empty", 0), (".pad/16374", 16_374), ("sub/b", 40_000), ("c", 1), ("d", 100_000));

    [Fact]
    public void Any_cutting_into_writes_and_reads_gives_the_same_content()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            foreach (string path in storage.Paths) storage.Remove(path);
            TorrentFiles files = Open(Mixed.Metainfo, handles: random.Next(1, 5));
            var written = new HashSet<int>();
            foreach ((int start, int length) in Cut(random, Mixed.Bytes.Length).OrderBy(_ => random.Next()))
            {
                ReadOnlyMemory<byte>[] blocks = [.. Cut(random, length).Select(part => Mixed.Bytes.AsMemory(start + part.Start, part.Length))];
                files.Write(start, blocks, written);
            }
            Assert.Equal([0, 3, 4, 5], written.Order()); // neither the empty one nor padding
            Assert.DoesNotContain(storage.Paths, path => path.Contains(".pad", StringComparison.Ordinal));
            foreach (MetainfoFile file in Mixed.Metainfo.Files)
            {
                if (written.Contains(file.Index)) Assert.Equal(Mixed.FileBytes(file), storage.Content("/dl/" + file.Path));
            }
            foreach ((int start, int length) in Cut(random, Mixed.Bytes.Length))
            {
                byte[] read = new byte[length];
                new Random(1).NextBytes(read);
                Assert.True(files.TryRead(start, read));
                Assert.Equal(Mixed.Bytes[start..(start + length)], read);
            }
            files.Close();
            Assert.Equal(0, storage.OpenFiles);
        }
    }

    private static List<(int Start, int Length)> Cut(Random random, int length)
    {
        var parts = new List<(int, int)>();
        for (int at = 0; at < length;)
        {
            int part = Math.Min(random.Next(1, 30_000), length - at);
            parts.Add((at, part));
            at += part;
        }
        return parts;
    }

    [Fact]
    public void What_is_missing_or_cut_short_can_not_be_read()
    {
        TorrentFiles files = Open(Mixed.Metainfo);
        byte[] buffer = new byte[100];
        Assert.False(files.TryRead(0, buffer));
        storage.Put("/dl/folder/a", new byte[9]);
        Assert.False(files.TryRead(0, buffer));
        storage.Put("/dl/folder/a", Mixed.FileBytes(Mixed.Metainfo.Files[0]));
        files.Close();
        Assert.True(files.TryRead(0, buffer)); // ten bytes of the file, and padding
        Assert.Equal(Mixed.Bytes[..100], buffer);
        Assert.True(files.TryRead(500, buffer)); // padding alone
        Assert.Equal(-1, buffer.AsSpan().IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void A_longer_file_is_cut_when_it_is_first_written_to_and_only_then()
    {
        TorrentFiles files = Open(TestTorrents.Single(1000).Metainfo);
        storage.Put("/dl/file.bin", new byte[5000]);
        files.TryRead(0, new byte[10]);
        Assert.Equal(5000, storage.Content("/dl/file.bin").Length);
        files.Write(0, [new byte[10]], new List<int>());
        Assert.Equal(1000, storage.Content("/dl/file.bin").Length);
    }

    [Theory]
    [InlineData(false, 10)]
    [InlineData(true, 1000)]
    public void Space_is_reserved_on_request(bool preallocate, int expected)
    {
        TorrentFiles files = Open(TestTorrents.Single(1000).Metainfo, preallocate);
        files.Write(0, [new byte[10]], new List<int>());
        Assert.Equal(expected, storage.Content("/dl/file.bin").Length);
    }

    [Fact]
    public void Files_that_no_piece_fills_are_made_and_what_stands_there_is_left_alone()
    {
        TestContent content = TestTorrents.Multi(16 * 1024, ("a", 1), ("sub/empty", 0), ("taken", 0));
        storage.PutOther("/dl/folder/taken", StorageEntryKind.Folder);
        Open(content.Metainfo).CreateEmptyFiles(storage);
        Assert.Empty(storage.Content("/dl/folder/sub/empty"));
        Assert.Equal(StorageEntryKind.Folder, storage.Stat("/dl/folder/taken").Kind);
        Assert.Equal(StorageEntryKind.None, storage.Stat("/dl/folder/a").Kind);
    }

    [Fact]
    public void Nothing_is_written_or_read_through_a_folder_that_is_a_link()
    {
        TestContent content = TestTorrents.Multi(16 * 1024, ("sub/deep/file", 100));
        foreach (string planted in (string[])["/dl/folder", "/dl/folder/sub", "/dl/folder/sub/deep"])
        {
            foreach (string path in storage.Paths) storage.Remove(path);
            storage.CreateFolder(Path.GetDirectoryName(planted)!);
            storage.PutOther(planted, StorageEntryKind.Link);
            storage.Put("/dl/folder/sub/deep/file", new byte[100]); // what the link shows
            TorrentFiles files = Open(content.Metainfo);
            IOException refused = Assert.Throws<IOException>(() => files.Write(0, [new byte[100]], new List<int>()));
            Assert.Contains(planted, refused.Message, StringComparison.Ordinal);
            Assert.Throws<IOException>(() => files.TryRead(0, new byte[100]));
            Assert.Equal(0, storage.Opened);
        }
    }

    [Fact]
    public void A_folder_is_looked_at_once_for_all_its_files_and_again_after_closing()
    {
        TestContent content = TestTorrents.Multi(16 * 1024, ("sub/a", 100), ("b", 100), ("sub/c", 100), ("sub/d", 100));
        int looks = 0;
        storage.CreateFolder("/dl/folder/sub");
        storage.Before = (call, path) => looks += call == "stat" && path == "/dl/folder/sub" ? 1 : 0;
        TorrentFiles files = Open(content.Metainfo, handles: 1);
        for (int round = 0; round < 2; round++) files.Write(0, [new byte[400]], new List<int>());
        Assert.Equal(1, looks);

        files.Close();
        storage.PutOther("/dl/folder/sub", StorageEntryKind.Link);
        Assert.Throws<IOException>(() => files.Write(0, [new byte[400]], new List<int>()));
        Assert.Equal(2, looks);
    }

    [Fact]
    public void The_download_folder_itself_may_be_a_link()
    {
        storage.PutOther("/dl", StorageEntryKind.Link);
        Open(TestTorrents.Multi(16 * 1024, ("a", 10)).Metainfo).Write(0, [new byte[10]], new List<int>());
        Assert.Equal(10, storage.Content("/dl/folder/a").Length);
    }

    [Fact]
    public void Closing_one_torrent_leaves_the_files_of_others_open()
    {
        var cache = new FileCache(storage, 10);
        var ours = new TorrentFiles(new FileLayout(TestTorrents.Multi(16 * 1024, ("a", 10)).Metainfo), cache, "/dl", false);
        var others = new TorrentFiles(new FileLayout(TestTorrents.Single(10, name: "folder2").Metainfo), cache, "/dl", false);
        ours.Write(0, [new byte[10]], new List<int>());
        others.Write(0, [new byte[10]], new List<int>());
        Assert.Equal(2, storage.OpenFiles);
        ours.Close();
        Assert.Equal(1, storage.OpenFiles);
        others.Close();
        Assert.Equal(0, storage.OpenFiles);
    }
}
