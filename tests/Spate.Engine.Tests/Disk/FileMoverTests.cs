using Spate.Engine.Disk;
using Spate.Engine.Ports;
using Spate.Protocol;

namespace Spate.Engine.Tests.Disk;

public class FileMoverTests
{
    private readonly MemoryStorage storage = new();
    private readonly TestContent content = TestTorrents.Multi(16 * 1024, ("a", 10), ("sub/b", 20), ("sub/deep/c", 30), ("sub/empty", 0));

    private void Fill(string root)
    {
        foreach (var file in content.Metainfo.Files)
        {
            storage.CreateFolder(Path.GetDirectoryName($"{root}/{file.Path}")!);
            storage.Put($"{root}/{file.Path}", content.FileBytes(file));
        }
    }

    private void AssertAllIn(string root)
    {
        foreach (var file in content.Metainfo.Files) Assert.Equal(content.FileBytes(file), storage.Content($"{root}/{file.Path}"));
    }

    [Fact]
    public void Moves_all_files_and_leaves_no_empty_folder()
    {
        Fill("/from");
        FileMover.Move(storage, content.Metainfo, FileNames.AsInTorrent, "/from", "/to/here");
        AssertAllIn("/to/here");
        Assert.DoesNotContain(storage.Paths, path => path.StartsWith("/from/", StringComparison.Ordinal));
    }

    [Fact]
    public void Leaves_what_is_not_the_torrents_own()
    {
        Fill("/from");
        storage.Put("/from/folder/sub/mine.txt", [1]);
        FileMover.Move(storage, content.Metainfo, FileNames.AsInTorrent, "/from", "/to");
        AssertAllIn("/to");
        Assert.Equal([1], storage.Content("/from/folder/sub/mine.txt"));
        Assert.DoesNotContain("/from/folder/sub/deep", storage.Paths);

        FileMover.Delete(storage, content.Metainfo, FileNames.AsInTorrent, "/to");
        Assert.DoesNotContain(storage.Paths, path => path.StartsWith("/to/folder", StringComparison.Ordinal));
    }

    [Fact]
    public void Goes_on_where_an_interrupted_move_ended()
    {
        Fill("/from");
        storage.CreateFolder("/to/folder");
        storage.Move("/from/folder/a", "/to/folder/a");
        FileMover.Move(storage, content.Metainfo, FileNames.AsInTorrent, "/from", "/to");
        AssertAllIn("/to");
    }

    [Fact]
    public void Replaces_nothing_and_then_moves_nothing()
    {
        Fill("/from");
        storage.Put("/to/folder/sub/deep/c", [7]);
        IOException refused = Assert.Throws<IOException>(() => FileMover.Move(storage, content.Metainfo, FileNames.AsInTorrent, "/from", "/to"));
        Assert.Contains("/to/folder/sub/deep/c", refused.Message, StringComparison.Ordinal);
        AssertAllIn("/from");
        Assert.Equal([7], storage.Content("/to/folder/sub/deep/c"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void When_a_file_can_not_be_moved_those_before_it_come_back(int good)
    {
        Fill("/from");
        int moves = 0;
        storage.Before = (operation, path) =>
        {
            if (operation == "move" && path.StartsWith("/from", StringComparison.Ordinal) && moves++ == good) throw new StorageFullException("full");
        };
        Assert.Throws<StorageFullException>(() => FileMover.Move(storage, content.Metainfo, FileNames.AsInTorrent, "/from", "/to"));
        AssertAllIn("/from");
    }

    [Fact]
    public void Does_not_go_through_links()
    {
        Fill("/from");
        foreach (string path in storage.Paths.Where(path => path.StartsWith("/from/folder/sub/deep", StringComparison.Ordinal))) storage.Remove(path);
        storage.PutOther("/from/folder/sub/deep", StorageEntryKind.Link);
        storage.Put("/from/folder/sub/deep/c", [9]); // what the link shows
        Assert.Throws<IOException>(() => FileMover.Move(storage, content.Metainfo, FileNames.AsInTorrent, "/from", "/to"));
        FileMover.Delete(storage, content.Metainfo, FileNames.AsInTorrent, "/from");
        Assert.Equal([9], storage.Content("/from/folder/sub/deep/c"));
        Assert.Equal(StorageEntryKind.Link, storage.Stat("/from/folder/sub/deep").Kind);
        Assert.Equal(StorageEntryKind.None, storage.Stat("/from/folder/a").Kind);
    }

    [Fact]
    public void Deletes_links_of_the_torrent_themselves()
    {
        storage.CreateFolder("/from/folder/sub");
        storage.PutOther("/from/folder/sub/empty", StorageEntryKind.Link);
        FileMover.Delete(storage, content.Metainfo, FileNames.AsInTorrent, "/from");
        Assert.DoesNotContain("/from/folder/sub/empty", storage.Paths);
    }
}
