using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Plans;
using Tenantry.Model.Wire;
using Tenantry.Model.Workloads;
using Tenantry.Server.Api;
using Tenantry.Server.Rendering;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Instances;

/// <summary>What instances cost a month by list prices, where their targets have any. Nothing is asked of a platform.</summary>
public sealed class InstanceCosts(IStore store, ApiSettings settings, IReadOnlyList<TargetKind> kinds)
{
    /// <summary>Whether any configured target has prices.</summary>
    public async Task<bool> AreKnownAsync(CancellationToken cancellationToken) =>
        (await store.ListTargetsAsync(cancellationToken)).Any(target => Find(target) is not null);

    /// <summary>In the order of the instances; those of which nothing is known are left out.</summary>
    public async Task<IReadOnlyList<InstanceCostResponse>> OfAsync(IReadOnlyList<InstanceSpec> specs, CancellationToken cancellationToken)
    {
        var targets = (await store.ListTargetsAsync(cancellationToken)).ToDictionary(target => target.Name, StringComparer.Ordinal);
        var workloads = new OpenWorkloads(store, settings);
        var known = new List<InstanceCostResponse>();
        foreach (var spec in specs)
        {
            if (targets.GetValueOrDefault(spec.Target) is not { } target || Find(target) is not { } costOf)
                continue;
            try
            {
                if (costOf(await workloads.ResolveAsync(spec, cancellationToken), target.Options) is { } cost)
                    known.Add(new InstanceCostResponse(spec.Slug, MoneyResponse.Of(cost.Awake), MoneyResponse.Of(cost.Asleep), cost.Source));
            }
            catch (Exception refused) when (refused is WorkloadRefusedException or UnknownReferenceException or TargetException)
            {
                // What cannot run there has no price; why it cannot, its own page tells.
            }
        }

        return known;
    }

    private Func<InstanceWorkload, IReadOnlyDictionary<string, string>, MonthlyCost?>? Find(TargetRecord target) => kinds.FirstOrDefault(kind => kind.Kind == target.Kind)?.CostOf;
}
