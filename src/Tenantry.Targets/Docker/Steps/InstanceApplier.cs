using System.Text.Json.Nodes;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Engine;
using Tenantry.Targets.Docker.Images;
using Tenantry.Targets.Steps;

namespace Tenantry.Targets.Docker.Steps;

/// <summary>Takes a plan's steps.</summary>
internal sealed class InstanceApplier(DockerHost host)
{
    private readonly ServiceContainers _containers = new(host);

    internal async Task ApplyAsync(Plan plan, InstanceWorkload workload, StepWriter steps, CancellationToken cancellationToken)
    {
        var replacement = new InstanceReplacement(host, _containers, workload, plan, steps);
        foreach (var step in plan.Steps)
            await steps.StepAsync(step.Resource, step.Action, progress => replacement.TakeAsync(step, () => TakeAsync(step, workload, progress, cancellationToken), progress, cancellationToken));
        if (workload.Desired != DesiredState.Deleted && !IsSettled(plan, workload))
            await SettleAsync(plan, workload, cancellationToken);
    }

    // What was only thawed, frozen or stopped is what it was.
    private bool IsSettled(Plan plan, InstanceWorkload workload) =>
        plan.Steps.All(step => step.Action is StepAction.Thaw or StepAction.Wait or StepAction.Freeze or StepAction.Stop)
        && host.Records.Read(workload.Ref)?.WorkloadDigest == workload.Digest;

    private Task TakeAsync(PlanStep step, InstanceWorkload workload, Action<string> progress, CancellationToken cancellationToken) => step.Resource.Kind switch
    {
        "image" => EnsureImageAsync(step.Resource.Name, workload, progress, cancellationToken),
        "network" => NetworkAsync(step, workload, cancellationToken),
        "volume" => CreateVolumeAsync(workload, step.Resource.Name, cancellationToken),
        "service" => ServiceAsync(step, workload, progress, cancellationToken),
        "instance" => _containers.FreezeAsync(workload.Ref, cancellationToken),
        var kind => throw new TargetException($"This target knows no {kind}.", retryable: false, step.Resource),
    };

    private async Task EnsureImageAsync(string reference, InstanceWorkload workload, Action<string> progress, CancellationToken cancellationToken)
    {
        foreach (var service in workload.Services.Where(service => ImageStore.ReferenceOf(workload, service) == reference).Take(1))
            await host.Images.EnsureAsync(workload, service, progress, cancellationToken);
    }

    private async Task NetworkAsync(PlanStep step, InstanceWorkload workload, CancellationToken cancellationToken)
    {
        if (step.Action == StepAction.Replace)
            await host.Networks.RemoveAsync(workload.Ref, cancellationToken);
        await host.Networks.EnsureAsync(workload, cancellationToken);
    }

    private async Task CreateVolumeAsync(InstanceWorkload workload, string name, CancellationToken cancellationToken)
    {
        var volume = ServiceShape.VolumesOf(workload).First(volume => DockerNames.Volume(workload.Ref, volume.Name) == name);
        await host.Engine.PostAsync("/volumes/create", CreateVolume(workload, volume), cancellationToken);
    }

    /// <summary>The request that makes a volume. Pure.</summary>
    internal static JsonObject CreateVolume(InstanceWorkload workload, VolumeWorkload volume)
    {
        var labels = DockerLabels.Of(workload);
        labels[DockerLabels.Volume] = volume.Name;
        return new JsonObject
        {
            ["Name"] = DockerNames.Volume(workload.Ref, volume.Name),
            ["Driver"] = "local",
            ["Labels"] = new JsonObject(labels.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
        };
    }

    private async Task ServiceAsync(PlanStep step, InstanceWorkload workload, Action<string> progress, CancellationToken cancellationToken)
    {
        var service = workload.Services.FirstOrDefault(service => DockerNames.Container(workload.Ref, service.Name) == step.Resource.Name);
        switch (step.Action)
        {
            case StepAction.Delete:
                await _containers.RemoveAsync(step.Resource.Name, cancellationToken);
                break;
            case StepAction.Stop:
                await _containers.StopAsync(step.Resource.Name, cancellationToken);
                break;
            case StepAction.Create or StepAction.Replace when service is not null:
                await _containers.CreateAsync(workload, service, progress, cancellationToken);
                break;
            case StepAction.Update when service is not null:
                await ResizeAsync(workload, step.Resource.Name, cancellationToken);
                break;
            case StepAction.Start or StepAction.Thaw or StepAction.Wait when service is not null:
                await _containers.BringUpAsync(workload, service, progress, cancellationToken);
                break;
            default:
                throw new TargetException($"This target cannot {step.Action} it.", retryable: false, step.Resource);
        }
    }

    private async Task ResizeAsync(InstanceWorkload workload, string container, CancellationToken cancellationToken)
    {
        var body = new JsonObject();
        ServiceShare.Of(workload.Limits, workload.Services.Count).Write(body);
        await host.Engine.PostAsync($"/containers/{container}/update", body, cancellationToken);
    }

    // What is new has nothing older, and what is only started has what it had.
    private static bool MayLeaveFiles(Plan plan) =>
        !plan.Steps.Any(step => step is { Action: StepAction.Create, Resource.Kind: "network" }) && plan.Steps.Any(step => step is { Resource.Kind: "service", Action: StepAction.Create or StepAction.Replace or StepAction.Update });

    // Written only when every container is as the workload wants it: an unfinished change stays visible as another digest.
    private async Task SettleAsync(Plan plan, InstanceWorkload workload, CancellationToken cancellationToken)
    {
        var seen = await host.Reader.ReadAsync(workload.Ref, cancellationToken);
        var making = host.ContainersOf(workload);
        if (seen.Former.Count > 0 || !seen.IsAsWanted(workload, making))
            return;
        host.Records.Write(workload.Ref, InstanceRecord.After(host.Records.Read(workload.Ref), workload, seen));
        foreach (var service in MayLeaveFiles(plan) ? workload.Services : [])
            await host.Files.RemoveOthersAsync(workload.Ref, making.MemoryOf(service), cancellationToken);
    }
}
