using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Local.Networks;
using Tenantry.Targets.Local.Running;
using Tenantry.Targets.Local.Volumes;

namespace Tenantry.Targets.Local;

/// <summary>Says what there is of an instance: from its files, the kernel's, and the last health checks. Starts nothing.</summary>
internal sealed class InstanceObserver(LocalHost host)
{
    internal async Task<InstanceObservation> ObserveAsync(InstanceRef instance, CancellationToken cancellationToken)
    {
        var paths = host.Paths.Of(instance);
        var (file, unreadable) = Read(paths);
        var seen = new Seen(host, paths, instance, file);
        if (file is null && !seen.Anything(unreadable))
            return InstanceObservation.Absent(instance);
        seen.Look(unreadable);
        var health = seen.State == ObservedState.Running ? await HealthAsync(paths, file!, cancellationToken) : (InstanceHealth.Unknown, null);
        return new InstanceObservation
        {
            Ref = instance,
            State = seen.State,
            Health = health.Item1,
            WorkloadDigest = file?.Digest,
            RestartNonce = file is null ? 0 : StartedWith(paths, file),
            Release = file?.Release,
            Resources = seen.Resources,
            Drift = seen.Drift,
            Endpoint = seen.State is ObservedState.Running or ObservedState.Frozen && file!.EntryPort is { } port ? new Endpoint("127.0.0.1", port, NamespacePath: paths.Network) : null,
            Trouble = seen.Trouble ?? health.Item2,
            TroubleIsTerminal = seen.GaveUp,
        };
    }

    // What runs says it: the file is written before the old process is ended, and being cut off may come between the two.
    private static long StartedWith(InstancePaths paths, InstanceFile file) =>
        file.Services.Select(service => ServiceState.Read(paths.Service(service.Name))).Where(state => state?.Process is not null).Select(state => state!.RestartNonce).Append(file.RestartNonce).Min();

    private async Task<(InstanceHealth Health, string? Reason)> HealthAsync(InstancePaths paths, InstanceFile file, CancellationToken cancellationToken)
    {
        var worst = InstanceHealth.Healthy;
        string? reason = null;
        foreach (var service in file.Services.Where(service => service.Health is not null))
        {
            if (ServiceState.Read(paths.Service(service.Name)) is not { Process: { } process } state)
                return (InstanceHealth.Unknown, null);

            // Nobody asked since this control plane came up.
            var seen = host.Health.Of(paths.Service(service.Name), process) ?? await host.Health.AskAsync(paths, service, state, cancellationToken);
            if (seen.Health == InstanceHealth.Healthy || (worst == InstanceHealth.Unhealthy && seen.Health != InstanceHealth.Unhealthy))
                continue;
            worst = seen.Health;
            reason = seen.Health == InstanceHealth.Unhealthy ? $"Service {service.Name}: {seen.Reason}" : null;
        }

        return (worst, reason);
    }

    private static (InstanceFile? File, string? Unreadable) Read(InstancePaths paths)
    {
        try
        {
            return (InstanceFile.Read(paths), null);
        }
        catch (TargetException error)
        {
            return (null, error.Message);
        }
    }

    /// <summary>One look at one instance.</summary>
    private sealed class Seen(LocalHost host, InstancePaths paths, InstanceRef instance, InstanceFile? file)
    {
        private readonly Linux.Cgroups.CgroupTree _cgroup = host.CgroupOf(paths.Id);
        private int _alive;

        internal List<ResourceObservation> Resources { get; } = [];

        internal List<DriftItem> Drift { get; } = [];

        internal ObservedState State { get; private set; } = ObservedState.Partial;

        internal string? Trouble { get; private set; }

        internal bool GaveUp { get; private set; }

        internal bool Anything(string? unreadable) => unreadable is not null || Directory.Exists(paths.Folder) || Directory.Exists(paths.Memory) || InstanceNetwork.AnyLeft(paths) || _cgroup.Exists;

        internal void Look(string? unreadable)
        {
            if (Directory.Exists(paths.Folder))
                Add(LocalResources.Identity(instance), file is null ? LocalResources.Damaged : LocalResources.Ready, unreadable ?? (file is null ? "" : $"host user ids from {file.FirstUid}"));
            var asleep = file is not null && IsStopped();
            LookAtVolumes(asleep);
            LookAtNetwork(asleep);
            LookAtLimits(asleep);
            LookAtConfiguration(asleep);
            foreach (var service in file?.Services ?? [])
                LookAtService(service, asleep);
            if (file?.Build is { } build && host.Builds.DamageOf(build) is { } damage)
                Drift.Add(new DriftItem($"{LocalResources.Release(build)}", "as it was built", damage));
            State = file switch
            {
                null => ObservedState.Partial,
                _ when asleep && IsComplete(file) => ObservedState.Stopped,
                _ when file.Digest is null && _alive == 0 => ObservedState.Partial,
                { Services.Count: > 0 } when _alive == file.Services.Count && Drift.All(item => !item.Resource.StartsWith("network", StringComparison.Ordinal)) =>
                    _cgroup.IsFrozen ? ObservedState.Frozen : ObservedState.Running,
                _ => ObservedState.Partial,
            };
        }

        // No process, and none that is missed: it was put to sleep, or the machine was started anew.
        private bool IsStopped() => file!.Services.All(service => ServiceState.Read(paths.Service(service.Name)) is not { } state || (!state.IsAlive && (file.Wanted == DesiredState.Asleep || IsOfAnotherBoot(state))))
            && (file.Wanted == DesiredState.Asleep || !Directory.Exists(paths.Memory) || file.Services.Any(service => ServiceState.Read(paths.Service(service.Name)) is { } state && IsOfAnotherBoot(state)));

        private static bool IsOfAnotherBoot(ServiceState state) => state.Process is { } process && process.BootId != ProcessIdentity.CurrentBootId;

        private static bool IsComplete(InstanceFile file) => file.Digest is not null;

        private void LookAtVolumes(bool asleep)
        {
            foreach (var volume in file?.Volumes ?? [])
            {
                var name = LocalResources.Volume(instance, volume.Name);
                var exists = volume.Image is null ? Directory.Exists(VolumeStore.FolderOf(paths, volume)) : VolumeStore.HasImage(paths, volume);
                if (exists)
                    Add(name, asleep || VolumeStore.IsReady(paths, volume) ? LocalResources.Ready : LocalResources.Damaged, SizeText(volume));
                if (!exists)
                    Drift.Add(new DriftItem($"{name}", "its data", "nothing"));
                else if (!asleep && !VolumeStore.IsReady(paths, volume))
                    Drift.Add(new DriftItem($"{name}", "mounted", "not mounted"));
            }

            if (file is null && (Directory.Exists(paths.Data)))
                Add(LocalResources.Volume(instance, "all"), LocalResources.Damaged, "nobody knows which");
        }

        private string SizeText(VolumeFile volume) => (VolumeStore.SizeOf(paths, volume), volume.SizeBytes) switch
        {
            _ when volume.Image is null => "a folder; its size is not held",
            ({ } size, var wanted) when size < wanted => $"{size} bytes; it gets {wanted} when it next wakes from sleep, since it cannot be made larger while it is in use here",
            ({ } size, var wanted) when size > wanted => $"{size} bytes; {wanted} are wanted, and a file system is not made smaller: export its data and import it",
            (_, var wanted) => $"{wanted} bytes",
        };

        private void LookAtNetwork(bool asleep)
        {
            var several = file?.Services.Count > 1;
            var whole = InstanceNetwork.IsWhole(paths, several) && HasWayOut();
            if (!Released(asleep, LocalResources.Network(instance), InstanceNetwork.AnyLeft(paths)) && InstanceNetwork.AnyLeft(paths))
                Add(LocalResources.Network(instance), whole ? LocalResources.Ready : LocalResources.Damaged);
            if (file is not null && !whole && !asleep && file.Services.Count > 0)
                Drift.Add(new DriftItem($"{LocalResources.Network(instance)}", "a network namespace", "none"));
        }

        // Asked of a running process: its files show its network. Its default route is what is made last.
        private bool HasWayOut()
        {
            if (file is null or { Egress.Mode: EgressMode.None })
                return true;
            var member = file.Services.Select(service => ServiceState.Read(paths.Service(service.Name))).FirstOrDefault(state => state?.IsAlive == true)?.Process?.Pid;
            return member is null || InstanceMeter.ReadNetwork(member.Value, "route") is not { } routes || RouteTable.HasDefault(routes, EgressPlan.InstanceLink);
        }

        private void LookAtLimits(bool asleep)
        {
            if (Released(asleep, LocalResources.Limits(instance), _cgroup.Exists) || !_cgroup.Exists)
                return;
            var differences = file is null ? [] : _cgroup.Differences(host.LimitsOf(file));
            Add(LocalResources.Limits(instance), differences.Count == 0 ? LocalResources.Ready : LocalResources.Damaged);
            foreach (var (wanted, seen) in differences)
                Drift.Add(new DriftItem($"{LocalResources.Limits(instance)} {wanted.File}", wanted.Value, seen));
        }

        private void LookAtConfiguration(bool asleep)
        {
            if (Released(asleep, LocalResources.Configuration(instance), Directory.Exists(paths.Memory)) || !Directory.Exists(paths.Memory))
                return;
            var wrong = (file?.Services ?? []).Where(service => InstanceMemory.ReadConfigDigest(paths.Service(service.Name)) != service.ConfigDigest).Select(service => service.Name).ToList();
            Add(LocalResources.Configuration(instance), wrong.Count == 0 ? LocalResources.Ready : LocalResources.Damaged);
            foreach (var name in wrong)
                Drift.Add(new DriftItem($"{LocalResources.Configuration(instance)} {name}", "as it was written", "another, or none"));
        }

        private void LookAtService(ServiceFile service, bool asleep)
        {
            var own = paths.Service(service.Name);
            var name = LocalResources.Service(instance, service.Name);
            var state = ServiceState.Read(own);
            if (state?.IsAlive == true)
            {
                _alive++;
                Add(name, _cgroup.IsFrozen ? LocalResources.Frozen : LocalResources.Running, $"process {state.Process!.Pid}");
                if (state.ConfigDigest != service.ConfigDigest)
                    Drift.Add(new DriftItem($"{name}", "its present configuration", "an earlier one"));
                return;
            }

            if (asleep)
            {
                Add(name, LocalResources.Stopped);
                return;
            }

            if (state is null)
                return;
            Add(name, LocalResources.Ended, state.LastExit ?? "");
            Drift.Add(new DriftItem($"{name}", LocalResources.Running, state.LastExit is null ? "no process" : $"ended with {state.LastExit}"));
            Explain(service, own, state);
        }

        private void Explain(ServiceFile service, ServicePaths own, ServiceState state)
        {
            if (GaveUp)
                return;
            GaveUp = state.GaveUp;
            var what = state.GaveUp ? HealthWait.Ended(state)
                : state.RestartAt is { } at ? $"It ended with {state.LastExit} and is started again at {at:HH:mm:ss} UTC"
                : $"It ended with {state.LastExit ?? "an unknown exit code"}";
            Trouble = $"Service {service.Name}: {HealthWait.WithLastLines(host, own, what)}";
        }

        // What a sleeping instance gave back is still part of it: it comes back when it wakes.
        private bool Released(bool asleep, ResourceName resource, bool exists)
        {
            if (!asleep || exists || !IsComplete(file!))
                return false;
            Add(resource, LocalResources.Released);
            return true;
        }

        private void Add(ResourceName resource, string state, string detail = "") => Resources.Add(new ResourceObservation(resource, state, detail));
    }
}
