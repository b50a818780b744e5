using System.Net;
using Tenantry.Dashboard.Serving;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Plans;
using Tenantry.Model.Wire;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

public class VerbTests
{
    private static HttpRequestMessage Patch(object body, string? ifMatch = "*", string slug = "alice", string query = "")
    {
        var request = new HttpRequestMessage(HttpMethod.Patch, $"/v1/instances/{slug}{query}") { Content = Json(body) };
        if (ifMatch is not null)
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        return request;
    }

    [Theory]
    [InlineData("restart", OperationKind.Restart, DesiredState.Running)]
    [InlineData("freeze", OperationKind.Freeze, DesiredState.Frozen)]
    [InlineData("sleep", OperationKind.Sleep, DesiredState.Asleep)]
    public async Task AVerbIsAnOperation(string verb, OperationKind kind, DesiredState desired)
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        await api.SeeAsync("alice", InstancePhase.Running);

        var operation = await ReadAsync<OperationResponse>(await api.Local.PostAsync($"/v1/instances/alice/{verb}", null), HttpStatusCode.Accepted);

        (operation.Kind, operation.Generation).ShouldBe((kind, 2));
        (await api.GetAsync("alice")).Desired.ShouldBe(desired);
    }

    [Fact]
    public async Task AFreezeIsRefusedWhereTheTargetCannotAndItsPageHasNoButtonForIt()
    {
        await using var api = await StartAsync(pages: new DashboardPages());
        await api.SetUpAsync();
        await api.AddAsync("alice");
        (await api.Local.PutAsync("/v1/targets/cloud", Json(new { kind = "aws", options = new { region = "eu-central-1" } }))).StatusCode.ShouldBe(HttpStatusCode.Created);
        await api.ApplyAsync("""
            app: site
            version: "1.0"
            services:
              web:
                image: docker.io/library/nginx:1
                ports: [80]
            egress: internet
            tiers:
              free: { memory: 512MB, cpu: 0.25 }
            defaultTier: free
            """);
        (await api.Local.PostAsync("/v1/instances", Json(new { tenant = "alice", app = "site", slug = "site", target = "cloud" }))).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        var browser = await Browser.SignedInAsync(api, "ann@example.com", Role.Operator);
        foreach (var slug in (string[])["alice", "site"])
            await api.SeeAsync(slug, InstancePhase.Running);

        foreach (var query in (string[])["", "?dryRun=true"])
        {
            var refused = await ProblemAsync(await api.Local.PostAsync($"/v1/instances/site/freeze{query}", null), HttpStatusCode.Conflict, ProblemCodes.Conflict);
            refused.Detail.ShouldBe("The target 'cloud' (kind aws) cannot freeze. Put the instance to sleep instead: 'tenantry sleep site'.");
        }

        (await api.GetAsync("site")).Desired.ShouldBe(DesiredState.Running);
        (await (await browser.GetAsync("/instances/site")).Content.ReadAsStringAsync()).ShouldNotContain("/instances/site/freeze");
        (await (await browser.GetAsync("/instances/alice")).Content.ReadAsStringAsync()).ShouldContain("/instances/alice/freeze");
    }

    [Fact]
    public async Task AVerbOnWhatIsSoAlreadyChangesNothing()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        await api.SeeAsync("alice", InstancePhase.Running);

        var instance = await ReadAsync<InstanceDetailResponse>(await api.Local.PostAsync("/v1/instances/alice/wake", null), HttpStatusCode.OK);

        instance.Generation.ShouldBe(1);
    }

    // It was answered that this is so, and hours that waited for a place in the quota, say, woke the instance all the same.
    [Theory]
    [InlineData("", HttpStatusCode.OK, 0)]
    [InlineData("\nsleep: { after: 10m, awake: 'daily 06:00-12:00' }\n", HttpStatusCode.Accepted, 4)]
    public async Task ASleepThatIsSaidAgainCountsForTheAwakeHoursInWhichItIsSaid(string policy, HttpStatusCode answer, int hours)
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.ApplyAsync(TestApi.Manifest.Replace("\"1.0\"", "\"1.1\"", StringComparison.Ordinal) + policy);
        await api.AddAsync("alice");
        await api.SeeAsync("alice", InstancePhase.Running);
        var first = api.Time.GetUtcNow();
        (await api.Local.PostAsync("/v1/instances/alice/sleep", null)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        await api.SeeAsync("alice", InstancePhase.Asleep);
        api.Time.Advance(TimeSpan.FromHours(4));

        (await api.Local.PostAsync("/v1/instances/alice/sleep", null)).StatusCode.ShouldBe(answer);

        (await api.Store.FindInstanceBySlugAsync("alice", CancellationToken.None))!.SaidAt.ShouldBe(first.AddHours(hours));
    }

    [Fact]
    public async Task AVerbThatIsUnderWayIsTheSameOperation()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        await api.SeeAsync("alice", InstancePhase.Running);

        var first = await ReadAsync<OperationResponse>(await api.Local.PostAsync("/v1/instances/alice/sleep", null), HttpStatusCode.Accepted);
        var second = await ReadAsync<OperationResponse>(await api.Local.PostAsync("/v1/instances/alice/sleep", null), HttpStatusCode.Accepted);

        second.Id.ShouldBe(first.Id);
    }

    // It was answered with the deployment's operation, which left the instance at rest.
    [Fact]
    public async Task AWakeDuringADeploymentWakesWhatTheEnginePutToRest()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        await api.SeeAsync("alice", InstancePhase.Running);
        var record = (await api.Store.FindInstanceBySlugAsync("alice", CancellationToken.None))!;
        var rest = new InstanceRest(DesiredState.Asleep, "idle for 10 min", api.Time.GetUtcNow(), api.Time.GetUtcNow().AddMinutes(-10));
        (await api.Store.PutRestAsync(record.Spec.Id, rest, null, record.Spec.Generation, CancellationToken.None)).ShouldBeTrue();
        await api.ApplyAsync(TestApi.Manifest.Replace("\"1.0\"", "\"1.1\"", StringComparison.Ordinal));
        using var deployment = await api.Local.SendAsync(Patch(new { release = "latest" }));
        deployment.StatusCode.ShouldBe(HttpStatusCode.Accepted);

        var operation = await ReadAsync<OperationResponse>(await api.Local.PostAsync("/v1/instances/alice/wake", null), HttpStatusCode.Accepted);

        operation.Kind.ShouldBe(OperationKind.Wake);
        (await api.Store.FindInstanceBySlugAsync("alice", CancellationToken.None))!.Rest.ShouldBeNull();
    }

    [Fact]
    public async Task WhatFailedIsTriedAgainWhenItIsAskedForAgain()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        await api.SeeAsync("alice", InstancePhase.Failed, OperationState.Failed);

        var operation = await ReadAsync<OperationResponse>(await api.Local.PostAsync("/v1/instances/alice/wake", null), HttpStatusCode.Accepted);

        operation.Generation.ShouldBe(2);
    }

    [Fact]
    public async Task VerbsThatMakeNoSenseAreConflicts()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        using var sleep = await api.Local.PostAsync("/v1/instances/alice/sleep", null);

        await ProblemAsync(await api.Local.PostAsync("/v1/instances/alice/freeze", null), HttpStatusCode.Conflict, ProblemCodes.Conflict);
        await ProblemAsync(await api.Local.PostAsync("/v1/instances/alice/restart", null), HttpStatusCode.Conflict, ProblemCodes.Conflict);
        using var delete = await api.Local.DeleteAsync("/v1/instances/alice");
        await ProblemAsync(await api.Local.PostAsync("/v1/instances/alice/wake", null), HttpStatusCode.Conflict, ProblemCodes.Conflict);
        await ProblemAsync(await api.Local.SendAsync(Patch(new { tier = "pro" })), HttpStatusCode.Conflict, ProblemCodes.Conflict);
    }

    [Fact]
    public async Task ManyVerbsAtOnceAllCount()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => api.Local.PostAsync("/v1/instances/alice/restart", null)));

        answers.Select(a => a.StatusCode).ShouldAllBe(s => s == HttpStatusCode.Accepted);
        (await api.GetAsync("alice")).Generation.ShouldBe(5);
    }

    [Fact]
    public async Task DeletingTwiceIsOneDeletion()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");

        var first = await ReadAsync<OperationResponse>(await api.Local.DeleteAsync("/v1/instances/alice"), HttpStatusCode.Accepted);
        var second = await ReadAsync<OperationResponse>(await api.Local.DeleteAsync("/v1/instances/alice"), HttpStatusCode.Accepted);

        second.Id.ShouldBe(first.Id);
        (first.Kind, first.Generation).ShouldBe((OperationKind.Delete, 2));
    }

    [Fact]
    public async Task TheListIsNarrowedByWhatIsAskedFor()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        using var other = await api.Local.PutAsync("/v1/targets/other", Json(new { kind = "docker" }));
        foreach (var (tenant, target) in new[] { ("alice", "local"), ("bob", "other"), ("carol", "local") })
        {
            using var created = await api.Local.PostAsync("/v1/tenants", Json(new { name = tenant, organization = tenant == "bob" ? "acme" : "default" }));
            using var added = await api.Local.PostAsync("/v1/instances", Json(new { tenant, app = "notes", target }));
            added.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        }

        async Task<string> SlugsAsync(string query) =>
            string.Join(' ', (await ReadAsync<PageResponse<InstanceResponse>>(await api.Local.GetAsync($"/v1/instances{query}"))).Items.Select(i => i.Slug));

        (await SlugsAsync("")).ShouldBe("alice bob carol");
        (await SlugsAsync("?target=local")).ShouldBe("alice carol");
        (await SlugsAsync("?tenant=bob")).ShouldBe("bob");
        (await SlugsAsync("?organization=acme")).ShouldBe("bob");
        (await SlugsAsync("?app=notes&target=local&limit=1")).ShouldBe("alice");
        (await SlugsAsync("?app=wiki")).ShouldBe("");
    }

    [Fact]
    public async Task OperationsAreListedNewestFirstAndByInstance()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        var one = await api.AddAsync("alice");
        api.Time.Advance(TimeSpan.FromSeconds(1));
        var two = await api.AddAsync("bob");

        var all = await ReadAsync<PageResponse<OperationResponse>>(await api.Local.GetAsync("/v1/operations"));
        var ofAlice = await ReadAsync<PageResponse<OperationResponse>>(await api.Local.GetAsync("/v1/operations?instance=alice"));

        all.Items.Select(o => o.Id).ShouldBe([two.Id, one.Id]);
        ofAlice.Items.Select(o => o.Id).ShouldBe([one.Id]);
        await ProblemAsync(await api.Local.GetAsync("/v1/operations/none"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        await ProblemAsync(await api.Local.GetAsync("/v1/operations?instance=none"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }
}
