using System.Globalization;
using System.Runtime.CompilerServices;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Targets.Docker.Engine;
using Tenantry.Targets.Docker.Running;

namespace Tenantry.Targets.Docker;

/// <summary>Says what there is of an instance.</summary>
internal sealed class DockerObserver(DockerHost host)
{
    private const int LastLines = 3;
    private const int ManyRestarts = 5;
    private readonly ConditionalWeakTable<InstanceObservation, InstanceSeen> _readings = [];

    /// <summary>What the engine said when that observation was made; read anew for one that was not made here.</summary>
    internal async Task<InstanceSeen> ReadingOfAsync(InstanceObservation observation, CancellationToken cancellationToken) =>
        _readings.TryGetValue(observation, out var reading) ? reading : await host.Reader.ReadAsync(observation.Ref, cancellationToken);

    internal async Task<InstanceObservation> ObserveAsync(InstanceRef instance, CancellationToken cancellationToken)
    {
        var seen = await host.Reader.ReadAsync(instance, cancellationToken);
        if (seen.IsNothing)
            return InstanceObservation.Absent(instance);
        var record = host.Records.Read(instance);
        var containers = seen.Ordered.ToList();
        var state = StateOf(seen, containers);
        var (health, reason) = state == ObservedState.Running ? await HealthOfAsync(containers, cancellationToken) : (InstanceHealth.Unknown, null);
        var first = containers.FirstOrDefault();
        var trouble = record?.ImportCutOff == true
            ? "An import of its data was cut off: its data is not complete. Import it again."
            : await TroubleAsync(containers, cancellationToken) ?? reason;
        var observation = new InstanceObservation
        {
            Ref = instance,
            State = state,
            Health = health,
            WorkloadDigest = DigestOf(seen, containers, record),
            RestartNonce = long.TryParse(first?.Labels.GetValueOrDefault(DockerLabels.RestartNonce), NumberStyles.None, CultureInfo.InvariantCulture, out var nonce) ? nonce : 0,
            Release = first?.Labels.GetValueOrDefault(DockerLabels.Release),
            Resources = ResourcesOf(instance, seen, containers),
            Drift = DriftOf(instance, seen, containers),
            Endpoint = state == ObservedState.Running && first?.Shape?.Port is { } port ? Endpoints.Of(first, port, host.Options.Remote) : null,
            Trouble = trouble,
        };
        _readings.Add(observation, seen);
        return observation;
    }

    /// <summary>Digest of the workload that was applied last, or null when that was never finished.</summary>
    internal static string? DigestOf(InstanceSeen seen, IReadOnlyList<ContainerSeen> containers, InstanceRecord? record)
    {
        if (containers.Count == 0 || seen.Former.Count > 0)
            return null;
        if (record?.IsOf(containers) == true)
            return record.WorkloadDigest;
        var digests = containers.Select(container => container.Labels.GetValueOrDefault(DockerLabels.WorkloadDigest)).Distinct(StringComparer.Ordinal).ToList();
        return digests.Count == 1 ? digests[0] : null;
    }

    private static ObservedState StateOf(InstanceSeen seen, List<ContainerSeen> containers)
    {
        if (seen.Shape is not { } shape || seen.Network is null || seen.Former.Count > 0
            || containers.Exists(container => container.State.IsRemains)
            || shape.Services.Any(service => !seen.Services.ContainsKey(service)) || shape.Volumes.Except(seen.Volumes, StringComparer.Ordinal).Any())
        {
            return ObservedState.Partial;
        }

        if (containers.TrueForAll(container => container.State.IsRunning))
            return containers.Exists(container => IsDetached(containers, container)) ? ObservedState.Partial : ObservedState.Running;
        if (containers.TrueForAll(container => container.State.IsPaused))
            return ObservedState.Frozen;
        return containers.Exists(container => container.State.IsUp) ? ObservedState.Partial : ObservedState.Stopped;
    }

    /// <summary>True for a container that lost its network: the first one, whose network it shares, was started after it.</summary>
    internal static bool IsDetached(IReadOnlyList<ContainerSeen> containers, ContainerSeen container) =>
        container != containers[0] && container.State.IsUp && container.State.StartedAt < containers[0].State.StartedAt;

    private async Task<(InstanceHealth Health, string? Reason)> HealthOfAsync(List<ContainerSeen> containers, CancellationToken cancellationToken)
    {
        var (worst, reason) = (InstanceHealth.Healthy, (string?)null);
        foreach (var container in containers)
        {
            var seen = await host.Health.AskAsync(container, cancellationToken);
            if (seen.Health is InstanceHealth.Healthy || worst == InstanceHealth.Unhealthy)
                continue;
            (worst, reason) = (seen.Health, seen.Reason is null ? null : $"{container.Service}: {seen.Reason}");
        }

        return (worst, reason);
    }

    private static List<ResourceObservation> ResourcesOf(InstanceRef instance, InstanceSeen seen, List<ContainerSeen> containers)
    {
        var resources = new List<ResourceObservation>();
        if (seen.Network is not null)
            resources.Add(new ResourceObservation(DockerNames.NetworkResource(instance), "there"));
        resources.AddRange(seen.Volumes.Select(volume => new ResourceObservation(DockerNames.VolumeResource(instance, volume), "there")));
        var services = containers.Concat(seen.Former.Values.Where(former => !seen.Services.ContainsKey(former.Service!)));
        resources.AddRange(services.Select(container => new ResourceObservation(DockerNames.ServiceResource(instance, container.Service!), container.State.Status)));
        return resources;
    }

    private static List<DriftItem> DriftOf(InstanceRef instance, InstanceSeen seen, List<ContainerSeen> containers)
    {
        var drift = new List<DriftItem>();
        if (seen.Shape is not { } shape)
            return drift;
        if (seen.Network is null)
            drift.Add(new DriftItem(DockerNames.NetworkResource(instance).ToString(), "there", "removed"));
        drift.AddRange(shape.Volumes.Except(seen.Volumes, StringComparer.Ordinal).Select(volume => new DriftItem(DockerNames.VolumeResource(instance, volume).ToString(), "there", "removed")));
        drift.AddRange(shape.Services.Where(service => !seen.Services.ContainsKey(service)).Select(service => new DriftItem(DockerNames.ServiceResource(instance, service).ToString(), "there", "removed")));
        drift.AddRange(containers.Where(container => container.State.IsRemains)
            .Select(container => new DriftItem(DockerNames.ServiceResource(instance, container.Service!).ToString(), "there", "half removed")));
        drift.AddRange(containers.Where(container => IsDetached(containers, container))
            .Select(container => new DriftItem(DockerNames.ServiceResource(instance, container.Service!).ToString(), "in the network of the first service", "cut off from it")));
        return drift;
    }

    private async Task<string?> TroubleAsync(List<ContainerSeen> containers, CancellationToken cancellationToken)
    {
        foreach (var container in containers)
        {
            var state = container.State;
            var isLooping = state.Status == "restarting" || (state.IsRunning && container.RestartCount >= ManyRestarts);
            var endedByItself = state.Status is "exited" or "dead" && (state.OutOfMemory || state.Error.Length > 0);
            if (!isLooping && !endedByItself)
                continue;
            var last = await host.Logs.LastAsync(container, LastLines, cancellationToken);
            var times = container.RestartCount > 0 ? $" It was started again {container.RestartCount} times." : "";
            return $"{container.Service} {HealthWait.DescribeEnd(state)}.{times}{(last.Length > 0 ? $" Its last lines: {last}" : "")}";
        }

        return null;
    }
}
