using System.Globalization;
using Tenantry.Model.Manifests;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets;

/// <summary>Reads the options that an operator gave a target, each by what its kind knows, every mistake at once.</summary>
internal static class TargetOptions
{
    /// <summary>The usual options with those that were given. Throws a terminal <see cref="TargetException"/> that names every mistake.</summary>
    /// <param name="usual">Where nothing is said.</param>
    /// <param name="given">Key and value, as text.</param>
    /// <param name="known">Every key and what it means.</param>
    /// <param name="with">The options with one more of them, or null for a value that it cannot have.</param>
    internal static T Read<T>(T usual, IReadOnlyDictionary<string, string> given, IReadOnlyDictionary<string, string> known, Func<T, string, string, T?> with)
        where T : class
    {
        var read = usual;
        var mistakes = new List<string>();
        foreach (var (key, value) in given.OrderBy(option => option.Key, StringComparer.Ordinal))
        {
            if (!known.TryGetValue(key, out var meaning))
                mistakes.Add($"There is no option {key} (known: {string.Join(", ", known.Keys)}).{Nearest.Hint(key, known.Keys)}");
            else if (with(read, key, value) is { } next)
                read = next;
            else
                mistakes.Add($"Option {key} cannot be \"{value}\" ({meaning}).");
        }

        return mistakes.Count == 0 ? read : throw new TargetException(string.Join(" ", mistakes), retryable: false);
    }

    /// <summary>A whole number within these bounds, or null.</summary>
    internal static long? Number(string value, long least, long most = long.MaxValue) =>
        long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number : null;
}
