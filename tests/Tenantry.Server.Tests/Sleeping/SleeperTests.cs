using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Store;
using Tenantry.Server.Tests.Reconciling;
using Tenantry.Server.Tests.Serving;
using Tenantry.Server.Tests.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Tests.Sleeping;

/// <summary>Looks of the sleeper over a real store, with a target that a test tells what it counts.</summary>
public sealed class SleeperTests : IAsyncLifetime
{
    private SleeperScene scene = null!;

    public async Task InitializeAsync() => scene = await SleeperScene.StartAsync();

    public async Task DisposeAsync() => await scene.DisposeAsync();

    [Fact]
    public async Task WhatBeganSinceTheLastMeasurementIsSeenBeforeTheInstanceIsPutToRest()
    {
        var id = await scene.AddAsync("alice");
        foreach (var seconds in (double[])[0, 11, 11, 11])
            await scene.LookAfterAsync(seconds);
        scene.Measured.Count.ShouldBe(4);
        scene.Cpu[id] = 30;

        // Idle for 41 seconds by what was measured last, 8 seconds ago, and the next measurement is due in 2.
        await scene.LookAfterAsync(8);

        (await scene.DesiredAsync(id)).ShouldBe(DesiredState.Running);
        scene.Sleeper.ReasonOf(id)!.ShouldContain("cores");
        for (var i = 0; i < 12; i++)
            await scene.LookAfterAsync(10);
        (await scene.DesiredAsync(id)).ShouldBe(DesiredState.Asleep, "it did nothing any more");
    }

    [Fact]
    public async Task ADecisionIsTakenBackWhenWorkBeginsBeforeItIsCarriedOutAndMadeAnewWhileItIsRight()
    {
        var id = await scene.AddAsync("alice");
        await scene.LookEveryAsync(11, 5);
        var first = (await scene.RecordAsync(id)).Rest.ShouldNotBeNull();
        first.Depth.ShouldBe(DesiredState.Asleep);

        await scene.LookAfterAsync(1);
        (await scene.RecordAsync(id)).Rest.ShouldBe(first);
        await scene.LookAfterAsync(1);
        (await scene.RecordAsync(id)).Rest!.At.ShouldBe(first.At.AddSeconds(2), "who waits for their turn is found idle again");
        scene.Cpu[id] = 30;
        await scene.LookAfterAsync(1);

        (await scene.RecordAsync(id)).Rest.ShouldBeNull();
        scene.Sleeper.ReasonOf(id)!.ShouldContain("cores");
        await scene.Bench.PassAsync(id);
        (await scene.RecordAsync(id)).Status.Phase.ShouldBe(InstancePhase.Running);
    }

    [Fact]
    public async Task WhatADecisionThatAPassDroppedLeavesIsDecidedAnew()
    {
        var id = await scene.AddAsync("alice");
        await scene.LookEveryAsync(11, 5);
        scene.Bench.Time.Advance(RestChoice.Lasts * 2);
        await scene.Bench.Store.PutRestAsync(id, null, (await scene.RecordAsync(id)).Rest, 1, CancellationToken.None);

        await scene.LookAfterAsync(1);
        await scene.LookAfterAsync(1);
        (await scene.DesiredAsync(id)).ShouldBe(DesiredState.Asleep);
        await scene.Bench.PassAsync(id);
        (await scene.RecordAsync(id)).Status.Phase.ShouldBe(InstancePhase.Asleep);
    }

    [Fact]
    public async Task WhatItDidBeforeItHadAPolicyIsNotKnownAndMayHaveBeenWork()
    {
        var id = await scene.AddAsync("alice", release: Fleet.FirstRelease);
        for (var minute = 0; minute < 60; minute++)
        {
            scene.Cpu[id] = minute * 30;
            await scene.LookAfterAsync(60);
        }

        scene.Measured.ShouldBeEmpty();
        await scene.Bench.Fleet.ChangeAsync(id, OperationKind.Update, spec => spec with { Release = SleeperScene.Sleeps });
        await scene.Bench.PassAsync(id);
        scene.Cpu[id] = 1900;

        await scene.LookEveryAsync(12, 3);

        (await scene.DesiredAsync(id)).ShouldBe(DesiredState.Running);
        scene.Sleeper.ReasonOf(id).ShouldBe("idle for 24 s, sleeps in 16 s");
    }

    [Fact]
    public async Task OneThatWasFrozenAndWokenBetweenTwoLooksStaysAwakeForItsShortestTime()
    {
        var id = await scene.AddAsync("alice", release: SleeperScene.Freezes);
        await scene.LookEveryAsync(15, 22);
        await scene.Bench.PassAsync(id);
        (await scene.RecordAsync(id)).Status.Phase.ShouldBe(InstancePhase.Frozen);
        await scene.Bench.Reconciler.WakeAsync(id, new WakeAsk(scene.Bench.Time.GetTimestamp(), (_, _) => { }), CancellationToken.None);

        await scene.LookEveryAsync(12, 3);

        (await scene.DesiredAsync(id)).ShouldBe(DesiredState.Running);
        scene.Sleeper.ReasonOf(id)!.ShouldStartWith("awake: for at least");
        await scene.LookEveryAsync(15, 22);
        (await scene.DesiredAsync(id)).ShouldBe(DesiredState.Frozen);
    }

    [Fact]
    public async Task AnAgentThatCalledOutAndWaitsSilentlyIsNotPutToRestInTheMiddleOfItsJob()
    {
        var id = await scene.AddAsync("alice");
        await scene.LookEveryAsync(11, 3);
        scene.Sent[id] = 200_000;
        await scene.LookAfterAsync(5);

        // No CPU, no byte: whoever it asked thinks for two minutes, and the policy says 40 seconds.
        await scene.LookEveryAsync(10, 13);

        (await scene.DesiredAsync(id)).ShouldBe(DesiredState.Running);
        scene.Sleeper.ReasonOf(id)!.ShouldContain("called out 2 min ago");
        await scene.LookEveryAsync(10, 3);
        (await scene.DesiredAsync(id)).ShouldBe(DesiredState.Asleep, "so long it waits for nobody");
    }

    [Fact]
    public async Task AnOpenCommandKeepsItsInstanceAwakeAlsoWhenItWasToRestAlready()
    {
        var id = await scene.AddAsync("alice");
        await scene.LookEveryAsync(11, 5);
        (await scene.DesiredAsync(id)).ShouldBe(DesiredState.Asleep, "it is to rest, and waits for its turn");
        var command = scene.Engine.ExecAsync(id, new ExecRequest(null, ["sh"], Stream.Null, Nowhere, Nowhere), CancellationToken.None);
        await scene.Asked.Task;

        await scene.Bench.PassAsync(id);

        (await scene.RecordAsync(id)).Status.Phase.ShouldBe(InstancePhase.Running);
        await scene.LookEveryAsync(11, 6);
        scene.Sleeper.ReasonOf(id).ShouldBe("awake: 1 command runs in it");
        scene.Bench.Time.Advance(TimeSpan.FromTicks(3));
        scene.Answer.SetResult(0);
        (await command).ShouldBe(0);
        await scene.LookEveryAsync(11, 3);
        scene.Sleeper.ReasonOf(id).ShouldBe("idle for 33 s, sleeps in 7 s");
        await scene.LookAfterAsync(11);
        await scene.Bench.PassAsync(id);
        (await scene.RecordAsync(id)).Status.Phase.ShouldBe(InstancePhase.Asleep, "the store keeps microseconds, and the end of the command is what it was idle from");

        static ValueTask Nowhere(ReadOnlyMemory<byte> data, CancellationToken token) => ValueTask.CompletedTask;
    }

    [Fact]
    public async Task AnAppIsAskedOnAlthoughTheStoreGoesAwayInTheSameLook()
    {
        var (alice, bob) = (await scene.AddAsync("alice", release: SleeperScene.IsAsked), await scene.AddAsync("bob"));
        await scene.LookEveryAsync(11, 4);
        scene.BeforeMeasuring = async id =>
        {
            if (id != bob)
                return;
            await scene.Asked.Task.SoonAsync();
            scene.Away.IsAway = true;
        };

        await Should.ThrowAsync<StoreUnavailableException>(() => scene.LookAfterAsync(11));

        scene.Away.IsAway = false;
        scene.BeforeMeasuring = _ => Task.CompletedTask;
        scene.Answer.SetResult(0);
        await Waiting.ForAsync(async () =>
        {
            await scene.LookAfterAsync(0.1);
            return await scene.DesiredAsync(alice) == DesiredState.Asleep;
        });
        (await scene.DesiredAsync(bob)).ShouldBe(DesiredState.Asleep);
    }

    [Fact]
    public async Task ATargetThatHangsKeepsNoOtherTargetsInstancesAwakeAndIsNotAskedForAllOfIts()
    {
        await scene.Bench.Store.PutTargetAsync(new TargetRecord("there", "fake", new Dictionary<string, string>(StringComparer.Ordinal), true, 4, 0, scene.Bench.Time.GetUtcNow()), 0, CancellationToken.None);
        var id = await scene.AddAsync("alice");
        for (var i = 0; i < 12; i++)
            await scene.AddAsync($"hung{i}", "there");

        for (var second = 0; second < 45; second++)
        {
            var look = Task.Run(() => scene.LookAfterAsync(0));
            await scene.Bench.Time.AdvanceUntilAsync(look, TimeSpan.FromMilliseconds(100));
            await look;
        }

        (await scene.DesiredAsync(id)).ShouldBe(DesiredState.Asleep);
        scene.Sleeper.ReasonOf("id-hung0")!.ShouldStartWith("awake: ");
        scene.Measured.Count(one => one.StartsWith("id-hung", StringComparison.Ordinal)).ShouldBeInRange(4, 60, "four at a time, and then no more in that look");
    }
}
