using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Spate.Simulation;

/// <summary>
/// Bytes that follow from a seed and their offset, fast enough that nobody needs to store them: each 4 KiB page has its own
/// key, and within a page every word comes from two counters.
/// </summary>
public static class GeneratedBytes
{
    /// <summary>Bytes of a page.</summary>
    public const int PageSize = 4096;

    private const ulong StepA = 0x9E3779B97F4A7C15;
    private const ulong StepB = 0xC2B2AE3D27D4EB4F;

    /// <summary>Writes the bytes from the given offset on.</summary>
    public static void Fill(ulong seed, long offset, Span<byte> target)
    {
        while (!target.IsEmpty)
        {
            long page = offset / PageSize;
            int start = (int)(offset % PageSize);
            int n = Math.Min(target.Length, PageSize - start);
            FillPart(seed, page, start, target[..n]);
            target = target[n..];
            offset += n;
        }
    }

    private static void FillPart(ulong seed, long page, int start, Span<byte> target)
    {
        ulong key = (seed ^ ((ulong)page * StepA)) * 0xD6E8FEB86659FD93;
        key ^= key >> 32;
        ulong a = key * StepB, b = BitOperations.RotateLeft(key, 31) ^ seed;
        int word = start >> 3;
        int skip = start & 7;
        if (skip != 0)
        {
            Span<byte> first = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(first, Word(a, b, word++));
            int n = Math.Min(8 - skip, target.Length);
            first.Slice(skip, n).CopyTo(target);
            target = target[n..];
        }
        Span<ulong> words = MemoryMarshal.Cast<byte, ulong>(target);
        ulong x = a + ((ulong)word * StepA), y = b + ((ulong)word * StepB);
        for (int i = 0; i < words.Length; i++)
        {
            words[i] = x ^ (y >> 7) ^ (y << 21);
            x += StepA;
            y += StepB;
        }
        word += words.Length;
        target = target[(words.Length * 8)..];
        if (target.IsEmpty) return;
        Span<byte> last = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(last, Word(a, b, word));
        last[..target.Length].CopyTo(target);
    }

    private static ulong Word(ulong a, ulong b, int index)
    {
        ulong x = a + ((ulong)index * StepA), y = b + ((ulong)index * StepB);
        return x ^ (y >> 7) ^ (y << 21);
    }
}
