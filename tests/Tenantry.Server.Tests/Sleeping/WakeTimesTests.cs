using Tenantry.Model.Instances;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Tests.Reconciling;
using Tenantry.Targets.Fake;

namespace Tenantry.Server.Tests.Sleeping;

/// <summary>What is said of how long wakes took.</summary>
public sealed class WakeTimesTests
{
    [Fact]
    public async Task ThePlatformsPartOfAWakeBeginsWithItsRequestAndHasTheTimeInWhichTheTargetIsAsked()
    {
        await using var bench = await Workbench.StartAsync();
        var spec = await AsleepAsync(bench, "alice");
        var seen = bench.Time.GetUtcNow();
        bench.Script.Decide = (call, _) =>
        {
            bench.Time.Advance(call switch
            {
                FakeCall.Observe => TimeSpan.FromMilliseconds(200),
                FakeCall.Plan => TimeSpan.FromMilliseconds(30),
                _ => TimeSpan.Zero,
            });
            return null;
        };
        WakeRecord? wake = null;

        await bench.Reconciler.WakeAsync(spec.Id, new WakeAsk(bench.Time.GetTimestamp(), (_, woken) => wake = woken), CancellationToken.None);

        wake.ShouldNotBeNull().At.ShouldBe(seen);
        wake.PlatformSeconds.ShouldBe(0.230, 0.0001);
        wake.AppSeconds.ShouldBe(0, "what the target is asked afterwards is no time of the app");
    }

    private static async Task<InstanceSpec> AsleepAsync(Workbench bench, string slug)
    {
        var spec = await bench.RunningAsync(slug);
        var rest = new InstanceRest(DesiredState.Asleep, "idle for 10 min", bench.Time.GetUtcNow(), bench.Time.GetUtcNow().AddMinutes(-10));
        (await bench.Store.PutRestAsync(spec.Id, rest, spec.Generation, CancellationToken.None)).ShouldBeTrue();
        (await bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
        return spec;
    }
}
