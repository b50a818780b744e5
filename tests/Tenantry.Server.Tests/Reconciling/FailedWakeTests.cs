using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Server.Engine;
using Tenantry.Server.Sleeping;
using Tenantry.Targets.Fake;

namespace Tenantry.Server.Tests.Reconciling;

/// <summary>Wakes that fail one after the other, while the engine goes on looking at what it has.</summary>
public sealed class FailedWakeTests
{
    [Fact]
    public async Task TheTimeToTheNextTryDoublesAlthoughLooksInBetweenFindItAtRestAsItIsWanted()
    {
        await using var bench = await Workbench.StartAsync(options: new() { Chance = () => 1 });
        var spec = await bench.RunningAsync("alice");
        var rest = new InstanceRest(DesiredState.Asleep, "idle for 10 min", bench.Time.GetUtcNow(), bench.Time.GetUtcNow().AddMinutes(-10));
        (await bench.Store.PutRestAsync(spec.Id, rest, null, spec.Generation, CancellationToken.None)).ShouldBeTrue();
        await bench.PassAsync(spec.Id);
        await using var desk = new WakeDesk(bench.Store, bench.Reconciler, new WakeMetrics(), bench.Time, NullLogger<WakeDesk>.Instance);
        async Task<int> FailAsync()
        {
            bench.Script.Next(FakeCall.Wake, new FakeReaction.Fail("it would not", Retryable: true));
            var failed = await desk.WakeAsync(spec.Id, new WakeRequest(0), CancellationToken.None);
            await desk.IdleAsync();
            failed.Outcome.ShouldBe(WakeOutcome.Failed);
            bench.Time.Advance((await bench.StatusAsync(spec.Id)).NextLookAt - bench.Time.GetUtcNow());
            await bench.PassAsync(spec.Id);
            return failed.RetryAfterSeconds;
        }

        (await FailAsync(), await FailAsync(), await FailAsync()).ShouldBe((2, 4, 8));
        (await desk.WakeAsync(spec.Id, new WakeRequest(0), CancellationToken.None)).Outcome.ShouldBe(WakeOutcome.Awake);
        await desk.IdleAsync();

        (await bench.Store.PutRestAsync(spec.Id, rest with { At = bench.Time.GetUtcNow() }, null, spec.Generation, CancellationToken.None)).ShouldBeTrue();
        await bench.PassAsync(spec.Id);
        (await FailAsync(), await FailAsync()).ShouldBe((2, 4), "one that succeeded ended the row");
        spec = await bench.WantAsync(spec.Id, DesiredState.Asleep);
        await bench.PassAsync(spec.Id);
        (await FailAsync()).ShouldBe(2, "a person asked for something else since");
    }
}
