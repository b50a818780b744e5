using System.Globalization;

namespace Tenantry.Model.Manifests;

/// <summary>Quantities as people read them: rounded, in one unit.</summary>
public static class QuantityText
{
    private static readonly string[] Units = ["B", "kB", "MB", "GB", "TB"];

    /// <summary><c>1.5 MB</c>, in powers of 1000; <c>-</c> when it is not known.</summary>
    public static string Bytes(long? bytes)
    {
        if (bytes is not { } value)
            return "-";
        var amount = (double)value;
        var unit = 0;
        while (Math.Abs(amount) >= 1000 && unit < Units.Length - 1)
        {
            amount /= 1000;
            unit++;
        }

        return amount.ToString(unit == 0 || amount >= 100 ? "0" : "0.0", CultureInfo.InvariantCulture) + " " + Units[unit];
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

    /// <summary>How long something took: milliseconds below a second, then seconds, then minutes.</summary>
    public static string Took(TimeSpan time) => time switch
    {
        { TotalMilliseconds: < 10 } => time.TotalMilliseconds.ToString("0.0", CultureInfo.InvariantCulture) + " ms",
        { TotalSeconds: < 1 } => time.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture) + " ms",
        { TotalMinutes: < 2 } => time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + " s",
        _ => Age(time),
    };

    /// <summary><c>1 instance</c>, <c>3 instances</c>.</summary>
    public static string Count(int count, string noun) => string.Create(CultureInfo.InvariantCulture, $"{count:#,0} {noun}{(count == 1 ? "" : "s")}");
}
