using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Local.Running;
using Tenantry.Targets.Steps;

namespace Tenantry.Targets.Local.Steps;

/// <summary>
/// Lets a frozen instance go on just as it is. That needs no plan and writes nothing: what it is was written when it was made so, and whether it is frozen is the kernel's to say.
/// A request waits for this, so that no disk is waited for.
/// </summary>
internal sealed class InstanceThawer(LocalHost host)
{
    /// <summary>True when it runs again and is healthy. False, and nothing was done, when more than that is to be done.</summary>
    internal async Task<bool> TryAsync(InstanceWorkload workload, StepWriter steps, CancellationToken cancellationToken)
    {
        var paths = host.Paths.Of(workload.Ref);
        var cgroup = host.CgroupOf(paths.Id);
        if (!cgroup.IsFrozen || InstanceFile.ReadOrNull(paths) is not { IsUp: true } file || !IsWanted(workload, file) || !file.Services.All(service => IsItself(paths, file, service)))
            return false;
        await steps.StepAsync(LocalResources.Instance(workload.Ref), StepAction.Thaw, cgroup.Thaw);
        foreach (var service in file.Services)
        {
            await HealthWait.UntilHealthyAsync(host, file, service, cancellationToken);
            host.Health.Follow(paths, service);
        }

        return true;
    }

    private static bool IsWanted(InstanceWorkload workload, InstanceFile file) =>
        file.Digest == workload.Digest && file.Attempted == workload.Digest && file.RestartNonce == workload.RestartNonce && !file.EgressIsBegun && file.Services.Count == workload.Services.Count;

    private static bool IsItself(InstancePaths paths, InstanceFile file, ServiceFile service) =>
        ServiceState.Read(paths.Service(service.Name)) is { IsAlive: true } state && state.ConfigDigest == service.ConfigDigest && state.RestartNonce == file.RestartNonce;
}
