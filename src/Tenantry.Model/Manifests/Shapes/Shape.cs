using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Tenantry.Model.Manifests.Yaml;

namespace Tenantry.Model.Manifests.Shapes;

/// <summary>What a value of the manifest may be. One description reads it, explains mistakes, and gives the JSON schema and the reference.</summary>
internal abstract class Shape<T>
{
    /// <summary>What is allowed, as it stands after "expected": <c>a duration such as 30s</c>.</summary>
    public abstract string Allowed { get; }

    /// <summary>Reads the value and reports every mistake in it. False when there is nothing to go on with.</summary>
    public abstract bool TryRead(YamlValue value, string path, ReadContext context, [MaybeNullWhen(false)] out T result);

    public abstract JsonObject Schema();

    /// <summary>How the value is written in a file, or null when there is no short way.</summary>
    public virtual string? Text(T? value) => null;

    /// <summary>The keys below, with paths that begin with <paramref name="path"/>.</summary>
    public virtual IEnumerable<ManifestKey> Keys(string path) => [];

    protected bool Refuse(YamlValue value, string path, ReadContext context, [MaybeNullWhen(false)] out T result)
    {
        result = default;
        context.Report(path, value.Start, $"Expected {Allowed}, found {value.Kind}.");
        return false;
    }
}
