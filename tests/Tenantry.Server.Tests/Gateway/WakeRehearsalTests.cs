using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Server.Engine;
using Tenantry.Server.Gateway.Waking;
using Tenantry.Server.Sleeping;
using Tenantry.Server.Tests.Reconciling;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>A wake that is rehearsed before somebody waits for one.</summary>
public sealed class WakeRehearsalTests
{
    [Fact]
    public async Task AMomentAfterTheStartAWakeOfNobodyIsAskedForOnceAndTheGatewayRemembersNothingOfIt()
    {
        await using var bench = await Workbench.StartAsync();
        var asked = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var engine = new FakeEngine
        {
            Wake = (id, _) =>
            {
                asked.SetResult(id);
                throw new KeyNotFoundException();
            },
        };
        var gates = new Gates(bench.Time);
        var waker = new Waker(engine, gates, new WakingOptions(), _ => { }, bench.Time, NullLogger<Waker>.Instance);
        using var rehearsal = new WakeRehearsal(waker, bench.Time);
        await rehearsal.StartAsync(CancellationToken.None);
        await bench.Time.AdvanceUntilAsync(asked.Task, TimeSpan.FromSeconds(0.5));

        (await asked.Task).ShouldBe(WakeRequest.Nobody);
        await rehearsal.ExecuteTask!;

        gates.All.ShouldBeEmpty();
        engine.Wake = (_, _) => Task.FromResult(new WakeAnswer(WakeOutcome.Held, "asked anew"));
        (await waker.WakeAsync(WakeRequest.Nobody, bench.Time.GetTimestamp(), TimeSpan.Zero)).Reason.ShouldBe("asked anew");
    }

    [Fact]
    public async Task AWakeOfNobodyIsWrittenNowhere()
    {
        await using var bench = await Workbench.StartAsync();
        await bench.RunningAsync("alice");
        var before = await bench.Store.LastChangeAsync(CancellationToken.None);
        await using var desk = new WakeDesk(bench.Store, bench.Reconciler, new WakeMetrics(), bench.Time, NullLogger<WakeDesk>.Instance);

        await Should.ThrowAsync<KeyNotFoundException>(() => desk.WakeAsync(WakeRequest.Nobody, new WakeRequest(0), CancellationToken.None));

        await desk.IdleAsync();
        (await bench.Store.LastChangeAsync(CancellationToken.None)).ShouldBe(before);
        (await bench.Store.ListWakesAsync(null, 10, CancellationToken.None)).ShouldBeEmpty();
    }
}
