using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Plans;
using Tenantry.Server.Gateway;
using Tenantry.Server.Instances;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Store;
using Tenantry.Server.Tests.Store;
using Tenantry.Targets.Fake;

namespace Tenantry.Server.Tests.Reconciling;

/// <summary>What is done about failures, lies and drift.</summary>
public sealed class TroubleTests : IAsyncLifetime
{
    private static readonly FakeReaction.Fail Refusal = new("The disk is full.", Retryable: true);

    private Workbench _bench = null!;

    public async Task InitializeAsync() => _bench = await Workbench.StartAsync();

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [Fact]
    public async Task ARetryableFailureIsToldAndTriedAgainLaterAndLater()
    {
        var spec = await _bench.Fleet.AddInstanceAsync("alice");
        _bench.Script.Decide = (call, _) => call == FakeCall.Step ? Refusal : null;
        var waits = new List<double>();
        for (var tries = 1; tries <= 12; tries++)
        {
            (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Retry);
            var status = await _bench.StatusAsync(spec.Id);
            status.Failures.ShouldBe(tries);
            status.Phase.ShouldBe(InstancePhase.Provisioning);
            status.Reason.ShouldStartWith($"The disk is full. Tried {tries} time");
            var wait = status.NextLookAt - _bench.Time.GetUtcNow();
            waits.Add(wait.TotalSeconds);
            _bench.Time.Advance(wait);
        }
        waits.ShouldBe([1.5, 3, 6, 12, 24, 48, 96, 192, 225, 225, 225, 225]);
        var operation = await _bench.NewestOperationAsync(spec.Id);
        operation.State.ShouldBe(OperationState.Running);
        var step = operation.Steps.ShouldHaveSingleItem();
        (step.Name, step.State, step.Message).ShouldBe(("create network alice-net", OperationStepState.Failed, "The disk is full."));

        _bench.Script.Decide = (_, _) => null;
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
        (await _bench.StatusAsync(spec.Id)).Failures.ShouldBe(0);
        (await _bench.NewestOperationAsync(spec.Id)).State.ShouldBe(OperationState.Succeeded);
    }

    [Fact]
    public async Task JitterStaysWithinItsBounds()
    {
        for (var chance = 0.0; chance <= 1; chance += 0.25)
        {
            var backoff = new Backoff(new ReconcilerOptions { Chance = () => chance });
            backoff.After(1).TotalSeconds.ShouldBeInRange(1, 2);
            backoff.After(1000).ShouldBeInRange(TimeSpan.FromSeconds(150), TimeSpan.FromMinutes(5));
        }
        await Task.CompletedTask;
    }

    [Fact]
    public async Task APokeBetweenTwoTriesTriesNothing()
    {
        var spec = await _bench.Fleet.AddInstanceAsync("alice");
        _bench.Script.Next(FakeCall.Step, Refusal);
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Retry);
        var before = await _bench.StatusAsync(spec.Id);
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Waiting);
        (await _bench.StatusAsync(spec.Id)).ShouldSayTheSameAs(before);
        // Another wish is tried at once.
        await _bench.Fleet.ChangeAsync(spec.Id, OperationKind.Update, s => s with { Tier = "pro" });
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
    }

    [Fact]
    public async Task WhatFailedSinceTheTargetWasAwayIsTriedAsSoonAsItIsBackThoughItsNextTryIsLater()
    {
        var spec = await _bench.RunningAsync("alice");
        _bench.World.Crash(spec.Id, "exit code 1");
        _bench.Script.Decide = (call, _) => call == FakeCall.Observe ? new FakeReaction.Fail("The engine cannot be reached.", Retryable: true) : null;
        for (var tries = 0; tries < 8; tries++)
            (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Retry);
        (await _bench.StatusAsync(spec.Id)).Reason.ShouldContain("cannot be reached");
        _bench.Script.Decide = (_, _) => null;

        // The clock stood still: a poke is enough.
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
        (await _bench.StatusAsync(spec.Id)).Health.ShouldBe(InstanceHealth.Healthy);
    }

    [Fact]
    public async Task ATerminalFailureEndsTheOperationAndWaitsForAPerson()
    {
        var spec = await _bench.Fleet.AddInstanceAsync("alice");
        _bench.Script.Next(FakeCall.Plan, new FakeReaction.Fail("It has no image.", Retryable: false));
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Failed);
        var status = await _bench.StatusAsync(spec.Id);
        (status.Phase, status.Reason, status.NextLookAt).ShouldBe((InstancePhase.Failed, "It has no image.", _bench.Time.GetUtcNow().AddMinutes(5)));
        var operation = await _bench.NewestOperationAsync(spec.Id);
        (operation.State, operation.Error).ShouldBe((OperationState.Failed, "It has no image."));
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Waiting);
        _bench.World.Ids.ShouldBeEmpty();

        await _bench.Fleet.ChangeAsync(spec.Id, OperationKind.Update, s => s with { Tier = "pro" });
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
    }

    [Fact]
    public async Task AVersionThatCannotBeDeployedLeavesTheOldOneReachable()
    {
        var spec = await _bench.RunningAsync("alice");
        _bench.Script.Next(FakeCall.Plan, new FakeReaction.Fail("It has no image.", Retryable: false));
        await _bench.Fleet.ChangeAsync(spec.Id, OperationKind.Update, s => s with { Tier = "pro" });
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Failed);
        var status = await _bench.StatusAsync(spec.Id);
        (status.Phase, status.Health, status.Reason).ShouldBe((InstancePhase.Failed, InstanceHealth.Healthy, "It has no image."));
        var record = (await _bench.Store.FindInstanceAsync(spec.Id, CancellationToken.None)).ShouldNotBeNull();
        Route.To(InstanceEntry.Of(record)).State.ShouldBe(RouteState.Open);

        // Once it is down nobody is sent there any more.
        _bench.World.Crash(spec.Id, "exit code 3");
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Waiting);
        record = (await _bench.Store.FindInstanceAsync(spec.Id, CancellationToken.None)).ShouldNotBeNull();
        Route.To(InstanceEntry.Of(record)).State.ShouldBe(RouteState.Failed);
    }

    [Fact]
    public async Task AFrozenInstanceWhoseWakeFailedForGoodIsNotSentRequests()
    {
        var spec = await _bench.RunningAsync("alice");
        await _bench.WantAsync(spec.Id, DesiredState.Frozen);
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
        _bench.Script.Next(FakeCall.Wake, new FakeReaction.Fail("It cannot thaw.", Retryable: false));
        _bench.Script.Next(FakeCall.Step, new FakeReaction.Fail("It cannot thaw.", Retryable: false));
        await _bench.WantAsync(spec.Id, DesiredState.Running);
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Failed);
        var status = await _bench.StatusAsync(spec.Id);
        (status.Phase, status.Endpoint).ShouldBe((InstancePhase.Failed, null));
    }

    [Fact]
    public async Task ALieAboutSuccessIsFoundOut()
    {
        var spec = await _bench.Fleet.AddInstanceAsync("alice");
        _bench.Script.Decide = (call, _) => call == FakeCall.Step ? new FakeReaction.Lie() : null;
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Retry);
        var status = await _bench.StatusAsync(spec.Id);
        status.Phase.ShouldNotBe(InstancePhase.Running);
        status.Reason.ShouldContain("said that it was done");
        status.Reason.ShouldContain("create service alice-web");
        (await _bench.NewestOperationAsync(spec.Id)).State.ShouldBe(OperationState.Running);
    }

    [Fact]
    public async Task ALieAboutADeletionIsFoundOut()
    {
        var spec = await _bench.RunningAsync("alice");
        _bench.Script.Decide = (call, _) => call == FakeCall.Delete ? new FakeReaction.Lie() : null;
        await _bench.WantAsync(spec.Id, DesiredState.Deleted);
        for (var tries = 1; tries <= 3; tries++)
        {
            (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Retry);
            var status = await _bench.StatusAsync(spec.Id);
            status.Phase.ShouldBe(InstancePhase.Deleting);
            status.Reason.ShouldContain("still holds: network alice-net, volume alice-data, service alice-web");
            _bench.Time.Advance(TimeSpan.FromMinutes(5));
        }
        _bench.Script.Decide = (_, _) => null;
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Removed);
        _bench.World.Ids.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(FakeCall.Observe, 60)]
    [InlineData(FakeCall.Plan, 60)]
    [InlineData(FakeCall.Step, 3600)]
    public Task ATargetThatHangsIsStopped(FakeCall call, int seconds) => Workbench.StepwiseAsync(async () =>
    {
        var spec = await _bench.Fleet.AddInstanceAsync("alice");
        _bench.Script.Next(call, new FakeReaction.Hang());
        var pass = _bench.PassAsync(spec.Id);
        for (var waited = 0; !pass.IsCompleted && waited <= seconds; waited += 10)
        {
            // In small steps: the lease is renewed meanwhile, as it would be.
            _bench.Time.Advance(TimeSpan.FromSeconds(10));
        }
        (await pass).ShouldBe(PassEnd.Retry);
        (await _bench.StatusAsync(spec.Id)).Reason.ShouldContain($"took longer than {seconds} s");
        _bench.Time.Advance(TimeSpan.FromMinutes(5));
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
    });

    [Fact]
    public async Task ATargetThatBreaksItsPromiseDoesNotStopTheReconciler()
    {
        _bench.Workloads.Failure = new InvalidOperationException("Sequence contains no elements");
        var spec = await _bench.Fleet.AddInstanceAsync("alice");
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Retry);
        (await _bench.StatusAsync(spec.Id)).Reason.ShouldContain("Sequence contains no elements");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AnotherDigestAtTheSameGenerationIsDrift(bool repairs)
    {
        await using var bench = await Workbench.StartAsync(repairs);
        var spec = await bench.RunningAsync("alice");
        bench.Workloads.Salt = "by hand";
        (await bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
        var status = await bench.StatusAsync(spec.Id);
        status.Phase.ShouldBe(InstancePhase.Running);
        if (repairs)
        {
            status.Drift.ShouldBeEmpty();
        }
        else
        {
            status.Drift.ShouldHaveSingleItem().Resource.ShouldBe("workload");
            status.Reason.ShouldContain("1 difference");
            status.Conditions.Single(condition => condition.Type == "Drifted").Value.ShouldBeTrue();
        }
        var seen = await bench.SeeAsync(spec);
        bench.Workloads.Salt = "";
        (await bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
        ((await bench.SeeAsync(spec)).WorkloadDigest == seen.WorkloadDigest).ShouldBe(!repairs);
        // A change that was asked for is made, whatever the policy about drift is.
        await bench.Fleet.ChangeAsync(spec.Id, OperationKind.Update, s => s with { Tier = "pro" });
        (await bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
        (await bench.StatusAsync(spec.Id)).Drift.ShouldBeEmpty();
        (await bench.SeeAsync(spec)).WorkloadDigest.ShouldNotBe(seen.WorkloadDigest);
    }

    [Fact]
    public Task AChangeInTheMiddleOfAPassIsSeenByTheNext() => Workbench.StepwiseAsync(async () =>
    {
        var spec = await _bench.Fleet.AddInstanceAsync("alice");
        _bench.Script.Next(FakeCall.Step, new FakeReaction.Slow(TimeSpan.FromSeconds(5)));
        var pass = _bench.PassAsync(spec.Id);
        await _bench.Fleet.ChangeAsync(spec.Id, OperationKind.Update, s => s with { Tier = "pro" });
        _bench.Time.Advance(TimeSpan.FromSeconds(5));
        (await pass).ShouldBe(PassEnd.Settled);
        (await _bench.NewestOperationAsync(spec.Id)).State.ShouldBe(OperationState.Pending);
        (await _bench.Store.ListDueAsync("here", _bench.Time.GetUtcNow(), 10, CancellationToken.None)).ShouldHaveSingleItem();
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
        (await _bench.NewestOperationAsync(spec.Id)).State.ShouldBe(OperationState.Succeeded);
        (await _bench.StatusAsync(spec.Id)).ObservedGeneration.ShouldBe(2);
    });
}
