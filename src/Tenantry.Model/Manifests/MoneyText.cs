using System.Globalization;

namespace Tenantry.Model.Manifests;

/// <summary>US dollars as people write them: <c>$5</c>, <c>$12.50</c>. A bare number is refused, since it could be cents.</summary>
public static class MoneyText
{
    internal const string Pattern = @"^\$[0-9]{1,7}(\.[0-9]{1,2})?$";

    /// <summary>Dollars, or null when the text is no amount of whole cents below $10,000,000.</summary>
    public static decimal? Parse(string text) =>
        System.Text.RegularExpressions.Regex.IsMatch(text, Pattern, System.Text.RegularExpressions.RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1))
            ? decimal.Parse(text.AsSpan(1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture)
            : null;

    /// <summary><c>$5</c>, <c>$12.50</c>.</summary>
    public static string Write(decimal dollars) =>
        "$" + dollars.ToString(dollars == decimal.Truncate(dollars) ? "0" : "0.00", CultureInfo.InvariantCulture);
}
