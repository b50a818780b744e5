using Tenantry.Model.Instances;
using Tenantry.Server.Tests.Reconciling;
using Tenantry.Targets.Fake;

namespace Tenantry.Server.Tests.Sleeping;

/// <summary>Commands that begin inside an instance in the moment in which it is put to rest.</summary>
public sealed class CommandRestTests : IAsyncLifetime
{
    private SleeperScene scene = null!;
    private Task<int> command = Task.FromResult(0);

    public async Task InitializeAsync() => scene = await SleeperScene.StartAsync();

    public async Task DisposeAsync()
    {
        scene.Answer.TrySetResult(0);
        (await command).ShouldBe(0);
        await scene.DisposeAsync();
    }

    private void Begin(string id) => command = scene.Commands.RunAsync(id, () => scene.Answer.Task);

    private async Task<InstancePhase> PassAsync(string id)
    {
        await scene.Bench.PassAsync(id);
        return (await scene.RecordAsync(id)).Status.Phase;
    }

    // Decided, and not yet carried out.
    private async Task<string> ToFreezeAsync()
    {
        var id = await scene.AddAsync("alice", release: SleeperScene.Freezes);
        await scene.LookEveryAsync(11, 29);
        (await scene.DesiredAsync(id)).ShouldBe(DesiredState.Frozen);
        return id;
    }

    // Nobody looked for commands once the gate was closed: it was killed with its instance.
    [Fact]
    public async Task OneThatBeginsWhileTheGatewaysAreAskedKeepsItsInstanceAwake()
    {
        var id = await scene.AddAsync("alice");
        await scene.LookEveryAsync(11, 5);
        (await scene.DesiredAsync(id)).ShouldBe(DesiredState.Asleep);
        var gate = new ScriptedGate { Closing = () => Begin(id) };
        scene.Bench.Use(scene.Bench.NewReconciler(scene.Bench.Store, commands: scene.Commands, gate: gate));

        (await PassAsync(id)).ShouldBe(InstancePhase.Running);

        gate.Log.ShouldBe(["close", "rested"], "requests that waited go on");
        (await scene.RecordAsync(id)).Rest.ShouldBeNull();
    }

    // It hung for as long as nobody asked for the instance.
    [Fact]
    public async Task OneThatIsFrozenWithItsInstanceGoesOnAfterTheNextLook()
    {
        var id = await ToFreezeAsync();
        scene.Bench.Script.Decide = (call, _) =>
        {
            if (call == FakeCall.Freeze)
                Begin(id);
            return null;
        };
        (await PassAsync(id)).ShouldBe(InstancePhase.Frozen, "it came too late to be seen");
        scene.Poked.Clear();

        await scene.LookAfterAsync(1);

        scene.Poked.ShouldBe([id]);
        (await PassAsync(id)).ShouldBe(InstancePhase.Running);
        await scene.LookAfterAsync(1);
        scene.Sleeper.ReasonOf(id).ShouldBe("awake: 1 command runs in it");
    }

    [Fact]
    public async Task OneThatIsFrozenIsNotKilledByADecisionToPutItsInstanceToSleep()
    {
        var id = await ToFreezeAsync();
        (await PassAsync(id)).ShouldBe(InstancePhase.Frozen);
        var frozen = (await scene.RecordAsync(id)).Rest!;
        (await scene.Bench.Store.PutRestAsync(id, frozen with { Depth = DesiredState.Asleep, At = scene.Bench.Time.GetUtcNow() }, frozen, 1, CancellationToken.None)).ShouldBeTrue();
        Begin(id);

        (await PassAsync(id)).ShouldBe(InstancePhase.Frozen);

        (await scene.RecordAsync(id)).Rest!.IdleSince.ShouldBe(frozen.IdleSince);
        await scene.LookAfterAsync(1);
        (await PassAsync(id)).ShouldBe(InstancePhase.Running);
    }
}
