using Tenantry.Model.Instances;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Tests.Serving;
using Tenantry.Server.Tests.Store;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Fake;

namespace Tenantry.Server.Tests.Reconciling;

/// <summary>Leases that are lost, kept and given back while a pass is under way. That nothing is done without one: <see cref="LostLeaseTests"/>.</summary>
public sealed class LeaseTests : IAsyncLifetime
{
    private Workbench _bench = null!;

    public async Task InitializeAsync() => _bench = await Workbench.StartAsync();

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [Fact]
    public Task ALostLeaseEndsTheWorkAndWritesNothing() => Workbench.StepwiseAsync(async () =>
    {
        var spec = await _bench.Fleet.AddInstanceAsync("alice");
        _bench.Script.Next(FakeCall.Step, new FakeReaction.Hang());
        var pass = _bench.PassAsync(spec.Id);
        // Somebody takes it, as if this process had slept past its lease.
        (await _bench.Store.DropLeasesAsync("", CancellationToken.None)).ShouldBe(1);
        var other = (await _bench.Store.TryAcquireLeaseAsync(spec.Id, "other", TimeSpan.FromHours(2), CancellationToken.None)).ShouldNotBeNull();
        var before = await _bench.StatusAsync(spec.Id);
        _bench.Time.Advance(TimeSpan.FromSeconds(20));
        (await pass).ShouldBe(PassEnd.Abandoned);
        (await _bench.StatusAsync(spec.Id)).ShouldSayTheSameAs(before);
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Busy);
        await _bench.Store.ReleaseLeaseAsync(other, CancellationToken.None);
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
    });

    [Fact]
    public Task ALongChangeKeepsItsLease() => Workbench.StepwiseAsync(async () =>
    {
        var spec = await _bench.Fleet.AddInstanceAsync("alice");
        _bench.Script.Next(FakeCall.Step, new FakeReaction.Slow(TimeSpan.FromMinutes(10)));
        var pass = _bench.PassAsync(spec.Id);
        for (var i = 0; i < 59; i++)
        {
            _bench.Time.Advance(TimeSpan.FromSeconds(10));
            (await _bench.Store.TryAcquireLeaseAsync(spec.Id, "other", TimeSpan.FromHours(2), CancellationToken.None)).ShouldBeNull();
        }
        _bench.Time.Advance(TimeSpan.FromSeconds(10));
        (await pass).ShouldBe(PassEnd.Settled);
    });

    [Fact]
    public async Task ACancelledPassGivesItsLeaseBackAndIsDueAtOnce()
    {
        var spec = await _bench.Fleet.AddInstanceAsync("alice");
        _bench.Script.Next(FakeCall.Step, new FakeReaction.Hang());
        using var stop = new CancellationTokenSource();
        var pass = _bench.Reconciler.PassAsync(spec.Id, stop.Token);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => pass);
        (await _bench.Store.ListDueAsync("here", _bench.Time.GetUtcNow(), 10, CancellationToken.None)).ShouldHaveSingleItem();
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
    }

    [Fact]
    public async Task WhoWantsToBeAloneDoesNotWaitForAnAppToBecomeHealthy()
    {
        var spec = await _bench.RunningAsync("alice");
        await _bench.WantAsync(spec.Id, DesiredState.Asleep);
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
        await _bench.WantAsync(spec.Id, DesiredState.Running);
        var slow = new SlowToWake();
        var reconciler = _bench.NewReconciler(_bench.Store, target => slow.Around(target));
        var pass = reconciler.PassAsync(spec.Id, CancellationToken.None);
        await slow.Waits.SoonAsync();

        var refused = await Should.ThrowAsync<TargetException>(() => reconciler.AloneAsync(spec.Id, _ => Task.CompletedTask, CancellationToken.None));

        refused.Fault.ShouldBe(TargetFault.Input);
        slow.Healthy.SetResult();
        (await pass.SoonAsync()).End.ShouldBe(PassEnd.Settled);
        await reconciler.AloneAsync(spec.Id, _ => Task.CompletedTask, CancellationToken.None);
    }

    [Fact]
    public async Task WhatIsDoneAloneMeetsNoPass()
    {
        var spec = await _bench.RunningAsync("alice");
        var (begun, end) = (new TaskCompletionSource(), new TaskCompletionSource());
        var other = _bench.NewReconciler(_bench.Store);
        var alone = _bench.Reconciler.AloneAsync(
            spec.Id,
            async _ =>
            {
                begun.SetResult();
                await end.Task;
            },
            CancellationToken.None);
        await begun.Task.SoonAsync();

        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Busy);
        (await other.PassAsync(spec.Id, CancellationToken.None)).End.ShouldBe(PassEnd.Busy);
        end.SetResult();
        await alone;

        (await other.PassAsync(spec.Id, CancellationToken.None)).End.ShouldBe(PassEnd.Settled);
        await Should.ThrowAsync<KeyNotFoundException>(() => other.AloneAsync("nobody", _ => Task.CompletedTask, CancellationToken.None));
    }
}
