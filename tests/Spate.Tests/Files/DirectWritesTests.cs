using Microsoft.Win32.SafeHandles;
using Spate.Engine.Disk;
using Spate.Engine.Ports;
using Spate.Files;

namespace Spate.Tests.Files;

/// <summary>Writes past the page cache leave the same bytes in a file as writes through it.</summary>
public sealed class DirectWritesTests : IDisposable
{
    private readonly TempFolder here = new();
    private readonly SetTime time = new();
    private readonly DirectWrites direct;
    private readonly DiskStorage storage;

    public DirectWritesTests()
    {
        direct = new DirectWrites(time);
        storage = new DiskStorage(direct);
    }

    public void Dispose() => here.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Any_run_at_any_position_is_what_is_read_then(int seed)
    {
        const int Size = 24 << 20;
        var random = new Random(seed);
        byte[] expected = new byte[Size];
        var pool = new BlockPool(3 << 20);
        using IStorageFile file = storage.Open(here["file"], StorageAccess.Write);
        using IStorageFile reader = storage.Open(here["file"], StorageAccess.Read);
        int longest = 0, past = 0;
        for (int i = 0; i < 150; i++)
        {
            ReadOnlyMemory<byte>[] run = random.Next(3) switch { 0 => Blocks(pool, random), 1 => AnyBuffers(random), _ => [Filled(random, new byte[random.Next(1, 3 << 20)])] };
            int length = run.Sum(static part => part.Length);
            int position = random.Next(Size - length);
            if (random.Next(2) == 0) position &= ~(PinnedPages.PageSize - 1);
            int at = position;
            foreach (ReadOnlyMemory<byte> part in run)
            {
                part.CopyTo(expected.AsMemory(at));
                at += part.Length;
            }
            file.Write(run, position);
            longest = Math.Max(longest, at);
            past += length >= DirectWrites.Smallest + 2 * PinnedPages.PageSize ? 1 : 0;

            // Neighbours too, so that the page cache holds pages that the next writes go past.
            int from = Math.Max(0, position - random.Next(10_000)), to = Math.Min(longest, at + random.Next(10_000));
            byte[] seen = new byte[to - from];
            Assert.Equal(seen.Length, reader.Read(seen, from));
            Assert.True(seen.AsSpan().SequenceEqual(expected.AsSpan(from..to)), $"seed {seed}, write {i}: {length} bytes at {position}");
        }
        Assert.Equal(longest, storage.Stat(here["file"]).Length);
        storage.Flush([here["file"]]);
        Assert.True(File.ReadAllBytes(here["file"]).AsSpan().SequenceEqual(expected.AsSpan(0, longest)));
        Assert.True(past > 20);
        AssertUsed(CanBeDirect());
    }

    [Fact]
    public void Short_runs_and_single_bytes_go_through_the_page_cache()
    {
        using IStorageFile file = storage.Open(here["file"], StorageAccess.Write);
        for (int i = 0; i < 64; i++) file.Write([new byte[16 << 10]], i << 14);
        file.Write(new byte[1 << 20], 0);
        Assert.Equal(0, direct.Written);
    }

    [Fact]
    public void A_slow_device_gets_its_writes_through_the_page_cache()
    {
        var slow = new SlowTime();
        var writes = new DirectWrites(slow);
        var throughBoth = new DiskStorage(writes);
        byte[] expected = new byte[96 << 20];
        new Random(5).NextBytes(expected);
        using (IStorageFile file = throughBoth.Open(here["file"], StorageAccess.Write))
        {
            for (int at = 0; at < expected.Length; at += 1 << 20) file.Write([expected.AsMemory(at, 1 << 20)], at);
        }
        Assert.True(File.ReadAllBytes(here["file"]).AsSpan().SequenceEqual(expected));
        Assert.Equal(CanBeDirect() ? DirectDevice.Sample : 0, writes.Written);
    }

    [Fact]
    public void Without_it_nothing_changes()
    {
        var cached = new DiskStorage(directWrites: false);
        using IStorageFile file = cached.Open(here["file"], StorageAccess.Write);
        file.Write([new byte[1 << 20]], 5);
        Assert.Equal((1 << 20) + 5, cached.Stat(here["file"]).Length);
    }

    [Fact]
    public void A_file_that_was_moved_is_still_the_one_that_is_written_to()
    {
        byte[] ours = Filled(new Random(1), new byte[1 << 20]);
        using IStorageFile file = storage.Open(here["file"], StorageAccess.Write);
        File.Move(here["file"], here["moved"]);
        File.WriteAllText(here["file"], "another's");
        file.Write([ours], 0);
        Assert.Equal("another's", File.ReadAllText(here["file"]));
        Assert.Equal(ours, File.ReadAllBytes(here["moved"]));
        AssertUsed(CanBeDirect());
    }

    private void AssertUsed(bool can) => Assert.Equal(can, direct.Written > 0);

    // What the file system says of itself; a temporary folder in memory can't.
    private bool CanBeDirect()
    {
        if (!OperatingSystem.IsLinux()) return false;
        using SafeFileHandle handle = File.OpenHandle(here["probe"], FileMode.OpenOrCreate, FileAccess.ReadWrite);
        return LinuxFiles.TryGetDirectAlignment(handle, out int memory, out int offset, out _) && memory <= PinnedPages.PageSize && offset <= PinnedPages.PageSize;
    }

    // As the engine has them: whole blocks of its pool, the last of a file perhaps shorter.
    private static ReadOnlyMemory<byte>[] Blocks(BlockPool pool, Random random)
    {
        var slots = new List<int>();
        for (int count = random.Next(1, 65); slots.Count < count && pool.TryRent(out int slot);) slots.Add(slot);
        ReadOnlyMemory<byte>[] blocks = [.. slots.Select(slot => (ReadOnlyMemory<byte>)Filled(random, pool.Memory(slot)))];
        if (random.Next(2) == 0) blocks[^1] = blocks[^1][..random.Next(1, BlockPool.BlockSize)];
        foreach (int slot in slots) pool.Return(slot);
        return blocks;
    }

    private static ReadOnlyMemory<byte>[] AnyBuffers(Random random) =>
        [.. Enumerable.Range(0, random.Next(1, 100)).Select(_ => (ReadOnlyMemory<byte>)Filled(random, new byte[random.Next(30_000)]))];

    private static Memory<byte> Filled(Random random, Memory<byte> bytes)
    {
        random.NextBytes(bytes.Span);
        return bytes;
    }

    private static byte[] Filled(Random random, byte[] bytes)
    {
        random.NextBytes(bytes);
        return bytes;
    }

    // Each look at it takes a tenth of a second: nothing is quick.
    private sealed class SlowTime : TimeProvider
    {
        private long ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Add(ref ticks, TimeSpan.TicksPerSecond / 10);
    }
}
