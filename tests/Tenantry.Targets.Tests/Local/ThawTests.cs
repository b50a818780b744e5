using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Local;
using Tenantry.Targets.Local.Running;

namespace Tenantry.Targets.Tests.Local;

/// <summary>What is frozen goes on as it is, unless something else is wanted of it.</summary>
public sealed class ThawTests : IAsyncLifetime
{
    private Instances _instances = null!;

    private LocalTarget Target => _instances.Harness.Local;

    public Task InitializeAsync()
    {
        if (Environment.IsPrivilegedProcess)
            _instances = new Instances(new LocalHarness());
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        if (_instances is not null)
            await _instances.DisposeAsync();
    }

    [NeedsCrunFact]
    public async Task AFreezeAndItsThawWriteNothingAndKeepTheProcess()
    {
        var alice = _instances.Workload("alice");
        await _instances.ApplyAsync(alice);
        var (process, written) = (StateOf(alice).Process, Written(alice));

        await FreezeAsync(alice);
        var steps = await _instances.AllAsync(Target.WakeAsync(alice, _instances.Stop));

        steps.Select(step => (step.Resource.Kind, step.Action, step.State)).ShouldBe([("instance", StepAction.Thaw, StepState.Started), ("instance", StepAction.Thaw, StepState.Done)]);
        (await _instances.ObserveAsync(alice)).State.ShouldBe(ObservedState.Running);
        StateOf(alice).Process.ShouldBe(process);
        Written(alice).ShouldBe(written, "a request waits for the thaw: it waits for no disk");
    }

    [NeedsCrunFact]
    public async Task AWakeFromSleepWritesDownThatItRunsOnceAndNotAgainWhileARequestWaits()
    {
        var alice = _instances.Workload("alice");
        await _instances.ApplyAsync(alice);
        await _instances.AllAsync(Target.SleepAsync(alice.Ref, _instances.Stop));

        await _instances.AllAsync(Target.WakeAsync(alice, _instances.Stop));

        Written(alice).ShouldBeLessThan(StateOf(alice).StartedAt.UtcDateTime);
        InstanceFile.Read(_instances.Harness.Paths.Of(alice.Ref)).ShouldNotBeNull().ShouldSatisfyAllConditions(
            file => file.Wanted.ShouldBe(DesiredState.Running), file => file.Digest.ShouldBe(alice.Digest), file => file.Services[0].FormerRoot.ShouldBeNull());
    }

    [NeedsCrunFact]
    public async Task WhatIsWantedOtherwiseSinceItWasFrozenIsReplacedByItsWake()
    {
        var alice = _instances.Workload("alice");
        await _instances.ApplyAsync(alice);
        var process = StateOf(alice).Process;

        await FreezeAsync(alice);
        await _instances.AllAsync(Target.WakeAsync(alice with { RestartNonce = 1 }, _instances.Stop));
        var restarted = StateOf(alice);
        (restarted.RestartNonce, restarted.Process == process).ShouldBe((1, false));

        var other = Instances.Change(alice with { RestartNonce = 1 }, service => service with { Command = Instances.Shell("exec sleep 7200") });
        await FreezeAsync(alice);
        await _instances.AllAsync(Target.WakeAsync(other, _instances.Stop));
        StateOf(alice).Process.ShouldNotBe(restarted.Process);
        (await _instances.ObserveAsync(other)).WorkloadDigest.ShouldBe(other.Digest);
    }

    [NeedsCrunFact]
    public async Task WhatAnEarlierVersionWroteDownAsFrozenIsThawedAndStartedAgainWhenItEnds()
    {
        var alice = _instances.Workload("alice");
        await _instances.ApplyAsync(alice);
        var paths = _instances.Harness.Paths.Of(alice.Ref);
        (InstanceFile.Read(paths)! with { Wanted = DesiredState.Frozen }).Write(paths, durable: false);

        await FreezeAsync(alice);
        await _instances.AllAsync(Target.WakeAsync(alice, _instances.Stop));
        await _instances.Harness.KillAsync(alice.Ref);

        await _instances.UntilAsync(alice, seen => seen.State == ObservedState.Running && StateOf(alice).Restarts == 1);
    }

    private async Task FreezeAsync(InstanceWorkload workload)
    {
        await _instances.AllAsync(Target.FreezeAsync(workload.Ref, _instances.Stop));
        (await _instances.ObserveAsync(workload)).State.ShouldBe(ObservedState.Frozen);
    }

    private DateTime Written(InstanceWorkload workload) => File.GetLastWriteTimeUtc(_instances.Harness.Paths.Of(workload.Ref).File);

    private ServiceState StateOf(InstanceWorkload workload) => ServiceState.Read(_instances.Harness.Paths.Of(workload.Ref).Service("main"))!;
}
