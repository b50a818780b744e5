using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Server.Apps;
using Tenantry.Server.Secrets;
using Tenantry.Server.Store;

namespace Tenantry.Server.Instances;

/// <summary>What a plan says beside its steps: what the manifest asks for and nobody acts on yet, what the target says of it, and secrets that the instance waits for.</summary>
internal sealed class PlanNotices(IStore store, TargetNotices targets)
{
    public async Task<IReadOnlyList<string>> OfAsync(InstanceSpec spec, CancellationToken cancellationToken)
    {
        if (spec.Desired == DesiredState.Deleted || await store.FindReleaseAsync(spec.Release, cancellationToken) is not { } release)
            return [];
        return await OfAsync(spec, ManifestJson.Read(release.Manifest), cancellationToken);
    }

    /// <summary>Of a manifest that need not be stored.</summary>
    public async Task<IReadOnlyList<string>> OfAsync(InstanceSpec spec, Manifest manifest, CancellationToken cancellationToken) =>
        [.. ManifestNotices.Of(manifest), .. await targets.OfAsync(manifest, spec.Target, cancellationToken), .. await SecretWrites.NoticesAsync(store, spec, manifest, cancellationToken)];
}
