using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Tenantry.Model.Manifests;
using Tenantry.Server.Engine;
using Tenantry.Server.Gateway;
using Tenantry.Server.Gateway.Waking;
using Tenantry.Server.Gateway.Webhooks;
using Tenantry.Server.Tests.Serving;
using Tenantry.Server.Tests.Store;
using static Tenantry.Server.Tests.Gateway.AtRest;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>What stands in the way of delivering stored webhooks.</summary>
public sealed class WebhookDeliveryTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task OneOfAnInstanceWhoseRouteComesJustWhenAllRoutesAreThereIsNotForgotten()
    {
        await using var gateway = await TestGateway.StartAsync();
        var now = TimeProvider.System.GetUtcNow();
        new WebhookBox(folder.Data, TimeProvider.System).Store("id-alice", new StoredWebhook("one", now, now.AddHours(1), "POST", "http", "/hooks/x", "alice.localhost", null, [], [1])).ShouldBeTrue();
        var arrived = new TaskCompletionSource();
        await using var app = await AppUpstream.StartAsync(context =>
        {
            arrived.TrySetResult();
            return Task.CompletedTask;
        });

        await gateway.KeepWebhooksAsync(folder.Data, () =>
        {
            gateway.Lead(app.Port);
            return true;
        });

        await arrived.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task TheyAreDeliveredOnceWhatIsInTheWayOfTheirFolderIsGone()
    {
        var arrived = new TaskCompletionSource();
        await using var app = await AppUpstream.StartAsync(context =>
        {
            arrived.TrySetResult();
            return Task.CompletedTask;
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Engine.Wake = (_, _) => Task.FromResult(AwakeAt(app.Port));
        // No file can be made of that name, as on a full disk.
        var inTheWay = Directory.CreateDirectory(Path.Combine(folder.Data, ".lock")).FullName;
        await gateway.KeepWebhooksAsync(folder.Data);
        LeadToRest(gateway, Rules with { Webhooks = [new WebhookRule("/hooks/*", 1000, 3600)] });
        using var client = gateway.Client();
        using (var answer = await client.PostAsync("/hooks/x", new StringContent("one")))
            answer.StatusCode.ShouldBe(HttpStatusCode.Accepted);

        Directory.Delete(inTheWay);

        await arrived.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task OneThatTheAppLeavesUnansweredThreeTimesIsADeadLetterAndTheNextOneIsDelivered()
    {
        var asked = new SemaphoreSlim(0);
        var time = new ManualTime();
        await using var app = await AppUpstream.StartAsync(async context =>
        {
            if (await BodyOfAsync(context) == "next")
                return;
            asked.Release();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });
        await using var gateway = await TestGateway.StartAsync(options: new() { Time = time });
        gateway.Lead(("alice.localhost", Open(app.Port) with { Limits = new RequestLimits { TotalTimeout = TimeSpan.FromMinutes(10) } }));
        Store(time, "unanswered", "next");
        var box = await gateway.KeepWebhooksAsync(folder.Data, time: time);

        for (var times = 1; times <= 3; times++)
        {
            (await asked.WaitAsync(Patience)).ShouldBeTrue();
            // As long as the tier gives it, which is longer than it has where nothing is said.
            time.Advance(TimeSpan.FromMinutes(9));
            box.Pauses.Read("id-alice")?.Late.ShouldBe(times - 1);
            time.Advance(TimeSpan.FromMinutes(1));
            if (times == 3)
                continue;
            await UntilAsync(() => box.Pauses.Read("id-alice")?.Late == times);
            time.Advance(TimeSpan.FromMinutes(5));
        }

        await UntilAsync(() => !box.HasPending("id-alice"));
        var dead = WebhookBox.Read(box.ListDead("id-alice").ShouldHaveSingleItem())!;
        dead.Id.ShouldBe("unanswered");
        dead.Failure.ShouldBe("the app took it and did not answer in time, 3 times");
        asked.CurrentCount.ShouldBe(0);
    }

    [Fact]
    public async Task OneOverWhichTheAppIsSilentForLongerThanItsTierAllowsSaysThatItWasThat()
    {
        var asked = new SemaphoreSlim(0);
        var time = new ManualTime();
        await using var app = await AppUpstream.StartAsync(async context =>
        {
            asked.Release();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });
        await using var gateway = await TestGateway.StartAsync(options: new() { Time = time });
        gateway.Lead(("alice.localhost", Open(app.Port) with { Limits = new RequestLimits { TotalTimeout = TimeSpan.FromMinutes(10), IdleTimeout = TimeSpan.FromSeconds(30) } }));
        Store(time, "one");
        var box = await gateway.KeepWebhooksAsync(folder.Data, time: time);

        (await asked.WaitAsync(Patience)).ShouldBeTrue();
        time.Advance(TimeSpan.FromSeconds(31));

        await UntilAsync(() => box.Pauses.Read("id-alice") is { Late: 1, Reason: "the app took it and was silent for longer than the tier's idleTimeout" });
    }

    [Fact]
    public async Task OneWhoseAnswerBeginsAndDoesNotEndIsDeliveredAndHoldsUpTheNextOneForAMinuteAlone()
    {
        var time = new ManualTime();
        await using var app = RawUpstream.Start(async (connection, number) =>
        {
            await connection.ReadUntilAsync("\r\n\r\n");
            await connection.SendAsync(number == 1 ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" : "HTTP/1.1 204 No Content\r\n\r\n");
            await connection.ReadToEndAsync();
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(app.Port);
        Store(time, "endless", "next");
        var box = await gateway.KeepWebhooksAsync(folder.Data, time: time);

        await time.WaitForTimerAsync(TimeSpan.FromMinutes(1));
        box.ListPending("id-alice").Count.ShouldBe(2);
        time.Advance(TimeSpan.FromMinutes(1));

        await UntilAsync(() => !box.HasPending("id-alice"));
        box.ListDead("id-alice").ShouldBeEmpty();
        app.Connections.ShouldBe(2);
    }

    [Theory]
    [InlineData(RouteState.Failed)]
    [InlineData(RouteState.Starting)]
    [InlineData(RouteState.Resting)]
    public async Task WhenTheInstanceIsReadyItsWebhooksAreDeliveredHoweverLongTheyWouldHavePausedStill(RouteState before)
    {
        // A clock that stands: no pause ever ends by itself.
        var time = new ManualTime();
        await using var app = await AppUpstream.StartAsync(_ => Task.CompletedTask);
        await using var gateway = await TestGateway.StartAsync();
        gateway.Engine.Wake = (_, _) => Task.FromResult(new WakeAnswer(WakeOutcome.Failed, "It does not start.", 300));
        gateway.Lead(("alice.localhost", Open(app.Port) with { State = before, Endpoint = null }));
        Store(time, "one");
        var box = await gateway.KeepWebhooksAsync(folder.Data, time: time);
        await UntilAsync(() => box.Pauses.Has("id-alice"));

        gateway.Lead(app.Port);

        await UntilAsync(() => !box.HasPending("id-alice") && !box.Pauses.Has("id-alice"));
    }

    [Fact]
    public async Task WhatAPersonReplaysIsSentAtOnceBehindThoseThatWaitHoweverLongTheyWouldHavePausedStill()
    {
        var time = new ManualTime();
        var arrived = new ConcurrentQueue<string>();
        var isBroken = true;
        await using var app = await AppUpstream.StartAsync(async context =>
        {
            arrived.Enqueue(await BodyOfAsync(context));
            context.Response.StatusCode = Volatile.Read(ref isBroken) ? 503 : 200;
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(app.Port);
        var box = Store(time, "dead");
        await box.BuryAsync("id-alice", box.ListPending("id-alice").Single(), WebhookBox.Read(box.ListPending("id-alice").Single())!, "too often", CancellationToken.None);
        Store(time, "waiting");
        await gateway.KeepWebhooksAsync(folder.Data, time: time);
        await UntilAsync(() => box.Pauses.Read("id-alice") is { Id: "waiting", Reason: "the app answered 503" });
        Volatile.Write(ref isBroken, false);

        (await box.ReplayAsync("id-alice", "dead", CancellationToken.None)).ShouldBeTrue();

        await UntilAsync(() => !box.HasPending("id-alice"));
        arrived.ShouldBe(["waiting", "waiting", "dead"]);
    }

    [Theory]
    [InlineData(WakeOutcome.Failed, 40, 40)]
    [InlineData(WakeOutcome.Failed, 1000, 300)]
    [InlineData(WakeOutcome.Held, 60, 10)]
    public async Task AfterAWakeThatFailedTheyPauseAsLongAsRequestsAreToldAndWhereItIsHeldDownTenSecondsAtMost(WakeOutcome outcome, int told, int pause)
    {
        var time = new ManualTime();
        await using var gateway = await TestGateway.StartAsync();
        gateway.Engine.Wake = (_, _) => Task.FromResult(new WakeAnswer(outcome, "It does not wake.", told));
        LeadToRest(gateway);
        Store(time, "one");

        var box = await gateway.KeepWebhooksAsync(folder.Data, time: time);

        await UntilAsync(() => box.Pauses.Has("id-alice"));
        box.Pauses.Read("id-alice").ShouldBe(new WebhookPause("one", "It does not wake.", time.GetUtcNow().AddSeconds(pause), 0));
    }

    [Fact]
    public async Task OneThatIsBeingDeliveredAtAPlannedStopIsDeliveredOnceAndNoOtherIsBegun()
    {
        var asked = new ConcurrentQueue<string>();
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var app = await AppUpstream.StartAsync(async context =>
        {
            asked.Enqueue(await BodyOfAsync(context));
            await go.Task;
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(app.Port);
        Store(TimeProvider.System, "one", "two");
        var box = await gateway.KeepWebhooksAsync(folder.Data);
        await UntilAsync(() => !asked.IsEmpty);
        using var drain = new CancellationTokenSource(Patience);

        var stopping = gateway.StopWebhooksAsync(drain.Token);
        go.SetResult();
        await stopping;

        asked.ShouldBe(["one"]);
        WebhookBox.Read(box.ListPending("id-alice").ShouldHaveSingleItem())!.Id.ShouldBe("two");
    }

    [Fact]
    public async Task APauseThatCannotBeReadHoldsUpNothing()
    {
        await using var app = await AppUpstream.StartAsync(_ => Task.CompletedTask);
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(app.Port);
        Store(TimeProvider.System, "one");
        await File.WriteAllTextAsync(Path.Combine(folder.Data, "id-alice", "pause.json"), "");

        var box = await gateway.KeepWebhooksAsync(folder.Data);

        await UntilAsync(() => box.Instances.Count == 0);
    }

    private static async Task<string> BodyOfAsync(Microsoft.AspNetCore.Http.HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        return await reader.ReadToEndAsync();
    }

    private static Route Open(int port) => new("id-alice", "alice", "alice-tenant", RouteState.Open, new Tenantry.Model.Instances.Endpoint("127.0.0.1", port));

    // Each body is its id, too.
    private WebhookBox Store(TimeProvider time, params string[] bodies)
    {
        var box = new WebhookBox(folder.Data, time);
        var now = time.GetUtcNow();
        foreach (var body in bodies)
            box.Store("id-alice", new StoredWebhook(body, now, now.AddHours(72), "POST", "http", "/hooks/x", "alice.localhost", null, [], Encoding.ASCII.GetBytes(body))).ShouldBeTrue();
        return box;
    }
}
