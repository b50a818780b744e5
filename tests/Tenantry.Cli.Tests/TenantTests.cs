using Microsoft.AspNetCore.Http;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Tests;

public class TenantTests
{
    [Fact]
    public async Task AddingMakesTenantAndInstanceAndWaits()
    {
        await using var api = await FakeApi.StartAsync();
        Accept(api);

        var run = await CliRun.Of(api, "tenant", "add", "alice", "--app", "site", "--tier", "pro", "--env", "staging", "--host", "a.example", "--feature", "beta=true", "-o", "json");

        run.ExitCode.ShouldBe(0, run.Error);
        run.Json.GetProperty("tenant").GetProperty("name").GetString().ShouldBe("alice");
        run.Json.GetProperty("instance").GetProperty("slug").GetString().ShouldBe("alice");
        run.Json.GetProperty("operation").GetProperty("state").GetString().ShouldBe("Succeeded");
        var request = FakeApi.Read<CreateInstanceRequest>(api.Single("POST /v1/instances").Body);
        (request.Tenant, request.App, request.Tier, request.Environment).ShouldBe(("alice", "site", "pro", "staging"));
        request.Hosts.ShouldBe(["a.example"]);
        request.Features!["beta"].ShouldBe("true");
    }

    [Fact]
    public async Task TheTenantIsAskedForWithItsInstanceSoThatOneIsNotMadeWithoutTheOther()
    {
        await using var api = await FakeApi.StartAsync();
        Accept(api);

        var run = await CliRun.Of(api, "tenant", "add", "alice", "--app", "site", "--owner", "ann");

        run.ExitCode.ShouldBe(0, run.Error);
        FakeApi.Read<CreateInstanceRequest>(api.Single("POST /v1/instances").Body).NewTenant.ShouldBe(new CreateTenantRequest("alice", Owner: "ann"));
        api.Requests.ShouldNotContain(r => r.Method == "POST" && r.Path == "/v1/tenants");
    }

    [Fact]
    public async Task ASecretThatTheAppDoesNotDeclareIsToldBeforeAnythingIsMade()
    {
        await using var api = await FakeApi.StartAsync();
        Accept(api, asks: true);
        var file = Path.Combine(api.Folder, "token.txt");
        await File.WriteAllTextAsync(file, "hush");

        var run = await CliRun.Of(api, "tenant", "add", "alice", "--app", "site", "--secret-file", $"tokn={file}");

        run.ExitCode.ShouldBe(2);
        run.Error.ShouldContain("site declares no secret tokn; it declares token, llm-key. Did you mean 'token'?");
        api.Requests.ShouldNotContain(r => r.Method == "POST");
    }

    [Fact]
    public async Task WithoutSomebodyToAskNothingIsMadeBeforeEverySecretIsThereAndAllThatMissAreNamed()
    {
        await using var api = await FakeApi.StartAsync();
        Accept(api, asks: true);

        var none = await CliRun.Of(api, "tenant", "add", "alice", "--app", "site");
        var file = Path.Combine(api.Folder, "token.txt");
        await File.WriteAllTextAsync(file, "hush");
        var one = await CliRun.Of(api, "tenant", "add", "alice", "--app", "site", "--secret-file", $"token={file}");

        (none.ExitCode, one.ExitCode).ShouldBe((2, 2));
        none.Error.ShouldContain("--secret-file token=FILE --secret-file llm-key=FILE");
        one.Error.ShouldContain("the secret llm-key");
        one.Error.ShouldNotContain("token=FILE");
        api.Requests.ShouldAllBe(r => r.Method == "GET");
    }

    [Fact]
    public async Task WithoutWaitingSecretsMayComeLaterAndWhatIsMissingIsNamed()
    {
        await using var api = await FakeApi.StartAsync();
        Accept(api, asks: true);
        api.OnList("GET /v1/instances/alice/secrets", new SecretResponse("token", true, true, false, 1, Samples.Then, null), new SecretResponse("llm-key", false, true, false, 0, null, "LLM key"));
        api.OnList("PATCH /v1/instances/alice/secrets", new SecretResponse("token", true, true, false, 1, Samples.Then, null));
        var file = Path.Combine(api.Folder, "token.txt");
        await File.WriteAllTextAsync(file, "hush");

        var run = await CliRun.Of(api, "tenant", "add", "alice", "--app", "site", "--no-wait", "--secret-file", $"token={file}");

        run.ExitCode.ShouldBe(0);
        run.Error.ShouldContain("waits for the secret llm-key");
        run.Error.ShouldContain("tenantry secret set alice llm-key");
        FakeApi.Read<PutSecretsRequest>(api.Single("PATCH /v1/instances/alice/secrets").Body).Values["token"].ShouldBe("hush");
        (run.Out + run.Error).ShouldNotContain("hush");
    }

    [Theory]
    [InlineData("missing", null)]
    [InlineData("empty", "")]
    public async Task AddingWithASecretFileThatHoldsNoValueAsksNothingOfTheServer(string name, string? content)
    {
        await using var api = await FakeApi.StartAsync();
        Accept(api, asks: true);
        var file = Path.Combine(api.Folder, name);
        if (content is not null)
            await File.WriteAllTextAsync(file, content);

        var run = await CliRun.Of(api, "tenant", "add", "alice", "--app", "site", "--no-wait", "--secret-file", $"token={file}");

        run.ExitCode.ShouldBe(2);
        run.Error.ShouldContain("token");
        run.Error.ShouldContain(file);
        api.Requests.ShouldAllBe(r => r.Method == "GET");
    }

    [Fact]
    public async Task RemovingWithoutSomebodyToAskNeedsTheFlag()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnList<InstanceResponse>("GET /v1/instances");

        var run = await CliRun.Of(api, "tenant", "remove", "alice");

        run.ExitCode.ShouldBe(2);
        run.Error.ShouldContain("--yes");
        api.Requests.ShouldNotContain(r => r.Method == "DELETE");
    }

    [Theory]
    [InlineData("y\n", 0)]
    [InlineData("n\n", 1)]
    [InlineData("", 1)]
    public async Task APersonIsAskedBeforeRemoving(string answer, int expected)
    {
        await using var api = await FakeApi.StartAsync();
        AcceptRemoval(api);

        var run = await CliRun.Of(new CliSetting { Data = api.Folder, IsTerminal = true, Input = answer }, "tenant", "remove", "alice");

        run.ExitCode.ShouldBe(expected, run.Error);
        run.Error.ShouldContain("its 1 instance and all their data?");
        api.Requests.Any(r => r.Method == "DELETE").ShouldBe(expected == 0);
    }

    [Fact]
    public async Task RemovingEndsOnlyWhenTheTenantIsGone()
    {
        await using var api = await FakeApi.StartAsync();
        AcceptRemoval(api);

        var gone = await CliRun.Of(api, "tenant", "remove", "alice", "--yes", "-o", "json");
        api.On("GET /v1/tenants/alice", Samples.Tenant with { Deleting = true });
        var there = await CliRun.Of(api, "tenant", "remove", "alice", "--yes", "--timeout", "300ms");

        gone.ExitCode.ShouldBe(0, gone.Error);
        gone.Json.GetProperty("removed").GetString().ShouldBe("tenant");
        there.ExitCode.ShouldBe(1);
        there.Error.ShouldContain("still there");
    }

    [Fact]
    public async Task ATenantThatGoesAMomentAfterItsLastInstanceIsRemoved()
    {
        await using var api = await FakeApi.StartAsync();
        AcceptRemoval(api);
        var looks = 0;
        api.On("GET /v1/tenants/alice", context =>
        {
            context.Response.StatusCode = ++looks < 3 ? 200 : 404;
            context.Response.ContentType = looks < 3 ? "application/json" : "application/problem+json";
            return context.Response.WriteAsync(looks < 3 ? FakeApi.Json(Samples.Tenant with { Deleting = true }) : FakeApi.Json(new ProblemResponse { Status = 404, Code = ProblemCodes.NotFound }));
        });

        var run = await CliRun.Of(api, "tenant", "remove", "alice", "--yes");

        run.ExitCode.ShouldBe(0, run.Error);
        looks.ShouldBe(3);
    }

    [Fact]
    public async Task SettingChangesWhatIsNamedAndExpectsTheVersionThatItSaw()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("GET /v1/tenants/alice", Samples.Tenant);
        api.On("PATCH /v1/tenants/alice", Samples.Tenant with { Owner = "ann" });

        var run = await CliRun.Of(api, "tenant", "set", "alice", "--owner", "ann", "-o", "json");

        run.Json.GetProperty("owner").GetString().ShouldBe("ann");
        var patch = api.Single("PATCH /v1/tenants/alice");
        patch.Headers["If-Match"].ShouldBe("\"7\"");
        FakeApi.Read<UpdateTenantRequest>(patch.Body).ShouldBe(new UpdateTenantRequest(Owner: "ann"));
    }

    [Fact]
    public async Task SettingTheTierOfOneOfSeveralInstancesNeedsItsSlug()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnList("GET /v1/instances", Samples.Listed(Samples.Alice), Samples.Listed(Samples.Alice) with { Slug = "alice-staging" });

        var run = await CliRun.Of(api, "tenant", "set", "alice", "--tier", "pro");

        run.ExitCode.ShouldBe(2);
        run.Error.ShouldContain("--slug: alice, alice-staging");
    }

    [Fact]
    public async Task SettingTheTierOfAnUnknownTenantNamesTheNearest()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnList<InstanceResponse>("GET /v1/instances");
        api.OnList("GET /v1/tenants", Samples.Tenant);

        var run = await CliRun.Of(api, "tenant", "set", "alise", "--tier", "pro");

        run.ExitCode.ShouldBe(3);
        run.Error.ShouldContain("There is no tenant 'alise'. Did you mean 'alice'?");
    }

    private static void Accept(FakeApi api, bool asks = false)
    {
        api.On("GET /v1/tenants/alice", Samples.Tenant);
        api.On("GET /v1/apps/site/releases/latest", asks ? Samples.Release : Samples.OpenRelease);
        api.On("POST /v1/instances", Samples.Pending, 202);
        api.OnList<SecretResponse>("GET /v1/instances/alice/secrets");
        api.OnEvents([Samples.Pending, Samples.Succeeded]);
        api.On("GET /v1/instances/alice", Samples.Alice);
    }

    private static void AcceptRemoval(FakeApi api)
    {
        api.OnList("GET /v1/instances", Samples.Listed(Samples.Alice));
        api.On("DELETE /v1/tenants/alice", new DeleteTenantResponse("alice", [Samples.Pending]), 202);
        api.OnEvents([Samples.Succeeded]);
    }
}
