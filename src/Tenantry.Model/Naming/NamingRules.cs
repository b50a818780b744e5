using System.Text;

namespace Tenantry.Model.Naming;

/// <summary>Why a name cannot be used.</summary>
/// <param name="Message">One sentence that names the rule.</param>
/// <param name="Suggestion">The nearest name that can be used.</param>
public sealed record NameProblem(string Message, string Suggestion);

/// <summary>
/// One rule for every name that people choose: lower-case letters, digits and hyphens, the first and last a letter or digit, at most
/// <see cref="MaximumLength"/> characters, so that names fit into DNS labels and into the names that platforms derive from them.
/// </summary>
public static class NamingRules
{
    /// <summary>Leaves room, in a DNS label of 63, for what targets put before and after.</summary>
    public const int MaximumLength = 40;

    /// <summary>The rule as a regular expression, without the reserved names.</summary>
    public const string Pattern = "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$";

    private static readonly HashSet<string> ReservedForTenants = new(StringComparer.Ordinal)
    {
        "production", "development", "staging", "test", "dev", "prod",
        "www", "api", "admin", "app", "gateway", "tenantry", "localhost",
    };

    private static readonly HashSet<string> ReservedForTargets = new(StringComparer.Ordinal) { "all", "tenantry" };

    /// <summary>Names that nothing of that kind may have.</summary>
    public static IReadOnlySet<string> Reserved(NameKind kind) => kind switch
    {
        NameKind.Tenant => ReservedForTenants,
        NameKind.Target or NameKind.App or NameKind.Organization => ReservedForTargets,
        _ => new HashSet<string>(StringComparer.Ordinal),
    };

    /// <summary>What is wrong with a name, or null when it can be used.</summary>
    public static NameProblem? Check(NameKind kind, string value)
    {
        var broken = Broken(kind, value);
        return broken is null ? null : new NameProblem(broken, Suggest(kind, value));
    }

    /// <summary>The nearest valid name to any text: a display name, the local part of an e-mail address.</summary>
    public static string Suggest(NameKind kind, string text)
    {
        var plain = Plain(text);
        if (plain.Length == 0)
            plain = Word(kind);
        if (plain.Length > MaximumLength)
            plain = plain[..MaximumLength].TrimEnd('-');
        return Reserved(kind).Contains(plain) ? $"{plain}-{Word(kind)}" : plain;
    }

    private static string? Broken(NameKind kind, string value)
    {
        var what = Capitalized(Word(kind));
        if (value.Length == 0)
            return $"{what} name is empty.";
        if (value.Length > MaximumLength)
            return $"{what} name '{Shown(value)}' has {value.Length} characters; at most {MaximumLength} are allowed.";
        foreach (var c in value)
        {
            if (c is >= 'A' and <= 'Z')
                return $"{what} name '{value}' has the capital letter '{c}'; only lower-case letters, digits and hyphens are allowed.";
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-')
                return $"{what} name '{Shown(value)}' has {Named(c)}; only lower-case letters, digits and hyphens are allowed.";
        }
        if (value[0] == '-' || value[^1] == '-')
            return $"{what} name '{value}' {(value[0] == '-' ? "starts" : "ends")} with a hyphen; it must start and end with a letter or digit.";
        if (value.StartsWith("xn--", StringComparison.Ordinal))
            return $"{what} name '{value}' starts with 'xn--', which browsers take for an encoded international name.";
        return Reserved(kind).Contains(value) ? $"{what} name '{value}' is reserved." : null;
    }

    private static string Plain(string text)
    {
        var result = new StringBuilder();
        foreach (var c in text)
        {
            if (LatinFold.Of(c) is { } plain)
                result.Append(plain);
            else if (!IsJoining(c) && result.Length > 0 && result[^1] != '-')
                result.Append('-');
        }
        return result.ToString().Trim('-');
    }

    // O'Brien is one word, and so is a letter with its accent written apart.
    private static bool IsJoining(char c) => c is '\'' or '’' || char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.NonSpacingMark;

    private static string Named(char c) => char.IsControl(c) || char.IsSurrogate(c) ? "a character that is not allowed" : c == ' ' ? "a space" : $"the character '{c}'";

    // A message must not carry control characters to a terminal.
    private static string Shown(string value)
    {
        var safe = string.Concat(value.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
        return safe.Length <= 60 ? safe : safe[..60] + "…";
    }

    private static string Word(NameKind kind) => kind.ToString().ToLowerInvariant();

    private static string Capitalized(string word) => char.ToUpperInvariant(word[0]) + word[1..];
}
