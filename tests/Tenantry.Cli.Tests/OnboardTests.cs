using Tenantry.Cli.Onboarding;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Naming;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Tests;

public class OnboardTests
{
    internal static readonly string KeyManifest = ManifestJson.Write(ManifestReader.Read(
        """
        app: site
        version: "1"
        services:
          web: { command: [/bin/site], ports: [8080] }
        secrets:
          password: { prompt: Password of the mail account }
          llm-key: { provider: openrouter }
        tiers:
          standard-1: { llm: { limit: $5 } }
          standard-2: { llm: { limit: $9 } }
        """,
        "tenantry.yaml").Manifest!);

    [Theory]
    [InlineData("500", "5")]
    [InlineData("1", "0.01")]
    [InlineData("$5", "5")]
    [InlineData("$12.50", "12.50")]
    [InlineData("1050", "10.5")]
    public async Task Defect1AndDefect2CentsAreCentsAndDollarsAreDollarsAndThereIsNoOtherDefaultThanTheTiers(string written, string dollars)
    {
        await using var api = await StartAsync();

        (await CliRun.Of(api, "onboard", "--email", "user@example.com", "--name", "User", "--tier", "free", "--limit", written)).ExitCode.ShouldBe(0);
        (await CliRun.Of(api, "onboard", "--email", "user@example.com", "--name", "User", "--tier", "free")).ExitCode.ShouldBe(0);

        var requests = api.Requests.Where(r => r.Method == "POST" && r.Path == "/v1/instances").Select(r => FakeApi.Read<CreateInstanceRequest>(r.Body)).ToList();
        decimal.Parse(requests[0].LlmLimit!.Amount, System.Globalization.CultureInfo.InvariantCulture).ShouldBe(decimal.Parse(dollars, System.Globalization.CultureInfo.InvariantCulture));
        requests[0].LlmLimit!.Currency.ShouldBe("USD");
        requests[1].LlmLimit.ShouldBeNull();
    }

    [Theory]
    [InlineData("5.00")]
    [InlineData("-5")]
    [InlineData("$5.001")]
    [InlineData("5 dollars")]
    public async Task WhatCouldBeEitherIsRefused(string written)
    {
        await using var api = await StartAsync();

        var run = await CliRun.Of(api, "onboard", "--email", "user@example.com", "--name", "User", "--limit", written);

        run.ExitCode.ShouldBe(2);
        run.Error.ShouldContain("neither cents, such as 500, nor dollars");
    }

    [Fact]
    public async Task WithoutATerminalAllMissingAnswersAreToldAtOnceAndNothingIsAsked()
    {
        await using var api = await StartAsync(KeyManifest);
        api.OnList<LlmProviderResponse>("GET /v1/llm/providers");
        api.OnList("GET /v1/targets", Samples.Target, Samples.Target with { Name = "docker" });

        var run = await CliRun.Of(api, "onboard", "--app", "site");

        run.ExitCode.ShouldBe(2);
        foreach (var flag in (string[])["--email ADDRESS", "--name NAME", "--target NAME", "--tier TIER", "--secret-file password=FILE", "--management-key-file FILE"])
            run.Error.ShouldContain(flag);
        run.Error.ShouldContain("6 answers are missing");
        api.Requests.ShouldAllBe(r => r.Method == "GET");
    }

    [Fact]
    public async Task Defect10AnInstanceTypeThatIsNotInTheTableIsToldWithTheNearest()
    {
        await using var api = await StartAsync(KeyManifest);

        var run = await CliRun.Of(api, "onboard", "--email", "user@example.com", "--name", "User", "--app", "site", "--instance-type=standard");

        run.ExitCode.ShouldBe(2);
        run.Error.ShouldContain("site has no tier 'standard'; it has standard-1, standard-2. Did you mean 'standard-1'?");
        api.Requests.ShouldAllBe(r => r.Method == "GET");
    }

    [Fact]
    public async Task Defect9AValueThatHoldsEqualsSignsQuotesAndLinesIsWhole()
    {
        await using var api = await StartAsync(KeyManifest);
        api.OnList("PATCH /v1/instances/alice/secrets", new SecretResponse("password", true, true, false, 1, Samples.Then, null));
        api.OnList("GET /v1/instances/alice/secrets", new SecretResponse("password", false, true, false, 0, null, null), new SecretResponse("llm-key", false, true, false, 0, null, null) { Provider = "openrouter" });
        const string Value = "a=b=c\nd=\"e'f\" $g `h`\n";
        var file = Path.Combine(api.Folder, "a=b.txt");
        await File.WriteAllTextAsync(file, Value);

        var run = await CliRun.Of(api, "onboard", "--email=user=x@example.com", "--name=User = Name", "--app", "site", "--tier=standard-1", $"--secret-file=password={file}");

        run.ExitCode.ShouldBe(0, run.Error);
        FakeApi.Read<PutSecretsRequest>(api.Single("PATCH /v1/instances/alice/secrets").Body).Values["password"].ShouldBe(Value);
        var tenant = FakeApi.Read<CreateInstanceRequest>(api.Single("POST /v1/instances").Body).NewTenant!;
        (tenant.Name, tenant.Owner, tenant.DisplayName).ShouldBe(("user-x", "user=x@example.com", "User = Name"));
        (run.Out + run.Error).ShouldNotContain("a=b=c");
    }

    [Fact]
    public async Task AKeyOfOnesOwnIsOneMoreSecretToGiveAndNoManagementKeyIsNeeded()
    {
        await using var api = await StartAsync(KeyManifest);
        api.OnList<LlmProviderResponse>("GET /v1/llm/providers");

        var run = await CliRun.Of(api, "onboard", "--email", "user@example.com", "--name", "User", "--app", "site", "--tier", "standard-1", "--skip-provision");

        run.ExitCode.ShouldBe(2);
        run.Error.ShouldContain("--secret-file llm-key=FILE");
        run.Error.ShouldContain("--secret-file password=FILE");
        run.Error.ShouldNotContain("--management-key-file");
    }

    [Fact]
    public async Task APersonIsAskedForWhatIsMissingAndMayChooseAnotherName()
    {
        await using var api = await StartAsync();

        var run = await CliRun.Of(new CliSetting { Data = api.Folder, IsTerminal = true, Input = "nobody\nuser@example.com\nUser Name\nchosen\n" }, "onboard", "--tier", "free");

        run.ExitCode.ShouldBe(0, run.Error);
        run.Error.ShouldContain("'nobody' is no e-mail address");
        run.Error.ShouldContain("Name of the tenant [user]:");
        var tenant = FakeApi.Read<CreateInstanceRequest>(api.Single("POST /v1/instances").Body).NewTenant!;
        (tenant.Name, tenant.Owner, tenant.DisplayName).ShouldBe(("chosen", "user@example.com", "User Name"));
    }

    [Fact]
    public async Task ACustomerWhoIsThereIsLeftAloneUnlessToldOtherwise()
    {
        await using var api = await StartAsync();
        api.OnList("GET /v1/tenants", Samples.Tenant with { Owner = "User@Example.com" });
        api.OnList("GET /v1/instances", Samples.Listed(Samples.Alice));
        api.OnList<OperationResponse>("GET /v1/operations");
        api.On("GET /v1/tenants/alice", Samples.Tenant with { Owner = "User@Example.com" });

        var run = await CliRun.Of(api, "onboard", "--email", "user@example.com", "--name", "User", "-o", "json");

        run.ExitCode.ShouldBe(0, run.Error);
        run.Json.GetProperty("outcome").GetString().ShouldBe("unchanged");
        run.Error.ShouldContain("Say --yes to redeploy");
        api.Requests.ShouldAllBe(r => r.Method == "GET");
    }

    [Fact]
    public async Task Defect7ACustomerWhoIsThereIsRedeployedAndNothingIsMadeASecondTime()
    {
        await using var api = await StartAsync();
        api.OnList("GET /v1/tenants", Samples.Tenant with { Owner = "user@example.com" });
        api.OnList("GET /v1/instances", Samples.Listed(Samples.Alice));
        api.OnList<OperationResponse>("GET /v1/operations");
        api.On("GET /v1/tenants/alice", Samples.Tenant with { Owner = "user@example.com" });
        api.On("PATCH /v1/instances/alice", Samples.Pending, 202);

        var run = await CliRun.Of(api, "onboard", "--email", "user@example.com", "--name", "User", "--yes", "-o", "json");

        run.ExitCode.ShouldBe(0, run.Error);
        run.Json.GetProperty("outcome").GetString().ShouldBe("redeployed");
        FakeApi.Read<UpdateInstanceRequest>(api.Single("PATCH /v1/instances/alice").Body).Release.ShouldBe("latest");
        api.Requests.ShouldNotContain(r => r.Method == "POST");
    }

    // What only the new release declares was asked for and thrown away; the redeployed instance waited for it.
    [Fact]
    public async Task ASecretThatOnlyTheNewReleaseDeclaresIsSetBeforeTheRedeployment()
    {
        await using var api = await StartAsync(KeyManifest);
        api.OnList("GET /v1/tenants", Samples.Tenant with { Owner = "user@example.com" });
        api.OnList("GET /v1/instances", Samples.Listed(Samples.Alice));
        api.OnList<OperationResponse>("GET /v1/operations");
        api.On("GET /v1/tenants/alice", Samples.Tenant with { Owner = "user@example.com" });
        api.On("PATCH /v1/instances/alice", Samples.Pending, 202);
        var upcoming = new SecretResponse("password", false, true, false, 0, null, null) { Upcoming = true };
        api.OnList("GET /v1/instances/alice/secrets", upcoming);
        api.OnList("PATCH /v1/instances/alice/secrets", upcoming);
        var file = Path.Combine(api.Folder, "password");
        await File.WriteAllTextAsync(file, "hush");
        string[] user = ["onboard", "--email", "user@example.com", "--name", "User", "--app", "site"];

        var left = await CliRun.Of(api, [.. user, "-o", "json"]);
        var missing = await CliRun.Of(api, [.. user, "--yes"]);
        var run = await CliRun.Of(api, [.. user, "--yes", "--secret-file", $"password={file}", "-o", "json"]);

        (left.ExitCode, left.Json.GetProperty("outcome").GetString()).ShouldBe((0, "unchanged"), "who is not redeployed needs nothing of a newer release");
        missing.ExitCode.ShouldBe(2);
        missing.Error.ShouldContain("--secret-file password=FILE");
        (run.ExitCode, run.Json.GetProperty("outcome").GetString()).ShouldBe((0, "redeployed"), run.Error);
        var changes = api.Requests.Where(r => r.Method != "GET").ToList();
        changes.Select(r => r.Path).ShouldBe(["/v1/instances/alice/secrets", "/v1/instances/alice"]);
        FakeApi.Read<PutSecretsRequest>(changes[0].Body).Values["password"].ShouldBe("hush");
        FakeApi.Read<UpdateInstanceRequest>(changes[1].Body).Release.ShouldBe("latest");
    }

    [Fact]
    public void Defect6TwoCustomersOfTheSameNameGetNamesOfTheirOwnAndKeepThem()
    {
        var names = new TenantNames([Samples.Tenant with { Name = "user", Owner = "user@a.example" }, Samples.Tenant with { Name = "ann", Owner = "" }]);

        names.Take("User@A.example", null).ShouldBe("user");
        names.Take("user@b.example", null).ShouldBe("user-b");
        names.Take("user@b.test", null).ShouldBe("user-2");
        names.Take("user@b.example", null).ShouldBe("user-b");
        names.Take("ann@a.example", null).ShouldBe("ann-a", "nobody is given a tenant whose owner is not known");
        names.Take("ann@a.example", "ann-a").ShouldBe("ann-a");
        Should.Throw<Running.CliException>(() => names.Take("eve@example.com", "user")).Message.ShouldContain("belongs to user@a.example");
        Should.Throw<Running.CliException>(() => names.Take("eve@example.com", "Production")).Message.ShouldContain("'production-tenant' would do");
    }

    [Fact]
    public void EveryNameThatIsMadeIsValid()
    {
        var names = new TenantNames([]);
        foreach (var email in (string[])["admin@x.example", "Zoë.O'Brien+news@x.example", new string('a', 80) + "@" + new string('b', 60) + ".example", "日本@x.example", "_@x.example", "test@x.example", "test@x.test"])
        {
            var name = names.Take(email, null);
            NamingRules.Check(NameKind.Tenant, name).ShouldBeNull($"{email} became {name}");
        }
    }

    [Theory]
    [InlineData("user")]
    [InlineData("user@@example.com")]
    [InlineData("user@")]
    [InlineData("a b@example.com")]
    [InlineData("a@b@example.com")]
    public async Task WhatIsNoEmailAddressIsRefusedBeforeAnythingIsMade(string email)
    {
        await using var api = await StartAsync();

        var run = await CliRun.Of(api, "onboard", "--email", email, "--name", "User");

        run.ExitCode.ShouldBe(2);
        run.Error.ShouldContain("is no e-mail address");
        api.Requests.ShouldAllBe(r => r.Method == "GET");
    }

    internal static async Task<FakeApi> StartAsync(string? manifest = null)
    {
        var api = await FakeApi.StartAsync();
        api.OnList("GET /v1/apps", new AppResponse("site", "site-1", 1, Samples.Then, Samples.Then));
        api.OnList<TenantResponse>("GET /v1/tenants");
        api.OnList("GET /v1/targets", Samples.Target);
        api.OnList<InstanceResponse>("GET /v1/instances");
        api.On("GET /v1/apps/site/releases/latest", manifest is null ? Samples.OpenRelease : Samples.Release with { Manifest = manifest });
        api.OnList("GET /v1/llm/providers", new LlmProviderResponse("openrouter", "https://openrouter.ai/api/v1", 300, "", 0, 1, Samples.Then));
        api.OnList<LlmKeyResponse>("GET /v1/instances/alice/llm");
        api.OnList<SecretResponse>("GET /v1/instances/alice/secrets");
        api.On("POST /v1/instances", Samples.Pending, 202);
        api.OnEvents([Samples.Pending, Samples.Succeeded]);
        api.On("GET /v1/instances/alice", Samples.Alice with { Url = null, Desired = DesiredState.Running });
        foreach (var verb in (string[])["hold-down", "release", "wake"])
            api.On($"POST /v1/instances/alice/{verb}", Samples.Pending, 202);
        api.On("GET /v1/tenants/user", Samples.Tenant with { Name = "user" });
        return api;
    }
}
