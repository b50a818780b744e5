using System.Net;
using Tenantry.Model.Wire;
using static Tenantry.Server.Tests.Api.SecretSamples;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

/// <summary>Secrets that only the app's newest release declares, and what organizations see of those that they share.</summary>
public class UpcomingSecretTests
{
    private const string Newer = """
        app: shared
        version: "2"
        services:
          web: { command: [/bin/web], ports: [8080] }
        secrets:
          licence: { scope: app }
          coming: { prompt: The new one }
        """;

    // It could not be set before the release that requires it was deployed, which stopped the instance for want of it.
    [Fact]
    public async Task ASecretOfTheNewestReleaseIsSetBeforeThatIsDeployed()
    {
        await using var api = await SharedAsync();
        await api.ApplyAsync(Newer);

        var listed = await ListAsync(api.Local, "/v1/instances/alice/secrets");
        listed.Select(one => (one.Name, one.Upcoming)).ShouldBe([("licence", false), ("team", false), ("own", false), ("coming", true)]);
        var set = await PutAsync(api, "/v1/instances/alice/secrets/coming", "HUSH!");

        (set.Set, set.Upcoming, set.UsedBy.Count, set.Prompt).ShouldBe((true, true, 0, "The new one"));
        (await api.OpenAsync("alice")).ShouldNotContainKey("coming", "its own release does not know it");
        using var deploy = new HttpRequestMessage(HttpMethod.Patch, "/v1/instances/alice") { Content = Json(new { release = "latest" }), Headers = { { "If-Match", "*" } } };
        (await api.Local.SendAsync(deploy)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await api.OpenAsync("alice"))["coming"].ShouldBe("HUSH!");
        (await ListAsync(api.Local, "/v1/instances/alice/secrets")).Single(one => one.Name == "coming").ShouldSatisfyAllConditions(
            one => one.Upcoming.ShouldBeFalse(), one => one.UsedBy.ShouldBe(["alice"]));
    }

    [Fact]
    public async Task AnOrganizationSeesWhatIsSetForAllAndOfOthersNothing()
    {
        await using var api = await StartAsync();
        await TwoOrganizations.TwoTenantsAsync(api);
        await api.ApplyAsync(Newer);
        foreach (var (tenant, organization) in ((string, string)[])[("ann", "acme"), ("bob", "other")])
            (await api.Local.PostAsync("/v1/instances", Json(new { tenant, app = "shared", environment = "staging" }))).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        await PutAsync(api, "/v1/apps/shared/secrets/licence", "HUSH!");
        using var acme = api.Client(await TwoOrganizations.TokenAsync(api, Role.Owner, "acme"));

        foreach (var path in (string[])["/v1/apps/shared/secrets", "/v1/apps/shared/secrets?organization=acme", "/v1/apps/shared/secrets?tenant=ann", "/v1/instances/ann-staging/secrets"])
            (await ListAsync(acme, path)).Single(one => one.Name == "licence").ShouldSatisfyAllConditions(one => one.Set.ShouldBeTrue(), one => one.UsedBy.ShouldBe(["ann-staging"]));
        foreach (var path in (string[])["?organization=other", "?tenant=bob", "?organization=none", "?tenant=none", "/licence?tenant=bob"])
            (await acme.GetAsync("/v1/apps/shared/secrets" + path)).StatusCode.ShouldBe(HttpStatusCode.NotFound, path);
        (await acme.PutAsync("/v1/apps/shared/secrets/licence", Json(new { value = "x" }))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    private static async Task<IReadOnlyList<SecretResponse>> ListAsync(HttpClient client, string path) => (await ReadAsync<PageResponse<SecretResponse>>(await client.GetAsync(path))).Items;
}
