using System.Net.Http.Json;
using Tenantry.Model.Wire;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

/// <summary>What is told of an instance by what its release says.</summary>
public class InstanceViewTests
{
    [Fact]
    public async Task AnInstanceThatSpeaksNoHttpHasNoUrl()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.ApplyAsync("""
            app: notes
            version: "2"
            services:
              web: { command: [/bin/notes], ports: [6379/tcp], health: { tcp: 6379 } }
            """);
        await api.AddAsync("alice");

        (await api.GetAsync("alice")).Url.ShouldBeNull();
        (await ReadAsync<PageResponse<InstanceResponse>>(await api.Local.GetAsync("/v1/instances"))).Items.ShouldHaveSingleItem().Url.ShouldBeNull();
    }

    [Fact]
    public async Task APlanShowsWhatWaitsForASecretAndNamesIt()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");

        var plan = await ReadAsync<PlanResponse>(await api.Local.GetAsync("/v1/instances/alice/plan"));

        plan.Notices.ShouldBe(["Nothing of this is done before the secret api-key has a value: 'tenantry secret set alice api-key'."]);
    }

    // What is reviewed is the pull request's manifest, and not the one that is in force.
    [Fact]
    public async Task AManifestThatIsNotAppliedIsPlannedAndNotStored()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        var before = (await api.GetAsync("alice")).Release;

        var plan = await ReadAsync<PlanResponse>(await api.Local.PostAsJsonAsync("/v1/instances/alice/plan", new ApplyAppRequest(Manifest.Replace("\"1.0\"", "\"99\"", StringComparison.Ordinal))));

        var planned = api.Engine.PlannedRelease.ShouldNotBeNull();
        planned.Version.ShouldBe("99");
        api.Engine.Planned[^1].Release.ShouldBe(planned.Id);
        plan.Changes.ShouldContain(change => change.Field == "release" && change.From == before && change.To == planned.Id);
        (await api.Local.GetAsync($"/v1/apps/notes/releases/{planned.Id}")).StatusCode.ShouldBe(System.Net.HttpStatusCode.NotFound);
        (await api.GetAsync("alice")).Release.ShouldBe(before);
        using var refused = await api.Local.PostAsJsonAsync("/v1/instances/alice/plan", new ApplyAppRequest(Manifest.Replace("app: notes", "app: other", StringComparison.Ordinal)));
        refused.StatusCode.ShouldBe(System.Net.HttpStatusCode.UnprocessableEntity);
        (await refused.Content.ReadAsStringAsync()).ShouldContain("is an instance of");
    }
}
