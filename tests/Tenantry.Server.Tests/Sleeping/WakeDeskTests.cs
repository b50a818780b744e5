using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Operations;
using Tenantry.Server.Engine;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Sleeping;
using Tenantry.Server.Tests.Reconciling;
using Tenantry.Server.Tests.Serving;

namespace Tenantry.Server.Tests.Sleeping;

/// <summary>What a gateway is told that came to a shut door.</summary>
public sealed class WakeDeskTests
{
    [Fact]
    public async Task AnInstanceThatIsBeingRestartedIsNotSaidToBeThereUntilItIs()
    {
        await using var bench = await Workbench.StartAsync();
        var spec = await bench.RunningAsync("alice");
        var slow = new SlowToWake();
        var reconciler = bench.NewReconciler(bench.Store, slow.Around);
        await using var desk = new WakeDesk(bench.Store, reconciler, new WakeMetrics(), bench.Time, NullLogger<WakeDesk>.Instance);
        await bench.Fleet.ChangeAsync(spec.Id, OperationKind.Restart, before => before with { RestartNonce = before.RestartNonce + 1 });
        var pass = reconciler.PassAsync(spec.Id, CancellationToken.None);
        await slow.Waits.WaitAsync(TimeSpan.FromSeconds(60));

        (await AfterAsync(bench, desk, spec.Id)).Outcome.ShouldBe(WakeOutcome.NotNow, "its status names the endpoint that is going");
        slow.Healthy.SetResult();
        (await pass.SoonAsync()).End.ShouldBe(PassEnd.Settled);

        var answer = await AfterAsync(bench, desk, spec.Id);
        answer.Outcome.ShouldBe(WakeOutcome.Awake);
        answer.Endpoint.ShouldNotBeNull();
    }

    private static async Task<WakeAnswer> AfterAsync(Workbench bench, WakeDesk desk, string id)
    {
        var asked = desk.WakeAsync(id, new WakeRequest(0), CancellationToken.None);
        await bench.Time.AdvanceUntilAsync(asked, TimeSpan.FromMilliseconds(200));
        return await asked;
    }
}
