using Tenantry.Model.Instances;
using Tenantry.Model.Plans;

namespace Tenantry.Server.Reconciling;

/// <summary>The part of a pass that is about keys which somebody outside issues. An engine without any does nothing here.</summary>
internal sealed class KeyWork(ReconcilerParts parts, LeaseKeeper lease, OperationJournal journal, Func<StepEvent, Task> told, CancellationToken cancellation)
{
    private KeyPass Pass => new(() => lease.Lease, ToldAsync);

    /// <summary>What the instance waits for, or null when it has its keys.</summary>
    public async Task<WorkloadResult.Refused?> PrepareAsync(InstanceRecord record)
    {
        if (parts.Keys is not { } keys)
            return null;
        var answer = await keys.PrepareAsync(record, Pass, cancellation);
        // What was resolved before holds the value before.
        if (answer.Changed)
            parts.Workloads.Forget(record.Spec.Id);
        return answer.Refused;
    }

    /// <summary>Why keys are not as they are wanted although the instance is, or null.</summary>
    public Task<string?> SettleAsync(InstanceRecord record) => parts.Keys?.SettleAsync(record, Pass, cancellation) ?? Task.FromResult<string?>(null);

    public Task DeleteAsync(InstanceSpec spec) => parts.Keys?.DeleteAsync(spec, Pass, cancellation) ?? Task.CompletedTask;

    private async Task ToldAsync(StepEvent step)
    {
        if (step.State == StepState.Started)
            await journal.BeginAsync(1, cancellation);
        await told(step);
    }
}
