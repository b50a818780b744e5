namespace Tenantry.Model.Manifests;

/// <summary>One <c>${name}</c> in a text.</summary>
/// <param name="Name">What stands between the braces.</param>
/// <param name="Index">Where its <c>$</c> stands, from 0.</param>
/// <param name="Length">Characters from <c>$</c> to <c>}</c>.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
/// <param name="IsClosed">Whether the closing brace is there, on the same line.</param>
public sealed record Reference(string Name, int Index, int Length, int Line, int Column, bool IsClosed);

/// <summary>
/// The references that environment values and file templates may hold. <c>${tenant.name}</c> stands for a value, <c>$${</c>
/// for the two characters <c>${</c>; a <c>$</c> before anything else is itself.
/// </summary>
public static class References
{
    /// <summary>The references that every instance has, and what they stand for.</summary>
    public static IReadOnlyDictionary<string, string> Fixed { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["tenant.name"] = "the tenant's name",
        ["tenant.displayName"] = "the tenant's name as people write it",
        ["tenant.organization"] = "the organization that the tenant belongs to",
        ["instance.slug"] = "the instance's DNS label",
        ["instance.url"] = "the address that people open",
        ["instance.host"] = "the host name in that address",
        ["instance.environment"] = "the environment, prod unless said",
        ["app.name"] = "the app's name",
        ["app.version"] = "the app's version",
        ["tier.name"] = "the tier's name",
        ["tier.memoryMb"] = "the tier's memory in whole megabytes (of 1,000,000 bytes)",
        ["release.id"] = "the release that runs",
    };

    /// <summary>The references that depend on the manifest: prefix, what follows it, and what they stand for.</summary>
    public static IReadOnlyDictionary<string, string> Families { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["feature.NAME"] = "the tenant's value of a feature",
        ["secret.NAME"] = "the value of a secret",
        ["service.NAME.host"] = "the name or address at which a service of the same instance is reached",
        ["service.NAME.port"] = "its first port",
    };

    /// <summary>Every reference of the text in order. An unclosed <c>${</c> is one with the rest of its line as its name.</summary>
    public static IReadOnlyList<Reference> In(string text)
    {
        var found = new List<Reference>();
        int line = 1, lineStart = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\n')
            {
                line++;
                lineStart = i + 1;
            }
            if (text[i] != '$')
                continue;
            if (IsAt(text, i, "$${"))
            {
                i += 2;
            }
            else if (IsAt(text, i, "${"))
            {
                var end = text.AsSpan(i).IndexOfAny('}', '\n') is var e && e >= 0 ? i + e : text.Length;
                var closed = end < text.Length && text[end] == '}';
                found.Add(new Reference(text[(i + 2)..end], i, (closed ? end + 1 : end) - i, line, i - lineStart + 1, closed));
                i = closed ? end : end - 1;
            }
        }
        return found;
    }

    /// <summary>The name after <c>secret.</c>, or null when the reference is of another kind.</summary>
    public static string? SecretName(string reference) =>
        reference.StartsWith("secret.", StringComparison.Ordinal) ? reference["secret.".Length..] : null;

    /// <summary>Whether its name begins like one of ours, so that it is hardly meant for a shell.</summary>
    internal static bool IsKnownKind(Reference reference) =>
        reference.Name.Split('.') is ["tenant" or "instance" or "app" or "tier" or "release" or "feature" or "secret" or "service", _, ..];

    private static bool IsAt(string text, int index, string what) => string.CompareOrdinal(text, index, what, 0, what.Length) == 0;
}
