namespace Tenantry.Model.Manifests;

/// <summary>Tells whether a schedule keeps an instance awake at a moment, by the clocks on the wall of its time zone.</summary>
public static class AwakeHours
{
    // More than the stretches of a week that follow each other.
    private const int MostJoined = 50;

    // A week in which the hour of the only stretch is skipped, and the next.
    private const int MostDays = 14;

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

    /// <summary>True while the moment is in a stretch that began after <paramref name="after"/>. Stretches without a gap between them are one, which may have no begin at all.</summary>
    public static bool BeganAfter(IReadOnlyList<AwakeSchedule> schedules, DateTimeOffset moment, DateTimeOffset after)
    {
        var begin = moment;
        for (var joined = 0; joined < MostJoined; joined++)
        {
            var before = begin - TimeSpan.FromTicks(joined == 0 ? 0 : 1);
            if (schedules.FirstOrDefault(schedule => Covers(schedule, before)) is not { } schedule)
                return joined > 0 && begin > after;
            if (begin <= after || BeginOf(schedule, before) is not { } earlier)
                return false;
            begin = earlier;
        }

        return false;
    }

    /// <summary>True when a stretch of them begins after that: there is a gap between them, by clocks that this machine knows.</summary>
    public static bool BeginAgain(IReadOnlyList<AwakeSchedule> schedules, DateTimeOffset after) => schedules.Any(schedule =>
        TimeZoneInfo.TryFindSystemTimeZoneById(schedule.TimeZone, out var zone) &&
        Enumerable.Range(0, MostDays + 1)
            .Select(DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(after, zone).DateTime).AddDays)
            .Where(day => schedule.Days.Contains(day.DayOfWeek))
            .Select(day => BeginOn(day, schedule.From, zone))
            .Any(begin => begin > after && BeganAfter(schedules, begin, begin.AddTicks(-1))));

    // Of the stretch that the moment is in; null in a time zone that this machine does not know.
    private static DateTimeOffset? BeginOf(AwakeSchedule schedule, DateTimeOffset moment)
    {
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(schedule.TimeZone, out var zone))
            return null;
        var local = TimeZoneInfo.ConvertTime(moment, zone);
        var isToday = schedule.Days.Contains(local.DayOfWeek) && TimeOnly.FromTimeSpan(local.TimeOfDay) >= schedule.From;
        var found = BeginOn(DateOnly.FromDateTime(local.DateTime).AddDays(isToday ? 0 : -1), schedule.From, zone);
        return found < moment ? found : moment;
    }

    private static DateTimeOffset BeginOn(DateOnly day, TimeOnly from, TimeZoneInfo zone)
    {
        var begin = day.ToDateTime(from);
        // One that is skipped begins when the clocks go on; of an hour that comes twice, it is the first.
        while (zone.IsInvalidTime(begin))
            begin = begin.AddMinutes(1);
        var offset = zone.IsAmbiguousTime(begin) ? zone.GetAmbiguousTimeOffsets(begin).Max() : zone.GetUtcOffset(begin);
        return new DateTimeOffset(begin, offset);
    }
}
