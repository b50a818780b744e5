using System.Net;
using System.Text;
using Tenantry.Model.Wire;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

public class StrictTests
{
    private static async Task<ProblemResponse> RefusedAsync(string body)
    {
        await using var api = await StartAsync();
        return await ProblemAsync(await api.Local.PostAsync("/v1/instances", Text(body)), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
    }

    [Theory]
    [InlineData("""{"tenant":"a","app":"b","enviroment":"x"}""", "enviroment", "Did you mean 'environment'?")]
    [InlineData("""{"tenant":"a","app":"b","Tier":"x"}""", "Tier", "Did you mean 'tier'?")]
    [InlineData("""{"tenant":"a","app":"b","zzzzzz":1}""", "zzzzzz", "There is no member 'zzzzzz' here.")]
    [InlineData("""{"tenant":"a"}""", "app", "'app' is missing.")]
    [InlineData("""{"tenant":null,"app":"b"}""", "tenant", "'tenant' cannot be null.")]
    [InlineData("""{"tenant":"a","app":5}""", "app", "Text is expected, not the number 5.")]
    [InlineData("""{"tenant":"a","app":"b","hosts":"x"}""", "hosts", "A list is expected, not text.")]
    [InlineData("""{"tenant":"a","app":"b","hosts":["x",{}]}""", "hosts[1]", "Text is expected, not an object.")]
    [InlineData("""{"tenant":"a","app":"b","hosts":[null]}""", "hosts[0]", "Text is expected, not null.")]
    [InlineData("""{"tenant":"a","app":"b","features":{"x":true}}""", "features.x", "Text is expected, not true.")]
    [InlineData("""{"tenant":"a","app":"b","app":"c"}""", "app", "'app' is there twice.")]
    [InlineData("""[]""", "", "An object is expected, not a list.")]
    public async Task AMistakeOfFormIsNamedWithItsPlace(string body, string path, string message)
    {
        var problem = await RefusedAsync(body);

        var error = problem.Errors!.ShouldHaveSingleItem();
        error.Path.ShouldBe(path);
        error.Message.ShouldContain(message);
    }

    [Fact]
    public async Task EveryMistakeOfFormIsToldAtOnce()
    {
        var problem = await RefusedAsync("""{"tenant":5,"slg":"x","hosts":{}}""");

        problem.Errors!.Select(e => e.Path).ShouldBe(["tenant", "slg", "hosts", "app"]);
        problem.Detail.ShouldStartWith("The request has 4 mistakes");
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"tenant\":\"a\",}")]
    [InlineData("{} {}")]
    [InlineData("\u0000")]
    public async Task WhatIsNotJsonIsABadRequest(string body)
    {
        await using var api = await StartAsync();

        await ProblemAsync(await api.Local.PostAsync("/v1/tenants", Text(body)), HttpStatusCode.BadRequest, ProblemCodes.BadRequest);
    }

    [Fact]
    public async Task AnotherKindOfContentIsUnsupported()
    {
        await using var api = await StartAsync();

        await ProblemAsync(
            await api.Local.PostAsync("/v1/tenants", new StringContent("name=alice", Encoding.UTF8, "application/x-www-form-urlencoded")),
            HttpStatusCode.UnsupportedMediaType,
            ProblemCodes.UnsupportedMediaType);
    }

    [Fact]
    public async Task ABodyThatIsTooLargeIsRefusedAndAManifestMayBeLarger()
    {
        await using var api = await StartAsync();
        var large = new string('x', (1 << 20) + 1);
        api.Local.DefaultRequestHeaders.ExpectContinue = true;

        await ProblemAsync(await api.Local.PostAsync("/v1/tenants", Json(new { name = "alice", owner = large })), HttpStatusCode.RequestEntityTooLarge, ProblemCodes.TooLarge);
        using var applied = await api.Local.PostAsync("/v1/apps", Json(new { manifest = Manifest, files = new { large } }));
        await ProblemAsync(
            await api.Local.PostAsync("/v1/apps", Json(new { manifest = Manifest + "\n# " + new string('x', 4 << 20) })), HttpStatusCode.RequestEntityTooLarge, ProblemCodes.TooLarge);

        applied.StatusCode.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task AMisspeltQueryParameterDoesNotGoUnnoticed()
    {
        await using var api = await StartAsync();

        var problem = await ProblemAsync(
            await api.Local.PostAsync("/v1/tenants?dryrun=true", Json(new { name = "alice" })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        await ProblemAsync(
            await api.Local.PostAsync("/v1/tenants?dryRun=yes", Json(new { name = "alice" })), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);

        problem.Errors!.ShouldHaveSingleItem().Message.ShouldContain("Did you mean 'dryRun'?");
        await ProblemAsync(await api.Local.GetAsync("/v1/tenants/alice"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }

    [Fact]
    public async Task AnUnknownPathAndAnImpossibleMethodAreProblems()
    {
        await using var api = await StartAsync();

        await ProblemAsync(await api.Local.GetAsync("/v1/nothing"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        await ProblemAsync(await api.Local.GetAsync("/"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
        var problem = await ProblemAsync(await api.Local.PutAsync("/v1/tenants", Json(new { })), HttpStatusCode.MethodNotAllowed, ProblemCodes.MethodNotAllowed);
        problem.Detail.ShouldContain("GET");
    }

    [Theory]
    [InlineData("/v1/instances/none")]
    [InlineData("/v1/instances/none/logs")]
    [InlineData("/v1/instances/none/stats")]
    [InlineData("/v1/instances/none/plan")]
    [InlineData("/v1/instances/none/secrets")]
    [InlineData("/v1/instances/none/data")]
    [InlineData("/v1/instances/none/exec")]
    [InlineData("/v1/tenants/none")]
    [InlineData("/v1/apps/none")]
    [InlineData("/v1/targets/none")]
    [InlineData("/v1/operations/none/events")]
    public async Task WhatIsNotThereIsNotFound(string path)
    {
        await using var api = await StartAsync();

        await ProblemAsync(await api.Local.GetAsync(path), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }
}
