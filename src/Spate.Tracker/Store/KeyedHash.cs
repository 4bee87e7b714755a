using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spate.Tracker.Store;

/// <summary>
/// Spreads keys over tables under a secret that nobody outside knows, so that nobody can choose keys that collide. Fast, and not
/// meant to withstand somebody who sees its results: those never leave the process.
/// </summary>
internal static class KeyedHash
{
    // Two multiplications by fixed odd numbers with many bits set. A single one by a number that comes from the secret is not enough: with an
    // unlucky secret the addresses of one network fall close together.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Mix(ulong value, ulong secret)
    {
        ulong half = Fold(value ^ secret, 0x9E37_79B9_7F4A_7C15);
        return Fold(half ^ BitOperations.RotateLeft(secret, 32), 0xD1B5_4A32_D192_ED03);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Fold(ulong a, ulong b)
    {
        ulong high = Math.BigMul(a, b, out ulong low);
        return high ^ low;
    }
}
