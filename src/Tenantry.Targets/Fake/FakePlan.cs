using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;

namespace Tenantry.Targets.Fake;

/// <summary>What a fake target would do: pure.</summary>
internal static class FakePlan
{
    public static IReadOnlyList<ResourceName> Resources(InstanceWorkload workload) =>
    [
        new ResourceName("network", $"{workload.Ref.Slug}-net"),
        .. workload.Services.SelectMany(service => service.Volumes).Select(volume => volume.Name).Distinct(StringComparer.Ordinal)
            .Select(volume => new ResourceName("volume", $"{workload.Ref.Slug}-{volume}")),
        .. workload.Services.Select(service => new ResourceName("service", $"{workload.Ref.Slug}-{service.Name}")),
    ];

    public static Plan Make(InstanceWorkload workload, InstanceObservation seen, string? seenRest)
    {
        var wanted = Resources(workload);
        var there = seen.Resources.Select(resource => resource.Resource).ToHashSet();
        var steps = new List<PlanStep>();
        foreach (var resource in wanted.Where(resource => !there.Contains(resource)))
            steps.Add(new(resource, StepAction.Create, "it does not exist"));
        foreach (var resource in there.Where(resource => !wanted.Contains(resource)))
            steps.Add(new(resource, StepAction.Delete, "it is no longer wanted"));
        var services = wanted.Where(resource => resource.Kind == "service" && there.Contains(resource)).ToList();
        if (seen.WorkloadDigest != workload.Digest && services.Count > 0)
        {
            var inPlace = seenRest == Rest(workload);
            foreach (var service in services)
                steps.Add(new(service, inPlace ? StepAction.Update : StepAction.Replace, inPlace ? "its limits changed" : "what it runs changed"));
        }
        else if (seen.RestartNonce != workload.RestartNonce && services.Count > 0)
        {
            steps.AddRange(services.Select(service => new PlanStep(service, StepAction.Replace, "a restart was asked for")));
        }

        if (steps.Count == 0 && seen.State is ObservedState.Stopped or ObservedState.Partial)
            steps.AddRange(services.Select(service => new PlanStep(service, StepAction.Start, "it does not run")));
        if (steps.Count == 0 && seen.State == ObservedState.Frozen)
            steps.AddRange(services.Select(service => new PlanStep(service, StepAction.Thaw, "it is frozen")));
        return new Plan(steps);
    }

    /// <summary>Digest of everything but the limits: equal means that only limits changed.</summary>
    public static string Rest(InstanceWorkload workload) =>
        WorkloadDigest.Of(workload with { Limits = new ResourceLimits(0, 0, 0, 0, 0, 0, workload.Limits.Runtime) });
}
