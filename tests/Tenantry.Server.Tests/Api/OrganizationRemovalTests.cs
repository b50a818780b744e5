using System.Net;
using Tenantry.Model.Wire;
using Tenantry.Server.Store;
using static Tenantry.Server.Tests.Api.TestApi;
using static Tenantry.Server.Tests.Api.TwoOrganizations;

namespace Tenantry.Server.Tests.Api;

/// <summary>An organization that goes.</summary>
public sealed class OrganizationRemovalTests
{
    [Fact]
    public async Task StaysWhileItHasTenants()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);

        (await ProblemAsync(await api.Local.DeleteAsync("/v1/organizations/acme"), HttpStatusCode.Conflict, ProblemCodes.Conflict)).Detail.ShouldContain("tenant remove ann");
        await ProblemAsync(await api.Local.DeleteAsync("/v1/organizations/nobody"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        (await api.Local.GetStringAsync("/v1/organizations")).ShouldContain("acme");
    }

    [Fact]
    public async Task TakesItsMembersTokensQuotasAndSecretsWithItAndNothingElse()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        (await api.Local.PostAsync("/v1/organizations", Json(new { name = "empty" }))).StatusCode.ShouldBe(HttpStatusCode.Created);
        foreach (var organization in (string[])["empty", "acme"])
            (await api.Local.PutAsync($"/v1/organizations/{organization}/members/ann@example.com", Json(new { role = "Owner" }))).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await api.Local.PutAsync("/v1/organizations/empty/quotas", Json(new { limits = new { instances = 1 } }))).StatusCode.ShouldBe(HttpStatusCode.OK);
        await api.ApplyAsync(Manifest.Replace("token: { generate: token }", "shared: { scope: organization }", StringComparison.Ordinal));
        (await api.Local.PutAsync("/v1/apps/notes/secrets/shared?organization=empty", Json(new { value = "one" }))).StatusCode.ShouldBe(HttpStatusCode.OK);
        var holder = SecretPlace.KeyHolderOf(Model.Manifests.SecretScope.Organization, "empty");
        (await api.Store.FindDataKeyAsync(holder, CancellationToken.None)).ShouldNotBeNull();
        var token = api.Client(await TokenAsync(api, Role.Owner, "empty", "of-empty"));
        var ann = await Browser.SignedInAsync(api, "ann@example.com");
        await ProblemAsync(await ann.SendAsync(HttpMethod.Delete, "/v1/organizations/empty"), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);

        var plan = await ReadAsync<PlanResponse>(await api.Local.DeleteAsync("/v1/organizations/empty?dryRun=true"));
        plan.Changes.Select(change => change.Subject).ShouldBe(["organization empty", "member ann@example.com of empty", "token of-empty", "quota of empty"]);
        (await token.GetAsync("/v1/tenants")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await api.Local.DeleteAsync("/v1/organizations/empty")).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        await ProblemAsync(await token.GetAsync("/v1/tenants"), HttpStatusCode.Unauthorized, ProblemCodes.Unauthorized);
        (await ReadAsync<SessionResponse>(await ann.GetAsync("/v1/session"))).Memberships.ShouldHaveSingleItem().Organization.ShouldBe("acme");
        (await api.Store.FindDataKeyAsync(holder, CancellationToken.None)).ShouldBeNull();
        // One of the same name begins with nothing.
        (await api.Local.PostAsync("/v1/organizations", Json(new { name = "empty" }))).StatusCode.ShouldBe(HttpStatusCode.Created);
        (await ReadAsync<PageResponse<MemberResponse>>(await api.Local.GetAsync("/v1/organizations/empty/members"))).Items.ShouldBeEmpty();
        (await ReadAsync<PageResponse<QuotaResponse>>(await api.Local.GetAsync("/v1/organizations/empty/quotas"))).Items.ShouldBeEmpty();
        var row = (await ReadAsync<PageResponse<AuditResponse>>(await api.Local.GetAsync("/v1/audit?action=organization.delete&outcome=done"))).Items.ShouldHaveSingleItem();
        row.Changes.Select(change => change.Subject).ShouldContain("member ann@example.com of empty");
    }
}
