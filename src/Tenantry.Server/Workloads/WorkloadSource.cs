using System.Collections.Concurrent;
using System.Text.Json;
using Tenantry.Model.Apps;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Tenants;
using Tenantry.Model.Workloads;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Secrets;
using Tenantry.Server.Sources;
using Tenantry.Server.Store;

namespace Tenantry.Server.Workloads;

/// <summary>
/// Workloads from the store: release, tenant, and secrets that the vault opens. A resolved workload is kept for its generation,
/// which makes a pass that changes nothing cheap: whoever changes a secret or a tenant raises the generation of the instances that use it.
/// </summary>
public sealed class WorkloadSource(IStore store, SecretVault vault, SourceFolders sources, Func<InstanceUrls> urls) : IWorkloadSource
{
    private readonly ConcurrentDictionary<string, Manifest> manifests = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, WorkloadResult.Resolved> resolved = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> generations = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public async Task<WorkloadResult> ResolveAsync(InstanceSpec spec, CancellationToken cancellationToken)
    {
        if (generations.TryGetValue(spec.Id, out var generation) && generation == spec.Generation && resolved.TryGetValue(spec.Id, out var kept))
            return kept;
        try
        {
            var fresh = await BuildAsync(spec, newTenant: null, newRelease: null, makeSecrets: true, cancellationToken);
            resolved[spec.Id] = fresh;
            generations[spec.Id] = spec.Generation;
            return fresh;
        }
        catch (WorkloadRefusedException refusal)
        {
            return new WorkloadResult.Refused(refusal.Condition, refusal.Message, refusal.Condition == WorkloadRefusedException.SecretsMissing);
        }
    }

    /// <summary>What a spec that need not be stored would run, for a tenant and of a release that need not be stored either; makes and stores nothing.</summary>
    /// <exception cref="WorkloadRefusedException">It cannot be run until a person changes something.</exception>
    public async Task<InstanceWorkload> PreviewAsync(InstanceSpec spec, Tenant? newTenant, Release? newRelease, CancellationToken cancellationToken) =>
        (await BuildAsync(spec, newTenant, newRelease, makeSecrets: false, cancellationToken)).Workload;

    /// <inheritdoc/>
    public async Task<bool> LacksSecretsAsync(InstanceSpec spec, string release, CancellationToken cancellationToken)
    {
        if (await store.FindReleaseAsync(release, cancellationToken) is not { } found)
            return false;
        return NearestSecrets.Missing(ReadManifest(found), spec, await store.ListSecretsAsync(spec, cancellationToken)).Count > 0;
    }

    /// <summary>Drops what is kept of an instance that is gone.</summary>
    public void Forget(string instanceId)
    {
        generations.TryRemove(instanceId, out _);
        resolved.TryRemove(instanceId, out _);
    }

    private async Task<WorkloadResult.Resolved> BuildAsync(InstanceSpec spec, Tenant? newTenant, Release? newRelease, bool makeSecrets, CancellationToken cancellationToken)
    {
        var release = newRelease ?? await store.FindReleaseAsync(spec.Release, cancellationToken)
            ?? throw new WorkloadRefusedException("ReleaseUnknown", $"There is no release {spec.Release} of {spec.App}. Deploy one that exists: 'tenantry app show {spec.App}' lists them.");
        var tenant = newTenant ?? await store.FindTenantAsync(spec.Tenant, cancellationToken)
            ?? throw new WorkloadRefusedException("TenantUnknown", $"There is no tenant '{spec.Tenant}'.");
        var manifest = ReadManifest(release);
        // Read once: what was before what is in force, too.
        var stored = manifest.Secrets.Count == 0 ? [] : await store.ListSecretsAsync(spec, cancellationToken);
        var secrets = await SecretsAsync(spec, manifest, stored, makeSecrets, cancellationToken);
        var inputs = await InputsAsync(release, cancellationToken);
        var workload = WorkloadBuilder.Build(new WorkloadParts(spec, tenant, release, manifest, inputs, secrets, store.Owner, urls().Of(spec)));
        return new(workload, makeSecrets && workload.Secrets.Count > 0 ? await FormerAsync(stored, cancellationToken) : []);
    }

    private Manifest ReadManifest(Release release)
    {
        try
        {
            return manifests.GetOrAdd(release.Id, static (_, json) => ManifestJson.Read(json), release.Manifest);
        }
        catch (JsonException failure)
        {
            throw new WorkloadRefusedException(
                "ReleaseUnreadable",
                $"The stored manifest of release {release.Id} cannot be read: {failure.Message} Apply the app again and deploy the new release.");
        }
    }

    private async Task<ReleaseInputs> InputsAsync(Release release, CancellationToken cancellationToken)
    {
        try
        {
            return await sources.OpenAsync(release.InputsDigest, cancellationToken);
        }
        catch (SourceArchiveException failure)
        {
            throw new WorkloadRefusedException("InputsMissing", failure.Message);
        }
    }

    private async Task<Dictionary<string, string>> SecretsAsync(
        InstanceSpec spec, Manifest manifest, IReadOnlyList<SealedSecret> stored, bool make, CancellationToken cancellationToken)
    {
        if (manifest.Secrets.Count == 0)
            return new(StringComparer.Ordinal);
        var nearest = NearestSecrets.Of(manifest, stored);
        if (make)
        {
            foreach (var wanted in manifest.Secrets.Where(wanted => wanted.Generate is not null && !nearest.ContainsKey(wanted.Name)))
            {
                nearest[wanted.Name] = await vault.MakeAsync(
                    SecretPlace.Of(spec, wanted.Scope, wanted.Name), SecretPlace.KeyHolderOf(spec, wanted.Scope), wanted.Generate!, cancellationToken);
            }
        }

        var values = await OpenAsync(spec, nearest.Values, cancellationToken);
        // What nobody has set yet hides nothing of what will be done once it is.
        foreach (var wanted in manifest.Secrets.Where(wanted => !make && !values.ContainsKey(wanted.Name) && (wanted.Required || wanted.Generate is not null)))
            values[wanted.Name] = wanted.Generate is null ? "(not set yet)" : "(made on creation)";
        return values;
    }

    private async Task<List<string>> FormerAsync(IReadOnlyList<SealedSecret> stored, CancellationToken cancellationToken)
    {
        var former = new List<string>();
        foreach (var secret in stored.Where(secret => secret.Version > 1))
        {
            foreach (var version in (await store.ListSecretVersionsAsync(secret.Place, cancellationToken)).Where(version => version.Version != secret.Version))
            {
                try
                {
                    former.AddRange((await vault.OpenAsync([version], cancellationToken)).Values);
                }
                catch (SecretUnreadableException)
                {
                    // Nor was it delivered since.
                }
            }
        }

        return former;
    }

    private async Task<Dictionary<string, string>> OpenAsync(InstanceSpec spec, IEnumerable<SealedSecret> secrets, CancellationToken cancellationToken)
    {
        try
        {
            return await vault.OpenAsync(secrets, cancellationToken);
        }
        catch (SecretUnreadableException failure)
        {
            throw new WorkloadRefusedException(
                "SecretUnreadable", $"{failure.Message} with 'tenantry secret set {spec.Slug} {failure.Place.Name}{ScopeFlag(failure.Place.Scope)}'.");
        }
    }

    private static string ScopeFlag(SecretScope scope) => scope == SecretScope.Instance ? "" : $" --scope {scope.ToString().ToLowerInvariant()}";
}
