using System.Net;
using Tenantry.Dashboard.Serving;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using static Tenantry.Server.Tests.Api.TestApi;
using static Tenantry.Server.Tests.Api.TwoOrganizations;

namespace Tenantry.Server.Tests.Api;

/// <summary>People in organizations: what one may do depends on whose the thing is that is asked for, and on nothing that was asked before.</summary>
public sealed class MemberTests
{
    private const string Ann = "ann@example.com";

    private static async Task JoinAsync(TestApi api, string organization, Role role, string email = Ann) =>
        (await api.Local.PutAsync($"/v1/organizations/{organization}/members/{email}", Json(new { role = role.ToString() }))).StatusCode.ShouldBe(HttpStatusCode.OK);

    [Fact]
    public async Task APersonOfTwoOrganizationsHasEachOnesRoleInItAndNoCurrentOne()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        await JoinAsync(api, "acme", Role.Owner);
        await JoinAsync(api, "other", Role.Viewer);
        var browser = await Browser.SignedInAsync(api, Ann);

        // Both at once, again and again: nothing that one request says changes another's.
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            var (slug, wanted) = i % 2 == 0 ? ("ann", HttpStatusCode.OK) : ("bob", HttpStatusCode.Forbidden);
            using var answer = await browser.SendAsync(HttpMethod.Post, $"/v1/instances/{slug}/restart?dryRun=true");
            return (answer.StatusCode, wanted);
        }));
        answers.ShouldAllBe(one => one.StatusCode == one.wanted);
        var list = await (await browser.GetAsync("/v1/instances")).Content.ReadAsStringAsync();
        list.ShouldContain("\"ann\"");
        list.ShouldContain("\"bob\"");
        (await ProblemAsync(await browser.SendAsync(HttpMethod.Post, "/v1/tenants", Json(new { name = "cleo" })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid)).Errors!.ShouldHaveSingleItem().Path.ShouldBe("organization");
        await ProblemAsync(await browser.SendAsync(HttpMethod.Post, "/v1/tenants", Json(new { name = "cleo", organization = "other" })), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        await ProblemAsync(await browser.SendAsync(HttpMethod.Post, "/v1/instances", Json(new { tenant = "bob", app = "notes", environment = "two" })), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        (await browser.SendAsync(HttpMethod.Post, "/v1/tenants", Json(new { name = "cleo", organization = "acme" }))).StatusCode.ShouldBe(HttpStatusCode.Created);
        (await api.Local.GetStringAsync("/v1/audit?limit=3")).ShouldContain("\"outcome\":\"denied\"");
    }

    [Fact]
    public async Task WhoLooksAtEverythingActsInTheirOwnOrganizationAlone()
    {
        await using var api = await StartAsync();
        var (own, foreign) = await TwoTenantsAsync(api);
        var browser = await Browser.SignedInAsync(api, Ann, Role.Viewer);
        await JoinAsync(api, "acme", Role.Owner);
        Task<HttpResponseMessage> Send(HttpRequestMessage request, HttpCompletionOption completion) => browser.SendAsync(request.Method, request.RequestUri!.OriginalString, request.Content);
        var wrong = new List<string>();

        foreach (var (name, rule) in AccessTable.Rules.Where(one => one.Value.Reach == Reach.Organization && RoleWalkTests.IsOfOne(one.Key)))
        {
            var (isMine, isTheirs) = (await RoleWalkTests.AskAsync(Send, name, own), await RoleWalkTests.AskAsync(Send, name, foreign));
            if (isMine == HttpStatusCode.Forbidden)
                wrong.Add($"{name} on {own.Name}: {isMine}");
            if (rule.Permission == Permission.View ? isTheirs is HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized : isTheirs != HttpStatusCode.Forbidden)
                wrong.Add($"{name} on {foreign.Name}: {isTheirs}");
        }

        wrong.ShouldBeEmpty();
        (await browser.GetAsync("/v1/instances/bob")).StatusCode.ShouldBe(HttpStatusCode.OK);
        await ProblemAsync(await browser.GetAsync("/v1/instances/nobody"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        await ProblemAsync(await browser.SendAsync(HttpMethod.Post, "/v1/tenants", Json(new { name = "cleo", organization = "other" })), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        (await browser.SendAsync(HttpMethod.Post, "/v1/tenants", Json(new { name = "cleo" }))).StatusCode.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task AnOwnerLetsPeopleInAndOnlyIntoTheirOwn()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        await JoinAsync(api, "acme", Role.Owner);
        var owner = await Browser.SignedInAsync(api, Ann);

        using var added = await owner.SendAsync(HttpMethod.Put, "/v1/organizations/acme/members/New@example.com", Json(new { role = "Member", name = "New" }));
        added.StatusCode.ShouldBe(HttpStatusCode.OK);
        var member = await Browser.SignedInAsync(api, "new@example.com");
        (await member.SendAsync(HttpMethod.Post, "/v1/invitations/acme/accept")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await (await owner.GetAsync("/v1/organizations/acme/members")).Content.ReadAsStringAsync()).ShouldContain("new@example.com");
        await ProblemAsync(await owner.SendAsync(HttpMethod.Put, "/v1/organizations/other/members/x@example.com", Json(new { role = "Member" })), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        await ProblemAsync(await owner.GetAsync("/v1/organizations/other/members"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        await ProblemAsync(await owner.SendAsync(HttpMethod.Put, "/v1/organizations/acme/members/x@example.com", Json(new { role = "Admin" })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        await ProblemAsync(await owner.GetAsync("/v1/people"), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        await ProblemAsync(await member.SendAsync(HttpMethod.Put, "/v1/organizations/acme/members/x@example.com", Json(new { role = "Owner" })), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        (await owner.SendAsync(HttpMethod.Delete, "/v1/organizations/acme/members/new@example.com")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        await ProblemAsync(await member.GetAsync("/v1/instances/ann"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }

    [Fact]
    public async Task NoTokenMakesWhatLetsSomebodyInAndAnAdminWhoSignedInDoes()
    {
        await using var api = await StartAsync();
        var token = api.Client(await TokenAsync(api, Role.Admin, null));
        var admin = await Browser.SignedInAsync(api, Ann, Role.Admin);

        await ProblemAsync(await token.PostAsync("/v1/people", Json(new { email = "x@example.com", role = "Admin", password = "long enough 123" })), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        await ProblemAsync(await token.PostAsync("/v1/signin-links", Json(new { })), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        (await admin.SendAsync(HttpMethod.Post, "/v1/tokens", Json(new { name = "mine" }))).StatusCode.ShouldBe(HttpStatusCode.Created);
        await ProblemAsync(await admin.SendAsync(HttpMethod.Post, "/v1/signin-links", Json(new { })), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
    }

    [Fact]
    public async Task WhoTakesAwayTheirOwnRightIsAnswered()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        foreach (var email in (string[])[Ann, "bob@example.com", "olga@example.com"])
            await JoinAsync(api, "acme", Role.Owner, email);
        var (first, second) = (await Browser.SignedInAsync(api, Ann), await Browser.SignedInAsync(api, "bob@example.com"));
        var (admin, other) = (await Browser.SignedInAsync(api, "admin@example.com", Role.Admin), await Browser.SignedInAsync(api, "other@example.com", Role.Admin));

        (await first.SendAsync(HttpMethod.Delete, $"/v1/organizations/acme/members/{Ann}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await second.SendAsync(HttpMethod.Put, "/v1/organizations/acme/members/bob@example.com", Json(new { role = "Viewer" }))).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await admin.SendAsync(HttpMethod.Patch, "/v1/people/admin@example.com", Json(new { noRole = true }), headers: ("If-Match", "*"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await other.SendAsync(HttpMethod.Delete, "/v1/people/other@example.com")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await second.SendAsync(HttpMethod.Delete, "/v1/session")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        await ProblemAsync(await admin.GetAsync("/v1/people"), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
    }

    [Fact]
    public async Task TheLastOwnerStaysUnlessThePlatformSaysOtherwise()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        await JoinAsync(api, "acme", Role.Owner);
        var owner = await Browser.SignedInAsync(api, Ann);

        (await ProblemAsync(await owner.SendAsync(HttpMethod.Delete, $"/v1/organizations/acme/members/{Ann}"), HttpStatusCode.Conflict, ProblemCodes.Conflict)).Detail.ShouldContain("last owner");
        await ProblemAsync(await owner.SendAsync(HttpMethod.Put, $"/v1/organizations/acme/members/{Ann}", Json(new { role = "Member" })), HttpStatusCode.Conflict, ProblemCodes.Conflict);
        await JoinAsync(api, "acme", Role.Owner);
        (await api.Local.DeleteAsync($"/v1/organizations/acme/members/{Ann}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task WhatAnOwnerInvitedIsWithdrawnWithTheirRoleAndTheAuditSaysSo()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        await JoinAsync(api, "acme", Role.Owner);
        var owner = await Browser.SignedInAsync(api, Ann);
        (await owner.SendAsync(HttpMethod.Put, "/v1/organizations/acme/members/friend@example.com", Json(new { role = "Owner" }))).StatusCode.ShouldBe(HttpStatusCode.OK);
        var friend = await Browser.SignedInAsync(api, "friend@example.com");

        (await api.Local.DeleteAsync($"/v1/organizations/acme/members/{Ann}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        await ProblemAsync(await friend.SendAsync(HttpMethod.Post, "/v1/invitations/acme/accept"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        var row = (await ReadAsync<PageResponse<AuditResponse>>(await api.Local.GetAsync("/v1/audit?action=member.remove"))).Items.ShouldHaveSingleItem();
        row.Changes.Select(one => (one.Subject, one.Field, one.From, one.To)).ShouldBe([($"member {Ann} of acme", "role", "owner", null), ("member friend@example.com of acme", "invitation", "owner", null)]);
    }

    [Fact]
    public async Task AnOrganizationThatWasRemovedIsNotMadeAnewByWhoHasARoleInItFromTheProvider()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        var browser = await Browser.SignedInAsync(api, Ann);
        // As the provider's group gives it, whatever became of the organization here.
        var now = api.Time.GetUtcNow();
        await api.Store.AddSessionAsync(new Tenantry.Server.Store.PersonSession(RandomText.Hash("s3ssion"), Ann, "Provider", "https://id.example", "s1", now, now.AddHours(1), now) { Grants = "gone:Owner" }, CancellationToken.None);
        browser.Cookie = "s3ssion";
        browser.Csrf = (await ReadAsync<SessionResponse>(await browser.GetAsync("/v1/session"))).CsrfToken;

        foreach (var query in (string[])["", "?dryRun=true"])
        {
            (await ProblemAsync(await browser.SendAsync(HttpMethod.Post, $"/v1/tenants{query}", Json(new { name = "cleo" })), HttpStatusCode.NotFound, ProblemCodes.NotFound)).Detail.ShouldContain("gone");
            await ProblemAsync(
                await browser.SendAsync(HttpMethod.Post, $"/v1/instances{query}", Json(new { tenant = "cleo", app = "notes", newTenant = new { name = "cleo" } })), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        }

        (await api.Store.ListOrganizationsAsync(CancellationToken.None)).ShouldNotContain(one => one.Name == "gone");
    }

    [Fact]
    public async Task AnAppWithSeveralTiersAndNoDefaultIsDeployedByAnOrganizationInItsFirst()
    {
        await using var api = await StartAsync(pages: new DashboardPages());
        await TwoTenantsAsync(api);
        await api.ApplyAsync(Manifest.Replace("defaultTier: free\n", "", StringComparison.Ordinal));
        await JoinAsync(api, "acme", Role.Owner);
        var owner = await Browser.SignedInAsync(api, Ann);
        Task<HttpResponseMessage> DeployAsync(string name, string? tier) =>
            owner.SendAsync(HttpMethod.Post, "/v1/instances", Json(new { tenant = name, app = "notes", tier, newTenant = new { name } }));

        (await DeployAsync("cleo", "free")).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        await ProblemAsync(await DeployAsync("dora", "pro"), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        await ProblemAsync(await DeployAsync("dora", null), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);

        using var answer = await owner.SendAsync(HttpMethod.Get, "/deploy", headers: ("Accept", "text/html"));
        var page = await answer.Content.ReadAsStringAsync();
        page.ShouldContain("value=\"free\" checked required");
        page.ShouldContain("value=\"pro\" disabled required");
    }

    [Fact]
    public async Task WhatAMemberIsDeniedTheirOrganizationReadsButForWhatIsAnothers()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        await JoinAsync(api, "acme", Role.Owner);
        await JoinAsync(api, "acme", Role.Viewer, "eve@example.com");
        var (owner, eve) = (await Browser.SignedInAsync(api, Ann), await Browser.SignedInAsync(api, "eve@example.com"));

        foreach (var (path, body) in new (string, object)[] { ("/v1/tenants", new { name = "cleo" }), ("/v1/apps", new { manifest = "x" }), ("/v1/instances", new { tenant = "ann", app = "notes", environment = "two" }) })
            await ProblemAsync(await eve.SendAsync(HttpMethod.Post, path, Json(body)), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        await ProblemAsync(await eve.GetAsync("/v1/targets"), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        await ProblemAsync(await eve.GetAsync("/v1/instances?organization=other"), HttpStatusCode.NotFound, ProblemCodes.NotFound);

        var rows = (await ReadAsync<PageResponse<AuditResponse>>(await owner.GetAsync("/v1/audit?outcome=denied"))).Items;
        rows.Select(row => row.Subject).ShouldBe(["/v1/targets", "/v1/instances", "/v1/apps", "/v1/tenants"]);
        rows.ShouldAllBe(row => row.Actor == "eve@example.com");
    }

    [Theory]
    [InlineData("li@example.com", "a reliable sentence", true)]
    [InlineData("lisa@example.com", "lisa is in it 2026", false)]
    [InlineData("lisa@example.com", "a reliable sentence", true)]
    public void AShortNameInAPasswordMakesItNotEasyToGuess(string email, string password, bool isGood)
    {
        var check = () => Tenantry.Server.People.Passwords.Check(password, email);
        if (isGood)
            check.ShouldNotThrow();
        else
            check.ShouldThrow<Tenantry.Server.Api.ProblemException>();
    }

    [Theory]
    [InlineData("{\"email\":\"no address\"}", "email")]
    [InlineData("{\"email\":\"a@example.com\",\"role\":\"owner\"}", "role")]
    [InlineData("{\"email\":\"a@example.com\",\"password\":\"short\"}", "password")]
    [InlineData("{\"email\":\"robert@example.com\",\"password\":\"Robert-2026-x\"}", "password")]
    [InlineData("{\"email\":\"a@example.com\",\"pasword\":\"never repeated\"}", "")]
    public async Task AMistakeIsNamedAndNothingIsMade(string body, string path)
    {
        await using var api = await StartAsync();

        var problem = await ProblemAsync(await api.Local.PostAsync("/v1/people", Text(body)), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);

        problem.Errors!.ShouldHaveSingleItem().Path.ShouldBe(path);
        problem.Detail.ShouldNotContain("never repeated");
        (await api.Store.ListPeopleAsync(new Tenantry.Server.Store.PageRequest(), CancellationToken.None)).Items.ShouldBeEmpty();
        await ProblemAsync(await api.Local.PutAsync("/v1/organizations/nobody/members/a@example.com", Json(new { role = "Member" })), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }
}
