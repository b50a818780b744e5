using Tenantry.Model.Manifests;

namespace Tenantry.Server.Apps;

/// <summary>Names what a manifest asks for and this version accepts without acting on it yet, so that nothing is silently ignored.</summary>
internal static class ManifestNotices
{
    public static IReadOnlyList<string> Of(Manifest manifest) =>
        [.. ManifestUse.NotActedOn(manifest).Select(key => $"'{key.Path}' is accepted and not acted on yet. {key.Sentence}")];
}
