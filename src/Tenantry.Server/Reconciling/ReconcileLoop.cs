using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Store;

namespace Tenantry.Server.Reconciling;

/// <summary>
/// Keeps all instances looked at: those that are due in the store, and those that somebody poked. Instances that were well are looked at
/// many at once; the others have a pass each. On a stop it takes nothing new, lets what runs end for a while, then cancels it; leases are given back.
/// </summary>
public sealed class ReconcileLoop(
    IStore store, Reconciler reconciler, Pokes pokes, ReconcilerOptions options, TimeProvider time, ILogger<ReconcileLoop> log) : BackgroundService
{
    private const int LooksAtOnce = 500;

    private readonly WorkQueue _queue = new(options.TotalParallel);
    private readonly Channel<Ended> _ended = Channel.CreateUnbounded<Ended>();
    private readonly Dictionary<string, Task> _passes = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _cancelPasses = new();
    private Task? _looking;
    private DateTimeOffset _listAt = DateTimeOffset.MinValue;
    private bool _isAway;

    public override void Dispose()
    {
        _cancelPasses.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The rest of the host need not wait for the store.
        await Task.Yield();
        var hasTakenOver = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (!hasTakenOver)
                    await reconciler.TakeOverAsync(stoppingToken);
                hasTakenOver = true;
                await TurnAsync(stoppingToken);
                _isAway = false;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (StoreUnavailableException failure)
            {
                // Said once, not every second.
                if (!_isAway)
                    log.LogError(failure, "The store is away; instances go on running, and are looked at again when it is back");
                _isAway = true;
                _listAt = time.GetUtcNow() + options.Poll;
            }
            await WaitAsync(stoppingToken);
        }
        await EndAsync();
    }

    private async Task TurnAsync(CancellationToken cancellationToken)
    {
        while (_ended.Reader.TryRead(out var ended))
            Take(ended);
        foreach (var id in pokes.Take())
        {
            if (await store.FindInstanceAsync(id, cancellationToken) is not { } record)
                continue;
            _queue.Add(id, record.Spec.Target, again: true);
            reconciler.TellWish(id, record.Spec.Generation);
        }
        if (time.GetUtcNow() >= _listAt && _queue.Waiting < options.TotalParallel)
            await ListAsync(cancellationToken);
        while (_queue.Next() is { } id)
            _passes[id] = Task.Run(() => PassAsync(id), CancellationToken.None);
    }

    private async Task ListAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        _queue.Limit((await store.ListTargetsAsync(cancellationToken)).ToDictionary(target => target.Name, target => target.Parallel, StringComparer.Ordinal));
        var limit = 2 * (LooksAtOnce + options.TotalParallel);
        var due = await store.ListDueAsync(options.Node, now, limit, cancellationToken);
        var settled = new List<DueInstance>();
        foreach (var instance in due.Where(instance => !_queue.Knows(instance.Id)))
        {
            if (!instance.Settled)
                _queue.Add(instance.Id, instance.Target, again: false);
            else if (settled.Count < LooksAtOnce)
                settled.Add(instance);
        }
        if (settled.Count > 0 && _looking is null)
            _looking = Task.Run(() => LookAsync(settled), CancellationToken.None);
        var next = due.Count == 0 ? await store.NextDueAsync(options.Node, cancellationToken) ?? DateTimeOffset.MaxValue : now + options.Poll;
        _listAt = Earlier(next, now + options.Poll);
    }

    private void Take(Ended ended)
    {
        if (ended.Rests is { } rests)
        {
            _queue.Rest(ended.Id!, rests);
            return;
        }

        if (ended.Looked is { } looked)
        {
            _looking = null;
            foreach (var instance in looked)
                _queue.Add(instance.Id, instance.Target, again: false);
            _listAt = DateTimeOffset.MinValue;
            return;
        }
        _passes.Remove(ended.Id!);
        _queue.Done(ended.Id!);
        if (ended.NextLookAt is { } next)
            _listAt = Earlier(_listAt, next);
        if (_queue.Waiting == 0)
            _listAt = Earlier(_listAt, time.GetUtcNow() + options.StartingLook);
    }

    private async Task PassAsync(string id)
    {
        DateTimeOffset? next = null;
        try
        {
            next = (await reconciler.PassAsync(id, rests => _ended.Writer.TryWrite(new Ended(id, null, null, rests)), _cancelPasses.Token)).NextLookAt;
        }
        catch (OperationCanceledException) when (_cancelPasses.IsCancellationRequested)
        {
            // The engine stops.
        }
        catch (StoreUnavailableException failure)
        {
            log.LogDebug(failure, "Instance {Instance}: no pass, the store is away", id);
        }
        catch (Exception failure)
        {
            log.LogError(failure, "Instance {Instance}: the pass broke off; it is tried again when its lease ends", id);
        }
        _ended.Writer.TryWrite(new Ended(id, next, null));
    }

    private async Task LookAsync(IReadOnlyList<DueInstance> instances)
    {
        IReadOnlyList<DueInstance> restless = [];
        try
        {
            var ids = (await reconciler.LookAsync([.. instances.Select(instance => instance.Id)], _cancelPasses.Token)).ToHashSet(StringComparer.Ordinal);
            restless = [.. instances.Where(instance => ids.Contains(instance.Id))];
        }
        catch (OperationCanceledException) when (_cancelPasses.IsCancellationRequested)
        {
            // The engine stops.
        }
        catch (StoreUnavailableException failure)
        {
            log.LogDebug(failure, "No look at {Count} instances, the store is away", instances.Count);
        }
        catch (Exception failure)
        {
            log.LogError(failure, "A look at {Count} instances broke off", instances.Count);
        }
        _ended.Writer.TryWrite(new Ended(null, null, restless));
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        using var woken = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var wait = _listAt - time.GetUtcNow();
        var waits = new List<Task> { pokes.WaitAsync(woken.Token), _ended.Reader.WaitToReadAsync(woken.Token).AsTask() };
        if (_queue.Waiting < options.TotalParallel)
            waits.Add(Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, time, woken.Token));
        await Task.WhenAny(waits);
        await woken.CancelAsync();
        // Each must have ended before the next turn reads the same channels.
        await Task.WhenAll(waits).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task EndAsync()
    {
        var running = Task.WhenAll([.. _passes.Values, _looking ?? Task.CompletedTask]);
        await Task.WhenAny(running, Task.Delay(options.StopGrace, time));
        await _cancelPasses.CancelAsync();
        await running;
    }

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;

    private sealed record Ended(string? Id, DateTimeOffset? NextLookAt, IReadOnlyList<DueInstance>? Looked, bool? Rests = null);
}
