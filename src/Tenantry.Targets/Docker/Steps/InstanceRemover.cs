using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Engine;
using Tenantry.Targets.Steps;

namespace Tenantry.Targets.Docker.Steps;

/// <summary>Removes all of an instance, the last made first, and looks whether it is gone.</summary>
internal sealed class InstanceRemover(DockerHost host, DockerObserver observer)
{
    private readonly ServiceContainers _containers = new(host);

    internal async Task DeleteAsync(InstanceRef instance, StepWriter steps, CancellationToken cancellationToken)
    {
        var failures = new List<string>();
        var seen = await observer.ObserveAsync(instance, cancellationToken);
        await host.Removal.RemoveAsync(DockerNames.Carrier(instance), cancellationToken);
        foreach (var resource in seen.Resources.Select(resource => resource.Resource).Where(resource => resource.Kind == "service").Reverse())
            await TryAsync(resource, steps, failures, () => RemoveServiceAsync(resource.Name, cancellationToken));
        if (failures.Count == 0)
            await host.Files.RemoveAsync(instance, cancellationToken);
        foreach (var resource in seen.Resources.Select(resource => resource.Resource).Where(resource => resource.Kind == "volume").Reverse())
            await TryAsync(resource, steps, failures, () => host.Engine.DeleteAsync($"/volumes/{resource.Name}", cancellationToken));
        foreach (var resource in seen.Resources.Select(resource => resource.Resource).Where(resource => resource.Kind == "network"))
            await TryAsync(resource, steps, failures, () => host.Networks.RemoveAsync(instance, cancellationToken));
        var left = await host.Reader.ReadAsync(instance, cancellationToken);
        if (!left.IsNothing)
            throw new TargetException($"Not everything could be removed: {(failures.Count > 0 ? string.Join("; ", failures) : "something came back")}.", retryable: true, DockerNames.InstanceResource(instance));
        host.Records.Remove(instance);
    }

    private async Task RemoveServiceAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            await _containers.StopAsync(name, cancellationToken);
        }
        catch (EngineException error) when (error.Status is not null)
        {
            // What cannot be stopped gently is removed by force.
        }

        await _containers.RemoveAsync(DockerNames.FormerOf(name), cancellationToken);
        await _containers.RemoveAsync(name, cancellationToken);
    }

    private static async Task TryAsync(ResourceName resource, StepWriter steps, List<string> failures, Func<Task> work)
    {
        try
        {
            await steps.StepAsync(resource, StepAction.Delete, work);
        }
        catch (EngineException error)
        {
            failures.Add($"{resource}: {error.Message.TrimEnd('.')}");
        }
    }
}
