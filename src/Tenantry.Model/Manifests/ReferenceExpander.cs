using System.Text;

namespace Tenantry.Model.Manifests;

/// <summary>A text names something that has no value.</summary>
public sealed class UnknownReferenceException(Reference reference)
    : Exception(reference.IsClosed
        ? $"Line {reference.Line}, column {reference.Column}: ${{{reference.Name}}} has no value. Write $${{{reference.Name}}} if the text itself is meant."
        : $"Line {reference.Line}, column {reference.Column}: '${{' is never closed. Write '$${{' if the text itself is meant.")
{
    public Reference Reference { get; } = reference;
}

/// <summary>Puts values in the place of references.</summary>
public static class ReferenceExpander
{
    /// <summary>
    /// The text with every reference replaced by what <paramref name="value"/> gives for its name, and <c>$${</c> by <c>${</c>. Values are
    /// taken as they are: a reference inside a value is not expanded.
    /// </summary>
    /// <exception cref="UnknownReferenceException"><paramref name="value"/> gave null. The message never holds a value.</exception>
    public static string Expand(string text, Func<string, string?> value)
    {
        var result = new StringBuilder(text.Length);
        var from = 0;
        foreach (var reference in References.In(text))
        {
            Copy(text, from, reference.Index, result);
            result.Append((reference.IsClosed ? value(reference.Name) : null) ?? throw new UnknownReferenceException(reference));
            from = reference.Index + reference.Length;
        }
        Copy(text, from, text.Length, result);
        return result.ToString();
    }

    private static void Copy(string text, int from, int to, StringBuilder result) =>
        result.Append(text[from..to].Replace("$${", "${", StringComparison.Ordinal));
}
