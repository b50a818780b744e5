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
}
