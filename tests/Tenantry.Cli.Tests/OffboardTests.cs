using Tenantry.Model.Instances;
using Tenantry.Model.Wire;
using static Tenantry.Cli.Tests.OnboardTests;

namespace Tenantry.Cli.Tests;

public class OffboardTests
{
    [Fact]
    public async Task OffboardingAsksForACopyAndTellsBothMissingAnswersAtOnce()
    {
        await using var api = await StartAsync();
        api.OnList("GET /v1/instances", Samples.Listed(Samples.Alice));

        var run = await CliRun.Of(api, "offboard", "alice");

        run.ExitCode.ShouldBe(2);
        run.Error.ShouldContain("--backup DIR (or --no-backup)");
        run.Error.ShouldContain("--yes");
        api.Requests.ShouldNotContain(r => r.Method == "DELETE");
    }

    [Fact]
    public async Task NothingIsDeletedWhenTheCopyCannotBeWritten()
    {
        await using var api = await StartAsync();
        api.OnList("GET /v1/instances", Samples.Listed(Samples.Alice));
        api.OnProblem("GET /v1/instances/alice/data", 502, ProblemCodes.TargetFailed, "The volume cannot be read.");

        var run = await CliRun.Of(api, "offboard", "alice", "--backup", Path.Combine(api.Folder, "copy"), "--yes");

        run.ExitCode.ShouldNotBe(0);
        run.Error.ShouldContain("The volume cannot be read.");
        api.Requests.Where(r => r.Method == "POST").Select(r => r.Path).ShouldBe(["/v1/instances/alice/hold-down", "/v1/instances/alice/release", "/v1/instances/alice/wake"], "stopped for the copy, and running again");
        api.Requests.ShouldNotContain(r => r.Method == "DELETE");
        Directory.GetFiles(Path.Combine(api.Folder, "copy")).ShouldBeEmpty();
    }

    [Fact]
    public async Task AnInstanceWithoutVolumesLeavesNoEmptyCopy()
    {
        await using var api = await StartAsync();
        api.OnList("GET /v1/instances", Samples.Listed(Samples.Alice));
        api.On("GET /v1/instances/alice/data", _ => Task.CompletedTask);
        api.OnProblem("DELETE /v1/tenants/alice", 404, ProblemCodes.NotFound, "There is none.");

        var run = await CliRun.Of(api, "offboard", "alice", "--backup", Path.Combine(api.Folder, "copy"), "--yes");

        run.Out.ShouldContain("alice has no volumes: there is nothing to copy.");
        Directory.GetFiles(Path.Combine(api.Folder, "copy")).ShouldBeEmpty();
    }

    [Fact]
    public async Task OffboardingIsNotDoneWhileSomethingIsLeftOnATarget()
    {
        await using var api = await StartAsync();
        api.OnList("GET /v1/instances", Samples.Listed(Samples.Alice));
        api.On("DELETE /v1/tenants/alice", new DeleteTenantResponse("alice", [Samples.Pending]), 202);
        api.On("GET /v1/orphans", new OrphansResponse([new OrphanResponse("local", "i1", "alice", "o")], null, []));
        api.OnProblem("GET /v1/tenants/alice", 404, ProblemCodes.NotFound, "There is none.");
        api.OnProblem("GET /v1/instances/alice", 404, ProblemCodes.NotFound, "There is none.");

        var left = await CliRun.Of(api, "offboard", "alice", "--no-backup", "--yes");
        api.On("GET /v1/orphans", new OrphansResponse([], null, []));
        var gone = await CliRun.Of(api, "offboard", "alice", "--no-backup", "--yes", "-o", "json");

        left.ExitCode.ShouldBe(1);
        left.Error.ShouldContain("Something of alice on local is left.");
        gone.ExitCode.ShouldBe(0, gone.Error);
        gone.Json.GetProperty("instances")[0].GetString().ShouldBe("alice");
    }

    [Fact]
    public async Task ACopyThatBrokeOffInTheMiddleIsRemovedAndNothingIsDeleted()
    {
        await using var api = await StartAsync();
        api.OnList("GET /v1/instances", Samples.Listed(Samples.Alice));
        api.On("GET /v1/instances/alice/data", async context =>
        {
            await context.Response.Body.WriteAsync(new byte[100_000]);
            await context.Response.Body.FlushAsync();
            context.Abort();
        });

        var run = await CliRun.Of(api, "offboard", "alice", "--backup", Path.Combine(api.Folder, "copy"), "--yes");

        run.ExitCode.ShouldBe(7, run.Error);
        run.Error.ShouldContain("The copy of alice is not whole and was removed. Nothing was deleted.");
        api.Requests.ShouldNotContain(r => r.Method == "DELETE");
        Directory.GetFiles(Path.Combine(api.Folder, "copy")).ShouldBeEmpty();
    }

    // An earlier run had written the copy and begun the deletion, and ran out of time: the next one said that nothing was deleted.
    [Fact]
    public async Task AnOffboardingThatIsGoneOnWithKeepsTheCopyOfBefore()
    {
        await using var api = await StartAsync();
        api.OnList("GET /v1/instances", Samples.Listed(Samples.Alice));
        api.On("GET /v1/instances/alice", Samples.Alice with { Desired = DesiredState.Deleted, Phase = InstancePhase.Deleting });
        api.OnProblem("DELETE /v1/tenants/alice", 404, ProblemCodes.NotFound, "There is none.");
        api.On("GET /v1/orphans", new OrphansResponse([], null, []));
        var folder = Directory.CreateDirectory(Path.Combine(api.Folder, "copy")).FullName;

        var without = await CliRun.Of(api, "offboard", "alice", "--backup", folder, "--yes");
        await File.WriteAllTextAsync(Path.Combine(folder, "alice.tar"), "the copy");
        var with = await CliRun.Of(api, "offboard", "alice", "--backup", folder, "--yes", "--timeout", "1s");

        without.ExitCode.ShouldBe(1);
        without.Error.ShouldContain("no copy of its data can be made any more");
        with.Out.ShouldContain("the copy of its data that was made before is");
        (await File.ReadAllTextAsync(Path.Combine(folder, "alice.tar"))).ShouldBe("the copy");
        api.Requests.Count(r => r.Method == "DELETE").ShouldBe(1);
    }
}
