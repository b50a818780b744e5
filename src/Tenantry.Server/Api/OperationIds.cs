namespace Tenantry.Server.Api;

/// <summary>
/// Names of operations for whoever makes a client from the description: <c>listInstances</c>, <c>getLogsOfInstance</c>, <c>sleepInstance</c>. What changes something is called as the audit
/// calls it.
/// </summary>
internal static class OperationIds
{
    /// <param name="method">Of HTTP.</param>
    /// <param name="path">Such as <c>/v1/instances/{slug}/logs</c>.</param>
    /// <param name="action">What the audit calls it, such as <c>instance.sleep</c>; null: it changes nothing.</param>
    /// <param name="isList">Whether it is a list in parts.</param>
    public static string Of(string method, string path, string? action, bool isList)
    {
        var parts = path.Trim('/').Split('/').Skip(1).ToArray();
        var first = Singular(parts[0]);
        if (action?.Split('.') is [var noun, var verb])
        {
            // Many at once.
            var things = method == "PATCH" && verb == "set" ? noun + "s" : noun;
            return Camel(verb) + Pascal(things) + (noun == first || noun.StartsWith(first + '-', StringComparison.Ordinal) ? "" : "Of" + Pascal(first));
        }

        if (method == "POST")
            return parts is [_, ['{', ..], var done] ? Camel(done) + Pascal(first) : Camel(string.Join('-', parts));
        var named = parts.Where(part => part[0] != '{').ToArray();
        var isOne = parts[^1][0] == '{';
        var last = isOne ? Singular(named[^1]) : named[^1];
        var prefix = isList ? "list" : Camel(method.ToLowerInvariant());
        return named.Length == 1 || !parts.Any(part => part[0] == '{') ? prefix + Pascal(string.Join('-', [.. named[..^1], last])) : prefix + Pascal(last) + "Of" + Pascal(first);
    }

    private static string Singular(string word) => word switch
    {
        "people" => "person",
        _ when word.EndsWith("ies", StringComparison.Ordinal) => word[..^3] + "y",
        _ when word.EndsWith('s') => word[..^1],
        _ => word,
    };

    private static string Pascal(string words) => string.Concat(words.Split('-', StringSplitOptions.RemoveEmptyEntries).Select(word => char.ToUpperInvariant(word[0]) + word[1..]));

    private static string Camel(string words) => Pascal(words) is var text ? char.ToLowerInvariant(text[0]) + text[1..] : "";
}
