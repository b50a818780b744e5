namespace Tenantry.Model.Manifests.Yaml;

/// <summary>The text is not YAML, or YAML of a kind that a manifest may not be.</summary>
internal sealed class YamlSyntaxException(int line, int column, string message) : Exception(message)
{
    public int Line { get; } = line;

    public int Column { get; } = column;
}
