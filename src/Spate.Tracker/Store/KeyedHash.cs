using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spate.Tracker.Store;

/// <summary>
/// Spreads keys over tables under a secret that nobody outside knows, so that nobody can choose keys that collide. Fast, and not
/// meant to withstand somebody who sees its results: those never leave the process.
/// </summary>
internal static class KeyedHash
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Mix(ulong value, ulong secret)
    {
        ulong high = Math.BigMul(value ^ secret, 0x9E37_79B9_7F4A_7C15 ^ BitOperations.RotateLeft(secret, 32), out ulong low);
        return high ^ low;
    }
}
