using System.Net;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using static Tenantry.Server.Tests.Api.TestApi;
using static Tenantry.Server.Tests.Api.TwoOrganizations;

namespace Tenantry.Server.Tests.Api;

/// <summary>Nobody gets into an organization that they did not agree to, and its owners learn of nobody who did not.</summary>
public sealed class InvitationTests
{
    private const string Olga = "olga@example.com";
    private const string Ann = "ann@example.com";

    private static async Task<Browser> OwnerAsync(TestApi api)
    {
        await TwoTenantsAsync(api);
        (await api.Local.PutAsync($"/v1/organizations/acme/members/{Olga}", Json(new { role = "Owner" }))).StatusCode.ShouldBe(HttpStatusCode.OK);
        return await Browser.SignedInAsync(api, Olga);
    }

    private static async Task<MemberResponse> InviteAsync(Browser owner, string email, string? name = null) =>
        await ReadAsync<MemberResponse>(await owner.SendAsync(HttpMethod.Put, $"/v1/organizations/acme/members/{email}", Json(new { role = "Member", name })));

    private static async Task<IReadOnlyList<InvitationResponse>> WaitingAsync(Browser browser) =>
        (await ReadAsync<PageResponse<InvitationResponse>>(await browser.GetAsync("/v1/invitations"))).Items;

    private static async Task<IReadOnlyList<MemberResponse>> MembersAsync(Browser browser) =>
        (await ReadAsync<PageResponse<MemberResponse>>(await browser.GetAsync("/v1/organizations/acme/members"))).Items;

    [Fact]
    public async Task AnOwnerSeesOfWhoIsInvitedWhatTheyTypedAndNothingOfTheirAccount()
    {
        await using var api = await StartAsync();
        var owner = await OwnerAsync(api);
        (await api.Local.PostAsync("/v1/people", Json(new { email = Ann, name = "Ann the Secret" }))).StatusCode.ShouldBe(HttpStatusCode.Created);
        var ann = await Browser.SignedInAsync(api, Ann);

        var (known, unknown) = (await InviteAsync(owner, Ann, "My Ann"), await InviteAsync(owner, "nobody@example.com", "My Ann"));

        known.ShouldBe(unknown with { Email = Ann });
        (known.Name, known.SignedInAt, known.InvitedUntil).ShouldBe(("My Ann", null, api.Time.GetUtcNow().AddDays(14)));
        (await (await owner.GetAsync("/v1/organizations/acme/members")).Content.ReadAsStringAsync()).ShouldNotContain("Secret");
        (await api.Store.FindPersonAsync("nobody@example.com", CancellationToken.None)).ShouldBeNull();
        // Invited is not a member.
        await ProblemAsync(await ann.GetAsync("/v1/instances/ann"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        (await ReadAsync<SessionResponse>(await ann.GetAsync("/v1/session"))).Memberships.ShouldBeEmpty();
        var waits = (await WaitingAsync(ann)).ShouldHaveSingleItem();
        (waits.Organization, waits.Role, waits.InvitedBy).ShouldBe(("acme", Role.Member, Olga));
        (await WaitingAsync(owner)).ShouldBeEmpty();
    }

    [Fact]
    public async Task TheInvitedAcceptsOrDeclinesAndNobodyElseDoes()
    {
        await using var api = await StartAsync();
        var owner = await OwnerAsync(api);
        var (ann, bob) = (await Browser.SignedInAsync(api, Ann), await Browser.SignedInAsync(api, "bob@example.com"));
        await InviteAsync(owner, Ann);
        await InviteAsync(owner, "bob@example.com");

        await ProblemAsync(await owner.SendAsync(HttpMethod.Post, "/v1/invitations/acme/accept"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        await ProblemAsync(await api.Client(await api.TokenAsync()).PostAsync("/v1/invitations/acme/accept", null), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        await ProblemAsync(await ann.SendAsync(HttpMethod.Post, "/v1/invitations/other/accept"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        (await ReadAsync<PlanResponse>(await ann.SendAsync(HttpMethod.Post, "/v1/invitations/acme/accept?dryRun=true"))).Changes.ShouldHaveSingleItem().To.ShouldBe("member");
        (await ReadAsync<MembershipResponse>(await ann.SendAsync(HttpMethod.Post, "/v1/invitations/acme/accept"))).ShouldBe(new MembershipResponse("acme", Role.Member));
        (await bob.SendAsync(HttpMethod.Delete, "/v1/invitations/acme")).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        (await ann.GetAsync("/v1/instances/ann")).StatusCode.ShouldBe(HttpStatusCode.OK);
        await ProblemAsync(await bob.SendAsync(HttpMethod.Post, "/v1/invitations/acme/accept"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        (await MembersAsync(owner)).Select(one => (one.Email, one.InvitedUntil is null)).ShouldBe([(Ann, true), (Olga, true)]);
        var rows = (await ReadAsync<PageResponse<AuditResponse>>(await api.Local.GetAsync("/v1/audit?action=invitation"))).Items;
        rows.Where(row => row.Outcome == "done").Select(row => (row.Actor, row.Action, row.Subject)).ShouldBe(
            [("bob@example.com", "invitation.decline", "member bob@example.com of acme"), (Ann, "invitation.accept", "member ann@example.com of acme")]);
    }

    [Fact]
    public async Task AnInvitationIsWithdrawnByTheOwnerAndEndsByItselfAndAMembersRoleChangesAtOnce()
    {
        await using var api = await StartAsync();
        var owner = await OwnerAsync(api);
        var ann = await Browser.SignedInAsync(api, Ann);
        await InviteAsync(owner, Ann);
        (await owner.SendAsync(HttpMethod.Delete, $"/v1/organizations/acme/members/{Ann}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await WaitingAsync(ann)).ShouldBeEmpty();
        await ProblemAsync(await owner.SendAsync(HttpMethod.Delete, $"/v1/organizations/acme/members/{Ann}"), HttpStatusCode.NotFound, ProblemCodes.NotFound);

        await InviteAsync(owner, Ann);
        api.Time.Advance(TimeSpan.FromDays(14));
        (owner, ann) = (await Browser.SignedInAsync(api, Olga), await Browser.SignedInAsync(api, Ann));
        await ProblemAsync(await ann.SendAsync(HttpMethod.Post, "/v1/invitations/acme/accept"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        (await MembersAsync(owner)).ShouldHaveSingleItem().Email.ShouldBe(Olga);

        await InviteAsync(owner, Ann);
        (await ann.SendAsync(HttpMethod.Post, "/v1/invitations/acme/accept")).StatusCode.ShouldBe(HttpStatusCode.OK);
        var viewer = await ReadAsync<MemberResponse>(await owner.SendAsync(HttpMethod.Put, $"/v1/organizations/acme/members/{Ann}", Json(new { role = "Viewer" })));
        (viewer.Role, viewer.InvitedUntil).ShouldBe((Role.Viewer, null));
        await ProblemAsync(await ann.SendAsync(HttpMethod.Post, "/v1/instances/ann/restart"), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
    }

    [Fact]
    public async Task WhoIsInvitedAndUnknownSignsInByALinkAndIsLedToTheInvitation()
    {
        await using var api = await StartAsync();
        var owner = await OwnerAsync(api);
        await InviteAsync(owner, Ann, "Ann");

        await ProblemAsync(await api.Local.PostAsync("/v1/signin-links", Json(new { email = "nobody@example.com" })), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        var link = await ReadAsync<SignInLinkResponse>(await api.Local.PostAsync("/v1/signin-links", Json(new { email = Ann })), HttpStatusCode.Created);
        link.IsNew.ShouldBeTrue();
        var browser = new Browser(api);
        using var answer = await browser.SendAsync(HttpMethod.Post, new Uri(link.Url).PathAndQuery);

        answer.Headers.Location!.ToString().ShouldBe("/account");
        var session = await ReadAsync<SessionResponse>(await browser.GetAsync("/v1/session"));
        (session.Role, session.Memberships.Count).ShouldBe((null, 0));
        (await WaitingAsync(browser)).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task WhatSomebodyFollowsGoesOnWhenTheyMayDoMoreAndIsCutWhenTheyMayDoLess()
    {
        await using var api = await StartAsync();
        var owner = await OwnerAsync(api);
        (await api.Local.PutAsync($"/v1/organizations/other/members/{Ann}", Json(new { role = "Member" }))).StatusCode.ShouldBe(HttpStatusCode.OK);
        var ann = await Browser.SignedInAsync(api, Ann);
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var events = await ann.GetAsync("/v1/events");
        using var lines = new StreamReader(await events.Content.ReadAsStreamAsync(late.Token));

        await InviteAsync(owner, Ann);
        (await ann.SendAsync(HttpMethod.Post, "/v1/invitations/acme/accept")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await api.Local.PutAsync($"/v1/organizations/other/members/{Ann}", Json(new { role = "Owner" }))).StatusCode.ShouldBe(HttpStatusCode.OK);
        await api.SeeAsync("bob", Model.Instances.InstancePhase.Running);
        while (await lines.ReadLineAsync(late.Token) is { } line && !line.StartsWith("data:", StringComparison.Ordinal))
        {
        }

        (await api.Local.PutAsync($"/v1/organizations/other/members/{Ann}", Json(new { role = "Viewer" }))).StatusCode.ShouldBe(HttpStatusCode.OK);
        await Should.ThrowAsync<Exception>(async () =>
        {
            while (await lines.ReadLineAsync(late.Token) is not null)
            {
            }

            throw new IOException("It ended.");
        });
        late.IsCancellationRequested.ShouldBeFalse();
    }

    [Theory]
    [InlineData("acme:Member", "acme:Owner", true)]
    [InlineData("acme:Member", "acme:Member,other:Viewer", true)]
    [InlineData("acme:Owner", "acme:Member", false)]
    [InlineData("acme:Owner,other:Viewer", "acme:Owner", false)]
    [InlineData("acme:Owner", "Admin", true)]
    [InlineData("acme:Member", "Viewer", false)]
    [InlineData("Operator", "Viewer,acme:Owner", false)]
    [InlineData("", "", true)]
    public void GrantsCoverWhatLetsNobodyDoMore(string before, string now, bool covers) => Grants.Parse(now).Covers(Grants.Parse(before)).ShouldBe(covers);
}
