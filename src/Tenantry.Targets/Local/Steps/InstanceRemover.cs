using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Local.Networks;
using Tenantry.Targets.Local.Running;

namespace Tenantry.Targets.Local.Steps;

/// <summary>Removes everything of an instance in reverse order, goes on past what fails, and looks whether it is gone.</summary>
internal sealed class InstanceRemover(LocalHost host, Func<InstanceRef, CancellationToken, Task<InstanceObservation>> observe)
{
    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(30);

    internal async Task DeleteAsync(InstanceRef instance, StepWriter steps, CancellationToken cancellationToken)
    {
        var paths = host.Paths.Of(instance);
        var file = ReadOrNull(paths);
        if ((await observe(instance, cancellationToken)).State == ObservedState.Absent)
            return;
        var failures = new List<TargetException>();
        if (file is not null && file.Wanted != DesiredState.Deleted)
            (file with { Wanted = DesiredState.Deleted }).Write(paths, durable: false);
        var cgroup = host.CgroupOf(paths.Id);
        using (await host.Locks.HoldAsync(paths.Id, cancellationToken))
        {
            foreach (var service in ServicesOf(paths, file).Reverse())
                await TryAsync(LocalResources.Service(service.Name), () => RemoveServiceAsync(paths, service, cancellationToken));
            if (cgroup.Processes().Count > 0)
                await TryAsync(LocalResources.Instance(instance), async () => await KillAllAsync(cgroup, instance, cancellationToken));
            if (Directory.Exists(paths.Memory))
                await TryAsync(LocalResources.Configuration(instance), () => Now(() => InstanceMemory.Remove(paths)));
            if (cgroup.Exists)
                await TryAsync(LocalResources.Limits(instance), () => Now(cgroup.Remove));
            if (InstanceNetwork.AnyLeft(paths))
                await TryAsync(LocalResources.Network(instance), () => Now(() => InstanceNetwork.Remove(paths)));
            if (Directory.Exists(paths.Volumes) || Directory.Exists(paths.VolumeImages))
                await TryAsync(VolumesOf(file), () => host.Volumes.RemoveAsync(paths, cancellationToken));
            if (failures.Count == 0)
                await TryAsync(LocalResources.Identity(instance), () => Now(() => RemoveIdentity(paths, file)));
        }

        var left = await observe(instance, cancellationToken);
        if (left.State != ObservedState.Absent || failures.Count > 0)
            throw Left(left, failures);

        async Task TryAsync(ResourceName resource, Func<Task> remove)
        {
            try
            {
                await steps.StepAsync(resource, StepAction.Delete, remove);
            }
            catch (TargetException error)
            {
                failures.Add(error);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                failures.Add(new TargetException($"{error.Message.TrimEnd('.')}.", retryable: true, resource, cause: error));
            }
        }
    }

    private async Task RemoveServiceAsync(InstancePaths paths, ServiceFile service, CancellationToken cancellationToken)
    {
        host.Health.Forget(paths.Service(service.Name));
        host.CgroupOf(paths.Id).Thaw();
        await host.Runner.StopAsync(paths, service, cancellationToken);
        host.Logs.Detach(paths.Service(service.Name));
    }

    private async Task KillAllAsync(Linux.Cgroups.CgroupTree cgroup, InstanceRef instance, CancellationToken cancellationToken)
    {
        if (!await cgroup.KillAsync(null, host.Time, KillPatience, cancellationToken))
            throw new TargetException("Its processes do not end.", retryable: true, LocalResources.Instance(instance));
    }

    // Without its file, what a service was is read from what is left of it.
    private IReadOnlyList<ServiceFile> ServicesOf(InstancePaths paths, InstanceFile? file)
    {
        var services = Path.Combine(paths.Memory, "services");
        var left = Directory.Exists(services) ? Directory.EnumerateDirectories(services).Select(Path.GetFileName).OfType<string>() : [];
        var states = Directory.Exists(host.Paths.RuntimeState) ? Directory.EnumerateDirectories(host.Paths.RuntimeState, $"{paths.Id}.*").Select(folder => Path.GetFileName(folder)[(paths.Id.Length + 1)..]) : [];
        var known = file?.Services ?? [];
        var unknown = left.Concat(states).Distinct(StringComparer.Ordinal).Where(name => known.All(service => service.Name != name)).Select(name => new ServiceFile
        {
            Name = name,
            Digest = "",
            Runtime = host.Options.Runtime,
            User = 0,
            Group = 0,
            StopSignal = "KILL",
            StopGrace = TimeSpan.Zero,
        });
        return [.. known, .. unknown];
    }

    private void RemoveIdentity(InstancePaths paths, InstanceFile? file)
    {
        if (file is not null)
            host.Uids.Release(paths.Id, file.FirstUid);
        else
            host.Uids.ReleaseAll(paths.Id);
        if (!Directory.Exists(paths.Folder))
            return;
        var gone = Path.Combine(host.Paths.Instances, $".gone-{paths.Id}");
        if (Directory.Exists(gone))
            Directory.Delete(gone, recursive: true);
        Directory.Move(paths.Folder, gone);
        Directory.Delete(gone, recursive: true);
    }

    private static ResourceName VolumesOf(InstanceFile? file) =>
        LocalResources.Volume(file is { Volumes.Count: > 0 } ? string.Join(", ", file.Volumes.Select(volume => volume.Name)) : "all");

    private static InstanceFile? ReadOrNull(InstancePaths paths)
    {
        try
        {
            return InstanceFile.Read(paths);
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }

    private static Task Now(Action remove)
    {
        remove();
        return Task.CompletedTask;
    }

    private static TargetException Left(InstanceObservation left, List<TargetException> failures)
    {
        var names = left.Resources.Select(resource => resource.Resource.ToString());
        var why = failures.Select(failure => failure.Sentence);
        return new TargetException($"Not all of it could be removed. Left: {string.Join(", ", names)}. {string.Join(" ", why)}".Trim(), retryable: true, failures.FirstOrDefault()?.Resource);
    }
}
