using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;

namespace Tenantry.Server.Api;

/// <summary>Reads a body and reports every mistake of form in it at once: members that are not known, missing, twice there, or of a wrong type.</summary>
internal static class StrictJson
{
    public static T Read<T>(ReadOnlyMemory<byte> body)
    {
        using var document = Parse(body);
        var type = WireJson.Strict.GetTypeInfo(typeof(T));
        var errors = new List<ProblemError>();
        Check(document.RootElement, type, "", errors);
        if (errors.Count > 0)
            throw ProblemException.Invalid(typeof(IHoldsSecret).IsAssignableFrom(typeof(T)) ? WithoutAWordOfIt(type) : errors);
        try
        {
            return (T)document.RootElement.Deserialize(type)!;
        }
        catch (JsonException mistake)
        {
            throw ProblemException.Invalid((mistake.Path ?? "").TrimStart('$').TrimStart('.'), "This value is not understood.");
        }
    }

    // A value in a wrong place, or of a wrong type, is a secret all the same.
    private static List<ProblemError> WithoutAWordOfIt(JsonTypeInfo type)
    {
        var required = type.Properties.Where(IsRequired).ToArray();
        return type.Properties is [var only]
            ? [new ProblemError(only.Name, $"An object with nothing but '{only.Name}' is expected: {Expected(WireJson.Strict.GetTypeInfo(only.PropertyType)).ToLowerInvariant()}. What was sent is not repeated here.")]
            : [new ProblemError("", $"An object is expected with nothing but {string.Join(", ", type.Properties.Select(p => $"'{p.Name}'"))}{(required.Length == 0 ? "" : $", of which {string.Join(" and ", required.Select(p => $"'{p.Name}'"))} must be there")}, each of its own type. What was sent is not repeated here.")];
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> body)
    {
        if (body.IsEmpty)
            throw ProblemException.BadRequest("The body is empty; a JSON object is expected.");
        try
        {
            return JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 32 });
        }
        catch (JsonException mistake)
        {
            throw ProblemException.BadRequest($"The body is not JSON: line {mistake.LineNumber + 1}, byte {mistake.BytePositionInLine + 1}.");
        }
    }

    private static void Check(JsonElement value, JsonTypeInfo type, string path, List<ProblemError> errors)
    {
        switch (type.Kind)
        {
            case JsonTypeInfoKind.Object when value.ValueKind == JsonValueKind.Object:
                CheckMembers(value, type, path, errors);
                break;
            case JsonTypeInfoKind.Dictionary when value.ValueKind == JsonValueKind.Object:
                CheckEntries(value, type, path, errors);
                break;
            case JsonTypeInfoKind.Enumerable when value.ValueKind == JsonValueKind.Array:
                var index = 0;
                foreach (var item in value.EnumerateArray())
                    Check(item, Element(type), $"{path}[{index++}]", errors);
                break;
            case JsonTypeInfoKind.None when Fits(value, type.Type):
                break;
            default:
                errors.Add(new ProblemError(path, $"{Expected(type)} is expected, not {Found(value)}."));
                break;
        }
    }

    private static void CheckMembers(JsonElement value, JsonTypeInfo type, string path, List<ProblemError> errors)
    {
        var known = type.Properties.Where(p => p.Get is not null || p.Set is not null).ToDictionary(p => p.Name, StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in value.EnumerateObject())
        {
            var place = Join(path, member.Name);
            if (!known.TryGetValue(member.Name, out var property))
                errors.Add(new ProblemError(place, $"There is no member '{member.Name}' here.{Nearest.Hint(member.Name, known.Keys)}"));
            else if (!seen.Add(member.Name))
                errors.Add(new ProblemError(place, $"'{member.Name}' is there twice."));
            else if (member.Value.ValueKind != JsonValueKind.Null)
                Check(member.Value, WireJson.Strict.GetTypeInfo(property.PropertyType), place, errors);
            else if (!IsNullable(property))
                errors.Add(new ProblemError(place, $"'{member.Name}' cannot be null."));
        }
        foreach (var property in known.Values.Where(p => IsRequired(p) && !seen.Contains(p.Name)))
            errors.Add(new ProblemError(Join(path, property.Name), $"'{property.Name}' is missing."));
    }

    private static void CheckEntries(JsonElement value, JsonTypeInfo type, string path, List<ProblemError> errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var entry in value.EnumerateObject())
        {
            var place = Join(path, entry.Name);
            if (!seen.Add(entry.Name))
                errors.Add(new ProblemError(place, $"'{entry.Name}' is there twice."));
            else if (entry.Value.ValueKind != JsonValueKind.Null || type.Type != typeof(IReadOnlyDictionary<string, string?>) || !NullsAllowed(path))
                Check(entry.Value, Element(type), place, errors);
        }
    }

    // Nullable reference types leave no trace in a dictionary's type: a null takes a feature's value away, and nothing else.
    private static bool NullsAllowed(string path) => path == "features";

    private static bool IsNullable(JsonPropertyInfo property) => property.AssociatedParameter?.IsNullable ?? property.IsSetNullable;

    private static bool IsRequired(JsonPropertyInfo property) => property.IsRequired || property.AssociatedParameter is { HasDefaultValue: false };

    private static JsonTypeInfo Element(JsonTypeInfo type) => WireJson.Strict.GetTypeInfo(type.ElementType!);

    private static bool Fits(JsonElement value, Type type)
    {
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        if (plain == typeof(string))
            return value.ValueKind == JsonValueKind.String;
        if (plain == typeof(bool))
            return value.ValueKind is JsonValueKind.True or JsonValueKind.False;
        if (plain == typeof(int))
            return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out _);
        if (plain == typeof(long))
            return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _);
        if (plain.IsEnum)
            return value.ValueKind == JsonValueKind.String && Enum.GetNames(plain).Contains(value.GetString(), StringComparer.OrdinalIgnoreCase);
        return plain == typeof(double) && value.ValueKind == JsonValueKind.Number;
    }

    private static string Expected(JsonTypeInfo type)
    {
        var plain = Nullable.GetUnderlyingType(type.Type) ?? type.Type;
        return type.Kind switch
        {
            JsonTypeInfoKind.Object or JsonTypeInfoKind.Dictionary => "An object",
            JsonTypeInfoKind.Enumerable => "A list",
            _ when plain == typeof(string) => "Text",
            _ when plain == typeof(bool) => "true or false",
            _ when plain == typeof(double) => "A number",
            _ when plain.IsEnum => $"One of {string.Join(", ", Enum.GetNames(plain))}",
            _ => "A whole number",
        };
    }

    private static string Found(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "text",
        JsonValueKind.Number => "the number " + Shortened(value.GetRawText()),
        JsonValueKind.Null => "null",
        _ => value.GetRawText(),
    };

    private static string Shortened(string text) => text.Length <= 24 ? text : text[..24] + "…";

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
