using System.Runtime.CompilerServices;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Tests.Reconciling;

/// <summary>A target whose instances take until the test says so to become healthy.</summary>
internal sealed class SlowToWake
{
    private readonly TaskCompletionSource _waits = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when something waits.</summary>
    public Task Waits => _waits.Task;

    public TaskCompletionSource Healthy { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ITarget Around(ITarget inner) => new Slow(inner, this);

    private async IAsyncEnumerable<StepEvent> WaitAsync(IAsyncEnumerable<StepEvent> steps, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var web = new ResourceName("service", "web");
        yield return new StepEvent(web, StepAction.Wait, StepState.Started);
        // The pass has taken that in when it asks for more.
        _waits.TrySetResult();
        await Healthy.Task.WaitAsync(cancellationToken);
        yield return new StepEvent(web, StepAction.Wait, StepState.Done);
        await foreach (var step in steps.WithCancellation(cancellationToken))
            yield return step;
    }

    private sealed class Slow(ITarget inner, SlowToWake owner) : ITarget
    {
        public string Kind => inner.Kind;

        public string Name => inner.Name;

        public Task<ProbeReport> ProbeAsync(CancellationToken cancellationToken) => inner.ProbeAsync(cancellationToken);

        public Task<Plan> PlanAsync(InstanceWorkload workload, InstanceObservation seen, CancellationToken cancellationToken) => inner.PlanAsync(workload, seen, cancellationToken);

        public IAsyncEnumerable<StepEvent> ApplyAsync(Plan plan, InstanceWorkload workload, CancellationToken cancellationToken) =>
            owner.WaitAsync(inner.ApplyAsync(plan, workload, cancellationToken), cancellationToken);

        public Task<InstanceObservation> ObserveAsync(InstanceRef instance, CancellationToken cancellationToken) => inner.ObserveAsync(instance, cancellationToken);

        public IAsyncEnumerable<StepEvent> SleepAsync(InstanceRef instance, CancellationToken cancellationToken) => inner.SleepAsync(instance, cancellationToken);

        public IAsyncEnumerable<StepEvent> WakeAsync(InstanceWorkload workload, CancellationToken cancellationToken) => owner.WaitAsync(inner.WakeAsync(workload, cancellationToken), cancellationToken);

        public IAsyncEnumerable<StepEvent> DeleteAsync(InstanceRef instance, CancellationToken cancellationToken) => inner.DeleteAsync(instance, cancellationToken);

        public Task<IReadOnlyList<InstanceRef>> ListOwnedAsync(string owner1, CancellationToken cancellationToken) => inner.ListOwnedAsync(owner1, cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
