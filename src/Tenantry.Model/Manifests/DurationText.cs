using System.Globalization;
using System.Text;

namespace Tenantry.Model.Manifests;

/// <summary>Durations as people write them: <c>500ms</c>, <c>30s</c>, <c>10m</c>, <c>1h30m</c>, <c>2d</c>.</summary>
public static class DurationText
{
    internal const string Pattern = "^(?=.)([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$";

    /// <summary>The longest that can be written.</summary>
    public static readonly TimeSpan Maximum = TimeSpan.FromDays(3650);

    private static readonly (string Unit, long Ticks)[] Units =
    [
        ("d", TimeSpan.TicksPerDay), ("h", TimeSpan.TicksPerHour), ("m", TimeSpan.TicksPerMinute), ("s", TimeSpan.TicksPerSecond), ("ms", TimeSpan.TicksPerMillisecond),
    ];

    /// <summary>The duration, or null when the text is none: whole numbers, each with a unit, the larger units first, each unit once.</summary>
    public static TimeSpan? Parse(string text)
    {
        var (ticks, from, nextUnit) = (0L, 0, 0);
        while (from < text.Length)
        {
            var unitAt = from;
            while (unitAt < text.Length && char.IsAsciiDigit(text[unitAt]))
                unitAt++;
            var end = unitAt;
            while (end < text.Length && char.IsAsciiLetter(text[end]))
                end++;
            var unit = Array.FindIndex(Units, u => u.Unit == text[unitAt..end]);
            if (unit < nextUnit || !long.TryParse(text.AsSpan(from, unitAt - from), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
                return null;
            if (count > Maximum.Ticks / Units[unit].Ticks || (ticks += count * Units[unit].Ticks) > Maximum.Ticks)
                return null;
            (from, nextUnit) = (end, unit + 1);
        }
        return text.Length == 0 ? null : new TimeSpan(ticks);
    }

    /// <summary>The shortest exact form; what is below a millisecond is left out.</summary>
    public static string Write(TimeSpan duration)
    {
        var rest = duration.Ticks;
        var text = new StringBuilder();
        foreach (var (unit, ticks) in Units)
        {
            if (rest / ticks is var count and > 0)
                text.Append(CultureInfo.InvariantCulture, $"{count}{unit}");
            rest %= ticks;
        }
        return text.Length == 0 ? "0s" : text.ToString();
    }
}
