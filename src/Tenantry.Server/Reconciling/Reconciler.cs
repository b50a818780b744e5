using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Server.Metrics;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Reconciling;

/// <summary>
/// Brings instances from what is seen to what is wanted. It takes an id and nothing else; running it twice changes nothing the second
/// time; killed anywhere, the next pass goes on.
/// </summary>
public sealed class Reconciler
{
    private static readonly TimeSpan WhileBusy = TimeSpan.FromMilliseconds(5);

    private readonly ReconcilerParts _parts;
    private readonly ReconcileMetrics? _metrics;
    private readonly string _holder;
    private readonly ConcurrentDictionary<string, PassWait> _inWork = new(StringComparer.Ordinal);

    public Reconciler(
        IStore store,
        TargetSet targets,
        IWorkloadSource workloads,
        ChangeSignal changes,
        ReconcilerOptions options,
        TimeProvider time,
        ILogger<Reconciler> log,
        IPassObserver? observer = null,
        ReconcileMetrics? metrics = null,
        IRestGate? gate = null,
        IProvidedKeys? keys = null,
        InstanceCommands? commands = null)
    {
        _parts = new ReconcilerParts(store, targets, workloads, changes, options, time, log, observer, gate, keys, commands);
        _metrics = metrics;
        _holder = $"{options.Node}/{Guid.NewGuid():N}";
    }

    /// <summary>True while a pass of this reconciler works on it.</summary>
    public bool IsWorkingOn(string instanceId) => _inWork.ContainsKey(instanceId);

    /// <summary>
    /// The instance's spec is at that generation: a pass that only waits for what an older one wanted, for an app to become healthy say, ends, and the
    /// instance is due at once.
    /// </summary>
    public void TellWish(string instanceId, long generation)
    {
        if (_inWork.TryGetValue(instanceId, out var wait))
            wait.Tell(generation);
    }

    /// <summary>Frees what an earlier run of this node held when it died, and has every target notice by itself from now on.</summary>
    public async Task TakeOverAsync(CancellationToken cancellationToken)
    {
        await _parts.Store.DropLeasesAsync($"{_parts.Options.Node}/", cancellationToken);
        await _parts.Targets.OpenAllAsync(cancellationToken);
    }

    /// <summary>
    /// One pass. Throws <see cref="StoreUnavailableException"/> only when nothing was begun, and <see cref="OperationCanceledException"/> when it
    /// was cancelled, with the lease given back.
    /// </summary>
    /// <param name="instanceId">The instance.</param>
    /// <param name="waits">Called with true when nothing is done for now but to wait, and with false when the work goes on.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<PassResult> PassAsync(string instanceId, Action<bool>? waits, CancellationToken cancellationToken)
    {
        using var wait = new PassWait(waits);
        if (!_inWork.TryAdd(instanceId, wait))
            return new PassResult(PassEnd.Busy, null);
        try
        {
            var claimed = await _parts.Store.ClaimInstancesAsync([instanceId], _holder, _parts.Options.LeaseTime, cancellationToken);
            if (claimed is [var claim])
                return await RunAsync(claim, null, wait, cancellationToken);
            var exists = await _parts.Store.FindInstanceAsync(instanceId, cancellationToken) is not null;
            return new PassResult(exists ? PassEnd.Busy : PassEnd.Gone, null);
        }
        finally
        {
            _inWork.TryRemove(instanceId, out _);
        }
    }

    /// <summary>The same, where nobody else waits for a turn.</summary>
    public Task<PassResult> PassAsync(string instanceId, CancellationToken cancellationToken) => PassAsync(instanceId, null, cancellationToken);

    /// <summary>
    /// A pass that wakes an instance that rests, as soon as whoever works on it now is done. Throws as <see cref="PassAsync"/> does.
    /// </summary>
    public Task<PassResult> WakeAsync(string instanceId, WakeAsk ask, CancellationToken cancellationToken) => WhenFreeAsync(
        instanceId, (claim, wait) => RunAsync(claim, ask, wait, cancellationToken), new PassResult(PassEnd.Gone, null), _ => { }, cancellationToken);

    /// <summary>
    /// Does something with an instance while no pass is made of it, here or elsewhere, as soon as whoever works on it now is done. It is looked at at once afterwards.
    /// A pass that only waits, for an app to become healthy say, is not waited for.
    /// </summary>
    /// <exception cref="KeyNotFoundException">There is no such instance.</exception>
    /// <exception cref="TargetException">It is being started.</exception>
    public async Task AloneAsync(string instanceId, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        if (!await WhenFreeAsync(instanceId, (claim, _) => WithLeaseAsync(claim.Lease, work, cancellationToken), gone: false, RefuseWaiting, cancellationToken))
            throw new KeyNotFoundException($"There is no instance {instanceId}.");
    }

    // Takes its turn as soon as nobody works on the instance, here or elsewhere.
    private async Task<T> WhenFreeAsync<T>(string instanceId, Func<ClaimedInstance, PassWait, Task<T>> work, T gone, Action<PassWait> met, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var wait = new PassWait(null);
            if (_inWork.TryAdd(instanceId, wait))
            {
                try
                {
                    var claimed = await _parts.Store.ClaimInstancesAsync([instanceId], _holder, _parts.Options.LeaseTime, cancellationToken);
                    if (claimed is [var claim])
                        return await work(claim, wait);
                    if (await _parts.Store.FindInstanceAsync(instanceId, cancellationToken) is null)
                        return gone;
                }
                finally
                {
                    _inWork.TryRemove(instanceId, out _);
                }
            }
            else if (_inWork.TryGetValue(instanceId, out var other))
            {
                met(other);
            }

            await Task.Delay(WhileBusy, _parts.Time, cancellationToken);
        }
    }

    private static void RefuseWaiting(PassWait pass)
    {
        if (pass.IsWaiting)
            throw new TargetException("It is being started, and its app is not healthy yet. Wait until it is, or say what it should be: 'tenantry sleep'.", retryable: true, fault: TargetFault.Input);
    }

    private async Task<bool> WithLeaseAsync(Lease taken, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        await using var lease = new LeaseKeeper(_parts.Store, taken, _parts.Options.LeaseTime, _parts.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lease.Lost);
        try
        {
            await work(either.Token);
            return true;
        }
        finally
        {
            await ReleaseAsync(lease.Lease);
        }
    }

    /// <summary>
    /// Looks at instances that were well, many at once: where nothing changed, only the next look moves. Returns those that need a pass.
    /// </summary>
    public async Task<IReadOnlyList<string>> LookAsync(IReadOnlyList<string> instanceIds, CancellationToken cancellationToken)
    {
        var begin = _parts.Time.GetTimestamp();
        var claims = await _parts.Store.ClaimInstancesAsync(instanceIds, _holder, _parts.Options.LeaseTime, cancellationToken);
        var looks = new QuietLooks(_parts, claims);
        IReadOnlyList<string> restless;
        try
        {
            restless = await looks.RunAsync(cancellationToken);
        }
        finally
        {
            await _parts.Store.FinishLooksAsync(looks.Finished(), CancellationToken.None);
        }
        foreach (var claim in claims)
            _metrics?.PassEnded(claim.Record.Spec.Target, "settled", _parts.Time.GetElapsedTime(begin) / claims.Count);
        return restless;
    }

    private async Task<PassResult> RunAsync(ClaimedInstance claim, WakeAsk? ask, PassWait wait, CancellationToken cancellationToken)
    {
        var begin = _parts.Time.GetTimestamp();
        var result = await WorkAsync(claim, ask, wait, cancellationToken);
        _metrics?.PassEnded(claim.Record.Spec.Target, result.End.ToString().ToLowerInvariant(), _parts.Time.GetElapsedTime(begin));
        return result;
    }

    private async Task<PassResult> WorkAsync(ClaimedInstance claim, WakeAsk? ask, PassWait wait, CancellationToken cancellationToken)
    {
        await using var lease = new LeaseKeeper(_parts.Store, claim.Lease, _parts.Options.LeaseTime, _parts.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lease.Lost, wait.Broken);
        wait.Begin(claim.Record.Spec.Generation);
        try
        {
            var open = await _parts.Store.FindOpenOperationAsync(claim.Record.Spec.Id, either.Token);
            // One that was asked for after the spec was read waits for the next pass.
            await using var work = new InstanceWork(
                _parts, claim.Record, open?.Generation <= claim.Record.Spec.Generation ? open : null, lease, ask, wait, either.Token);
            var finished = await work.RunAsync();
            await FinishAsync(finished);
            return new PassResult(finished.End, finished.NextLookAt);
        }
        catch (LeaseLostException)
        {
            return new PassResult(PassEnd.Abandoned, null);
        }
        catch (OperationCanceledException) when (lease.Lost.IsCancellationRequested)
        {
            return new PassResult(PassEnd.Abandoned, null);
        }
        catch (StoreUnavailableException failure)
        {
            _parts.Log.LogWarning(failure, "Instance {Slug}: the store went away during a pass", claim.Record.Spec.Slug);
            return new PassResult(PassEnd.Abandoned, null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Something else is wanted by now.
            await ReleaseAsync(lease.Lease);
            return new PassResult(PassEnd.Abandoned, _parts.Time.GetUtcNow());
        }
        catch (OperationCanceledException)
        {
            await ReleaseAsync(lease.Lease);
            throw;
        }
    }

    // Written to its end even when the engine is stopping: what was done should be known.
    private async Task FinishAsync(Finished finished)
    {
        if (finished.Quiet is { } quiet)
        {
            await _parts.Store.FinishLooksAsync([quiet], CancellationToken.None);
            return;
        }
        var outcome = finished.Outcome!;
        await _parts.Store.FinishPassAsync(outcome, CancellationToken.None);
        _parts.Changes.Raise();
        if (outcome.Remove || outcome.Status is { Phase: InstancePhase.Running })
            _parts.FailedWakes.Clear(outcome.Lease.Key);
        if (outcome.Remove)
            _parts.Workloads.Forget(outcome.Lease.Key);
        if (outcome.Operation is { FinishedAt: { } end, State: not OperationState.Pending } operation)
            _metrics?.OperationEnded(operation.Kind, operation.State, end - operation.CreatedAt);
    }

    private async Task ReleaseAsync(Lease lease)
    {
        try
        {
            await _parts.Store.ReleaseLeaseAsync(lease, CancellationToken.None);
        }
        catch (StoreUnavailableException failure)
        {
            _parts.Log.LogWarning(failure, "A lease could not be given back; it ends by itself at {End}", lease.ExpiresAt);
        }
    }
}

/// <summary>How a pass ended, and when the next look is due, where that is known.</summary>
public sealed record PassResult(PassEnd End, DateTimeOffset? NextLookAt);

/// <summary>What every pass works with.</summary>
internal sealed record ReconcilerParts(
    IStore Store,
    TargetSet Targets,
    IWorkloadSource Workloads,
    ChangeSignal Changes,
    ReconcilerOptions Options,
    TimeProvider Time,
    ILogger Log,
    IPassObserver? Observer,
    IRestGate? Gate = null,
    IProvidedKeys? Keys = null,
    InstanceCommands? Commands = null)
{
    public FailedWakes FailedWakes { get; } = new();

    /// <summary>What an instance should run. What cannot be made ready is tried again.</summary>
    public async Task<WorkloadResult> ResolveAsync(InstanceSpec spec, CancellationToken cancellationToken)
    {
        try
        {
            return await Workloads.ResolveAsync(spec, cancellationToken);
        }
        catch (Exception error) when (error is not (StoreUnavailableException or OperationCanceledException or TargetException))
        {
            throw new TargetException($"What it should run could not be made ready: {error.Message}", retryable: true, cause: error);
        }
    }
}
