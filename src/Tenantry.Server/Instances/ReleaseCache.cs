using System.Collections.Concurrent;
using System.Text.Json;
using Tenantry.Model.Manifests;
using Tenantry.Server.Store;

namespace Tenantry.Server.Instances;

/// <summary>Something of every release's manifest, read once: a release never changes.</summary>
/// <param name="store">Where releases are.</param>
/// <param name="of">What is kept; of null when there is no such release, or its manifest cannot be read (the reconciler says so in the instance's status).</param>
internal sealed class ReleaseCache<T>(IStore store, Func<Manifest?, T> of)
{
    private readonly ConcurrentDictionary<string, T> known = new(StringComparer.Ordinal);

    public async ValueTask<T> FindAsync(string release, CancellationToken cancellationToken)
    {
        if (known.TryGetValue(release, out var present))
            return present;
        if (await store.FindReleaseAsync(release, cancellationToken) is not { } found)
            return of(null);
        Manifest? manifest = null;
        try
        {
            manifest = ManifestJson.Read(found.Manifest);
        }
        catch (JsonException)
        {
            // Told elsewhere.
        }

        return known[release] = of(manifest);
    }
}
