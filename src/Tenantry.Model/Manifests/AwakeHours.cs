namespace Tenantry.Model.Manifests;

/// <summary>Tells whether a schedule keeps an instance awake at a moment, by the clocks on the wall of its time zone.</summary>
public static class AwakeHours
{
    /// <summary>
    /// True while the moment is in the stretch. An hour that is skipped in spring has no moments; one that comes twice in autumn is in the stretch
    /// both times. A time zone that this machine does not know counts as awake: in doubt it is.
    /// </summary>
    public static bool Covers(AwakeSchedule schedule, DateTimeOffset moment)
    {
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(schedule.TimeZone, out var zone))
            return true;
        var local = TimeZoneInfo.ConvertTime(moment, zone);
        var time = TimeOnly.FromTimeSpan(local.TimeOfDay);
        var today = schedule.Days.Contains(local.DayOfWeek);
        if (schedule.To > schedule.From)
            return today && time >= schedule.From && time < schedule.To;
        var yesterday = schedule.Days.Contains((DayOfWeek)(((int)local.DayOfWeek + 6) % 7));
        return (today && time >= schedule.From) || (yesterday && time < schedule.To);
    }
}
