using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Targets.Steps;

namespace Tenantry.Targets.Docker.Steps;

/// <summary>Stops and freezes instances.</summary>
internal sealed class InstanceStopper(DockerHost host)
{
    private readonly ServiceContainers _containers = new(host);

    internal async Task SleepAsync(InstanceRef instance, StepWriter steps, CancellationToken cancellationToken)
    {
        var seen = await host.Reader.ReadAsync(instance, cancellationToken);
        foreach (var container in seen.Ordered.Reverse().Concat(seen.Former.Values).Where(container => container.State.IsUp))
            await steps.StepAsync(DockerNames.ServiceResource(instance, container.Service!), StepAction.Stop, () => _containers.StopAsync(container.Name, cancellationToken));
    }

    internal async Task FreezeAsync(InstanceRef instance, StepWriter steps, CancellationToken cancellationToken)
    {
        var states = await host.Reader.StatesAsync(instance, cancellationToken);
        if (states.Count > 0 && states.All(container => container.State == "paused"))
            return;
        await steps.StepAsync(DockerNames.InstanceResource(instance), StepAction.Freeze, () => _containers.FreezeAsync(instance, states, cancellationToken));
    }
}
