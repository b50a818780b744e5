using System.Globalization;

namespace Tenantry.Model.Manifests;

/// <summary>Sizes as people write them: <c>128MB</c> is 128,000,000 bytes, <c>64KiB</c> is 65,536, a bare number is bytes.</summary>
public static class SizeText
{
    internal const string Pattern = @"^[0-9]+(\.[0-9]+)?\s?(B|[kK]B|MB|GB|TB|KiB|MiB|GiB|TiB)$";

    private static readonly (string Unit, long Bytes)[] Units =
    [
        ("TiB", 1L << 40), ("TB", 1_000_000_000_000), ("GiB", 1L << 30), ("GB", 1_000_000_000), ("MiB", 1L << 20), ("MB", 1_000_000),
        ("KiB", 1L << 10), ("KB", 1_000), ("kB", 1_000), ("B", 1),
    ];

    /// <summary>Bytes, or null when the text is not a size of whole bytes below 8 EiB.</summary>
    public static long? Parse(string text)
    {
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes))
            return bytes;
        foreach (var (unit, factor) in Units)
        {
            if (!text.EndsWith(unit, StringComparison.Ordinal))
                continue;
            var number = text[..^unit.Length];
            if (number.EndsWith(' '))
                number = number[..^1];
            if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count) || !char.IsAsciiDigit(number[0]) || !char.IsAsciiDigit(number[^1]))
                return null;
            return count <= long.MaxValue / factor && count * factor is var exact && exact == decimal.Truncate(exact) ? (long)exact : null;
        }
        return null;
    }

    /// <summary>The shortest exact form, in the largest unit that gives a whole number.</summary>
    public static string Write(long bytes)
    {
        if (bytes > 0)
        {
            foreach (var (unit, factor) in Units)
            {
                if (bytes % factor == 0)
                    return (bytes / factor).ToString(CultureInfo.InvariantCulture) + unit;
            }
        }
        return bytes.ToString(CultureInfo.InvariantCulture);
    }
}
