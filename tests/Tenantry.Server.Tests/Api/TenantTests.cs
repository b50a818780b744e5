using System.Net;
using System.Text.Json;
using Tenantry.Model.Instances;
using Tenantry.Model.Wire;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

public class TenantTests
{
    private static HttpRequestMessage Patch(string path, object body, string? ifMatch)
    {
        var request = new HttpRequestMessage(HttpMethod.Patch, path) { Content = Json(body) };
        if (ifMatch is not null)
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        return request;
    }

    [Fact]
    public async Task ATenantIsCreatedWithDefaults()
    {
        await using var api = await StartAsync();

        using var answer = await api.Local.PostAsync("/v1/tenants", Json(new { name = "alice" }));

        answer.Headers.Location!.OriginalString.ShouldBe("/v1/tenants/alice");
        answer.Headers.ETag!.Tag.ShouldBe("\"1\"");
        var tenant = await ReadAsync<TenantResponse>(answer, HttpStatusCode.Created);
        tenant.ShouldBe(new TenantResponse("alice", "alice", "default", "", "", false, 1, api.Time.GetUtcNow()));
        (await ReadAsync<PageResponse<OrganizationResponse>>(await api.Local.GetAsync("/v1/organizations"))).Items.ShouldHaveSingleItem().Name.ShouldBe("default");
    }

    [Fact]
    public async Task ATakenNameIsAConflict()
    {
        await using var api = await StartAsync();
        using var first = await api.Local.PostAsync("/v1/tenants", Json(new { name = "alice" }));

        await ProblemAsync(await api.Local.PostAsync("/v1/tenants", Json(new { name = "alice" })), HttpStatusCode.Conflict, ProblemCodes.Conflict);
        await ProblemAsync(await api.Local.PostAsync("/v1/tenants?dryRun=true", Json(new { name = "alice" })), HttpStatusCode.Conflict, ProblemCodes.Conflict);
    }

    [Fact]
    public async Task ABadNameIsRefusedWithOneThatWouldDo()
    {
        await using var api = await StartAsync();

        var problem = await ProblemAsync(
            await api.Local.PostAsync("/v1/tenants", Json(new { name = "Ann Lee", organization = "-x" })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);

        problem.Errors!.Select(e => e.Path).ShouldBe(["name", "organization"]);
        problem.Errors![0].Message.ShouldContain("'ann-lee' would do");
    }

    [Fact]
    public async Task AChangeNeedsTheVersionThatItChanges()
    {
        await using var api = await StartAsync();
        using var created = await api.Local.PostAsync("/v1/tenants", Json(new { name = "alice" }));

        await ProblemAsync(await api.Local.SendAsync(Patch("/v1/tenants/alice", new { owner = "a" }, null)), HttpStatusCode.PreconditionRequired, ProblemCodes.PreconditionRequired);
        await ProblemAsync(await api.Local.SendAsync(Patch("/v1/tenants/alice", new { owner = "a" }, "\"7\"")), HttpStatusCode.PreconditionFailed, ProblemCodes.PreconditionFailed);
        await ProblemAsync(await api.Local.SendAsync(Patch("/v1/tenants/alice", new { owner = "a" }, "W/\"1\"")), HttpStatusCode.PreconditionFailed, ProblemCodes.PreconditionFailed);
        await ProblemAsync(await api.Local.SendAsync(Patch("/v1/tenants/alice", new { owner = "a" }, "1")), HttpStatusCode.BadRequest, ProblemCodes.BadRequest);
        using var changed = await api.Local.SendAsync(Patch("/v1/tenants/alice", new { owner = "a" }, "\"1\""));
        using var again = await api.Local.SendAsync(Patch("/v1/tenants/alice", new { costCentre = "c" }, "\"1\", \"2\""));
        using var any = await api.Local.SendAsync(Patch("/v1/tenants/alice", new { displayName = "Alice" }, "*"));

        changed.Headers.ETag!.Tag.ShouldBe("\"2\"");
        again.Headers.ETag!.Tag.ShouldBe("\"3\"");
        var tenant = await ReadAsync<TenantResponse>(any);
        (tenant.Owner, tenant.CostCentre, tenant.DisplayName, tenant.Version).ShouldBe(("a", "c", "Alice", 4));
    }

    [Fact]
    public async Task AChangeThatChangesNothingKeepsTheVersion()
    {
        await using var api = await StartAsync();
        using var created = await api.Local.PostAsync("/v1/tenants", Json(new { name = "alice", owner = "a" }));

        using var answer = await api.Local.SendAsync(Patch("/v1/tenants/alice", new { owner = "a" }, "*"));

        answer.Headers.ETag!.Tag.ShouldBe("\"1\"");
    }

    [Fact]
    public async Task ATenantWithoutInstancesIsGoneAtOnce()
    {
        await using var api = await StartAsync();
        using var created = await api.Local.PostAsync("/v1/tenants", Json(new { name = "alice" }));

        using var answer = await api.Local.DeleteAsync("/v1/tenants/alice");

        answer.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        await ProblemAsync(await api.Local.GetAsync("/v1/tenants/alice"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }

    [Fact]
    public async Task DeletingATenantDeletesItsInstances()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        await api.SeeAsync("alice", InstancePhase.Running);

        api.Engine.Plan = new([new(new("volume", "data"), Model.Plans.StepAction.Delete, "the instance is deleted")]);
        var plan = await ReadAsync<PlanResponse>(await api.Local.DeleteAsync("/v1/tenants/alice?dryRun=true"), HttpStatusCode.OK);
        var deleted = await ReadAsync<DeleteTenantResponse>(await api.Local.DeleteAsync("/v1/tenants/alice"), HttpStatusCode.Accepted);
        var again = await ReadAsync<DeleteTenantResponse>(await api.Local.DeleteAsync("/v1/tenants/alice"), HttpStatusCode.Accepted);

        plan.Changes.Select(c => c.Subject).ShouldBe(["instance alice", "tenant alice"]);
        plan.Steps.Select(s => (s.Kind, s.Name, s.Action)).ShouldBe([("volume", "data", Model.Plans.StepAction.Delete)]);
        api.Engine.Planned.ShouldHaveSingleItem().Desired.ShouldBe(DesiredState.Deleted);
        deleted.Operations.ShouldHaveSingleItem().Kind.ShouldBe(Model.Operations.OperationKind.Delete);
        again.Operations.Select(o => o.Id).ShouldBe(deleted.Operations.Select(o => o.Id));
        (await api.GetAsync("alice")).Desired.ShouldBe(DesiredState.Deleted);
        (await ReadAsync<TenantResponse>(await api.Local.GetAsync("/v1/tenants/alice"))).Deleting.ShouldBeTrue();
        await ProblemAsync(
            await api.Local.PostAsync("/v1/instances", Json(new { tenant = "alice", app = "notes", environment = "qa" })), HttpStatusCode.Conflict, ProblemCodes.Conflict);
    }

    [Fact]
    public async Task TenantsAreListedInPartsThatMakeTheWhole()
    {
        await using var api = await StartAsync();
        for (var i = 0; i < 7; i++)
        {
            using var created = await api.Local.PostAsync("/v1/tenants", Json(new { name = $"t{i}" }));
        }

        var names = new List<string>();
        var parts = 0;
        var next = "/v1/tenants?limit=3";
        while (next is not null)
        {
            using var answer = await api.Local.GetAsync(next);
            var page = await ReadAsync<PageResponse<TenantResponse>>(answer);
            names.AddRange(page.Items.Select(t => t.Name));
            parts++;
            next = page.Next is null ? null : $"/v1/tenants?limit=3&cursor={Uri.EscapeDataString(page.Next)}";
            if (next is null)
                answer.Headers.Contains("Link").ShouldBeFalse();
            else
                answer.Headers.GetValues("Link").ShouldHaveSingleItem().ShouldBe($"<{next}>; rel=\"next\"");
        }

        parts.ShouldBe(3);
        names.ShouldBe(["t0", "t1", "t2", "t3", "t4", "t5", "t6"]);
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=1001")]
    [InlineData("limit=many")]
    [InlineData("limit=-1")]
    public async Task ABadLimitIsRefused(string query)
    {
        await using var api = await StartAsync();

        var problem = await ProblemAsync(await api.Local.GetAsync($"/v1/tenants?{query}"), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);

        problem.Errors!.ShouldHaveSingleItem().Path.ShouldBe("limit");
    }

    [Theory]
    [InlineData("organizations")]
    [InlineData("targets")]
    [InlineData("target-kinds")]
    [InlineData("orphans")]
    [InlineData("tokens")]
    public async Task AListThatAlwaysComesWholeTakesALimitAndRefusesABadOne(string list)
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();

        var whole = JsonDocument.Parse(await api.Local.GetStringAsync($"/v1/{list}?limit=1")).RootElement;
        whole.GetProperty("items").GetArrayLength().ShouldBe(JsonDocument.Parse(await api.Local.GetStringAsync($"/v1/{list}")).RootElement.GetProperty("items").GetArrayLength());
        whole.GetProperty("next").ValueKind.ShouldBe(JsonValueKind.Null);
        foreach (var bad in (string[])["limit=0", "limit=1001", "limit=many", "limit="])
            (await ProblemAsync(await api.Local.GetAsync($"/v1/{list}?{bad}"), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid)).Errors!.ShouldHaveSingleItem().Path.ShouldBe("limit");
    }

    [Fact]
    public async Task ACursorThatNobodyMadeIsRefused()
    {
        await using var api = await StartAsync();

        await ProblemAsync(await api.Local.GetAsync("/v1/tenants?cursor=%21%21"), HttpStatusCode.BadRequest, ProblemCodes.BadRequest);
    }
}
