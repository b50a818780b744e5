using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Server.Engine;
using Tenantry.Server.Gateway;
using Tenantry.Server.Instances;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Sleeping;

namespace Tenantry.Server.Tests.Reconciling;

/// <summary>A freeze on a target that has none.</summary>
public sealed class FreezeTests
{
    [Fact]
    public async Task AFreezeThatItsTargetCannotDoShutsNoGateAndRequestsFindTheInstanceThatRuns()
    {
        await using var bench = await Workbench.StartAsync();
        var plain = new SlowToWake();
        plain.Healthy.SetResult();
        var gate = new CountedGate();
        var reconciler = new Reconciler(
            bench.Store, bench.NewTargets(bench.Store, _ => { }, plain.Around), bench.Workloads, bench.Changes, bench.Options, bench.Time, NullLogger<Reconciler>.Instance, gate: gate);
        var spec = await bench.Fleet.AddInstanceAsync("alice");
        (await reconciler.PassAsync(spec.Id, CancellationToken.None)).End.ShouldBe(PassEnd.Settled);
        await bench.WantAsync(spec.Id, DesiredState.Frozen);

        (await reconciler.PassAsync(spec.Id, CancellationToken.None)).End.ShouldBe(PassEnd.Failed);

        gate.Closed.ShouldBe(0);
        var record = (await bench.Store.FindInstanceAsync(spec.Id, CancellationToken.None)).ShouldNotBeNull();
        record.Status.Reason.ShouldContain("cannot freeze");
        Route.To(InstanceEntry.Of(record)).State.ShouldBe(RouteState.Resting, "who comes waits for the engine and is not turned away");
        await using var desk = new WakeDesk(bench.Store, reconciler, new WakeMetrics(), bench.Time, NullLogger<WakeDesk>.Instance);
        var answer = await desk.WakeAsync(spec.Id, new WakeRequest(0), CancellationToken.None);
        (answer.Outcome, answer.Endpoint).ShouldBe((WakeOutcome.Awake, record.Status.Endpoint));
        var after = (await bench.Store.FindInstanceAsync(spec.Id, CancellationToken.None)).ShouldNotBeNull();
        (after.Status.Phase, after.Status.Failures).ShouldBe((InstancePhase.Running, 0));
    }

    private sealed class CountedGate : IRestGate
    {
        public int Closed { get; private set; }

        public ValueTask<IRestPermit?> CloseAsync(string instanceId, bool force, DateTimeOffset? idleSince, CancellationToken cancellationToken)
        {
            Closed++;
            return ValueTask.FromResult<IRestPermit?>(null);
        }

        public ValueTask<IAsyncDisposable> DrainAsync(string instanceId, CancellationToken cancellationToken) => throw new InvalidOperationException("Nothing is stopped.");
    }
}
