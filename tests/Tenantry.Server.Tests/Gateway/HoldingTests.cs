using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Tenantry.Model.Instances;
using Tenantry.Server.Engine;
using Tenantry.Server.Gateway;
using Tenantry.Server.Gateway.Waking;
using Tenantry.Server.Tests.Serving;
using Endpoint = Tenantry.Model.Instances.Endpoint;
using static Tenantry.Server.Tests.Gateway.AtRest;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>Requests that meet an instance at rest, with an engine that a test tells what comes of a wake.</summary>
public class HoldingTests
{
    [Fact]
    public async Task ARequestIsHeldAndAnsweredByTheAppOnceItIsAwake()
    {
        await using var app = await AppUpstream.StartAsync(context => context.Response.WriteAsync("hello from the app"));
        await using var gateway = await TestGateway.StartAsync();
        var wake = new TaskCompletionSource<WakeAnswer>();
        gateway.Engine.Wake = (_, _) => wake.Task;
        LeadToRest(gateway);
        using var client = gateway.Client();

        var asked = client.GetStringAsync("/");
        await UntilAsync(() => gateway.Held == 1);
        wake.SetResult(AwakeAt(app.Port));

        (await asked).ShouldBe("hello from the app");
        gateway.Held.ShouldBe(0);
        (await client.GetStringAsync("/again")).ShouldBe("hello from the app", "the routes do not know yet, and it is awake");
    }

    [Theory]
    [InlineData("/", "GET")]
    [InlineData("/.well-known/tenantry/wake", "GET")]
    [InlineData("/hook", "POST")]
    public async Task AnInstanceOfAnotherEnginesMachineIsNotWaitedForAndItIsSaidWhereItIs(string path, string method)
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Engine.Wake = (_, _) => throw new InvalidOperationException("Nobody here wakes it.");
        gateway.Lead(("alice.localhost", new Route("id-alice", "alice", "alice-tenant", RouteState.Elsewhere, null) { Elsewhere = "other-1a2b" }));
        using var client = gateway.Client();

        using var answer = await client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path) { Headers = { { "Accept", "text/html" } } });

        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        answer.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(30));
        (await answer.Content.ReadAsStringAsync()).ShouldContain("other-1a2b");
    }

    [Fact]
    public async Task ARequestThatMeetsAChangeIsHeldUntilItIsDoneAndAMonitorIsToldAtOnce()
    {
        await using var app = await AppUpstream.StartAsync(context => context.Response.WriteAsync("hello from the app"));
        await using var gateway = await TestGateway.StartAsync();
        var done = new TaskCompletionSource<WakeAnswer>();
        gateway.Engine.Wake = (_, _) => done.Task;
        gateway.Lead(("alice.localhost", new Route("id-alice", "alice", "alice", RouteState.Updating, null) { Rules = Rules }));
        using var client = gateway.Client();

        var asked = client.GetStringAsync("/");
        await UntilAsync(() => gateway.Held == 1);
        using var probe = await client.GetAsync("/healthz");
        probe.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable, "204 would say that it is well");
        done.SetResult(new WakeAnswer(WakeOutcome.Awake, Endpoint: new Endpoint("127.0.0.1", app.Port)));

        (await asked).ShouldBe("hello from the app");
    }

    [Fact]
    public async Task AllWaitingRequestsShareOneWake()
    {
        await using var app = await AppUpstream.StartAsync(context => context.Response.WriteAsync("ok"));
        await using var gateway = await TestGateway.StartAsync();
        var wakes = 0;
        var wake = new TaskCompletionSource<WakeAnswer>();
        gateway.Engine.Wake = (_, _) =>
        {
            Interlocked.Increment(ref wakes);
            return wake.Task;
        };
        LeadToRest(gateway);
        using var client = gateway.Client();

        var asked = Enumerable.Range(0, 50).Select(_ => client.GetStringAsync("/")).ToList();
        await UntilAsync(() => gateway.Held == 50);
        wake.SetResult(AwakeAt(app.Port));

        (await Task.WhenAll(asked)).ShouldAllBe(body => body == "ok");
        wakes.ShouldBe(1);
    }

    [Fact]
    public async Task ABrowserThatWaitsGetsAPageThatAsksUntilItIsAwake()
    {
        await using var app = await AppUpstream.StartAsync(context => context.Response.WriteAsync("the app"));
        await using var gateway = await TestGateway.StartAsync(waiting: new WakingOptions { BeforePage = TimeSpan.FromMilliseconds(50) });
        var wake = new TaskCompletionSource<WakeAnswer>();
        gateway.Engine.Wake = (_, _) => wake.Task;
        LeadToRest(gateway);
        using var client = gateway.Client();
        client.DefaultRequestHeaders.Add("Accept", "text/html,*/*");

        var page = await client.GetAsync("/");

        page.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        page.Headers.RetryAfter.ShouldNotBeNull();
        page.Headers.CacheControl!.NoStore.ShouldBeTrue();
        (await page.Content.ReadAsStringAsync()).ShouldContain("alice is waking up");
        var poll = client.GetStringAsync("/.well-known/tenantry/wake");
        wake.SetResult(AwakeAt(app.Port));
        (await poll).ShouldContain("\"phase\":\"awake\"");
        (await client.GetStringAsync("/")).ShouldBe("the app");
    }

    [Theory]
    [InlineData(RouteState.Starting, "alice is being set up")]
    [InlineData(RouteState.Updating, "alice is being changed")]
    public async Task ABrowserThatIsEarlyGetsThePageThatTurnsIntoTheApp(RouteState state, string title)
    {
        await using var gateway = await TestGateway.StartAsync(waiting: new WakingOptions { BeforePage = TimeSpan.Zero });
        gateway.Engine.Wake = (_, _) => new TaskCompletionSource<WakeAnswer>().Task;
        gateway.Lead(("alice.localhost", new Route("id-alice", "alice", "alice", state, null) { Rules = Rules }));
        using var client = gateway.Client();
        client.DefaultRequestHeaders.Add("Accept", "text/html");

        using var answer = await client.GetAsync("/");

        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        answer.Headers.RetryAfter.ShouldNotBeNull();
        (await answer.Content.ReadAsStringAsync()).ShouldContain($"<h1>{title}</h1>");
    }

    [Fact]
    public async Task AProgramWaitsAndGetsNoPage()
    {
        await using var gateway = await TestGateway.StartAsync(waiting: new WakingOptions { BeforePage = TimeSpan.Zero });
        gateway.Engine.Wake = (_, _) => new TaskCompletionSource<WakeAnswer>().Task;
        LeadToRest(gateway, Rules with { TimeoutSeconds = 0.3 });
        using var client = gateway.Client();
        client.DefaultRequestHeaders.Add("Accept", "application/json");

        var answer = await client.GetAsync("/");

        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        answer.Headers.RetryAfter.ShouldNotBeNull();
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
    }

    [Fact]
    public async Task AFailedWakeIsToldAndNotTriedAgainAtOnce()
    {
        await using var gateway = await TestGateway.StartAsync();
        var wakes = 0;
        gateway.Engine.Wake = (_, _) =>
        {
            Interlocked.Increment(ref wakes);
            return Task.FromResult(new WakeAnswer(WakeOutcome.Failed, "It would not start.", 60));
        };
        LeadToRest(gateway);
        using var client = gateway.Client();

        for (var i = 0; i < 20; i++)
        {
            var answer = await client.GetAsync("/");
            answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds.ShouldBeInRange(40, 60);
            (await answer.Content.ReadAsStringAsync()).ShouldContain("It would not start.");
        }

        wakes.ShouldBe(1);
    }

    [Fact]
    public async Task MonitorsAreAnsweredWithoutWaking()
    {
        await using var gateway = await TestGateway.StartAsync();
        var wakes = 0;
        gateway.Engine.Wake = (_, _) =>
        {
            Interlocked.Increment(ref wakes);
            return Task.FromResult(new WakeAnswer(WakeOutcome.Failed, "no", 1));
        };
        LeadToRest(gateway);
        using var client = gateway.Client();

        foreach (var path in (string[])["/healthz", "/favicon.ico", "/favicon-32.png"])
            (await client.GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        wakes.ShouldBe(0);
        (await client.GetAsync("/healthz/deep")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await client.PostAsync("/healthz", null)).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable, "who sends something wants it to arrive");
        wakes.ShouldBe(1);
    }

    [Fact]
    public async Task MoreThanMayWaitAreRefusedWithATimeToComeBack()
    {
        await using var gateway = await TestGateway.StartAsync(waiting: new WakingOptions { WaitingPerInstance = 3, WaitingInAll = 5 });
        gateway.Engine.Wake = (_, _) => new TaskCompletionSource<WakeAnswer>().Task;
        gateway.Lead(((string, Route)[])[.. ((string[])["alice", "bob"]).Select(slug => (slug + ".localhost", new Route("id-" + slug, slug, slug, RouteState.Resting, null) { Rules = Rules }))]);
        using var alice = gateway.Client();
        using var bob = gateway.Client("bob.localhost");
        using var leaving = new CancellationTokenSource();

        var held = Enumerable.Range(0, 3).Select(_ => alice.GetAsync("/", leaving.Token)).ToList();
        await UntilAsync(() => gateway.Held == 3);
        (await alice.GetAsync("/")).Headers.RetryAfter.ShouldNotBeNull();
        held.AddRange(Enumerable.Range(0, 2).Select(_ => bob.GetAsync("/", leaving.Token)));
        await UntilAsync(() => gateway.Held == 5);
        (await bob.GetAsync("/")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);

        await leaving.CancelAsync();
        foreach (var one in held)
            await Should.ThrowAsync<OperationCanceledException>(() => one);
        await UntilAsync(() => gateway.Held == 0);
    }

    [Fact]
    public async Task WhileTheEngineIsAwayRequestsWaitForIt()
    {
        await using var app = await AppUpstream.StartAsync(context => context.Response.WriteAsync("ok"));
        await using var gateway = await TestGateway.StartAsync();
        gateway.Engine.IsAway = true;
        gateway.Engine.Wake = (_, _) => Task.FromResult(AwakeAt(app.Port));
        LeadToRest(gateway);
        using var client = gateway.Client();

        var asked = client.GetStringAsync("/");
        await UntilAsync(() => gateway.Held == 1);
        await Task.Delay(300);
        asked.IsCompleted.ShouldBeFalse();
        gateway.Engine.IsAway = false;

        (await asked).ShouldBe("ok");
    }

    [Fact]
    public async Task AGateIsNotClosedWhileARequestIsUnderWayAndNoneGoesThroughOnceItIs()
    {
        var answer = new TaskCompletionSource();
        var arrived = 0;
        await using var app = await AppUpstream.StartAsync(async context =>
        {
            Interlocked.Increment(ref arrived);
            if (context.Request.Path == "/slow")
                await answer.Task;
            await context.Response.WriteAsync("ok");
        });
        await using var gateway = await TestGateway.StartAsync();
        var wakes = 0;
        gateway.Engine.Wake = (_, _) =>
        {
            Interlocked.Increment(ref wakes);
            // As the engine does when it has put it to rest.
            gateway.Engine.Orders.Writer.TryWrite(new GateOrder(GateOrderKind.Rested, "id-alice"));
            return Task.FromResult(AwakeAt(app.Port));
        };
        gateway.Lead(app.Port);
        using var client = gateway.Client();

        var slow = client.GetStringAsync("/slow");
        await UntilAsync(() => Volatile.Read(ref arrived) > 0);
        (await OrderAsync(gateway, new GateOrder(GateOrderKind.Close, "id-alice", 1))).ShouldBeFalse();
        (await client.GetStringAsync("/")).ShouldBe("ok", "the gate stayed open");
        answer.SetResult();
        await slow;
        await UntilAsync(async () => await OrderAsync(gateway, new GateOrder(GateOrderKind.Close, "id-alice", Random.Shared.Next(2, int.MaxValue))));
        wakes.ShouldBe(0);
        (await client.GetStringAsync("/")).ShouldBe("ok");
        wakes.ShouldBeGreaterThan(0, "behind a closed gate a request asks for a wake");
    }

    private static async Task<bool> OrderAsync(TestGateway gateway, GateOrder order)
    {
        gateway.Engine.Orders.Writer.TryWrite(order);
        using var late = new CancellationTokenSource(Waiting.Limit);
        await foreach (var report in gateway.Engine.Reports.Reader.ReadAllAsync(late.Token))
        {
            if (report.Reply is { } reply && reply.Ticket == order.Ticket)
                return reply.IsQuiet;
        }

        return false;
    }
}
