using Tenantry.Cli.Onboarding;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;
using static Tenantry.Cli.Tests.OnboardTests;

namespace Tenantry.Cli.Tests;

/// <summary><c>tenantry onboard --from customers.csv</c></summary>
public class CustomersTests
{
    private static readonly string SharedManifest = ManifestJson.Write(ManifestReader.Read(
        """
        app: site
        version: "1"
        services:
          web: { command: [/bin/site], ports: [8080] }
        secrets:
          licence: { scope: app }
          region: { scope: organization }
          password: { prompt: Password of the mail account }
          llm-key: { provider: openrouter }
        tiers:
          standard-1: { llm: { limit: $5 } }
        """,
        "tenantry.yaml").Manifest!);

    [Fact]
    public void CustomersAreReadAsSpreadsheetsWriteThem()
    {
        var customers = CustomersFile.Read("\uFEFFemail,name,limit,secret-file.token\r\nann@a.example,\"Smith, \"\"Ann\"\"\nof A\",$5,ann.txt\r\n\r\nbob@a.example,Bob,250,\r\n", "c.csv", new Customer { App = "site", Tier = "pro" });

        customers.Count.ShouldBe(2);
        (customers[0].Name, customers[0].Limit, customers[0].SecretFiles["token"], customers[0].App, customers[0].Tier).ShouldBe(("Smith, \"Ann\"\nof A", 5m, "ann.txt", "site", "pro"));
        (customers[1].Name, customers[1].Limit, customers[1].SecretFiles.Count).ShouldBe(("Bob", 2.50m, 0));
    }

    [Fact]
    public async Task AllMistakesOfTheFileAreToldWithTheirLinesAndNothingIsMade()
    {
        await using var api = await StartAsync();
        var file = Path.Combine(api.Folder, "c.csv");
        await File.WriteAllTextAsync(file, "email,name,tiers\nno-address,Ann,\nann@a.example,,\nbob@a.example,Bob\nann@a.example,Ann,\n");

        var run = await CliRun.Of(api, "onboard", "--from", file);

        run.ExitCode.ShouldBe(2);
        foreach (var part in (string[])["c.csv:1:1: There is no column 'tiers'", "c.csv:2:1: email: 'no-address' is no e-mail address", "c.csv:3:1: name: It is empty", "c.csv:4:1: There are 3 columns, and this line has 2", "c.csv:5:1: email: ann@a.example is on line 3 already"])
            run.Error.ShouldContain(part);
        api.Requests.ShouldBeEmpty();
    }

    // Two documents came after each other, which no program reads.
    [Fact]
    public async Task CustomersOfWhomOneFailsAreOneDocument()
    {
        await using var api = await StartAsync();
        api.OnProblem("POST /v1/instances", 409, ProblemCodes.Conflict, "The slug 'ann' is taken by another instance.");
        var file = Path.Combine(api.Folder, "c.csv");
        await File.WriteAllTextAsync(file, "email,name\nann@a.example,Ann\n");

        var run = await CliRun.Of(api, "onboard", "--from", file, "--tier", "free", "-o", "json");

        run.ExitCode.ShouldBe(1, run.Error);
        run.Json.EnumerateArray().Single().GetProperty("error").GetString().ShouldBe("The slug 'ann' is taken by another instance.");
        run.Error.ShouldContain("1 of 1 customers could not be onboarded.");
    }

    // Each customer sent it, and a value for a whole app was the app's for the first customer and the instance's own for the others.
    [Fact]
    public async Task WhatCustomersShareIsSetOnceAtTheLevelOfTheManifestAndWhatIsOnesOwnAtTheInstance()
    {
        await using var api = await StartAsync(SharedManifest);
        api.OnList<LlmProviderResponse>("GET /v1/llm/providers");
        api.On("PUT /v1/llm/providers/openrouter", new LlmProviderResponse("openrouter", "https://openrouter.ai/api/v1", 300, "", 0, 1, Samples.Then));
        api.OnList("GET /v1/apps/site/secrets", Secret("licence", SecretScope.App, isSet: false), Secret("region", SecretScope.Organization, isSet: true));
        api.OnList("PATCH /v1/apps/site/secrets", Secret("licence", SecretScope.App, isSet: true));
        api.OnList("GET /v1/instances/alice/secrets", Secret("licence", SecretScope.App, isSet: true), Secret("password", SecretScope.Instance, isSet: false));
        api.OnList("PATCH /v1/instances/alice/secrets", Secret("password", SecretScope.Instance, isSet: true));
        string Write(string name)
        {
            File.WriteAllText(Path.Combine(api.Folder, name), "value of " + name);
            return Path.Combine(api.Folder, name);
        }

        var own = Write("own");
        var password = Write("password");
        var file = Path.Combine(api.Folder, "c.csv");
        await File.WriteAllTextAsync(file, $"email,name,secret-file.password,secret-file.licence\nann@a.example,Ann,{password},\nbob@a.example,Bob,{password},\neve@a.example,Eve,{password},{own}\n");

        var run = await CliRun.Of(
            api, "onboard", "--from", file, "--app", "site", "--parallel", "1", "--management-key-file", Write("management"), "--secret-file", $"licence={Write("licence")}", "--secret-file", $"region={Write("region")}");

        run.ExitCode.ShouldBe(0, run.Error);
        FakeApi.Read<PutLlmProviderRequest>(api.Single("PUT /v1/llm/providers/openrouter").Body).ManagementKey.ShouldBe("value of management");
        var shared = api.Single("PATCH /v1/apps/site/secrets");
        shared.Query.ShouldBeEmpty();
        FakeApi.Read<PutSecretsRequest>(shared.Body).Values.ShouldHaveSingleItem().ShouldBe(new("licence", "value of licence"));
        run.Out.ShouldContain("Secret licence is kept for app site: one value for 2 customers.");
        run.Error.ShouldContain("the secret region of organization default of app site has a value already, which stays. --yes replaces it");
        var each = api.Requests.Where(r => r.Method == "PATCH" && r.Path == "/v1/instances/alice/secrets").Select(r => FakeApi.Read<PutSecretsRequest>(r.Body)).ToList();
        each.Select(one => string.Join(", ", one.Values.Keys.Order(StringComparer.Ordinal).Select(name => $"{name} {one.Scopes![name]}"))).ShouldBe(["password Instance", "password Instance", "licence Instance, password Instance"]);
        each[2].Values["licence"].ShouldBe("value of own");
        var order = api.Requests.Where(r => r.Method != "GET").Select(r => $"{r.Method} {r.Path}").Take(3);
        order.ShouldBe(["PUT /v1/llm/providers/openrouter", "PATCH /v1/apps/site/secrets", "POST /v1/instances"]);
    }

    [Fact]
    public async Task ASecondRunSendsNoValueToThoseWhoHaveOneAndTellsWhatIsMissingOfEachOnce()
    {
        await using var api = await StartAsync(SharedManifest);
        api.OnList<LlmProviderResponse>("GET /v1/llm/providers");
        api.OnList("GET /v1/tenants", Samples.Tenant with { Owner = "user@example.com" });
        api.OnList("GET /v1/instances", Samples.Listed(Samples.Alice));
        api.OnList<OperationResponse>("GET /v1/operations");
        api.On("GET /v1/tenants/alice", Samples.Tenant with { Owner = "user@example.com" });
        api.OnList("GET /v1/instances/alice/secrets", Secret("licence", SecretScope.App, isSet: true), Secret("region", SecretScope.Organization, isSet: true), Secret("password", SecretScope.Instance, isSet: true));
        var password = Path.Combine(api.Folder, "password");
        await File.WriteAllTextAsync(password, "hush");
        var file = Path.Combine(api.Folder, "c.csv");
        await File.WriteAllTextAsync(file, $"email,name,secret-file.password\nuser@example.com,User,{password}\n");

        var again = await CliRun.Of(api, "onboard", "--from", file, "--app", "site", "-o", "json");
        api.OnList<TenantResponse>("GET /v1/tenants");
        api.OnList<InstanceResponse>("GET /v1/instances");
        await File.WriteAllTextAsync(file, "email,name\nann@a.example,Ann\nbob@a.example,Bob\n");
        var missing = await CliRun.Of(api, "onboard", "--from", file, "--app", "site");

        again.ExitCode.ShouldBe(0, again.Error);
        again.Json.EnumerateArray().Single().GetProperty("outcome").GetString().ShouldBe("unchanged");
        api.Requests.ShouldAllBe(r => r.Method == "GET");
        missing.ExitCode.ShouldBe(2);
        foreach (var (flag, times) in (ReadOnlySpan<(string, int)>)[("--secret-file licence=FILE: ", 1), ("--secret-file region=FILE: ", 1), ("--management-key-file FILE: ", 1), ("--secret-file password=FILE: ", 2)])
            missing.Error.Split(flag).Length.ShouldBe(times + 1, $"{flag} in {missing.Error}");
    }

    private static SecretResponse Secret(string name, SecretScope scope, bool isSet) =>
        new(name, isSet, true, false, isSet ? 1 : 0, isSet ? Samples.Then : null, null) { Scope = scope, From = isSet ? scope : null };
}
