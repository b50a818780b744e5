using Tenantry.Model.Operations;
using Tenantry.Model.Plans;
using Tenantry.Server.Store;

namespace Tenantry.Server.Reconciling;

/// <summary>
/// Writes down how far an operation is, for whoever watches it. Work does not wait for these writes: while one is under way, what
/// happens is gathered for the next. Only the outcome, which is written with the status, must not be lost.
/// </summary>
internal sealed class OperationJournal(
    IStore store, Operation? open, LeaseKeeper lease, ChangeSignal changes, TimeProvider time, IPassObserver? observer)
{
    private static readonly TimeSpan ProgressEvery = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private Operation? _operation = open;
    private DateTimeOffset _lastProgress;
    private bool _isDirty;
    private Task _writing = Task.CompletedTask;
    private int _boundaries;
    private int _planned;
    private int _done;

    /// <summary>The operation that waits for this instance, or null.</summary>
    public Operation? Operation => _operation;

    /// <summary>When the last step ended, or the operation was asked for.</summary>
    public DateTimeOffset? LastStepAt => _operation?.Steps.Max(step => step.FinishedAt) ?? _operation?.CreatedAt;

    /// <summary>Ends when nothing is being written any more.</summary>
    public Task IdleAsync() => _writing;

    /// <summary>A change begins that takes so many steps.</summary>
    public Task BeginAsync(int steps, CancellationToken cancellationToken)
    {
        if (_operation is null)
            return Task.CompletedTask;
        _planned += steps;
        if (_operation.State == OperationState.Running)
            return Task.CompletedTask;
        _operation = _operation with { State = OperationState.Running };
        return BoundaryAsync(cancellationToken);
    }

    public Task TakeAsync(StepEvent step, CancellationToken cancellationToken)
    {
        if (_operation is null)
            return Task.CompletedTask;
        var now = time.GetUtcNow();
        switch (step.State)
        {
            case StepState.Started:
                Put(new OperationStep(NameOf(step), OperationStepState.Running, step.Message, now, null));
                break;
            case StepState.Done:
                _done++;
                Put(Find(NameOf(step), now) with { State = OperationStepState.Done, Message = step.Message, FinishedAt = now });
                break;
            default:
                Put(Find(NameOf(step), now) with { Message = step.Message });
                if (now - _lastProgress < ProgressEvery)
                    return Task.CompletedTask;
                _lastProgress = now;
                Write();
                return Task.CompletedTask;
        }
        return BoundaryAsync(cancellationToken);
    }

    /// <summary>The operation as it is to be written with the status: ended when <paramref name="end"/> says how, otherwise still open.</summary>
    public async Task<Operation?> CloseAsync(OperationState? end, string? error, CancellationToken cancellationToken)
    {
        if (_operation is null)
            return null;
        var now = time.GetUtcNow();
        _operation = _operation with { Steps = [.. _operation.Steps.Select(step => Closed(step, end, error, now))] };
        if (end is { } state)
        {
            _operation = _operation with
            {
                State = state,
                Percent = state == OperationState.Succeeded ? 100 : _operation.Percent,
                Error = state == OperationState.Failed ? error : null,
                FinishedAt = now,
            };
        }
        await _writing;
        if (observer is not null)
            await observer.BoundaryAsync(_operation.Kind, ++_boundaries, cancellationToken);
        return _operation;
    }

    // A step that was cut off, by a crash say, and that the next pass found nothing left to do for, was done.
    private static OperationStep Closed(OperationStep step, OperationState? end, string? error, DateTimeOffset now) => step.State != OperationStepState.Running ? step : (end, error) switch
    {
        (OperationState.Succeeded, _) => step with { State = OperationStepState.Done, Message = "was cut off, and found done", FinishedAt = now },
        (_, { } why) => step with { State = OperationStepState.Failed, Message = why, FinishedAt = now },
        _ => step,
    };

    private static string NameOf(StepEvent step) => $"{step.Action.ToString().ToLowerInvariant()} {step.Resource}";

    private OperationStep Find(string name, DateTimeOffset now) =>
        _operation!.Steps.LastOrDefault(step => step.Name == name) ?? new OperationStep(name, OperationStepState.Running, "", now, null);

    // A step that is taken again, after a failure or a crash, takes the place of its earlier try.
    private void Put(OperationStep step)
    {
        var steps = _operation!.Steps.ToList();
        var at = steps.FindLastIndex(known => known.Name == step.Name);
        if (at >= 0)
            steps[at] = step;
        else
            steps.Add(step);
        var percent = _planned == 0 ? 0 : Math.Min(99, 100 * _done / _planned);
        _operation = _operation with { Steps = steps, Percent = Math.Max(_operation.Percent, percent) };
    }

    private async Task BoundaryAsync(CancellationToken cancellationToken)
    {
        Write();
        if (observer is null)
            return;
        // Who observes wants each boundary in the store before it is told of it.
        await _writing;
        await observer.BoundaryAsync(_operation!.Kind, ++_boundaries, cancellationToken);
    }

    private void Write()
    {
        lock (_lock)
        {
            _isDirty = true;
            if (_writing.IsCompleted)
                _writing = WriteAllAsync();
        }
    }

    private async Task WriteAllAsync()
    {
        while (true)
        {
            lock (_lock)
            {
                if (!_isDirty)
                    return;
                _isDirty = false;
            }
            try
            {
                await store.WriteOperationAsync(_operation!, lease.Lease, lease.Lost);
                changes.Raise();
            }
            catch (LeaseLostException)
            {
                lease.Lose();
                return;
            }
            catch (Exception error) when (error is StoreUnavailableException or OperationCanceledException)
            {
                // Progress only; the outcome will be refused or retried by itself.
                return;
            }
        }
    }
}
