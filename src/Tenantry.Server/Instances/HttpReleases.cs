using System.Collections.Concurrent;
using System.Text.Json;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Server.Store;

namespace Tenantry.Server.Instances;

/// <summary>Tells which releases the gateway can reach: only their instances have a URL.</summary>
public sealed class HttpReleases(IStore store)
{
    private readonly ConcurrentDictionary<string, bool> known = new(StringComparer.Ordinal);

    /// <summary>The releases among those of the instances that have an HTTP port.</summary>
    public async Task<IReadOnlySet<string>> AmongAsync(IEnumerable<InstanceRecord> instances, CancellationToken cancellationToken)
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        foreach (var release in instances.Select(i => i.Spec.Release).Distinct(StringComparer.Ordinal))
            if (await IsReachedAsync(release, cancellationToken))
                reached.Add(release);
        return reached;
    }

    private async Task<bool> IsReachedAsync(string release, CancellationToken cancellationToken)
    {
        if (known.TryGetValue(release, out var reached))
            return reached;
        if (await store.FindReleaseAsync(release, cancellationToken) is not { } found)
            return true;
        try
        {
            reached = ManifestJson.Read(found.Manifest).EntryPort() is not null;
        }
        catch (JsonException)
        {
            // The reconciler says so in the instance's status.
            reached = true;
        }

        // A release never changes.
        return known[release] = reached;
    }
}
