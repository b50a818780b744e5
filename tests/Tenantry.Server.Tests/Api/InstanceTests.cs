using System.Net;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Plans;
using Tenantry.Model.Wire;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

public class InstanceTests
{
    private static HttpRequestMessage Patch(object body, string? ifMatch = "*", string slug = "alice", string query = "")
    {
        var request = new HttpRequestMessage(HttpMethod.Patch, $"/v1/instances/{slug}{query}") { Content = Json(body) };
        if (ifMatch is not null)
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        return request;
    }

    [Fact]
    public async Task AnInstanceIsAskedForWithAnOperationToWatch()
    {
        await using var api = await StartAsync();
        var release = await api.SetUpAsync();
        using var tenant = await api.Local.PostAsync("/v1/tenants", Json(new { name = "alice" }));

        using var answer = await api.Local.PostAsync("/v1/instances", Json(new { tenant = "alice", app = "notes" }));

        var operation = await ReadAsync<OperationResponse>(answer, HttpStatusCode.Accepted);
        answer.Headers.Location!.OriginalString.ShouldBe($"/v1/operations/{operation.Id}");
        (operation.Kind, operation.State, operation.Slug, operation.Generation, operation.RequestedBy).ShouldBe(
            (OperationKind.Create, OperationState.Pending, "alice", 1, "local"));
        var instance = await api.GetAsync("alice");
        (instance.Tenant, instance.Organization, instance.App, instance.Environment, instance.Target, instance.Tier, instance.Release).ShouldBe(
            ("alice", "default", "notes", "prod", "local", "free", release));
        (instance.Phase, instance.Health, instance.Generation, instance.ObservedGeneration, instance.Desired).ShouldBe(
            (InstancePhase.Pending, InstanceHealth.Unknown, 1, 0, DesiredState.Running));
        instance.Url.ShouldBe("http://alice.localhost:8080");
        instance.Id.ShouldBe(operation.InstanceId);
        api.Engine.Poked.ShouldBe([instance.Id]);
        (await ReadAsync<OperationResponse>(await api.Local.GetAsync(answer.Headers.Location))).Id.ShouldBe(operation.Id);
    }

    [Fact]
    public async Task TheEngineNeedNotBeThereToAskForAnInstance()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        api.Engine.IsAway = true;

        (await api.AddAsync("alice")).State.ShouldBe(OperationState.Pending);
    }

    [Fact]
    public async Task SlugsAreDerivedAndNeverTaken()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.ApplyAsync(Manifest.Replace("app: notes", "app: wiki", StringComparison.Ordinal));
        await api.AddAsync("alice");

        async Task<string> SlugAsync(object body) => (await ReadAsync<OperationResponse>(await api.Local.PostAsync("/v1/instances", Json(body)), HttpStatusCode.Accepted)).Slug;

        (await SlugAsync(new { tenant = "alice", app = "notes", environment = "staging" })).ShouldBe("alice-staging");
        (await SlugAsync(new { tenant = "alice", app = "wiki" })).ShouldBe("alice-wiki");
        (await SlugAsync(new { tenant = "alice", app = "wiki", environment = "qa", slug = "special" })).ShouldBe("special");
    }

    [Fact]
    public async Task TheSameInstanceTwiceIsAConflict()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");

        var problem = await ProblemAsync(
            await api.Local.PostAsync("/v1/instances", Json(new { tenant = "alice", app = "notes" })), HttpStatusCode.Conflict, ProblemCodes.Conflict);
        await ProblemAsync(
            await api.Local.PostAsync("/v1/instances?dryRun=true", Json(new { tenant = "alice", app = "notes", slug = "other" })), HttpStatusCode.Conflict, ProblemCodes.Conflict);

        problem.Detail.ShouldContain("'alice'");
    }

    [Fact]
    public async Task WhatTheRequestNamesMustExist()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        using var tenant = await api.Local.PostAsync("/v1/tenants", Json(new { name = "alice" }));

        async Task<string> MissingAsync(object body) =>
            (await ProblemAsync(await api.Local.PostAsync("/v1/instances", Json(body)), HttpStatusCode.NotFound, ProblemCodes.NotFound)).Errors!.ShouldHaveSingleItem().Path;

        (await MissingAsync(new { tenant = "bob", app = "notes" })).ShouldBe("tenant");
        (await MissingAsync(new { tenant = "alice", app = "wiki" })).ShouldBe("app");
        (await MissingAsync(new { tenant = "alice", app = "notes", target = "moon" })).ShouldBe("target");
        (await MissingAsync(new { tenant = "alice", app = "notes", release = "notes-0" })).ShouldBe("release");
    }

    [Fact]
    public async Task EveryMistakeIsToldAtOnce()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        using var tenant = await api.Local.PostAsync("/v1/tenants", Json(new { name = "alice" }));

        var problem = await ProblemAsync(
            await api.Local.PostAsync("/v1/instances", Json(new
            {
                tenant = "alice",
                app = "notes",
                tier = "fre",
                slug = "No_Slug",
                environment = "-",
                hosts = new[] { "bob.localhost", "http://x", "ok.example.com", "OK.example.com.", "127.0.0.1", "localhost", "bücher.example" },
                features = new { bta = "true", limit = "many", beta = "yes", elsewhere = "1" },
            })),
            HttpStatusCode.UnprocessableEntity,
            ProblemCodes.Invalid);

        problem.Errors!.Select(e => e.Path).ShouldBe(
            ["environment", "tier", "hosts[0]", "hosts[1]", "hosts[3]", "hosts[4]", "hosts[5]", "hosts[6]", "features.beta", "features.bta", "features.limit", "features.elsewhere", "slug"],
            ignoreOrder: true);
        problem.Errors!.First(e => e.Path == "tier").Message.ShouldContain("Did you mean 'free'?");
        problem.Errors!.First(e => e.Path == "features.bta").Message.ShouldContain("Did you mean 'beta'?");
        problem.Errors!.First(e => e.Path == "features.elsewhere").Message.ShouldBe("The manifest has no feature 'elsewhere'; it has beta, limit.");
        problem.Errors!.First(e => e.Path == "features.limit").Message.ShouldBe("'limit' wants a number, 'many' is none.");
        problem.Errors!.First(e => e.Path == "features.beta").Message.ShouldBe("'beta' wants true or false, 'yes' is neither.");
        problem.Errors!.First(e => e.Path == "hosts[6]").Message.ShouldContain("Write it as xn--bcher-kva.example.");
    }

    [Fact]
    public async Task NoInstanceTakesTheServersOwnNames()
    {
        await using var api = await StartAsync(apiUrl: new Uri("https://console.localhost"), gatewayUrl: new Uri("https://gate.example.com"));
        await api.SetUpAsync();
        using var tenant = await api.Local.PostAsync("/v1/tenants", Json(new { name = "console" }));

        var problem = await ProblemAsync(
            await api.Local.PostAsync("/v1/instances", Json(new { tenant = "console", app = "notes", slug = "console", hosts = new[] { "Gate.example.com", "a.b\n" } })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        var made = await ReadAsync<OperationResponse>(await api.Local.PostAsync("/v1/instances", Json(new { tenant = "console", app = "notes" })), HttpStatusCode.Accepted);

        problem.Errors!.Select(error => error.Path).ShouldBe(["hosts[0]", "hosts[1]", "slug"]);
        made.Slug.ShouldNotBe("console");
    }

    [Theory]
    [InlineData("www")]
    [InlineData("api")]
    [InlineData("xn--x")]
    [InlineData("a.b")]
    [InlineData("-a")]
    [InlineData("alice\n")]
    [InlineData("")]
    public async Task ASlugThatCannotBeIsRefused(string slug)
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        using var tenant = await api.Local.PostAsync("/v1/tenants", Json(new { name = "alice" }));

        var problem = await ProblemAsync(
            await api.Local.PostAsync("/v1/instances", Json(new { tenant = "alice", app = "notes", slug })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);

        problem.Errors!.ShouldHaveSingleItem().Path.ShouldBe("slug");
    }

    [Fact]
    public async Task WithSeveralTargetsOneMustBeNamed()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        using var second = await api.Local.PutAsync("/v1/targets/other", Json(new { kind = "docker" }));
        using var tenant = await api.Local.PostAsync("/v1/tenants", Json(new { name = "alice" }));

        var problem = await ProblemAsync(
            await api.Local.PostAsync("/v1/instances", Json(new { tenant = "alice", app = "notes" })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        using var named = await api.Local.PostAsync("/v1/instances", Json(new { tenant = "alice", app = "notes", target = "other" }));

        problem.Errors!.ShouldHaveSingleItem().Message.ShouldContain("local, other");
        named.StatusCode.ShouldBe(HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task ADryRunOfACreationShowsThePlanOfTheTarget()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        using var tenant = await api.Local.PostAsync("/v1/tenants", Json(new { name = "alice" }));
        api.Engine.Plan = new Plan([new PlanStep(new ResourceName("volume", "data"), StepAction.Create, "it is missing")], new Money(1.20m, "USD"));

        var plan = await ReadAsync<PlanResponse>(
            await api.Local.PostAsync("/v1/instances?dryRun=true", Json(new { tenant = "alice", app = "notes" })), HttpStatusCode.OK);

        plan.Steps.ShouldBe([new PlanStepResponse("volume", "data", StepAction.Create, "it is missing")]);
        plan.MonthlyCost.ShouldBe(new MoneyResponse("1.20", "USD"));
        plan.Changes.ShouldContain(new ChangeResponse("instance alice", "tier", null, "free"));
        api.Engine.Planned.ShouldHaveSingleItem().Slug.ShouldBe("alice");
        api.Engine.Poked.ShouldBeEmpty();
        await ProblemAsync(await api.Local.GetAsync("/v1/instances/alice"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }

    [Fact]
    public async Task AChangeIsANewGenerationWithAnOperation()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        await api.SeeAsync("alice", InstancePhase.Running);
        var newer = await api.ApplyAsync(Manifest.Replace("1.0", "1.1", StringComparison.Ordinal));

        using var answer = await api.Local.SendAsync(Patch(
            new { release = "latest", tier = "pro", hosts = new[] { "Notes.Example.com" }, features = new { beta = "true" } }, "\"1\""));

        var operation = await ReadAsync<OperationResponse>(answer, HttpStatusCode.Accepted);
        (operation.Kind, operation.Generation).ShouldBe((OperationKind.Update, 2));
        answer.Headers.ETag!.Tag.ShouldBe("\"2\"");
        var instance = await api.GetAsync("alice");
        (instance.Generation, instance.Release, instance.Tier).ShouldBe((2, newer, "pro"));
        instance.Hosts.ShouldBe(["notes.example.com"]);
        instance.Features.ShouldBe(new Dictionary<string, string>(StringComparer.Ordinal) { ["beta"] = "true" });
        instance.RunningRelease.ShouldNotBe(newer);
    }

    [Fact]
    public async Task AChangeNeedsTheGenerationThatItChanges()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");

        await ProblemAsync(await api.Local.SendAsync(Patch(new { tier = "pro" }, null)), HttpStatusCode.PreconditionRequired, ProblemCodes.PreconditionRequired);
        await ProblemAsync(await api.Local.SendAsync(Patch(new { tier = "pro" }, "\"2\"")), HttpStatusCode.PreconditionFailed, ProblemCodes.PreconditionFailed);
        (await api.GetAsync("alice")).Tier.ShouldBe("free");
    }

    [Fact]
    public async Task AChangeThatChangesNothingIsNoOperation()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");

        using var answer = await api.Local.SendAsync(Patch(new { tier = "free", target = "local" }));

        (await ReadAsync<InstanceDetailResponse>(answer, HttpStatusCode.OK)).Generation.ShouldBe(1);
    }

    [Fact]
    public async Task AnInstanceStaysOnItsTarget()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");

        var problem = await ProblemAsync(await api.Local.SendAsync(Patch(new { target = "other" })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);

        problem.Errors!.ShouldHaveSingleItem().Path.ShouldBe("target");
    }

    [Fact]
    public async Task AFeatureGoesBackToItsDefaultWithNull()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        using var first = await api.Local.SendAsync(Patch(new { features = new { beta = "true", limit = "5" } }));

        using var second = await api.Local.SendAsync(Patch(new { features = new Dictionary<string, string?>(StringComparer.Ordinal) { ["beta"] = null } }));

        second.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await api.GetAsync("alice")).Features.ShouldBe(new Dictionary<string, string>(StringComparer.Ordinal) { ["limit"] = "5" });
    }

    [Fact]
    public async Task AHostOfAnotherInstanceIsAConflict()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        await api.AddAsync("bob");
        using var first = await api.Local.SendAsync(Patch(new { hosts = new[] { "notes.example.com" } }));

        await ProblemAsync(await api.Local.SendAsync(Patch(new { hosts = new[] { "notes.example.com" } }, slug: "bob")), HttpStatusCode.Conflict, ProblemCodes.Conflict);
    }

    // A dry run said that all would be well.
    [Fact]
    public async Task ADryRunSeesThatAHostIsTaken()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        await api.AddAsync("bob");
        using var first = await api.Local.SendAsync(Patch(new { hosts = new[] { "notes.example.com" } }));

        var ofNew = await ProblemAsync(
            await api.Local.PostAsync("/v1/instances?dryRun=true", Json(new { tenant = "carol", app = "notes", newTenant = new { name = "carol" }, hosts = new[] { "notes.example.com" } })), HttpStatusCode.Conflict, ProblemCodes.Conflict);
        var ofPresent = await ProblemAsync(await api.Local.SendAsync(Patch(new { hosts = new[] { "notes.example.com" } }, query: "?dryRun=true", slug: "bob")), HttpStatusCode.Conflict, ProblemCodes.Conflict);
        using var own = await api.Local.SendAsync(Patch(new { hosts = new[] { "notes.example.com" }, tier = "pro" }, query: "?dryRun=true"));

        foreach (var problem in (ProblemResponse[])[ofNew, ofPresent])
            problem.Detail.ShouldBe("The host 'notes.example.com' leads to another instance already.");
        own.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task ADryRunOfAChangeShowsEachField()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");

        var plan = await ReadAsync<PlanResponse>(await api.Local.SendAsync(Patch(new { tier = "pro" }, query: "?dryRun=true")), HttpStatusCode.OK);

        plan.Changes.ShouldBe([new ChangeResponse("instance alice", "tier", "free", "pro")]);
        (await api.GetAsync("alice")).Generation.ShouldBe(1);
        api.Engine.Planned.ShouldHaveSingleItem().Generation.ShouldBe(2);
    }
}
