using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Http;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Server.Engine;
using Tenantry.Server.Gateway;
using Tenantry.Server.Gateway.Waking;
using Tenantry.Server.Gateway.Webhooks;
using Tenantry.Server.Tests.Serving;
using static Tenantry.Server.Tests.Gateway.AtRest;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>Webhooks to instances that are not ready: their limits, and what becomes of those that the app does not take.</summary>
public sealed class WebhookTests : IDisposable
{
    private static readonly WakeRules Hooks = Rules with { Webhooks = [new WebhookRule("/hooks/*", 1000, 3600)] };
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    private static async Task<(HttpStatusCode Status, string? Id)> SendAsync(HttpClient client, HttpContent body, string path = "/hooks/x")
    {
        using var answer = await client.PostAsync(path, body);
        return (answer.StatusCode, answer.Headers.TryGetValues("Tenantry-Delivery", out var ids) ? ids.Single() : null);
    }

    [Fact]
    public async Task OneThatIsLargerThanTheManifestSaysIsRefusedAndNotKept()
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Engine.Wake = (_, _) => new TaskCompletionSource<WakeAnswer>().Task;
        var box = await gateway.KeepWebhooksAsync(folder.Data);
        LeadToRest(gateway, Hooks);
        using var client = gateway.Client();

        (await SendAsync(client, new ByteArrayContent(new byte[1001]))).Status.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        (await SendAsync(client, new StreamContent(new CountedStream(1001, _ => { })))).Status.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        box.HasPending("id-alice").ShouldBeFalse();
        (await SendAsync(client, new ByteArrayContent(new byte[1000]))).Status.ShouldBe(HttpStatusCode.Accepted);
        box.ListPending("id-alice").Count.ShouldBe(1);
    }

    [Fact]
    public async Task OneThatIsTooOldIsADeadLetter()
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Engine.Wake = (_, _) => Task.FromResult(new WakeAnswer(WakeOutcome.Failed, "it does not start", 1));
        var box = await gateway.KeepWebhooksAsync(folder.Data);
        LeadToRest(gateway, Rules with { Webhooks = [new WebhookRule("/hooks/*", 1000, 0.5)] });
        using var client = gateway.Client();

        var (_, id) = await SendAsync(client, new StringContent("late"));

        await UntilAsync(() => box.ListDead("id-alice").Count == 1);
        var dead = WebhookBox.Read(box.ListDead("id-alice").Single())!;
        dead.Id.ShouldBe(id);
        dead.Failure.ShouldNotBeNullOrEmpty();
        box.HasPending("id-alice").ShouldBeFalse();
    }

    [Fact]
    public async Task OneThatTheAppCannotTakeNowIsTriedAgainAndThoseBehindItWait()
    {
        var arrived = new ConcurrentQueue<string>();
        await using var app = await AppUpstream.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            arrived.Enqueue(await reader.ReadToEndAsync());
            context.Response.StatusCode = arrived.Count == 1 ? 503 : 200;
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Engine.Wake = (_, _) => Task.FromResult(AwakeAt(app.Port));
        var box = await gateway.KeepWebhooksAsync(folder.Data);
        LeadToRest(gateway, Hooks);
        using var client = gateway.Client();

        (await SendAsync(client, new StringContent("one"))).Status.ShouldBe(HttpStatusCode.Accepted);
        (await SendAsync(client, new StringContent("two"))).Status.ShouldBe(HttpStatusCode.Accepted);

        await UntilAsync(() => !box.HasPending("id-alice"));
        arrived.ShouldBe(["one", "one", "two"]);
    }

    [Theory]
    [InlineData("Transfer-Encoding: chunked\r\n\r\nno size\r\n", null, "HTTP/1.1 400 ")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n14\r\n01234567890123456789\r\n0\r\n\r\n", 10, "HTTP/1.1 413 ")]
    public async Task OneWhoseBodyIsNotWellFormedOrTooLargeForTheTierIsAnsweredAndNotKept(string rest, int? size, string answer)
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Engine.Wake = (_, _) => new TaskCompletionSource<WakeAnswer>().Task;
        var box = await gateway.KeepWebhooksAsync(folder.Data);
        gateway.Lead(("alice.localhost", new Route("id-alice", "alice", "alice", RouteState.Resting, null) { Rules = Hooks, Limits = size is { } most ? new RequestLimits { BodySize = most } : null }));
        await using var client = await gateway.ConnectAsync();

        await client.SendAsync("POST /hooks/x HTTP/1.1\r\nHost: alice.localhost\r\n" + rest);

        (await client.ReadToEndAsync()).ShouldStartWith(answer);
        box.HasPending("id-alice").ShouldBeFalse();
    }

    [Fact]
    public async Task OneWhoseConnectionTakesTooLongIsKeptAndAnotherRequestIsTold()
    {
        // A queue that is full: the kernel answers no more calls.
        using var full = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        full.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        full.Listen(0);
        var port = ((IPEndPoint)full.LocalEndPoint!).Port;
        using var first = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        await first.ConnectAsync(IPAddress.Loopback, port);
        await using var gateway = await TestGateway.StartAsync(options: new() { ConnectTimeout = TimeSpan.FromMilliseconds(300) });
        var box = await gateway.KeepWebhooksAsync(folder.Data);
        gateway.Lead(port, rules: Hooks);
        using var client = gateway.Client();

        (await SendAsync(client, new StringContent("kept"))).Status.ShouldBe(HttpStatusCode.Accepted);
        (await client.GetAsync("/")).StatusCode.ShouldBe(HttpStatusCode.BadGateway);

        box.HasPending("id-alice").ShouldBeTrue();
    }

    [Fact]
    public async Task AnInstanceWithoutWebhooksLeavesNoFolder()
    {
        await using var app = await AppUpstream.StartAsync(_ => Task.CompletedTask);
        await using var gateway = await TestGateway.StartAsync();
        gateway.Engine.Wake = (_, _) => Task.FromResult(AwakeAt(app.Port));
        var box = await gateway.KeepWebhooksAsync(folder.Data);
        foreach (var slug in (string[])["alice", "bob"])
        {
            LeadToRest(gateway, Hooks, slug);
            using var client = gateway.Client(slug + ".localhost");
            (await SendAsync(client, new StringContent("x"))).Status.ShouldBe(HttpStatusCode.Accepted);
            await UntilAsync(() => box.Instances.Count == 0);
        }
    }

    [Theory]
    [InlineData(WebhookBox.MostPerInstance, 1)]
    [InlineData(1, WebhookBox.MostBytesPerInstance)]
    public async Task MoreThanMayWaitAreRefusedWithATimeToComeBack(int count, long length)
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Engine.Wake = (_, _) => new TaskCompletionSource<WakeAnswer>().Task;
        var pending = Directory.CreateDirectory(Path.Combine(folder.Data, "id-alice", "pending")).FullName;
        for (var i = 0; i < count; i++)
        {
            using var file = File.Create(Path.Combine(pending, $"{i:D20}-{i}.hook"));
            file.SetLength(length);
        }

        // Nobody delivers here: they stay as they are.
        using var held = await new WebhookBox(folder.Data, TimeProvider.System).HoldAsync(CancellationToken.None);
        await gateway.KeepWebhooksAsync(folder.Data);
        LeadToRest(gateway, Hooks);
        using var client = gateway.Client();

        using var answer = await client.PostAsync("/hooks/x", new StringContent("more"));

        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        answer.Headers.RetryAfter.ShouldNotBeNull();
        Directory.GetFiles(pending).Length.ShouldBe(count);
    }

    [Fact]
    public async Task OneWhoseAnswerIsHeldIsAnsweredByTheApp()
    {
        var manifest = ManifestReader.Read(
            """
            app: hooks
            version: "1"
            services:
              web: { command: [serve], ports: [8080] }
            webhooks:
              - /hooks/*
              - { path: /github, answer: held }
            tiers: { free: {} }
            """,
            "tenantry.yaml").Manifest!;
        await using var app = await AppUpstream.StartAsync(context => context.Response.WriteAsync("the app's own word"));
        await using var gateway = await TestGateway.StartAsync();
        gateway.Engine.Wake = (_, _) => Task.FromResult(AwakeAt(app.Port));
        await gateway.KeepWebhooksAsync(folder.Data);
        LeadToRest(gateway, WakeRules.Of(manifest));
        using var client = gateway.Client();

        using var answer = await client.PostAsync("/github", new StringContent("push"));

        (await answer.Content.ReadAsStringAsync()).ShouldBe("the app's own word");
        LeadToRest(gateway, WakeRules.Of(manifest), "bob");
        using var bob = gateway.Client("bob.localhost");
        (await SendAsync(bob, new StringContent("x"))).Status.ShouldBe(HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task OneThatIsBeingDeliveredWhenTheTimeOfAStopIsOverIsDeliveredByTheNextOne()
    {
        var asked = new ConcurrentQueue<string>();
        await using var app = await AppUpstream.StartAsync(async context =>
        {
            asked.Enqueue(context.Request.Headers["Tenantry-Delivery"].ToString());
            if (asked.Count == 1)
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });
        await using (var first = await TestGateway.StartAsync())
        {
            first.Engine.Wake = (_, _) => Task.FromResult(AwakeAt(app.Port));
            await first.KeepWebhooksAsync(folder.Data);
            LeadToRest(first, Hooks);
            using var client = first.Client();
            (await SendAsync(client, new StringContent("think long"))).Status.ShouldBe(HttpStatusCode.Accepted);
            await UntilAsync(() => asked.Count == 1);
        }

        await using var next = await TestGateway.StartAsync();
        next.Engine.Wake = (_, _) => Task.FromResult(AwakeAt(app.Port));
        LeadToRest(next, Hooks);
        var box = await next.KeepWebhooksAsync(folder.Data);

        await UntilAsync(() => !box.HasPending("id-alice"));
        asked.Count.ShouldBe(2);
        asked.Distinct().ShouldHaveSingleItem();
    }

    [Theory]
    [InlineData(301)]
    [InlineData(401)]
    public async Task AnAnswerThatSendsItElsewhereOrRefusesItIsNoDelivery(int status)
    {
        await using var app = await AppUpstream.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Engine.Wake = (_, _) => Task.FromResult(AwakeAt(app.Port));
        var box = await gateway.KeepWebhooksAsync(folder.Data);
        LeadToRest(gateway, Hooks);
        using var client = gateway.Client();

        await SendAsync(client, new StringContent("x"));

        await UntilAsync(() => box.ListDead("id-alice").Count == 1);
        WebhookBox.Read(box.ListDead("id-alice").Single())!.Failure!.ShouldContain($"{status}");
    }

    [Fact]
    public async Task OneForAnInstanceThatDiedAMomentAgoIsKept()
    {
        await using var gateway = await TestGateway.StartAsync(waiting: new WakingOptions { ForOldRoutes = TimeSpan.FromMilliseconds(100) });
        gateway.Engine.Wake = (_, _) => new TaskCompletionSource<WakeAnswer>().Task;
        var box = await gateway.KeepWebhooksAsync(folder.Data);
        using var nobody = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        nobody.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        gateway.Lead(("alice.localhost", new Route("id-alice", "alice", "alice", RouteState.Open, new Tenantry.Model.Instances.Endpoint("127.0.0.1", ((IPEndPoint)nobody.LocalEndPoint!).Port)) { Rules = Hooks }));
        using var client = gateway.Client();

        (await SendAsync(client, new StringContent("kept"))).Status.ShouldBe(HttpStatusCode.Accepted);

        WebhookBox.Read(box.ListPending("id-alice").Single())!.Body.ShouldBe("kept"u8.ToArray());
    }

    [Fact]
    public async Task WhatCouldNotBeSentOnIsNotKeptWhereItWouldHoldUpTheOthers()
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Engine.Wake = (_, _) => new TaskCompletionSource<WakeAnswer>().Task;
        var box = await gateway.KeepWebhooksAsync(folder.Data);
        LeadToRest(gateway, Hooks);

        await using (var client = await RawHttp2.ConnectAsync(gateway.Port))
        {
            await client.SendAsync(RawHttp2.Headers, RawHttp2.EndStream | RawHttp2.EndHeaders, 1, RawHttp2.Fields(
                (":method", "POST"), (":scheme", "http"), (":path", "/hooks/x"), (":authority", "alice.localhost"), ("x(y", "1")));
            await client.AnswerFramesAsync();
        }

        box.HasPending("id-alice").ShouldBeFalse();
    }
}
