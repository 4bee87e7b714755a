namespace Spate.Tracker.Store;

/// <summary>Random numbers for choosing peers: a few cycles each, one state for each thread, not for secrets.</summary>
internal struct FastRandom(ulong seed)
{
    private ulong state = seed;

    public static FastRandom Create() => new((ulong)Random.Shared.NextInt64());

    /// <summary>A number from 0 up to, and without, <paramref name="limit"/>.</summary>
    public uint Next(uint limit)
    {
        state += 0xA076_1D64_78BD_642F;
        ulong high = Math.BigMul(state, state ^ 0xE703_7ED1_A0B4_28DB, out ulong low);
        return (uint)(((high ^ low) >> 32) * limit >> 32);
    }
}
