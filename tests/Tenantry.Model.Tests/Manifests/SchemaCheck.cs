using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Tenantry.Model.Tests.Manifests;

/// <summary>Checks a value against the part of JSON Schema that our schema uses, and throws on any other keyword.</summary>
internal static class SchemaCheck
{
    private static readonly HashSet<string> Notes = new(StringComparer.Ordinal) { "$schema", "$id", "title", "description" };

    /// <summary>The places that the schema refuses.</summary>
    public static IEnumerable<string> Refused(JsonObject schema, JsonNode? value, string path = "") =>
        schema.Where(k => !Notes.Contains(k.Key)).SelectMany(keyword => Refused(schema, keyword.Key, keyword.Value!, value, path));

    private static IEnumerable<string> Refused(JsonObject schema, string keyword, JsonNode rule, JsonNode? value, string path)
    {
        var kind = value?.GetValueKind() ?? JsonValueKind.Null;
        switch (keyword)
        {
            case "type":
                return Unless((rule is JsonArray several ? several.Select(t => (string)t!) : [(string)rule!]).Any(t => IsType(t, value, kind)), $"{path}: type");
            case "enum":
                return Unless(((JsonArray)rule).Any(v => JsonNode.DeepEquals(v, value)), $"{path}: enum");
            case "const":
                return Unless(JsonNode.DeepEquals(rule, value), $"{path}: const");
            case "pattern":
                return Unless(kind != JsonValueKind.String || Matches((string)value!, (string)rule!), $"{path}: pattern");
            case "minimum":
                return Unless(kind != JsonValueKind.Number || Number(value) >= Number(rule), $"{path}: minimum");
            case "maximum":
                return Unless(kind != JsonValueKind.Number || Number(value) <= Number(rule), $"{path}: maximum");
            case "minItems":
                return Unless(value is not JsonArray list || list.Count >= (int)rule!, $"{path}: minItems");
            case "minProperties":
                return Unless(value is not JsonObject members || members.Count >= (int)rule!, $"{path}: minProperties");
            case "items":
                return value is JsonArray items ? items.SelectMany((item, i) => Refused((JsonObject)rule, item, $"{path}[{i}]")) : [];
            case "required":
                return value is JsonObject o ? ((JsonArray)rule).Select(k => (string)k!).Where(k => !o.ContainsKey(k)).Select(k => $"{path}.{k}: required") : [];
            case "properties":
                return value is JsonObject owner ? ((JsonObject)rule).Where(p => owner.ContainsKey(p.Key)).SelectMany(p => Refused((JsonObject)p.Value!, owner[p.Key], $"{path}.{p.Key}")) : [];
            case "propertyNames":
                return value is JsonObject named ? named.Where(p => Refused((JsonObject)rule, JsonValue.Create(p.Key)).Any()).Select(p => $"{path}.{p.Key}: name") : [];
            case "additionalProperties":
                return value is JsonObject all ? Additional(schema, rule, all, path) : [];
            case "anyOf":
                return Unless(((JsonArray)rule).Any(form => !Refused((JsonObject)form!, value, path).Any()), $"{path}: anyOf");
            default:
                throw new NotSupportedException(keyword);
        }
    }

    private static IEnumerable<string> Additional(JsonObject schema, JsonNode rule, JsonObject value, string path) =>
        value.Where(p => schema["properties"] is not JsonObject known || !known.ContainsKey(p.Key))
            .SelectMany(p => rule is JsonObject form ? Refused(form, p.Value, $"{path}.{p.Key}") : [$"{path}.{p.Key}: unknown"]);

    private static bool IsType(string type, JsonNode? value, JsonValueKind kind) => type switch
    {
        "object" => kind == JsonValueKind.Object,
        "array" => kind == JsonValueKind.Array,
        "string" => kind == JsonValueKind.String,
        "boolean" => kind is JsonValueKind.True or JsonValueKind.False,
        "number" => kind == JsonValueKind.Number,
        "integer" => kind == JsonValueKind.Number && Number(value) == decimal.Truncate(Number(value)),
        _ => throw new NotSupportedException(type),
    };

    private static decimal Number(JsonNode? node) => decimal.Parse(node!.ToJsonString(), System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture);

    private static bool Matches(string text, string pattern) => Regex.IsMatch(text, pattern, RegexOptions.ECMAScript, TimeSpan.FromSeconds(1));

    private static string[] Unless(bool good, string problem) => good ? [] : [problem];
}
