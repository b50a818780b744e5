using Microsoft.Extensions.Logging;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Tenants;
using Tenantry.Server.Engine;
using Tenantry.Server.Store;

namespace Tenantry.Server.Instances;

/// <summary>Writes what is wanted of instances, each change with the operation that a person can watch.</summary>
public sealed class InstanceChanges(IStore store, IEngineLink engine, TimeProvider time, ILogger<InstanceChanges> log)
{
    public async Task<Operation> CreateAsync(InstanceSpec spec, Tenant? newTenant, string actor, CancellationToken cancellationToken)
    {
        var operation = NewOperation(OperationKind.Create, spec, actor);
        await store.CreateInstanceAsync(spec, operation, newTenant, cancellationToken);
        await PokeAsync(spec.Id);
        return operation;
    }

    /// <summary>Writes a changed spec. Conflict when somebody else changed it after <paramref name="present"/> was read.</summary>
    public async Task<Operation> UpdateAsync(InstanceSpec present, InstanceSpec wanted, OperationKind kind, string actor, CancellationToken cancellationToken)
    {
        var operation = NewOperation(kind, wanted with { Generation = present.Generation + 1 }, actor);
        await store.UpdateInstanceAsync(wanted, present.Generation, operation, cancellationToken);
        await PokeAsync(wanted.Id);
        return operation;
    }

    /// <summary>Asks for the deletion, or finds the one that is under way. Null when the instance has gone in the meantime.</summary>
    public async Task<Operation?> DeleteAsync(InstanceRecord instance, string actor, CancellationToken cancellationToken)
    {
        for (var record = instance; ;)
        {
            if (record.Spec.Desired == DesiredState.Deleted)
                return await store.FindOpenOperationAsync(record.Spec.Id, cancellationToken) ?? await NewestAsync(record.Spec.Id, cancellationToken);
            try
            {
                return await UpdateAsync(record.Spec, record.Spec with { Desired = DesiredState.Deleted }, OperationKind.Delete, actor, cancellationToken);
            }
            catch (StoreConflictException)
            {
                // Somebody changed it at the same time: the deletion is meant whatever the change was.
                if (await store.FindInstanceAsync(record.Spec.Id, cancellationToken) is not { } newer)
                    return null;
                if (newer.Spec.Generation == record.Spec.Generation)
                    throw;
                record = newer;
            }
        }
    }

    /// <summary>The operation of a deletion that somebody else writes.</summary>
    public Operation DeletionOf(InstanceSpec spec, string actor) => NewOperation(OperationKind.Delete, spec, actor);

    /// <summary>Lets the reconciler look at it soon. Without an engine it looks when it is back.</summary>
    public async Task PokeAsync(string id)
    {
        try
        {
            await engine.PokeAsync(id, CancellationToken.None);
        }
        catch (EngineUnavailableException failure)
        {
            log.LogWarning(failure, "The engine could not be told that {Instance} has changed; it will see it when it is back", id);
        }
    }

    private async Task<Operation?> NewestAsync(string id, CancellationToken cancellationToken) =>
        (await store.ListOperationsAsync(id, new PageRequest(1), cancellationToken)).Items is [var newest, ..] ? newest : null;

    private Operation NewOperation(OperationKind kind, InstanceSpec spec, string actor) => new(
        SortedId.New(time),
        kind,
        spec.Id,
        spec.Slug,
        actor,
        spec.Generation,
        OperationState.Pending,
        [],
        Percent: 0,
        Error: null,
        time.GetUtcNow(),
        FinishedAt: null);
}
