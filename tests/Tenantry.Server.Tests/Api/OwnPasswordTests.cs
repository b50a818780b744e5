using System.Net;
using Tenantry.Client;
using Tenantry.Model.Wire;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

/// <summary>One's own password.</summary>
public sealed class OwnPasswordTests
{
    private const string Ann = "ann@example.com";
    private const string First = "the first of them";
    private const string Second = "the second of them";

    private static async Task<HttpStatusCode> SignInAsync(TestApi api, string password)
    {
        var browser = new Browser(api);
        using var answer = await browser.FormAsync("/signin", ("email", Ann), ("password", password));
        return browser.Cookie is null ? HttpStatusCode.Unauthorized : HttpStatusCode.OK;
    }

    private static Task<HttpResponseMessage> PutAsync(Browser browser, object body) => browser.SendAsync(HttpMethod.Put, "/v1/session/password", Json(body));

    [Fact]
    public async Task IsChangedWithTheOneSoFarAndEndsEverySession()
    {
        await using var api = await StartAsync();
        (await api.Local.PostAsync("/v1/people", Json(new { email = Ann, password = First }))).StatusCode.ShouldBe(HttpStatusCode.Created);
        var (browser, other) = (await Browser.SignedInAsync(api, Ann), await Browser.SignedInAsync(api, Ann));

        (await ProblemAsync(await PutAsync(browser, new { password = Second }), HttpStatusCode.Forbidden, ProblemCodes.Forbidden)).Errors!.ShouldHaveSingleItem().Path.ShouldBe("current");
        await ProblemAsync(await PutAsync(browser, new { current = "not the right one", password = Second }), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        (await ProblemAsync(await PutAsync(browser, new { current = First, password = "short" }), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid)).Errors!.ShouldHaveSingleItem().Path.ShouldBe("password");
        (await SignInAsync(api, First)).ShouldBe(HttpStatusCode.OK);
        (await PutAsync(browser, new { current = First, password = Second })).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        foreach (var ended in (Browser[])[browser, other])
            (await ended.GetAsync("/v1/session")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await SignInAsync(api, First)).ShouldBe(HttpStatusCode.Unauthorized);
        (await SignInAsync(api, Second)).ShouldBe(HttpStatusCode.OK);
        var audit = await api.Local.GetStringAsync("/v1/audit?action=password.set");
        audit.ShouldContain("\"outcome\":\"done\"");
        audit.ShouldContain("\"outcome\":\"denied\"");
        audit.ShouldNotContain("of them");
    }

    [Fact]
    public async Task IsTriedAsOftenAsASignInAndNoMore()
    {
        await using var api = await StartAsync();
        (await api.Local.PostAsync("/v1/people", Json(new { email = Ann, password = First }))).StatusCode.ShouldBe(HttpStatusCode.Created);
        var browser = await Browser.SignedInAsync(api, Ann);

        for (var tries = 0; tries < Server.People.SignInLimits.ForAccount; tries++)
            (await PutAsync(browser, new { current = "not the right one", password = Second })).StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        await ProblemAsync(await PutAsync(browser, new { current = First, password = Second }), HttpStatusCode.TooManyRequests, ProblemCodes.TooManyRequests);
    }

    [Fact]
    public async Task OfWhoHasNoneIsSetSoonAfterSigningInAlone()
    {
        await using var api = await StartAsync();
        var (early, late) = (await Browser.SignedInAsync(api, Ann), await Browser.SignedInAsync(api, "bob@example.com"));
        var elsewhere = await Browser.SignedInAsync(api, Ann);

        (await PutAsync(early, new { password = Second })).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await elsewhere.GetAsync("/v1/session")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized, "who came in by a link before does not stay in");
        (await SignInAsync(api, Second)).ShouldBe(HttpStatusCode.OK);
        api.Time.Advance(TimeSpan.FromMinutes(11));
        (await ProblemAsync(await PutAsync(late, new { password = Second }), HttpStatusCode.Forbidden, ProblemCodes.Forbidden)).Detail.ShouldContain("sign in again");
        await ProblemAsync(await api.Local.PutAsync("/v1/session/password", Json(new { password = Second })), HttpStatusCode.Conflict, ProblemCodes.Conflict);
        await ProblemAsync(await api.Client(await api.TokenAsync()).PutAsync("/v1/session/password", Json(new { password = Second })), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
    }

    [Fact]
    public async Task IsChangedByTheClientLibraryWithNothingButTheOneSoFar()
    {
        await using var api = await StartAsync();
        (await api.Local.PostAsync("/v1/people", Json(new { email = Ann, password = First }))).StatusCode.ShouldBe(HttpStatusCode.Created);
        var address = TenantryAddress.Parse(api.Address.ToString());

        (await Should.ThrowAsync<TenantryException>(() => PasswordChange.SendAsync(address, Ann, "not the right one", Second, isPreview: false))).Message.ShouldContain("not right");
        await PasswordChange.SendAsync(address, Ann, First, Second, isPreview: true);
        (await SignInAsync(api, First)).ShouldBe(HttpStatusCode.OK);
        await PasswordChange.SendAsync(address, Ann, First, Second, isPreview: false);

        (await SignInAsync(api, Second)).ShouldBe(HttpStatusCode.OK);
    }
}
