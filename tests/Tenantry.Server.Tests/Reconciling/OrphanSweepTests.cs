using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Server.Engine;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Store;
using Tenantry.Server.Tests.Store;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Fake;

namespace Tenantry.Server.Tests.Reconciling;

/// <summary>What no instance owns, over several targets, one of which cannot be asked.</summary>
public sealed class OrphanSweepTests : IAsyncLifetime
{
    private Workbench _bench = null!;
    private TargetSet _targets = null!;
    private OrphanSweep _sweep = null!;

    public async Task InitializeAsync()
    {
        _bench = await Workbench.StartAsync();
        _targets = _bench.NewTargets(_bench.Store, _ => { });
        _sweep = new OrphanSweep(_bench.Store, _targets, _bench.Time);
    }

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [Fact]
    public async Task WhatAnInstanceOwnsIsNoOrphanAndWhatNobodyOwnsIsOneAndGoesWhenToldTo()
    {
        await _bench.RunningAsync("alice");
        await MakeOrphanAsync("ghost");
        var orphan = (await _sweep.ListAsync(CancellationToken.None)).Orphans.ShouldHaveSingleItem();
        (orphan.Target, orphan.Ref.Slug).ShouldBe((Fleet.Target, "ghost"));

        await _sweep.RemoveAsync(orphan, CancellationToken.None);
        (await _sweep.ListAsync(CancellationToken.None)).Orphans.ShouldBeEmpty();
        _bench.World.Ids.ShouldBe(["id-alice"]);
        await Should.ThrowAsync<KeyNotFoundException>(() => _sweep.RemoveAsync(orphan, CancellationToken.None));
    }

    [Fact]
    public async Task WhatAnInstanceOwnsIsNotRemovedWhateverSomebodySays()
    {
        var spec = await _bench.RunningAsync("alice");
        var mistaken = new Orphan(Fleet.Target, new InstanceRef(spec.Id, "alice", _bench.Store.Owner));
        var refused = await Should.ThrowAsync<TargetException>(() => _sweep.RemoveAsync(mistaken, CancellationToken.None));
        refused.Message.ShouldContain("belongs to an instance");
        _bench.World.Ids.ShouldBe([spec.Id]);
    }

    [Fact]
    public async Task AnInstanceOnAnotherTargetDoesNotOwnWhatIsHere()
    {
        var spec = await _bench.RunningAsync("alice");
        await AddTargetAsync("there", "fake");
        var report = await _sweep.ListAsync(CancellationToken.None);
        // Both targets look into one world: the one that alice is not on holds what is not hers.
        report.Orphans.ShouldBe([new Orphan("there", new InstanceRef(spec.Id, "alice", _bench.Store.Owner))]);
    }

    [Fact]
    public async Task ATargetThatCannotBeMadeIsNamedAndTheOthersAreTold()
    {
        await MakeOrphanAsync("ghost");
        await AddTargetAsync("broken", "gone");
        var report = await _sweep.ListAsync(CancellationToken.None);
        report.Orphans.ShouldHaveSingleItem().Ref.Slug.ShouldBe("ghost");
        var away = report.Unreachable.ShouldHaveSingleItem();
        away.Target.ShouldBe("broken");
        away.Reason.ShouldContain("of kind 'gone', which this version does not have");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task ATargetThatFailsOrHangsIsNamedAndTheOthersAreTold(bool hangs) => Workbench.StepwiseAsync(async () =>
    {
        await MakeOrphanAsync("ghost");
        await AddTargetAsync("away", "fake");
        await using var targets = _bench.NewTargets(_bench.Store, _ => { }, made => made.Name == "away" ? new Away((FakeTarget)made, hangs) : made);
        var listing = new OrphanSweep(_bench.Store, targets, _bench.Time).ListAsync(CancellationToken.None);
        if (hangs)
            _bench.Time.Advance(TimeSpan.FromSeconds(31));
        var report = await listing;
        report.Orphans.ShouldHaveSingleItem().Target.ShouldBe(Fleet.Target);
        report.Unreachable.ShouldBe([new UnreachableTarget("away", hangs ? "It did not say within 30 s what it holds." : "Nobody answers. Start it.")]);
    });

    [Fact]
    public async Task WhoeverAsksAndLeavesIsNotToldOfUnreachableTargets()
    {
        await using var targets = _bench.NewTargets(_bench.Store, _ => { }, made => new Away((FakeTarget)made, hangs: true));
        using var left = new CancellationTokenSource();
        var listing = new OrphanSweep(_bench.Store, targets, _bench.Time).ListAsync(left.Token);
        await left.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => listing);
    }

    private async Task MakeOrphanAsync(string slug)
    {
        // Made by hand of the store: the instance is forgotten, what the target holds is not.
        var spec = _bench.Fleet.NewSpec(slug);
        var workload = ((WorkloadResult.Resolved)await _bench.Workloads.ResolveAsync(spec, CancellationToken.None)).Workload;
        var (target, _) = await _targets.GetAsync(Fleet.Target, CancellationToken.None);
        var plan = await target.PlanAsync(workload, InstanceObservation.Absent(workload.Ref), CancellationToken.None);
        await foreach (var _ in target.ApplyAsync(plan, workload, CancellationToken.None))
        {
            // Only the end matters.
        }
    }

    private Task AddTargetAsync(string name, string kind) => _bench.Store.PutTargetAsync(
        new TargetRecord(name, kind, new Dictionary<string, string>(StringComparer.Ordinal), true, 4, 0, _bench.Time.GetUtcNow()), 0, CancellationToken.None);

    private sealed class Away(FakeTarget inner, bool hangs) : ITarget
    {
        public string Kind => inner.Kind;

        public string Name => inner.Name;

        public Task<ProbeReport> ProbeAsync(CancellationToken cancellationToken) => inner.ProbeAsync(cancellationToken);

        public Task<Plan> PlanAsync(Model.Workloads.InstanceWorkload workload, InstanceObservation seen, CancellationToken cancellationToken) => inner.PlanAsync(workload, seen, cancellationToken);

        public IAsyncEnumerable<StepEvent> ApplyAsync(Plan plan, Model.Workloads.InstanceWorkload workload, CancellationToken cancellationToken) => inner.ApplyAsync(plan, workload, cancellationToken);

        public Task<InstanceObservation> ObserveAsync(InstanceRef instance, CancellationToken cancellationToken) => inner.ObserveAsync(instance, cancellationToken);

        public IAsyncEnumerable<StepEvent> SleepAsync(InstanceRef instance, CancellationToken cancellationToken) => inner.SleepAsync(instance, cancellationToken);

        public IAsyncEnumerable<StepEvent> WakeAsync(Model.Workloads.InstanceWorkload workload, CancellationToken cancellationToken) => inner.WakeAsync(workload, cancellationToken);

        public IAsyncEnumerable<StepEvent> DeleteAsync(InstanceRef instance, CancellationToken cancellationToken) => inner.DeleteAsync(instance, cancellationToken);

        public async Task<IReadOnlyList<InstanceRef>> ListOwnedAsync(string owner, CancellationToken cancellationToken)
        {
            if (hangs)
                await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            throw new TargetException("Nobody answers.", retryable: true, fix: "Start it.");
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
