using Spate.Daemon.Policies;
using Spate.Daemon.State;

namespace Spate.Daemon.Tests.Policies;

public sealed class ShareLimitPolicyTests
{
    private static readonly SavedShareLimits nothing = new();

    [Fact]
    public void Each_limit_comes_from_the_nearest_that_says_something()
    {
        var all = new SavedShareLimits { Ratio = 1, SeedingMinutes = 60, Action = SavedShareAction.Remove };
        Assert.Equal(new ShareLimits(1, TimeSpan.FromHours(1), SavedShareAction.Remove), ShareLimitPolicy.Resolve(nothing, null, all));
        Assert.Equal(
            new ShareLimits(2, TimeSpan.FromHours(1), SavedShareAction.Remove), ShareLimitPolicy.Resolve(nothing, new SavedShareLimits { Ratio = 2 }, all));
        Assert.Equal(
            new ShareLimits(null, TimeSpan.FromMinutes(5), SavedShareAction.RemoveWithData),
            ShareLimitPolicy.Resolve(new SavedShareLimits { Ratio = -1, Action = SavedShareAction.RemoveWithData }, new SavedShareLimits { Ratio = 2, SeedingMinutes = 5 }, all));
        Assert.Equal(new ShareLimits(null, null, SavedShareAction.Stop), ShareLimitPolicy.Resolve(nothing, nothing, nothing));
    }

    [Theory]
    [InlineData(true, 1.99, 59, false, null)]
    [InlineData(true, 2.0, 0, false, "Stop")]
    [InlineData(true, 0.0, 60, false, "Stop")]
    [InlineData(false, 9.0, 999, false, null)] // still downloads, or stands
    [InlineData(true, 9.0, 999, true, null)] // the user wants it to go on
    public void It_acts_when_one_limit_is_reached(bool isSeeding, double ratio, int minutes, bool before, string? action)
    {
        var limits = new ShareLimits(2, TimeSpan.FromHours(1), SavedShareAction.Stop);
        Assert.Equal(action, ShareLimitPolicy.Decide(limits, isSeeding, ratio, TimeSpan.FromMinutes(minutes), before)?.ToString());
    }

    [Fact]
    public void Without_limits_nothing_ever_happens() =>
        Assert.Null(ShareLimitPolicy.Decide(new ShareLimits(null, null, SavedShareAction.RemoveWithData), true, 1e9, TimeSpan.MaxValue, false));
}
