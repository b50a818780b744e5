using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;

namespace Tenantry.Targets.Local;

/// <summary>What would bring an instance to its workload. A pure function of what is wanted, what was seen and what was written down.</summary>
internal sealed class LocalPlanner
{
    private readonly InstanceWorkload _workload;
    private readonly InstanceObservation _seen;
    private readonly InstanceFile? _known;
    private readonly LocalTargetOptions _options;
    private readonly List<PlanStep> _steps = [];

    private LocalPlanner(InstanceWorkload workload, InstanceObservation seen, InstanceFile? known, LocalTargetOptions options)
    {
        _workload = workload;
        _seen = seen;
        _known = known;
        _options = options;
    }

    /// <summary>The plan.</summary>
    /// <param name="workload">What is wanted.</param>
    /// <param name="seen">What was seen.</param>
    /// <param name="known">What was written down, or null.</param>
    /// <param name="volumes">The volumes that the workload needs.</param>
    /// <param name="releaseIsReady">True when its build need not run.</param>
    /// <param name="options">The target's options.</param>
    internal static Plan Of(InstanceWorkload workload, InstanceObservation seen, InstanceFile? known, IReadOnlyList<VolumeFile> volumes, bool releaseIsReady, LocalTargetOptions options)
    {
        if (workload.Desired == DesiredState.Deleted)
            return Plan.Nothing;
        var planner = new LocalPlanner(workload, seen, known, options);
        planner.Keep(volumes, releaseIsReady);
        if (workload.Desired == DesiredState.Asleep)
            planner.Stop();
        else
            planner.Run();
        if (planner._steps.Count == 0 && seen.WorkloadDigest != workload.Digest)
            planner.Add(LocalResources.Identity(workload.Ref), StepAction.Update, "what is known of it changed");
        return new Plan(planner._steps);
    }

    // What is there whether it runs or not.
    private void Keep(IReadOnlyList<VolumeFile> volumes, bool releaseIsReady)
    {
        if (_workload.Release.Build is { } build && !releaseIsReady)
            Add(LocalResources.Release(build.Key), StepAction.Create, _seen.Drift.Any(item => item.Resource == $"{LocalResources.Release(build.Key)}") ? "build it anew: it was damaged" : "build it once for all tenants");
        if (_known is null || !IsReady(LocalResources.Identity(_workload.Ref)))
            Add(LocalResources.Identity(_workload.Ref), StepAction.Create, "a folder and a range of user ids of its own");
        foreach (var volume in volumes)
        {
            var name = LocalResources.Volume(_workload.Ref, volume.Name);
            var before = _known?.Volumes.FirstOrDefault(known => known.Name == volume.Name);
            if (before is null || StateOf(name) is null)
                Add(name, StepAction.Create, volume.Image is null ? "a folder" : $"{volume.SizeBytes} bytes");
            else if (before.SizeBytes != volume.SizeBytes)
                Add(name, StepAction.Update, Resizing(before.SizeBytes, volume));
        }
    }

    private static string Resizing(long before, VolumeFile volume) => $"{before} to {volume.SizeBytes} bytes" + (volume.SizeBytes < before && volume.Image is not null
        ? "; it keeps what it has, since a file system is not made smaller (exporting and importing its data does that)"
        : "");

    private void Stop()
    {
        if (_seen.State == ObservedState.Frozen)
            Add(LocalResources.Instance(_workload.Ref), StepAction.Thaw, "so that it can stop");
        foreach (var service in (_known?.Services ?? []).Reverse().Where(service => StateOf(LocalResources.Service(_workload.Ref, service.Name)) is not (null or LocalResources.Stopped)))
            Add(LocalResources.Service(_workload.Ref, service.Name), StepAction.Stop, "it is to be asleep");
    }

    private void Run()
    {
        var changed = _workload.Services.Where(service => Known(service)?.Digest != ServiceDigest.Of(_workload, service, _options) || IsOutdated(service)).Select(service => service.Name).ToHashSet(StringComparer.Ordinal);
        var restart = _known is not null && _seen.RestartNonce != _workload.RestartNonce;
        var work = changed.Count > 0 || restart || _workload.Services.Any(service => StateOf(LocalResources.Service(_workload.Ref, service.Name)) is not (LocalResources.Running or LocalResources.Frozen));
        if (_seen.State == ObservedState.Frozen && (work || _workload.Desired == DesiredState.Running))
            Add(LocalResources.Instance(_workload.Ref), StepAction.Thaw, "it is to run");
        foreach (var gone in (_known?.Services ?? []).Reverse().Where(known => _workload.Services.All(service => service.Name != known.Name)))
            Add(LocalResources.Service(_workload.Ref, gone.Name), StepAction.Delete, "the release has no such service");
        Surroundings(changed.Count > 0);
        Services(changed, restart);
        if (_workload.Desired == DesiredState.Frozen && (_seen.State != ObservedState.Frozen || work))
            Add(LocalResources.Instance(_workload.Ref), StepAction.Freeze, "it is to be frozen");
    }

    private void Surroundings(bool changed)
    {
        var network = LocalResources.Network(_workload.Ref);
        if (!IsReady(network))
            Add(network, Making(network), "a network namespace of its own");
        else if (_known is { Services.Count: 1 } && _workload.Services.Count > 1)
            Add(network, StepAction.Update, "several services share more of it");
        else if (_known is { EgressIsBegun: true } || (_known is not null && !SameEgress(_known.Egress, _workload.Egress)))
            Add(network, StepAction.Update, "what it may reach changed");

        var limits = LocalResources.Limits(_workload.Ref);
        if (StateOf(limits) is null or LocalResources.Released)
            Add(limits, Making(limits), $"{_workload.Limits.MemoryBytes} bytes of memory, {_workload.Limits.Cpu} cores, {_workload.Limits.Pids} processes");
        else if (StateOf(limits) != LocalResources.Ready || _known?.Limits != _workload.Limits)
            Add(limits, StepAction.Update, $"{_workload.Limits.MemoryBytes} bytes of memory, {_workload.Limits.Cpu} cores, {_workload.Limits.Pids} processes");

        var configuration = LocalResources.Configuration(_workload.Ref);
        if (StateOf(configuration) is null or LocalResources.Released)
            Add(configuration, Making(configuration), "secrets and rendered files, in memory");
        else if (changed || StateOf(configuration) != LocalResources.Ready)
            Add(configuration, StepAction.Update, "secrets and rendered files, in memory");
    }

    private void Services(HashSet<string> changed, bool restart)
    {
        var waiting = new List<string>();
        foreach (var service in _workload.Services)
        {
            var name = LocalResources.Service(_workload.Ref, service.Name);
            var (action, why) = StateOf(name) switch
            {
                null => (StepAction.Create, "start it"),
                LocalResources.Stopped => (StepAction.Start, "start it"),
                LocalResources.Ended => (changed.Contains(service.Name) || restart ? StepAction.Replace : StepAction.Start, "it ended"),
                _ when changed.Contains(service.Name) => (StepAction.Replace, "it changed"),
                _ when restart => (StepAction.Replace, "a restart was asked for"),
                _ => ((StepAction?)null, ""),
            };
            if (action is null)
                continue;
            foreach (var needed in service.DependsOn.Where(waiting.Remove))
                Add(LocalResources.Service(_workload.Ref, needed), StepAction.Wait, "until it is healthy");
            Add(name, action.Value, why);
            waiting.Add(service.Name);
        }

        foreach (var name in waiting)
            Add(LocalResources.Service(_workload.Ref, name), StepAction.Wait, "until it is healthy");
    }

    // Its new configuration was written, and a crash came before it was started with it.
    private bool IsOutdated(ServiceWorkload service)
    {
        var name = LocalResources.Service(_workload.Ref, service.Name);
        return StateOf(name) is LocalResources.Running or LocalResources.Frozen && _seen.Drift.Any(item => item.Resource == $"{name}");
    }

    private static bool SameEgress(EgressRules one, EgressRules other) => one.Mode == other.Mode && one.Allow.SequenceEqual(other.Allow, StringComparer.Ordinal);

    private ServiceFile? Known(ServiceWorkload service) => _known?.Services.FirstOrDefault(known => known.Name == service.Name);

    private string? StateOf(ResourceName name) => _seen.Resources.FirstOrDefault(resource => resource.Resource == name)?.State;

    private StepAction Making(ResourceName name) => StateOf(name) switch
    {
        null => StepAction.Create,
        LocalResources.Released => StepAction.Start,
        _ => StepAction.Replace,
    };

    private bool IsReady(ResourceName name) => StateOf(name) == LocalResources.Ready;

    private void Add(ResourceName resource, StepAction action, string why) => _steps.Add(new PlanStep(resource, action, why));
}
