using Tenantry.Model.Instances;
using Tenantry.Server.Store;

namespace Tenantry.Server.Instances;

/// <summary>Tells which releases the gateway can reach: only their instances have a URL.</summary>
public sealed class HttpReleases(IStore store)
{
    private readonly ReleaseCache<bool> reach = new(store, manifest => manifest is null || manifest.EntryPort() is not null);

    /// <summary>The releases among those of the instances that have an HTTP port.</summary>
    public async Task<IReadOnlySet<string>> AmongAsync(IEnumerable<InstanceRecord> instances, CancellationToken cancellationToken)
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        foreach (var release in instances.Select(i => i.Spec.Release).Distinct(StringComparer.Ordinal))
        {
            if (await reach.FindAsync(release, cancellationToken))
                reached.Add(release);
        }

        return reached;
    }
}
