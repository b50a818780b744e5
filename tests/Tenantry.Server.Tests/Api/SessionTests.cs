using System.Net;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using Tenantry.Server.People;
using Tenantry.Server.Tests.Serving;
using static Tenantry.Server.Tests.Api.TestApi;
using static Tenantry.Server.Tests.Api.TwoOrganizations;

namespace Tenantry.Server.Tests.Api;

/// <summary>People sign in, stay signed in, and are out when they are to be.</summary>
public sealed class SessionTests
{
    internal const string Ann = "ann@example.com";
    internal const string Good = "correct horse battery";

    internal static async Task<Browser> WithPasswordAsync(TestApi api)
    {
        (await api.Local.PostAsync("/v1/people", Json(new { email = "Ann@Example.com", name = "Ann", role = "Viewer", password = Good }))).StatusCode.ShouldBe(HttpStatusCode.Created);
        return new Browser(api);
    }

    [Fact]
    public async Task APasswordSignsInAndTheCookieIsThisHostsAlone()
    {
        await using var api = await StartAsync();
        var browser = await WithPasswordAsync(api);

        using var wrong = await browser.FormAsync("/signin", ("email", Ann), ("password", "not the password"), ("returnTo", "/fleet?x=1"));
        wrong.Headers.Location!.ToString().ShouldBe("/signin?failure=wrong&returnTo=%2Ffleet%3Fx%3D1");
        browser.Cookie.ShouldBeNull();
        using var right = await browser.FormAsync("/signin", ("email", " ANN@example.com "), ("password", Good), ("returnTo", "/fleet?x=1"));

        right.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        right.Headers.Location!.ToString().ShouldBe("/fleet?x=1");
        foreach (var part in (string[])["__Host-tenantry=", "; path=/", "; secure", "; httponly", "; samesite=lax"])
            browser.SetCookie.ShouldContain(part, Case.Insensitive);
        browser.SetCookie.ShouldNotContain("domain", Case.Insensitive);
        var session = await ReadAsync<SessionResponse>(await browser.GetAsync("/v1/session"));
        (session.Name, session.DisplayName, session.Through, session.Role).ShouldBe((Ann, "Ann", "session", Role.Viewer));
        (await api.Store.FindPersonAsync(Ann, CancellationToken.None))!.Password!.ShouldNotContain(Good);
        var audit = await api.Local.GetStringAsync("/v1/audit?limit=5");
        audit.ShouldContain("session.begin");
        audit.ShouldContain("\"outcome\":\"denied\"");
        audit.ShouldNotContain(Good);
    }

    [Fact]
    public async Task WhetherThereIsAnAccountIsNotTold()
    {
        await using var api = await StartAsync();
        var browser = await WithPasswordAsync(api);
        await api.Local.PostAsync("/v1/people", Json(new { email = "nopass@example.com" }));

        var answers = new List<string>();
        foreach (var email in (string[])[Ann, "nobody@example.com", "nopass@example.com", "no address"])
        {
            using var answer = await browser.FormAsync("/signin", ("email", email), ("password", "not the password"));
            answers.Add($"{answer.StatusCode} {answer.Headers.Location} {await answer.Content.ReadAsStringAsync()}");
        }

        answers.Distinct().ShouldHaveSingleItem();
    }

    [Theory]
    [InlineData("//evil.example/x")]
    [InlineData("https://evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("javascript:alert(1)")]
    [InlineData("/a\r\nSet-Cookie: x=1")]
    [InlineData("/signout")]
    [InlineData(null)]
    public void NobodyIsLedElsewhere(string? wanted) => SignInApi.SafeReturn(wanted).ShouldBe("/");

    [Fact]
    public async Task ALinkSignsInOnceAndLookingAtItUsesNothingUp()
    {
        await using var api = await StartAsync();
        var link = await ReadAsync<SignInLinkResponse>(await api.Local.PostAsync("/v1/signin-links", Json(new { })), HttpStatusCode.Created);
        var path = new Uri(link.Url).PathAndQuery;
        (link.IsNew, link.Email).ShouldBe((true, "admin@localhost"));
        var browser = new Browser(api);

        for (var i = 0; i < 3; i++)
            (await (await browser.GetAsync(path)).Content.ReadAsStringAsync()).ShouldContain("admin@localhost");
        browser.Cookie.ShouldBeNull();
        using var first = await browser.SendAsync(HttpMethod.Post, path);
        using var second = await new Browser(api).SendAsync(HttpMethod.Post, path);

        first.Headers.Location!.ToString().ShouldBe("/");
        second.Headers.Location!.ToString().ShouldStartWith("/signin?failure=linkgone");
        (await ReadAsync<SessionResponse>(await browser.GetAsync("/v1/session"))).Role.ShouldBe(Role.Admin);
        var late = await ReadAsync<SignInLinkResponse>(await api.Local.PostAsync("/v1/signin-links", Json(new { expiresInSeconds = 60 })), HttpStatusCode.Created);
        late.IsNew.ShouldBeFalse();
        api.Time.Advance(TimeSpan.FromSeconds(60));
        using var expired = await new Browser(api).SendAsync(HttpMethod.Post, new Uri(late.Url).PathAndQuery);
        expired.Headers.Location!.ToString().ShouldStartWith("/signin?failure=linkgone");
    }

    [Fact]
    public async Task AChangeWithTheCookieNeedsWhatOnlyAPageOfOursKnows()
    {
        await using var api = await StartAsync();
        var browser = await Browser.SignedInAsync(api, Ann, Role.Admin);
        var body = () => Json(new { name = "acme" });

        using var good = await browser.SendAsync(HttpMethod.Post, "/v1/organizations", body());
        good.StatusCode.ShouldBe(HttpStatusCode.Created);
        await ProblemAsync(await browser.SendAsync(HttpMethod.Post, "/v1/organizations", body(), "cross-site"), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        await ProblemAsync(await browser.SendAsync(HttpMethod.Post, "/v1/organizations", body(), "same-site"), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        await ProblemAsync(await browser.SendAsync(HttpMethod.Post, "/v1/organizations", body(), headers: ("Origin", "http://evil.example")), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        browser.Csrf = (await Browser.SignedInAsync(api, Ann)).Csrf;
        await ProblemAsync(await browser.SendAsync(HttpMethod.Post, "/v1/organizations", body()), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        browser.Csrf = null;
        (await ProblemAsync(await browser.SendAsync(HttpMethod.Post, "/v1/organizations", body()), HttpStatusCode.Forbidden, ProblemCodes.Forbidden)).Detail.ShouldContain("X-CSRF-Token");
        await ProblemAsync(await browser.FormAsync("/v1/organizations", ("name", "x")), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
    }

    [Fact]
    public async Task ASignOutEndsTheSessionAtTheServer()
    {
        await using var api = await StartAsync();
        var browser = await Browser.SignedInAsync(api, Ann, Role.Viewer);
        var stolen = new Browser(api) { Cookie = browser.Cookie };
        using var before = await stolen.GetAsync("/v1/tenants");

        using var signedOut = await browser.SendAsync(HttpMethod.Post, "/signout");

        before.StatusCode.ShouldBe(HttpStatusCode.OK);
        signedOut.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        browser.Cookie.ShouldBeNull();
        await ProblemAsync(await stolen.GetAsync("/v1/tenants"), HttpStatusCode.Unauthorized, ProblemCodes.Unauthorized);
    }

    [Fact]
    public async Task ASessionEndsWhenItIsIdleAndAfterAWeek()
    {
        await using var api = await StartAsync();
        var idle = await Browser.SignedInAsync(api, Ann, Role.Viewer);
        var busy = await Browser.SignedInAsync(api, Ann);

        for (var time = TimeSpan.Zero; time + TimeSpan.FromHours(7) < Sessions.Lifetime; time += TimeSpan.FromHours(7))
        {
            (await busy.GetAsync("/v1/tenants")).StatusCode.ShouldBe(HttpStatusCode.OK);
            api.Time.Advance(TimeSpan.FromHours(7));
        }

        (await busy.GetAsync("/v1/tenants")).StatusCode.ShouldBe(HttpStatusCode.OK);
        await ProblemAsync(await idle.GetAsync("/v1/tenants"), HttpStatusCode.Unauthorized, ProblemCodes.Unauthorized);
        api.Time.Advance(TimeSpan.FromHours(7));
        await ProblemAsync(await busy.GetAsync("/v1/tenants"), HttpStatusCode.Unauthorized, ProblemCodes.Unauthorized);
    }

    [Fact]
    public async Task ARoleThatIsTakenIsTakenAtOnceAndWhatStreamsEnds()
    {
        await using var api = await StartAsync();
        await TwoTenantsAsync(api);
        var browser = await Browser.SignedInAsync(api, Ann, Role.Viewer);
        using var stream = await browser.GetAsync("/v1/events?after=0");
        using var lines = new StreamReader(await stream.Content.ReadAsStreamAsync());
        (await lines.ReadLineAsync().SoonAsync()).ShouldNotBeNull();

        using var request = new HttpRequestMessage(HttpMethod.Patch, $"/v1/people/{Ann}") { Content = Json(new { noRole = true }) };
        request.Headers.Add("If-Match", "*");
        (await api.Local.SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.OK);

        await ProblemAsync(await browser.GetAsync("/v1/tenants"), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await Should.ThrowAsync<IOException>(async () =>
        {
            while (await lines.ReadLineAsync(late.Token) is not null)
            {
                // What was on its way still comes.
            }

            throw new IOException("The end of the stream is an end, too.");
        });
        late.IsCancellationRequested.ShouldBeFalse();
        (await api.Local.DeleteAsync($"/v1/people/{Ann}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        await ProblemAsync(await browser.GetAsync("/v1/session"), HttpStatusCode.Unauthorized, ProblemCodes.Unauthorized);
    }

    [Fact]
    public async Task ANewPasswordEndsThePersonsSessions()
    {
        await using var api = await StartAsync();
        var browser = await WithPasswordAsync(api);
        using var signedIn = await browser.FormAsync("/signin", ("email", Ann), ("password", Good));
        using var request = new HttpRequestMessage(HttpMethod.Patch, $"/v1/people/{Ann}") { Content = Json(new { password = "another good one 1" }) };
        request.Headers.Add("If-Match", "*");
        var link = await ReadAsync<SignInLinkResponse>(await api.Local.PostAsync("/v1/signin-links", Json(new { email = Ann })), HttpStatusCode.Created);

        (await api.Local.SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.OK);

        await ProblemAsync(await browser.GetAsync("/v1/session"), HttpStatusCode.Unauthorized, ProblemCodes.Unauthorized);
        using var followed = await browser.SendAsync(HttpMethod.Post, new Uri(link.Url).PathAndQuery);
        followed.Headers.Location!.ToString().ShouldStartWith("/signin?failure=linkgone");
    }

    [Fact]
    public async Task WhoLooksWithABrowserIsAskedToSignIn()
    {
        await using var api = await StartAsync();
        var browser = new Browser(api);

        using var page = await browser.SendAsync(HttpMethod.Get, "/fleet?q=1", null, "none", ("Accept", "text/html,*/*"));
        using var script = await browser.GetAsync("/fleet?q=1");
        using var form = await browser.GetAsync("/signin?returnTo=%2Ffleet");

        page.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        page.Headers.Location!.ToString().ShouldBe("/signin?returnTo=%2Ffleet%3Fq%3D1");
        script.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        form.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await form.Content.ReadAsStringAsync()).ShouldContain("value=\"/fleet\"");
    }
}
