using Microsoft.Extensions.Logging;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Reconciling;

/// <summary>One pass over one instance, under its lease: observe, decide, act, and again, until nothing is left to do.</summary>
internal sealed class InstanceWork : IAsyncDisposable
{
    // Apply, then freeze or sleep, is the longest way; the rest is for what changes under our hands.
    private const int MostActions = 6;

    private readonly ReconcilerParts _parts;
    private readonly InstanceRecord _record;
    private readonly RestChoice _rest;
    private readonly LeaseKeeper _lease;
    private readonly PassWait _wait;
    private readonly OperationJournal _journal;
    private readonly InstanceRef _ref;
    private readonly Backoff _backoff;
    private readonly KeyWork _keys;
    private readonly CancellationToken _cancellation;
    private readonly long _begin;
    private InstanceStatus _status;
    private InstanceObservation? _seen;
    private WakeWatch? _wake;
    private bool _wasRepaired;

    public InstanceWork(ReconcilerParts parts, InstanceRecord record, Operation? open, LeaseKeeper lease, WakeAsk? ask, PassWait wait, CancellationToken cancellation)
    {
        (_parts, _begin) = (parts, parts.Time.GetTimestamp());
        _rest = new RestChoice(parts, record, ask);
        _record = record;
        _lease = lease;
        _wait = wait;
        _cancellation = cancellation;
        _status = record.Status;
        _ref = new InstanceRef(record.Spec.Id, record.Spec.Slug, parts.Store.Owner);
        _backoff = new Backoff(parts.Options);
        _journal = new OperationJournal(parts.Store, open, lease, parts.Changes, parts.Time, parts.Observer);
        _keys = new KeyWork(parts, lease, _journal, ToldAsync, cancellation);
    }

    private InstanceSpec Spec => _record.Spec;

    public ValueTask DisposeAsync() => _rest.DisposeAsync();

    private DateTimeOffset Now => _parts.Time.GetUtcNow();

    // Between two tries at the same wish nothing is tried, whoever asks for a look; but what failed since the target was away is tried as soon as it is back.
    private bool IsHeld => _record.Status.Failures > 0 && !_record.Status.IsTargetAway && _record.Status.ObservedGeneration == Spec.Generation && Now < _record.Status.NextLookAt;

    public async Task<Finished> RunAsync()
    {
        TargetCalls? target = null;
        try
        {
            using var use = await _parts.Targets.UseAsync(Spec.Target, _cancellation);
            target = new TargetCalls(use.Target, _parts.Options, _parts.Time, _parts.Log, _cancellation);
            return Spec.Desired == DesiredState.Deleted
                ? await DeleteAsync(target)
                : await BringAsync(target, use.Record.RepairDrift);
        }
        catch (TargetException) when (Spec.Desired == DesiredState.Deleted && !StatusOf.IsProvisioned(_status))
        {
            // No target was ever asked to make anything of it, so that nothing can be left, whether the target works or not.
            return await TryRemoveAsync(target);
        }
        catch (TargetException failure)
        {
            return await FailedAsync(failure, target);
        }
        finally
        {
            await _journal.IdleAsync();
        }
    }

    private async Task<Finished> BringAsync(TargetCalls target, bool repairsDrift)
    {
        await ObserveAsync(target);
        if (await _keys.PrepareAsync(_rest.Record) is { } waitsForKey)
            return await RefusedAsync(waitsForKey);
        var resolved = await _parts.ResolveAsync(Spec, _cancellation);
        // Without its secrets it is not known what of its app's words may be told.
        _seen = _seen! with { Trouble = resolved is WorkloadResult.Refused ? null : _seen!.Trouble };
        if (resolved is WorkloadResult.Refused refusal)
            return await StopBereftAsync(target, refusal) ? await RefusedAsync(refusal) : Wait(StatusOf.Held(_rest.Record, _seen!, Now));
        var (resolvedWorkload, former) = (WorkloadResult.Resolved)resolved;
        target.Text = new AppText([.. resolvedWorkload.Secrets.Values, .. former]);
        _seen = target.Text.Of(_seen!);

        (WorkAction Action, ObservedState State, string? Digest)? last = null;
        for (var actions = 0; ; actions++)
        {
            var record = _rest.Record;
            var workload = resolvedWorkload.Desired == record.Desired ? resolvedWorkload : resolvedWorkload with { Desired = record.Desired };
            var plan = Decision.IsThaw(record, workload, _seen!) ? Plan.Nothing : await target.PlanAsync(workload, _seen!);
            var situation = new Situation(record, workload, _seen!, plan, repairsDrift);
            var action = Decision.Next(situation);
            if (action == WorkAction.Rest)
                return await RestAsync(situation);
            if (IsHeld)
                return Wait(StatusOf.Held(_rest.Record, _seen!, Now));
            if (_seen!.TroubleIsTerminal && situation.IsDrift)
                throw new TargetException(_seen.Trouble ?? "It does not stay up.", retryable: false, fix: $"When that is mended: 'tenantry restart {Spec.Slug}'.");

            var now = (action, _seen.State, _seen.WorkloadDigest);
            if (now == last || actions == MostActions)
                throw situation.Lie(action);
            last = now;
            if (action == WorkAction.Freeze)
                target.Freezer(_ref);
            if (action is WorkAction.Freeze or WorkAction.Sleep && !await _rest.MayRestAsync(_seen.State, _cancellation))
                continue;
            _wasRepaired |= _rest.Ask is null && situation.IsDrift && situation.IsDown;
            await TakeAsync(target, action, situation);
            await ObserveAsync(target);
            if (action == WorkAction.Wake)
                _rest.TellWoken(_seen!, _wake);
        }
    }

    private async Task TakeAsync(TargetCalls target, WorkAction action, Situation situation)
    {
        if (situation.Desired == DesiredState.Running && _record.Status.Phase is InstancePhase.Frozen or InstancePhase.Asleep)
            _wake ??= new WakeWatch(_record.Status.Phase, _record.Status.ChangedAt, _rest.Ask?.Since ?? _begin, _parts.Time);
        await (action == WorkAction.Apply ? AnnounceAsync(situation) : Task.CompletedTask);
        await _journal.BeginAsync(action == WorkAction.Apply ? situation.Plan.Steps.Count : 1, _cancellation);
        _lease.Require();
        await (action switch
        {
            WorkAction.Apply => target.ApplyAsync(situation.Plan, situation.Workload, ToldAsync),
            WorkAction.Wake => target.WakeAsync(situation.Workload, ToldAsync),
            WorkAction.Freeze => target.FreezeAsync(_ref, ToldAsync),
            _ => target.SleepAsync(_ref, ToldAsync),
        });
        _wake?.End();
    }

    // Written before the target is asked: whatever happens then, it is known that something may be there.
    private async Task AnnounceAsync(Situation situation)
    {
        var isNew = !StatusOf.IsProvisioned(_status) || situation.Seen.State == ObservedState.Absent;
        await WriteAsync(StatusOf.Changing(_status, isNew, situation.Plan.Steps, Now));
    }

    private async Task<Finished> DeleteAsync(TargetCalls target)
    {
        if (IsHeld)
            return Wait(_status);
        if (_status.Phase != InstancePhase.Deleting)
            await WriteAsync(StatusOf.Deleting(_status, Now));
        await ObserveAsync(target);
        if (_seen!.State != ObservedState.Absent || StatusOf.IsProvisioned(_status))
        {
            await _journal.BeginAsync(_seen.Resources.Count, _cancellation);
            _lease.Require();
            await target.DeleteAsync(_ref, ToldAsync);
            await ObserveAsync(target);
        }
        if (_seen.State == ObservedState.Absent)
            return await RemovedAsync();
        var left = _seen.Resources.Count == 0 ? StatusOf.Words(_seen.State) : string.Join(", ", _seen.Resources.Select(resource => resource.Resource));
        throw new TargetException($"The target said that everything was removed, and it still holds: {left}.", retryable: true);
    }

    private async Task<Finished> TryRemoveAsync(TargetCalls? target)
    {
        try
        {
            return await RemovedAsync();
        }
        catch (TargetException failure)
        {
            return await FailedAsync(failure, target);
        }
    }

    // Keys were made before the instance, and go after it.
    private async Task<Finished> RemovedAsync()
    {
        await _keys.DeleteAsync(Spec);
        var operation = await _journal.CloseAsync(OperationState.Succeeded, null, _cancellation);
        return new Finished(new PassOutcome(_lease.Lease, null, operation, Remove: true), null, PassEnd.Removed, null);
    }

    private async Task<Finished> RestAsync(Situation situation)
    {
        var status = StatusOf.AtRest(situation, _status, _wake?.Record(), Now);
        var isWell = status.Phase != InstancePhase.Running || status.Health == InstanceHealth.Healthy;
        if (_wasRepaired)
        {
            // It was well, went down by itself, and is up again: if that goes on, each repair waits longer.
            status = status with { Failures = _record.Status.Failures + 1 };
        }
        var next = _wasRepaired ? _backoff.After(status.Failures)
            : isWell ? _backoff.Around(_parts.Options.DriftLook)
            : status.Health == InstanceHealth.Starting ? _parts.Options.StartingLook
            : _parts.Options.UnhealthyLook;
        status = status with { NextLookAt = Now + next };
        if (await _keys.SettleAsync(_rest.Record) is { } unsettled)
        {
            status = StatusOf.Unsettled(status, _record.Status, unsettled, Now) with { NextLookAt = Now + _backoff.After(_record.Status.Failures + 1) };
            return End(status, await _journal.CloseAsync(null, null, _cancellation), PassEnd.Retry);
        }

        if (_journal.Operation is null)
        {
            return !_rest.IsToWrite && StatusOf.SaysTheSame(status, _record.Status) && _status == _record.Status
                ? new Finished(null, new QuietLook(_lease.Lease, status.NextLookAt), PassEnd.Settled, status.NextLookAt)
                : End(status, null, isWell ? PassEnd.Settled : PassEnd.Waiting);
        }
        var isHopeless = !isWell && (situation.Seen.TroubleIsTerminal || Now - _journal.LastStepAt > _parts.Options.HealthPatience);
        OperationState? end = isWell ? OperationState.Succeeded : isHopeless ? OperationState.Failed : null;
        var operation = await _journal.CloseAsync(end, isHopeless ? status.Reason : null, _cancellation);
        return End(status, operation, isWell ? PassEnd.Settled : isHopeless ? PassEnd.Failed : PassEnd.Waiting);
    }

    // A value that was taken away is not gone while a process has it. A release that only wants more than the one that runs stops nothing. False between two tries.
    private async Task<bool> StopBereftAsync(TargetCalls target, WorkloadResult.Refused refusal)
    {
        if (refusal.Condition != WorkloadRefusedException.SecretsMissing || _seen is not { State: not (ObservedState.Absent or ObservedState.Stopped), Release: { } running } ||
            !await _parts.Workloads.LacksSecretsAsync(Spec, running, _cancellation))
            return true;
        if (IsHeld)
            return false;
        await _rest.CloseAsync(_cancellation);
        await _journal.BeginAsync(1, _cancellation);
        _lease.Require();
        await target.SleepAsync(_ref, ToldAsync);
        await ObserveAsync(target);
        return _seen.State is ObservedState.Absent or ObservedState.Stopped
            ? true
            : throw new TargetException($"{refusal.Sentence} The target said that it is stopped, and it is still {StatusOf.Words(_seen.State)}.", retryable: true);
    }

    private async Task<Finished> RefusedAsync(WorkloadResult.Refused refusal)
    {
        var status = StatusOf.Refused(_rest.Record with { Status = _status }, _seen, refusal, Now) with { NextLookAt = Now + _backoff.Around(_parts.Options.DriftLook) };
        // Who makes an instance gives its secrets next; whoever asks for anything else would wait in vain.
        var goesOn = refusal.IsPending && (refusal.Condition != WorkloadRefusedException.SecretsMissing || _journal.Operation?.Kind == OperationKind.Create);
        var operation = await _journal.CloseAsync(goesOn ? null : OperationState.Failed, refusal.Sentence, _cancellation);
        return End(status, operation, refusal.IsPending ? PassEnd.Waiting : PassEnd.Failed);
    }

    private async Task<Finished> FailedAsync(TargetException failure, TargetCalls? target)
    {
        var seen = target is null ? null : await TryObserveAsync(target);
        var tries = _rest.CountFailure();
        var isTerminal = !failure.Retryable && Spec.Desired != DesiredState.Deleted;
        var next = Now + (isTerminal ? _backoff.Around(_parts.Options.DriftLook) : _backoff.After(tries));
        var reason = isTerminal ? failure.Sentence : $"{failure.Sentence} Tried {tries} time{(tries == 1 ? "" : "s")}; next try at {StatusOf.Clock(next)}.";
        _parts.Log.LogWarning(failure, "Instance {Slug}: {Reason}", Spec.Slug, reason);
        var status = StatusOf.Failed(_rest.Record with { Status = _status }, isTerminal, seen, reason, Now) with { NextLookAt = next, Failures = tries };
        var operation = await _journal.CloseAsync(isTerminal ? OperationState.Failed : null, failure.Sentence, _cancellation);
        return End(status, operation, isTerminal ? PassEnd.Failed : PassEnd.Retry);
    }

    private Finished Wait(InstanceStatus status) => StatusOf.SaysTheSame(status, _record.Status)
        ? new Finished(null, new QuietLook(_lease.Lease, status.NextLookAt), PassEnd.Waiting, status.NextLookAt)
        : End(status, null, PassEnd.Waiting);

    private Finished End(InstanceStatus status, Operation? operation, PassEnd end)
    {
        var wake = _wake?.Record();
        if (wake is not null && !_rest.IsTold && status.Phase == InstancePhase.Running)
            _parts.Options.WokenUnasked?.Invoke(Spec, wake);
        return new(new PassOutcome(_lease.Lease, status, operation) { Rest = _rest.ToWrite(status), Wake = wake }, null, end, status.NextLookAt);
    }

    private async Task ObserveAsync(TargetCalls target)
    {
        _seen = null;
        _seen = await target.ObserveAsync(_ref);
    }

    // After a failure: tells what is there, and is not what failed.
    private async Task<InstanceObservation?> TryObserveAsync(TargetCalls target) => _seen is null ? null : await target.TryObserveAsync(_ref);

    private async Task WriteAsync(InstanceStatus status)
    {
        await _parts.Store.WriteStatusAsync(status, _lease.Lease, _cancellation);
        _status = status;
        _parts.Changes.Raise();
    }

    private async Task ToldAsync(StepEvent step)
    {
        _lease.Require();
        _wake?.Take(step);
        await _journal.TakeAsync(step, _cancellation);
        _wait.Follow(step);
        await _rest.FollowAsync(step, _cancellation);
    }
}
