namespace Tenantry.Model.Naming;

/// <summary>Plain letters for accented ones. Unicode normalization is no help: it does nothing where globalization is invariant.</summary>
internal static class LatinFold
{
    private static readonly Dictionary<char, string> Plain = Table(
        ("a", "àáâãäåāăąǎ"), ("c", "çćĉċč"), ("d", "ďđð"), ("e", "èéêëēĕėęě"), ("g", "ĝğġģ"), ("h", "ĥħ"), ("i", "ìíîïĩīĭįıǐ"),
        ("j", "ĵ"), ("k", "ķĸ"), ("l", "ĺļľŀł"), ("n", "ñńņňŉŋ"), ("o", "òóôõöøōŏőǒ"), ("r", "ŕŗř"), ("s", "śŝşšșſ"), ("t", "ţťŧț"),
        ("u", "ùúûüũūŭůűųǔ"), ("w", "ŵ"), ("y", "ýÿŷ"), ("z", "źżž"), ("ss", "ß"), ("ae", "æ"), ("oe", "œ"), ("th", "þ"), ("ij", "ĳ"));

    /// <summary>Lower-case ASCII letters or digits for the character, or null when it stands for none.</summary>
    public static string? Of(char c)
    {
        var lower = char.ToLowerInvariant(c);
        return char.IsAsciiLetterOrDigit(lower) ? lower.ToString() : Plain.GetValueOrDefault(lower);
    }

    private static Dictionary<char, string> Table(params ReadOnlySpan<(string Plain, string Accented)> groups)
    {
        var table = new Dictionary<char, string>();
        foreach (var (plain, accented) in groups)
        {
            foreach (var c in accented)
                table.Add(c, plain);
        }
        return table;
    }
}
