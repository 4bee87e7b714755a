using FsCheck;
using FsCheck.Fluent;
using Spate.Daemon.Torrents;

namespace Spate.Daemon.Tests.Torrents;

public class NaturalOrderTests
{
    [Theory]
    [InlineData("a13", "a104")]
    [InlineData("a", "a1")]
    [InlineData("A2", "a10")]
    [InlineData("1", "2")]
    [InlineData("9", "10")]
    [InlineData("show 2", "show 10 extra")]
    [InlineData("s1e9", "s1e10")]
    [InlineData("s1e10", "s2e1")]
    [InlineData("a1b2", "a1b10")]
    [InlineData("", "a")]
    [InlineData("a-1", "a1")]
    [InlineData("1a", "a1")]
    [InlineData("abc", "abd")]
    [InlineData("Abc", "abd")]
    [InlineData("99999999999999999998", "99999999999999999999")] // more than any number type holds
    [InlineData("99999999999999999999", "100000000000000000000")]
    [InlineData("a007", "a8")]
    [InlineData("a7", "a007")]
    [InlineData("a7b2", "a007b2")]
    [InlineData("a007b1", "a7b2")] // what comes behind a number counts for more than the zeros before it
    [InlineData("a0", "a00")]
    [InlineData("a00", "a1")]
    public void Numbers_count_as_numbers(string first, string second)
    {
        Assert.True(NaturalOrder.Compare(first, second) < 0);
        Assert.True(NaturalOrder.Compare(second, first) > 0);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("Straße 12", "STRAßE 12")]
    [InlineData("a007", "A007")]
    public void Case_does_not_matter(string first, string second) => Assert.Equal(0, NaturalOrder.Compare(first, second));

    [Fact]
    public void It_is_a_total_order_in_which_equal_is_what_differs_in_case_only()
    {
        // Few different characters, or nothing would ever be alike.
        Gen<string> names = Gen.Elements('0', '0', '1', '2', '9', 'a', 'A', 'b', ' ', '.', '~').ListOf().Select(static all => string.Concat(all.Take(8)));
        Prop.ForAll(names.Three().ToArbitrary(), static triple =>
        {
            (string x, string y, string z) = triple;
            int xy = Sign(x, y), yz = Sign(y, z), xz = Sign(x, z);
            return xy == -Sign(y, x) && Sign(x, x) == 0
                && (xy == 0) == x.Equals(y, StringComparison.OrdinalIgnoreCase)
                && (xy > 0 || yz > 0 || xz <= 0)
                && (xy != 0 || xz == yz);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(5000));
    }

    private static int Sign(string x, string y) => Math.Sign(NaturalOrder.Compare(x, y));
}
