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
        foreach (var tried in (string[])["/v1/instances", "/v1/instances?dryRun=true"])
        {
            (await ProblemAsync(await owner.PostAsync(tried, Json(new { tenant = "ann", app = "notes", environment = "two" })), HttpStatusCode.Conflict, ProblemCodes.QuotaExceeded))
                .Detail.ShouldContain("1 instances: 1 used, 2 wanted");
        }

        await ProblemAsync(await owner.PutAsync(path, Json(new { limits = new { instances = 9 } })), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        (await owner.GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await ProblemAsync(await owner.GetAsync("/v1/organizations/other/quotas"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        await ProblemAsync(await api.Local.PutAsync(path, Json(new { limits = new { instances = -1 } })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        (await api.Local.GetStringAsync("/v1/audit?action=quota.set&limit=1")).ShouldContain("quota of acme");
    }

    [Fact]
    public async Task APreviewSaysWhichQuotaWouldBeExceededAsTheChangeDoes()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        (await api.Local.PostAsync("/v1/instances", Json(new { tenant = "ann", app = "notes", environment = "two" }))).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        await api.SeeAsync("ann", Model.Instances.InstancePhase.Running);
        await api.SeeAsync("ann-two", Model.Instances.InstancePhase.Running);
        (await api.Local.PostAsync("/v1/instances/ann/sleep", null)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        await api.SeeAsync("ann", Model.Instances.InstancePhase.Asleep);
        (await api.Local.PutAsync("/v1/organizations/acme/quotas", Json(new { limits = new { awake = 1, memory = 256_000_000 } }))).StatusCode.ShouldBe(HttpStatusCode.OK);

        foreach (var tried in (string[])["", "?dryRun=true"])
        {
            (await ProblemAsync(await api.Local.PostAsync($"/v1/instances/ann/wake{tried}", null), HttpStatusCode.Conflict, ProblemCodes.QuotaExceeded)).Detail.ShouldContain("1 instances awake at once: 1 used, 2 wanted");
            using var larger = new HttpRequestMessage(HttpMethod.Patch, $"/v1/instances/ann{tried}") { Content = Json(new { tier = "pro" }) };
            larger.Headers.TryAddWithoutValidation("If-Match", "*");
            (await ProblemAsync(await api.Local.SendAsync(larger), HttpStatusCode.Conflict, ProblemCodes.QuotaExceeded)).Detail.ShouldContain("of memory");
        }

        // What makes nothing more is tried and done as ever.
        (await api.Local.PostAsync("/v1/instances/ann-two/restart?dryRun=true", null)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await api.Local.PostAsync("/v1/instances/ann-two/sleep?dryRun=true", null)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }
}
