using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Tenants;
using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

/// <summary>A tenant's removal is asked for as one act: all of it is wanted, or nothing.</summary>
internal static class TenantRemovalRows
{
    public static async Task<TenantRemoval> RemoveAsync(Session session, Tenant tenant, Func<InstanceSpec, Operation> deletion)
    {
        var changed = new List<string>();
        if (await TenantRows.MarkAsync(session, tenant.Name, tenant.Version) is not { } isNew)
            return new TenantRemoval([], changed);
        if (isNew)
            changed.Add($"tenant {tenant.Name}");
        var operations = new List<Operation>();
        foreach (var spec in await InstanceRows.ListOfTenantAsync(session, tenant.Name))
        {
            if (spec.Desired == DesiredState.Deleted)
            {
                if ((await OperationRows.FindOpenAsync(session, spec.Id) ?? await OperationRows.FindNewestAsync(session, spec.Id)) is { } present)
                    operations.Add(present);
                continue;
            }

            var wanted = spec with { Desired = DesiredState.Deleted };
            var operation = deletion(wanted with { Generation = spec.Generation + 1 });
            await InstanceRows.UpdateAsync(session, wanted, spec.Generation, operation);
            operations.Add(operation);
            changed.Add($"instance {spec.Slug}");
        }

        if (await TenantRows.RemoveIfDoneAsync(session, tenant.Name) && !isNew)
            changed.Add($"tenant {tenant.Name}");
        return new TenantRemoval(operations, changed);
    }
}
