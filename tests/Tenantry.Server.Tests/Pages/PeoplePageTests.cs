using System.Net;
using System.Text.RegularExpressions;
using Tenantry.Dashboard.Pages;
using Tenantry.Dashboard.Serving;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;
using Tenantry.Server.People;
using Tenantry.Server.Tests.Api;
using static Tenantry.Server.Tests.Api.TestApi;
using static Tenantry.Server.Tests.Api.TwoOrganizations;

namespace Tenantry.Server.Tests.Pages;

/// <summary>Pages as people of an organization see and use them.</summary>
public sealed class PeoplePageTests
{
    private const string Olga = "olga@example.com";
    private const string Ann = "ann@example.com";

    private static async Task<Browser> OwnerAsync(TestApi api)
    {
        await TwoTenantsAsync(api);
        (await api.Local.PutAsync($"/v1/organizations/acme/members/{Olga}", Json(new { role = "Owner", name = "Olga" }))).StatusCode.ShouldBe(HttpStatusCode.OK);
        return await Browser.SignedInAsync(api, Olga);
    }

    private static async Task<string> PageAsync(Browser browser, string path, HttpStatusCode status = HttpStatusCode.OK)
    {
        using var answer = await browser.SendAsync(HttpMethod.Get, path, headers: ("Accept", "text/html"));
        var html = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.ShouldBe(status, html);
        return WebUtility.HtmlDecode(html);
    }

    private static async Task<HttpResponseMessage> PostAsync(Browser browser, string path, params (string Name, string Value)[] fields) => await browser.SendAsync(
        HttpMethod.Post, path, new FormUrlEncodedContent(fields.Append(("csrf", browser.Csrf!)).Select(one => KeyValuePair.Create(one.Item1, one.Item2))), headers: ("Accept", "text/html"));

    [Fact]
    public async Task AnOwnerInvitesOnThePageAndTheInvitedAnswersOnTheirs()
    {
        await using var api = await StartAsync(pages: new DashboardPages());
        var owner = await OwnerAsync(api);
        var ann = await Browser.SignedInAsync(api, Ann);
        (await PageAsync(owner, "/settings/people")).ShouldContain("Invite somebody, or change a role");
        (await PostAsync(owner, "/settings/members", ("organization", "acme"), ("email", Ann), ("name", "My Ann"), ("role", "Member"))).StatusCode.ShouldBe(HttpStatusCode.SeeOther);

        var people = await PageAsync(owner, "/settings/people?organization=acme");
        people.ShouldContain("invited; the invitation ends");
        people.ShouldContain("Withdraw the invitation of My Ann?");
        people.ShouldContain("Remove Olga from acme?");
        using (var led = await ann.SendAsync(HttpMethod.Get, "/", headers: ("Accept", "text/html")))
            led.Headers.Location!.ToString().ShouldBe("/account");
        (await PageAsync(ann, "/activity", HttpStatusCode.Forbidden)).ShouldContain("1 invitation");
        (await PageAsync(ann, "/account")).ShouldContain("as member, by olga@example.com");
        (await PostAsync(ann, "/account/invitations", ("organization", "acme"), ("answer", "perhaps"))).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await PostAsync(ann, "/account/invitations", ("organization", "acme"), ("answer", "accept"))).StatusCode.ShouldBe(HttpStatusCode.SeeOther);

        (await PageAsync(ann, "/")).ShouldContain("row-ann");
        (await PostAsync(owner, "/settings/members/remove", ("organization", "acme"), ("email", Ann))).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await PageAsync(ann, "/account")).ShouldNotContain("acme");
    }

    [Fact]
    public async Task WhoDeploysChoosesAmongSeveralTargetsByNameAndCapabilitiesAlone()
    {
        await using var api = await StartAsync(pages: new DashboardPages());
        var owner = await OwnerAsync(api);
        (await api.Local.PutAsync("/v1/targets/far", Json(new { kind = "aws", options = new { region = "eu-central-1", project = "secret-project" } }))).StatusCode.ShouldBe(HttpStatusCode.Created);

        var choices = await ReadAsync<PageResponse<TargetChoiceResponse>>(await owner.GetAsync("/v1/target-choices"));
        choices.Items.Select(one => (one.Name, one.Kind)).ShouldBe([("far", "aws"), ("local", "local")]);
        choices.Items[0].Capabilities.ShouldBe(["logs"]);
        var page = await PageAsync(owner, "/deploy");
        page.ShouldContain("<option value=\"far\">far (aws: logs)</option>");
        page.ShouldContain("<option value=\"local\">");
        page.ShouldNotContain("secret-project");
        await ProblemAsync(await owner.GetAsync("/v1/targets"), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        using var deployed = await PostAsync(owner, "/deploy", ("app", "notes"), ("name", "cleo"), ("target", "local"), ("tier", "free"));
        deployed.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await api.GetAsync("cleo")).Organization.ShouldBe("acme");
    }

    [Fact]
    public async Task ATenantsNameThatAnotherOrganizationHasIsTaken()
    {
        await using var api = await StartAsync(pages: new DashboardPages());
        var owner = await OwnerAsync(api);

        foreach (var query in (string[])["", "?dryRun=true"])
        {
            var problem = await ProblemAsync(
                await owner.SendAsync(HttpMethod.Post, $"/v1/instances{query}", Json(new { tenant = "bob", app = "notes", newTenant = new { name = "bob" } })), HttpStatusCode.Conflict, ProblemCodes.Conflict);
            problem.Errors!.ShouldHaveSingleItem().Path.ShouldBe("newTenant.name");
        }

        using var answer = await PostAsync(owner, "/deploy", ("app", "notes"), ("name", "bob"));
        answer.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("is taken");
        // Without the wish for a new one it is, as ever, not there.
        await ProblemAsync(await owner.SendAsync(HttpMethod.Post, "/v1/instances", Json(new { tenant = "bob", app = "notes" })), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }

    [Fact]
    public async Task AnOwnerReadsTheAuditOfTheirOrganizationAndNothingOfOthers()
    {
        await using var api = await StartAsync(pages: new DashboardPages());
        var owner = await OwnerAsync(api);
        foreach (var slug in (string[])["ann", "bob"])
            (await api.Local.PostAsync($"/v1/instances/{slug}/restart", null)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        await ProblemAsync(await owner.GetAsync("/v1/instances/bob"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        await api.TokenAsync("of-the-platform");

        var rows = (await ReadAsync<PageResponse<AuditResponse>>(await owner.GetAsync("/v1/audit"))).Items;
        rows.Select(row => $"{row.Action} {row.Subject}").ShouldBe(["instance.restart instance ann", $"member.set member {Olga} of acme", "instance.create instance ann"]);
        (await ReadAsync<PageResponse<AuditResponse>>(await owner.GetAsync("/v1/audit?subject=instance%20bob"))).Items.ShouldBeEmpty();
        var page = await PageAsync(owner, "/activity/audit?action=instance");
        page.ShouldContain("instance.restart");
        page.ShouldNotContain("member.set</strong>");
        page.ShouldContain("name=\"action\" value=\"instance\"");
        page.ShouldNotContain("Verify the chain");
        (await PageAsync(owner, "/activity/audit?outcome=failed")).ShouldContain("No row is like that.");

        // One of the same name that is made anew begins with nothing.
        await GoneAsync(api, "ann");
        (await api.Local.DeleteAsync("/v1/organizations/acme")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        api.Time.Advance(TimeSpan.FromMinutes(1));
        (await api.Local.PostAsync("/v1/organizations", Json(new { name = "acme" }))).StatusCode.ShouldBe(HttpStatusCode.Created);
        var other = api.Client(await TokenAsync(api, Role.Owner, "acme", "after"));
        (await ReadAsync<PageResponse<AuditResponse>>(await other.GetAsync("/v1/audit"))).Items.Select(row => row.Action).ShouldBe(["token.create", "organization.create"]);
        (await ReadAsync<AuditVerifyResponse>(await api.Local.GetAsync("/v1/audit/verify"))).Whole.ShouldBeTrue();
    }

    private static async Task GoneAsync(TestApi api, string slug)
    {
        (await api.Local.DeleteAsync($"/v1/tenants/{slug}")).IsSuccessStatusCode.ShouldBeTrue();
        var record = (await api.Store.FindInstanceBySlugAsync(slug, CancellationToken.None))!;
        var lease = (await api.Store.TryAcquireLeaseAsync(record.Spec.Id, "test", TimeSpan.FromMinutes(1), CancellationToken.None))!;
        await api.Store.RemoveInstanceAsync(record.Spec.Id, lease, CancellationToken.None);
    }

    [Fact]
    public async Task PasswordsThatAreTriedOnThePageComeFromWhereTheBrowserIs()
    {
        await using var api = await StartAsync(pages: new DashboardPages());
        (await api.Local.PostAsync("/v1/people", Json(new { email = Ann, password = "the first of them" }))).StatusCode.ShouldBe(HttpStatusCode.Created);
        var browser = await Browser.SignedInAsync(api, Ann);
        var limits = api.Service<SignInLimits>();
        while (limits.Enter("127.0.0.1") is null)
        {
        }

        using var answer = await PostAsync(browser, "/account/password", ("current", "not the right one"), ("password", "the second of them"), ("again", "the second of them"));

        answer.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
    }

    [Fact]
    public async Task ThePersonBehindTheFirstPartIsOnTheNextAndHowTheySignInIsTold()
    {
        await using var api = await StartAsync(pages: new DashboardPages());
        for (var number = 0; number <= 200; number++)
            await api.Store.AddPersonAsync(new Tenantry.Server.Store.Person($"p{number:000}@example.com", $"P {number:000}", null, null, "", "", 1, api.Time.GetUtcNow()), CancellationToken.None);
        var admin = await Browser.SignedInAsync(api, "admin@example.com", Role.Admin);

        var first = await PageAsync(admin, "/settings/people");
        first.ShouldNotContain("p200@example.com");
        var more = Regex.Match(first, "rel=\"next\" href=\"([^\"]+)\"").Groups[1].Value;
        var second = await PageAsync(admin, more);

        second.ShouldContain("p200@example.com");
        second.ShouldContain("by link");
        second.ShouldNotContain("admin@example.com</small>");
    }

    [Fact]
    public async Task WhoThePlatformsProviderKnowsIsOfferedNoFormThatAlwaysFails()
    {
        await using var api = await StartAsync(pages: new DashboardPages());
        await api.Store.AddPersonAsync(new Tenantry.Server.Store.Person(Ann, "Ann", Role.Viewer, null, "https://id.example", "1", 1, api.Time.GetUtcNow()), CancellationToken.None);
        var (ann, bob) = (await Browser.SignedInAsync(api, Ann), await Browser.SignedInAsync(api, "bob@example.com", Role.Viewer));

        var page = await PageAsync(ann, "/account");
        page.ShouldContain("You sign in at the identity provider");
        page.ShouldNotContain("/account/password");
        page.ShouldNotContain("data-passkey-add");
        var other = await PageAsync(bob, "/account");
        other.ShouldContain("/account/password");
        other.ShouldContain("data-passkey-add");
    }

    [Fact]
    public async Task TheLastDayThatWasChosenCountsAsAWhole()
    {
        await using var api = await StartAsync(pages: new DashboardPages());
        var admin = await Browser.SignedInAsync(api, "admin@example.com", Role.Admin);
        var today = api.Time.GetUtcNow().ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);
        var yesterday = api.Time.GetUtcNow().AddDays(-1).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);

        (await PageAsync(admin, $"/activity/audit?since={today}&until={today}")).ShouldContain("person.create");
        (await PageAsync(admin, $"/activity/audit?until={yesterday}")).ShouldContain("No row is like that.");
        AuditChoiceOf(today).ShouldContain($"until={today}");

        static string AuditChoiceOf(string day) => new AuditChoice { Until = day }.After("1");
    }

    [Fact]
    public async Task ThePageOfWhatIsGoneSaysSoToWhoAsksForItsHeadAlone()
    {
        await using var api = await StartAsync(pages: new DashboardPages());
        var owner = await OwnerAsync(api);
        async Task<HttpStatusCode> HeadAsync(string path)
        {
            using var answer = await owner.SendAsync(HttpMethod.Head, path, headers: ("Accept", "text/html"));
            return answer.StatusCode;
        }

        // What live.js asks when the stream of a page is refused.
        (await HeadAsync("/instances/ann")).ShouldBe(HttpStatusCode.OK);
        await GoneAsync(api, "ann");
        (await HeadAsync("/instances/ann")).ShouldBe(HttpStatusCode.NotFound);
        (await HeadAsync("/live/instances/ann")).ShouldNotBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("service", "alice-web", "", "/instances/alice/logs?service=web")]
    [InlineData("service", "tn-alice-prod-web-1", "", "/instances/alice/logs")]
    [InlineData("secret", "tenantry/alice", "", "/instances/alice/configuration")]
    [InlineData("role", "alice/aws_iam_role.task", "arn:aws:iam::123456789012:role/alice", "https://console.aws.amazon.com/go/view?arn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Falice")]
    [InlineData("route", "alice", "https://alice.example.com/", "https://alice.example.com/")]
    [InlineData("volume", "alice-data", "javascript:alert(1)", null)]
    public void AResourceLeadsToWhereMoreOfItIsToBeSeen(string kind, string name, string detail, string? place) =>
        ResourcePlace.Of(new ResourceResponse(kind, name, "there", detail), "alice", ManifestReader.Read(TestApi.Manifest, "tenantry.yaml").Manifest).ShouldBe(place);
}
