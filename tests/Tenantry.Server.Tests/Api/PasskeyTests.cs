using System.Net;
using Tenantry.Model.Wire;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

/// <summary>Passkeys, with an authenticator made of code.</summary>
public sealed class PasskeyTests
{
    private const string Ann = "ann@example.com";

    private static SoftAuthenticator Authenticator(TestApi api) => new() { Origin = api.Address.GetLeftPart(UriPartial.Authority) };

    private static async Task<PasskeyOptionsResponse> AskAsync(Browser browser) => await ReadAsync<PasskeyOptionsResponse>(await browser.SendAsync(HttpMethod.Post, "/v1/session/passkeys/options"));

    private static Task<HttpResponseMessage> AddAsync(Browser browser, string handshake, string credential, string? current = null) =>
        browser.SendAsync(HttpMethod.Post, "/v1/session/passkeys", Json(new { handshake, credential, name = "Laptop", current }));

    private static async Task<Browser> WithPasskeyAsync(TestApi api, SoftAuthenticator authenticator)
    {
        var browser = await Browser.SignedInAsync(api, Ann);
        var asked = await AskAsync(browser);
        using var added = await AddAsync(browser, asked.Handshake, authenticator.Create(asked.Options));
        added.StatusCode.ShouldBe(HttpStatusCode.Created, await added.Content.ReadAsStringAsync());
        return browser;
    }

    // Where the answer leads, and whether somebody is signed in then.
    private static async Task<(string Place, Browser Browser)> SignInAsync(TestApi api, Func<PasskeyOptionsResponse, (string Handshake, string Credential)> answer)
    {
        var browser = new Browser(api);
        var asked = await ReadAsync<PasskeyOptionsResponse>(await browser.SendAsync(HttpMethod.Post, "/signin/passkey/options"));
        var (handshake, credential) = answer(asked);
        using var done = await browser.FormAsync("/signin/passkey", ("handshake", handshake), ("credential", credential), ("returnTo", "/deploy"));
        return (done.Headers.Location!.ToString(), browser);
    }

    [Fact]
    public async Task OneIsAddedSignsInWithoutAnAddressAndIsOfNoUseOnceRemoved()
    {
        await using var api = await StartAsync();
        using var authenticator = Authenticator(api);
        var browser = await WithPasskeyAsync(api, authenticator);

        var (place, signedIn) = await SignInAsync(api, asked => (asked.Handshake, authenticator.Get(asked.Options)));

        place.ShouldBe("/deploy");
        (await ReadAsync<SessionResponse>(await signedIn.GetAsync("/v1/session"))).Name.ShouldBe(Ann);
        var passkey = (await ReadAsync<PageResponse<PasskeyResponse>>(await browser.GetAsync("/v1/session/passkeys"))).Items.ShouldHaveSingleItem();
        (passkey.Name, passkey.UsedAt).ShouldBe(("Laptop", api.Time.GetUtcNow()));
        var stranger = await Browser.SignedInAsync(api, "bob@example.com");
        await ProblemAsync(await stranger.SendAsync(HttpMethod.Delete, $"/v1/session/passkeys/{passkey.Id}"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        (await browser.SendAsync(HttpMethod.Delete, $"/v1/session/passkeys/{passkey.Id}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        (await SignInAsync(api, asked => (asked.Handshake, authenticator.Get(asked.Options)))).Place.ShouldStartWith("/signin?failure=passkey");
        var rows = (await ReadAsync<PageResponse<AuditResponse>>(await api.Local.GetAsync("/v1/audit?limit=100"))).Items;
        rows.Select(row => (row.Action, row.Outcome)).ShouldContain(("passkey.add", "done"));
        rows.Select(row => (row.Action, row.Outcome)).ShouldContain(("passkey.remove", "done"));
        rows.ShouldContain(row => row.Action == "session.begin" && row.Outcome == "denied" && row.Detail.StartsWith("a passkey that signs nobody in", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AnAdministratorWhoSaysAnewHowSomebodySignsInTakesTheirPasskeys()
    {
        await using var api = await StartAsync();
        using var authenticator = Authenticator(api);
        await WithPasskeyAsync(api, authenticator);
        using var request = new HttpRequestMessage(HttpMethod.Patch, $"/v1/people/{Ann}") { Content = Json(new { noPassword = true }) };
        request.Headers.TryAddWithoutValidation("If-Match", "*");

        (await api.Local.SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.OK);

        (await SignInAsync(api, asked => (asked.Handshake, authenticator.Get(asked.Options)))).Place.ShouldStartWith("/signin?failure=passkey");
        (await ReadAsync<PageResponse<AuditResponse>>(await api.Local.GetAsync("/v1/audit?action=person.update&limit=1"))).Items[0].Changes.ShouldHaveSingleItem().ShouldBe(new ChangeResponse($"person {Ann}", "passkey", "Laptop", null));
    }

    [Fact]
    public async Task WhatAnotherPageAskedAnOldAnswerAndAnotherQuestionsSignNobodyIn()
    {
        await using var api = await StartAsync();
        using var authenticator = Authenticator(api);
        var browser = await WithPasskeyAsync(api, authenticator);
        var forAdding = await AskAsync(browser);
        (string Handshake, string Credential)? first = null;

        foreach (var (name, answer) in new (string, Func<PasskeyOptionsResponse, (string, string)>)[]
        {
            ("another origin", asked => (asked.Handshake, Foreign(asked))),
            ("a question for adding", asked => (forAdding.Handshake, authenticator.Get(asked.Options))),
            ("a question that never was", asked => ("guessed", authenticator.Get(asked.Options))),
            ("an answer that names nobody", asked => (asked.Handshake, authenticator.Get(asked.Options).Replace("\"userHandle\"", "\"nobody\"", StringComparison.Ordinal))),
            ("nothing that is an answer", asked => (asked.Handshake, "{}")),
            ("somebody whom the authenticator did not make sure of", Unverified),
        })
        {
            var (place, nobody) = await SignInAsync(api, answer);
            place.ShouldStartWith("/signin?failure=passkey", Case.Sensitive, name);
            nobody.Cookie.ShouldBeNull(name);
        }

        (await SignInAsync(api, asked => (first = (asked.Handshake, authenticator.Get(asked.Options))).Value)).Place.ShouldBe("/deploy");
        (await SignInAsync(api, _ => first!.Value)).Place.ShouldStartWith("/signin?failure=passkey");
        (await SignInAsync(api, asked =>
        {
            api.Time.Advance(TimeSpan.FromMinutes(5));
            return (asked.Handshake, authenticator.Get(asked.Options));
        })).Place.ShouldStartWith("/signin?failure=passkey");

        string Foreign(PasskeyOptionsResponse asked)
        {
            var text = authenticator.Get(asked.Options);
            using var evil = new SoftAuthenticator { Origin = "http://evil.example" };
            var client = System.Text.Json.JsonDocument.Parse(evil.Get(asked.Options)).RootElement.GetProperty("response").GetProperty("clientDataJSON").GetString();
            var own = System.Text.Json.JsonDocument.Parse(text).RootElement.GetProperty("response").GetProperty("clientDataJSON").GetString();
            return text.Replace(own!, client, StringComparison.Ordinal);
        }

        (string, string) Unverified(PasskeyOptionsResponse asked)
        {
            authenticator.VerifiesPerson = false;
            var answer = (asked.Handshake, authenticator.Get(asked.Options));
            authenticator.VerifiesPerson = true;
            return answer;
        }
    }

    [Fact]
    public async Task WhoHasTheSessionAloneAddsNone()
    {
        await using var api = await StartAsync();
        using var authenticator = Authenticator(api);
        (await api.Local.PostAsync("/v1/people", Json(new { email = Ann, password = "the first of them" }))).StatusCode.ShouldBe(HttpStatusCode.Created);
        var browser = await Browser.SignedInAsync(api, Ann);
        var late = await Browser.SignedInAsync(api, "bob@example.com");

        var asked = await AskAsync(browser);
        await ProblemAsync(await AddAsync(browser, asked.Handshake, authenticator.Create(asked.Options)), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        await ProblemAsync(await AddAsync(browser, asked.Handshake, authenticator.Create(asked.Options), "not the right one"), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        await ProblemAsync(await AddAsync(late, asked.Handshake, authenticator.Create(asked.Options)), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        var again = await AskAsync(browser);
        using var added = await AddAsync(browser, again.Handshake, authenticator.Create(again.Options), "the first of them");
        added.StatusCode.ShouldBe(HttpStatusCode.Created);
        var theirs = await AskAsync(late);
        (await ProblemAsync(await AddAsync(late, theirs.Handshake, authenticator.Create(theirs.Options)), HttpStatusCode.Conflict, ProblemCodes.Conflict)).Detail.ShouldContain("known already");
        api.Time.Advance(TimeSpan.FromMinutes(11));
        var soon = await AskAsync(late);
        using var other = Authenticator(api);
        (await ProblemAsync(await AddAsync(late, soon.Handshake, other.Create(soon.Options)), HttpStatusCode.Forbidden, ProblemCodes.Forbidden)).Detail.ShouldContain("sign in again");
        await ProblemAsync(await api.Client(await api.TokenAsync()).PostAsync("/v1/session/passkeys/options", null), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        await ProblemAsync(await api.Local.PostAsync("/v1/session/passkeys/options", null), HttpStatusCode.Conflict, ProblemCodes.Conflict);
    }
}
