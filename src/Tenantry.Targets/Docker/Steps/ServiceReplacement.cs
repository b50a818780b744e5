using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Engine;

namespace Tenantry.Targets.Docker.Steps;

/// <summary>
/// Puts a new container in an old one's place. The old one is kept aside, stopped where both would write to the same volume, until
/// the new one is healthy; it is put back when that does not become so.
/// </summary>
internal sealed class ServiceReplacement(DockerHost host, ServiceContainers containers)
{
    internal async Task ReplaceAsync(InstanceWorkload workload, ServiceWorkload service, Action<string> progress, CancellationToken cancellationToken)
    {
        var name = DockerNames.Container(workload.Ref, service.Name);
        var aside = DockerNames.Former(workload.Ref, service.Name);
        var wasCutOff = await PutBackAsync(name, aside, cancellationToken);
        var old = await host.Reader.FindAsync(name, cancellationToken);
        if (old is null or { State.IsRemains: true })
        {
            await containers.CreateAsync(workload, service, progress, cancellationToken);
            return;
        }

        // One that an upgrade that was cut off had stopped is to run as well.
        var wasUp = old.State.IsUp || (wasCutOff && workload.Desired == DesiredState.Running);
        await host.Engine.PostAsync($"/containers/{old.Id}/rename?name={aside}", null, cancellationToken);
        try
        {
            // Another container's network is left by stopping; a volume must not have two writers.
            if (service.Volumes.Count > 0 || workload.Services.Count > 1)
                await containers.StopAsync(aside, cancellationToken);
            await containers.MakeAsync(workload, service, progress, cancellationToken);
            if (workload.Desired != DesiredState.Asleep)
                await containers.BringUpAsync(workload, service, progress, cancellationToken, isNew: true);
        }
        catch (Exception error) when (error is TargetException or EngineException)
        {
            var failure = error as TargetException ?? DockerErrors.Explain((EngineException)error, "The new container could not be made");
            var told = await TryPutBackAsync(name, aside, wasUp, cancellationToken);
            // What the new one itself did not do, it will not do in two seconds either; each try takes the old one away for a while.
            var isItsOwn = wasUp && error is TargetException;
            var fix = failure.Fix ?? (isItsOwn ? $"Mend it and 'tenantry deploy {workload.Ref.Slug}'." : null);
            throw new TargetException($"{failure.Message} {told}", failure.Retryable && !isItsOwn, DockerNames.ServiceResource(workload.Ref, service.Name), fix, error);
        }

        await containers.StopAsync(aside, cancellationToken);
        await containers.RemoveAsync(aside, cancellationToken);
    }

    private async Task<string> TryPutBackAsync(string name, string aside, bool wasUp, CancellationToken cancellationToken)
    {
        try
        {
            await PutBackAsync(name, aside, cancellationToken);
            if (wasUp)
                await host.Engine.PostAsync($"/containers/{name}/start", null, cancellationToken);
            return "The container before it was put back.";
        }
        catch (EngineException error)
        {
            return $"The container before it could not be put back: {error.Message.TrimEnd('.')}.";
        }
    }

    // What has a container aside has proved nothing yet: the one aside was the last that was right.
    private async Task<bool> PutBackAsync(string name, string aside, CancellationToken cancellationToken)
    {
        if (await host.Reader.FindAsync(aside, cancellationToken) is not { } former)
            return false;
        if (former.State.IsRemains)
        {
            await containers.RemoveAsync(aside, cancellationToken);
            return false;
        }

        await containers.RemoveAsync(name, cancellationToken);
        await host.Engine.PostAsync($"/containers/{former.Id}/rename?name={name}", null, cancellationToken);
        return true;
    }
}
