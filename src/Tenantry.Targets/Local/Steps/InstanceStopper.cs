using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Local.Networks;
using Tenantry.Targets.Local.Running;
using Tenantry.Targets.Steps;

namespace Tenantry.Targets.Local.Steps;

/// <summary>Puts instances to sleep and freezes them.</summary>
internal sealed class InstanceStopper(LocalHost host)
{
    private static readonly TimeSpan FreezePatience = TimeSpan.FromSeconds(15);

    /// <summary>Stops all processes and keeps nothing but the data.</summary>
    internal async Task SleepAsync(InstanceRef instance, StepWriter steps, CancellationToken cancellationToken)
    {
        var paths = host.Paths.Of(instance);
        if (InstanceFile.Read(paths) is not { } file)
            return;
        if (file.Wanted != DesiredState.Asleep)
            (file with { Wanted = DesiredState.Asleep }).Write(paths, durable: true);
        foreach (var service in file.Services.Reverse().Where(service => IsThere(paths, service)))
        {
            await steps.StepAsync(LocalResources.Service(instance, service.Name), StepAction.Stop, async () =>
            {
                using var held = await host.Locks.HoldAsync(paths.Id, cancellationToken);
                host.Health.Forget(paths.Service(service.Name));
                host.CgroupOf(paths.Id).Thaw();
                await host.Runner.StopAsync(paths, service, cancellationToken);
            });
        }

        await ReleaseAsync(host, paths, cancellationToken);
    }

    /// <summary>Keeps everything in memory and gives it no CPU.</summary>
    internal async Task FreezeAsync(InstanceRef instance, StepWriter steps, CancellationToken cancellationToken)
    {
        var paths = host.Paths.Of(instance);
        var cgroup = host.CgroupOf(paths.Id);
        // A service that is being started again meanwhile would be frozen before it begins.
        using var held = await host.Locks.HoldAsync(paths.Id, cancellationToken);
        if (InstanceFile.Read(paths) is not { } file || file.Services.Any(service => ServiceState.Read(paths.Service(service.Name))?.IsAlive != true))
            throw new TargetException("It does not run, so it cannot be frozen.", retryable: true, LocalResources.Instance(instance));
        if (file.IsUp && cgroup.IsFrozen)
            return;
        await steps.StepAsync(LocalResources.Instance(instance), StepAction.Freeze, async () =>
        {
            if (!file.IsUp)
                (file with { Wanted = DesiredState.Running }).Write(paths, durable: false);
            cgroup.Freeze();
            try
            {
                await UntilFrozenAsync(cgroup, instance, cancellationToken);
            }
            catch
            {
                cgroup.Thaw();
                throw;
            }
        });
    }

    /// <summary>Gives back what only a running instance needs. Its processes have ended.</summary>
    internal static async Task ReleaseAsync(LocalHost host, InstancePaths paths, CancellationToken cancellationToken)
    {
        var cgroup = host.CgroupOf(paths.Id);
        await cgroup.KillAsync(null, host.Time, TimeSpan.FromSeconds(20), cancellationToken);
        using (await host.Locks.HoldAsync(paths.Id, cancellationToken))
        {
            // Whoever still reads the data takes them off in the end.
            if (!host.DataUsers.Any(paths.Id))
                await host.Volumes.UnmountAsync(paths, cancellationToken);
        }

        InstanceMemory.Remove(paths);
        cgroup.Remove();
        if (InstanceFile.Read(paths) is { Egress.Mode: not EgressMode.None } file)
            await host.Egress.RemoveAsync(host.NumberOf(file), cancellationToken);
        InstanceNetwork.Remove(paths);
    }

    private async Task UntilFrozenAsync(Linux.Cgroups.CgroupTree cgroup, InstanceRef instance, CancellationToken cancellationToken)
    {
        // A process in the middle of a system call that cannot be interrupted freezes when it comes out of it.
        var start = host.Time.GetTimestamp();
        for (var pause = TimeSpan.FromMilliseconds(0.2); !cgroup.IsFrozen; pause = pause * 2 < TimeSpan.FromMilliseconds(20) ? pause * 2 : TimeSpan.FromMilliseconds(20))
        {
            if (host.Time.GetElapsedTime(start) > FreezePatience)
                throw new TargetException($"Not all of its processes stop within {FreezePatience.TotalSeconds:0} s, so it runs on.", retryable: true, LocalResources.Instance(instance));
            await Task.Delay(pause, host.Time, cancellationToken);
        }
    }

    private bool IsThere(InstancePaths paths, ServiceFile service) =>
        ServiceState.Read(paths.Service(service.Name)) is not null || host.CgroupOf(paths.Id).Processes(service.Name).Count > 0;
}
