using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Tenantry.Model.Manifests.Yaml;

namespace Tenantry.Model.Manifests.Shapes;

/// <summary>A value with a short and a long form, told apart by whether it is text, a list or a mapping.</summary>
internal sealed class ChoiceShape<T>(Shape<T>? text = null, Shape<T>? list = null, Shape<T>? mapping = null) : Shape<T>
{
    private IEnumerable<Shape<T>> Forms => new[] { text, list, mapping }.OfType<Shape<T>>();

    public override string Allowed => string.Join(", or ", Forms.Select(f => f.Allowed));

    public override bool TryRead(YamlValue value, string path, ReadContext context, [MaybeNullWhen(false)] out T result)
    {
        var form = value switch
        {
            YamlText { IsNull: false } => text,
            YamlList => list,
            YamlMapping => mapping,
            _ => null,
        };
        return form is null ? Refuse(value, path, context, out result) : form.TryRead(value, path, context, out result);
    }

    public override JsonObject Schema() => new() { ["anyOf"] = new JsonArray([.. Forms.Select(f => f.Schema())]) };

    public override string? Text(T? value) => Forms.Select(f => f.Text(value)).FirstOrDefault(t => t is not null);

    public override IEnumerable<ManifestKey> Keys(string path) => Forms.SelectMany(f => f.Keys(path));
}

/// <summary>A value read in one shape and kept as another type.</summary>
internal sealed class MappedShape<TIn, TOut>(Shape<TIn> inner, Func<TIn, TOut> map, Func<TOut, TIn>? back = null) : Shape<TOut>
{
    public override string Allowed => inner.Allowed;

    public override bool TryRead(YamlValue value, string path, ReadContext context, [MaybeNullWhen(false)] out TOut result)
    {
        if (inner.TryRead(value, path, context, out var read))
        {
            result = map(read);
            return true;
        }
        result = default;
        return false;
    }

    public override JsonObject Schema() => inner.Schema();

    public override string? Text(TOut? value) => back is null || value is null ? null : inner.Text(back(value));

    public override IEnumerable<ManifestKey> Keys(string path) => inner.Keys(path);
}
