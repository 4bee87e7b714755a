using System.Security.Cryptography;
using Spate.Protocol.Hashing;

namespace Spate.Protocol.Tests.Hashing;

/// <summary>Against the system's SHA-1. Where the processor can't do it there is nothing to compare but the refusal.</summary>
public sealed class Sha1LanesTests
{
    private readonly Random random = new(1);

    [Fact]
    public void Equal_to_the_system_for_every_number_of_messages_and_chunks()
    {
        if (IsRefused()) return;
        var lanes = new Sha1Lanes();
        for (int messages = 1; messages <= Sha1Lanes.Count; messages++)
        {
            for (int chunks = 0; chunks < 20; chunks++) Check(lanes, messages, chunks * Sha1Lanes.ChunkSize, parts: 1);
        }
    }

    [Fact]
    public void Equal_to_the_system_for_messages_in_parts()
    {
        if (IsRefused()) return;
        var lanes = new Sha1Lanes();
        for (int i = 0; i < 50; i++) Check(lanes, random.Next(1, Sha1Lanes.Count + 1), random.Next(1, 300) * Sha1Lanes.ChunkSize, parts: random.Next(1, 5));
        Check(lanes, Sha1Lanes.Count, 1 << 20, parts: 64);
    }

    [Fact]
    public void Parts_that_do_not_fit_are_refused_and_change_nothing()
    {
        if (IsRefused()) return;
        var lanes = new Sha1Lanes();
        Assert.Throws<ArgumentException>(() => lanes.Append([]));
        Assert.Throws<ArgumentException>(() => lanes.Append(new ReadOnlyMemory<byte>[Sha1Lanes.Count + 1]));
        Assert.Throws<ArgumentException>(() => lanes.Append([new byte[63]]));
        Assert.Throws<ArgumentException>(() => lanes.Append([new byte[64], new byte[128]]));
        Check(lanes, 3, 640, parts: 2);
    }

    [Theory]
    [InlineData(16, 16384, 16, 16)]
    [InlineData(16, 16384, 1000, 16)] // no more than there are lanes
    [InlineData(16, 16384, 7, 7)]     // nor than the memory holds
    [InlineData(16, 16384, 6, 6)]
    [InlineData(16, 16384, 5, 1)]     // too few to pay
    [InlineData(16, 16384, 0, 1)]
    [InlineData(6, 16384, 16, 6)]
    [InlineData(5, 16384, 16, 1)]
    [InlineData(1, 16384, 16, 1)]     // a processor without such vectors
    [InlineData(16, 64, 16, 16)]
    [InlineData(16, 63, 16, 1)]       // no whole chunks
    [InlineData(16, 65, 16, 1)]
    [InlineData(16, 16400, 16, 1)]
    public void As_many_side_by_side_as_can_be_fit_and_pay(int lanes, int length, int room, int expected) =>
        Assert.Equal(expected, Sha1Lanes.Fit(lanes, length, room));

    [Fact]
    public void A_processor_has_all_lanes_or_one() => Assert.Equal(Sha1Lanes.IsSupported ? Sha1Lanes.Count : 1, Sha1Lanes.Available);

    private static bool IsRefused()
    {
        if (Sha1Lanes.IsSupported) return false;
        Assert.Throws<PlatformNotSupportedException>(static () => new Sha1Lanes());
        return true;
    }

    private void Check(Sha1Lanes lanes, int messages, int length, int parts)
    {
        byte[][] content = new byte[messages][];
        for (int i = 0; i < messages; i++) random.NextBytes(content[i] = new byte[length + i]); // so that they lie at odd places
        int done = 0;
        for (int part = 0; part < parts; part++)
        {
            int size = part == parts - 1 ? length - done : random.Next((length - done) / Sha1Lanes.ChunkSize + 1) * Sha1Lanes.ChunkSize;
            var next = new ReadOnlyMemory<byte>[messages];
            for (int i = 0; i < messages; i++) next[i] = content[i].AsMemory(i + done, size);
            lanes.Append(next);
            done += size;
        }
        var hashes = new Sha1Hash[messages];
        lanes.Finish(hashes);
        for (int i = 0; i < messages; i++) Assert.Equal(SHA1.HashData(content[i].AsSpan(i)), hashes[i].AsSpan().ToArray());
    }
}
