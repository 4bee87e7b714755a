using System.Buffers;

namespace Spate.Engine.Peers;

/// <summary>
/// Arrays for control messages on their way to peers. The shared pool keeps so few of a size that a "have" to a hundred peers would be
/// a hundred new arrays.
/// </summary>
internal static class ControlBuffers
{
    private static readonly ArrayPool<byte> pool = ArrayPool<byte>.Create(maxArrayLength: 1 << 20, maxArraysPerBucket: 512);

    public static byte[] Rent(int length) => pool.Rent(length);

    public static void Return(byte[] bytes) => pool.Return(bytes);
}
