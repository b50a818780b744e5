using Tenantry.Model.Apps;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Apps;
using Tenantry.Server.Store;

namespace Tenantry.Server.Instances;

/// <summary>Turns a request for a change into the wanted spec, and refuses what cannot be.</summary>
public sealed class ChangedInstance(IStore store, ApiSettings settings)
{
    public async Task<InstanceSpec> ResolveAsync(InstanceSpec present, UpdateInstanceRequest request, CancellationToken cancellationToken)
    {
        if (present.Desired == DesiredState.Deleted)
            throw ProblemException.Conflict($"The instance '{present.Slug}' is being deleted.");
        if (request.Target is not null && request.Target != present.Target)
            throw ProblemException.Invalid("target", $"An instance stays on its target ('{present.Target}'): a change of target would leave its data behind.");
        var release = await AppsApi.FindReleaseAsync(store, present.App, request.Release ?? present.Release, cancellationToken);
        return Resolve(present, release, request);
    }

    /// <summary>The same with a release that need not be stored.</summary>
    internal InstanceSpec Resolve(InstanceSpec present, Release release, UpdateInstanceRequest request)
    {
        var manifest = ManifestJson.Read(release.Manifest);
        var errors = new List<ProblemError>();
        var wanted = present with
        {
            Release = release.Id,
            Tier = InstanceFields.Tier(manifest, request.Tier ?? present.Tier, errors),
            Hosts = request.Hosts is null ? present.Hosts : InstanceFields.Hosts(request.Hosts, settings, errors),
            Features = InstanceFields.Features(manifest, Merged(present.Features, request.Features, manifest), errors),
        };
        return errors.Count == 0 ? wanted : throw ProblemException.Invalid(errors);
    }

    // A feature that the new release no longer has is let go; one that the request names must exist.
    private static Dictionary<string, string> Merged(
        IReadOnlyDictionary<string, string> present, IReadOnlyDictionary<string, string?>? wanted, Manifest manifest)
    {
        var merged = present.Where(f => manifest.FindFeature(f.Key) is not null).ToDictionary(StringComparer.Ordinal);
        foreach (var (name, value) in wanted ?? new Dictionary<string, string?>(StringComparer.Ordinal))
        {
            if (value is null)
                merged.Remove(name);
            else
                merged[name] = value;
        }
        return merged;
    }
}
