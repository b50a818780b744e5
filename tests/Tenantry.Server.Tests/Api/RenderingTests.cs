using System.Net;
using Tenantry.Model.Wire;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

public class RenderingTests
{
    private const string Contained = """
        app: notes
        version: "1.0"
        services:
          web:
            image: notes:1
            ports: [8080]
            env: { KEY: "${secret.api-key}" }
        secrets:
          api-key: {}
        """;

    private static async Task<TestApi> StartedAsync(string manifest = Contained)
    {
        var api = await StartAsync();
        await api.SetUpAsync();
        await api.ApplyAsync(manifest);
        await api.AddAsync("bob");
        await api.AddAsync("alice");
        return api;
    }

    [Fact]
    public async Task AllInstancesAreRenderedWithoutASecretAndBeforeOneIsSet()
    {
        await using var api = await StartedAsync();
        using var set = await api.Local.PutAsync("/v1/instances/alice/secrets/api-key", Json(new { value = "canary-of-alice" }));

        var rendered = await ReadAsync<RenderComposeResponse>(await api.Local.PostAsync("/v1/render/compose", Json(new { prefix = "com.example" })));

        rendered.Rendered.ShouldBe(["alice", "bob"]);
        rendered.Text.ShouldNotContain("canary");
        rendered.Text.ShouldContain("com.example.tenant: alice");
        rendered.Variables.Select(variable => (variable.Slug, variable.Secret)).ShouldBe([("alice", "api-key"), ("bob", "api-key")]);
        rendered.Text.ShouldContain($"${{{rendered.Variables[0].Name}:?");
    }

    [Fact]
    public async Task SomeAreRenderedAndOneThatIsNotThereIsNotFound()
    {
        await using var api = await StartedAsync();

        (await ReadAsync<RenderComposeResponse>(await api.Local.PostAsync("/v1/render/compose", Json(new { slugs = new[] { "bob" } })))).Rendered.ShouldBe(["bob"]);
        await ProblemAsync(await api.Local.PostAsync("/v1/render/compose", Json(new { slugs = new[] { "carol" } })), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }

    [Fact]
    public async Task AnInstanceThatNoContainerCanRunIsSkippedWithTheReason()
    {
        await using var api = await StartedAsync(Contained.Replace("image: notes:1", "command: [/bin/notes]", StringComparison.Ordinal));

        var rendered = await ReadAsync<RenderComposeResponse>(await api.Local.PostAsync("/v1/render/compose", Json(new { })));

        rendered.Rendered.ShouldBeEmpty();
        rendered.Skipped.Select(one => one.Slug).ShouldBe(["alice", "bob"]);
        rendered.Skipped[0].Reason.ShouldContain("has no image");
    }

    [Fact]
    public async Task EveryMistakeIsSaidWithItsPlaceAndNothingIsRendered()
    {
        await using var api = await StartedAsync();

        var problem = await ProblemAsync(
            await api.Local.PostAsync("/v1/render/compose", Json(new { overrides = "services:\n  alice:\n    privileged: true\n  alcie: {}\n", overridesName = "mine.yaml" })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        problem.Errors!.Select(error => (error.Path, error.File, error.Line)).ShouldBe([("services.alice.privileged", "mine.yaml", 3), ("services.alcie", "mine.yaml", 4)], ignoreOrder: true);
        foreach (object wrong in (object[])[new { prefix = "A B" }, new { folder = "../x" }, new { subnets = "everywhere" }, new { version = "" }])
            await ProblemAsync(await api.Local.PostAsync("/v1/render/compose", Json(wrong)), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
    }
}
