using Spate.Engine.Ports;
using Spate.Files;

namespace Spate.Tests.Files;

/// <summary>What the disk does with whole files.</summary>
public sealed class DiskStorageTests : IDisposable
{
    private readonly TempFolder here = new();
    private readonly DiskStorage storage = new();
    private readonly string elsewhere = OtherDevice();

    public void Dispose()
    {
        here.Dispose();
        Directory.Delete(elsewhere, recursive: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_is_moved_with_its_time_and_replaces_nothing(bool toOtherDevice)
    {
        string from = Path.Combine(here.Path, "from"), to = Path.Combine(toOtherDevice ? elsewhere : here.Path, "to");
        File.WriteAllText(from, "content");
        File.SetLastWriteTimeUtc(from, new DateTime(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc));
        StorageEntry was = storage.Stat(from);
        storage.Move(from, to);
        Assert.False(File.Exists(from));
        Assert.Equal("content", File.ReadAllText(to));
        Assert.Equal(was, storage.Stat(to));

        File.WriteAllText(from, "another");
        Assert.Throws<IOException>(() => storage.Move(from, to));
        Assert.Equal(("another", "content"), (File.ReadAllText(from), File.ReadAllText(to)));
        Assert.Equal(["to"], Directory.EnumerateFiles(Path.GetDirectoryName(to)!).Select(Path.GetFileName).Except(["from"]));
        Assert.Throws<FileNotFoundException>(() => storage.Move(Path.Combine(here.Path, "nothing"), Path.Combine(elsewhere, "x")));
    }

    [Fact]
    public void A_file_is_read_as_far_as_it_goes_and_knows_how_long_it_was()
    {
        File.WriteAllText(here["file"], "content");
        using IStorageFile file = storage.Open(here["file"], StorageAccess.Read);
        Assert.Equal(7, file.OpenedLength);
        byte[] seen = new byte[9];
        Assert.Equal(5, file.Read(seen, 2));
        Assert.Equal("ntent", System.Text.Encoding.ASCII.GetString(seen, 0, 5));
        Assert.Equal(0, file.Read(seen, 7));
        Assert.Equal(0, file.Read([], 0));
        Assert.Throws<IOException>(() => file.Read(seen, -1));
    }

    [Fact]
    public void A_copy_that_was_interrupted_is_made_anew()
    {
        string from = Path.Combine(here.Path, "from"), to = Path.Combine(elsewhere, "to");
        File.WriteAllText(from, "content");
        File.WriteAllText(to + ".moving", "con");
        storage.Move(from, to);
        Assert.Equal("content", File.ReadAllText(to));
        Assert.False(File.Exists(to + ".moving"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    public void Many_small_files_are_replaced_at_once(int count)
    {
        (string Path, ReadOnlyMemory<byte> Content)[] files = [.. Enumerable.Range(0, count).Select(i => (here[$"{i % 3}/{i}"], (ReadOnlyMemory<byte>)new byte[] { (byte)i }))];
        Directory.CreateDirectory(here["0"]);
        File.WriteAllText(here["0/0"], "old");
        storage.ReplaceSmall(files);
        Assert.All(files, file => Assert.Equal(file.Content.ToArray(), File.ReadAllBytes(file.Path)));
        Assert.Equal(count, Directory.EnumerateFiles(here.Path, "*", SearchOption.AllDirectories).Count());
    }

    // Memory is a device of its own on Linux; elsewhere this is the same one, and so are the answers.
    private static string OtherDevice() =>
        Directory.CreateDirectory(Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"spate-{Guid.NewGuid():n}")).FullName;
}
