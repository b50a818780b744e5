using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux.Cgroups;
using Tenantry.Targets.Local.Networks;
using Tenantry.Targets.Local.Running;
using Tenantry.Targets.Steps;

namespace Tenantry.Targets.Local.Steps;

/// <summary>Removes everything of an instance in reverse order, goes on past what fails, and looks whether it is gone.</summary>
internal sealed class InstanceRemover(LocalHost host, InstanceObserver observer)
{
    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(30);

    internal async Task DeleteAsync(InstanceRef instance, StepWriter steps, CancellationToken cancellationToken)
    {
        var paths = host.Paths.Of(instance);
        using var held = await host.Locks.HoldAsync(paths.Id, cancellationToken);
        var seen = await observer.ObserveAsync(instance, cancellationToken);
        if (seen.State == ObservedState.Absent)
        {
            // A creation that was cut off before it had a folder.
            host.Uids.ReleaseAll(paths.Id);
            return;
        }

        var removal = new Removal(host, paths, instance, InstanceFile.ReadOrNull(paths), cancellationToken);
        removal.Announce();
        var failures = new List<TargetException>();
        foreach (var resource in seen.Resources.Reverse().Select(seen => seen.Resource))
        {
            // The folder is what the instance is found by: it stays until nothing else is left.
            if (resource.Kind == "identity" && failures.Count > 0)
                break;
            await TryAsync(resource);
        }

        var left = await observer.ObserveAsync(instance, cancellationToken);
        if (left.State != ObservedState.Absent || failures.Count > 0)
            throw Left(left, failures);

        async Task TryAsync(ResourceName resource)
        {
            try
            {
                await steps.StepAsync(resource, StepAction.Delete, () => removal.RemoveAsync(resource));
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

    private static TargetException Left(InstanceObservation left, List<TargetException> failures)
    {
        var names = left.Resources.Select(resource => resource.Resource.ToString());
        var why = failures.Select(failure => failure.Sentence);
        return new TargetException($"Not all of it could be removed. Left: {string.Join(", ", names)}. {string.Join(" ", why)}".Trim(), retryable: true, failures.FirstOrDefault()?.Resource);
    }

    /// <summary>How each kind of thing is removed; what is gone already is no error.</summary>
    private sealed class Removal(LocalHost host, InstancePaths paths, InstanceRef instance, InstanceFile? file, CancellationToken cancellationToken)
    {
        private readonly CgroupTree _cgroup = host.CgroupOf(paths.Id);

        /// <summary>From now on whatever ends is not started again, whoever watches it.</summary>
        internal void Announce()
        {
            if (file is not null && file.Wanted != DesiredState.Deleted)
                (file with { Wanted = DesiredState.Deleted }).Write(paths, durable: false);
        }

        internal async Task RemoveAsync(ResourceName resource)
        {
            switch (resource.Kind)
            {
                case "service":
                    await RemoveServiceAsync(resource);
                    break;
                case "configuration":
                    await EndAllAsync();
                    InstanceMemory.Remove(paths);
                    break;
                case "limits":
                    await EndAllAsync();
                    _cgroup.Remove();
                    break;
                case "network":
                    if (file is { Egress.Mode: not EgressMode.None })
                        await host.Egress.RemoveAsync(host.NumberOf(file), cancellationToken);
                    InstanceNetwork.Remove(paths);
                    break;
                case "volume":
                    await RemoveVolumeAsync(resource);
                    break;
                default:
                    RemoveIdentity();
                    break;
            }
        }

        private async Task RemoveServiceAsync(ResourceName resource)
        {
            if (file?.Services.FirstOrDefault(service => LocalResources.Service(instance, service.Name) == resource) is not { } service)
                return;
            host.Health.Forget(paths.Service(service.Name));
            await host.Runner.StopAsync(paths, service, cancellationToken);
            host.Logs.Detach(paths.Service(service.Name));
        }

        // Also what nobody wrote down: a start that was cut off.
        private async Task EndAllAsync()
        {
            if (!await _cgroup.KillAsync(null, host.Time, KillPatience, cancellationToken))
                throw new TargetException("Its processes do not end.", retryable: true, LocalResources.Instance(instance));
            if (!Directory.Exists(host.Paths.RuntimeState))
                return;
            foreach (var state in Directory.EnumerateDirectories(host.Paths.RuntimeState, $"{paths.Id}.*"))
                Directory.Delete(state, recursive: true);
        }

        private async Task RemoveVolumeAsync(ResourceName resource)
        {
            if (file?.Volumes.FirstOrDefault(volume => LocalResources.Volume(instance, volume.Name) == resource) is { } volume)
                await host.Volumes.RemoveAsync(paths, volume, cancellationToken);
            else
                await host.Volumes.RemoveAllAsync(paths, cancellationToken);
        }

        private void RemoveIdentity()
        {
            if (file is not null)
                host.Uids.Release(paths.Id, file.FirstUid);
            else
                host.Uids.ReleaseAll(paths.Id);
            if (!Directory.Exists(paths.Folder))
                return;
            host.Volumes.RefuseMounted(paths.Folder);
            var gone = Path.Combine(host.Paths.Instances, $".gone-{paths.Id}");
            if (Directory.Exists(gone))
                Directory.Delete(gone, recursive: true);
            Directory.Move(paths.Folder, gone);
            Directory.Delete(gone, recursive: true);
        }
    }
}
