using Tenantry.Model.Instances;
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

    [Fact]
    public async Task AReleaseThatIsWantedAlreadyAndFailedIsTriedAgainAndNotCalledRunning()
    {
        await using var api = await FakeApi.StartAsync();
        Know(api);
        api.On("PATCH /v1/instances/alice", Stuck);
        api.OnList("GET /v1/operations", Samples.Failed);
        api.On("POST /v1/instances/alice/restart", Samples.Pending, 202);
        api.OnEvents([Samples.Pending, Samples.Failed]);

        var run = await CliRun.Of(api, "deploy", "alice");

        run.ExitCode.ShouldBe(1);
        run.Out.ShouldContain("alice is to run site-2 already, and has not come there: it is Failed and runs site-1. The command ended with 1.");
        run.Out.ShouldNotContain("runs that release already");
        api.Requests.Count(r => r.Path == "/v1/instances/alice/restart").ShouldBe(1);
    }

    [Fact]
    public async Task AReleaseThatIsWantedAlreadyAndUnderWayIsWaitedFor()
    {
        await using var api = await FakeApi.StartAsync();
        Know(api);
        api.On("PATCH /v1/instances/alice", Stuck);
        api.OnList("GET /v1/operations", Samples.Running);
        api.OnEvents([Samples.Running, Samples.Succeeded]);

        var run = await CliRun.Of(api, "deploy", "alice");

        run.ExitCode.ShouldBe(0, run.Error);
        run.Out.ShouldContain("Its operation is under way.");
        api.Requests.ShouldNotContain(r => r.Method == "POST");
    }

    [Fact]
    public async Task AReleaseThatRunsAlreadyIsDone()
    {
        await using var api = await FakeApi.StartAsync();
        Know(api);

        var run = await CliRun.Of(api, "deploy", "alice");

        run.ExitCode.ShouldBe(0, run.Error);
        run.Out.Trim().ShouldBe("alice runs that release already.");
    }

    [Fact]
    public async Task AFinishedDeploymentEndsWithTheAddressAndOneThatIsNotWaitedForNamesItsOperation()
    {
        await using var api = await FakeApi.StartAsync();
        Know(api);
        api.On("PATCH /v1/instances/alice", Samples.Pending, 202);
        api.OnEvents([Samples.Pending, Samples.Succeeded]);

        var waited = await CliRun.Of(api, "deploy", "alice");
        var accepted = await CliRun.Of(api, "deploy", "--app", "site", "--no-wait");

        waited.Out.TrimEnd().Split('\n')[^1].ShouldBe("alice is Running, Healthy: http://alice.localhost:8080");
        accepted.Out.Trim().ShouldBe("alice: accepted. 'tenantry operations show op1' tells how far it is.");
    }

    private static InstanceDetailResponse Stuck { get; } =
        Samples.Alice with { Release = "site-2", Phase = InstancePhase.Failed, Reason = "The command ended with 1.", Failures = 1 };

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
