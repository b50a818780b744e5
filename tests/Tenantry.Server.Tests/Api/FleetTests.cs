using System.Net;
using Tenantry.Model.Instances;
using Tenantry.Model.Wire;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

public class FleetTests
{
    [Fact]
    public async Task ListsAndCountsAreNarrowedInTheSameWay()
    {
        await using var api = await StartAsync();
        await TwoOrganizations.TwoTenantsAsync(api);
        await api.SeeAsync("ann", InstancePhase.Running);

        foreach (var (query, slugs) in new (string, string[])[] { ("", ["ann", "bob"]), ("?phase=Running", ["ann"]), ("?q=BO", ["bob"]), ("?q=n%25", []), ("?phase=Pending&health=Unknown", ["bob"]), ("?health=Healthy", []) })
        {
            var list = await ReadAsync<PageResponse<InstanceResponse>>(await api.Local.GetAsync("/v1/instances" + query));
            list.Items.Select(item => item.Slug).ShouldBe(slugs, query);
            (await ReadAsync<FleetResponse>(await api.Local.GetAsync("/v1/fleet" + query))).Total.ShouldBe(slugs.Length, query);
        }

        var all = await ReadAsync<FleetResponse>(await api.Local.GetAsync("/v1/fleet"));
        all.Phases.ShouldBe(new Dictionary<string, int>(StringComparer.Ordinal) { ["Pending"] = 1, ["Running"] = 1 }, ignoreOrder: true);
        (await ReadAsync<PageResponse<InstanceResponse>>(await api.Local.GetAsync("/v1/instances?offset=1"))).Items.ShouldHaveSingleItem().Slug.ShouldBe("bob");
        await ProblemAsync(await api.Local.GetAsync("/v1/fleet?phase=Runing"), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        await ProblemAsync(await api.Local.GetAsync("/v1/instances?offset=-1"), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
    }

    [Fact]
    public async Task OtherOrganizationsAreNotCounted()
    {
        await using var api = await StartAsync();
        await TwoOrganizations.TwoTenantsAsync(api);
        var own = api.Client(await TwoOrganizations.TokenAsync(api, Role.Viewer, "acme"));

        (await ReadAsync<FleetResponse>(await own.GetAsync("/v1/fleet"))).Total.ShouldBe(1);
        (await ReadAsync<FleetResponse>(await own.GetAsync("/v1/fleet?q=bob"))).Total.ShouldBe(0);
        await ProblemAsync(await own.GetAsync("/v1/fleet?organization=other"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        await ProblemAsync(await own.GetAsync("/v1/instances/bob/wakes"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }

    [Fact]
    public async Task TheListIsInTheOrderThatIsAskedFor()
    {
        await using var api = await StartAsync();
        await TwoOrganizations.TwoTenantsAsync(api);
        api.Time.Advance(TimeSpan.FromMinutes(1));
        await api.AddAsync("aaa");
        await api.SeeAsync("ann", InstancePhase.Running);

        foreach (var (sort, slugs) in new (string, string[])[]
        {
            ("slug", ["aaa", "ann", "bob"]), ("-slug", ["bob", "ann", "aaa"]), ("created", ["ann", "bob", "aaa"]), ("-created", ["aaa", "ann", "bob"]), ("state", ["aaa", "bob", "ann"]), ("target", ["aaa", "ann", "bob"]),
        })
        {
            var list = await ReadAsync<PageResponse<InstanceResponse>>(await api.Local.GetAsync($"/v1/instances?sort={sort}"));
            list.Items.Select(item => item.Slug).ShouldBe(slugs, sort);
        }

        var second = await ReadAsync<PageResponse<InstanceResponse>>(await api.Local.GetAsync("/v1/instances?sort=-slug&offset=1&limit=1"));
        (second.Items.ShouldHaveSingleItem().Slug, second.Next).ShouldBe(("ann", null));
        await ProblemAsync(await api.Local.GetAsync("/v1/instances?sort=sulg"), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        var next = (await ReadAsync<PageResponse<InstanceResponse>>(await api.Local.GetAsync("/v1/instances?limit=1"))).Next;
        await ProblemAsync(await api.Local.GetAsync($"/v1/instances?sort=-slug&cursor={next}"), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
    }

    [Fact]
    public async Task WhatAnInstanceCostsIsToldWhereItsTargetHasPricesAndOfOnesOwnAlone()
    {
        await using var api = await StartAsync();
        await TwoOrganizations.TwoTenantsAsync(api);
        (await ReadAsync<PageResponse<InstanceCostResponse>>(await api.Local.GetAsync("/v1/fleet/costs"))).Items.ShouldBeEmpty();
        (await api.Local.PutAsync("/v1/targets/cloud", Json(new { kind = "aws", options = new Dictionary<string, string> { ["region"] = "us-east-1" } }))).StatusCode.ShouldBe(HttpStatusCode.Created);
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
        foreach (var tenant in (string[])["ann", "bob"])
            (await api.Local.PostAsync("/v1/instances", Json(new { tenant, app = "site", slug = $"{tenant}-site", target = "cloud" }))).StatusCode.ShouldBe(HttpStatusCode.Accepted);

        var all = (await ReadAsync<PageResponse<InstanceCostResponse>>(await api.Local.GetAsync("/v1/fleet/costs"))).Items;
        var own = (await ReadAsync<PageResponse<InstanceCostResponse>>(await api.Client(await TwoOrganizations.TokenAsync(api, Role.Viewer, "acme")).GetAsync("/v1/fleet/costs"))).Items;

        all.Select(one => one.Slug).ShouldBe(["ann-site", "bob-site"]);
        var cost = own.ShouldHaveSingleItem();
        cost.Slug.ShouldBe("ann-site");
        cost.Monthly.Currency.ShouldBe("USD");
        decimal.Parse(cost.Monthly.Amount, System.Globalization.CultureInfo.InvariantCulture).ShouldBeGreaterThan(decimal.Parse(cost.MonthlyAsleep.Amount, System.Globalization.CultureInfo.InvariantCulture));
        cost.Source.ShouldContain("Prices of");
    }
}
