using System.Net;
using Tenantry.Model.Wire;
using static Tenantry.Server.Tests.Api.TestApi;
using static Tenantry.Server.Tests.Api.TwoOrganizations;

namespace Tenantry.Server.Tests.Api;

/// <summary>Quotas as they are set, looked at and met.</summary>
public sealed class QuotaTests
{
    [Fact]
    public async Task WhatIsMoreThanTheQuotaIsRefusedWithTheNumbersAndAPreviewSetsNone()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        const string path = "/v1/organizations/acme/quotas";

        var plan = await ReadAsync<PlanResponse>(await api.Local.PutAsync($"{path}?dryRun=true", Json(new { limits = new { instances = 1 } })));
        plan.Changes.ShouldHaveSingleItem().ShouldBe(new ChangeResponse("quota of acme", "instances", null, "1"));
        (await ReadAsync<PageResponse<QuotaResponse>>(await api.Local.GetAsync(path))).Items.ShouldBeEmpty();
        var set = (await ReadAsync<PageResponse<QuotaResponse>>(await api.Local.PutAsync(path, Json(new { limits = new { instances = 1 } })))).Items.ShouldHaveSingleItem();
        (set.Limits.Instances, set.Used.Instances, set.Used.Awake).ShouldBe((1, 1, 1));

        var owner = api.Client(await TokenAsync(api, Role.Owner, "acme"));
        (await ProblemAsync(await owner.PostAsync("/v1/instances", Json(new { tenant = "ann", app = "notes", environment = "two" })), HttpStatusCode.Conflict, ProblemCodes.QuotaExceeded))
            .Detail.ShouldContain("1 instances: 1 used, 2 wanted");
        await ProblemAsync(await owner.PutAsync(path, Json(new { limits = new { instances = 9 } })), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        (await owner.GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await ProblemAsync(await owner.GetAsync("/v1/organizations/other/quotas"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        await ProblemAsync(await api.Local.PutAsync(path, Json(new { limits = new { instances = -1 } })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        (await api.Local.GetStringAsync("/v1/audit?action=quota.set&limit=1")).ShouldContain("quota of acme");
    }
}
