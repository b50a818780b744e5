using System.Text.Json;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Tenants;
using Tenantry.Model.Workloads;
using Tenantry.Server.Api;
using Tenantry.Server.Secrets;
using Tenantry.Server.Store;
using Tenantry.Targets.Docker.Compose;

namespace Tenantry.Server.Rendering;

/// <summary>Workloads as whoever may not open a secret can know them: each secret is its mark.</summary>
internal sealed class OpenWorkloads(IStore store, ApiSettings settings)
{
    private readonly Dictionary<string, Manifest> _manifests = new(StringComparer.Ordinal);

    /// <summary>The workload.</summary>
    /// <exception cref="WorkloadRefusedException">It cannot be run until a person changes something.</exception>
    internal async Task<InstanceWorkload> ResolveAsync(InstanceSpec spec, CancellationToken cancellationToken) => await ResolveAsync(
        spec,
        await store.FindTenantAsync(spec.Tenant, cancellationToken) ?? throw new WorkloadRefusedException("TenantUnknown", $"There is no tenant '{spec.Tenant}'."),
        cancellationToken);

    /// <summary>The same for a tenant that need not be stored.</summary>
    internal async Task<InstanceWorkload> ResolveAsync(InstanceSpec spec, Tenant tenant, CancellationToken cancellationToken)
    {
        var release = await store.FindReleaseAsync(spec.Release, cancellationToken)
            ?? throw new WorkloadRefusedException("ReleaseUnknown", $"There is no release {spec.Release} of {spec.App}.");
        var manifest = ManifestOf(release.Id, release.Manifest);
        var url = settings.UrlOf(spec.Slug) ?? $"http://{spec.Slug}.{settings.BaseDomain}";
        return WorkloadBuilder.Build(new WorkloadParts(
            spec, tenant, release, manifest, ReleaseInputs.None, await MarksAsync(spec, manifest, cancellationToken), store.Owner, new Uri(url)));
    }

    private Manifest ManifestOf(string release, string json)
    {
        try
        {
            return _manifests.TryGetValue(release, out var known) ? known : _manifests[release] = ManifestJson.Read(json);
        }
        catch (JsonException failure)
        {
            throw new WorkloadRefusedException("ReleaseUnreadable", $"The stored manifest of release {release} cannot be read: {failure.Message}");
        }
    }

    // What is required or made by Tenantry has a value where it runs, whoever gives it; what is optional has one when somebody set it.
    private async Task<Dictionary<string, string>> MarksAsync(InstanceSpec spec, Manifest manifest, CancellationToken cancellationToken)
    {
        var set = NearestSecrets.Of(manifest, await store.ListSecretsAsync(spec, cancellationToken));
        return manifest.Secrets
            .Where(secret => secret.Required || secret.Generate is not null || set.ContainsKey(secret.Name))
            .ToDictionary(secret => secret.Name, secret => SecretMarks.Of(secret.Name), StringComparer.Ordinal);
    }
}
