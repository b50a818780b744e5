namespace Tenantry.Model.Manifests;

/// <summary>Finds the word that somebody most likely meant.</summary>
public static class Nearest
{
    /// <returns>The closest of the known words, or null when none is close.</returns>
    public static string? To(string word, IEnumerable<string> known)
    {
        var plain = Plain(word);
        var (best, distance) = known
            .Select(k => (Word: k, Distance: Distance(plain, Plain(k))))
            .OrderBy(k => k.Distance).ThenBy(k => Plain(k.Word).StartsWith(plain, StringComparison.Ordinal) ? 0 : 1).ThenBy(k => k.Word, StringComparer.Ordinal)
            .FirstOrDefault((Word: "", Distance: int.MaxValue));
        return distance <= Math.Max(1, plain.Length / 3) ? best : null;
    }

    /// <summary>A sentence to append to a message, or nothing.</summary>
    public static string Hint(string word, IEnumerable<string> known) => To(word, known) is { } near ? $" Did you mean '{near}'?" : "";

    // depends_on, depends-on and dependsOn are one word to a person.
    private static string Plain(string word) =>
        string.Concat(word.Where(c => c is not ('-' or '_'))).ToLowerInvariant();

    /// <summary>Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other.</summary>
    private static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
            d[i, 0] = i;
        for (var j = 0; j <= b.Length; j++)
            d[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                d[i, j] = Math.Min(Math.Min(d[i - 1, j], d[i, j - 1]) + 1, d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        }
        return d[a.Length, b.Length];
    }
}
