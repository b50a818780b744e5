using System.Globalization;
using Tenantry.Model.Manifests.Shapes;
using Tenantry.Model.Manifests.Yaml;

namespace Tenantry.Model.Manifests.Checks;

/// <summary>Reads features.</summary>
internal static class FeatureChecks
{
    /// <summary>A default alone says the type too: a flag or number without quotes, otherwise text.</summary>
    public static Parsed<FeatureDefinition> Short(YamlText text)
    {
        var type = text switch
        {
            { IsPlain: true, Text: "true" or "false" } => FeatureType.Bool,
            { IsPlain: true } when Number(text.Text) is not null => FeatureType.Number,
            _ => FeatureType.String,
        };
        return Parsed<FeatureDefinition>.Ok(new() { Name = "", Type = type, Default = type == FeatureType.Number ? Number(text.Text)! : text.Text });
    }

    public static FeatureDefinition Feature(FeatureDefinition feature, string path, ReadContext context)
    {
        if (context.IsBroken(path))
            return feature;
        var usual = Value(feature.Type, feature.Default);
        if (usual is null)
            context.Report(PathText.Key(path, "default"), $"Expected {(feature.Type == FeatureType.Bool ? "true or false" : "a number")}, found '{feature.Default}'.");
        return feature with { Default = usual ?? feature.Default };
    }

    /// <summary>The value in its usual form, or null when it is not of the type.</summary>
    public static string? Value(FeatureType type, string text) => type switch
    {
        FeatureType.Bool => text is "true" or "false" ? text : null,
        FeatureType.Number => Number(text),
        _ => text,
    };

    private static string? Number(string text) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number.ToString("0.############################", CultureInfo.InvariantCulture) : null;
}
