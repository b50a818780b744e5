using System.Globalization;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Docker.Engine;
using Tenantry.Targets.Docker.Images;
using Tenantry.Targets.Docker.Networks;

namespace Tenantry.Targets.Docker;

/// <summary>What would bring an instance to its workload. A pure function of what is wanted and what was seen.</summary>
/// <param name="workload">What is wanted.</param>
/// <param name="seen">What the engine holds.</param>
/// <param name="observed">The same as a whole, with its health.</param>
/// <param name="missingImages">Names of images that the engine does not have.</param>
/// <param name="containers">How containers are made.</param>
/// <param name="isProven">True when what the services have now was healthy, so that containers aside are no longer wanted.</param>
internal sealed class DockerPlanner(
    InstanceWorkload workload, InstanceSeen seen, InstanceObservation observed, IReadOnlyList<string> missingImages, DockerContainers containers, bool isProven = false)
{
    private readonly IReadOnlyDictionary<string, ContainerSeen> _former = isProven ? new Dictionary<string, ContainerSeen>(StringComparer.Ordinal) : seen.Former;
    private readonly List<PlanStep> _steps = [];
    private readonly List<ContainerSeen> _there = [.. seen.Ordered];

    internal Plan Make()
    {
        if (workload.Desired == DesiredState.Deleted)
            return Plan.Nothing;
        foreach (var image in missingImages)
            Add(ImageStore.Resource(image), StepAction.Create, "the engine does not have it");
        foreach (var old in seen.Former.Values.Where(_ => isProven).OrderBy(old => old.Name, StringComparer.Ordinal))
            Add(new ResourceName("service", old.Name), StepAction.Delete, "what took its place is healthy");
        var isMoved = Network();
        foreach (var volume in ServiceShape.VolumesOf(workload).Where(volume => !seen.Volumes.Contains(volume.Name, StringComparer.Ordinal)))
            Add(DockerNames.VolumeResource(workload.Ref, volume.Name), StepAction.Create, "it does not exist");
        foreach (var gone in Names().Reverse().Where(name => workload.Services.All(service => service.Name != name)))
            Gone(gone);
        Services(isMoved);
        if (_steps.Count == 0 && observed.WorkloadDigest != workload.Digest)
            Add(Resource(workload.Services[0].Name), StepAction.Update, "what is known of it changed");
        return new Plan(_steps);
    }

    // True when what is in the network has to be made anew because the network is.
    private bool Network()
    {
        var network = DockerNames.NetworkResource(workload.Ref);
        if (seen.Network is null)
        {
            Add(network, StepAction.Create, workload.Egress.Mode == EgressMode.None ? "a bridge of its own, without a way out" : "a bridge of its own");
            return true;
        }

        if (workload.Desired == DesiredState.Asleep || seen.Network.GetValueOrDefault(DockerLabels.Egress) == InstanceNetworks.EgressLabel(workload.Egress))
            return false;
        foreach (var service in Names().Reverse())
            Add(Resource(service), StepAction.Delete, "it is made anew in the new network");
        Add(network, StepAction.Replace, "what it may reach changed");
        return true;
    }

    // What sleeps keeps the containers of its release until the next one's are healthy.
    private void Gone(string service)
    {
        if (workload.Desired != DesiredState.Asleep)
            Add(Resource(service), StepAction.Delete, "the release has no such service");
        else if (seen.Services.GetValueOrDefault(service)?.State.IsUp == true)
            Add(Resource(service), StepAction.Stop, "it is to be asleep");
    }

    private void Services(bool isMoved)
    {
        var isFirstNew = false;
        var isFirstRestarted = false;
        foreach (var service in workload.Services)
        {
            var container = seen.Services.GetValueOrDefault(service.Name);
            var isFirst = service == workload.Services[0];
            var (action, why) = Decide(service, container, isMoved, isFirst ? (false, false) : (isFirstNew, isFirstRestarted));
            if (isFirst)
                (isFirstNew, isFirstRestarted) = (action is StepAction.Create or StepAction.Replace, action is StepAction.Start);
            if (action is { } step)
                Add(Resource(service.Name), step, why);
            else if (container is not null && NewShare(container))
                Add(Resource(service.Name), StepAction.Update, "its limits changed");
            else if (container is { State.IsRunning: true } && observed.Health == InstanceHealth.Starting)
                Add(Resource(service.Name), StepAction.Wait, "until it is healthy");
        }

        if (workload.Desired == DesiredState.Frozen && (_steps.Count > 0 || observed.State != ObservedState.Frozen))
            Add(DockerNames.InstanceResource(workload.Ref), StepAction.Freeze, "it is to be frozen");
    }

    private (StepAction? Action, string Why) Decide(ServiceWorkload service, ContainerSeen? container, bool isMoved, (bool New, bool Restarted) first)
    {
        var hasFormer = _former.ContainsKey(service.Name);
        if (container is null && !hasFormer)
            return (StepAction.Create, "it does not exist");
        if (container is { State.IsRemains: true } && !hasFormer)
            return (StepAction.Create, "only remains of it are there");
        if (workload.Desired == DesiredState.Asleep)
            return container is { State.IsUp: true } ? (StepAction.Stop, "it is to be asleep") : (null, "");
        if (container is null || hasFormer)
            return (StepAction.Replace, "an earlier replacement was not finished");
        if (isMoved && seen.Network is not null)
            return (StepAction.Create, "in the new network");
        if (isMoved || first.New)
            return (StepAction.Replace, "its network is made anew");
        if (container.Labels.GetValueOrDefault(DockerLabels.ServiceDigest) != containers.DigestOf(service))
            return (StepAction.Replace, "what it runs changed");
        if (container.Labels.GetValueOrDefault(DockerLabels.RestartNonce) != workload.RestartNonce.ToString(CultureInfo.InvariantCulture))
            return (StepAction.Replace, "a restart was asked for");
        if (container.State.IsPaused)
            return workload.Desired == DesiredState.Running || observed.State != ObservedState.Frozen ? (StepAction.Thaw, "it is to run") : (null, "");
        if (!container.State.IsRunning)
            return (StepAction.Start, container.State.Status == "restarting" ? "it ended" : "it does not run");
        return first.Restarted || DockerObserver.IsDetached(_there, container) ? (StepAction.Start, "it lost its network") : (null, "");
    }

    private bool NewShare(ContainerSeen container) => container.Share != ServiceShare.Of(workload.Limits, workload.Services.Count);

    private IEnumerable<string> Names() =>
        _there.Select(container => container.Service!).Concat(_former.Keys.Where(name => !seen.Services.ContainsKey(name)).Order(StringComparer.Ordinal));

    private ResourceName Resource(string service) => DockerNames.ServiceResource(workload.Ref, service);

    private void Add(ResourceName resource, StepAction action, string why) => _steps.Add(new PlanStep(resource, action, why));
}
