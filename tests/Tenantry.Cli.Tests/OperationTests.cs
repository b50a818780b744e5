using Microsoft.AspNetCore.Http;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Tests;

public class OperationTests
{
    [Fact]
    public async Task AVerbWaitsShowsItsStepsAndEndsWithTheInstance()
    {
        await using var api = await FakeApi.StartAsync();
        Accept(api, "POST /v1/instances/alice/restart", Samples.Pending, Samples.Running, Samples.Succeeded);
        api.On("GET /v1/instances/alice", Samples.Alice);

        var run = await CliRun.Of(api, "restart", "alice");

        run.ExitCode.ShouldBe(0);
        run.Out.ShouldContain("create volume data  250 ms");
        run.Out.ShouldContain("start service web  1.8 s");
        run.Out.ShouldContain("alice is Running, Healthy: http://alice.localhost:8080");
        api.Single("POST /v1/instances/alice/restart").Headers.Keys.ShouldContain("Idempotency-Key");
    }

    [Fact]
    public async Task ForProgramsTheStepsGoToStandardErrorAndTheInstanceToStandardOutput()
    {
        await using var api = await FakeApi.StartAsync();
        Accept(api, "POST /v1/instances/alice/wake", Samples.Pending, Samples.Succeeded);
        api.On("GET /v1/instances/alice", Samples.Alice);

        var run = await CliRun.Of(api, "wake", "alice", "-o", "json");

        run.Json.GetProperty("slug").GetString().ShouldBe("alice");
        run.Error.ShouldContain("start service web");
    }

    [Fact]
    public async Task AFailedOperationIsExitCodeOneWithItsReason()
    {
        await using var api = await FakeApi.StartAsync();
        Accept(api, "POST /v1/instances/alice/restart", Samples.Pending, Samples.Failed);

        var run = await CliRun.Of(api, "restart", "alice", "-o", "json");

        run.ExitCode.ShouldBe(1);
        run.Error.ShouldContain("exit code 1. Last line: no such file.");
        run.Json.GetProperty("error").GetProperty("fix").GetString()!.ShouldContain("tenantry logs alice");
    }

    [Fact]
    public async Task AnOperationThatALaterChangeReplacedIsAConflict()
    {
        await using var api = await FakeApi.StartAsync();
        Accept(api, "POST /v1/instances/alice/restart", Samples.Pending, Samples.Running with { State = OperationState.Superseded, FinishedAt = Samples.Then });

        (await CliRun.Of(api, "restart", "alice")).ExitCode.ShouldBe(4);
    }

    [Fact]
    public async Task AnOperationThatTakesTooLongIsExitCodeSixWithTheInstancesReason()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("POST /v1/instances/alice/restart", Samples.Pending, 202);
        api.On("GET /v1/operations/op1/events", async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync($"data: {FakeApi.Json(Samples.Running)}\n\n");
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        api.On("GET /v1/instances/alice", Samples.Alice with { Reason = "The disk is full." });

        var run = await CliRun.Of(api, "restart", "alice", "--timeout", "200ms");

        run.ExitCode.ShouldBe(6);
        run.Error.ShouldContain("The disk is full.");
        run.Error.ShouldContain("tenantry operations show op1");
    }

    [Fact]
    public async Task AStreamThatBreaksIsTakenUpAgain()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("POST /v1/instances/alice/restart", Samples.Pending, 202);
        api.On("GET /v1/instances/alice", Samples.Alice);
        var attempts = 0;
        api.On("GET /v1/operations/op1/events", async context =>
        {
            context.Response.ContentType = "text/event-stream";
            if (++attempts == 1)
            {
                await context.Response.WriteAsync($"data: {FakeApi.Json(Samples.Running)}\n\n");
                await context.Response.Body.FlushAsync();
                context.Abort();
                return;
            }

            await context.Response.WriteAsync($"data: {FakeApi.Json(Samples.Succeeded)}\n\n");
        });

        var run = await CliRun.Of(api, "restart", "alice");

        run.ExitCode.ShouldBe(0, run.Error);
        attempts.ShouldBe(2);
    }

    [Fact]
    public async Task WithoutWaitingTheOperationIsTheAnswer()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("POST /v1/instances/alice/sleep", Samples.Pending, 202);

        var run = await CliRun.Of(api, "sleep", "alice", "--no-wait", "-o", "json");

        run.ExitCode.ShouldBe(0);
        run.Json.GetProperty("id").GetString().ShouldBe("op1");
        api.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task WhatIsSoAlreadyIsDone()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("POST /v1/instances/alice/freeze", Samples.Alice with { Phase = InstancePhase.Frozen });

        var run = await CliRun.Of(api, "freeze", "alice");

        run.ExitCode.ShouldBe(0);
        run.Out.ShouldContain("alice is frozen already");
    }

    [Fact]
    public async Task ADryRunPrintsThePlanAndChangesNothing()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("POST /v1/instances/alice/restart", context =>
        {
            context.Request.Query["dryRun"].ToString().ShouldBe("true");
            return context.Response.WriteAsync(FakeApi.Json(new PlanResponse(
                [new("instance alice", "restartNonce", "1", "2")],
                [new("service", "web", Model.Plans.StepAction.Stop, "a restart was asked for")],
                new("4.20", "EUR"),
                ["'sleep' is not acted on yet"])));
        });

        var run = await CliRun.Of(api, "restart", "alice", "--dry-run");

        run.ExitCode.ShouldBe(0);
        run.Out.ShouldContain("restartNonce");
        run.Out.ShouldContain("a restart was asked for");
        run.Out.ShouldContain("4.20 EUR");
        run.Error.ShouldContain("'sleep' is not acted on yet");
        api.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task OperationsAreListedAndShownWithTheirSteps()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnList("GET /v1/operations", Samples.Failed, Samples.Succeeded);
        api.On("GET /v1/operations/op1", Samples.Failed);

        var list = await CliRun.Of(api, "operations", "--instance", "alice", "--limit", "1", "-o", "json");
        var one = await CliRun.Of(api, "operations", "show", "op1");

        list.Json.GetArrayLength().ShouldBe(1);
        api.Single("GET /v1/operations").Query.ShouldContain("instance=alice");
        one.Out.ShouldContain("create volume data");
        one.Out.ShouldContain("Last line: no such file.");
    }

    [Fact]
    public async Task DeployingAnAppAsksForEveryInstanceBeforeItWaitsForTheFirst()
    {
        await using var api = await FakeApi.StartAsync();
        var bob = Samples.Listed(Samples.Alice) with { Slug = "bob" };
        api.On("GET /v1/apps/site", new AppResponse("site", "site-2", 1, Samples.Then, Samples.Then));
        api.OnList("GET /v1/instances", Samples.Listed(Samples.Alice), bob);
        Accept(api, "PATCH /v1/instances/alice", Samples.Pending, Samples.Succeeded);
        Accept(api, "PATCH /v1/instances/bob", Samples.Pending with { Id = "op2", Slug = "bob" }, Samples.Failed with { Id = "op2", Slug = "bob" });

        var run = await CliRun.Of(api, "deploy", "--app", "site", "--release", "site-2");

        run.ExitCode.ShouldBe(1);
        run.Error.ShouldContain("1 of 2 deployments did not succeed");
        api.Requests.Select(r => $"{r.Method} {r.Path}").ShouldBe(
            ["GET /v1/apps/site", "GET /v1/instances", "PATCH /v1/instances/alice", "PATCH /v1/instances/bob", "GET /v1/operations/op1/events", "GET /v1/instances/alice", "GET /v1/operations/op2/events"]);
        var patch = api.Single("PATCH /v1/instances/alice");
        patch.Body.ShouldContain("\"release\":\"site-2\"");
        patch.Headers["If-Match"].ShouldBe("*");
    }

    private static void Accept(FakeApi api, string methodAndPath, params OperationResponse[] states)
    {
        api.On(methodAndPath, states[0], 202);
        api.OnEvents(states);
    }
}
