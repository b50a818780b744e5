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
    private static readonly TimeSpan SweepInterval = TimeSpan.FromHours(1);
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(10);
    private readonly CancellationTokenSource _end = new();
    private readonly OrphanReaper _reaper = new();
    private Task _running = Task.CompletedTask;
    private DateTimeOffset _sweptAt;

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
        if (Listed(paths) is null)
            return;
        using var patience = new CancellationTokenSource(LockPatience, host.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        using var held = await host.Locks.HoldAsync(id, either.Token);
        if (Listed(paths) is not { } file)
            return;
        var names = await host.Egress.EnsureAsync(paths, host.NumberOf(file), file.Egress, isAgain: true, cancellationToken);
        InstanceMemory.WriteHosts(paths, file.Ref.Slug, names);
    }

    /// <summary>Each of the chores once. Nothing but the end stops them.</summary>
    internal async Task TurnAsync()
    {
        await TidyAsync();
        await TryAsync("Dead children were not waited for", () => Done(() => _reaper.Look()));
        await TryAsync("Root file systems that nobody uses are still there", () => Done(SweepRoots));
        IReadOnlyList<string> ids = [];
        await TryAsync("The instances could not be listed", () => Done(() => ids = Ids()));
        foreach (var id in ids)
        {
            // The addresses known so far stay open.
            await TryAsync($"Names that {id} may reach could not be looked up again", () => RefreshAsync(id, _end.Token));
        }
    }

    // At the start, too: what an earlier run left unfinished.
    private async Task TidyAsync()
    {
        await TryAsync("What an earlier run left of builds is still there", () => host.Builds.ClearCutOffAsync(_end.Token));
        await TryAsync("The host is not yet as it was before the first way out", () => host.Egress.TidyAsync(_end.Token));
        await TryAsync("The shared builds could not be looked at", () => Done(() => CheckBuilds(_end.Token)));
    }

    private async Task RunAsync()
    {
        try
        {
            await TidyAsync();
            using var timer = new PeriodicTimer(Interval, host.Time);
            while (await timer.WaitForNextTickAsync(_end.Token))
                await TurnAsync();
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
            foreach (var id in Ids().Where(id => InstanceFile.ReadOrNull(host.Paths.Of(id))?.Build is { } build && host.Builds.DamageOf(build) is not null))
                host.Notices.Tell(id);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            host.Logger.LogWarning(error, "The shared builds could not be looked at");
        }
    }

    private void SweepRoots()
    {
        var now = host.Time.GetUtcNow();
        if (now - _sweptAt < SweepInterval)
            return;
        _sweptAt = now;
        host.Kept.SweepRoots();
    }

    private IReadOnlyList<string> Ids() => OwnedInstances.Ids(host.Paths);

    // What is frozen asks for no names.
    private InstanceFile? Listed(InstancePaths paths) =>
        InstanceFile.ReadOrNull(paths) is { Egress.Mode: EgressMode.List, IsUp: true } file && !host.CgroupOf(paths.Id).IsFrozen && file.Egress.Allow.Any(EgressTargets.IsName) && PinnedNamespaces.IsPinned(paths.Network) ? file : null;

    private static Task Done(Action work)
    {
        work();
        return Task.CompletedTask;
    }

    private async Task TryAsync(string sentence, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception error) when (error is not OperationCanceledException || !_end.IsCancellationRequested)
        {
            host.Logger.LogWarning(error, "{Sentence}. It is tried again in a minute", sentence);
        }
    }
}
