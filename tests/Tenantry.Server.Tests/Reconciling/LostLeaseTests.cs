using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Fake;

namespace Tenantry.Server.Tests.Reconciling;

/// <summary>
/// A worker that was stopped past its lease (SIGSTOP, a machine that slept) goes on before its timers do, while another one holds the lease.
/// Without an operation nothing is written between two steps, so that only its own look at the clock can hold it back.
/// </summary>
public sealed class LostLeaseTests : IAsyncLifetime
{
    private static readonly TimeSpan PastTheLease = new ReconcilerOptions().LeaseTime + TimeSpan.FromSeconds(1);

    private readonly Watched _watched = new();
    private Workbench _bench = null!;
    private InstanceSpec _spec = null!;

    public async Task InitializeAsync()
    {
        _bench = await Workbench.StartAsync();
        _bench.Wrap = made => new WatchedTarget((FakeTarget)made, _watched);
        _spec = await _bench.RunningAsync("alice");
    }

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [Fact]
    public async Task AfterTheFirstOfThreeStepsTheOthersAreNotTaken()
    {
        _bench.World.Vanish(_spec.Id);
        await LoseAtAsync("Create network alice-net Done", async token =>
        {
            (await _bench.PassAsync(_spec.Id)).ShouldBe(PassEnd.Abandoned);
            await IsHeldByAnotherAsync(token());
        });
        (await _bench.SeeAsync(_spec)).Resources.Select(seen => seen.Resource).ShouldBe([new ResourceName("network", "alice-net")]);
        await TheNextWorkerGoesOnAsync(ObservedState.Running);
    }

    [Fact]
    public async Task InTheMiddleOfADeletionNothingMoreIsRemoved()
    {
        await _bench.WantAsync(_spec.Id, DesiredState.Deleted);
        _watched.Steps.Clear();
        await LoseAtAsync("Delete service alice-web Started", async _ => (await _bench.PassAsync(_spec.Id)).ShouldBe(PassEnd.Abandoned));
        (await _bench.SeeAsync(_spec)).Resources.Count.ShouldBe(3);
    }

    [Theory]
    [InlineData(DesiredState.Frozen, "freeze")]
    [InlineData(DesiredState.Asleep, "sleep")]
    public async Task BeforeItsOnlyStepTheTargetIsNotEvenAsked(DesiredState desired, string call)
    {
        // The wish has been met and was undone by hand: drift, without an operation.
        await _bench.WantAsync(_spec.Id, desired);
        (await _bench.PassAsync(_spec.Id)).ShouldBe(PassEnd.Settled);
        await WakeByHandAsync();
        _watched.Steps.Clear();
        await LoseAtAsync("plan", async _ => (await _bench.PassAsync(_spec.Id)).ShouldBe(PassEnd.Abandoned));
        _watched.Steps.ShouldNotContain(call);
        (await _bench.SeeAsync(_spec)).State.ShouldBe(ObservedState.Running);
    }

    private async Task LoseAtAsync(string moment, Func<Func<long>, Task> pass)
    {
        Lease? other = null;
        _watched.At = async seen =>
        {
            if (seen != moment || other is not null)
                return;
            _bench.Time.Leap(PastTheLease);
            other = (await _bench.Store.TryAcquireLeaseAsync(_spec.Id, "other", TimeSpan.FromHours(2), CancellationToken.None)).ShouldNotBeNull();
        };
        await pass(() => other.ShouldNotBeNull().Token);
        other.ShouldNotBeNull($"'{moment}' was reached; seen: {string.Join(", ", _watched.Steps)}");
        _watched.At = _ => Task.CompletedTask;
        await _bench.Store.ReleaseLeaseAsync(other, CancellationToken.None);
    }

    private async Task IsHeldByAnotherAsync(long token)
    {
        (await _bench.PassAsync(_spec.Id)).ShouldBe(PassEnd.Busy);
        token.ShouldBeGreaterThan(2, "each holder's fencing token is higher than the one before");
    }

    private async Task TheNextWorkerGoesOnAsync(ObservedState end)
    {
        (await _bench.PassAsync(_spec.Id)).ShouldBe(PassEnd.Settled);
        (await _bench.SeeAsync(_spec)).State.ShouldBe(end);
        _bench.World.Violations.ShouldBeEmpty();
    }

    private async Task WakeByHandAsync()
    {
        var workload = ((WorkloadResult.Resolved)await _bench.Workloads.ResolveAsync(_spec with { Generation = 99 }, CancellationToken.None)).Workload;
        var byHand = new FakeTarget(
            new TargetContext("here", _bench.Store.Owner, "", "", new Dictionary<string, string>(StringComparer.Ordinal), _bench.Time, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance),
            _bench.World,
            new FakeScript());
        await foreach (var _ in byHand.WakeAsync(workload, CancellationToken.None))
        {
            // Only the end matters.
        }
    }

    private sealed class Watched
    {
        public List<string> Steps { get; } = [];

        public Func<string, Task> At { get; set; } = _ => Task.CompletedTask;

        public Task SeeAsync(string what)
        {
            Steps.Add(what);
            return At(what);
        }
    }

    // What is seen is seen before the reconciler is told of it.
    private sealed class WatchedTarget(FakeTarget inner, Watched watched) : ITarget, IFreeze
    {
        public string Kind => inner.Kind;

        public string Name => inner.Name;

        public Task<ProbeReport> ProbeAsync(CancellationToken cancellationToken) => inner.ProbeAsync(cancellationToken);

        public async Task<Plan> PlanAsync(InstanceWorkload workload, InstanceObservation seen, CancellationToken cancellationToken)
        {
            await watched.SeeAsync("plan");
            return await inner.PlanAsync(workload, seen, cancellationToken);
        }

        public Task<InstanceObservation> ObserveAsync(InstanceRef instance, CancellationToken cancellationToken) => inner.ObserveAsync(instance, cancellationToken);

        public IAsyncEnumerable<StepEvent> ApplyAsync(Plan plan, InstanceWorkload workload, CancellationToken cancellationToken) =>
            SeeAsync("apply", inner.ApplyAsync(plan, workload, cancellationToken));

        public IAsyncEnumerable<StepEvent> WakeAsync(InstanceWorkload workload, CancellationToken cancellationToken) => SeeAsync("wake", inner.WakeAsync(workload, cancellationToken));

        public IAsyncEnumerable<StepEvent> SleepAsync(InstanceRef instance, CancellationToken cancellationToken) => SeeAsync("sleep", inner.SleepAsync(instance, cancellationToken));

        public IAsyncEnumerable<StepEvent> FreezeAsync(InstanceRef instance, CancellationToken cancellationToken) => SeeAsync("freeze", inner.FreezeAsync(instance, cancellationToken));

        public IAsyncEnumerable<StepEvent> DeleteAsync(InstanceRef instance, CancellationToken cancellationToken) => SeeAsync("delete", inner.DeleteAsync(instance, cancellationToken));

        public Task<IReadOnlyList<InstanceRef>> ListOwnedAsync(string owner, CancellationToken cancellationToken) => inner.ListOwnedAsync(owner, cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();

        private async IAsyncEnumerable<StepEvent> SeeAsync(string call, IAsyncEnumerable<StepEvent> steps)
        {
            await watched.SeeAsync(call);
            await foreach (var step in steps)
            {
                await watched.SeeAsync($"{step.Action} {step.Resource} {step.State}");
                yield return step;
            }
        }
    }
}
