using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Server.Engine;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Tests.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Tests.Reconciling;

/// <summary>What stays on a machine when another engine adopts its target. The fake world stands for this machine alone.</summary>
public sealed class MovedTargetsTests : IAsyncLifetime
{
    private Workbench _bench = null!;

    public async Task InitializeAsync() => _bench = await Workbench.StartAsync();

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [Fact]
    public async Task WhatRunsOnAfterItsTargetMovedIsStoppedAndItsDataIsKept()
    {
        var alice = await _bench.RunningAsync("alice");
        var moved = Moved("a-1");
        await SettleAsync("a-1");
        (await moved.LookAsync(CancellationToken.None)).ShouldBeEmpty("it is at home here");

        await SettleAsync("b-2");
        (await moved.LookAsync(CancellationToken.None)).ShouldBe(["alice"]);
        var left = await _bench.SeeAsync(alice);
        left.State.ShouldBe(ObservedState.Stopped);
        left.Resources.ShouldContain(resource => resource.Resource.Kind == "volume");
        (await moved.LookAsync(CancellationToken.None)).ShouldBeEmpty("once is enough");
    }

    [Fact]
    public async Task ADoubledInstanceIsNamedByTheSweepWhereItIsTheDoubleAndIsNoneWhereItIsAtHome()
    {
        var alice = await _bench.RunningAsync("alice");
        await SettleAsync("b-2");
        var there = new OrphanSweep(_bench.Store, Targets("a-1"), _bench.Time);
        var home = new OrphanSweep(_bench.Store, Targets("b-2"), _bench.Time);

        var report = await there.ListAsync(CancellationToken.None);
        var orphan = report.Orphans.ShouldHaveSingleItem();
        (orphan.Ref.Slug, orphan.Home).ShouldBe(("alice", "b-2"));
        report.Unreachable.ShouldHaveSingleItem().Reason.ShouldContain("'b-2'");
        (await home.ListAsync(CancellationToken.None)).Orphans.ShouldBeEmpty();

        await SettleAsync("a-1");
        (await there.ListAsync(CancellationToken.None)).Orphans.ShouldBeEmpty("the target came back, and what it has is alice's");
        await Should.ThrowAsync<TargetException>(() => there.RemoveAsync(orphan, CancellationToken.None));
        _bench.World.Ids.ShouldBe([alice.Id]);

        await SettleAsync("b-2");
        await there.RemoveAsync(orphan, CancellationToken.None);
        _bench.World.Ids.ShouldBeEmpty();
    }

    [Fact]
    public async Task AnotherEngineOfTheSameMachineThatWorksOnTheSameThingsLeavesNothingHere()
    {
        await _bench.RunningAsync("alice");
        await SettleAsync("a-2");

        (await Moved("a-1", isOfItsFolder: false).LookAsync(CancellationToken.None)).ShouldBeEmpty("one Docker engine: what runs is what should run");
        (await Moved("a-1", isOfItsFolder: true).LookAsync(CancellationToken.None)).ShouldBe(["alice"]);
    }

    [Fact]
    public async Task ATargetThatWasNeverHereIsNotOpenedHere()
    {
        await _bench.RunningAsync("alice");
        await SettleAsync("b-2", hasFolder: false);

        (await Moved("a-1").LookAsync(CancellationToken.None)).ShouldBeEmpty();
        var report = await new OrphanSweep(_bench.Store, Targets("a-1"), _bench.Time).ListAsync(CancellationToken.None);
        (report.Orphans.Count, report.Unreachable.Count).ShouldBe((0, 1));
    }

    private MovedTargets Moved(string node, bool isOfItsFolder = true) =>
        new(_bench.Store, Targets(node, isOfItsFolder), _bench.Reconciler, _bench.Time, NullLogger<MovedTargets>.Instance);

    private TargetSet Targets(string node, bool isOfItsFolder = true) => _bench.NewTargets(_bench.Store, _ => { }, node: node, isOneMachine: true, isOfItsFolder: isOfItsFolder);

    private async Task SettleAsync(string node, bool hasFolder = true)
    {
        if (hasFolder)
            _bench.MakeTargetFolder(Fleet.Target);
        await _bench.Store.SettleTargetAsync(Fleet.Target, node, replace: true, CancellationToken.None);
    }
}
