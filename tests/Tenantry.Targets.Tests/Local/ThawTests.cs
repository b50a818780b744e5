using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Local;
using Tenantry.Targets.Local.Running;

namespace Tenantry.Targets.Tests.Local;

/// <summary>What is frozen goes on as it is, unless something else is wanted of it.</summary>
public sealed class ThawTests : LocalScene
{
    [NeedsCrunFact]
    public async Task AFreezeAndItsThawWriteNothingAndKeepTheProcess()
    {
        var alice = Instances.Workload("alice");
        await Instances.ApplyAsync(alice);
        var (process, written) = (StateOf(alice).Process, Written(alice));

        await FreezeAsync(alice);
        var steps = await Instances.AllAsync(Target.WakeAsync(alice, Instances.Stop));

        steps.Select(step => (step.Resource.Kind, step.Action, step.State)).ShouldBe([("instance", StepAction.Thaw, StepState.Started), ("instance", StepAction.Thaw, StepState.Done)]);
        (await Instances.ObserveAsync(alice)).State.ShouldBe(ObservedState.Running);
        StateOf(alice).Process.ShouldBe(process);
        Written(alice).ShouldBe(written, "a request waits for the thaw: it waits for no disk");
    }

    [NeedsCrunFact]
    public async Task AWakeFromSleepWritesDownThatItRunsOnceAndNotAgainWhileARequestWaits()
    {
        var alice = Instances.Workload("alice");
        await Instances.ApplyAsync(alice);
        await Instances.AllAsync(Target.SleepAsync(alice.Ref, Instances.Stop));

        await Instances.AllAsync(Target.WakeAsync(alice, Instances.Stop));

        Written(alice).ShouldBeLessThan(StateOf(alice).StartedAt.UtcDateTime);
        InstanceFile.Read(Instances.Harness.Paths.Of(alice.Ref)).ShouldNotBeNull().ShouldSatisfyAllConditions(
            file => file.Wanted.ShouldBe(DesiredState.Running), file => file.Digest.ShouldBe(alice.Digest), file => file.Services[0].FormerRoot.ShouldBeNull());
    }

    [NeedsCrunFact]
    public async Task WhatIsWantedOtherwiseSinceItWasFrozenIsReplacedByItsWake()
    {
        var alice = Instances.Workload("alice");
        await Instances.ApplyAsync(alice);
        var process = StateOf(alice).Process;

        await FreezeAsync(alice);
        await Instances.AllAsync(Target.WakeAsync(alice with { RestartNonce = 1 }, Instances.Stop));
        var restarted = StateOf(alice);
        (restarted.RestartNonce, restarted.Process == process).ShouldBe((1, false));

        var other = Instances.Change(alice with { RestartNonce = 1 }, service => service with { Command = Instances.Shell("exec sleep 7200") });
        await FreezeAsync(alice);
        await Instances.AllAsync(Target.WakeAsync(other, Instances.Stop));
        StateOf(alice).Process.ShouldNotBe(restarted.Process);
        (await Instances.ObserveAsync(other)).WorkloadDigest.ShouldBe(other.Digest);
    }

    [NeedsCrunFact]
    public async Task WhatAnEarlierVersionWroteDownAsFrozenIsThawedAndStartedAgainWhenItEnds()
    {
        var alice = Instances.Workload("alice");
        await Instances.ApplyAsync(alice);
        var paths = Instances.Harness.Paths.Of(alice.Ref);
        (InstanceFile.Read(paths)! with { Wanted = DesiredState.Frozen }).Write(paths, durable: false);

        await FreezeAsync(alice);
        await Instances.AllAsync(Target.WakeAsync(alice, Instances.Stop));
        await Instances.Harness.KillAsync(alice.Ref);

        await Instances.UntilAsync(alice, seen => seen.State == ObservedState.Running && StateOf(alice).Restarts == 1);
    }

    private async Task FreezeAsync(InstanceWorkload workload)
    {
        await Instances.AllAsync(Target.FreezeAsync(workload.Ref, Instances.Stop));
        (await Instances.ObserveAsync(workload)).State.ShouldBe(ObservedState.Frozen);
    }

    private DateTime Written(InstanceWorkload workload) => File.GetLastWriteTimeUtc(Instances.Harness.Paths.Of(workload.Ref).File);

    private ServiceState StateOf(InstanceWorkload workload) => ServiceState.Read(Instances.Harness.Paths.Of(workload.Ref).Service("main"))!;
}
