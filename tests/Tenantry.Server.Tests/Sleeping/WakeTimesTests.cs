using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Server.Engine;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Sleeping;
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

    [Fact]
    public async Task EveryWakeIsCountedOnceHoweverManyRequestsWaitedForIt()
    {
        await using var bench = await Workbench.StartAsync();
        var spec = await AsleepAsync(bench, "alice");
        var metrics = new WakeMetrics();
        await using var desk = DeskOf(bench, metrics);
        var wake = (await desk.WakeAsync(spec.Id, new WakeRequest(0), CancellationToken.None)).Wake.ShouldNotBeNull();

        for (var request = 0; request < 3; request++)
            await desk.CompleteAsync(new FirstByte(spec.Id, wake with { AppSeconds = 3 }));
        bench.Time.Advance(FirstBytes.Patience);

        (await CountsAsync(metrics)).ShouldBe((1, 1));
        (await SumOfAppAsync(metrics)).ShouldBe("3");
    }

    [Fact]
    public async Task AWakeWhoseFirstByteNobodyTellsIsCountedAsLongAsItTookUntilItWasHealthy()
    {
        await using var bench = await Workbench.StartAsync();
        var spec = await AsleepAsync(bench, "alice");
        var metrics = new WakeMetrics();
        await using var desk = DeskOf(bench, metrics);
        var wake = (await desk.WakeAsync(spec.Id, new WakeRequest(0), CancellationToken.None)).Wake.ShouldNotBeNull();
        (await CountsAsync(metrics)).ShouldBe((1, 0));

        await Workbench.StepwiseAsync(() =>
        {
            bench.Time.Advance(FirstBytes.Patience);
            return Task.CompletedTask;
        });
        (await CountsAsync(metrics)).ShouldBe((1, 1), "a browser has the waiting page, or has left");

        await desk.CompleteAsync(new FirstByte(spec.Id, wake with { AppSeconds = 75 }));
        (await CountsAsync(metrics)).ShouldBe((1, 1));
        (await bench.Store.ListWakesAsync(spec.Id, 10, CancellationToken.None)).ShouldHaveSingleItem().Wake.AppSeconds.ShouldBe(75, "what is kept is right all the same");
    }

    [Fact]
    public async Task AFirstByteThatComesBeforeTheWakeIsWrittenDownIsWhatIsKept()
    {
        await using var bench = await Workbench.StartAsync();
        var spec = await AsleepAsync(bench, "alice");
        var isAwake = false;
        bench.Script.Decide = (call, _) =>
        {
            isAwake |= call == FakeCall.Wake;
            return isAwake && call == FakeCall.Plan ? new FakeReaction.Slow(TimeSpan.FromSeconds(1)) : null;
        };
        await using var desk = DeskOf(bench, new WakeMetrics());
        var wake = (await desk.WakeAsync(spec.Id, new WakeRequest(0), CancellationToken.None)).Wake.ShouldNotBeNull();

        var completing = desk.CompleteAsync(new FirstByte(spec.Id, wake with { AppSeconds = 3 }));
        await bench.Time.AdvanceUntilAsync(completing, TimeSpan.FromMilliseconds(100));
        await completing;
        await desk.IdleAsync();
        (await bench.Store.ListWakesAsync(spec.Id, 10, CancellationToken.None)).ShouldHaveSingleItem().Wake.AppSeconds.ShouldBe(3);
    }

    [Fact]
    public async Task OfAWakeThatWasToldNothingIsKeptAMinuteLaterAndALateRequestOfItChangesNothing()
    {
        await using var bench = await Workbench.StartAsync();
        var spec = await AsleepAsync(bench, "alice");
        var firsts = new FirstBytes(bench.Store, new WakeMetrics(), bench.Time, NullLogger.Instance);
        var wake = new WakeRecord(bench.Time.GetUtcNow(), InstancePhase.Asleep, 0.1, 0.2);

        await Workbench.StepwiseAsync(async () =>
        {
            firsts.Await(spec, wake, Task.CompletedTask, CancellationToken.None);
            await firsts.TakeAsync(new FirstByte(spec.Id, wake with { AppSeconds = 3 }), CancellationToken.None);
            firsts.Known.ShouldBe(1);
            bench.Time.Advance(FirstBytes.Patience);
        });

        firsts.Known.ShouldBe(0);
        await firsts.TakeAsync(new FirstByte(spec.Id, wake with { AppSeconds = 75 }), CancellationToken.None);
        (await bench.Store.ListWakesAsync(spec.Id, 10, CancellationToken.None)).ShouldHaveSingleItem().Wake.AppSeconds.ShouldBe(3);
        firsts.Known.ShouldBe(0);
    }

    private static WakeDesk DeskOf(Workbench bench, WakeMetrics metrics) => new(bench.Store, bench.Reconciler, metrics, bench.Time, NullLogger<WakeDesk>.Instance);

    private static async Task<(int Platform, int App)> CountsAsync(WakeMetrics metrics)
    {
        var text = await TextAsync(metrics);
        return (Of("platform"), Of("app"));

        int Of(string part) => Regex.Match(text, $"tenantry_wake_{part}_seconds_count\\{{[^}}]*\\}} (\\d+)\n") is { Success: true } found ? int.Parse(found.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
    }

    private static async Task<string> SumOfAppAsync(WakeMetrics metrics) => Regex.Match(await TextAsync(metrics), "tenantry_wake_app_seconds_sum\\{[^}]*\\} (\\S+)\n").Groups[1].Value;

    private static async Task<string> TextAsync(WakeMetrics metrics)
    {
        var text = new Server.Metrics.PrometheusText();
        await metrics.WriteAsync(text, CancellationToken.None);
        return text.ToString();
    }

    private static async Task<InstanceSpec> AsleepAsync(Workbench bench, string slug)
    {
        var spec = await bench.RunningAsync(slug);
        var rest = new InstanceRest(DesiredState.Asleep, "idle for 10 min", bench.Time.GetUtcNow(), bench.Time.GetUtcNow().AddMinutes(-10));
        (await bench.Store.PutRestAsync(spec.Id, rest, null, spec.Generation, CancellationToken.None)).ShouldBeTrue();
        (await bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);
        return spec;
    }
}
