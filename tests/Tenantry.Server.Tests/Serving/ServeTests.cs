using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Tenantry.Server.Tests.Serving;

public class ServeTests
{
    [Fact]
    public async Task TheChosenAddressesAreOneLineAndAFileAndEverythingAnswers()
    {
        using var folder = new TestFolder();
        await using var serve = await ServeProcess.StartFreeAsync(folder.Data);

        await serve.ReadyAsync();

        JsonElement.DeepEquals(JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder.Data, "addresses.json"))).RootElement, serve.Addresses).ShouldBeTrue();
        serve.Api.Host.ShouldBe("127.0.0.1");
        serve.Api.Port.ShouldNotBe(serve.Gateway.Port);
        using var http = new HttpClient();
        (await http.GetStringAsync(new Uri(serve.Api, "/healthz"))).ShouldBe("ok\n");
        using var gateway = await http.GetAsync(serve.Gateway);
        gateway.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        using var refused = await http.GetAsync(new Uri(serve.Api, "/v1/tenants"));
        refused.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task EveryLineOfTheLogIsJson()
    {
        using var folder = new TestFolder();
        await using var serve = await ServeProcess.StartFreeAsync(folder.Data, "--log-level", "debug");
        await serve.ReadyAsync();

        await serve.TerminateAsync();

        foreach (var line in serve.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            Should.NotThrow(() => JsonDocument.Parse(line).Dispose(), line);
    }

    [Fact]
    public async Task TheLogIsSentencesWhenAPersonWantsThemAndAStoreThatIsAwayIsOne()
    {
        using var folder = new TestFolder();
        await using var serve = await ServeProcess.StartAsync(
            folder.Data, "--log-format", "text", "--api", "127.0.0.1:0", "--gateway", "127.0.0.1:0", "--store", "postgres://ann@127.0.0.1:1/x");

        (await serve.EndAsync()).ShouldBe(7);

        var line = serve.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldHaveSingleItem();
        line.ShouldMatch(@"^\d\d:\d\d:\d\d error: The store does not answer \(PostgreSQL: .*\)\. Nothing was started\. .*--store.* start again\.$");
    }

    [Fact]
    public async Task InstancesAnswerAtTheAddressThatPeopleReach()
    {
        using var folder = new TestFolder();
        await using var serve = await ServeProcess.StartFreeAsync(folder.Data, "--public-url", "https://apps.example.com");
        await serve.ReadyAsync();
        using var client = serve.Client();

        // It waits for its secret: nothing runs.
        using var app = await client.PostAsJsonAsync("/v1/apps", new { manifest = Api.TestApi.Manifest });
        app.IsSuccessStatusCode.ShouldBeTrue(await app.Content.ReadAsStringAsync());
        using var instance = await client.PostAsJsonAsync("/v1/instances", new { tenant = "alice", app = "notes", newTenant = new { name = "alice" } });
        instance.IsSuccessStatusCode.ShouldBeTrue(await instance.Content.ReadAsStringAsync());

        (await client.GetStringAsync("/v1/instances/alice")).ShouldContain("\"https://alice.apps.example.com\"");
    }

    [Fact]
    public async Task TheFileOfAddressesKeepsWhatTheOtherRoleSaid()
    {
        using var folder = new TestFolder();
        await using var api = await ServeProcess.StartAsync(folder.Data, "--role", "engine,api", "--api", "127.0.0.1:0");
        await using var gateway = await ServeProcess.StartAsync(folder.Data, "--role", "gateway", "--gateway", "127.0.0.1:0");

        var file = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder.Data, "addresses.json"))).RootElement;

        file.GetProperty("api").GetString().ShouldBe(api.Addresses.GetProperty("api").GetString());
        file.GetProperty("gateway").GetString().ShouldBe(gateway.Addresses.GetProperty("gateway").GetString());
    }

    [Fact]
    public async Task SigtermEndsItSoonAndInOrderAlthoughStreamsAreOpen()
    {
        using var folder = new TestFolder();
        await using var serve = await ServeProcess.StartFreeAsync(folder.Data);
        await serve.ReadyAsync();
        using var client = serve.Client();
        using var events = await client.GetAsync("/v1/events", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await events.Content.ReadAsStreamAsync());

        var code = await serve.TerminateAsync();

        code.ShouldBe(0, serve.Log);
        (await reader.ReadToEndAsync().SoonAsync()).ShouldBe("");
        File.Exists(Path.Combine(folder.Data, "engine.sock")).ShouldBeFalse();
        serve.Log.ShouldNotContain("\"LogLevel\":\"Error\"");
    }

    [Fact]
    public async Task ASecondServeOnTheSameFolderIsRefusedWithASentence()
    {
        using var folder = new TestFolder();
        await using var first = await ServeProcess.StartFreeAsync(folder.Data);

        await using var second = await ServeProcess.StartFreeAsync(folder.Data);

        (await second.EndAsync()).ShouldBe(2);
        second.Log.ShouldContain("already. Stop it first");
        await first.ReadyAsync();
    }

    [Fact]
    public async Task AStoreThatWasUsedWithAnotherEngineKeyIsRefusedUntilThatIsAccepted()
    {
        using var folder = new TestFolder();
        await using (var first = await ServeProcess.StartFreeAsync(folder.Data))
            (await first.TerminateAsync()).ShouldBe(0);
        File.Delete(Path.Combine(folder.Data, "engine", "engine.key"));

        await using (var second = await ServeProcess.StartFreeAsync(folder.Data))
        {
            (await second.EndAsync()).ShouldBe(1);
            second.Log.ShouldContain("--accept-engine-key");
        }

        await using (var third = await ServeProcess.StartFreeAsync(folder.Data, "--accept-engine-key"))
            (await third.TerminateAsync()).ShouldBe(0);
        await using var fourth = await ServeProcess.StartFreeAsync(folder.Data);
        await fourth.ReadyAsync();
    }

    [Fact]
    public async Task ATakenPortIsToldAtOnceByAServeWithoutAnEngine()
    {
        using var folder = new TestFolder();
        using var other = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        other.Start();

        await using var serve = await ServeProcess.StartAsync(
            folder.Data, "--role", "gateway", "--gateway", $"127.0.0.1:{((IPEndPoint)other.LocalEndpoint).Port}");

        (await serve.EndAsync()).ShouldBe(2);
        serve.Log.ShouldContain("address already in use");
    }

    [Theory]
    [InlineData("nonsense", "127.0.0.1:0", "sqlite", "nonsense")]
    [InlineData("127.0.0.1:99999", "127.0.0.1:0", "sqlite", "127.0.0.1:99999")]
    [InlineData("127.0.0.1:0", "127.0.0.1", "sqlite", "--gateway")]
    [InlineData("127.0.0.1:0", "127.0.0.1:0", "mysql", "'mysql' is no store that")]
    [InlineData("127.0.0.1:0", "127.0.0.1:0", "postgres://ann@127.0.0.1:1/x?bogus=1", "the option 'bogus' is unknown")]
    public async Task WhatMakesNoSenseIsWrongInput(string api, string gateway, string store, string told)
    {
        using var folder = new TestFolder();

        await using var serve = await ServeProcess.StartAsync(folder.Data, "--api", api, "--gateway", gateway, "--store", store);

        (await serve.EndAsync()).ShouldBe(2);
        serve.Log.Replace("\\u0027", "'", StringComparison.Ordinal).ShouldContain(told);
    }

    [Fact]
    public async Task AFolderWhoseNameIsTooLongForASocketIsRefused()
    {
        using var folder = new TestFolder();

        await using var serve = await ServeProcess.StartFreeAsync(Path.Combine(folder.Root, new string('x', 100)));

        (await serve.EndAsync()).ShouldBe(2);
        serve.Log.ShouldContain("shorter name");
    }

    [Fact]
    public async Task OnTheSocketAloneThereIsNoTcpAddressForTheApi()
    {
        using var folder = new TestFolder();
        await using var serve = await ServeProcess.StartAsync(folder.Data, "--api", "unix", "--gateway", "127.0.0.1:0");
        await serve.ReadyAsync();

        serve.Addresses.GetProperty("api").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task EngineAndWebSideCanBeTwoServes()
    {
        using var folder = new TestFolder();
        await using var engine = await ServeProcess.StartEngineAsync(folder.Data);
        await using var web = await ServeProcess.StartFreeAsync(folder.Data, "--role", "api,gateway");

        await web.ReadyAsync();
        await engine.TerminateAsync();

        using var client = web.Client();
        using var answer = await client.GetAsync("/readyz");
        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        using var reading = await client.GetAsync("/v1/tenants");
        reading.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task TheFirstInstanceNeedsNoTarget()
    {
        using var folder = new TestFolder();
        await using var serve = await ServeProcess.StartFreeAsync(folder.Data);
        await serve.ReadyAsync();
        using var client = serve.Client();
        using var applied = await client.PostAsync("/v1/apps", Api.TestApi.Json(new { manifest = Api.TestApi.Manifest }));
        using var tenant = await client.PostAsync("/v1/tenants", Api.TestApi.Json(new { name = "alice" }));

        using var dry = await client.PostAsync("/v1/instances?dryRun=true", Api.TestApi.Json(new { tenant = "alice", app = "notes" }));
        (await client.GetStringAsync("/v1/targets")).ShouldContain("\"items\":[]");
        using var real = await client.PostAsync("/v1/instances", Api.TestApi.Json(new { tenant = "alice", app = "notes" }));

        dry.StatusCode.ShouldBe(HttpStatusCode.OK);
        real.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await client.GetStringAsync("/v1/targets")).ShouldContain("\"name\":\"local\",\"kind\":\"local\"");
        using var again = await client.PutAsync("/v1/targets/local", Api.TestApi.Json(new { kind = "local" }));
        again.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task MetricsOfBothSidesAreInOnePlace()
    {
        using var folder = new TestFolder();
        await using var serve = await ServeProcess.StartFreeAsync(folder.Data);
        await serve.ReadyAsync();
        using var client = serve.Client();

        var text = await client.GetStringAsync("/metrics");

        foreach (var name in new[]
                 {
                     "tenantry_instances{phase=\"Running\"} 0", "tenantry_gateway_request_duration_seconds_count", "tenantry_api_request_duration_seconds_count",
                     "tenantry_web_build_info", "tenantry_engine_build_info", "tenantry_engine_up 1", "tenantry_reconcile_pass_duration_seconds",
                 })
        {
            text.ShouldContain(name);
        }

        var families = text.Split('\n').Where(l => l.StartsWith("# TYPE ", StringComparison.Ordinal)).ToArray();
        families.Distinct(StringComparer.Ordinal).Count().ShouldBe(families.Length);
    }
}
