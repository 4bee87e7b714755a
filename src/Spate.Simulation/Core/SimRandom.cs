using System.Buffers.Binary;
using System.Numerics;
using Spate.Engine.Ports;

namespace Spate.Simulation;

/// <summary>
/// Numbers that follow from a seed: xoshiro256**, its state filled by splitmix64. Not for secrets. Every host gets a generator
/// of its own, so that one host more or less does not change what the others draw.
/// </summary>
public sealed class SimRandom : IRandom
{
    private ulong s0, s1, s2, s3;

    public SimRandom(ulong seed)
    {
        s0 = Mix(ref seed);
        s1 = Mix(ref seed);
        s2 = Mix(ref seed);
        s3 = Mix(ref seed);
    }

    /// <summary>A generator for part <paramref name="stream"/> of what hangs on <paramref name="seed"/>.</summary>
    public static SimRandom Fork(ulong seed, ulong stream)
    {
        ulong state = seed ^ BitOperations.RotateLeft(stream * 0x9E3779B97F4A7C15, 17);
        return new SimRandom(Mix(ref state) ^ stream);
    }

    /// <summary>The next 64 bits.</summary>
    public ulong NextBits()
    {
        ulong result = BitOperations.RotateLeft(s1 * 5, 7) * 9;
        ulong t = s1 << 17;
        s2 ^= s0;
        s3 ^= s1;
        s1 ^= s2;
        s0 ^= s3;
        s2 ^= t;
        s3 = BitOperations.RotateLeft(s3, 45);
        return result;
    }

    /// <inheritdoc/>
    public int Next(int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return (int)Math.BigMul(NextBits(), (ulong)limit, out _);
    }

    /// <summary>A number from 0 up to, and without, <paramref name="limit"/>; 0 when the limit is 0.</summary>
    public long NextLong(long limit) => limit <= 0 ? 0 : (long)Math.BigMul(NextBits(), (ulong)limit, out _);

    /// <summary>A number from 0 up to, and without, 1.</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>True in <paramref name="probability"/> of all cases. Draws nothing when the answer is certain.</summary>
    public bool Chance(double probability) => probability > 0 && (probability >= 1 || NextDouble() < probability);

    /// <inheritdoc/>
    public void Fill(Span<byte> bytes)
    {
        while (bytes.Length >= 8)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, NextBits());
            bytes = bytes[8..];
        }
        if (bytes.IsEmpty) return;
        Span<byte> last = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(last, NextBits());
        last[..bytes.Length].CopyTo(bytes);
    }

    /// <summary>Puts the items in a random order.</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = Next(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    private static ulong Mix(ref ulong state)
    {
        ulong z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
