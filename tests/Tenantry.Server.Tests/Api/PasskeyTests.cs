using System.Net;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using Tenantry.Server.People;
using Tenantry.Server.People.Oidc;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

/// <summary>Passkeys, with an authenticator made of code.</summary>
public sealed class PasskeyTests
{
    private const string Ann = "ann@example.com";

    private static SoftAuthenticator Authenticator(TestApi api) => new() { Origin = api.Address.GetLeftPart(UriPartial.Authority) };

    private static Task<HttpResponseMessage> QuestionAsync(Browser browser, string? current = null) => browser.SendAsync(HttpMethod.Post, "/v1/session/passkeys/options", Json(new { current }));

    private static async Task<PasskeyOptionsResponse> AskAsync(Browser browser, string? current = null) => await ReadAsync<PasskeyOptionsResponse>(await QuestionAsync(browser, current));

    private static Task<HttpResponseMessage> AddAsync(Browser browser, string handshake, string credential) =>
        browser.SendAsync(HttpMethod.Post, "/v1/session/passkeys", Json(new { handshake, credential, name = "Laptop" }));

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
            ("an answer for another host", OfAnotherHost),
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

        (string, string) OfAnotherHost(PasskeyOptionsResponse asked)
        {
            authenticator.Host = "evil.example";
            var answer = (asked.Handshake, authenticator.Get(asked.Options));
            authenticator.Host = null;
            return answer;
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
    public async Task ACopyOfAnAuthenticatorSignsNobodyInAndTheAuditNamesWhoseItIs()
    {
        await using var api = await StartAsync();
        using var authenticator = Authenticator(api);
        await WithPasskeyAsync(api, authenticator);
        (await SignInAsync(api, asked => (asked.Handshake, authenticator.Get(asked.Options)))).Place.ShouldBe("/deploy");

        // The copy has not counted what the other has signed in with since.
        authenticator.Uses = 0;
        (await SignInAsync(api, asked => (asked.Handshake, authenticator.Get(asked.Options)))).Place.ShouldStartWith("/signin?failure=passkey");

        var row = (await ReadAsync<PageResponse<AuditResponse>>(await api.Local.GetAsync("/v1/audit?outcome=denied"))).Items.ShouldHaveSingleItem();
        (row.Actor, row.Subject).ShouldBe((Ann, $"person {Ann}"));
    }

    [Fact]
    public async Task WhoGivesAnAccountBackTakesThePasskeysAwayThatSomebodyElseMayHaveAdded()
    {
        await using var api = await StartAsync();
        using var authenticator = Authenticator(api);
        await WithPasskeyAsync(api, authenticator);
        var (_, signedIn) = await SignInAsync(api, asked => (asked.Handshake, authenticator.Get(asked.Options)));
        (await ReadAsync<PersonResponse>(await api.Local.GetAsync($"/v1/people/{Ann}"))).Passkeys.ShouldBe(1);

        (await PatchAsync(new { password = "given back by the admin" })).Passkeys.ShouldBe(0);

        (await SignInAsync(api, asked => (asked.Handshake, authenticator.Get(asked.Options)))).Place.ShouldStartWith("/signin?failure=passkey");
        (await signedIn.GetAsync("/v1/session")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await api.Local.GetStringAsync("/v1/audit?action=person.update")).ShouldContain("\"Laptop\"");

        async Task<PersonResponse> PatchAsync(object body)
        {
            using var request = new HttpRequestMessage(HttpMethod.Patch, $"/v1/people/{Ann}") { Content = Json(body) };
            request.Headers.TryAddWithoutValidation("If-Match", "*");
            return await ReadAsync<PersonResponse>(await api.Local.SendAsync(request));
        }
    }

    [Fact]
    public async Task SessionsThatAPasskeyBeganEndWithItButForTheOneThatAsks()
    {
        await using var api = await StartAsync();
        using var authenticator = Authenticator(api);
        var byLink = await WithPasskeyAsync(api, authenticator);
        var (_, theirs) = await SignInAsync(api, asked => (asked.Handshake, authenticator.Get(asked.Options)));
        var (_, mine) = await SignInAsync(api, asked => (asked.Handshake, authenticator.Get(asked.Options)));
        mine.Csrf = (await ReadAsync<SessionResponse>(await mine.GetAsync("/v1/session"))).CsrfToken;
        var id = (await ReadAsync<PageResponse<PasskeyResponse>>(await mine.GetAsync("/v1/session/passkeys"))).Items.ShouldHaveSingleItem().Id;

        (await mine.SendAsync(HttpMethod.Delete, $"/v1/session/passkeys/{id}")).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        (await theirs.GetAsync("/v1/session")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        foreach (var stays in (Browser[])[mine, byLink])
            (await stays.GetAsync("/v1/session")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task WhatSignedInBeforeTheProviderDidSignsInNoMore()
    {
        await using var api = await StartAsync();
        using var authenticator = Authenticator(api);
        (await api.Local.PostAsync("/v1/people", Json(new { email = Ann, role = "Viewer", password = "the first of them" }))).StatusCode.ShouldBe(HttpStatusCode.Created);
        var before = await Browser.SignedInAsync(api, Ann);
        var question = await AskAsync(before, "the first of them");
        using (var added = await AddAsync(before, question.Handshake, authenticator.Create(question.Options)))
            added.StatusCode.ShouldBe(HttpStatusCode.Created);
        using var provider = new OidcProvider(new OidcOptions { Issuer = new Uri("https://id.example"), ClientId = "tenantry" }, api.Time);
        var who = new OidcPerson("1", Ann, "Ann", new ProviderSession("https://id.example", "s1", null, Grants.None), "/");

        (await new OidcSignIn(provider, api.Store, api.Time).PersonAsync(who, CancellationToken.None))!.Email.ShouldBe(Ann);

        (await before.GetAsync("/v1/session")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        var person = await ReadAsync<PersonResponse>(await api.Local.GetAsync($"/v1/people/{Ann}"));
        (person.HasPassword, person.Passkeys, person.Issuer).ShouldBe((false, 0, "https://id.example"));
        var browser = await Browser.SignedInAsync(api, Ann);
        (await ReadAsync<SessionResponse>(await browser.GetAsync("/v1/session"))).Issuer.ShouldBe("https://id.example");
        (await ProblemAsync(await QuestionAsync(browser), HttpStatusCode.Forbidden, ProblemCodes.Forbidden)).Detail.ShouldContain("identity provider");
    }

    [Fact]
    public async Task APasskeyOfAnAccountThatTheProviderKnowsSignsNobodyIn()
    {
        await using var api = await StartAsync();
        using var authenticator = Authenticator(api);
        await WithPasskeyAsync(api, authenticator);
        var person = (await api.Store.FindPersonAsync(Ann, CancellationToken.None))!;
        await api.Store.UpdatePersonAsync(person with { Issuer = "https://id.example", Subject = "1" }, person.Version, CancellationToken.None);

        (await SignInAsync(api, asked => (asked.Handshake, authenticator.Get(asked.Options)))).Place.ShouldStartWith("/signin?failure=passkey");
    }

    [Fact]
    public async Task QuestionsForAPasskeyTakeNoTriesAway()
    {
        await using var api = await StartAsync();
        var browser = new Browser(api);
        for (var i = 0; i < SignInLimits.FromAddress + 1; i++)
            (await browser.SendAsync(HttpMethod.Post, "/signin/passkey/options")).StatusCode.ShouldBe(HttpStatusCode.OK);

        api.Service<SignInLimits>().Enter("127.0.0.1").ShouldBeNull();
        while (api.Service<SignInLimits>().Ask("127.0.0.1") is null)
        {
        }

        (await browser.SendAsync(HttpMethod.Post, "/signin/passkey/options")).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
    }

    [Fact]
    public async Task WhoHasTheSessionAloneAddsNone()
    {
        await using var api = await StartAsync();
        using var authenticator = Authenticator(api);
        (await api.Local.PostAsync("/v1/people", Json(new { email = Ann, password = "the first of them" }))).StatusCode.ShouldBe(HttpStatusCode.Created);
        var browser = await Browser.SignedInAsync(api, Ann);
        var late = await Browser.SignedInAsync(api, "bob@example.com");

        // Before the authenticator is asked for anything: what it made stays in it.
        await ProblemAsync(await QuestionAsync(browser), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        await ProblemAsync(await QuestionAsync(browser, "not the right one"), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        var asked = await AskAsync(browser, "the first of them");
        await ProblemAsync(await AddAsync(late, asked.Handshake, authenticator.Create(asked.Options)), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        var before = await AskAsync(browser, "the first of them");
        var again = await AskAsync(browser, "the first of them");
        await ProblemAsync(await AddAsync(browser, before.Handshake, authenticator.Create(before.Options)), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        using var added = await AddAsync(browser, again.Handshake, authenticator.Create(again.Options));
        added.StatusCode.ShouldBe(HttpStatusCode.Created);
        var theirs = await AskAsync(late);
        (await ProblemAsync(await AddAsync(late, theirs.Handshake, authenticator.Create(theirs.Options)), HttpStatusCode.Conflict, ProblemCodes.Conflict)).Detail.ShouldContain("known already");
        api.Time.Advance(TimeSpan.FromMinutes(11));
        (await ProblemAsync(await QuestionAsync(late), HttpStatusCode.Forbidden, ProblemCodes.Forbidden)).Detail.ShouldContain("sign in again");
        await ProblemAsync(await api.Client(await api.TokenAsync()).PostAsync("/v1/session/passkeys/options", Json(new { })), HttpStatusCode.Forbidden, ProblemCodes.Forbidden);
        await ProblemAsync(await api.Local.PostAsync("/v1/session/passkeys/options", Json(new { })), HttpStatusCode.Conflict, ProblemCodes.Conflict);
    }
}
