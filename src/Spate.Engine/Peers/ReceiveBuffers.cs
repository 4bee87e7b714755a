using System.Collections.Concurrent;

namespace Spate.Engine.Peers;

/// <summary>Large buffers for peers that are sending, reused across the session. A silent peer holds none.</summary>
internal sealed class ReceiveBuffers
{
    /// <summary>Bytes of a buffer: sixteen blocks in one system call.</summary>
    public const int Size = 256 * 1024;

    private const int Kept = 64;

    private readonly ConcurrentBag<byte[]> free = [];

    public byte[] Rent() => free.TryTake(out byte[]? buffer) ? buffer : GC.AllocateUninitializedArray<byte>(Size, pinned: true);

    public void Return(byte[] buffer)
    {
        if (free.Count < Kept) free.Add(buffer);
    }
}
