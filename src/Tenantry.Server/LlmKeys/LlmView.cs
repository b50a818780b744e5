using Tenantry.Model.Instances;
using Tenantry.Model.Llm;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;
using Tenantry.Server.Secrets;
using Tenantry.Server.Store;

namespace Tenantry.Server.LlmKeys;

/// <summary>LLM keys as they cross the wire.</summary>
internal static class LlmView
{
    /// <summary>One for each secret that the release has from a provider.</summary>
    public static async Task<IReadOnlyList<LlmKeyResponse>> ListAsync(IStore store, InstanceSpec spec, CancellationToken cancellationToken)
    {
        var keys = (await store.ListLlmKeysAsync(spec.Id, cancellationToken)).ToDictionary(one => one.Key.Secret, StringComparer.Ordinal);
        var release = await store.FindReleaseAsync(spec.Release, cancellationToken);
        var manifest = release is null ? null : ManifestJson.Read(release.Manifest);
        var declared = manifest?.Secrets.Where(secret => secret.Provider is not null) ?? [];
        var nearest = manifest is null ? [] : NearestSecrets.Of(manifest, await store.ListSecretsAsync(spec, cancellationToken));
        return
        [
            .. keys.Values.Select(one => Of(spec.Slug, one)),
            .. declared.Where(secret => !keys.ContainsKey(secret.Name)).Select(secret => new LlmKeyResponse(
                spec.Slug, secret.Name, secret.Provider!, nearest.ContainsKey(secret.Name) ? "own" : "missing", null, null, null, null, null)),
        ];
    }

    /// <summary>Keys that were made, as resources of their instance.</summary>
    public static async Task<IReadOnlyList<ResourceResponse>> ResourcesAsync(IStore store, InstanceSpec spec, CancellationToken cancellationToken) =>
        [.. (await store.ListLlmKeysAsync(spec.Id, cancellationToken)).Select(one => Resource(Of(spec.Slug, one)))];

    private static ResourceResponse Resource(LlmKeyResponse key) => new(
        "llm-key",
        key.Secret,
        key.State,
        key.Label is null ? "" : $"{key.Label}, {WantedKey.CapOf(key.Limit is { } limit ? Dollars.Read(limit) : null, key.Reset ?? LlmReset.None)}{(key.Usage is { } usage ? $", {usage.Percent}% used" : "")}");

    private static LlmKeyResponse Of(string slug, LlmKeyRecord record)
    {
        var key = record.Key;
        var usage = record.Usage?.Hash == key.Hash ? record.Usage : null;
        return new LlmKeyResponse(
            slug,
            key.Secret,
            key.Provider,
            key.Minting || !key.IsThere ? "minting" : key.Disabled ? "disabled" : "active",
            key.Name,
            key.Label.Length > 0 ? key.Label : null,
            key.Limit is { } limit ? Dollars.Of(limit) : null,
            key.Reset,
            usage is null ? null : Of(usage));
    }

    private static LlmUsageResponse Of(LlmUsage usage) => new(
        usage.At,
        Dollars.Of(usage.Total),
        Dollars.Of(usage.Daily),
        Dollars.Of(usage.Weekly),
        Dollars.Of(usage.Monthly),
        usage.Remaining is { } remaining ? Dollars.Of(remaining) : null,
        usage.Percent);
}
