using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Server.Reconciling;
using Tenantry.Targets.Fake;

namespace Tenantry.Server.Tests.Reconciling;

/// <summary>What went away or down by itself is brought back, and what is said meanwhile.</summary>
public sealed class RepairTests : IAsyncLifetime
{
    private Workbench _bench = null!;

    public async Task InitializeAsync() => _bench = await Workbench.StartAsync();

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [Fact]
    public async Task WhatVanishesIsMadeAgainAndWhatCrashesIsStarted()
    {
        var spec = await _bench.RunningAsync("alice");
        _bench.World.Vanish(spec.Id);
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
        (await _bench.SeeAsync(spec)).State.ShouldBe(ObservedState.Running);
        _bench.Time.Advance(TimeSpan.FromSeconds(2));
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
        (await _bench.StatusAsync(spec.Id)).Failures.ShouldBe(0);

        _bench.World.Lose(spec.Id, new ResourceName("volume", "alice-data"));
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
        (await _bench.SeeAsync(spec)).Resources.Count.ShouldBe(3);
        _bench.World.Violations.ShouldBeEmpty();
    }

    [Fact]
    public async Task WhatCrashesAgainAndAgainIsStartedLaterAndLater()
    {
        var spec = await _bench.RunningAsync("alice");
        _bench.World.Crash(spec.Id, "exit code 3");
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
        (await _bench.StatusAsync(spec.Id)).Failures.ShouldBe(1);

        _bench.World.Crash(spec.Id, "exit code 3");
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Waiting);
        var status = await _bench.StatusAsync(spec.Id);
        (status.Health, status.Endpoint).ShouldBe((InstanceHealth.Unhealthy, null));
        status.Reason.ShouldStartWith("exit code 3 Next try at ");
        (await _bench.SeeAsync(spec)).State.ShouldBe(ObservedState.Stopped);

        _bench.Time.Advance(status.NextLookAt - _bench.Time.GetUtcNow());
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
        (await _bench.StatusAsync(spec.Id)).Failures.ShouldBe(2);
    }

    // "It is stopped again", it said, of what had never come up.
    [Fact]
    public async Task BetweenTwoTriesOfARepairItSaysWhyTheLastOneFailed()
    {
        var spec = await _bench.RunningAsync("alice");
        _bench.World.Crash(spec.Id, "exit code 3");
        _bench.Script.Next(FakeCall.Wake, new FakeReaction.Fail("The disk is full.", Retryable: true));
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Retry);

        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Waiting);
        var status = await _bench.StatusAsync(spec.Id);
        (status.Phase, status.Health).ShouldBe((InstancePhase.Running, InstanceHealth.Unhealthy));
        status.Reason.ShouldStartWith("The disk is full. Tried 1 time; next try at ");

        // Up by its repair and down once more: that is news.
        _bench.Time.Advance(status.NextLookAt - _bench.Time.GetUtcNow());
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
        _bench.World.Crash(spec.Id, "exit code 4");
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Waiting);
        status = await _bench.StatusAsync(spec.Id);
        status.Reason.ShouldStartWith("exit code 4 Next try at ");
        status.Conditions.Single(condition => condition.Type == "Ready").Value.ShouldBeFalse();
    }
}
