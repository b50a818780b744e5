using System.Net;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Wire;
using Tenantry.Targets.Abstractions;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

/// <summary>Reserved networks, holds of states, bills, and what is taken over instead of made.</summary>
public class NetworkTests
{
    [Fact]
    public async Task AReservedNetworkIsGivenToNoInstanceUntilItIsGivenBack()
    {
        await using var api = await StartAsync();
        using (var tried = await api.Local.PutAsync("/v1/networks/office?dryRun=true", Json(new { network = "10.0.0.0/16" })))
            tried.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await ReadAsync<PageResponse<NetworkResponse>>(await api.Local.GetAsync("/v1/networks"))).Items.ShouldBeEmpty();
        (await ReadAsync<NetworkResponse>(await api.Local.PutAsync("/v1/networks/office", Json(new { network = "10.0.0.0/16" })))).Use.ShouldBe("reserved");
        (await ReadAsync<NetworkResponse>(await api.Local.PutAsync("/v1/networks/office", Json(new { network = "10.0.0.0/16" })))).Network.ShouldBe("10.0.0.0/16");
        await ProblemAsync(await api.Local.PutAsync("/v1/networks/office", Json(new { network = "10.1.0.0/16" })), HttpStatusCode.Conflict, ProblemCodes.Conflict);
        await ProblemAsync(await api.Local.PutAsync("/v1/networks/other", Json(new { network = "10.0.4.0/24" })), HttpStatusCode.Conflict, ProblemCodes.Conflict);
        await ProblemAsync(await api.Local.PutAsync("/v1/networks/other", Json(new { network = "10.X.0.0/16" })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);

        var wish = new RangeWish([IPNetwork.Parse("10.0.0.0/8")], 16, TimeSpan.Zero);
        (await api.Store.ClaimRangeAsync("i1", wish, CancellationToken.None)).ToString().ShouldBe("10.1.0.0/16");
        (await api.Local.DeleteAsync("/v1/networks/office")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        await ProblemAsync(await api.Local.DeleteAsync("/v1/networks/office"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        (await api.Store.ClaimRangeAsync("i2", wish, CancellationToken.None)).ToString().ShouldBe("10.0.0.0/16");
        (await ReadAsync<PageResponse<NetworkResponse>>(await api.Local.GetAsync("/v1/networks"))).Items.Select(one => (one.Name, one.Use)).ShouldBe([("office", "cooling"), ("i1", "instance"), ("i2", "instance")], ignoreOrder: true);
    }

    [Fact]
    public async Task WhatAnInstanceNeedsIsLookedAtWhereItRuns()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        (await ReadAsync<PageResponse<LookResponse>>(await api.Local.GetAsync("/v1/instances/alice/looks"))).Items.ShouldBeEmpty();
        api.Engine.Looks = [new LookedAt("there is a dashboard", IsTrue: false, "there is none")];
        (await ReadAsync<PageResponse<LookResponse>>(await api.Local.GetAsync("/v1/instances/alice/looks"))).Items.ShouldBe([new LookResponse("there is a dashboard", IsTrue: false, "there is none")]);
    }

    [Fact]
    public async Task AnInstanceThatIsNotMadeYetIsRenderedAndPriced()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        var asked = new { @new = new { app = "notes" } };
        await ProblemAsync(await api.Local.PostAsync("/v1/render/terraform", Json(asked)), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        using (var target = await api.Local.PutAsync("/v1/targets/cloud", Json(new { kind = "aws", options = new { region = "eu-central-1" } })))
            target.StatusCode.ShouldBe(HttpStatusCode.Created);
        var refused = await ProblemAsync(await api.Local.PostAsync("/v1/render/terraform", Json(asked)), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        refused.Errors!.ShouldHaveSingleItem().Message.ShouldContain("has no image");
        await api.ApplyAsync("""
            app: cloudy
            version: "1"
            services:
              web: { image: "registry.example.com/a@sha256:0000000000000000000000000000000000000000000000000000000000000001", ports: [8080] }
            egress: internet
            tiers:
              small: { memory: 512MB, cpu: 0.25 }
            """);
        var rendered = await ReadAsync<RenderTerraformResponse>(await api.Local.PostAsync("/v1/render/terraform", Json(new { @new = new { app = "cloudy", tier = "small" } })));
        rendered.Rendered.ShouldHaveSingleItem().Costs.ShouldContain(part => part.What == "1 task");
        (await api.Store.FindTenantAsync("example", CancellationToken.None)).ShouldBeNull();
    }

    [Fact]
    public async Task AHoldIsBrokenByItsIdAloneAndNeverWhileItsHolderIsAtWork()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        await ProblemAsync(await api.Local.GetAsync("/v1/instances/alice/holder"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        api.Engine.Holder = new StateHolder("42", "ann@laptop", "apply", DateTimeOffset.UnixEpoch, IsAtWork: true);
        (await ReadAsync<HolderResponse>(await api.Local.GetAsync("/v1/instances/alice/holder"))).Who.ShouldBe("ann@laptop");
        await ProblemAsync(await api.Local.DeleteAsync("/v1/instances/alice/holder/42"), HttpStatusCode.Conflict, ProblemCodes.Conflict);
        api.Engine.Holder = api.Engine.Holder with { IsAtWork = false };
        await ProblemAsync(await api.Local.DeleteAsync("/v1/instances/alice/holder/41"), HttpStatusCode.Conflict, ProblemCodes.Conflict);
        using (var tried = await api.Local.DeleteAsync("/v1/instances/alice/holder/42?dryRun=true"))
            tried.StatusCode.ShouldBe(HttpStatusCode.OK);
        api.Engine.Holder.ShouldNotBeNull();
        (await api.Local.DeleteAsync("/v1/instances/alice/holder/42")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        api.Engine.Holder.ShouldBeNull();
    }

    [Fact]
    public async Task WhatInstancesCostIsAskedOfTheTargetForAMonth()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        var id = (await api.GetAsync("alice")).Id;
        api.Engine.Costs = [new ActualCost(new InstanceRef(id, "alice", "o"), new Money(12.5m, "USD")), new ActualCost(new InstanceRef("", "gone-prod", "o"), new Money(1, "USD"))];
        var costs = await ReadAsync<ActualCostsResponse>(await api.Local.GetAsync("/v1/costs?month=2026-10&target=local"));
        costs.Items.Select(one => (one.Name, one.Tenant, one.Month)).ShouldBe([("alice", "alice", "2026-10"), ("gone-prod", "", "2026-10")]);
        (await ReadAsync<ActualCostsResponse>(await api.Local.GetAsync("/v1/costs?month=2026-10"))).Items.ShouldBeEmpty("no target of it has a bill");
        await ProblemAsync(await api.Local.GetAsync("/v1/costs?month=2099-01&target=local"), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        await ProblemAsync(await api.Local.GetAsync("/v1/costs?month=October"), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        await ProblemAsync(await api.Local.GetAsync("/v1/costs?target=moon"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }

    [Fact]
    public async Task WhatIsTakenOverIsOfferedBeforeTheInstanceIsWantedAndATryOffersNothing()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        var request = new { tenant = "alice", app = "notes", newTenant = new { name = "alice" }, adopt = new { state = "{}", variables = "{}" } };
        using (var tried = await api.Local.PostAsync("/v1/instances?dryRun=true", Json(request)))
            tried.StatusCode.ShouldBe(HttpStatusCode.OK);
        api.Engine.Offered.ShouldBeEmpty();
        api.Engine.Failure = new TargetException("It is of another module set.", retryable: false);
        using (var refused = await api.Local.PostAsync("/v1/instances", Json(request)))
            refused.IsSuccessStatusCode.ShouldBeFalse();
        (await api.Store.FindInstanceBySlugAsync("alice", CancellationToken.None)).ShouldBeNull();
        api.Engine.Failure = null;
        await ReadAsync<OperationResponse>(await api.Local.PostAsync("/v1/instances", Json(request)), HttpStatusCode.Accepted);
        api.Engine.Offered.ShouldHaveSingleItem().Adopt.ShouldBe(new AdoptionSource("{}", "{}"));
    }
}
