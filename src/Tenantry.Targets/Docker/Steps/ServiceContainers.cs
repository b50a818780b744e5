using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Engine;
using Tenantry.Targets.Docker.Running;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Docker.Steps;

/// <summary>Makes, starts, stops and removes services' containers.</summary>
internal sealed class ServiceContainers(DockerHost host)
{
    private readonly HealthWait _health = new(host);
    private readonly FirstProcess _first = new(host.Engine, isHere: host.Options.Remote is null);

    /// <summary>Makes a service's container and brings it up, unless the instance is to sleep. One that is there and right is kept.</summary>
    internal async Task CreateAsync(InstanceWorkload workload, ServiceWorkload service, Action<string> progress, CancellationToken cancellationToken)
    {
        var name = DockerNames.Container(workload.Ref, service.Name);
        var there = await host.Reader.FindAsync(name, cancellationToken);
        if (there is not null && (there.State.IsRemains || there.Labels.GetValueOrDefault(DockerLabels.ServiceDigest) != host.ContainersOf(workload).DigestOf(service)))
        {
            await RemoveAsync(name, cancellationToken);
            there = null;
        }

        if (there is null)
            await MakeAsync(workload, service, progress, cancellationToken);
        if (workload.Desired != DesiredState.Asleep)
            await BringUpAsync(workload, service, progress, cancellationToken, isNew: there is null);
    }

    /// <summary>Makes a service's container; it does not run yet.</summary>
    internal async Task MakeAsync(InstanceWorkload workload, ServiceWorkload service, Action<string> progress, CancellationToken cancellationToken)
    {
        var image = await host.Images.EnsureAsync(workload, service, progress, cancellationToken);
        var making = host.ContainersOf(workload);
        await host.Files.PrepareAsync(workload, service, making.MemoryOf(service), image, cancellationToken);
        string? peer = null;
        if (service != workload.Services[0])
        {
            var first = await host.Reader.FindAsync(DockerNames.Container(workload.Ref, workload.Services[0].Name), cancellationToken);
            peer = first?.Id ?? throw new TargetException("The first service's container is gone, whose network it shares.", retryable: true, DockerNames.ServiceResource(workload.Ref, service.Name));
        }

        // Waited for also when the pass is cut off: the engine goes on with what it was asked, and the next pass must not ask again beside it.
        await host.Engine.PostAsync($"/containers/create?name={DockerNames.Container(workload.Ref, service.Name)}", making.Create(service, image, peer), CancellationToken.None);
    }

    /// <summary>Starts or thaws it, whichever it needs, and waits until it is healthy.</summary>
    internal async Task BringUpAsync(InstanceWorkload workload, ServiceWorkload service, Action<string> progress, CancellationToken cancellationToken, bool isNew = false)
    {
        var name = DockerNames.Container(workload.Ref, service.Name);
        var container = await host.Reader.FindAsync(name, cancellationToken)
            ?? throw new TargetException("Its container is gone.", retryable: true, DockerNames.ServiceResource(workload.Ref, service.Name));
        if (!isNew && (host.Options.Remote is null || !container.State.IsUp))
            await host.Files.WriteAsync(workload, service, host.ContainersOf(workload).MemoryOf(service), container.Image, cancellationToken);
        if (container.State.IsPaused)
            await host.Engine.PostAsync($"/containers/{name}/unpause", null, cancellationToken);
        else if (!container.State.IsUp)
            await StartAsync(workload, service, name, progress, cancellationToken);
        if (workload.Services.Count > 1 && container.State.IsUp && await IsDetachedAsync(workload, container, cancellationToken))
            await host.Engine.PostAsync($"/containers/{name}/restart?t={(int)Math.Ceiling(service.StopGrace.TotalSeconds)}", null, cancellationToken);
        await _health.WaitAsync(workload.Ref, service.Name, service.Health, progress, cancellationToken);
    }

    /// <summary>Waits until a container that was started is healthy, as far as it tells itself how it is asked.</summary>
    internal Task WaitAsync(InstanceRef instance, ContainerSeen container, Action<string> progress, CancellationToken cancellationToken) =>
        _health.WaitAsync(instance, container.Service!, container.Shape?.Health, progress, cancellationToken);

    // An engine that ended while it started, stopped or removed a container can keep something of it for ever (a task, a place in its network, its
    // mounts) and then neither start nor end it: only a new container helps.
    private async Task StartAsync(InstanceWorkload workload, ServiceWorkload service, string name, Action<string> progress, CancellationToken cancellationToken)
    {
        try
        {
            await host.Engine.PostAsync($"/containers/{name}/start", null, cancellationToken);
        }
        catch (EngineException error) when (DockerErrors.MayBeMendedByANewContainer(error))
        {
            progress("the engine cannot start this container any more; it is made anew");
            await RemoveAsync(name, cancellationToken);
            await host.Networks.ForgetAsync(workload.Ref, name, cancellationToken);
            await MakeAsync(workload, service, progress, cancellationToken);
            await host.Engine.PostAsync($"/containers/{name}/start", null, cancellationToken);
        }
    }

    /// <summary>Pauses all that run. Fails, to be tried again, when something does not.</summary>
    internal async Task FreezeAsync(InstanceRef instance, CancellationToken cancellationToken) =>
        await FreezeAsync(instance, await host.Reader.StatesAsync(instance, cancellationToken), cancellationToken);

    /// <summary>The same of what was just seen.</summary>
    internal async Task FreezeAsync(InstanceRef instance, IReadOnlyList<(string Id, string State)> states, CancellationToken cancellationToken)
    {
        if (states.Count == 0 || states.Any(container => container.State is not ("running" or "paused")))
            throw new TargetException("It does not run, so it cannot be frozen.", retryable: true, DockerNames.InstanceResource(instance));
        foreach (var container in states.Reverse().Where(container => container.State == "running"))
            await host.Engine.PostAsync($"/containers/{container.Id}/pause", null, cancellationToken);
    }

    /// <summary>Stops it as its service wants to be stopped. One that is gone or stopped is stopped.</summary>
    internal async Task StopAsync(string name, CancellationToken cancellationToken)
    {
        if (await host.Reader.FindAsync(name, cancellationToken) is not { State.IsUp: true } container)
            return;
        if (container.State.IsPaused)
            await host.Engine.PostAsync($"/containers/{name}/unpause", null, cancellationToken);
        var grace = (int)Math.Ceiling(container.Shape?.StopGraceSeconds ?? 10);

        // The kernel never hands such a signal to the first process of a tree: to wait for it would be waiting for nothing.
        if (SignalNames.NumberOf(container.Shape?.StopSignal ?? "TERM") is { } signal && await _first.IsDeafToAsync(container, signal, cancellationToken))
            grace = 0;
        await host.Engine.PostAsync($"/containers/{name}/stop?t={grace}", null, cancellationToken);
    }

    /// <summary>Removes it, running or not. One that is gone is removed.</summary>
    internal async Task RemoveAsync(string name, CancellationToken cancellationToken)
    {
        if (await host.Reader.FindAsync(name, cancellationToken) is not { } container)
            return;
        host.Health.Forget(container.Id);
        await host.Removal.RemoveAsync(container.Id, cancellationToken);
    }

    private async Task<bool> IsDetachedAsync(InstanceWorkload workload, ContainerSeen container, CancellationToken cancellationToken)
    {
        var seen = await host.Reader.ReadAsync(workload.Ref, cancellationToken);
        return seen.Ordered.ToList() is { Count: > 1 } all && all.Find(one => one.Id == container.Id) is { } now && DockerObserver.IsDetached(all, now);
    }
}
