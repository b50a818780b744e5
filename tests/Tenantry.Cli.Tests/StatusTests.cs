using System.Text.Json;
using Tenantry.Model.Instances;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Tests;

public class StatusTests
{
    [Fact]
    public async Task AllInstancesAreOneArrayWithTheFieldsThatScriptsRelyOn()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnList("GET /v1/instances", Samples.Listed(Samples.Alice), Samples.Listed(Samples.Alice) with { Slug = "bob" });

        var run = await CliRun.Of(api, "status", "-o", "json");

        run.ExitCode.ShouldBe(0);
        run.Json.EnumerateArray().Select(i => i.GetProperty("slug").GetString()).ShouldBe(["alice", "bob"]);
        run.Json[0].EnumerateObject().Select(p => p.Name).ShouldBe(
            ["slug", "tenant", "organization", "environment", "app", "target", "tier", "release", "phase", "health", "reason", "url", "generation", "observedGeneration", "drift", "createdAt", "wake"],
            ignoreOrder: true);
        run.Json[0].GetProperty("phase").GetString().ShouldBe("Running");
        run.Json[0].GetProperty("createdAt").GetString().ShouldBe("2026-11-28T10:00:00Z");
        run.Json[0].GetProperty("wake").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task NoInstancesAreAnEmptyArray()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnList<InstanceResponse>("GET /v1/instances");

        (await CliRun.Of(api, "status", "-o", "json")).Out.Trim().ShouldBe("[]");
        (await CliRun.Of(api, "status")).Out.ShouldContain("tenantry tenant add");
    }

    [Fact]
    public async Task AListInSeveralPartsIsReadToItsEnd()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("GET /v1/instances", context =>
        {
            var second = context.Request.Query["cursor"] == "c/2";
            var item = Samples.Listed(Samples.Alice) with { Slug = second ? "bob" : "alice" };
            return Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(
                context.Response, FakeApi.Json(new PageResponse<InstanceResponse>([item], second ? null : "c/2")));
        });

        var run = await CliRun.Of(api, "status", "-o", "json");

        run.Json.EnumerateArray().Select(i => i.GetProperty("slug").GetString()).ShouldBe(["alice", "bob"]);
    }

    [Fact]
    public async Task OneInstanceIsOneObjectWithItsResources()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("GET /v1/instances/alice", Samples.Alice);

        var run = await CliRun.Of(api, "status", "alice", "-o", "json");

        run.Json.GetProperty("slug").GetString().ShouldBe("alice");
        run.Json.GetProperty("resources")[0].GetProperty("name").GetString().ShouldBe("alice-data");
    }

    [Fact]
    public async Task TheTableSaysWhatAPersonNeeds()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnList(
            "GET /v1/instances",
            Samples.Listed(Samples.Alice),
            Samples.Listed(Samples.Alice) with { Slug = "bob", Phase = InstancePhase.Failed, Health = InstanceHealth.Unhealthy, Reason = "service web: it ended with exit code 1, and this sentence is longer than any terminal of eighty columns would be" });

        var lines = (await CliRun.Of(api, "status")).Out.TrimEnd().Split('\n');

        lines.Length.ShouldBe(3);
        lines[0].ShouldStartWith("SLUG");
        lines[1].ShouldContain("alice");
        lines[1].ShouldContain("http://alice.localhost:8080");
        lines[2].ShouldContain("Failed");
        lines[2].ShouldContain("longer than any terminal of eighty columns would be");
    }

    [Fact]
    public async Task FiltersGoToTheServer()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnList<InstanceResponse>("GET /v1/instances");

        await CliRun.Of(api, "status", "--tenant", "a b", "--app", "site", "--target", "local");

        var query = api.Single("GET /v1/instances").Query;
        query.ShouldContain("tenant=a%20b");
        query.ShouldContain("app=site");
        query.ShouldContain("target=local");
    }
}
