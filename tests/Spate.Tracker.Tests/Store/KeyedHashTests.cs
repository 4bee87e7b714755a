using Spate.Tracker.Store;

namespace Spate.Tracker.Tests.Store;

public class KeyedHashTests
{
    // Keys as they occur: hosts of one network with one port, one host with many ports, and a host of each of many networks.
    private static IEnumerable<Func<int, ulong>> Patterns() =>
    [
        i => (ulong)((uint)i >> 8 & 0xFF) << 16 | (ulong)((uint)i & 0xFF) << 24 | 0x0201 | 0x6300ul << 32,
        i => 0x0100_000A | (ulong)(uint)i << 32,
        i => (uint)i | 0xE11Aul << 32,
        i => (ulong)i,
        i => (ulong)i << 40,
    ];

    [Fact]
    public void Keys_spread_evenly_under_every_secret()
    {
        const int keys = 4096, places = 64;
        var random = new Random(3);
        for (int round = 0; round < 500; round++)
        {
            ulong secret = round switch { 0 => 0, 1 => ulong.MaxValue, 2 => 0x9E37_79B9_7F4A_7C15, _ => (ulong)random.NextInt64(long.MinValue, long.MaxValue) };
            foreach (Func<int, ulong> pattern in Patterns())
            {
                int[] low = new int[places], high = new int[places];
                for (int i = 0; i < keys; i++)
                {
                    ulong hash = KeyedHash.Mix(pattern(i), secret);
                    low[(uint)hash >> 26]++;
                    high[hash >> 58]++;
                }
                Assert.True(ChiSquare(low) < 160 && ChiSquare(high) < 160, $"{secret:x}: {ChiSquare(low)} {ChiSquare(high)}"); // 63 are expected; chance does not reach it
            }
        }

        static double ChiSquare(int[] counts) => counts.Sum(count => Math.Pow(count - keys / places, 2)) / (keys / places);
    }
}
