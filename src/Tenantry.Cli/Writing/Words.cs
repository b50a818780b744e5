using System.Buffers;
using System.Globalization;
using System.Text;
using Tenantry.Model.Manifests;

namespace Tenantry.Cli.Writing;

/// <summary>Quantities as people read and write them.</summary>
internal static class Words
{
    private const int TabStop = 8;

    private static readonly SearchValues<char> Unprintable = SearchValues.Create(
        [.. Enumerable.Range(0, 0x100).Select(c => (char)c).Where(c => char.IsControl(c) && c is not ('\t' or '\n')), .. "\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069\u2028\u2029"]);

    public static string Bytes(long? bytes) => QuantityText.Bytes(bytes);

    /// <inheritdoc cref="QuantityText.Age"/>
    public static string Age(TimeSpan age) => QuantityText.Age(age);

    /// <inheritdoc cref="QuantityText.Took"/>
    public static string Took(TimeSpan time) => QuantityText.Took(time);

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

    /// <summary>A text that does nothing to a terminal: what moves its cursor, sets its title or turns the direction of reading around is shown as U+FFFD.</summary>
    public static string Printable(string text) => text.AsSpan().IndexOfAny(Unprintable) < 0 ? text : string.Create(text.Length, text, (span, source) =>
    {
        for (var i = 0; i < source.Length; i++)
            span[i] = Unprintable.Contains(source[i]) ? '\uFFFD' : source[i];
    });

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
