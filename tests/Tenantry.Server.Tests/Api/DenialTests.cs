using System.Net;
using Tenantry.Model.Wire;
using static Tenantry.Server.Tests.Api.TestApi;
using static Tenantry.Server.Tests.Api.TwoOrganizations;

namespace Tenantry.Server.Tests.Api;

/// <summary>What somebody asked for and may not have is in the audit, whatever they were told.</summary>
public sealed class DenialTests
{
    private static async Task<IReadOnlyList<AuditResponse>> RowsAsync(TestApi api, string actor = "stranger") =>
        (await ReadAsync<PageResponse<AuditResponse>>(await api.Local.GetAsync($"/v1/audit?actor={actor}"))).Items;

    [Fact]
    public async Task AnAttemptOnWhatBelongsToAnotherOrganizationIsDeniedInTheAuditAndNotThereForWhoTried()
    {
        await using var api = await StartAsync();
        var (_, foreign) = await TwoTenantsAsync(api);
        var owner = api.Client(await TokenAsync(api, Role.Owner, "acme", "stranger"));

        foreach (var send in (Func<Task<HttpResponseMessage>>[])
        [
            () => owner.DeleteAsync("/v1/instances/bob"),
            () => owner.GetAsync("/v1/instances/bob"),
            () => owner.GetAsync($"/v1/operations/{foreign.Operation}"),
            () => owner.GetAsync("/v1/instances?organization=other"),
            () => owner.PostAsync("/v1/instances", Json(new { tenant = "bob", app = "notes", environment = "two" })),
        ])
        {
            (await ProblemAsync(await send(), HttpStatusCode.NotFound, ProblemCodes.NotFound)).Detail.ShouldNotContain("belongs");
        }

        var rows = await RowsAsync(api);
        rows.Select(row => (row.Action, row.Outcome)).ShouldBe([("instance.create", "denied"), ("look", "denied"), ("look", "denied"), ("look", "denied"), ("instance.delete", "denied")]);
        rows.Where(row => row.Subject.Contains("bob", StringComparison.Ordinal)).ShouldAllBe(row => row.Detail.Contains("belongs to the organization 'other'"));
        rows.ShouldAllBe(row => row.Through.StartsWith("token ") && row.RequestId.Length > 0);
        (await api.Local.GetStringAsync("/v1/audit/verify")).ShouldContain("true");
    }

    [Fact]
    public async Task WhatIsNotThereIsRefusedAndALookForItIsNothing()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        var owner = api.Client(await TokenAsync(api, Role.Owner, "acme", "stranger"));

        await ProblemAsync(await owner.GetAsync("/v1/instances/nobody"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        await ProblemAsync(await owner.DeleteAsync("/v1/instances/nobody"), HttpStatusCode.NotFound, ProblemCodes.NotFound);

        var row = (await RowsAsync(api)).ShouldHaveSingleItem();
        (row.Action, row.Outcome).ShouldBe(("instance.delete", "refused"));
    }

    [Fact]
    public async Task ALookThatARoleDoesNotHoldIsWrittenOnceAMinuteAndManyAreCounted()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        var viewer = api.Client(await TokenAsync(api, Role.Viewer, "acme", "stranger"));

        for (var time = 0; time < 3; time++)
            await ProblemAsync(await viewer.GetAsync("/v1/audit/verify"), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        (await RowsAsync(api)).ShouldHaveSingleItem().Subject.ShouldBe("/v1/audit/verify");
        for (var name = 0; name < 70; name++)
            await ProblemAsync(await viewer.GetAsync($"/v1/targets/t{name}"), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        (await RowsAsync(api)).Count.ShouldBe(60);
        api.Time.Advance(TimeSpan.FromMinutes(1));
        await ProblemAsync(await viewer.GetAsync("/v1/audit/verify"), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);

        (await RowsAsync(api))[0].Detail.ShouldEndWith("(11 more looks were denied in the minute before.)");
    }

    [Fact]
    public async Task WhatIsTurnedAwayAtTheDoorIsInTheAuditWithWhatWasShownAndOneStrangerFillsNoAudit()
    {
        await using var api = await StartAsync();
        var (revoked, ended) = (await api.TokenAsync("revoked"), (await ReadAsync<CreateTokenResponse>(await api.Local.PostAsync("/v1/tokens", Json(new { name = "old", expiresInSeconds = 60 })), HttpStatusCode.Created)).Token);
        (await api.Local.DeleteAsync("/v1/tokens/revoked")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        api.Time.Advance(TimeSpan.FromSeconds(61));

        for (var times = 0; times < 3; times++)
        {
            await ProblemAsync(await api.Client(revoked).GetAsync("/v1/tenants"), HttpStatusCode.Unauthorized, ProblemCodes.Unauthorized);
            await ProblemAsync(await api.Client(ended).DeleteAsync("/v1/tenants/ann"), HttpStatusCode.Unauthorized, ProblemCodes.Unauthorized);
            using var foreign = new HttpRequestMessage(HttpMethod.Post, "/v1/tenants") { Content = Json(new { name = "ann" }) };
            foreign.Headers.Add("Origin", "http://evil.example");
            await ProblemAsync(await api.Client("").SendAsync(foreign), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        }

        var rows = await RowsAsync(api, "nobody");
        rows.Count.ShouldBe(2);
        var (origin, token) = (rows.First(one => one.Detail.Contains("evil.example", StringComparison.Ordinal)), rows.First(one => one.Through.Length > 0));
        (origin.Action, origin.Subject, origin.Outcome).ShouldBe(("change", "/v1/tenants", "denied"));
        origin.Detail.ShouldContain("From 127.0.0.1.");
        token.Through.ShouldBe($"token {Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(revoked)))[..12]}");
        (await RowsAsync(api, "old")).Single(one => one.Outcome == "denied").Detail.ShouldContain("has expired");

        for (var number = 0; number < 40; number++)
            await ProblemAsync(await api.Client($"ten_guess{number}").GetAsync("/v1/tenants"), HttpStatusCode.Unauthorized, ProblemCodes.Unauthorized);
        (await RowsAsync(api, "nobody")).Count.ShouldBe(19, "20 of all strangers in a minute, and one of them was told by its name");
        var everything = await api.Local.GetStringAsync("/v1/audit?limit=100");
        everything.ShouldNotContain(revoked);
        everything.ShouldNotContain("ten_guess");
    }

    [Fact]
    public async Task AChangeThatAnotherSitesPageAskedForIsDeniedInTheAudit()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        var browser = await Browser.SignedInAsync(api, "ann@example.com", Role.Admin);
        browser.Csrf = "guessed";

        await ProblemAsync(await browser.SendAsync(HttpMethod.Delete, "/v1/instances/ann"), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);

        var row = (await RowsAsync(api, "ann@example.com")).First(one => one.Action == "change");
        (row.Subject, row.Outcome).ShouldBe(("/v1/instances/ann", "denied"));
    }
}
