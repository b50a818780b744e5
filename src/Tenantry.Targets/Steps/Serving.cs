using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;

namespace Tenantry.Targets.Steps;

/// <summary>Which steps of a plan concern what serves requests. A side service that is replaced interrupts nobody.</summary>
internal sealed class Serving(InstanceWorkload workload, Plan plan, Func<string, ResourceName> resourceOf)
{
    private readonly HashSet<ResourceName> _resources = [.. workload.FindServing().Select(resourceOf)];

    /// <summary>The last step after which requests can be answered.</summary>
    internal PlanStep? Last => plan.Steps.LastOrDefault(step => step.Action is not (StepAction.Stop or StepAction.Delete) && Has(step.Resource));

    internal bool Has(ResourceName service) => _resources.Contains(service);
}
