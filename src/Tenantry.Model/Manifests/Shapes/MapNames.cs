using System.Text.RegularExpressions;
using Tenantry.Model.Naming;

namespace Tenantry.Model.Manifests.Shapes;

/// <summary>The kinds of names that are keys in the manifest.</summary>
internal static partial class MapNames
{
    public const string VariablePattern = "^[A-Za-z_][A-Za-z0-9_]*$";
    public const string SecretPattern = "^[A-Za-z][A-Za-z0-9_-]{0,63}$";

    private const string ReservedPrefix = "TENANTRY_";

    public static MapKeys Variables { get; } = new("NAME", VariablePattern, name =>
        !Variable().IsMatch(name) ? $"'{name}' cannot be the name of a variable: letters, digits and underscores, and no digit first."
        : name.StartsWith(ReservedPrefix, StringComparison.Ordinal) ? $"'{name}' is reserved: names that start with {ReservedPrefix} are Tenantry's own."
        : null);

    public static MapKeys Secrets { get; } = new("NAME", SecretPattern, name =>
        Secret().IsMatch(name) ? null : $"'{name}' cannot be the name of a secret: a letter, then up to 63 letters, digits, underscores and hyphens.");

    public static MapKeys Features { get; } = new("NAME", SecretPattern, name =>
        Secret().IsMatch(name) ? null : $"'{name}' cannot be the name of a feature: a letter, then up to 63 letters, digits, underscores and hyphens.");

    public static MapKeys Paths { get; } = new("PATH", PathValues.AbsolutePattern, name =>
        PathValues.AbsoluteProblem(name) is { } problem ? problem.Length > 0 ? problem : $"'{name}' is not an absolute path inside the instance, such as /etc/app.conf."
        : (PathValues.IsReserved(name) ? PathValues.ReservedMessage(name) : null));

    public static MapKeys Of(NameKind kind) => new("NAME", NamingRules.Pattern, name =>
        NamingRules.Check(kind, name) is { } problem ? $"{problem.Message} Try '{problem.Suggestion}'." : null);

    [GeneratedRegex(VariablePattern)]
    private static partial Regex Variable();

    [GeneratedRegex(SecretPattern)]
    private static partial Regex Secret();
}
