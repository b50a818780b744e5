using System.Text;
using System.Text.Encodings.Web;
using System.Text.RegularExpressions;

namespace Tenantry.Model.Workloads;

/// <summary>
/// Takes the values of secrets out of what a program wrote. A value is found whole and by each of its lines, as it is, in JSON, in an URL and in base64. What
/// is shorter than <see cref="LeastPart"/> is found only where it stands alone, and shorter than <see cref="LeastWord"/> not at all: it is no secret, and would
/// spoil every sentence.
/// </summary>
public sealed class SecretMask
{
    /// <summary>What stands in the place of a value.</summary>
    public const string Shown = "***";

    private const int LeastPart = 6;
    private const int LeastWord = 4;
    private readonly string[] _parts;
    private readonly Regex[] _words;

    /// <summary>Makes one for these values.</summary>
    public SecretMask(IEnumerable<string> values)
    {
        var known = values.SelectMany(Pieces).ToHashSet(StringComparer.Ordinal);
        _parts = [.. known.Where(piece => piece.Length >= LeastPart).SelectMany(Forms).Distinct(StringComparer.Ordinal).OrderByDescending(form => form.Length)];
        _words = [.. known.Where(piece => piece.Length is >= LeastWord and < LeastPart)
            .Select(word => new Regex($@"(?<![\p{{L}}\p{{N}}]){Regex.Escape(word)}(?![\p{{L}}\p{{N}}])", RegexOptions.CultureInvariant))];
    }

    /// <summary>Finds nothing.</summary>
    public static SecretMask None { get; } = new([]);

    /// <summary>The text without them.</summary>
    public string Of(string text)
    {
        if (text.Length < LeastWord)
            return text;
        foreach (var part in _parts)
            text = text.Replace(part, Shown, StringComparison.Ordinal);
        foreach (var word in _words)
            text = word.Replace(text, Shown);
        return text;
    }

    private static IEnumerable<string> Pieces(string value) =>
        value.Split(['\n', '\r'], StringSplitOptions.TrimEntries).Prepend(value.Trim()).Prepend(value).Where(piece => piece.Length > 0);

    private static IEnumerable<string> Forms(string piece)
    {
        yield return piece;
        yield return JavaScriptEncoder.Default.Encode(piece);
        yield return JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(piece);
        yield return Uri.EscapeDataString(piece);
        yield return Convert.ToBase64String(Encoding.UTF8.GetBytes(piece)).TrimEnd('=');
    }
}
