using Spate.Engine.Disk;
using Spate.Engine.Ports;
using Spate.Engine.Tests.Runtime;

namespace Spate.Engine.Tests.Disk;

public class FileCacheTests
{
    private readonly MemoryStorage storage = new();

    private static void Use(FileCache cache, string path, StorageAccess access = StorageAccess.Write)
    {
        using FileCache.Lease lease = cache.Open(path, access);
        Assert.Equal(path, lease.File.Path);
    }

    [Fact]
    public void Files_stay_open_up_to_the_limit_and_those_used_last_longest()
    {
        var cache = new FileCache(storage, 2);
        Use(cache, "a");
        Use(cache, "b");
        Use(cache, "a");
        Assert.Equal((2, 2), (storage.Opened, storage.OpenFiles));
        Use(cache, "c"); // b goes
        Assert.Equal(2, storage.OpenFiles);
        Use(cache, "a");
        Assert.Equal(3, storage.Opened);
        Use(cache, "b");
        Assert.Equal(4, storage.Opened);
        cache.Dispose();
        Assert.Equal(0, storage.OpenFiles);
    }

    [Fact]
    public void A_file_in_use_is_never_closed_under_its_user()
    {
        var cache = new FileCache(storage, 1);
        FileCache.Lease one = cache.Open("a", StorageAccess.Write);
        FileCache.Lease two = cache.Open("a", StorageAccess.Write);
        Use(cache, "b");
        cache.Forget(_ => true);
        Use(cache, "a"); // opened anew, as what was forgotten must not be used again
        Assert.Equal(3, storage.Opened);
        one.File.Write("x"u8, 0);
        one.Dispose();
        two.File.Write("y"u8, 1);
        two.Dispose();
        cache.Dispose();
        Assert.Equal(0, storage.OpenFiles);
        Assert.Equal("xy"u8, storage.Content("a"));
    }

    [Fact]
    public void Reading_and_writing_have_handles_of_their_own()
    {
        storage.Put("a", [1]);
        var cache = new FileCache(storage, 10);
        Use(cache, "a", StorageAccess.Read);
        Use(cache, "a", StorageAccess.Write);
        Use(cache, "a", StorageAccess.Read);
        Assert.Equal(2, storage.Opened);
    }

    [Fact]
    public void A_file_that_can_not_be_opened_leaves_nothing_behind()
    {
        var cache = new FileCache(storage, 10);
        storage.Before = (_, _) => throw new IOException("no");
        Assert.Throws<IOException>(() => cache.Open("a", StorageAccess.Write));
        storage.Before = null;
        Use(cache, "a");
        Assert.Equal(1, storage.OpenFiles);
    }

    [Fact]
    public async Task Under_many_threads_nothing_is_used_after_it_was_closed_and_nothing_is_left_open()
    {
        var cache = new FileCache(storage, 3);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(seed => Task.Run(() =>
        {
            var random = new Random(seed);
            for (int i = 0; i < 8_000; i++)
            {
                if (random.Next(50) == 0) cache.Forget(path => path == "3");
                using FileCache.Lease lease = cache.Open(random.Next(8).ToString(), StorageAccess.Write);
                lease.File.Write([(byte)i], seed); // throws when the file is closed
            }
        }))).Within("All work");
        Assert.InRange(storage.OpenFiles, 0, 3);
        cache.Dispose();
        Assert.Equal(0, storage.OpenFiles);
    }
}
