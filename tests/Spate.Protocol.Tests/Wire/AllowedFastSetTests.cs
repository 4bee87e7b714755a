using System.Net;
using Spate.Protocol.Wire;

namespace Spate.Protocol.Tests.Wire;

public class AllowedFastSetTests
{
    private static readonly Sha1Hash Hash = new(Enumerable.Repeat((byte)0xaa, 20).ToArray());

    [Fact]
    public void Is_that_of_the_examples_in_BEP_6()
    {
        int[] seven = [1059, 431, 808, 1217, 287, 376, 1188];
        Assert.Equal(seven, AllowedFastSet.Of(IPAddress.Parse("80.4.4.200"), Hash, 1313, 7));
        Assert.Equal([.. seven, 353, 508], AllowedFastSet.Of(IPAddress.Parse("80.4.4.200"), Hash, 1313, 9));
    }

    [Fact]
    public void Is_the_same_in_a_whole_slash_24_and_for_mapped_addresses()
    {
        List<int> expected = AllowedFastSet.Of(IPAddress.Parse("80.4.4.200"), Hash, 1313, 9);
        Assert.Equal(expected, AllowedFastSet.Of(IPAddress.Parse("80.4.4.1"), Hash, 1313, 9));
        Assert.Equal(expected, AllowedFastSet.Of(IPAddress.Parse("::ffff:80.4.4.7"), Hash, 1313, 9));
        Assert.NotEqual(expected, AllowedFastSet.Of(IPAddress.Parse("80.4.5.200"), Hash, 1313, 9));
    }

    [Theory]
    [InlineData(1, 8, 1)]
    [InlineData(8, 8, 8)]
    [InlineData(9, 8, 8)]
    [InlineData(100, 0, 0)]
    [InlineData(0, 8, 0)]
    [InlineData(2_097_152, 64, 64)]
    public void Holds_distinct_pieces_of_the_torrent_and_no_more_than_asked(int pieces, int count, int expected)
    {
        List<int> set = AllowedFastSet.Of(IPAddress.Parse("10.1.2.3"), Hash, pieces, count);
        Assert.Equal(expected, set.Count);
        Assert.Equal(expected, set.Distinct().Count());
        Assert.All(set, piece => Assert.InRange(piece, 0, pieces - 1));
    }

    [Fact]
    public void Is_empty_for_IPv6() => Assert.Empty(AllowedFastSet.Of(IPAddress.IPv6Loopback, Hash, 1313, 8));
}
