using Tenantry.Model.Instances;
using Tenantry.Server.Reconciling;
using Tenantry.Targets.Fake;

namespace Tenantry.Server.Tests.Reconciling;

/// <summary>Requests for frozen instances.</summary>
public sealed class ThawTests : RestScene
{
    [Fact]
    public async Task ARequestForAFrozenInstanceWaitsForNoPlan()
    {
        var spec = await FrozenAsync();
        var plans = 0;
        _bench.Script.Decide = (call, _) =>
        {
            if (call == FakeCall.Plan)
                Interlocked.Increment(ref plans);
            return null;
        };

        int? before = null;
        await _reconciler.WakeAsync(spec.Id, new WakeAsk(_bench.Time.GetTimestamp(), (_, _) => before = Volatile.Read(ref plans)), CancellationToken.None);

        before.ShouldBe(0);
        plans.ShouldBe(1, "whether it is as it is wanted is looked at once the request goes on");
        (await RecordAsync(spec)).Status.Phase.ShouldBe(InstancePhase.Running);
    }

    [Fact]
    public async Task WhatIsWantedOtherwiseSinceItWasFrozenIsThereWhenARequestHasWokenIt()
    {
        var spec = await FrozenAsync();
        var before = await _bench.SeeAsync(spec);
        _bench.Workloads.Salt = "another";

        await WakeAsync(spec);

        var after = await _bench.SeeAsync(spec);
        (after.State, after.WorkloadDigest == before.WorkloadDigest).ShouldBe((ObservedState.Running, false));
    }

    [Fact]
    public async Task WhatItsTargetLostWhileItWasFrozenIsMadeAnewForARequest()
    {
        var spec = await FrozenAsync();
        _bench.Script.Next(FakeCall.Observe, new FakeReaction.Vanish());

        await WakeAsync(spec);

        (await _bench.SeeAsync(spec)).State.ShouldBe(ObservedState.Running);
    }

    private async Task<InstanceSpec> FrozenAsync()
    {
        var spec = await _bench.RunningAsync("alice");
        await RestAsync(spec, DesiredState.Frozen);
        await PassAsync(spec);
        (await _bench.SeeAsync(spec)).State.ShouldBe(ObservedState.Frozen);
        return spec;
    }
}
