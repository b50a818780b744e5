using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Tenantry.Model.Manifests.Yaml;

namespace Tenantry.Model.Manifests.Shapes;

/// <summary>A list whose items all have one shape. Broken items are reported and left out.</summary>
internal sealed class ListShape<T>(Shape<T> item, string items, int minimum = 0) : Shape<IReadOnlyList<T>>
{
    public override string Allowed => minimum == 0 ? $"a list of {items}" : $"a list of {items}, at least one";

    public override bool TryRead(YamlValue value, string path, ReadContext context, [MaybeNullWhen(false)] out IReadOnlyList<T> result)
    {
        if (value is not YamlList list)
            return Refuse(value, path, context, out result);
        var read = new List<T>();
        for (var i = 0; i < list.Items.Count; i++)
        {
            var itemPath = PathText.Item(path, i);
            context.Remember(itemPath, list.Items[i]);
            if (item.TryRead(list.Items[i], itemPath, context, out var one))
                read.Add(one);
            else
                context.RememberIncomplete(path);
        }
        if (list.Items.Count < minimum)
            context.Report(path, value.Start, $"Expected {Allowed}, found an empty list.");
        result = read;
        return true;
    }

    public override JsonObject Schema()
    {
        var schema = new JsonObject { ["type"] = "array", ["items"] = item.Schema() };
        if (minimum > 0)
            schema["minItems"] = minimum;
        return schema;
    }

    public override string? Text(IReadOnlyList<T>? value) => value is null or { Count: 0 } ? null : $"[{string.Join(", ", value.Select(v => item.Text(v)))}]";

    public override IEnumerable<ManifestKey> Keys(string path) => item.Keys(path + "[]");
}
