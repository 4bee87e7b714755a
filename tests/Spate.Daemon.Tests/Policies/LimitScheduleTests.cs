using Spate.Daemon.Policies;
using Spate.Daemon.State;

namespace Spate.Daemon.Tests.Policies;

public sealed class LimitScheduleTests
{
    private static readonly DayOfWeek[] workdays = [DayOfWeek.Monday, DayOfWeek.Tuesday, DayOfWeek.Wednesday, DayOfWeek.Thursday, DayOfWeek.Friday];

    // 2026-11-20 is a Friday.
    [Theory]
    [InlineData(8 * 60, 17 * 60, "2026-11-20T08:00", true)]
    [InlineData(8 * 60, 17 * 60, "2026-11-20T07:59", false)]
    [InlineData(8 * 60, 17 * 60, "2026-11-20T16:59", true)]
    [InlineData(8 * 60, 17 * 60, "2026-11-20T17:00", false)]
    [InlineData(8 * 60, 17 * 60, "2026-11-21T12:00", false)]
    [InlineData(22 * 60, 6 * 60, "2026-11-20T23:00", true)]
    [InlineData(22 * 60, 6 * 60, "2026-11-21T05:59", true)] // began on Friday
    [InlineData(22 * 60, 6 * 60, "2026-11-21T22:30", false)]
    [InlineData(22 * 60, 6 * 60, "2026-11-23T05:00", false)] // Monday: would have begun on Sunday
    [InlineData(0, 24 * 60, "2026-11-20T23:59", true)]
    [InlineData(0, 24 * 60, "2026-11-21T00:00", false)]
    [InlineData(600, 600, "2026-11-21T09:59", true)] // the whole day from ten to ten
    [InlineData(600, 600, "2026-11-21T10:00", false)]
    public void A_window_opens_on_its_days(int from, int to, string time, bool inside)
    {
        SavedWindow[] windows = [new() { Days = workdays, FromMinute = from, ToMinute = to }];
        Assert.Equal(inside, LimitSchedule.IsInside(windows, DateTime.Parse(time, System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void It_switches_at_the_edges_and_leaves_the_user_his_choice_between_them()
    {
        var schedule = new LimitSchedule();
        var settings = new SavedSchedule { IsEnabled = true, Windows = [new SavedWindow { Days = workdays, FromMinute = 480, ToMinute = 1020 }] };
        DateTimeOffset friday = new(2026, 11, 20, 7, 0, 0, TimeSpan.Zero);
        Assert.False(schedule.Tick(settings, friday));
        Assert.Null(schedule.Tick(settings, friday.AddMinutes(30)));
        Assert.True(schedule.Tick(settings, friday.AddHours(1)));
        Assert.Null(schedule.Tick(settings, friday.AddHours(2))); // whatever the user switched meanwhile
        Assert.False(schedule.Tick(settings, friday.AddHours(10)));
        Assert.Null(schedule.Tick(settings with { IsEnabled = false }, friday.AddHours(25)));
        Assert.False(schedule.Tick(settings, friday.AddHours(26)));
    }

    [Fact]
    public void A_day_of_23_or_25_hours_keeps_to_the_clock_on_the_wall()
    {
        TimeZoneInfo zone = TimeZoneInfo.CreateCustomTimeZone("test", TimeSpan.FromHours(1), "test", "test", "summer",
        [
            TimeZoneInfo.AdjustmentRule.CreateAdjustmentRule(
                DateTime.MinValue.Date, DateTime.MaxValue.Date, TimeSpan.FromHours(1),
                TimeZoneInfo.TransitionTime.CreateFloatingDateRule(new DateTime(1, 1, 1, 2, 0, 0), 3, 5, DayOfWeek.Sunday),
                TimeZoneInfo.TransitionTime.CreateFloatingDateRule(new DateTime(1, 1, 1, 3, 0, 0), 10, 5, DayOfWeek.Sunday)),
        ]);
        SavedWindow[] windows = [new() { Days = [DayOfWeek.Sunday], FromMinute = 150, ToMinute = 210 }]; // 02:30 to 03:30
        Assert.Equal(30, Open(new DateTime(2026, 3, 29, 0, 0, 0, DateTimeKind.Utc))); // 02:00 is 03:00
        Assert.Equal(90, Open(new DateTime(2026, 10, 25, 0, 0, 0, DateTimeKind.Utc))); // 02:30 comes twice
        Assert.Equal(60, Open(new DateTime(2026, 11, 22, 0, 0, 0, DateTimeKind.Utc)));

        int Open(DateTime from) => Enumerable.Range(0, 300).Count(minute =>
            LimitSchedule.IsInside(windows, TimeZoneInfo.ConvertTimeFromUtc(from.AddMinutes(minute), zone)));
    }
}
