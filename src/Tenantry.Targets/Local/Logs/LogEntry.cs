using System.Globalization;

namespace Tenantry.Targets.Local.Logs;

/// <summary>
/// A line of a log file: <c>TIME o|e OFFSET TEXT</c>. The offset is where the raw output continues after it, so that after any crash the
/// log itself says what of the raw output it has.
/// </summary>
internal readonly record struct LogEntry(DateTimeOffset At, bool IsError, long NextOffset, string Text)
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{At.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture)} {(IsError ? 'e' : 'o')} {NextOffset} {Text}\n");

    /// <summary>Reads a line without its end; null for one that is none.</summary>
    internal static LogEntry? Parse(string line)
    {
        var parts = line.Split(' ', 4);
        if (parts.Length != 4 || parts[1] is not ("o" or "e")
            || !DateTimeOffset.TryParseExact(parts[0], TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            || !long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var offset))
            return null;
        return new LogEntry(at, parts[1] == "e", offset, parts[3]);
    }
}
