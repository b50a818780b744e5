using Tenantry.Model.Wire;

namespace Tenantry.Cli.Tests;

public class DeployTests
{
    [Fact]
    public async Task OneUnknownSlugAmongSeveralChangesNothing()
    {
        await using var api = await FakeApi.StartAsync();
        Know(api);

        var run = await CliRun.Of(api, "deploy", "alice", "alise");

        run.ExitCode.ShouldBe(3);
        run.Error.ShouldContain("There is no instance 'alise'. Did you mean 'alice'?");
        run.Error.ShouldContain("Nothing was deployed.");
        api.Requests.ShouldNotContain(r => r.Method == "PATCH");
    }

    [Fact]
    public async Task AnUnknownAppIsNotFoundAndTheNearestIsNamed()
    {
        await using var api = await FakeApi.StartAsync();
        Know(api);

        var run = await CliRun.Of(api, "deploy", "--app", "sites");

        run.ExitCode.ShouldBe(3);
        run.Error.ShouldContain("There is no app 'sites'. Did you mean 'site'?");
    }

    [Fact]
    public async Task AnAppWithoutInstancesSaysSo()
    {
        await using var api = await FakeApi.StartAsync();
        Know(api);
        api.OnList<InstanceResponse>("GET /v1/instances");

        var text = await CliRun.Of(api, "deploy", "--app", "site");
        var json = await CliRun.Of(api, "deploy", "--app", "site", "-o", "json");

        (text.ExitCode, json.ExitCode).ShouldBe((0, 0));
        text.Out.ShouldContain("The app site has no instances.");
        json.Out.Trim().ShouldBe("[]");
    }

    private static void Know(FakeApi api)
    {
        var site = new AppResponse("site", "site-1", 1, Samples.Then, Samples.Then);
        api.OnList("GET /v1/apps", site);
        api.On("GET /v1/apps/site", site);
        api.OnList("GET /v1/instances", Samples.Listed(Samples.Alice));
        api.On("GET /v1/instances/alice", Samples.Alice);
        api.On("PATCH /v1/instances/alice", Samples.Alice);
    }
}
