using Tenantry.Model.Instances;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Sleeping;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Engine;

/// <summary>Finds an instance and its target for whoever only reaches it: from the store, and while that is away as both were last seen.</summary>
public sealed class InstanceLookup(IStore store, SleepIndex index, TargetSet targets, TimeProvider time)
{
    // A store that is away takes its time to say so: not each request waits for that.
    private static readonly TimeSpan BeforeAskingAgain = TimeSpan.FromSeconds(5);
    private long awayUntil = long.MinValue;

    /// <exception cref="KeyNotFoundException">There is no such instance.</exception>
    /// <exception cref="TargetException">As of <see cref="TargetSet.GetAsync"/>.</exception>
    /// <exception cref="StoreUnavailableException">The store is away, and the instance or its target was not seen before.</exception>
    public async Task<(ITarget Target, InstanceRecord Record)> FindAsync(string instanceId, CancellationToken cancellationToken)
    {
        if (time.GetTimestamp() < Interlocked.Read(ref awayUntil) && await LastSeenAsync(instanceId, cancellationToken) is { } seen)
            return seen;
        try
        {
            var record = await store.FindInstanceAsync(instanceId, cancellationToken) ?? throw new KeyNotFoundException($"There is no instance {instanceId}.");
            var (target, _) = await targets.GetAsync(record.Spec.Target, cancellationToken);
            return (target, record);
        }
        catch (StoreUnavailableException)
        {
            Interlocked.Exchange(ref awayUntil, time.GetTimestamp() + (long)(BeforeAskingAgain.TotalSeconds * time.TimestampFrequency));
            if (await LastSeenAsync(instanceId, cancellationToken) is { } known)
                return known;
            throw;
        }
    }

    private async Task<(ITarget Target, InstanceRecord Record)?> LastSeenAsync(string instanceId, CancellationToken cancellationToken) =>
        index.Find(instanceId)?.Record is { } record && await targets.FindOpenAsync(record.Spec.Target, cancellationToken) is { } target ? (target, record) : null;
}
