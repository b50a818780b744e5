using System.Net;
using System.Web;
using Tenantry.Model.Wire;
using Tenantry.Server.People.Oidc;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api.Oidc;

/// <summary>People and machines that a real provider vouches for.</summary>
public sealed class OidcTests(RealProvider provider) : IClassFixture<RealProvider>
{
    private TestApi Api => provider.Api;

    private static async Task<Uri> BeginAsync(Browser browser, string returnTo = "/")
    {
        using var begun = await browser.FormAsync("/signin/oidc/begin", ("returnTo", returnTo));
        begun.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        return begun.Headers.Location!;
    }

    [OidcFact]
    public async Task APersonSignsInWithTheRolesOfTheirGroupsAndIsOutWhenTheProviderSaysSo()
    {
        var browser = new Browser(Api);
        var begin = await BeginAsync(browser, "/fleet");
        var sent = HttpUtility.ParseQueryString(begin.Query);
        (sent["code_challenge_method"], sent["response_type"]).ShouldBe(("S256", "code"));
        var (callback, atProvider) = await provider.SignInAsync(begin, "ann");
        using var back = await browser.GetAsync(callback);
        back.Headers.Location!.ToString().ShouldBe("/fleet");

        var session = await ReadAsync<SessionResponse>(await browser.GetAsync("/v1/session"));
        session.Name.ShouldBe("ann@example.com");
        session.Role.ShouldBeNull();
        session.Memberships.ShouldHaveSingleItem().ShouldBe(new MembershipResponse("acme", Role.Owner));
        session.ExpiresAt!.Value.ShouldBeLessThanOrEqualTo(Api.Time.GetUtcNow() + TimeSpan.FromHours(8));
        (await (await browser.GetAsync("/v1/instances/ann")).Content.ReadAsStringAsync()).ShouldContain("\"ann\"");
        await ProblemAsync(await browser.GetAsync("/v1/instances/bob"), HttpStatusCode.NotFound, ProblemCodes.NotFound);

        using var again = await browser.GetAsync(callback);
        again.Headers.Location!.ToString().ShouldStartWith("/signin?failure=provider");
        await provider.SignOutAsync(atProvider);
        await Eventually(async () => (await browser.GetAsync("/v1/session")).StatusCode == HttpStatusCode.Unauthorized);
        atProvider.Dispose();
    }

    [OidcFact]
    public async Task WhoHasNoRoleIsNotMadeAndAnAddressThatTheProviderIsNotSureOfIsNobody()
    {
        foreach (var login in (string[])["nobody", "shaky"])
        {
            var browser = new Browser(Api);
            var (callback, atProvider) = await provider.SignInAsync(await BeginAsync(browser), login);
            using var back = await browser.GetAsync(callback);
            back.Headers.Location!.ToString().ShouldStartWith("/signin?failure=norole");
            browser.Cookie.ShouldBeNull();
            (await Api.Store.FindPersonAsync($"{login}@example.com", CancellationToken.None)).ShouldBeNull();
            atProvider.Dispose();
        }
    }

    [OidcFact]
    public async Task AnAnswerIsOfNoUseToAnotherBrowserNorWithAnotherState()
    {
        var (mine, theirs) = (new Browser(Api), new Browser(Api));
        var (callback, atProvider) = await provider.SignInAsync(await BeginAsync(mine), "bob");
        await BeginAsync(theirs);

        foreach (var (browser, path) in new[] { (theirs, callback), (new Browser(Api), callback), (mine, callback.Replace("state=", "state=x", StringComparison.Ordinal)) })
        {
            using var back = await browser.GetAsync(path);
            back.Headers.Location!.ToString().ShouldStartWith("/signin?failure=provider");
            (await browser.GetAsync("/v1/session")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        }

        atProvider.Dispose();
    }

    [OidcFact]
    public async Task AMachinesTokenIsGoodForThisServerAndWithARoleAlone()
    {
        var bot = Api.Client(await provider.MachineTokenAsync("ci-bot", "urn:tenantry:api"));
        var session = await ReadAsync<SessionResponse>(await bot.GetAsync("/v1/session"));
        (session.Name, session.Through, session.Role).ShouldBe(("ci-bot", "provider", Role.Operator));
        (await bot.PostAsync("/v1/organizations", Json(new { name = "made-by-bot" }))).StatusCode.ShouldBe(HttpStatusCode.Created);
        await ProblemAsync(await bot.PostAsync("/v1/tokens", Json(new { name = "x" })), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);

        var stranger = Api.Client(await provider.MachineTokenAsync("stranger", "urn:tenantry:api"));
        await ProblemAsync(await stranger.GetAsync("/v1/tenants"), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        var elsewhere = Api.Client(await provider.MachineTokenAsync("ci-bot", "urn:other:api"));
        (await ProblemAsync(await elsewhere.GetAsync("/v1/session"), HttpStatusCode.Unauthorized, ProblemCodes.Unauthorized)).Detail.ShouldContain("aud");
        var token = await provider.MachineTokenAsync("ci-bot", "urn:tenantry:api");
        var forged = Api.Client(token[..^8] + (token.EndsWith("AAAAAAAA", StringComparison.Ordinal) ? "BBBBBBBB" : "AAAAAAAA"));
        await ProblemAsync(await forged.GetAsync("/v1/session"), HttpStatusCode.Unauthorized, ProblemCodes.Unauthorized);
        var unsigned = Api.Client($"{Base64("{\"alg\":\"none\"}")}.{token.Split('.')[1]}.x");
        await ProblemAsync(await unsigned.GetAsync("/v1/session"), HttpStatusCode.Unauthorized, ProblemCodes.Unauthorized);
    }

    [OidcFact]
    public async Task TheFirstSignInAfterTheProviderTookAnotherKeyWorks()
    {
        foreach (var key in (string?[])[null, "second", "third"])
        {
            if (key is not null)
                await provider.RotateAsync(key);
            var browser = new Browser(Api);
            var (callback, atProvider) = await provider.SignInAsync(await BeginAsync(browser), "ann");
            using var back = await browser.GetAsync(callback);
            back.Headers.Location!.ToString().ShouldBe("/", key);
            atProvider.Dispose();
            // Keys that never were ask the provider no more often than this.
            Api.Time.Advance(TimeSpan.FromSeconds(11));
        }

        (await Api.Client(await provider.MachineTokenAsync("ci-bot", "urn:tenantry:api")).GetAsync("/v1/session")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [OidcFact]
    public async Task AnAddressIsVerifiedWhenTheProviderSaysSoAsTextToo()
    {
        var browser = new Browser(Api);
        var (callback, atProvider) = await provider.SignInAsync(await BeginAsync(browser), "texty");
        using var back = await browser.GetAsync(callback);

        (await ReadAsync<SessionResponse>(await browser.GetAsync("/v1/session"))).Name.ShouldBe("texty@example.com");
        atProvider.Dispose();
    }

    [Theory]
    [InlineData("a@x.y", "true", null, null, true)]
    [InlineData(null, null, "a@x.y", "true", true)]
    [InlineData("a@x.y", null, "a@x.y", "true", true)]
    [InlineData("a@x.y", "true", "a@x.y", null, true)]
    [InlineData("a@x.y", "false", "a@x.y", "true", false)]
    [InlineData("a@x.y", "true", "A@x.y", "false", false)]
    [InlineData("a@x.y", null, "b@x.y", "true", false)]
    [InlineData("a@x.y", "true", "b@x.y", "false", true)]
    [InlineData("a@x.y", null, null, "true", false)]
    [InlineData("a@x.y", null, "a@x.y", null, false)]
    public void AnAddressOfTheTokenAndOneThatIsToldCountAlike(string? email, string? verified, string? told, string? toldVerified, bool counts) =>
        OidcSignIn.Address((email, verified), (told, toldVerified)).ShouldBe(counts ? (email ?? told)!.ToLowerInvariant() : null);

    [OidcFact]
    public async Task WhatAClientMayDoIsNotWhatPeopleMayDoWhoGotATokenByIt()
    {
        var ann = Api.Client(await provider.PersonTokenAsync("ann", "urn:tenantry:api"));

        var session = await ReadAsync<SessionResponse>(await ann.GetAsync("/v1/session"));

        (session.Name, session.Role).ShouldBe(("ann", null));
        await ProblemAsync(await ann.GetAsync("/v1/targets"), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
    }

    [Theory]
    [InlineData("{\"issuer\":\"http://id.example\",\"clientId\":\"x\"}", "https is needed")]
    [InlineData("{\"issuer\":\"https://id.example\",\"clientId\":\"x\",\"clientSecrt\":\"hidden\"}", "clientSecrt")]
    [InlineData("{\"issuer\":\"https://id.example\",\"clientId\":\"x\",\"audience\":\"x\"}", "audience")]
    [InlineData("{\"issuer\":\"https://id.example\",\"clientId\":\"x\",\"roles\":[{\"group\":\"g\",\"role\":\"owner\"}]}", "of an organization")]
    [InlineData("{\"issuer\":\"https://id.example\",\"clientId\":\"x\",\"roles\":[{\"role\":\"admin\"}]}", "a group or a client")]
    [InlineData("{\"clientId\":\"x\"}", "issuer")]
    public void AConfigurationThatCannotBeUsedSaysWhy(string json, string why)
    {
        var message = Should.Throw<ServeConfigurationException>(() => OidcOptions.Read(json, "oidc.json")).Message;
        message.ShouldContain(why);
        message.ShouldNotContain("hidden");
    }

    private static string Base64(string text) => Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(text)).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private static async Task Eventually(Func<Task<bool>> condition)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await condition())
            await Task.Delay(50, late.Token);
    }
}
