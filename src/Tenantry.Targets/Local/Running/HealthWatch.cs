using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Tenantry.Model.Instances;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Local.Running;

/// <summary>What was last seen of a service's health.</summary>
/// <param name="Process">Of which process.</param>
/// <param name="Health">What it says.</param>
/// <param name="Failures">Failed checks in a row.</param>
/// <param name="Reason">Why the last one failed, or null.</param>
internal sealed record HealthSeen(ProcessIdentity Process, InstanceHealth Health, int Failures, string? Reason);

/// <summary>Asks running services for their health at their interval, and remembers what they said.</summary>
internal sealed class HealthWatch(LocalHost host, HealthProbe probe) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, HealthSeen> _seen = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Followed> _followed = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _end = new();

    /// <summary>What is known of a process; null: nothing yet.</summary>
    internal HealthSeen? Of(ServicePaths service, ProcessIdentity process) =>
        _seen.TryGetValue(service.ContainerId, out var seen) && seen.Process == process ? seen : null;

    /// <summary>Asks now and remembers the answer.</summary>
    internal async Task<HealthSeen> AskAsync(InstancePaths paths, ServiceFile service, ServiceState state, CancellationToken cancellationToken)
    {
        var own = paths.Service(service.Name);
        var process = state.Process!;
        if (service.Health is not { } health)
            return new HealthSeen(process, InstanceHealth.Healthy, 0, null);
        var reason = await probe.AskAsync(paths, service, health, cancellationToken);
        var before = Of(own, process);
        var failures = reason is null ? 0 : (before?.Failures ?? 0) + 1;
        var starting = before is null or { Health: InstanceHealth.Starting } && host.Time.GetUtcNow() - state.StartedAt < health.StartPeriod;
        var result = reason is null ? InstanceHealth.Healthy
            : starting ? InstanceHealth.Starting
            : failures >= Math.Max(health.Retries, 1) ? InstanceHealth.Unhealthy
            : before?.Health ?? InstanceHealth.Starting;
        var seen = new HealthSeen(process, result, starting ? 0 : failures, reason);
        _seen[own.ContainerId] = seen;
        if (before is not null && before.Health != result)
            host.Notices.Tell(paths.Id);
        return seen;
    }

    /// <summary>Begins to ask at the service's interval, if it has a check and nobody does.</summary>
    internal void Follow(InstancePaths paths, ServiceFile service)
    {
        if (service.Health is null)
            return;
        var own = paths.Service(service.Name);
        Stop(own);
        var followed = new Followed(CancellationTokenSource.CreateLinkedTokenSource(_end.Token));
        _followed[own.ContainerId] = followed;
        followed.Asking = Task.Run(() => AskAgainAndAgainAsync(paths, service, followed.Stop.Token), CancellationToken.None);
    }

    /// <summary>Stops asking, and forgets.</summary>
    internal void Forget(ServicePaths service)
    {
        Stop(service);
        _seen.TryRemove(service.ContainerId, out _);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        foreach (var followed in _followed.Values)
            await followed.Asking;
        _end.Dispose();
    }

    private void Stop(ServicePaths service)
    {
        if (_followed.TryRemove(service.ContainerId, out var followed))
            followed.Stop.Cancel();
    }

    private async Task AskAgainAndAgainAsync(InstancePaths paths, ServiceFile service, CancellationToken cancellationToken)
    {
        var own = paths.Service(service.Name);
        // After a start of the control plane all are followed at once: they are not to be asked all at once, too.
        var pause = service.Health!.Interval * Random.Shared.NextDouble();
        try
        {
            while (true)
            {
                await Task.Delay(pause, host.Time, cancellationToken);
                pause = service.Health.Interval;
                if (ServiceState.Read(own) is { IsAlive: true } state && !host.CgroupOf(paths.Id).IsFrozen)
                    await AskAsync(paths, service, state, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Nobody asks any more.
        }
        catch (Exception error)
        {
            host.Logger.LogError(error, "Health of {Service} of {Instance} is not asked for any more", service.Name, paths.Id);
            host.Notices.Tell(paths.Id);
        }
    }

    private sealed class Followed(CancellationTokenSource stop)
    {
        internal CancellationTokenSource Stop { get; } = stop;

        internal Task Asking { get; set; } = Task.CompletedTask;
    }
}
