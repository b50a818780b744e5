using System.Net;
using System.Security.Cryptography;
using System.Text;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;
using Tenantry.Server.Secrets;
using static Tenantry.Server.Tests.Api.SecretSamples;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

public class SecretTests
{
    [Fact]
    public async Task ASecretIsSealedForTheEngineAndTheInstanceIsLookedAt()
    {
        await using var api = await WithAliceAsync();
        api.Engine.Poked.Clear();

        var secret = await ReadAsync<SecretResponse>(await api.Local.PutAsync("/v1/instances/alice/secrets/api-key", Json(new { value = "sk-hush" })));

        var id = (await api.GetAsync("alice")).Id;
        var stored = (await api.Store.ListAppSecretsAsync("notes", CancellationToken.None)).ShouldHaveSingleItem();
        (await api.OpenAsync("alice"))["api-key"].ShouldBe("sk-hush");
        Encoding.Latin1.GetString(stored.Value).ShouldNotContain("sk-hush");
        (secret.Name, secret.Set, secret.Version, secret.Generated).ShouldBe(("api-key", true, 1, false));
        api.Engine.Poked.ShouldBe([id]);
    }

    [Fact]
    public async Task NoAnswerAndNoAuditRowHoldsAValue()
    {
        await using var api = await WithAliceAsync();
        var put = await (await api.Local.PutAsync("/v1/instances/alice/secrets/api-key", Json(new { value = "sk-hush" }))).Content.ReadAsStringAsync();
        var refused = await (await api.Local.PutAsync("/v1/instances/alice/secrets/api-key", Json(new { value = "HUSH!" }))).Content.ReadAsStringAsync();
        var wrongType = await (await api.Local.PutAsync("/v1/instances/alice/secrets/api-key", Text("""{"value":{"HUSH!":1}}"""))).Content.ReadAsStringAsync();
        var broken = await (await api.Local.PutAsync("/v1/instances/alice/secrets/api-key", Text("HUSH!"))).Content.ReadAsStringAsync();

        var list = await api.Local.GetStringAsync("/v1/instances/alice/secrets");
        var audit = await api.Local.GetStringAsync("/v1/audit");

        foreach (var text in new[] { put, refused, wrongType, broken, list, audit })
        {
            text.ShouldNotContain("sk-hush");
            text.ShouldNotContain("HUSH!");
        }

        audit.ShouldContain("secret.set");
        refused.ShouldContain("sk-[a-z]+");
    }

    [Fact]
    public async Task EverySecretThatTheReleaseDeclaresIsListed()
    {
        await using var api = await WithAliceAsync();

        var page = await ReadAsync<PageResponse<SecretResponse>>(await api.Local.GetAsync("/v1/instances/alice/secrets"));

        page.Items.Select(s => (s.Name, s.Set, s.Required, s.Generated)).ShouldBe([("api-key", false, true, false), ("token", false, true, true)], ignoreOrder: true);
    }

    [Fact]
    public async Task ASecretThatNobodyDeclaredIsNotFound()
    {
        await using var api = await WithAliceAsync();

        var problem = await ProblemAsync(
            await api.Local.PutAsync("/v1/instances/alice/secrets/api-kye", Json(new { value = "sk-x" })), HttpStatusCode.NotFound, ProblemCodes.NotFound);

        problem.Detail.ShouldContain("Did you mean 'api-key'?");
    }

    [Theory]
    [InlineData("")]
    [InlineData("nope")]
    [InlineData("sk-x\n")]
    [InlineData("sk-x sk-y")]
    public async Task AValueMustFitItsPatternWhole(string value)
    {
        await using var api = await WithAliceAsync();

        var problem = await ProblemAsync(
            await api.Local.PutAsync("/v1/instances/alice/secrets/api-key", Json(new { value })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);

        problem.Errors!.ShouldHaveSingleItem().Path.ShouldBe("value");
    }

    [Fact]
    public async Task ASecretIsTakenAway()
    {
        await using var api = await WithAliceAsync();
        using var put = await api.Local.PutAsync("/v1/instances/alice/secrets/api-key", Json(new { value = "sk-x" }));

        using var dry = await api.Local.DeleteAsync("/v1/instances/alice/secrets/api-key?dryRun=true");
        using var deleted = await api.Local.DeleteAsync("/v1/instances/alice/secrets/api-key");

        dry.StatusCode.ShouldBe(HttpStatusCode.OK);
        deleted.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        await ProblemAsync(await api.Local.DeleteAsync("/v1/instances/alice/secrets/api-key"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }

    // A numeric value was repeated in the refusal, and so in the audit.
    [Theory]
    [InlineData("""{"value":4711471147114711}""")]
    [InlineData("""{"4711471147114711":"x"}""")]
    [InlineData("""{"value":"x","4711471147114711":1}""")]
    [InlineData("""[4711471147114711]""")]
    [InlineData("""{"value":["4711471147114711"]}""")]
    public async Task AValueOfAWrongTypeOrInAWrongPlaceIsNotRepeated(string body)
    {
        await using var api = await WithAliceAsync();
        foreach (var path in new[] { "/v1/instances/alice/secrets/token", "/v1/instances/alice/secrets" })
        {
            using var request = new HttpRequestMessage(path.EndsWith("token", StringComparison.Ordinal) ? HttpMethod.Put : HttpMethod.Patch, path) { Content = Text(body) };
            var problem = await ProblemAsync(await api.Local.SendAsync(request), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
            System.Text.Json.JsonSerializer.Serialize(problem, WireJson.Options).ShouldNotContain("4711");
        }

        (await api.Local.GetStringAsync("/v1/audit")).ShouldNotContain("4711");
    }

    [Fact]
    public async Task ALevelThatOtherTenantsShareIsNeverMeantByItself()
    {
        await using var api = await SharedAsync();

        var problem = await ProblemAsync(await api.Local.PutAsync("/v1/instances/alice/secrets/licence", Json(new { value = "one" })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);

        problem.Detail.ShouldContain("Say scope app");
        (await PutAsync(api, "/v1/instances/alice/secrets/licence?scope=app", "all")).UsedBy.ShouldBe(["alice", "bob"]);
        (await api.OpenAsync("bob"))["licence"].ShouldBe("all");
        (await PutAsync(api, "/v1/instances/alice/secrets/licence?scope=instance", "hers")).UsedBy.ShouldBe(["alice"]);
        ((await api.OpenAsync("alice"))["licence"], (await api.OpenAsync("bob"))["licence"]).ShouldBe(("hers", "all"));
        // Now it is hers that is in force.
        (await PutAsync(api, "/v1/instances/alice/secrets/licence", "newer")).UsedBy.ShouldBe(["alice"]);
    }

    [Fact]
    public async Task TheNearestValueWinsAndTheListTellsWhereItIsFrom()
    {
        await using var api = await SharedAsync();
        await PutAsync(api, "/v1/apps/shared/secrets/licence", "app");
        await PutAsync(api, "/v1/apps/shared/secrets/licence?organization=default", "organization");
        (await api.OpenAsync("alice"))["licence"].ShouldBe("organization");
        await PutAsync(api, "/v1/apps/shared/secrets/licence?tenant=alice", "tenant");

        ((await api.OpenAsync("alice"))["licence"], (await api.OpenAsync("bob"))["licence"]).ShouldBe(("tenant", "organization"));
        var alice = await OneAsync(api, "/v1/instances/alice/secrets/licence");
        (alice.Set, alice.From, alice.Inherited, alice.Scope).ShouldBe((true, SecretScope.Tenant, true, SecretScope.App));
        alice.Levels.Select(level => (level.Scope, level.Holder)).ShouldBe([(SecretScope.Tenant, "alice"), (SecretScope.Organization, "default"), (SecretScope.App, "shared")]);
        alice.UsedBy.ShouldBe(["alice"]);
        (await OneAsync(api, "/v1/apps/shared/secrets/licence?organization=default")).UsedBy.ShouldBe(["bob"]);
        (await OneAsync(api, "/v1/apps/shared/secrets/licence")).UsedBy.ShouldBeEmpty();
        var page = await ReadAsync<PageResponse<SecretResponse>>(await api.Local.GetAsync("/v1/apps/shared/secrets"));
        page.Items.Select(one => one.Name).ShouldBe(["licence"]);
    }

    [Theory]
    [InlineData("/v1/instances/alice/secrets/team?scope=app", "keeps 'team' for each tenant")]
    [InlineData("/v1/apps/shared/secrets/team", "keeps 'team' for each tenant")]
    [InlineData("/v1/instances/alice/secrets/licence?scope=everyone", "app, organization, tenant or instance")]
    [InlineData("/v1/instances/alice/secrets/licence?scope=1", "app, organization, tenant or instance")]
    [InlineData("/v1/instances/alice/secrets/licence?scope=app&scope=tenant", "One value")]
    [InlineData("/v1/apps/shared/secrets/licence?tenant=alice&organization=default", "not both")]
    public async Task AValueIsKeptNoWiderThanTheManifestSays(string path, string message)
    {
        await using var api = await SharedAsync();
        (await ProblemAsync(await api.Local.PutAsync(path, Json(new { value = "x" })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid)).Detail.ShouldContain(message);
    }

    [Theory]
    [InlineData("/v1/apps/none/secrets/licence")]
    [InlineData("/v1/apps/shared/secrets/licence?tenant=none")]
    [InlineData("/v1/apps/shared/secrets/licence?organization=none")]
    public async Task NobodysSecretsAreNotFound(string path)
    {
        await using var api = await SharedAsync();
        await ProblemAsync(await api.Local.PutAsync(path, Json(new { value = "x" })), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }

    [Fact]
    public async Task SeveralValuesAreSetTogetherOrNotAtAllAndTheInstanceChangesOnce()
    {
        await using var api = await SharedAsync();
        var before = (await api.GetAsync("alice")).Generation;

        var problem = await ProblemAsync(
            await api.Local.PatchAsync("/v1/instances/alice/secrets", Json(new { values = new { team = "HUSH!", own = "" } })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        problem.Errors!.Select(error => error.Path).ShouldBe(["values.own"]);
        (await api.Store.ListAppSecretsAsync("shared", CancellationToken.None)).ShouldBeEmpty();

        var page = await ReadAsync<PageResponse<SecretResponse>>(await api.Local.PatchAsync("/v1/instances/alice/secrets", Json(new { values = new { team = "a", own = "b" } })));

        page.Items.Select(one => (one.Name, one.From)).ShouldBe([("team", SecretScope.Tenant), ("own", SecretScope.Instance)]);
        (await api.OpenAsync("alice")).ShouldBe(new Dictionary<string, string>(StringComparer.Ordinal) { ["own"] = "b", ["team"] = "a" }, ignoreOrder: true);
        (await api.GetAsync("alice")).Generation.ShouldBe(before + 1);
    }

    [Fact]
    public async Task SeveralValuesAreKeptAtTheLevelsThatAreSaid()
    {
        await using var api = await SharedAsync();
        var page = await ReadAsync<PageResponse<SecretResponse>>(await api.Local.PatchAsync("/v1/instances/alice/secrets", Json(new { values = new { licence = "a", own = "b" }, scopes = new { licence = "app" } })));
        page.Items.Select(one => (one.Name, one.From)).ShouldBe([("licence", SecretScope.App), ("own", SecretScope.Instance)]);
    }

    [Fact]
    public async Task WhoWouldBeStoppedIsToldBeforeAValueIsTakenAway()
    {
        await using var api = await WithAliceAsync();
        using var put = await api.Local.PutAsync("/v1/instances/alice/secrets/api-key", Json(new { value = "sk-x" }));
        async Task<IReadOnlyList<string>> NoticesAsync() => (await ReadAsync<PlanResponse>(await api.Local.DeleteAsync("/v1/instances/alice/secrets/api-key?scope=instance&dryRun=true"))).Notices;
        (await NoticesAsync()).ShouldHaveSingleItem().ShouldBe("'api-key' is required: alice has no other value, is stopped, and waits until it has one.");
    }

    [Fact]
    public async Task AnETagKeepsALaterValue()
    {
        await using var api = await SharedAsync();
        using var first = await api.Local.PutAsync("/v1/instances/alice/secrets/own", Json(new { value = "one" }));
        first.Headers.ETag!.Tag.ShouldBe("\"1\"");
        await PutAsync(api, "/v1/instances/alice/secrets/own", "two");

        using var late = new HttpRequestMessage(HttpMethod.Put, "/v1/instances/alice/secrets/own") { Content = Json(new { value = "three" }) };
        late.Headers.TryAddWithoutValidation("If-Match", "\"1\"");
        await ProblemAsync(await api.Local.SendAsync(late), HttpStatusCode.PreconditionFailed, ProblemCodes.PreconditionFailed);

        (await api.OpenAsync("alice"))["own"].ShouldBe("two");
    }

    [Fact]
    public async Task WhatIsGeneratedIsRotatedAndWhatIsNotIsRefused()
    {
        await using var api = await WithAliceAsync();
        var first = await ReadAsync<SecretResponse>(await api.Local.PostAsync("/v1/instances/alice/secrets/token/rotate", null));
        var made = (await api.OpenAsync("alice"))["token"];
        made.Length.ShouldBe(64);
        using var dry = await api.Local.PostAsync("/v1/instances/alice/secrets/token/rotate?dryRun=true", null);
        var second = await ReadAsync<SecretResponse>(await api.Local.PostAsync("/v1/instances/alice/secrets/token/rotate", null));
        (first.Version, first.Generated, first.RotatedAt.HasValue, second.Version, second.RotatedAt.HasValue).ShouldBe((1L, true, false, 2L, true));
        (await api.OpenAsync("alice"))["token"].ShouldNotBe(made);
        await ProblemAsync(await api.Local.PostAsync("/v1/instances/alice/secrets/api-key/rotate", null), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
    }

    [Fact]
    public async Task AnOlderVersionComesBack()
    {
        await using var api = await SharedAsync();
        foreach (var value in new[] { "one", "two", "three" })
            await PutAsync(api, "/v1/instances/alice/secrets/own", value);

        var back = await ReadAsync<SecretResponse>(await api.Local.PostAsync("/v1/instances/alice/secrets/own/rollback", Json(new { version = 1 })));

        back.Version.ShouldBe(4);
        (await api.OpenAsync("alice"))["own"].ShouldBe("one");
        (await OneAsync(api, "/v1/instances/alice/secrets/own")).Versions.Select(one => (one.Version, one.RestoredFrom)).ShouldBe([(4L, 1L), (3L, null), (2L, null), (1L, null)]);
        var unknown = await ProblemAsync(
            await api.Local.PostAsync("/v1/instances/alice/secrets/own/rollback", Json(new { version = 9 })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        unknown.Detail.ShouldContain("there are 4, 3, 2, 1");
    }

    [Theory]
    [InlineData(65536, HttpStatusCode.OK)]
    [InlineData(65537, HttpStatusCode.UnprocessableEntity)]
    public async Task AValueHasUpTo64KiB(int bytes, HttpStatusCode status)
    {
        await using var api = await SharedAsync();
        using var answer = await api.Local.PutAsync("/v1/instances/alice/secrets/own", Json(new { value = new string('"', bytes) }));
        answer.StatusCode.ShouldBe(status);
    }

    [Fact]
    public async Task AValueWithNulIsRefused()
    {
        await using var api = await SharedAsync();
        await ProblemAsync(await api.Local.PutAsync("/v1/instances/alice/secrets/own", Text("""{"value":"a\u0000b"}""")), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
    }

    [Fact]
    public async Task TheDescriptionNamesTheParametersOfSecrets()
    {
        await using var api = await WithAliceAsync();
        var paths = System.Text.Json.JsonDocument.Parse(await api.Local.GetStringAsync("/openapi/v1.json")).RootElement.GetProperty("paths");
        string[] Of(string path, string method) => [.. paths.GetProperty(path).GetProperty(method).GetProperty("parameters").EnumerateArray().Select(one => one.GetProperty("name").GetString()!).Order(StringComparer.Ordinal)];
        Of("/v1/instances/{slug}/secrets/{name}", "put").ShouldBe(["If-Match", "dryRun", "name", "scope", "slug"]);
        Of("/v1/apps/{app}/secrets/{name}/rotate", "post").ShouldBe(["Idempotency-Key", "If-Match", "app", "dryRun", "name", "organization", "tenant"]);
        paths.TryGetProperty("/v1/secrets/rekey", out _).ShouldBeTrue();
    }

    private static async Task<SecretDetailResponse> OneAsync(TestApi api, string path) => await ReadAsync<SecretDetailResponse>(await api.Local.GetAsync(path));
}
