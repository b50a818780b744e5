using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Contract;

/// <summary>What a target promises about sleeping, freezing and waking.</summary>
public abstract class SleepContract : CreationContract
{
    [Promise]
    public async Task AsleepMeansStoppedWithEverythingElseKept()
    {
        var sample = await RunningAsync(Slug("sleep"));
        var before = (await ObserveAsync(sample)).Resources.Count;
        await AllAsync(Target.SleepAsync(sample.Ref, Stop));
        var seen = await ObserveAsync(sample);
        seen.State.ShouldBe(ObservedState.Stopped);
        seen.Resources.Count.ShouldBe(before);
        seen.WorkloadDigest.ShouldBe(sample.Digest);
        seen.Endpoint.ShouldBeNull();
    }

    [Promise]
    public async Task SleepingTwiceIsNoError()
    {
        var sample = await RunningAsync(Slug("sleep2"));
        await AllAsync(Target.SleepAsync(sample.Ref, Stop));
        await AllAsync(Target.SleepAsync(sample.Ref, Stop));
        (await ObserveAsync(sample)).State.ShouldBe(ObservedState.Stopped);
    }

    [Promise]
    public async Task AWokenInstanceRunsAsBefore()
    {
        var sample = await RunningAsync(Slug("wake"));
        await AllAsync(Target.SleepAsync(sample.Ref, Stop));
        var events = await AllAsync(Target.WakeAsync(sample, Stop));
        events.ShouldContain(step => step.Action == StepAction.Start && step.State == StepState.Done);
        await ShouldRunAsync(sample);
        (await Target.PlanAsync(sample, await ObserveAsync(sample), Stop)).Steps.ShouldBeEmpty();
    }

    [Promise]
    public async Task WakingWhatRunsIsNoError()
    {
        var sample = await RunningAsync(Slug("awake"));
        await AllAsync(Target.WakeAsync(sample, Stop));
        await ShouldRunAsync(sample);
    }

    [Promise]
    public async Task AnotherTargetObjectWakesIt()
    {
        var sample = await RunningAsync(Slug("wakere"));
        await AllAsync(Target.SleepAsync(sample.Ref, Stop));
        await AllAsync(Harness.Reopen().WakeAsync(sample, Stop));
        await ShouldRunAsync(sample);
    }

    [Promise]
    public async Task ASleepCutOffAnywhereIsFinishedByTheNextCall()
    {
        var sample = await RunningAsync(Slug("sleepcut"));
        for (var after = 0; await CutOffAsync(Target.SleepAsync(sample.Ref, Stop), after); after += Harness.CutsEvery)
        {
            await AllAsync(Target.SleepAsync(sample.Ref, Stop));
            (await ObserveAsync(sample)).State.ShouldBe(ObservedState.Stopped);
            await AllAsync(Target.WakeAsync(sample, Stop));
            await ShouldRunAsync(sample);
        }
    }

    [Promise]
    public async Task AWakeCutOffAnywhereIsFinishedByTheNextCall()
    {
        var sample = await RunningAsync(Slug("wakecut"));
        for (var after = 0; ; after += Harness.CutsEvery)
        {
            await AllAsync(Target.SleepAsync(sample.Ref, Stop));
            if (!await CutOffAsync(Target.WakeAsync(sample, Stop), after))
                break;
            await AllAsync(Target.WakeAsync(sample, Stop));
            await ShouldRunAsync(sample);
        }
    }

    [Promise]
    public async Task AFrozenInstanceIsThawedByAWake()
    {
        if (Target is not IFreeze freeze)
            return;
        var sample = await RunningAsync(Slug("freeze"));
        await AllAsync(freeze.FreezeAsync(sample.Ref, Stop));
        (await ObserveAsync(sample)).State.ShouldBe(ObservedState.Frozen);
        await AllAsync(freeze.FreezeAsync(sample.Ref, Stop));
        (await ObserveAsync(sample)).State.ShouldBe(ObservedState.Frozen);
        await AllAsync(Target.WakeAsync(sample, Stop));
        await ShouldRunAsync(sample);
    }

    [Promise]
    public async Task AnotherTargetObjectSeesThatItIsFrozen()
    {
        if (Target is not IFreeze freeze)
            return;
        var sample = await RunningAsync(Slug("freezere"));
        await AllAsync(freeze.FreezeAsync(sample.Ref, Stop));
        var next = Harness.Reopen();
        (await next.ObserveAsync(sample.Ref, Stop)).State.ShouldBe(ObservedState.Frozen);
        await AllAsync(next.WakeAsync(sample, Stop));
        await ShouldRunAsync(sample);
    }

    [Promise]
    public async Task AFrozenInstanceCanBePutToSleep()
    {
        if (Target is not IFreeze freeze)
            return;
        var sample = await RunningAsync(Slug("freezesleep"));
        await AllAsync(freeze.FreezeAsync(sample.Ref, Stop));
        await AllAsync(Target.SleepAsync(sample.Ref, Stop));
        (await ObserveAsync(sample)).State.ShouldBe(ObservedState.Stopped);
    }

    [Promise]
    public async Task WhatWasKilledWhileItWasFrozenWakesAndCanBeDeleted()
    {
        if (Target is not IFreeze freeze)
            return;
        var sample = await RunningAsync(Slug("frozenkill"));
        await AllAsync(freeze.FreezeAsync(sample.Ref, Stop));
        await Harness.KillFrozenAsync(sample.Ref);
        // Where a kernel keeps a kill until the thaw, the process dies a moment after it was woken, and the next pass sees that.
        for (var pass = 1; ; pass++)
        {
            await AllAsync(Target.WakeAsync(sample, Stop));
            try
            {
                await ShouldRunAsync(sample);
                break;
            }
            catch (Exception early) when (early is System.Net.Sockets.SocketException or ShouldAssertException && pass < 20)
            {
                await Task.Delay(200, Stop);
            }
        }

        await AllAsync(Target.DeleteAsync(sample.Ref, Stop));
        (await ObserveAsync(sample)).State.ShouldBe(ObservedState.Absent);
    }

    [Promise]
    public async Task WhatDoesNotRunCannotBeFrozen()
    {
        if (Target is not IFreeze freeze)
            return;
        var sample = await RunningAsync(Slug("nofreeze"));
        await AllAsync(Target.SleepAsync(sample.Ref, Stop));
        var failure = await Should.ThrowAsync<TargetException>(() => AllAsync(freeze.FreezeAsync(sample.Ref, Stop)));
        failure.Retryable.ShouldBeTrue();
    }
}
