using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Tests.Store;
using Tenantry.Targets.Fake;

namespace Tenantry.Server.Tests.Reconciling;

/// <summary>Looks at many instances at once: they never do what a pass would not do, and never leave out what it would.</summary>
public sealed class QuietLooksTests : IAsyncLifetime
{
    private Workbench _bench = null!;

    public async Task InitializeAsync() => _bench = await Workbench.StartAsync();

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [Fact]
    public async Task OnlyTheNextLookMovesWhereAllIsWell()
    {
        var specs = new[] { await _bench.RunningAsync("a"), await _bench.RunningAsync("b"), await _bench.RunningAsync("c") };
        await _bench.WantAsync(specs[1].Id, DesiredState.Frozen);
        await _bench.PassAsync(specs[1].Id);
        await _bench.WantAsync(specs[2].Id, DesiredState.Asleep);
        await _bench.PassAsync(specs[2].Id);
        var before = new List<InstanceStatus>();
        foreach (var spec in specs)
            before.Add(await _bench.StatusAsync(spec.Id));
        _bench.Time.Advance(TimeSpan.FromMinutes(5));

        (await LookAsync([.. specs.Select(spec => spec.Id)])).ShouldBeEmpty();
        for (var i = 0; i < specs.Length; i++)
            (await _bench.StatusAsync(specs[i].Id)).ShouldSayTheSameAs(before[i] with { NextLookAt = _bench.Time.GetUtcNow().AddMinutes(5) });
    }

    [Theory]
    [InlineData("vanished")]
    [InlineData("crashed")]
    [InlineData("damaged")]
    [InlineData("changed")]
    [InlineData("restarted")]
    [InlineData("frozen")]
    [InlineData("resalted")]
    [InlineData("silent")]
    [InlineData("refused")]
    public async Task WhateverIsNotAsItWasIsLeftToAPass(string what)
    {
        var spec = await _bench.RunningAsync("alice");
        var quiet = await _bench.RunningAsync("bob");
        switch (what)
        {
            case "vanished":
                _bench.World.Vanish(spec.Id);
                break;
            case "crashed":
                _bench.World.Crash(spec.Id, "exit code 1");
                break;
            case "damaged":
                _bench.World.Lose(spec.Id, new ResourceName("volume", "alice-data"));
                break;
            case "changed":
                await _bench.Fleet.ChangeAsync(spec.Id, Model.Operations.OperationKind.Update, s => s with { Tier = "pro" });
                break;
            case "restarted":
                await _bench.Fleet.ChangeAsync(spec.Id, Model.Operations.OperationKind.Restart, s => s with { RestartNonce = 1 });
                break;
            case "frozen":
                await _bench.WantAsync(spec.Id, DesiredState.Frozen);
                break;
            case "resalted":
                _bench.Workloads.Salt = "x";
                await _bench.PassAsync(quiet.Id);
                break;
            case "silent":
                _bench.Script.Decide = (call, id) => id == spec.Id && call == FakeCall.Observe ? new FakeReaction.Fail("It is silent.", true) : null;
                break;
            case "refused":
                _bench.Workloads.Refused[spec.Id] = new WorkloadResult.Refused("SecretsMissing", "Set it.", true);
                break;
        }
        var before = await _bench.StatusAsync(spec.Id);
        (await LookAsync([spec.Id, quiet.Id])).ShouldBe([spec.Id]);
        (await _bench.StatusAsync(spec.Id)).ShouldSayTheSameAs(before with { NextLookAt = _bench.Time.GetUtcNow() });
        (await _bench.Store.ListDueAsync("here", _bench.Time.GetUtcNow(), 10, CancellationToken.None)).ShouldHaveSingleItem().Id.ShouldBe(spec.Id);
    }

    [Fact]
    public async Task WhatSomebodyWorksOnIsNotLookedAt()
    {
        var spec = await _bench.RunningAsync("alice");
        _bench.World.Vanish(spec.Id);
        await _bench.Fleet.LeaseAsync(spec.Id, "other");
        (await LookAsync([spec.Id])).ShouldBeEmpty();
    }

    [Fact]
    public Task ATargetThatHangsHoldsUpNothingForLong() => Workbench.StepwiseAsync(async () =>
    {
        var spec = await _bench.RunningAsync("alice");
        _bench.Script.Next(FakeCall.Observe, new FakeReaction.Hang());
        var look = LookAsync([spec.Id]);
        _bench.Time.Advance(TimeSpan.FromSeconds(20));
        (await look).ShouldBe([spec.Id]);
        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
    });

    private Task<IReadOnlyList<string>> LookAsync(IReadOnlyList<string> ids) => _bench.Reconciler.LookAsync(ids, CancellationToken.None);
}
