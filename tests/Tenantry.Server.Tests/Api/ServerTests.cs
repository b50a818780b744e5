using System.Net;
using System.Text.Json;
using Tenantry.Model.Wire;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

public class ServerTests
{
    [Fact]
    public async Task TheServerTellsWhatItIs()
    {
        await using var api = await StartAsync();

        var server = await ReadAsync<ServerResponse>(await api.Local.GetAsync("/v1/server"));

        server.ShouldBe(new ServerResponse("1.2.3", api.Store.Owner, "localhost", "http://127.0.0.1:8080", true, true, api.Time.GetUtcNow()));
    }

    [Fact]
    public async Task ReadyMeansThatStoreAndEngineAnswer()
    {
        await using var api = await StartAsync();
        using var before = await api.Local.GetAsync("/readyz");
        api.Engine.IsAway = true;
        using var after = await api.Local.GetAsync("/readyz");
        using var health = await api.Local.GetAsync("/healthz");

        before.StatusCode.ShouldBe(HttpStatusCode.OK);
        after.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await after.Content.ReadAsStringAsync()).ShouldBe("store: ok\nengine: the engine does not answer\n");
        health.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task MetricsAreInPrometheusForm()
    {
        await using var api = await StartAsync();
        using var some = await api.Local.GetAsync("/v1/tenants");
        using var none = await api.Local.GetAsync("/v1/nothing");

        using var answer = await api.Local.GetAsync("/metrics");
        var text = await answer.Content.ReadAsStringAsync();

        answer.Content.Headers.ContentType!.ToString().ShouldBe("text/plain; version=0.0.4; charset=utf-8");
        text.ShouldContain("# TYPE tenantry_api_request_duration_seconds histogram\n");
        text.ShouldContain("tenantry_api_request_duration_seconds_count{status=\"2xx\"} 1\n");
        text.ShouldContain("tenantry_api_request_duration_seconds_count{status=\"4xx\"} 1\n");
        text.ShouldContain("tenantry_api_request_duration_seconds_bucket{status=\"2xx\",le=\"+Inf\"} 1\n");
        text.ShouldContain("tenantry_fake 1\n");
        text.ShouldContain("tenantry_engine_up 1\n");
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            line.ShouldMatch(@"^(# (HELP|TYPE) tenantry_[a-z_]+ .+|tenantry_[a-z_]+(\{([a-z]+=""[^""]*"",?)+\})? [0-9.eE+-]+)$");
    }

    [Fact]
    public async Task MetricsTellThatTheEngineIsAway()
    {
        await using var api = await StartAsync();
        api.Engine.IsAway = true;

        (await api.Local.GetStringAsync("/metrics")).ShouldContain("tenantry_engine_up 0\n");
    }

    [Fact]
    public async Task TheDescriptionNamesEveryRouteAndItsProblems()
    {
        await using var api = await StartAsync();

        using var document = JsonDocument.Parse(await api.Local.GetStringAsync("/openapi/v1.json"));

        document.RootElement.GetProperty("openapi").GetString()!.ShouldStartWith("3.1");
        var paths = document.RootElement.GetProperty("paths");
        foreach (var path in new[] { "/v1/apps", "/v1/tenants/{tenant}", "/v1/instances/{slug}", "/v1/operations/{id}/events", "/v1/targets/{target}/check", "/v1/audit/verify", "/v1/events" })
            paths.TryGetProperty(path, out _).ShouldBeTrue(path);
        var create = paths.GetProperty("/v1/instances").GetProperty("post");
        create.GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("schema").ToString().ShouldContain("CreateInstanceRequest");
        create.GetProperty("responses").GetProperty("202").ToString().ShouldContain("OperationResponse");
        create.GetProperty("responses").GetProperty("default").ToString().ShouldContain("application/problem+json");
        create.GetProperty("parameters").ToString().ShouldContain("Idempotency-Key");
        paths.GetProperty("/v1/instances/{slug}").GetProperty("patch").GetProperty("parameters").ToString().ShouldContain("If-Match");
        var instance = document.RootElement.GetProperty("components").GetProperty("schemas").GetProperty("InstanceResponse").GetProperty("properties");
        instance.TryGetProperty("observedGeneration", out _).ShouldBeTrue();
    }

    [Fact]
    public async Task TheDocumentNamesQueryParametersAsTheServerWantsThem()
    {
        await using var api = await StartAsync();
        using var document = JsonDocument.Parse(await api.Local.GetStringAsync("/openapi/v1.json"));
        var paths = document.RootElement.GetProperty("paths");

        var query = paths.EnumerateObject().SelectMany(path => path.Value.EnumerateObject())
            .SelectMany(operation => operation.Value.TryGetProperty("parameters", out var parameters) ? parameters.EnumerateArray().ToArray() : [])
            .Where(parameter => parameter.GetProperty("in").GetString() == "query")
            .Select(parameter => parameter.GetProperty("name").GetString()!).ToHashSet(StringComparer.Ordinal);

        query.ShouldContain("limit");
        query.ShouldContain("cursor");
        query.ShouldAllBe(name => char.IsLower(name[0]));
        using var page = await api.Local.GetAsync("/v1/instances?limit=1");
        page.StatusCode.ShouldBe(System.Net.HttpStatusCode.OK);
        paths.TryGetProperty("/v1/instances/{slug}/exec", out _).ShouldBeTrue();
    }

    // A route that the guide does not name, or names and is not there, fails here.
    [Fact]
    public async Task TheGuideNamesEveryRouteThatThereIs()
    {
        await using var api = await StartAsync();
        using var document = JsonDocument.Parse(await api.Local.GetStringAsync("/openapi/v1.json"));
        var guide = await File.ReadAllTextAsync(Path.Combine(RepositoryRoot(), "docs", "api.md"));

        foreach (var path in document.RootElement.GetProperty("paths").EnumerateObject().Select(p => p.Name))
        {
            var tail = path[(path.LastIndexOf('/') + 1)..];
            (guide.Contains($" {path}`", StringComparison.Ordinal) || guide.Contains($"`/{tail}`", StringComparison.Ordinal)).ShouldBeTrue($"docs/api.md does not name {path}");
        }
    }

    [Fact]
    public async Task EveryChangeIsAuditedDoneOrRefused()
    {
        await using var api = await StartAsync();
        using var done = await api.Local.PostAsync("/v1/tenants", Json(new { name = "alice" }));
        using var refused = await api.Local.PostAsync("/v1/tenants", Json(new { name = "alice" }));
        using var wrong = await api.Local.PostAsync("/v1/tenants", Text("{\"nam\":1}"));
        using var dry = await api.Local.PostAsync("/v1/tenants?dryRun=true", Json(new { name = "bob" }));
        using var read = await api.Local.GetAsync("/v1/tenants");

        var page = await ReadAsync<PageResponse<AuditResponse>>(await api.Local.GetAsync("/v1/audit"));
        var verify = await ReadAsync<AuditVerifyResponse>(await api.Local.GetAsync("/v1/audit/verify"));

        page.Items.Select(r => (r.Actor, r.Action, r.Subject, r.Outcome)).ShouldBe(
        [
            ("local", "tenant.create", "/v1/tenants", "refused"),
            ("local", "tenant.create", "tenant alice", "refused"),
            ("local", "tenant.create", "tenant alice", "done"),
        ]);
        page.Items.ShouldAllBe(r => r.RequestId.Length > 0);
        verify.ShouldBe(new AuditVerifyResponse(true, null));
    }

    private static string RepositoryRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Tenantry.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests do not run inside the repository.");
        return folder;
    }
}
