using System.Text;
using System.Text.RegularExpressions;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;

namespace Tenantry.Server.Secrets;

/// <summary>What a value must be like. Messages tell the rule, never the value.</summary>
public static class SecretValues
{
    /// <summary>In UTF-8.</summary>
    public const int LongestBytes = 64 * 1024;
    private static readonly TimeSpan PatternPatience = TimeSpan.FromSeconds(1);

    /// <summary>Throws a <see cref="ProblemException"/> when something is wrong with it.</summary>
    public static void Check(SecretDefinition declared, string value)
    {
        if (Problem(declared, value) is { } problem)
            throw ProblemException.Invalid("value", problem);
    }

    /// <summary>Every mistake of several values.</summary>
    public static void Check(IEnumerable<(SecretDefinition Declared, string Value)> values)
    {
        var errors = values.Select(one => (one.Declared.Name, Problem: Problem(one.Declared, one.Value))).Where(one => one.Problem is not null)
            .Select(one => new ProblemError($"values.{one.Name}", one.Problem!)).ToList();
        if (errors.Count > 0)
            throw ProblemException.Invalid(errors);
    }

    /// <summary>What is wrong with it, or null.</summary>
    public static string? Problem(SecretDefinition declared, string value)
    {
        if (value.Length == 0)
            return "An empty value is not a value.";
        if (Encoding.UTF8.GetByteCount(value) > LongestBytes)
            return $"A value of at most {LongestBytes} bytes is expected.";
        if (value.Contains('\0', StringComparison.Ordinal))
            return "A value without the character NUL is expected: a variable cannot hold it. Write binary values in base64.";
        if (declared.Pattern is null)
            return null;
        try
        {
            return Regex.IsMatch(value, $@"\A(?:{declared.Pattern})\z", RegexOptions.CultureInvariant, PatternPatience)
                ? null
                : $"The manifest wants a value that matches {declared.Pattern}; this one does not.";
        }
        catch (RegexMatchTimeoutException)
        {
            return $"The manifest's pattern {declared.Pattern} takes too long on this value.";
        }
    }
}
