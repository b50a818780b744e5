using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tenantry.Model.Manifests.Description;

namespace Tenantry.Model.Manifests;

/// <summary>The description of the manifest for editors and for people.</summary>
public static class ManifestSchema
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Every key that a manifest may have, in the order of the reference.</summary>
    public static IReadOnlyList<ManifestKey> Keys { get; } = [.. ManifestDescription.Root.Keys("")];

    /// <summary>
    /// A JSON Schema (2020-12). What it accepts, the reader may still refuse, for what a schema cannot say; what it refuses, the
    /// reader refuses too.
    /// </summary>
    public static string ToJson()
    {
        var schema = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["$id"] = "urn:tenantry:manifest:1",
            ["title"] = "tenantry.yaml",
            ["description"] = "An app that every tenant gets an isolated copy of.",
        };
        foreach (var (key, value) in ManifestDescription.Root.Schema())
            schema[key] = value?.DeepClone();
        return schema.ToJsonString(Indented) + "\n";
    }
}
