using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tenantry.Model.Manifests;

/// <summary>The name of a manifest's meaning: the same for two files that differ only in comments, layout, key order or spelled-out defaults.</summary>
public static class ManifestDigest
{
    /// <returns><c>sha256:</c> and 64 hexadecimal digits.</returns>
    public static string Of(Manifest manifest) =>
        "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(CanonicalJson(manifest))));

    /// <summary>The text that the digest is taken of: keys sorted, mappings in name order, nothing that is null or empty, no white space.</summary>
    public static string CanonicalJson(Manifest manifest)
    {
        var sorted = manifest with
        {
            Services = [.. manifest.Services.OrderBy(s => s.Name, StringComparer.Ordinal).Select(Sorted)],
            Tiers = [.. manifest.Tiers.OrderBy(t => t.Name, StringComparer.Ordinal)],
            Secrets = [.. manifest.Secrets.OrderBy(s => s.Name, StringComparer.Ordinal)],
            Features = [.. manifest.Features.OrderBy(f => f.Name, StringComparer.Ordinal)],
        };
        return Canonical(JsonSerializer.SerializeToNode(sorted, ManifestJson.Options))?.ToJsonString(ManifestJson.Options) ?? "{}";
    }

    private static ServiceDefinition Sorted(ServiceDefinition service) => service with
    {
        Files = [.. service.Files.OrderBy(f => f.Path, StringComparer.Ordinal)],
        Volumes = [.. service.Volumes.OrderBy(v => v.Name, StringComparer.Ordinal)],
        DependsOn = [.. service.DependsOn.Order(StringComparer.Ordinal)],
    };

    // Leaving out what is null or empty keeps the digests of old manifests when a new optional key arrives.
    private static JsonNode? Canonical(JsonNode? node) => node switch
    {
        JsonObject o => Canonical(o),
        JsonArray a => a.Count == 0 ? null : new JsonArray([.. a.Select(item => Canonical(item) ?? item?.DeepClone())]),
        _ => node?.DeepClone(),
    };

    private static JsonObject? Canonical(JsonObject source)
    {
        var result = new JsonObject();
        foreach (var (key, value) in source.OrderBy(p => p.Key, StringComparer.Ordinal))
            if (Canonical(value) is { } kept)
                result.Add(key, kept);
        return result.Count == 0 ? null : result;
    }
}
