using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Tenantry.Model.Manifests.Yaml;

namespace Tenantry.Model.Manifests.Shapes;

/// <summary>What came of parsing one text: a value, or a sentence that says what is wrong with it.</summary>
internal readonly record struct Parsed<T>(T? Value, string? Problem)
{
    public static Parsed<T> Ok(T value) => new(value, null);

    public static Parsed<T> Wrong(string problem) => new(default, problem);
}

/// <summary>A value written as one word or line.</summary>
internal sealed class TextShape<T>(string allowed, Func<YamlText, Parsed<T>> parse, Func<JsonObject> schema, Func<T, string?> write) : Shape<T>
{
    public override string Allowed => allowed;

    public override bool TryRead(YamlValue value, string path, ReadContext context, [MaybeNullWhen(false)] out T result)
    {
        if (value is not YamlText { IsNull: false } text)
            return Refuse(value, path, context, out result);
        var parsed = parse(text);
        result = parsed.Value!;
        if (parsed.Problem is null)
            return true;
        context.Report(path, value.Start, parsed.Problem.Length > 0 ? parsed.Problem : $"Expected {allowed}, found {value.Kind}.");
        return false;
    }

    public override JsonObject Schema() => schema();

    public override string? Text(T? value) => value is null && default(T) is not null ? null : write(value!);
}
