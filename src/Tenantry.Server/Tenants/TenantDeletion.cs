using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Plans;
using Tenantry.Model.Tenants;
using Tenantry.Model.Wire;
using Tenantry.Server.Engine;
using Tenantry.Server.Instances;
using Tenantry.Server.Store;

namespace Tenantry.Server.Tenants;

/// <summary>Deletes a tenant with all of its instances: all of it is asked for at once, and the last instance that is gone takes the tenant with it.</summary>
public sealed class TenantDeletion(IStore store, InstanceChanges instances, IEngineLink engine)
{
    /// <summary>The deletions that were begun, or are under way; none when the tenant is gone at once.</summary>
    public async Task<IReadOnlyList<Operation>> RunAsync(Tenant tenant, string actor, CancellationToken cancellationToken)
    {
        var removal = await store.RemoveTenantAsync(tenant, spec => instances.DeletionOf(spec, actor), cancellationToken);
        foreach (var operation in removal.Operations)
            await instances.PokeAsync(operation.InstanceId);
        return removal.Operations;
    }

    public async Task<PlanResponse> PreviewAsync(Tenant tenant, CancellationToken cancellationToken)
    {
        var changes = new List<ChangeResponse>();
        var steps = new List<PlanStep>();
        foreach (var instance in await ListAsync(tenant.Name, cancellationToken))
        {
            changes.Add(new ChangeResponse($"instance {instance.Spec.Slug}", "", instance.Spec.Slug, null));
            var plan = await engine.PlanAsync(instance.Spec with { Desired = DesiredState.Deleted, Generation = instance.Spec.Generation + 1 }, cancellationToken);
            steps.AddRange(plan.Steps);
        }

        changes.Add(new ChangeResponse($"tenant {tenant.Name}", "", tenant.Name, null));
        return PlanResponse.Of(changes, new Plan(steps), []);
    }

    private async Task<IReadOnlyList<Model.Instances.InstanceRecord>> ListAsync(string tenant, CancellationToken cancellationToken)
    {
        var all = new List<Model.Instances.InstanceRecord>();
        for (string? cursor = null; ;)
        {
            var page = await store.ListInstancesAsync(new InstanceFilter(Tenant: tenant), new PageRequest(Api.PageQuery.Largest, cursor), cancellationToken);
            all.AddRange(page.Items);
            if ((cursor = page.Next) is null)
                return all;
        }
    }
}
