using System.Collections.Concurrent;
using Spate.Protocol.Wire;

namespace Spate.Engine.Disk;

/// <summary>
/// Memory for blocks on their way to peers: messages stand in it as they go out, header and block behind each other, so that
/// a disk worker reads each block to its place and the socket takes all in one send.
/// </summary>
internal sealed class SendBuffer
{
    /// <summary>Blocks of 16 KiB that fit.</summary>
    public const int Blocks = 16;

    private const int Size = Blocks * (MessageWriter.PieceHeader + BlockPool.BlockSize);

    public byte[] Bytes { get; } = GC.AllocateUninitializedArray<byte>(Size, pinned: true);

    /// <summary>Bytes that are filled.</summary>
    public int Length { get; set; }

    /// <summary>Of these, bytes of blocks (without headers).</summary>
    public int Payload { get; set; }

    public static bool Fits(int length, int blockLength) => length + MessageWriter.PieceHeader + blockLength <= Size;
}

/// <summary>Send buffers of a session, reused, at most as many as the budget allows.</summary>
internal sealed class SendBufferPool
{
    private readonly ConcurrentBag<SendBuffer> free = [];
    private readonly int capacity;
    private int rented;

    /// <param name="budgetBytes">Memory for data on its way to peers; at least two buffers are had.</param>
    public SendBufferPool(long budgetBytes)
    {
        capacity = (int)Math.Clamp(budgetBytes / (SendBuffer.Blocks * BlockPool.BlockSize), 2, 1 << 16);
    }

    /// <summary>Buffers that are rented now.</summary>
    public int Rented => Volatile.Read(ref rented);

    /// <summary>Takes a buffer; null when the budget is used up.</summary>
    public SendBuffer? TryRent()
    {
        if (Interlocked.Increment(ref rented) > capacity)
        {
            Interlocked.Decrement(ref rented);
            return null;
        }
        if (!free.TryTake(out SendBuffer? buffer)) buffer = new SendBuffer();
        (buffer.Length, buffer.Payload) = (0, 0);
        return buffer;
    }

    public void Return(SendBuffer buffer)
    {
        free.Add(buffer);
        Interlocked.Decrement(ref rented);
    }
}
