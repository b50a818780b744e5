using System.Net;
using System.Text;
using Tenantry.Model.Wire;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

public class SecretTests
{
    private static async Task<TestApi> WithAliceAsync()
    {
        var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        return api;
    }

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
}
