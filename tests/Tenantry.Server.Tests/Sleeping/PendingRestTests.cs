using System.Collections.Concurrent;
using Tenantry.Model.Instances;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Store;
using Tenantry.Server.Tests.Serving;
using Tenantry.Targets.Fake;

namespace Tenantry.Server.Tests.Sleeping;

/// <summary>What the sleeper does about decisions to rest that are not carried out yet, or just now.</summary>
public sealed class PendingRestTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<string> puts = new();
    private readonly ConcurrentQueue<string> renewals = new();
    private readonly ConcurrentQueue<string> targetReads = new();
    private SleeperScene scene = null!;

    public async Task InitializeAsync()
    {
        scene = await SleeperScene.StartAsync();
        CountPuts();
    }

    public async Task DisposeAsync() => await scene.DisposeAsync();

    private void CountPuts() => scene.Away.Called = name =>
    {
        if (name == nameof(IStore.PutRestAsync))
            puts.Enqueue(name);
        else if (name == nameof(IStore.RenewRestsAsync))
            renewals.Enqueue(name);
        else if (name == nameof(IStore.FindTargetAsync))
            targetReads.Enqueue(name);
    };

    // Decided, and not yet carried out.
    private async Task<string> PendingAsync(string release = SleeperScene.Sleeps, int looks = 5)
    {
        var id = await scene.AddAsync("alice", release: release);
        await scene.LookEveryAsync(11, looks);
        (await scene.RecordAsync(id)).ShouldSatisfyAllConditions(
            record => record.Rest?.Depth.ShouldNotBe(DesiredState.Running), record => record.Status.Phase.ShouldBe(InstancePhase.Running));
        scene.Poked.ShouldBe([id]);
        return id;
    }

    [Fact]
    public async Task ARestThatIsBeingCarriedOutIsNotTakenBackByALookInTheMiddleOfIt()
    {
        var id = await PendingAsync();
        var looks = 0;
        scene.WhileStopping = async () =>
        {
            // It works to shut down, and then there is no process any more whose traffic could be counted.
            scene.Cpu[id] = 30;
            await scene.LookAfterAsync(1);
            scene.CountsTraffic = false;
            await scene.LookEveryAsync(1, 7);
            looks++;
        };

        (await scene.Bench.PassAsync(id)).ShouldBe(PassEnd.Settled);

        looks.ShouldBe(1);
        await scene.LookEveryAsync(1, 3);
        await scene.Bench.PassAsync(id);
        var record = await scene.RecordAsync(id);
        (record.Desired, record.Status.Phase).ShouldBe((DesiredState.Asleep, InstancePhase.Asleep));
        (puts.Count, scene.Poked.Count).ShouldBe((1, 1), "no pass follows that has nothing to do");
    }

    [Fact]
    public async Task ADecisionThatAnEngineBeforeThisOneLeftIsTakenBackOnceAndTheInstanceRestsWhenItIsIdle()
    {
        var id = await PendingAsync();
        scene.StartSleeper();
        CountPuts();
        scene.Poked.Clear();
        puts.Clear();

        await scene.LookEveryAsync(1, 5);
        (await scene.RecordAsync(id)).Rest.ShouldBeNull("what it did between the two engines is not known");
        (puts.Count, scene.Poked.Count).ShouldBe((1, 1));

        await scene.LookEveryAsync(11, 4);
        (await scene.DesiredAsync(id)).ShouldBe(DesiredState.Asleep);
        (puts.Count, scene.Poked.Count).ShouldBe((2, 2));
        await scene.Bench.PassAsync(id);
        (await scene.RecordAsync(id)).Status.Phase.ShouldBe(InstancePhase.Asleep);
    }

    [Fact]
    public async Task ADecisionThatSomebodyElseMadeAnewIsTakenBackToo()
    {
        var id = await PendingAsync();
        var rest = (await scene.RecordAsync(id)).Rest!;
        (await scene.Bench.Store.PutRestAsync(id, rest with { At = rest.At.AddSeconds(1) }, rest, 1, CancellationToken.None)).ShouldBeTrue();
        await scene.LookAfterAsync(3);

        scene.Cpu[id] = 30;
        await scene.LookAfterAsync(1);

        (await scene.RecordAsync(id)).Rest.ShouldBeNull();
    }

    // It was taken back, and made anew as soon as the others did not hang, with a pass for each.
    [Fact]
    public async Task ADecisionStandsWhileItsTargetHangsOnOthers()
    {
        string[] ids = [.. await Task.WhenAll(Enumerable.Range(0, 6).Select(i => scene.AddAsync($"t{i}")))];
        await scene.LookEveryAsync(11, 5);
        scene.Poked.Count.ShouldBe(6);
        puts.Clear();
        var asked = 0;
        scene.BeforeMeasuring = _ => Interlocked.Increment(ref asked) <= 4 ? new TaskCompletionSource().Task : Task.CompletedTask;

        for (var second = 0; second < 8; second++)
        {
            var look = Task.Run(() => scene.LookAfterAsync(0));
            await scene.Bench.Time.AdvanceUntilAsync(look, TimeSpan.FromMilliseconds(100));
            await look;
        }

        (puts.Count, scene.Poked.Count).ShouldBe((4, 10), "those that hang are taken back; of the others nothing is known, and none is taken back and made anew");
        await scene.LookAfterAsync(3);
        InstanceRecord[] records = [.. await Task.WhenAll(ids.Select(scene.RecordAsync))];
        records.Count(record => record.Rest?.At == scene.Bench.Time.GetUtcNow()).ShouldBe(2);
    }

    // Each of hundreds that wait for their turn was a write of its own, every two seconds.
    [Fact]
    public async Task ManyThatWaitForTheirTurnAreRenewedByOneWrite()
    {
        string[] ids = [.. await Task.WhenAll(Enumerable.Range(0, 20).Select(i => scene.AddAsync($"t{i}")))];
        await scene.LookEveryAsync(11, 5);
        scene.Poked.Count.ShouldBe(20);
        puts.Clear();
        renewals.Clear();

        await scene.LookAfterAsync(3);

        (puts.Count, renewals.Count).ShouldBe((0, 1));
        foreach (var id in ids)
            (await scene.RecordAsync(id)).Rest!.At.ShouldBe(scene.Bench.Time.GetUtcNow());
    }

    [Fact]
    public async Task ADecisionIsNotTakenBackByAnEngineThatDoesNotWorkOnItsTarget()
    {
        var id = await PendingAsync();
        await scene.Bench.Store.SettleTargetAsync("here", "this-1", replace: false, CancellationToken.None);
        scene.StartSleeper(node: "that-1", isOneMachine: true);
        scene.Poked.Clear();

        await scene.LookEveryAsync(1, 3);

        scene.Sleeper.ReasonOf(id)!.ShouldContain("another engine");
        (await scene.DesiredAsync(id)).ShouldBe(DesiredState.Asleep);
        scene.Poked.ShouldBeEmpty();
    }

    [Fact]
    public async Task ARestThatFailsIsTriedAgainLaterAndLaterAndNotAtEveryLook()
    {
        var id = await PendingAsync(SleeperScene.Freezes, looks: 29);
        var tries = 0;
        scene.Bench.Script.Decide = (call, _) => call == FakeCall.Freeze && ++tries < 5 ? new FakeReaction.Fail("it would not", Retryable: true) : null;

        for (var second = 0; second < 60 && tries < 5; second++)
        {
            // As the loop does.
            if ((await scene.Bench.Store.ListDueAsync(scene.Bench.Options.Node, scene.Bench.Time.GetUtcNow(), 10, CancellationToken.None)).Count > 0)
                await scene.Bench.PassAsync(id);
            var failed = (await scene.RecordAsync(id)).Status;
            (failed.Failures, failed.Phase).ShouldBe((tries % 5, tries < 5 ? InstancePhase.Running : InstancePhase.Frozen), "it is due when its time has come, and its decision is fresh then");
            await scene.LookAfterAsync(1);
        }

        tries.ShouldBe(5);
        puts.Count.ShouldBeLessThan(12);
        scene.Poked.Count.ShouldBe(1);
    }

    [Fact]
    public async Task ADecisionStaysWhileItsAppIsAskedAnewWhetherItIsBusy()
    {
        scene.Answer.SetResult(0);
        var id = await scene.AddAsync("alice", release: SleeperScene.IsAsked);
        await scene.LookEveryAsync(11, 5);
        await Waiting.ForAsync(async () =>
        {
            await scene.LookAfterAsync(0.1);
            return await scene.DesiredAsync(id) == DesiredState.Asleep;
        });

        for (var second = 0; second < 50; second++)
        {
            await scene.LookAfterAsync(1);
            (await scene.DesiredAsync(id)).ShouldBe(DesiredState.Asleep);
        }

        scene.Poked.ShouldBe([id]);
        (scene.Bench.Time.GetUtcNow() - (await scene.RecordAsync(id)).Rest!.At).ShouldBeLessThan(RestChoice.Lasts);
    }

    [Fact]
    public async Task NothingIsWrittenOfWhatStaysAsItIsAndATargetIsReadOnceForAllOfIts()
    {
        var (works, sleeps, freezes, refused) = (
            await scene.AddAsync("works"), await scene.AddAsync("sleeps"), await scene.AddAsync("freezes", release: SleeperScene.Freezes), await scene.AddAsync("refused"));
        scene.Bench.Workloads.Refused[refused] = new WorkloadResult.Refused("SecretsMissing", "A secret is missing.", IsPending: true);
        await scene.Bench.PassAsync(refused);
        for (var look = 0; look < 40; look++)
        {
            scene.Cpu[works] = look * 11;
            await scene.LookAfterAsync(11);
            foreach (var id in (string[])[sleeps, freezes])
                await scene.Bench.PassAsync(id);
        }

        InstancePhase[] phases = [.. await Task.WhenAll(new[] { works, sleeps, freezes, refused }.Select(async id => (await scene.RecordAsync(id)).Status.Phase))];
        phases.ShouldBe([InstancePhase.Running, InstancePhase.Asleep, InstancePhase.Frozen, InstancePhase.Running]);
        puts.Count.ShouldBe(2, "one decision for each of the two that rest");
        scene.Poked.Count.ShouldBe(2);
        targetReads.Count.ShouldBe(40, "one for each look, not for each instance");
        (await scene.DesiredAsync(refused)).ShouldBe(DesiredState.Running, "a pass would refuse to carry it out");
    }
}
