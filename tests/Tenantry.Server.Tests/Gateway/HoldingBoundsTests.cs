using System.Net;
using Microsoft.AspNetCore.Http;
using Tenantry.Server.Engine;
using Tenantry.Server.Gateway;
using Tenantry.Server.Gateway.Waking;
using Tenantry.Server.Tests.Serving;
using Endpoint = Tenantry.Model.Instances.Endpoint;
using static Tenantry.Server.Tests.Gateway.AtRest;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>How long requests that meet an instance at rest are held, and how many.</summary>
public class HoldingBoundsTests
{
    [Fact]
    public async Task WhoSharesAWakeThatSomebodyWithLessPatienceBeganIsHeldAsLongAsItsOwnLasts()
    {
        await using var app = await AppUpstream.StartAsync(context => context.Response.WriteAsync("hello from the app"));
        await using var gateway = await TestGateway.StartAsync();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var isThere = false;
        gateway.Engine.Wake = (_, _) =>
        {
            begun.TrySetResult();
            return Task.FromResult(Volatile.Read(ref isThere) ? AwakeAt(app.Port) : new WakeAnswer(WakeOutcome.NotNow, "It is being updated.", 2));
        };
        gateway.Lead(
            ("alice.localhost", new Route("id-alice", "alice", "alice", RouteState.Resting, null) { Rules = Rules with { TimeoutSeconds = 1 } }),
            ("own.example", new Route("id-alice", "alice", "alice", RouteState.Resting, null) { Rules = Rules }));
        using var hasty = gateway.Client();
        using var patient = gateway.Client("own.example");

        var refused = hasty.GetAsync("/");
        await begun.Task.SoonAsync();
        var held = patient.GetStringAsync("/");
        using (var answer = await refused)
            answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        held.IsCompleted.ShouldBeFalse();
        Volatile.Write(ref isThere, true);

        (await held).ShouldBe("hello from the app");
    }

    [Fact]
    public async Task ARequestThatFindsNoRoomAtAllTakesNobodysPlaceFromTheCount()
    {
        await using var gateway = await TestGateway.StartAsync(waiting: new WakingOptions { WaitingInAll = 2, WaitingPerInstance = 2 });
        gateway.Engine.Wake = (_, _) => new TaskCompletionSource<WakeAnswer>().Task;
        gateway.Lead(
            ("alice.localhost", new Route("id-alice", "alice", "alice", RouteState.Resting, null) { Rules = Rules }),
            ("bob.localhost", new Route("id-bob", "bob", "bob", RouteState.Resting, null) { Rules = Rules }));
        using var alice = gateway.Client();
        using var bob = gateway.Client("bob.localhost");
        using var leaving = new CancellationTokenSource();
        var waits = new[] { alice.GetAsync("/"), bob.GetAsync("/", leaving.Token) };
        await UntilAsync(() => gateway.Held == 2);

        for (var i = 0; i < 3; i++)
        {
            using var answer = await alice.GetAsync("/");
            answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        }

        await leaving.CancelAsync();
        await UntilAsync(() => gateway.Held == 1);
        var second = alice.GetAsync("/");
        await UntilAsync(() => gateway.Held == 2);
        gateway.WaitingFor("id-alice").ShouldBe(2);
        (waits[0].IsCompleted, second.IsCompleted).ShouldBe((false, false));
    }

    [Fact]
    public async Task TheWaitingPagesQuestionsTakeNothingFromWhatTheTierLetsThrough()
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(("alice.localhost", new Route("id-alice", "alice", "alice", RouteState.Open, new Endpoint("127.0.0.1", 1))
        {
            Rules = Rules,
            Limits = new() { Rate = new() { Count = 1, Per = TimeSpan.FromHours(1) } },
        }));
        using var client = gateway.Client();

        for (var i = 0; i < 3; i++)
            (await client.GetStringAsync("/.well-known/tenantry/wake")).ShouldContain("\"phase\":\"awake\"");
    }
}
