using System.Net;
using Tenantry.Model.Wire;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

public class IdempotencyTests
{
    private static async Task<HttpResponseMessage> PostAsync(HttpClient client, string path, object? body, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = body is null ? null : Json(body) };
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        return await client.SendAsync(request);
    }

    [Fact]
    public async Task TheSameRequestWithTheSameKeyGetsTheSameAnswer()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        using var tenant = await api.Local.PostAsync("/v1/tenants", Json(new { name = "alice" }));
        var body = new { tenant = "alice", app = "notes" };

        using var first = await PostAsync(api.Local, "/v1/instances", body, "k1");
        using var second = await PostAsync(api.Local, "/v1/instances", body, "k1");

        first.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        second.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        second.Headers.Location.ShouldBe(first.Headers.Location);
        second.Headers.GetValues("Idempotent-Replayed").ShouldBe(["true"]);
        first.Headers.Contains("Idempotent-Replayed").ShouldBeFalse();
        (await second.Content.ReadAsStringAsync()).ShouldBe(await first.Content.ReadAsStringAsync());
        (await ReadAsync<PageResponse<OperationResponse>>(await api.Local.GetAsync("/v1/operations"))).Items.Count.ShouldBe(1);
    }

    [Fact]
    public async Task AnotherRequestWithTheSameKeyIsRefused()
    {
        await using var api = await StartAsync();
        using var first = await PostAsync(api.Local, "/v1/tenants", new { name = "alice" }, "k1");

        await ProblemAsync(await PostAsync(api.Local, "/v1/tenants", new { name = "bob" }, "k1"), HttpStatusCode.UnprocessableEntity, ProblemCodes.IdempotencyKeyReused);
        await ProblemAsync(await PostAsync(api.Local, "/v1/apps", new { name = "alice" }, "k1"), HttpStatusCode.UnprocessableEntity, ProblemCodes.IdempotencyKeyReused);
        await ProblemAsync(await api.Local.GetAsync("/v1/tenants/bob"), HttpStatusCode.NotFound, ProblemCodes.NotFound);
    }

    [Fact]
    public async Task KeysOfTwoCallersAreTwoKeys()
    {
        await using var api = await StartAsync();
        var client = api.Client(await api.TokenAsync());
        using var first = await PostAsync(api.Local, "/v1/tenants", new { name = "alice" }, "k1");

        using var second = await PostAsync(client, "/v1/tenants", new { name = "bob" }, "k1");

        second.StatusCode.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task ARefusedRequestLeavesItsKeyFree()
    {
        await using var api = await StartAsync();
        await ProblemAsync(await PostAsync(api.Local, "/v1/tenants", new { name = "-" }, "k1"), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);

        using var second = await PostAsync(api.Local, "/v1/tenants", new { name = "alice" }, "k1");

        second.StatusCode.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task ADryRunLeavesItsKeyFree()
    {
        await using var api = await StartAsync();
        using var dry = await PostAsync(api.Local, "/v1/tenants?dryRun=true", new { name = "alice" }, "k1");

        using var real = await PostAsync(api.Local, "/v1/tenants", new { name = "alice" }, "k1");

        dry.StatusCode.ShouldBe(HttpStatusCode.OK);
        real.StatusCode.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task ManyRequestsWithOneKeyAtOnceAreOneRequest()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");

        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => PostAsync(api.Local, "/v1/instances/alice/restart", null, "k1")));

        answers.ShouldAllBe(a => a.StatusCode == HttpStatusCode.Accepted);
        answers.Select(a => a.Headers.Location!.OriginalString).Distinct().Count().ShouldBe(1);
        (await api.GetAsync("alice")).Generation.ShouldBe(2);
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("a\tb")]
    [InlineData("")]
    public async Task AKeyThatCannotBeIsRefused(string key)
    {
        await using var api = await StartAsync();

        await ProblemAsync(await PostAsync(api.Local, "/v1/tenants", new { name = "alice" }, key), HttpStatusCode.BadRequest, ProblemCodes.BadRequest);
    }

    [Fact]
    public async Task AKeyThatIsTooLongIsRefused()
    {
        await using var api = await StartAsync();

        await ProblemAsync(await PostAsync(api.Local, "/v1/tenants", new { name = "alice" }, new string('x', 201)), HttpStatusCode.BadRequest, ProblemCodes.BadRequest);
        using var longest = await PostAsync(api.Local, "/v1/tenants", new { name = "alice" }, new string('x', 200));
        longest.StatusCode.ShouldBe(HttpStatusCode.Created);
    }
}
