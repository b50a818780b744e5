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
            (guide.Contains($" {path}`", StringComparison.Ordinal) || guide.Contains($"`{path}`", StringComparison.Ordinal) || guide.Contains($"`/{tail}`", StringComparison.Ordinal)).ShouldBeTrue($"docs/api.md does not name {path}");
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

    [Fact]
    public async Task AChangeWhoseAuditRowCannotBeWrittenIsNotMade()
    {
        await using var api = await StartAsync();
        await using (var database = Server.Store.StoreFactory.Connect("sqlite", api.Folders, TimeProvider.System))
            await database.WriteAsync(session => session.ExecuteAsync("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no room'); END"), CancellationToken.None);

        using var answer = await api.Local.PostAsync("/v1/tenants", Json(new { name = "alice" }));

        answer.IsSuccessStatusCode.ShouldBeFalse();
        (await api.Store.FindTenantAsync("alice", CancellationToken.None)).ShouldBeNull();
    }

    [Fact]
    public async Task WhatIsChangedOutsideOfTheStoreIsAuditedBeforeAndAfter()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();

        using var adopted = await api.Local.PostAsync("/v1/targets/local/adopt", null);

        var rows = (await ReadAsync<PageResponse<AuditResponse>>(await api.Local.GetAsync("/v1/audit"))).Items.Where(row => row.Action == "target.adopt");
        rows.Select(row => (row.Subject, row.Outcome)).ShouldBe([("target local", "done"), ("target local", "started")]);
    }

    [Fact]
    public async Task EachChangeThatARemovalIsMadeOfHasItsRow()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");

        using var removed = await api.Local.DeleteAsync("/v1/tenants/alice");

        var rows = (await ReadAsync<PageResponse<AuditResponse>>(await api.Local.GetAsync("/v1/audit"))).Items.Where(row => row.Action == "tenant.delete");
        rows.Select(row => (row.Subject, row.Outcome, row.Detail)).ShouldBe([("tenant alice", "done", "instance alice"), ("tenant alice", "done", "")]);
    }

    [Theory]
    [InlineData("/v1/tenants")]
    [InlineData("/v1/tenants/alice")]
    [InlineData("/v1/instances/alice")]
    [InlineData("/v1/server")]
    [InlineData("/healthz")]
    public async Task HeadIsAnsweredAsGetWithoutABody(string path)
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        using var got = await api.Local.GetAsync(path);
        using var head = await api.Local.SendAsync(new HttpRequestMessage(HttpMethod.Head, path));

        head.StatusCode.ShouldBe(got.StatusCode);
        head.StatusCode.ShouldBe(HttpStatusCode.OK);
        head.Content.Headers.ContentType.ShouldBe(got.Content.Headers.ContentType);
        (head.Headers.ETag?.Tag).ShouldBe(got.Headers.ETag?.Tag);
        (await head.Content.ReadAsByteArrayAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task HeadOfWhatIsNotThereOrStreamsSaysSo()
    {
        await using var api = await StartAsync();
        using var nobody = await api.Local.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/v1/tenants/nobody"));
        nobody.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        using var events = await api.Local.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/v1/events"));
        events.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
        events.Content.Headers.Allow.ShouldBe(["GET"]);
    }

    [Theory]
    [InlineData("/v1/tenants/alice")]
    [InlineData("/v1/apps/notes")]
    [InlineData("/v1/targets/local")]
    [InlineData("/v1/instances/alice")]
    public async Task WhoHasTheAnswerAlreadyIsToldSoAndOnlyThat(string path)
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        using var first = await api.Local.GetAsync(path);
        var tag = first.Headers.ETag!.Tag;

        using var again = await api.Local.SendAsync(Conditional(path, $"\"other\", W/{tag}"));
        again.StatusCode.ShouldBe(HttpStatusCode.NotModified);
        again.Headers.ETag!.Tag.ShouldBe(tag);
        (await again.Content.ReadAsByteArrayAsync()).ShouldBeEmpty();
        using var other = await api.Local.SendAsync(Conditional(path, "\"1\""));
        other.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task AStatusThatChangedIsToldAlthoughTheVersionIsTheSameAndTheTagIsGoodForAChange()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        using var pending = await api.Local.GetAsync("/v1/instances/alice");
        await api.SeeAsync("alice", Model.Instances.InstancePhase.Running);

        using var running = await api.Local.SendAsync(Conditional("/v1/instances/alice", pending.Headers.ETag!.Tag));
        running.StatusCode.ShouldBe(HttpStatusCode.OK);
        var change = new HttpRequestMessage(HttpMethod.Patch, "/v1/instances/alice") { Content = Json(new { tier = "pro" }) };
        change.Headers.TryAddWithoutValidation("If-Match", running.Headers.ETag!.Tag);
        using var changed = await api.Local.SendAsync(change);
        changed.StatusCode.ShouldBe(HttpStatusCode.Accepted);
    }

    private static HttpRequestMessage Conditional(string path, string tags)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("If-None-Match", tags);
        return request;
    }

    internal static string RepositoryRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Tenantry.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests do not run inside the repository.");
        return folder;
    }
}
