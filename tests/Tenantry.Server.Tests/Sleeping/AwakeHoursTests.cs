using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Wire;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Store;

namespace Tenantry.Server.Tests.Sleeping;

/// <summary>Hours in which an instance is kept awake, from 6 to 12 o'clock: what the sleeper decides, and what the reconciler makes of it.</summary>
public sealed class AwakeHoursTests : IAsyncLifetime
{
    private const string Hours = "awake: daily 06:00-12:00 UTC";
    private const string ByWord = "asleep since a person said so, until a request comes or its awake hours begin anew";
    private SleeperScene scene = null!;

    public async Task InitializeAsync() => scene = await SleeperScene.StartAsync();

    public async Task DisposeAsync() => await scene.DisposeAsync();

    private async Task<string> AsleepAsync(string slug)
    {
        var id = await scene.AddAsync(slug, release: SleeperScene.HasHours);
        await scene.LookEveryAsync(11, 5);
        await PassIsAsync(id, InstancePhase.Asleep);
        return id;
    }

    private async Task PassIsAsync(string id, InstancePhase phase)
    {
        await scene.Bench.PassAsync(id);
        (await scene.RecordAsync(id)).Status.Phase.ShouldBe(phase);
    }

    [Fact]
    public async Task OneThatIsAsleepIsStartedAsItsHoursBeginAndRestsAfterThem()
    {
        var id = await AsleepAsync("alice");
        scene.Poked.Clear();
        await scene.LookAtAsync(5, 59, 59);
        (await scene.DesiredAsync(id)).ShouldBe(DesiredState.Asleep);

        await scene.LookAtAsync(6, 0);

        scene.Poked.ShouldBe([id]);
        await PassIsAsync(id, InstancePhase.Running);
        await scene.LookEveryAsync(60, 5);
        scene.Sleeper.ReasonOf(id).ShouldBe(Hours);
        await scene.LookAtAsync(11, 59, 59);
        (await scene.DesiredAsync(id)).ShouldBe(DesiredState.Running);
        await scene.LookEveryAsync(11, 7);
        await PassIsAsync(id, InstancePhase.Asleep);
    }

    [Fact]
    public async Task OneThatAPersonPutToSleepIsWokenByHoursThatBeginAfterThatAndByNoneInWhichItWasSaid()
    {
        var id = await AsleepAsync("alice");
        await scene.LookAtAsync(7, 0);
        await PassIsAsync(id, InstancePhase.Running);
        await scene.Bench.WantAsync(id, DesiredState.Asleep);
        await PassIsAsync(id, InstancePhase.Asleep);

        await scene.LookAtAsync(7, 1);
        scene.Sleeper.ReasonOf(id).ShouldBe(ByWord);
        await scene.LookAtAsync(11, 59);
        (await scene.DesiredAsync(id)).ShouldBe(DesiredState.Asleep);
        await scene.LookAtAsync(5, 59);
        scene.Sleeper.ReasonOf(id).ShouldBe(ByWord);
        await scene.LookAtAsync(6, 1);

        await PassIsAsync(id, InstancePhase.Running);
        await scene.LookEveryAsync(60, 5);
        scene.Sleeper.ReasonOf(id).ShouldBe(Hours);
        await scene.LookAtAsync(12, 1);
        await scene.LookEveryAsync(11, 5);
        await PassIsAsync(id, InstancePhase.Asleep);
        await scene.LookAtAsync(6, 1);
        await PassIsAsync(id, InstancePhase.Running);
    }

    [Fact]
    public async Task OneThatWasHeldDownSleepsOnWhenItIsReleasedInItsHoursAndIsWokenByTheNext()
    {
        var id = await AsleepAsync("alice");
        await scene.Bench.Fleet.ChangeAsync(id, OperationKind.Sleep, spec => spec with { Desired = DesiredState.Asleep, Hold = InstanceHold.Down });
        await scene.Bench.PassAsync(id);
        await scene.LookAtAsync(7, 0);
        (await scene.DesiredAsync(id)).ShouldBe(DesiredState.Asleep, "it is held");
        await scene.Bench.Fleet.ChangeAsync(id, OperationKind.Update, spec => spec with { Hold = InstanceHold.None });
        await scene.Bench.PassAsync(id);

        await scene.LookAtAsync(11, 0);
        scene.Sleeper.ReasonOf(id).ShouldBe(ByWord);
        (await scene.DesiredAsync(id)).ShouldBe(DesiredState.Asleep, "until it is asked for");
        await scene.LookAtAsync(6, 0);

        await PassIsAsync(id, InstancePhase.Running);
    }

    [Fact]
    public async Task OneThatAPersonPutToSleepAndARequestWokeIsKeptAwakeByItsHours()
    {
        var id = await AsleepAsync("alice");
        await scene.LookAtAsync(7, 0);
        await PassIsAsync(id, InstancePhase.Running);
        await scene.Bench.WantAsync(id, DesiredState.Asleep);
        await PassIsAsync(id, InstancePhase.Asleep);
        await scene.Bench.Reconciler.WakeAsync(id, new WakeAsk(scene.Bench.Time.GetTimestamp(), (_, _) => { }), CancellationToken.None);

        await scene.LookEveryAsync(60, 10);

        scene.Sleeper.ReasonOf(id).ShouldBe(Hours);
        await scene.LookAtAsync(12, 1);
        await scene.LookEveryAsync(11, 5);
        await PassIsAsync(id, InstancePhase.Asleep);
    }

    [Fact]
    public async Task OfHoursThatNeverBeginNothingIsPromised()
    {
        var id = await scene.AddAsync("alice", release: SleeperScene.HasAllHours);
        await scene.Bench.WantAsync(id, DesiredState.Asleep);
        await PassIsAsync(id, InstancePhase.Asleep);

        await scene.LookAfterAsync(1);

        scene.Sleeper.ReasonOf(id).ShouldBe("asleep since a person said so, until a request comes");
    }

    // The hours gave back what the request had taken, and one more than the quota allows was woken.
    [Fact]
    public async Task AWakeThatARequestBeganCountsOnWhenTheHoursComeTooLateForIt()
    {
        var alice = await AsleepAsync("alice");
        var bob = await scene.AddAsync("bob");
        await scene.LookEveryAsync(11, 5);
        await PassIsAsync(bob, InstancePhase.Asleep);
        await scene.Bench.Store.PutQuotaAsync("acme", null, new QuotaLimits(Awake: 1), CancellationToken.None);
        await scene.LookAtAsync(5, 59, 59);
        (await scene.Bench.Store.ClaimWakeAsync(alice, CancellationToken.None)).ShouldBeTrue("its request waits for its turn");
        var deployments = 0;
        scene.Away.Called = name =>
        {
            if (name is nameof(IStore.PutRestAsync) or nameof(IStore.PutWakeAsync) && deployments++ == 0)
                scene.Bench.Fleet.ChangeAsync(alice, OperationKind.Update, spec => spec).GetAwaiter().GetResult();
        };

        await scene.LookAtAsync(6, 0);

        deployments.ShouldBe(1);
        (await scene.DesiredAsync(alice)).ShouldBe(DesiredState.Asleep, "it was changed meanwhile");
        (await scene.Bench.Store.ClaimWakeAsync(bob, CancellationToken.None)).ShouldBeFalse("alice is about to be awake");
    }

    [Fact]
    public async Task HoursWakeNoMoreThanTheQuotaAllowsAndTheNextAsSoonAsOneRests()
    {
        var (alice, bob) = (await AsleepAsync("alice"), await AsleepAsync("bob"));
        await scene.Bench.Store.PutQuotaAsync("acme", null, new QuotaLimits(Awake: 1), CancellationToken.None);

        await scene.LookAtAsync(6, 0);

        var desired = new Dictionary<string, DesiredState> { [alice] = await scene.DesiredAsync(alice), [bob] = await scene.DesiredAsync(bob) };
        desired.Values.ShouldBe([DesiredState.Running, DesiredState.Asleep], ignoreOrder: true);
        var (awake, waits) = desired[alice] == DesiredState.Running ? (alice, bob) : (bob, alice);
        scene.Sleeper.ReasonOf(waits)!.ShouldContain("as the quota allows");
        await PassIsAsync(awake, InstancePhase.Running);
        await scene.LookEveryAsync(15, 2);
        (await scene.DesiredAsync(waits)).ShouldBe(DesiredState.Asleep);

        await scene.Bench.WantAsync(awake, DesiredState.Asleep);
        await PassIsAsync(awake, InstancePhase.Asleep);
        await scene.LookAfterAsync(15);

        await PassIsAsync(waits, InstancePhase.Running);
    }
}
