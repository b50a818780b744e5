using System.Runtime.CompilerServices;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Fake;

namespace Tenantry.Server.Tests.Reconciling.Histories;

/// <summary>A fake target as one process of a history sees it: each call and each step waits for its turn, and a killed process does nothing more.</summary>
internal sealed class GatedTarget(FakeTarget inner, HistoryScene scene, FakeProcess process) : ITarget, IFreeze
{
    public string Kind => inner.Kind;

    public string Name => inner.Name;

    public Task<ProbeReport> ProbeAsync(CancellationToken cancellationToken) => inner.ProbeAsync(cancellationToken);

    public Task<Plan> PlanAsync(InstanceWorkload workload, InstanceObservation seen, CancellationToken cancellationToken) =>
        CallAsync(FakeCall.Plan, $"plan {workload.Ref.Slug}", token => inner.PlanAsync(workload, seen, token), cancellationToken);

    public async Task<InstanceObservation> ObserveAsync(InstanceRef instance, CancellationToken cancellationToken)
    {
        var seen = await CallAsync(FakeCall.Observe, $"observe {instance.Slug}", token => inner.ObserveAsync(instance, token), cancellationToken);
        process.Seen[instance.Id] = seen.State;
        return seen;
    }

    public IAsyncEnumerable<StepEvent> ApplyAsync(Plan plan, InstanceWorkload workload, CancellationToken cancellationToken) =>
        StepsAsync(workload.Ref, FakeCall.Step, "apply", token => inner.ApplyAsync(plan, workload, token), cancellationToken);

    public IAsyncEnumerable<StepEvent> WakeAsync(InstanceWorkload workload, CancellationToken cancellationToken) =>
        StepsAsync(workload.Ref, FakeCall.Wake, "wake", token => inner.WakeAsync(workload, token), cancellationToken);

    public IAsyncEnumerable<StepEvent> SleepAsync(InstanceRef instance, CancellationToken cancellationToken) =>
        StepsAsync(instance, FakeCall.Stop, "sleep", token => inner.SleepAsync(instance, token), cancellationToken);

    public IAsyncEnumerable<StepEvent> FreezeAsync(InstanceRef instance, CancellationToken cancellationToken) =>
        StepsAsync(instance, FakeCall.Freeze, "freeze", token => inner.FreezeAsync(instance, token), cancellationToken);

    public IAsyncEnumerable<StepEvent> DeleteAsync(InstanceRef instance, CancellationToken cancellationToken) =>
        StepsAsync(instance, FakeCall.Delete, "delete", token => inner.DeleteAsync(instance, token), cancellationToken);

    public Task<IReadOnlyList<InstanceRef>> ListOwnedAsync(string owner, CancellationToken cancellationToken) => inner.ListOwnedAsync(owner, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private async Task<T> CallAsync<T>(FakeCall kind, string what, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        await scene.Schedule.TurnAsync(process, what);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, process.Death);
        await scene.DelayAsync(kind, either.Token);
        return await call(either.Token);
    }

    private async IAsyncEnumerable<StepEvent> StepsAsync(
        InstanceRef instance, FakeCall kind, string what, Func<CancellationToken, IAsyncEnumerable<StepEvent>> call, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, process.Death);
        process.Changing++;
        try
        {
            await foreach (var step in call(either.Token).WithCancellation(either.Token))
            {
                await scene.Schedule.TurnAsync(process, $"{what} {instance.Slug}: {step.Action} {step.Resource} {step.State}");
                // A real target notices by itself that it was cancelled.
                either.Token.ThrowIfCancellationRequested();
                await scene.DelayAsync(kind, either.Token);
                yield return step;
            }
        }
        finally
        {
            process.Changing--;
        }
    }
}
