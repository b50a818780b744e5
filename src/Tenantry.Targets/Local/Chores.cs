using Microsoft.Extensions.Logging;
using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Local.Networks;

namespace Tenantry.Targets.Local;

/// <summary>What a local target does once a minute: names that egress lists open may have moved, dead children are waited for, and shared builds may have been damaged by hand.</summary>
internal sealed class Chores(LocalHost host) : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private readonly CancellationTokenSource _end = new();
    private readonly OrphanReaper _reaper = new();
    private Task _running = Task.CompletedTask;

    internal void Start() => _running = Task.Run(RunAsync);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _running;
        _end.Dispose();
    }

    /// <summary>Lets an instance reach its list's names where they are now, if it has such a list.</summary>
    internal async Task RefreshAsync(string id, CancellationToken cancellationToken)
    {
        var paths = host.Paths.Of(id);
        using var held = await host.Locks.HoldAsync(id, cancellationToken);
        if (InstanceFile.Read(paths) is not { Egress.Mode: EgressMode.List, Wanted: DesiredState.Running } file
            || !file.Egress.Allow.Any(EgressTargets.IsName) || !PinnedNamespaces.IsPinned(paths.Network))
            return;
        var names = await host.Egress.EnsureAsync(paths, host.NumberOf(file), file.Egress, cancellationToken);
        InstanceMemory.WriteHosts(paths, file.Ref.Slug, names);
    }

    private async Task RunAsync()
    {
        try
        {
            CheckBuilds(_end.Token);
            using var timer = new PeriodicTimer(Interval, host.Time);
            while (await timer.WaitForNextTickAsync(_end.Token))
            {
                _reaper.Look();
                CheckBuilds(_end.Token);
                foreach (var folder in Directory.EnumerateDirectories(host.Paths.Instances))
                    await TryRefreshAsync(Path.GetFileName(folder));
            }
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            // The control plane goes.
        }
    }

    /// <summary>Looks at the shared builds, and has the instances of damaged ones looked at.</summary>
    internal void CheckBuilds(CancellationToken cancellationToken)
    {
        try
        {
            if (host.Builds.Check(cancellationToken).Count == 0)
                return;
            foreach (var id in Directory.EnumerateDirectories(host.Paths.Instances).Select(Path.GetFileName).OfType<string>().Where(id => !id.StartsWith('.')))
            {
                if (InstanceFile.Read(host.Paths.Of(id))?.Build is { } build && host.Builds.DamageOf(build) is not null)
                    host.Notices.Tell(id);
            }
        }
        catch (Exception error) when (error is TargetException or IOException or UnauthorizedAccessException or LinuxException or System.Text.Json.JsonException)
        {
            host.Logger.LogWarning(error, "The shared builds could not be looked at");
        }
    }

    private async Task TryRefreshAsync(string id)
    {
        try
        {
            if (!id.StartsWith('.'))
                await RefreshAsync(id, _end.Token);
        }
        catch (Exception error) when (error is TargetException or IOException or System.Text.Json.JsonException)
        {
            // The addresses known so far stay open.
            host.Logger.LogWarning(error, "Names that {Instance} may reach could not be looked up again", id);
        }
    }
}
