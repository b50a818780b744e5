using System.Net;
using Tenantry.Model.Instances;
using Tenantry.Model.Wire;
using Tenantry.Server.Engine;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

public class TargetTests
{
    private static HttpRequestMessage Put(object body, string? ifMatch = null, string name = "local")
    {
        var request = new HttpRequestMessage(HttpMethod.Put, $"/v1/targets/{name}") { Content = Json(body) };
        if (ifMatch is not null)
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        return request;
    }

    [Fact]
    public async Task ATargetIsAddedReadAndChanged()
    {
        await using var api = await StartAsync();

        using var created = await api.Local.SendAsync(Put(new { kind = "local", options = new { runtime = "runc" } }));
        await ProblemAsync(await api.Local.SendAsync(Put(new { kind = "local" })), HttpStatusCode.PreconditionRequired, ProblemCodes.PreconditionRequired);
        using var changed = await api.Local.SendAsync(Put(new { kind = "local", repairDrift = false, parallel = 3 }, created.Headers.ETag!.Tag));

        created.StatusCode.ShouldBe(HttpStatusCode.Created);
        (await ReadAsync<TargetResponse>(created)).Options.ShouldBe(new Dictionary<string, string>(StringComparer.Ordinal) { ["runtime"] = "runc" });
        var target = await ReadAsync<TargetResponse>(changed, HttpStatusCode.OK);
        (target.RepairDrift, target.Parallel, target.Options.Count, target.Version).ShouldBe((false, 3, 0, 2));
        (await ReadAsync<PageResponse<TargetResponse>>(await api.Local.GetAsync("/v1/targets"))).Items.ShouldHaveSingleItem().Name.ShouldBe("local");
    }

    [Fact]
    public async Task AValueThatMakesNoSenseIsRefusedBeforeAnythingIsStored()
    {
        await using var api = await StartAsync();
        var problem = await ProblemAsync(await api.Local.SendAsync(Put(new { kind = "local", options = new { runtime = "podman", cgrop = "x" } })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        problem.Errors!.Select(error => error.Path).ShouldBe(["options", "options.cgrop"]);
        problem.Errors![0].Message.ShouldContain("podman");
        (await ReadAsync<PageResponse<TargetResponse>>(await api.Local.GetAsync("/v1/targets"))).Items.ShouldBeEmpty();
    }

    [Fact]
    public async Task AKindStays()
    {
        await using var api = await StartAsync();
        using var created = await api.Local.SendAsync(Put(new { kind = "local" }));

        await ProblemAsync(await api.Local.SendAsync(Put(new { kind = "docker" }, "*")), HttpStatusCode.Conflict, ProblemCodes.Conflict);
    }

    [Fact]
    public async Task EveryMistakeIsToldAtOnce()
    {
        await using var api = await StartAsync();

        var unknown = await ProblemAsync(await api.Local.SendAsync(Put(new { kind = "locl", parallel = 0 }, name: "All")), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        var option = await ProblemAsync(
            await api.Local.SendAsync(Put(new { kind = "local", options = new { runtme = "x" } })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);

        unknown.Errors!.Select(e => e.Path).ShouldBe(["target", "kind", "parallel"]);
        unknown.Errors![1].Message.ShouldContain("Did you mean 'local'?");
        option.Errors!.ShouldHaveSingleItem().Message.ShouldContain("Did you mean 'runtime'?");
    }

    [Fact]
    public async Task ACheckTellsWhatIsMissingAndTheCommand()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();

        var check = await ReadAsync<TargetCheckResponse>(await api.Local.PostAsync("/v1/targets/local/check", null));

        check.Works.ShouldBeFalse();
        check.Findings.ShouldBe([new TargetFindingResponse("crun", "Missing", "crun is not there.", "apt-get install crun")]);
        await ProblemAsync(await api.Local.PostAsync("/v1/targets/moon/check", null), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }

    [Fact]
    public async Task ATargetIsAdoptedByTheEngineWhenSomebodySaysSo()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();

        using var dry = await api.Local.PostAsync("/v1/targets/local/adopt?dryRun=true", null);
        api.Engine.Adopted.ShouldBeEmpty();
        using var adopted = await api.Local.PostAsync("/v1/targets/local/adopt", null);

        dry.StatusCode.ShouldBe(HttpStatusCode.OK);
        adopted.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        api.Engine.Adopted.ShouldBe(["local"]);
        await ProblemAsync(await api.Local.PostAsync("/v1/targets/moon/adopt", null), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }

    [Fact]
    public async Task ATargetWithAnInstanceIsNotDeleted()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");

        await ProblemAsync(await api.Local.DeleteAsync("/v1/targets/local"), HttpStatusCode.Conflict, ProblemCodes.Conflict);
        await ProblemAsync(await api.Local.DeleteAsync("/v1/targets/local?dryRun=true"), HttpStatusCode.Conflict, ProblemCodes.Conflict);
    }

    [Fact]
    public async Task WhereThingsAreStaysAsItIsWhileAnInstanceIsThere()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        using var created = await api.Local.SendAsync(Put(new { kind = "aws", options = new { region = "eu-central-1" } }, name: "cloud"));
        using var free = await api.Local.SendAsync(Put(new { kind = "aws", options = new { region = "eu-west-1" } }, "*", "cloud"));
        free.StatusCode.ShouldBe(HttpStatusCode.OK, "nothing is there yet");
        using (var tenant = await api.Local.PostAsync("/v1/tenants", Json(new { name = "alice" })))
            tenant.StatusCode.ShouldBe(HttpStatusCode.Created);
        await ReadAsync<OperationResponse>(await api.Local.PostAsync("/v1/instances", Json(new { tenant = "alice", app = "notes", target = "cloud" })), HttpStatusCode.Accepted);

        var moved = await ProblemAsync(await api.Local.SendAsync(Put(new { kind = "aws", options = new { region = "eu-central-1", project = "x" } }, "*", "cloud")), HttpStatusCode.Conflict, ProblemCodes.Conflict);
        moved.Detail.ShouldBe("project and region of the target 'cloud' say where its instances are, and the instance 'alice' is there. Add another target, or remove its instances first.");
        var target = (await api.Store.FindTargetAsync("cloud", CancellationToken.None))!;
        await Should.ThrowAsync<Tenantry.Server.Store.StoreConflictException>(() => api.Store.MoveTargetAsync(target, target.Version, CancellationToken.None));
        using var other = await api.Local.SendAsync(Put(new { kind = "aws", options = new { region = "eu-west-1", exit = "nat" } }, "*", "cloud"));
        other.StatusCode.ShouldBe(HttpStatusCode.OK, "an option that leads nowhere else");
    }

    [Fact]
    public async Task ATargetIsDeleted()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();

        using var dry = await api.Local.DeleteAsync("/v1/targets/local?dryRun=true");
        using var deleted = await api.Local.DeleteAsync("/v1/targets/local");

        dry.StatusCode.ShouldBe(HttpStatusCode.OK);
        deleted.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        await ProblemAsync(await api.Local.GetAsync("/v1/targets/local"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }

    [Fact]
    public async Task TheKindsAreListedWithTheirOptions()
    {
        await using var api = await StartAsync();

        var kinds = await ReadAsync<PageResponse<TargetKindResponse>>(await api.Local.GetAsync("/v1/target-kinds"));

        kinds.Items.Select(k => k.Kind).ShouldBe(["local", "docker", "aws"]);
        kinds.Items[0].Options["runtime"].ShouldBe("crun, runc or runsc");
    }

    [Fact]
    public async Task OrphansAreListedAndRemovedOnlyWhenSomebodySaysSo()
    {
        await using var api = await StartAsync();
        api.Engine.Orphans.Add(new Orphan("local", new InstanceRef("id1", "ghost", api.Store.Owner)));

        var orphans = await ReadAsync<OrphansResponse>(await api.Local.GetAsync("/v1/orphans"));
        using var dry = await api.Local.DeleteAsync("/v1/orphans/local/id1?dryRun=true");
        api.Engine.Orphans.Count.ShouldBe(1);
        using var removed = await api.Local.DeleteAsync("/v1/orphans/local/id1");

        orphans.Items.ShouldBe([new OrphanResponse("local", "id1", "ghost", api.Store.Owner)]);
        dry.StatusCode.ShouldBe(HttpStatusCode.OK);
        removed.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        api.Engine.Orphans.ShouldBeEmpty();
        await ProblemAsync(await api.Local.DeleteAsync("/v1/orphans/local/id1"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }

    [Fact]
    public async Task ATargetThatCannotBeAskedIsNamedBesideTheOrphansOfTheOthers()
    {
        await using var api = await StartAsync();
        api.Engine.Orphans.Add(new Orphan("local", new InstanceRef("id1", "ghost", api.Store.Owner)));
        api.Engine.Unreachable.Add(new UnreachableTarget("docker", "The engine does not answer."));

        var found = await ReadAsync<OrphansResponse>(await api.Local.GetAsync("/v1/orphans"));
        found.Items.ShouldHaveSingleItem().Slug.ShouldBe("ghost");
        found.Unreachable.ShouldBe([new UnreachableTargetResponse("docker", "The engine does not answer.")]);
        // Nothing is said to be gone of a target that was not asked.
        await ProblemAsync(await api.Local.DeleteAsync("/v1/orphans/docker/id2"), HttpStatusCode.BadGateway, ProblemCodes.TargetFailed);
        using var removed = await api.Local.DeleteAsync("/v1/orphans/local/id1");
        removed.StatusCode.ShouldBe(HttpStatusCode.NoContent);
    }
}
