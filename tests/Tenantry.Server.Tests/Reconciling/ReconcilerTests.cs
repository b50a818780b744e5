using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Plans;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Store;
using Tenantry.Server.Tests.Store;
using Tenantry.Targets.Fake;

namespace Tenantry.Server.Tests.Reconciling;

/// <summary>The ways of an instance when nothing goes wrong.</summary>
public sealed class ReconcilerTests : IAsyncLifetime
{
    private Workbench _bench = null!;

    public async Task InitializeAsync() => _bench = await Workbench.StartAsync();

    public async Task DisposeAsync()
    {
        _bench.World.Violations.ShouldBeEmpty();
        await _bench.DisposeAsync();
    }

    [Fact]
    public async Task ANewInstanceIsCreatedAndItsOperationTellsTheSteps()
    {
        var spec = await _bench.Fleet.AddInstanceAsync("alice");
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
        var status = await _bench.StatusAsync(spec.Id);
        (status.Phase, status.Health, status.Reason, status.ObservedGeneration).ShouldBe((InstancePhase.Running, InstanceHealth.Healthy, "", 1L));
        status.Release.ShouldBe(spec.Release);
        status.Endpoint.ShouldBe(new Endpoint("127.0.0.1", 8080));
        status.Resources.Select(resource => resource.Resource.ToString()).ShouldBe(["network alice-net", "volume alice-data", "service alice-web"]);
        status.Conditions.Single(condition => condition.Type == "Ready").Value.ShouldBeTrue();
        status.NextLookAt.ShouldBe(_bench.Time.GetUtcNow().AddMinutes(5));

        var operation = await _bench.NewestOperationAsync(spec.Id);
        (operation.State, operation.Percent, operation.Error).ShouldBe((OperationState.Succeeded, 100, null));
        operation.Steps.Select(step => step.Name).ShouldBe(["create network alice-net", "create volume alice-data", "create service alice-web"]);
        operation.Steps.ShouldAllBe(step => step.State == OperationStepState.Done && step.FinishedAt != null);
    }

    [Fact]
    public async Task ASecondPassChangesNothingAndTellsNobody()
    {
        var spec = await _bench.RunningAsync("alice");
        var before = await _bench.StatusAsync(spec.Id);
        var changes = await _bench.Store.LastChangeAsync(CancellationToken.None);
        _bench.Time.Advance(TimeSpan.FromMinutes(5));
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
        (await _bench.Store.LastChangeAsync(CancellationToken.None)).ShouldBe(changes);
        (await _bench.StatusAsync(spec.Id)).ShouldSayTheSameAs(before with { NextLookAt = _bench.Time.GetUtcNow().AddMinutes(5) });
    }

    [Fact]
    public async Task AnUpdateIsAppliedAndARestartRestarts()
    {
        var spec = await _bench.RunningAsync("alice");
        await _bench.Fleet.ChangeAsync(spec.Id, OperationKind.Update, s => s with { Tier = "pro" });
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
        (await _bench.NewestOperationAsync(spec.Id)).Steps.Select(step => step.Name).ShouldBe(["update service alice-web"]);

        await _bench.Fleet.ChangeAsync(spec.Id, OperationKind.Restart, s => s with { RestartNonce = s.RestartNonce + 1 });
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
        var operation = await _bench.NewestOperationAsync(spec.Id);
        (operation.Kind, operation.State).ShouldBe((OperationKind.Restart, OperationState.Succeeded));
        operation.Steps.Select(step => step.Name).ShouldBe(["replace service alice-web"]);
        (await _bench.SeeAsync(spec)).RestartNonce.ShouldBe(1);
    }

    [Fact]
    public async Task FreezeSleepAndWakeReachWhatIsWanted()
    {
        var spec = await _bench.RunningAsync("alice");
        foreach (var (desired, phase, seen) in new[]
        {
            (DesiredState.Frozen, InstancePhase.Frozen, ObservedState.Frozen),
            (DesiredState.Asleep, InstancePhase.Asleep, ObservedState.Stopped),
            (DesiredState.Frozen, InstancePhase.Frozen, ObservedState.Frozen),
            (DesiredState.Running, InstancePhase.Running, ObservedState.Running),
            (DesiredState.Asleep, InstancePhase.Asleep, ObservedState.Stopped),
            (DesiredState.Running, InstancePhase.Running, ObservedState.Running),
        })
        {
            await _bench.WantAsync(spec.Id, desired);
            (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
            var status = await _bench.StatusAsync(spec.Id);
            status.Phase.ShouldBe(phase);
            (status.Reason.Length > 0).ShouldBe(phase != InstancePhase.Running);
            (await _bench.SeeAsync(spec)).State.ShouldBe(seen);
            (await _bench.NewestOperationAsync(spec.Id)).State.ShouldBe(OperationState.Succeeded);
            _bench.Time.Advance(TimeSpan.FromMinutes(5));
            (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
            (await _bench.SeeAsync(spec)).State.ShouldBe(seen);
        }
    }

    [Fact]
    public Task AWakeIsMeasuredAndACreationIsNone() => Workbench.StepwiseAsync(async () =>
    {
        var spec = await _bench.RunningAsync("alice");
        (await _bench.StatusAsync(spec.Id)).Wake.ShouldBeNull();
        await _bench.WantAsync(spec.Id, DesiredState.Asleep);
        var rested = _bench.Time.GetUtcNow();
        await _bench.PassAsync(spec.Id);
        _bench.Time.Advance(TimeSpan.FromMinutes(5));
        await _bench.WantAsync(spec.Id, DesiredState.Running);
        _bench.Script.Next(FakeCall.Wake, new FakeReaction.Slow(TimeSpan.FromSeconds(3)));
        var at = _bench.Time.GetUtcNow();
        var pass = _bench.PassAsync(spec.Id);
        _bench.Time.Advance(TimeSpan.FromSeconds(3));
        (await pass).ShouldBe(PassEnd.Settled);
        (await _bench.StatusAsync(spec.Id)).Wake.ShouldBe(new WakeRecord(at, InstancePhase.Asleep, 3, 0) { RestedSince = rested });
        (await _bench.Store.ListWakesAsync(spec.Id, 10, CancellationToken.None)).ShouldHaveSingleItem().Wake.RestedSince.ShouldBe(rested);
    });

    [Fact]
    public async Task AnInstanceThatShouldSleepIsUpdatedAndSleepsAgain()
    {
        var spec = await _bench.RunningAsync("alice");
        await _bench.WantAsync(spec.Id, DesiredState.Asleep);
        await _bench.PassAsync(spec.Id);
        await _bench.Fleet.ChangeAsync(spec.Id, OperationKind.Update, s => s with { Tier = "pro" });
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
        (await _bench.SeeAsync(spec)).State.ShouldBe(ObservedState.Stopped);
        (await _bench.NewestOperationAsync(spec.Id)).Steps.Select(step => step.Name).ShouldBe(["update service alice-web", "stop instance alice"]);
    }

    [Fact]
    public async Task ADeletionIsVerifiedAndTakesTheTenantWithIt()
    {
        var spec = await _bench.RunningAsync("alice");
        var tenant = (await _bench.Store.FindTenantAsync("alice", CancellationToken.None))!;
        await _bench.Store.UpdateTenantAsync(tenant with { Deleting = true }, tenant.Version, CancellationToken.None);
        await _bench.WantAsync(spec.Id, DesiredState.Deleted);
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Removed);
        _bench.World.Ids.ShouldBeEmpty();
        _bench.Workloads.Forgotten.ShouldBe([spec.Id]);
        (await _bench.Store.FindInstanceAsync(spec.Id, CancellationToken.None)).ShouldBeNull();
        (await _bench.Store.FindTenantAsync("alice", CancellationToken.None)).ShouldBeNull();
        var operation = await _bench.NewestOperationAsync(spec.Id);
        operation.State.ShouldBe(OperationState.Succeeded);
        operation.Steps.Select(step => step.Name).ShouldBe(["delete service alice-web", "delete volume alice-data", "delete network alice-net"]);
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Gone);
    }

    [Fact]
    public async Task AnInstanceOfATargetThatNeverWorkedCanBeDeleted()
    {
        _bench.Script.Decide = (call, _) => call == FakeCall.Observe ? new FakeReaction.Fail("The daemon does not answer.", Retryable: true) : null;
        var spec = await _bench.Fleet.AddInstanceAsync("alice");
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Retry);
        await _bench.WantAsync(spec.Id, DesiredState.Deleted);
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Removed);
    }

    [Fact]
    public async Task AnInstanceOfATargetThatCannotBeMadeIsFailedAndCanBeDeleted()
    {
        await _bench.Store.PutTargetAsync(
            new TargetRecord("old", "gone", new Dictionary<string, string>(StringComparer.Ordinal), true, 1, 0, _bench.Time.GetUtcNow()), 0, CancellationToken.None);
        await _bench.Fleet.AddTenantAsync("alice");
        var spec = _bench.Fleet.NewSpec("alice", "old");
        await _bench.Store.CreateInstanceAsync(spec, _bench.Fleet.NewOperation(spec, OperationKind.Create), null, CancellationToken.None);
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Failed);
        (await _bench.StatusAsync(spec.Id)).Reason.ShouldContain("'gone'");
        (await _bench.NewestOperationAsync(spec.Id)).State.ShouldBe(OperationState.Failed);
        await _bench.WantAsync(spec.Id, DesiredState.Deleted);
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Removed);
    }

    [Fact]
    public async Task AnInstanceThatMayHaveSomethingIsNotRemovedWhileItsTargetIsSilent()
    {
        var spec = await _bench.RunningAsync("alice");
        _bench.Script.Decide = (call, _) => call == FakeCall.Observe ? new FakeReaction.Fail("The daemon does not answer.", Retryable: false) : null;
        await _bench.WantAsync(spec.Id, DesiredState.Deleted);
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Retry);
        var status = await _bench.StatusAsync(spec.Id);
        status.Phase.ShouldBe(InstancePhase.Deleting);
        status.Reason.ShouldStartWith("The daemon does not answer. Tried 1 time; next try at ");
        _bench.Script.Decide = (_, _) => null;
        _bench.Time.Advance(TimeSpan.FromMinutes(5));
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Removed);
    }

    [Fact]
    public async Task WhatWaitsForASecretIsPendingUntilItIsThere()
    {
        var spec = await _bench.Fleet.AddInstanceAsync("alice");
        _bench.Workloads.Refused[spec.Id] = Missing;
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Waiting);
        var status = await _bench.StatusAsync(spec.Id);
        (status.Phase, status.Failures).ShouldBe((InstancePhase.Pending, 0));
        status.Reason.ShouldContain("tenantry secret set");
        status.Conditions.ShouldContain(condition => condition.Type == "SecretsMissing" && condition.Value);
        (await _bench.NewestOperationAsync(spec.Id)).State.ShouldBe(OperationState.Pending);

        _bench.Workloads.Refused.Clear();
        await _bench.Store.PutAsync(spec, "key", [1]);
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
        status = await _bench.StatusAsync(spec.Id);
        (status.Phase, status.ObservedGeneration).ShouldBe((InstancePhase.Running, 2L));
        status.Conditions.ShouldNotContain(condition => condition.Type == "SecretsMissing");
        (await _bench.NewestOperationAsync(spec.Id)).State.ShouldBe(OperationState.Succeeded);
    }

    // It ran on with the value that had been taken away.
    [Theory]
    [InlineData(DesiredState.Running)]
    [InlineData(DesiredState.Frozen)]
    public async Task WhatHasLostARequiredSecretIsStoppedAndWaitsForAnotherValue(DesiredState desired)
    {
        var spec = await _bench.RunningAsync("alice");
        if (desired == DesiredState.Frozen)
        {
            spec = await _bench.WantAsync(spec.Id, desired);
            await _bench.PassAsync(spec.Id);
        }

        _bench.Workloads.Refused[spec.Id] = Missing;
        _bench.Workloads.Lacking.Add(spec.Release);
        await _bench.Store.PutAsync(spec, "key", [1]);
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Waiting);

        (await _bench.SeeAsync(spec)).State.ShouldBe(ObservedState.Stopped);
        var status = await _bench.StatusAsync(spec.Id);
        (status.Phase, status.Reason, status.Failures).ShouldBe((InstancePhase.Pending, Missing.Sentence, 0));
        _bench.Workloads.Refused.Clear();
        _bench.Workloads.Lacking.Clear();
        await _bench.Store.PutAsync(spec, "key", [2]);
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
        (await _bench.StatusAsync(spec.Id)).Phase.ShouldBe(desired == DesiredState.Running ? InstancePhase.Running : InstancePhase.Frozen);
    }

    // Whoever restarted or deployed waited ten minutes for a secret that nobody was about to give.
    [Fact]
    public async Task ADeploymentThatWaitsForASecretFailsAtOnceAndWhatRunsGoesOn()
    {
        var spec = await _bench.RunningAsync("alice");
        _bench.Workloads.Refused[spec.Id] = Missing;
        await _bench.Store.ApplyReleaseAsync(_bench.Fleet.NewRelease("shop-2"), CancellationToken.None);
        await _bench.Fleet.ChangeAsync(spec.Id, OperationKind.Update, wanted => wanted with { Release = "shop-2" });
        _bench.Workloads.Lacking.Add("shop-2");

        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Waiting);

        var operation = await _bench.NewestOperationAsync(spec.Id);
        (operation.State, operation.Error).ShouldBe((OperationState.Failed, Missing.Sentence));
        (await _bench.SeeAsync(spec)).State.ShouldBe(ObservedState.Running);
        (await _bench.StatusAsync(spec.Id)).Phase.ShouldBe(InstancePhase.Running);
    }

    private static readonly WorkloadResult.Refused Missing = new("SecretsMissing", "Set it: 'tenantry secret set alice key'.", IsPending: true);

    [Fact]
    public async Task ARefusalThatIsNoWaitingFailsTheOperation()
    {
        var spec = await _bench.Fleet.AddInstanceAsync("alice");
        _bench.Workloads.Refused[spec.Id] = new WorkloadResult.Refused("ReleaseUnreadable", "Apply the app again.", IsPending: false);
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Failed);
        (await _bench.StatusAsync(spec.Id)).Phase.ShouldBe(InstancePhase.Failed);
        var operation = await _bench.NewestOperationAsync(spec.Id);
        (operation.State, operation.Error).ShouldBe((OperationState.Failed, "Apply the app again."));
    }
}
