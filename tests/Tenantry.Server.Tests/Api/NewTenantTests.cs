using System.Net;
using Tenantry.Model.Plans;
using Tenantry.Model.Wire;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

/// <summary>A tenant that is made with its first instance.</summary>
public class NewTenantTests
{
    [Fact]
    public async Task AnInstanceThatIsMadeDownIsNotStartedAndNotWokenByRequests()
    {
        await using var api = await TestApi.StartAsync();
        await api.SetUpAsync();

        using var made = await api.Local.PostAsync("/v1/instances", TestApi.Json(new { tenant = "zoe", app = "notes", newTenant = new { name = "zoe" }, down = true }));
        made.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        var spec = (await api.Store.FindInstanceBySlugAsync("zoe", CancellationToken.None))!.Spec;
        await ProblemAsync(await api.Local.PostAsync("/v1/instances/zoe/wake", null), HttpStatusCode.Conflict, ProblemCodes.Conflict);
        using var released = await api.Local.PostAsync("/v1/instances/zoe/release", null);
        using var woken = await api.Local.PostAsync("/v1/instances/zoe/wake", null);
        woken.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        var after = (await api.Store.FindInstanceBySlugAsync("zoe", CancellationToken.None))!.Spec;

        (spec.Desired, spec.Hold).ShouldBe((Model.Instances.DesiredState.Asleep, Model.Instances.InstanceHold.Down));
        (after.Desired, after.Hold).ShouldBe((Model.Instances.DesiredState.Running, Model.Instances.InstanceHold.None));
    }

    [Fact]
    public async Task ADryRunForATenantThatIsNotThereYetShowsTheWholePlanAndMakesNothing()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        api.Engine.Plan = new Plan([new PlanStep(new ResourceName("volume", "data"), StepAction.Create, "it is missing")]);

        var plan = await ReadAsync<PlanResponse>(
            await api.Local.PostAsync("/v1/instances?dryRun=true", Json(new { tenant = "alice", app = "notes", newTenant = new { name = "alice", owner = "ann" } })), HttpStatusCode.OK);

        plan.Changes[0].ShouldBe(new ChangeResponse("tenant alice", "", null, "alice"));
        plan.Changes.ShouldContain(new ChangeResponse("instance alice", "tier", null, "free"));
        plan.Steps.ShouldBe([new PlanStepResponse("volume", "data", StepAction.Create, "it is missing")]);
        api.Engine.Planned.ShouldHaveSingleItem().Tenant.ShouldBe("alice");
        await ProblemAsync(await api.Local.GetAsync("/v1/tenants/alice"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }

    [Fact]
    public async Task ATenantIsMadeWithItsFirstInstanceAndNotWithOneThatIsRefused()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("bob");
        async Task<HttpResponseMessage> AddAsync(string slug) => await api.Local.PostAsync(
            "/v1/instances", Json(new { tenant = "alice", app = "notes", slug, newTenant = new { name = "alice", owner = "ann" } }));

        await ProblemAsync(await AddAsync("bob"), HttpStatusCode.Conflict, ProblemCodes.Conflict);
        await ProblemAsync(await api.Local.GetAsync("/v1/tenants/alice"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        var operation = await ReadAsync<OperationResponse>(await AddAsync("alice"), HttpStatusCode.Accepted);

        operation.Slug.ShouldBe("alice");
        (await ReadAsync<TenantResponse>(await api.Local.GetAsync("/v1/tenants/alice"))).Owner.ShouldBe("ann");
        await ProblemAsync(
            await api.Local.PostAsync("/v1/instances", Json(new { tenant = "carol", app = "notes", newTenant = new { name = "dave" } })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
    }
}
