using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Server.Reconciling;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Fake;

namespace Tenantry.Server.Tests.Reconciling;

/// <summary>Decisions to rest that are not carried out, since what they were made over is not so any more.</summary>
public sealed class RestDecisionTests : RestScene
{
    [Fact]
    public async Task ADecisionFromBeforeTheClockWasPutBackIsNotCarriedOut()
    {
        var spec = await _bench.RunningAsync("alice");
        var later = Rest(DesiredState.Frozen);
        later = later with { At = later.At.AddHours(1), IdleSince = later.IdleSince.AddHours(1) };
        (await _bench.Store.PutRestAsync(spec.Id, later, null, spec.Generation, CancellationToken.None)).ShouldBeTrue();

        (await PassAsync(spec)).ShouldBe(PassEnd.Settled);

        (await _bench.SeeAsync(spec)).State.ShouldBe(ObservedState.Running, "what came after it cannot be told");
        (await RecordAsync(spec)).Rest.ShouldBeNull();
    }

    [Fact]
    public async Task ADecisionThatWaitedTooLongForItsTurnIsNotCarriedOut()
    {
        var spec = await _bench.RunningAsync("alice");
        await RestAsync(spec, DesiredState.Frozen);
        _bench.Time.Advance(TimeSpan.FromMinutes(1));

        (await PassAsync(spec)).ShouldBe(PassEnd.Settled);

        (await _bench.SeeAsync(spec)).State.ShouldBe(ObservedState.Running, "what it did in that minute is not known");
        (await RecordAsync(spec)).Rest.ShouldBeNull();
        _gate.Log.ShouldBeEmpty();

        await RestAsync(spec, DesiredState.Frozen);
        var rest = (await RecordAsync(spec)).Rest!;
        await PassAsync(spec);
        _gate.IdleSince.ShouldBe(rest.IdleSince, "the gateways are asked for what came after that");
        await RestAsync(spec, DesiredState.Asleep);
        _bench.Time.Advance(TimeSpan.FromMinutes(1));
        await PassAsync(spec);
        (await _bench.SeeAsync(spec)).State.ShouldBe(ObservedState.Stopped, "what is frozen did nothing meanwhile");
    }

    [Fact]
    public async Task ADecisionOverARestThatARequestEndedMeanwhileIsNotTaken()
    {
        var spec = await _bench.RunningAsync("alice");
        await RestAsync(spec, DesiredState.Frozen);
        await PassAsync(spec);
        var judged = (await RecordAsync(spec)).Rest;
        await WakeAsync(spec);

        (await _bench.Store.PutRestAsync(spec.Id, Rest(DesiredState.Asleep), judged, spec.Generation, CancellationToken.None)).ShouldBeFalse();
        (await RecordAsync(spec)).Rest.ShouldBeNull();

        _bench.Time.Advance(TimeSpan.FromSeconds(1));
        await RestAsync(spec, DesiredState.Frozen);
        (await _bench.Store.PutRestAsync(spec.Id, null, judged, spec.Generation, CancellationToken.None)).ShouldBeFalse("that is another one");
        (await _bench.Store.PutRestAsync(spec.Id, null, (await RecordAsync(spec)).Rest, spec.Generation, CancellationToken.None)).ShouldBeTrue();
        (await RecordAsync(spec)).Rest.ShouldBeNull();
    }

    [Fact]
    public async Task ADecisionOverAChangedSpecIsNotTaken()
    {
        var spec = await _bench.RunningAsync("alice");
        await _bench.Fleet.ChangeAsync(spec.Id, OperationKind.Update, s => s with { Tier = "pro" });

        (await _bench.Store.PutRestAsync(spec.Id, Rest(DesiredState.Asleep), null, spec.Generation, CancellationToken.None)).ShouldBeFalse();
        (await RecordAsync(spec)).Rest.ShouldBeNull();
    }

    [Theory]
    [InlineData(DesiredState.Asleep, InstancePhase.Asleep)]
    [InlineData(DesiredState.Frozen, InstancePhase.Frozen)]
    public async Task WhatWasPutToRestWhileItsDecisionWasTakenBackRestsUntilARequestComes(DesiredState depth, InstancePhase phase)
    {
        var spec = await _bench.RunningAsync("alice");
        await RestAsync(spec, depth);
        var rest = (await RecordAsync(spec)).Rest;
        _bench.Script.Decide = (call, _) =>
        {
            if (call is FakeCall.Stop or FakeCall.Freeze)
                _bench.Store.PutRestAsync(spec.Id, null, rest, spec.Generation, CancellationToken.None).GetAwaiter().GetResult().ShouldBeTrue();
            return null;
        };

        (await PassAsync(spec)).ShouldBe(PassEnd.Settled);
        (await PassAsync(spec)).ShouldBe(PassEnd.Settled);

        var record = await RecordAsync(spec);
        (record.Rest, record.Status.Phase).ShouldBe((rest, phase));
    }

    [Fact]
    public async Task ARestThatFailedLeavesWhatWasTakenBackMeanwhileTakenBackAndKeepsItsReasonBetweenTwoTries()
    {
        var spec = await _bench.RunningAsync("alice");
        await RestAsync(spec, DesiredState.Frozen);
        var rest = (await RecordAsync(spec)).Rest;
        _bench.Script.Decide = (call, _) => call == FakeCall.Freeze ? new FakeReaction.Fail("it would not", Retryable: true) : null;

        (await PassAsync(spec)).ShouldBe(PassEnd.Retry);
        var failed = await _bench.StatusAsync(spec.Id);
        failed.Reason.ShouldContain("it would not");
        (await PassAsync(spec)).ShouldBe(PassEnd.Waiting, "it is not yet time");
        (await _bench.StatusAsync(spec.Id)).Reason.ShouldBe(failed.Reason);
        (await RecordAsync(spec)).Rest.ShouldBe(rest);

        (await _bench.Store.PutRestAsync(spec.Id, null, rest, spec.Generation, CancellationToken.None)).ShouldBeTrue();
        (await PassAsync(spec)).ShouldBe(PassEnd.Settled);
        var record = await RecordAsync(spec);
        (record.Rest, record.Status.Phase, record.Status.Failures, record.Status.Reason).ShouldBe((null, InstancePhase.Running, 0, ""));
    }
}
