using System.Globalization;
using System.Text;

namespace Tenantry.Cli.Writing;

/// <summary>Quantities as people read and write them.</summary>
internal static class Words
{
    private const int TabStop = 8;

    public static string Bytes(long? bytes)
    {
        if (bytes is not { } value)
            return "-";
        string[] units = ["B", "kB", "MB", "GB", "TB"];
        var amount = (double)value;
        var unit = 0;
        while (Math.Abs(amount) >= 1000 && unit < units.Length - 1)
        {
            amount /= 1000;
            unit++;
        }

        return amount.ToString(unit == 0 || amount >= 100 ? "0" : "0.0", CultureInfo.InvariantCulture) + " " + units[unit];
    }

    /// <summary>Two units at most: <c>4d 3h</c>, <c>12m</c>, <c>5s</c>.</summary>
    public static string Age(TimeSpan age) => age switch
    {
        { TotalSeconds: < 1 } => "0s",
        { TotalMinutes: < 1 } => $"{(int)age.TotalSeconds}s",
        { TotalMinutes: < 10 } => $"{age.Minutes}m{(age.Seconds > 0 ? $" {age.Seconds}s" : "")}",
        { TotalHours: < 1 } => $"{age.Minutes}m",
        { TotalDays: < 1 } => $"{age.Hours}h{(age.Minutes > 0 ? $" {age.Minutes}m" : "")}",
        _ => $"{(int)age.TotalDays}d{(age.Hours > 0 ? $" {age.Hours}h" : "")}",
    };

    /// <summary>How long something took: milliseconds below ten, then seconds, then minutes.</summary>
    public static string Took(TimeSpan time) => time switch
    {
        { TotalMilliseconds: < 10 } => time.TotalMilliseconds.ToString("0.0", CultureInfo.InvariantCulture) + " ms",
        { TotalSeconds: < 1 } => time.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture) + " ms",
        { TotalMinutes: < 2 } => time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + " s",
        _ => Age(time),
    };

    /// <summary><c>90s</c>, <c>1h30m</c>, <c>500ms</c>; null when it is none.</summary>
    public static TimeSpan? ParseDuration(string text)
    {
        var total = TimeSpan.Zero;
        var rest = text.AsSpan().Trim();
        if (rest.IsEmpty)
            return null;
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept("0123456789.");
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
                return null;
            rest = rest[digits..];
            var letters = rest.IndexOfAny("0123456789.");
            var unit = letters < 0 ? rest : rest[..letters];
            double? seconds = unit switch { "ms" => 0.001, "s" => 1, "m" => 60, "h" => 3600, "d" => 86400, _ => null };
            if (seconds is not { } factor || number * factor > TimeSpan.FromDays(36500).TotalSeconds)
                return null;
            total += TimeSpan.FromSeconds(number * factor);
            rest = rest[unit.Length..];
        }

        return total;
    }

    /// <summary>The first line of a text, marked when more follow.</summary>
    public static string FirstLine(string text) => text.IndexOf('\n', StringComparison.Ordinal) is var end and >= 0 ? text[..end].TrimEnd() + " …" : text;

    /// <summary>The first line of a text as one row of a terminal holds it: no tabs, nothing that moves the cursor.</summary>
    public static string OneRow(string text)
    {
        var row = new StringBuilder();
        foreach (var c in FirstLine(text.TrimStart('\r', '\n')))
        {
            if (c == '\t')
                row.Append(' ', TabStop - row.Length % TabStop);
            else
                row.Append(char.IsControl(c) ? ' ' : c);
        }

        return row.ToString();
    }

    public static string Time(DateTimeOffset time) => time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    public static string Count(int count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";
}
