using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Tenantry.Model.Manifests.Yaml;

namespace Tenantry.Model.Manifests.Shapes;

/// <summary>What the keys of a mapping may be when people choose them.</summary>
/// <param name="Placeholder">What the reference writes in their place: <c>NAME</c>.</param>
/// <param name="Pattern">The rule as a regular expression, for the schema.</param>
/// <param name="Problem">What is wrong with a key, or null.</param>
internal sealed record MapKeys(string Placeholder, string Pattern, Func<string, string?> Problem);

/// <summary>A mapping from names that people choose to values of one shape.</summary>
internal sealed class MapShape<T>(MapKeys keys, Shape<T> item, string items, bool atLeastOne = false) : Shape<IReadOnlyList<KeyValuePair<string, T>>>
{
    public override string Allowed => $"a mapping from {items}";

    public override bool TryRead(YamlValue value, string path, ReadContext context, [MaybeNullWhen(false)] out IReadOnlyList<KeyValuePair<string, T>> result)
    {
        if (value is not YamlMapping mapping)
            return Refuse(value, path, context, out result);
        var read = new List<KeyValuePair<string, T>>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (key, entry) in mapping.Entries)
        {
            var itemPath = PathText.Key(path, key.Text);
            if (!seen.Add(key.Text))
            {
                context.Report(itemPath, key.Start, $"'{key.Text}' is here twice.");
                continue;
            }
            context.Remember(itemPath, entry);
            context.RememberKey(itemPath, key.Start);
            if (keys.Problem(key.Text) is { } problem)
                context.Report(itemPath, key.Start, problem);
            if (item.TryRead(entry, itemPath, context, out var one))
                read.Add(KeyValuePair.Create(key.Text, one));
        }
        if (atLeastOne && mapping.Entries.Count == 0)
            context.Report(path, value.Start, $"Expected at least one entry in {Allowed}.");
        result = read;
        return true;
    }

    public override JsonObject Schema()
    {
        var schema = new JsonObject
        {
            ["type"] = "object",
            ["propertyNames"] = new JsonObject { ["pattern"] = keys.Pattern },
            ["additionalProperties"] = item.Schema(),
        };
        if (atLeastOne)
            schema["minProperties"] = 1;
        return schema;
    }

    public override IEnumerable<ManifestKey> Keys(string path) => item.Keys($"{path}.{keys.Placeholder}");
}
