using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tenantry.Model.Manifests;

/// <summary>A manifest as JSON for the store and the wire: read back, it is the same manifest with the same digest.</summary>
public static class ManifestJson
{
    /// <summary>Camel case, nulls left out, enums as their names, unknown members refused.</summary>
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter<DayOfWeek>() },
    };

    public static string Write(Manifest manifest) => JsonSerializer.Serialize(manifest, Options);

    /// <exception cref="JsonException">The text is not a manifest that <see cref="Write"/> wrote.</exception>
    public static Manifest Read(string json) =>
        JsonSerializer.Deserialize<Manifest>(json, Options) ?? throw new JsonException("The text is the JSON value null, not a manifest.");
}
