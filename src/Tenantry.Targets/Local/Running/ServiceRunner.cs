using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Tenantry.Model.Instances;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Local.Logs;

namespace Tenantry.Targets.Local.Running;

/// <summary>
/// Keeps services running: starts them, hears at once when one ends, starts it again after a pause, and gives it up when it ends
/// too often. What it knows is in <see cref="ServiceState"/> files; after a restart of the control plane it finds the processes by them.
/// </summary>
internal sealed class ServiceRunner(LocalHost host, Launcher launcher, ServiceLogs logs) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Watched> _watched = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _end = new();

    /// <summary>Starts a service and watches it. The caller holds the instance's lock.</summary>
    internal async Task StartAsync(InstancePaths paths, InstanceFile file, ServiceFile service, ServiceState? before, CancellationToken cancellationToken)
    {
        Unwatch(paths.Service(service.Name));
        var (handle, state) = await LaunchAsync(paths, file, service, before, cancellationToken);
        Watch(paths, service.Name, handle, state.Process);
    }

    /// <summary>Ends a service. The caller holds the instance's lock.</summary>
    internal async Task StopAsync(InstancePaths paths, ServiceFile service, CancellationToken cancellationToken)
    {
        var own = paths.Service(service.Name);
        Unwatch(own);
        var state = ServiceState.Read(own);
        await launcher.StopAsync(own, service, host.CgroupOf(paths.Id), state?.Process, cancellationToken);
        if (state is not null)
            (state with { Process = null, RestartAt = null, GaveUp = false, LastExit = null, Exits = [] }).Write(own);
    }

    /// <summary>
    /// Takes up services after a restart of the control plane: watches those that run, and lets those that ended meanwhile count as
    /// ended now. Those of an earlier boot of the machine are left alone: their secrets went with it.
    /// </summary>
    internal void Adopt(InstancePaths paths, InstanceFile file)
    {
        foreach (var service in file.Services)
        {
            var own = paths.Service(service.Name);
            var state = ServiceState.Read(own);
            if (state is null || state.GaveUp || !File.Exists(own.Config) || _watched.ContainsKey(own.ContainerId))
                continue;
            if (state.Process is { } process && process.BootId != ProcessIdentity.CurrentBootId)
                continue;
            logs.Attach(own);
            if (state.Process is not null || state.RestartAt is not null)
                Watch(paths, service.Name, state.Process is null ? null : ProcessHandle.Open(state.Process), state.Process);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        foreach (var watched in _watched.Values)
            await watched.Following;
        _end.Dispose();
    }

    private async Task<(ProcessHandle Handle, ServiceState State)> LaunchAsync(InstancePaths paths, InstanceFile file, ServiceFile service, ServiceState? before, CancellationToken cancellationToken)
    {
        var own = paths.Service(service.Name);
        var cgroup = host.CgroupOf(paths.Id);
        var kills = cgroup.OutOfMemoryKills();
        var (handle, identity) = await launcher.StartAsync(own, service, cgroup, file.FirstUid + service.User, file.FirstUid + service.Group, cancellationToken);
        var state = new ServiceState
        {
            Process = identity,
            ConfigDigest = service.ConfigDigest,
            RestartNonce = file.RestartNonce,
            StartedAt = host.Time.GetUtcNow(),
            Restarts = before is null ? 0 : before.Restarts + 1,
            Exits = before?.Exits ?? [],
            LastExit = before?.LastExit,
            OutOfMemoryKills = kills,
        };
        state.Write(own);
        logs.Attach(own);
        return (handle, state);
    }

    private void Watch(InstancePaths paths, string service, ProcessHandle? handle, ProcessIdentity? process)
    {
        var own = paths.Service(service);
        var watched = new Watched(CancellationTokenSource.CreateLinkedTokenSource(_end.Token));
        _watched[own.ContainerId] = watched;
        watched.Following = Task.Run(() => FollowAsync(paths, service, handle, process, watched), CancellationToken.None);
    }

    private void Unwatch(ServicePaths service)
    {
        if (_watched.TryRemove(service.ContainerId, out var watched))
            watched.Stop.Cancel();
    }

    private async Task FollowAsync(InstancePaths paths, string service, ProcessHandle? handle, ProcessIdentity? process, Watched watched)
    {
        var token = watched.Stop.Token;
        try
        {
            while (true)
            {
                // Without a process it is between two starts.
                if (process is not null)
                {
                    var exit = handle is null ? ProcessExit.Unknown : await host.Exits.WaitAsync(handle, token);
                    handle?.Dispose();
                    handle = null;
                    if (!await NoteExitAsync(paths, service, process, watched, $"{exit}", token))
                        return;
                }

                if (await RestartAsync(paths, service, watched, token) is not { } started)
                    return;
                (handle, process) = started;
            }
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            // Somebody else takes care of it now, or the control plane goes.
        }
        catch (Exception error)
        {
            host.Logger.LogError(error, "Watching service {Service} of {Instance} failed", service, paths.Id);
            host.Notices.Tell(paths.Id);
        }
        finally
        {
            handle?.Dispose();
        }
    }

    /// <summary>Writes down how it ended and when it is started again. False: it is not.</summary>
    private async Task<bool> NoteExitAsync(InstancePaths paths, string service, ProcessIdentity? process, Watched watched, string how, CancellationToken cancellationToken)
    {
        using var held = await host.Locks.HoldAsync(paths.Id, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        var own = paths.Service(service);
        var file = InstanceFile.Read(paths);
        var state = ServiceState.Read(own);
        if (file is null || state is null || state.Process != process)
            return false;
        if (host.CgroupOf(paths.Id).OutOfMemoryKills() > state.OutOfMemoryKills)
            how += ", out of memory";
        var now = host.Time.GetUtcNow();
        var (exits, pause) = RestartPolicy.AfterExit(state.Exits, now);
        var wanted = file.IsUp;
        state = state with
        {
            Process = null,
            LastExit = how,
            Exits = exits,
            GaveUp = wanted && pause is null,
            RestartAt = wanted && pause is not null ? now + pause : null,
        };
        state.Write(own);
        host.Health.Forget(own);
        logs.Flush(own);
        host.Notices.Tell(paths.Id);
        if (state.RestartAt is null)
            _watched.TryRemove(new KeyValuePair<string, Watched>(own.ContainerId, watched));
        return state.RestartAt is not null;
    }

    /// <summary>Starts it when its time has come, again and again where the start itself fails. Null: it is given up.</summary>
    private async Task<(ProcessHandle? Handle, ProcessIdentity Process)?> RestartAsync(InstancePaths paths, string service, Watched watched, CancellationToken cancellationToken)
    {
        var own = paths.Service(service);
        while (true)
        {
            var pause = (ServiceState.Read(own)?.RestartAt ?? host.Time.GetUtcNow()) - host.Time.GetUtcNow();
            if (pause > TimeSpan.Zero)
                await Task.Delay(pause, host.Time, cancellationToken);
            string failure;
            using (await host.Locks.HoldAsync(paths.Id, cancellationToken))
            {
                cancellationToken.ThrowIfCancellationRequested();
                var file = InstanceFile.Read(paths);
                if (file?.Services.FirstOrDefault(candidate => candidate.Name == service) is not { } found || ServiceState.Read(own) is not { } state)
                    return null;

                // Another control plane on the same folders was faster.
                if (state.Process is { } other)
                    return (ProcessHandle.Open(other), other);
                if (state.RestartAt is null)
                    return null;
                try
                {
                    var (handle, started) = await LaunchAsync(paths, file, found, state, cancellationToken);
                    host.Health.Follow(paths, found);
                    host.Notices.Tell(paths.Id);
                    return (handle, started.Process!);
                }
                catch (TargetException error)
                {
                    failure = error.Message;
                }
            }

            if (!await NoteExitAsync(paths, service, null, watched, $"a failed start: {failure}", cancellationToken))
                return null;
        }
    }

    private sealed class Watched(CancellationTokenSource stop)
    {
        internal CancellationTokenSource Stop { get; } = stop;

        internal Task Following { get; set; } = Task.CompletedTask;
    }
}
