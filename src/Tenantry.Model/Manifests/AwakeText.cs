using System.Globalization;

namespace Tenantry.Model.Manifests;

/// <summary>Stretches of the week as people write them: <c>Mon-Fri 08:00-19:00 Europe/Berlin</c>, <c>Sat,Sun 10:00-14:00</c>, <c>daily 06:00-07:30 UTC</c>.</summary>
public static class AwakeText
{
    private static readonly string[] Names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

    /// <summary>The schedule, or null when the text is none. Whether the time zone exists is not looked at.</summary>
    public static AwakeSchedule? Parse(string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length is not (2 or 3) || ParseDays(words[0]) is not { } days)
            return null;
        var times = words[1].Split('-');
        return times.Length == 2 && ParseTime(times[0]) is { } from && ParseTime(times[1]) is { } to
            ? new AwakeSchedule { Days = days, From = from, To = to, TimeZone = words.Length == 3 ? words[2] : "UTC" }
            : null;
    }

    /// <summary>The form that <see cref="Parse"/> reads.</summary>
    public static string Write(AwakeSchedule schedule) =>
        $"{(schedule.Days.Count == 7 ? "daily" : string.Join(',', schedule.Days.Select(d => Names[Number(d)])))} {schedule.From.ToString("HH:mm", CultureInfo.InvariantCulture)}-{schedule.To.ToString("HH:mm", CultureInfo.InvariantCulture)} {schedule.TimeZone}";

    private static TimeOnly? ParseTime(string text) =>
        TimeOnly.TryParseExact(text == "24:00" ? "00:00" : text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? time : null;

    private static DayOfWeek[]? ParseDays(string text)
    {
        if (text == "daily")
            return Days(Enumerable.Range(0, 7));
        var numbers = new SortedSet<int>();
        foreach (var part in text.Split(','))
        {
            var ends = Array.ConvertAll(part.Split('-'), name => Array.FindIndex(Names, n => n.Equals(name, StringComparison.OrdinalIgnoreCase)));
            if (ends.Length > 2 || ends.Contains(-1))
                return null;
            for (var day = ends[0]; ; day = (day + 1) % 7)
            {
                numbers.Add(day);
                if (day == ends[^1])
                    break;
            }
        }
        return Days(numbers);
    }

    private static DayOfWeek[] Days(IEnumerable<int> numbers) => [.. numbers.Select(n => (DayOfWeek)((n + 1) % 7))];

    private static int Number(DayOfWeek day) => ((int)day + 6) % 7;
}
