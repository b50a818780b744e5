using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Plans;
using Tenantry.Server.Engine;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Sleeping;
using Tenantry.Server.Tests.Serving;
using Tenantry.Targets.Fake;

namespace Tenantry.Server.Tests.Reconciling;

/// <summary>Rest that the engine decides on beside the spec, and wakes that requests ask for.</summary>
public sealed class RestTests : RestScene
{
    [Fact]
    public async Task AnIdleInstanceRestsAlthoughItsSpecSaysThatItRunsAndThatIsNoDrift()
    {
        var spec = await _bench.RunningAsync("alice");
        await RestAsync(spec, DesiredState.Frozen);

        (await PassAsync(spec)).ShouldBe(PassEnd.Settled);
        var status = await _bench.StatusAsync(spec.Id);
        (status.Phase, status.Reason, status.Drift.Count, status.Failures).ShouldBe((InstancePhase.Frozen, "Frozen: idle for 10 min.", 0, 0));
        _gate.Log.ShouldBe(["close", "rested"]);

        _bench.Time.Advance(TimeSpan.FromMinutes(5));
        (await _reconciler.LookAsync([spec.Id], CancellationToken.None)).ShouldBeEmpty("it is as it should be");
        (await PassAsync(spec)).ShouldBe(PassEnd.Settled);
        (await _bench.SeeAsync(spec)).State.ShouldBe(ObservedState.Frozen);

        await RestAsync(spec, DesiredState.Asleep);
        await PassAsync(spec);
        (await _bench.SeeAsync(spec)).State.ShouldBe(ObservedState.Stopped);
        (await RecordAsync(spec)).Spec.Generation.ShouldBe(1, "nobody wrote a spec");
    }

    [Fact]
    public async Task AWakeThatWasCutOffAndIsNotWantedAnyMoreIsGivenBackAndNotApplied()
    {
        var spec = await _bench.RunningAsync("alice");
        var record = await RecordAsync(spec);
        record = record with { Spec = record.Spec with { Desired = DesiredState.Asleep } };
        var seen = new InstanceObservation { Ref = new InstanceRef(spec.Id, spec.Slug, "owner"), State = ObservedState.Partial };
        var step = new PlanStep(new ResourceName("service", "web"), StepAction.Stop, "it runs");

        Decision.Next(new Situation(record, null!, seen, Plan.Nothing, RepairsDrift: true)).ShouldBe(WorkAction.Sleep);
        Decision.Next(new Situation(record, null!, seen, new Plan([step]), RepairsDrift: true)).ShouldBe(WorkAction.Apply);
    }

    // Requests under way were cut.
    [Fact]
    public async Task WhatHasLostARequiredSecretIsStoppedOnceRequestsHaveEnded()
    {
        var spec = await _bench.RunningAsync("alice");
        _bench.Workloads.Refused[spec.Id] = new WorkloadResult.Refused("SecretsMissing", "Set it.", IsPending: true);
        _bench.Workloads.Lacking.Add(spec.Release);
        _gate.IsBusy = true;
        _bench.Script.Decide = (call, _) =>
        {
            if (call == FakeCall.Stop)
                _gate.Log.Add("stop");
            return null;
        };

        (await PassAsync(spec)).ShouldBe(PassEnd.Waiting);

        _gate.Log.ShouldBe(["force", "stop", "rested"]);
        (await _bench.SeeAsync(spec)).State.ShouldBe(ObservedState.Stopped);
    }

    [Fact]
    public async Task ARequestThatComesBeforeTheRestEndsTheDecision()
    {
        var spec = await _bench.RunningAsync("alice");
        await RestAsync(spec, DesiredState.Asleep);
        _gate.IsBusy = true;

        (await PassAsync(spec)).ShouldBe(PassEnd.Settled);

        (await _bench.SeeAsync(spec)).State.ShouldBe(ObservedState.Running);
        var record = await RecordAsync(spec);
        (record.Rest, record.Status.Phase).ShouldBe((null, InstancePhase.Running));
    }

    [Theory]
    [InlineData(DesiredState.Frozen, InstancePhase.Frozen)]
    [InlineData(DesiredState.Asleep, InstancePhase.Asleep)]
    public async Task ARequestWakesAnIdleInstanceAndIsToldBeforeAnythingIsWritten(DesiredState depth, InstancePhase from)
    {
        var spec = await _bench.RunningAsync("alice");
        await RestAsync(spec, depth);
        await PassAsync(spec);
        var written = await _bench.Store.LastChangeAsync(CancellationToken.None);
        long? toldAt = null;
        WakeRecord? wake = null;

        await _reconciler.WakeAsync(
            spec.Id,
            new WakeAsk(_bench.Time.GetTimestamp() - TimeSpan.FromMilliseconds(3).Ticks, (_, seen) =>
            {
                wake = seen;
                toldAt = _bench.Store.LastChangeAsync(CancellationToken.None).GetAwaiter().GetResult();
            }),
            CancellationToken.None);

        toldAt.ShouldBe(written);
        wake.ShouldNotBeNull().From.ShouldBe(from);
        wake.PlatformSeconds.ShouldBeGreaterThanOrEqualTo(0.003);
        var record = await RecordAsync(spec);
        (record.Rest, record.Desired, record.Status.Phase, record.Status.Failures).ShouldBe((null, DesiredState.Running, InstancePhase.Running, 0));
        (await _bench.Store.ListWakesAsync(spec.Id, 10, CancellationToken.None)).ShouldHaveSingleItem().Wake.From.ShouldBe(from);
    }

    [Fact]
    public async Task ARequestWakesWhatAPersonPutToSleepAndThePersonsWishStays()
    {
        var spec = await _bench.RunningAsync("alice");
        await _bench.WantAsync(spec.Id, DesiredState.Asleep);
        await PassAsync(spec);
        _gate.Log.ShouldBe(["force", "rested"], "requests wait, and those under way do not keep it from sleeping");

        await WakeAsync(spec);
        var record = await RecordAsync(spec);
        (record.Spec.Desired, record.Desired, record.Status.Phase).ShouldBe((DesiredState.Asleep, DesiredState.Running, InstancePhase.Running));
        (await PassAsync(spec)).ShouldBe(PassEnd.Settled);
        (await _bench.SeeAsync(spec)).State.ShouldBe(ObservedState.Running);

        await _bench.WantAsync(spec.Id, DesiredState.Asleep);
        await PassAsync(spec);
        (await _bench.SeeAsync(spec)).State.ShouldBe(ObservedState.Stopped, "said again, it counts again");
    }

    [Fact]
    public async Task WhatIsHeldDownIsNotWoken()
    {
        var spec = await _bench.RunningAsync("alice");
        await _bench.Fleet.ChangeAsync(spec.Id, OperationKind.Sleep, s => s with { Desired = DesiredState.Asleep, Hold = InstanceHold.Down });
        await PassAsync(spec);

        await WakeAsync(spec);

        (await _bench.SeeAsync(spec)).State.ShouldBe(ObservedState.Stopped);
        (await RecordAsync(spec)).Status.Reason.ShouldBe("Asleep and held down, as asked.");
        (await Desk().WakeAsync(spec.Id, new WakeRequest(0), CancellationToken.None)).Outcome.ShouldBe(WakeOutcome.Held);
    }

    [Fact]
    public async Task AWakeThatFailsSaysSoWithATimeAndIsNotTriedBeforeThat()
    {
        var spec = await _bench.RunningAsync("alice");
        await RestAsync(spec, DesiredState.Asleep);
        await PassAsync(spec);
        _bench.Script.Next(FakeCall.Wake, new FakeReaction.Fail("it would not", Retryable: true));
        var desk = Desk();

        var failed = await desk.WakeAsync(spec.Id, new WakeRequest(0), CancellationToken.None);
        (failed.Outcome, failed.RetryAfterSeconds).ShouldBe((WakeOutcome.Failed, 2));
        (await UntilOverAsync(desk, spec)).Outcome.ShouldBe(WakeOutcome.Failed, "it is not yet time");
        (await _bench.SeeAsync(spec)).State.ShouldBe(ObservedState.Stopped);

        _bench.Time.Advance(TimeSpan.FromSeconds(3));
        (await UntilOverAsync(desk, spec)).Outcome.ShouldBe(WakeOutcome.Awake);
    }

    [Fact]
    public async Task ARequestThatMeetsAWakeByAPersonWaitsForItAndIsToldToComeAgainWhenItTakesLong()
    {
        var spec = await _bench.RunningAsync("alice");
        await _bench.WantAsync(spec.Id, DesiredState.Asleep);
        await PassAsync(spec);
        await _bench.WantAsync(spec.Id, DesiredState.Running);
        var desk = Desk();

        var late = desk.WakeAsync(spec.Id, new WakeRequest(0), CancellationToken.None);
        (await AfterAsync(late)).Outcome.ShouldBe(WakeOutcome.NotNow, "nobody took up what the person asked for");

        await desk.IdleAsync();
        var soon = desk.WakeAsync(spec.Id, new WakeRequest(0), CancellationToken.None);
        soon.IsCompleted.ShouldBeFalse();
        await PassAsync(spec);
        (await AfterAsync(soon)).Outcome.ShouldBe(WakeOutcome.Awake);
    }

    [Fact]
    public async Task AChangeOfASleepingInstanceLeavesItAsleepAndTheRequestAfterItGetsTheNewOne()
    {
        var spec = await _bench.RunningAsync("alice");
        await RestAsync(spec, DesiredState.Asleep);
        await PassAsync(spec);

        await _bench.Fleet.ChangeAsync(spec.Id, OperationKind.Update, s => s with { Tier = "pro" });
        (await PassAsync(spec)).ShouldBe(PassEnd.Settled);
        (await _bench.SeeAsync(spec)).State.ShouldBe(ObservedState.Stopped);

        await WakeAsync(spec);
        (await _bench.SeeAsync(spec)).State.ShouldBe(ObservedState.Running);
        (await RecordAsync(spec)).Status.ObservedGeneration.ShouldBe(2);
    }

    [Fact]
    public async Task ARequestDoesNotWakeMoreThanTheQuotaAllowsAndDoesWhenAnotherOneRests()
    {
        var (alice, bob) = (await _bench.RunningAsync("alice"), await _bench.RunningAsync("bob"));
        foreach (var spec in new[] { alice, bob })
        {
            await RestAsync(spec, DesiredState.Asleep);
            await PassAsync(spec);
        }

        await _bench.Store.PutQuotaAsync("acme", null, new Tenantry.Model.Wire.QuotaLimits(Awake: 1), CancellationToken.None);
        await using var desk = Desk();
        (await AfterAsync(desk.WakeAsync(alice.Id, new WakeRequest(0), CancellationToken.None))).Outcome.ShouldBe(WakeOutcome.Awake);
        await AfterAsync(desk.IdleAsync().ContinueWith(_ => new WakeAnswer(WakeOutcome.Awake), TaskScheduler.Default));

        var refused = await AfterAsync(desk.WakeAsync(bob.Id, new WakeRequest(0), CancellationToken.None));
        (refused.Outcome, refused.RetryAfterSeconds).ShouldBe((WakeOutcome.Held, 30));
        refused.Reason.ShouldContain("quota");
        (await _bench.SeeAsync(bob)).State.ShouldBe(ObservedState.Stopped);

        await RestAsync(alice, DesiredState.Asleep);
        await PassAsync(alice);
        (await AfterAsync(UntilOverAsync(desk, bob))).Outcome.ShouldBe(WakeOutcome.Awake);
    }

    private WakeDesk Desk() => new(_bench.Store, _reconciler, new WakeMetrics(), _bench.Time, NullLogger<WakeDesk>.Instance);

    private async Task<WakeAnswer> AfterAsync(Task<WakeAnswer> answer)
    {
        await _bench.Time.AdvanceUntilAsync(answer, TimeSpan.FromMilliseconds(50));
        return await answer;
    }

    // The wake before may still be writing down what it came to.
    private async Task<WakeAnswer> UntilOverAsync(WakeDesk desk, InstanceSpec spec)
    {
        await desk.IdleAsync().SoonAsync();
        return await desk.WakeAsync(spec.Id, new WakeRequest(0), CancellationToken.None).SoonAsync();
    }
}
