using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Server.Reconciling;

namespace Tenantry.Server.Tests.Reconciling;

/// <summary>An engine whose gate is written down, and what tests of rests do with it.</summary>
public abstract class RestScene : IAsyncLifetime
{
    private protected Workbench _bench = null!;
    private protected ScriptedGate _gate = null!;
    private protected Reconciler _reconciler = null!;

    public async Task InitializeAsync()
    {
        _bench = await Workbench.StartAsync();
        _gate = new ScriptedGate();
        _reconciler = new Reconciler(
            _bench.Store, _bench.NewTargets(_bench.Store, _ => { }), _bench.Workloads, _bench.Changes, _bench.Options, _bench.Time, NullLogger<Reconciler>.Instance, gate: _gate);
    }

    public async Task DisposeAsync()
    {
        _bench.World.Violations.ShouldBeEmpty();
        await _bench.DisposeAsync();
    }

    private protected async Task<PassEnd> PassAsync(InstanceSpec spec) => (await _reconciler.PassAsync(spec.Id, CancellationToken.None)).End;

    private protected Task WakeAsync(InstanceSpec spec) => _reconciler.WakeAsync(spec.Id, new WakeAsk(_bench.Time.GetTimestamp(), (_, _) => { }), CancellationToken.None);

    private protected async Task<InstanceRecord> RecordAsync(InstanceSpec spec) => (await _bench.Store.FindInstanceAsync(spec.Id, CancellationToken.None)).ShouldNotBeNull();

    private protected InstanceRest Rest(DesiredState depth) => new(depth, "idle for 10 min", _bench.Time.GetUtcNow(), _bench.Time.GetUtcNow().AddMinutes(-10));

    private protected async Task RestAsync(InstanceSpec spec, DesiredState depth) =>
        (await _bench.Store.PutRestAsync(spec.Id, Rest(depth), (await RecordAsync(spec)).Rest, spec.Generation, CancellationToken.None)).ShouldBeTrue();
}
