using Tenantry.Model.Manifests;

namespace Tenantry.Server.Apps;

/// <summary>Names what a manifest asks for and this version accepts without acting on it yet, so that nothing is silently ignored.</summary>
internal static class ManifestNotices
{
    public static IReadOnlyList<string> Of(Manifest manifest) =>
    [
        .. Keys(manifest).Select(key => $"'{key}' is accepted and not acted on yet."),
    ];

    private static IEnumerable<string> Keys(Manifest manifest)
    {
        if (manifest.Sleep is not null)
            yield return "sleep";
        if (manifest.Wake is not null)
            yield return "wake";
        if (manifest.Busy is not null)
            yield return "busy";
        if (manifest.Webhooks.Count > 0)
            yield return "webhooks";
        if (manifest.Backup is not null)
            yield return "backup";
        foreach (var tier in manifest.Tiers)
        {
            if (tier.Sleep is not null)
                yield return $"tiers.{tier.Name}.sleep";
            if (tier.Llm is not null)
                yield return $"tiers.{tier.Name}.llm";
            if (tier.Quotas is not null)
                yield return $"tiers.{tier.Name}.quotas";
        }
        foreach (var secret in manifest.Secrets)
        {
            if (secret.Provider is not null)
                yield return $"secrets.{secret.Name}.provider";
            if (secret.Scope != SecretScope.Instance)
                yield return $"secrets.{secret.Name}.scope";
        }
    }
}
