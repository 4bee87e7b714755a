using Spate.Daemon.State;

namespace Spate.Daemon.Policies;

/// <summary>
/// Switches between the limits and the alternative ones by the clock. Between two times of the schedule the user's own choice holds.
/// Not safe for several threads.
/// </summary>
internal sealed class LimitSchedule
{
    private bool? scheduled;

    /// <summary>Told the time again and again; answers true or false when the alternative limits shall begin or end, else null.</summary>
    /// <param name="schedule">The schedule; a changed one holds at once.</param>
    /// <param name="local">The time of this machine, as <c>TimeProvider.GetLocalNow</c> tells it.</param>
    public bool? Tick(SavedSchedule schedule, DateTimeOffset local)
    {
        if (!schedule.IsEnabled)
        {
            scheduled = null;
            return null;
        }
        bool now = IsInside(schedule.Windows, local.DateTime);
        if (scheduled == now) return null;
        scheduled = now;
        return now;
    }

    /// <summary>True when one of the windows is open at a time by the clock on the wall.</summary>
    public static bool IsInside(IReadOnlyList<SavedWindow> windows, DateTime local)
    {
        int minute = local.Hour * 60 + local.Minute;
        DayOfWeek today = local.DayOfWeek, yesterday = (DayOfWeek)(((int)today + 6) % 7);
        foreach (SavedWindow window in windows)
        {
            bool overnight = window.ToMinute <= window.FromMinute;
            if (window.Days.Contains(today) && minute >= window.FromMinute && (overnight || minute < window.ToMinute)) return true;
            if (overnight && window.Days.Contains(yesterday) && minute < window.ToMinute) return true;
        }
        return false;
    }
}
