using Microsoft.AspNetCore.Http;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Store;

namespace Tenantry.Server.Instances;

/// <summary>The services that an instance has: those of the release that runs, and of the one that is wanted.</summary>
internal static class ServiceNames
{
    /// <exception cref="ProblemException">404: the instance has no such service.</exception>
    public static async Task CheckAsync(IStore store, InstanceRecord record, string? service, CancellationToken cancellationToken)
    {
        if (service is null)
            return;
        var known = new List<string>();
        foreach (var id in new[] { record.Status.Release, record.Spec.Release }.OfType<string>().Distinct(StringComparer.Ordinal))
            if (await store.FindReleaseAsync(id, cancellationToken) is { } release)
                known.AddRange(ManifestJson.Read(release.Manifest).Services.Select(s => s.Name));
        known = [.. known.Distinct(StringComparer.Ordinal)];
        if (known.Count > 0 && !known.Contains(service, StringComparer.Ordinal))
        {
            throw new ProblemException(
                StatusCodes.Status404NotFound,
                ProblemCodes.NotFound,
                $"The instance '{record.Spec.Slug}' has no service '{service}'; it has {string.Join(", ", known)}.{Nearest.Hint(service, known)}");
        }
    }
}
