using Tenantry.Server.Reconciling;
using Tenantry.Server.Tests.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Tests.Reconciling;

/// <summary>A target that is one machine belongs to one engine, however many engines share the store and its key.</summary>
public sealed class HomeTests : IAsyncLifetime
{
    private Workbench _bench = null!;

    public async Task InitializeAsync() => _bench = await Workbench.StartAsync();

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [Fact]
    public async Task TheMachineOfOneEngineIsNotWorkedOnByAnother()
    {
        var first = _bench.NewTargets(_bench.Store, _ => { }, node: "first", isOneMachine: true);
        var second = _bench.NewTargets(_bench.Store, _ => { }, node: "second", isOneMachine: true);

        (await first.GetAsync(Fleet.Target, CancellationToken.None)).Record.Home.ShouldBe("first");
        var refused = await Should.ThrowAsync<TargetException>(() => second.GetAsync(Fleet.Target, CancellationToken.None));
        await Should.ThrowAsync<TargetException>(() => second.UseAsync(Fleet.Target, CancellationToken.None));

        refused.Message.ShouldContain("'first'");
        refused.Fix!.ShouldContain("tenantry target adopt here");
        await second.AdoptAsync(Fleet.Target, CancellationToken.None);
        (await second.GetAsync(Fleet.Target, CancellationToken.None)).Record.Home.ShouldBe("second");
        await Should.ThrowAsync<TargetException>(() => first.GetAsync(Fleet.Target, CancellationToken.None));
    }

    [Fact]
    public async Task ATargetThatIsNoMachineIsEverybodys()
    {
        var first = _bench.NewTargets(_bench.Store, _ => { }, node: "first");
        var second = _bench.NewTargets(_bench.Store, _ => { }, node: "second");

        (await first.GetAsync(Fleet.Target, CancellationToken.None)).Record.Home.ShouldBe("");
        (await second.GetAsync(Fleet.Target, CancellationToken.None)).Record.Home.ShouldBe("");
        (await Should.ThrowAsync<TargetException>(() => second.AdoptAsync(Fleet.Target, CancellationToken.None))).Retryable.ShouldBeFalse();
    }
}
