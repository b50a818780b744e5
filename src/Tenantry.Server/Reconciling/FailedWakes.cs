using System.Collections.Concurrent;
using Tenantry.Model.Instances;

namespace Tenantry.Server.Reconciling;

/// <summary>
/// Wakes of each instance that failed in a row: looks in between find it at rest, as it is wanted, and are no end of that. A wake that succeeds is, and so is another wish.
/// Held in memory: an engine that was started anew tries anew.
/// </summary>
internal sealed class FailedWakes
{
    private readonly ConcurrentDictionary<string, (long Generation, int Count)> failed = new(StringComparer.Ordinal);

    public int Of(InstanceSpec spec) => failed.TryGetValue(spec.Id, out var last) && last.Generation == spec.Generation ? last.Count : 0;

    public void Set(InstanceSpec spec, int count) => failed[spec.Id] = (spec.Generation, count);

    public void Clear(string instanceId) => failed.TryRemove(instanceId, out _);
}
