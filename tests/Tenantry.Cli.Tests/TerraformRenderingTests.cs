using Tenantry.Model.Wire;

namespace Tenantry.Cli.Tests;

/// <summary><c>tenantry render tfvars|github-workflow</c>, <c>cost estimate</c>, <c>checklist</c>.</summary>
public sealed class TerraformRenderingTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tenantry-terraform-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task VariablesOfEachInstanceAreAFileOfItsWorkspace()
    {
        await using var api = await ApiAsync(One("client1"), One("client2"));
        var run = await CliRun.Of(api, ["render", "tfvars", "--output", _folder]);
        run.ExitCode.ShouldBe(0, run.Error);
        (await File.ReadAllTextAsync(Path.Combine(_folder, "client1-prod.tfvars.json"))).ShouldBe("{ \"client\": \"client1\" }\n");
        File.GetUnixFileMode(Path.Combine(_folder, "client2-prod.tfvars.json")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        run.Error.ShouldContain("client1: a note");
    }

    [Fact]
    public async Task AFileThatSaysSomethingElseIsWrittenOverOnlyOnRequest()
    {
        await using var api = await ApiAsync(One("client1"));
        var file = Path.Combine(_folder, "client1-prod.tfvars.json");
        await File.WriteAllTextAsync(file, "mine");
        var refused = await CliRun.Of(api, ["render", "tfvars", "--output", _folder]);
        refused.ExitCode.ShouldBe(4);
        refused.Error.ShouldContain("is there and says something else");
        (await File.ReadAllTextAsync(file)).ShouldBe("mine");
        (await CliRun.Of(api, ["render", "tfvars", "--output", _folder, "--replace"])).ExitCode.ShouldBe(0);
        (await CliRun.Of(api, ["render", "tfvars", "--output", _folder])).ExitCode.ShouldBe(0, "it says the same");
        (await File.ReadAllTextAsync(file)).ShouldNotBe("mine");
    }

    [Fact]
    public async Task ADryRunWritesNoFile()
    {
        await using var api = await ApiAsync(One("client1"));
        (await CliRun.Of(api, ["render", "tfvars", "--output", _folder, "--dry-run"])).Out.ShouldContain("Would write");
        Directory.EnumerateFileSystemEntries(_folder).ShouldBeEmpty();
    }

    [Fact]
    public async Task TheWorkflowsChoicesAreTheRealWorkspacesAndItsSecretIsTheOneThatItsJobsRead()
    {
        await using var api = await ApiAsync(One("client1"), One("client2"));
        var file = Path.Combine(_folder, "deploy.yml");
        var run = await CliRun.Of(api, ["render", "github-workflow", "--server-url", "https://tenantry.example.com", "--output", file]);
        run.ExitCode.ShouldBe(0, run.Error);
        var text = await File.ReadAllTextAsync(file);
        text.ShouldContain("        options:\n          - client1-prod\n          - client2-prod\n");
        text.ShouldContain("group: tenantry-${{ inputs.workspace }}");
        text.ShouldContain("TENANTRY_TOKEN: ${{ secrets.TENANTRY_TOKEN }}");
        text.ShouldContain("            client2-prod) slug=client2 ;;\n");
        // What somebody chose never becomes part of a script's text.
        text.Split('\n').Where(line => line.Contains("run:", StringComparison.Ordinal)).ShouldNotContain(line => line.Contains("inputs.", StringComparison.Ordinal));
        var yaml = new YamlDotNet.Serialization.DeserializerBuilder().Build().Deserialize<Dictionary<string, object>>(text);
        yaml.Keys.ShouldBe(["name", "on", "permissions", "env", "jobs"], ignoreOrder: true);
        run.Error.ShouldContain("client1-prod, client2-prod");
    }

    [Fact]
    public async Task AWorkflowForNothingIsRefused()
    {
        await using var api = await ApiAsync();
        var run = await CliRun.Of(api, ["render", "github-workflow", "--server-url", "https://tenantry.example.com"]);
        run.ExitCode.ShouldBe(1);
        run.Error.ShouldContain("No instance is on an AWS target");
    }

    [Fact]
    public async Task CostsAreShownInPartsWithTheirSource()
    {
        await using var api = await ApiAsync(One("client1"));
        var run = await CliRun.Of(api, ["cost", "estimate"]);
        run.ExitCode.ShouldBe(0, run.Error);
        run.Out.ShouldContain("1 task");
        run.Out.ShouldContain("25.00 USD");
        run.Error.ShouldContain("Prices of 2026-11-29");
    }

    [Fact]
    public async Task WhatAnInstanceThatIsNotMadeYetWouldCostIsAskedForByAppAndTier()
    {
        await using var api = await ApiAsync(One("example"));
        var run = await CliRun.Of(api, ["cost", "estimate", "--app", "shop", "--tier", "large"]);
        run.ExitCode.ShouldBe(0, run.Error);
        run.Out.ShouldContain("25.00 USD");
        api.Single("POST /v1/render/terraform").Body.ShouldContain("\"new\":{\"app\":\"shop\",\"tier\":\"large\"");
        (await CliRun.Of(api, ["cost", "estimate", "--tier", "large"])).ExitCode.ShouldBe(2);
    }

    [Fact]
    public async Task WhatCannotBeRenderedIsNamedAndEndsWithOne()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("POST /v1/render/terraform", new RenderTerraformResponse([], [new SkippedInstanceResponse("alice", "It is on the target local.")]));
        var run = await CliRun.Of(api, ["render", "tfvars", "alice"]);
        run.ExitCode.ShouldBe(1);
        run.Error.ShouldContain("alice: It is on the target local.");
    }

    [Fact]
    public async Task TheChecklistTicksWhatIsTrueAndSaysWhatToDo()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnList<InstanceResponse>("GET /v1/instances", Samples.Alice);
        api.On("GET /v1/instances/alice", Samples.Alice with
        {
            Hosts = ["no-such-name.invalid"],
        });
        api.OnList("GET /v1/instances/alice/looks", new LookResponse("its alarms are set and none rings", true, ""), new LookResponse("there is a dashboard", false, "there is none"));
        api.OnList("GET /v1/instances/alice/secrets", new SecretResponse("token", false, true, false, 0, null, null));
        var run = await CliRun.Of(api, ["checklist", "alice"]);
        run.ExitCode.ShouldBe(1);
        run.Out.ShouldContain("[ ] secrets are set (missing: token");
        run.Out.ShouldContain("[x] health checks pass");
        run.Out.ShouldContain("[x] its alarms are set and none rings");
        run.Out.ShouldContain("[ ] there is a dashboard (there is none)");
        run.Out.ShouldContain("[ ] no-such-name.invalid leads somewhere");
    }

    private static async Task<FakeApi> ApiAsync(params TerraformInstanceResponse[] rendered)
    {
        var api = await FakeApi.StartAsync();
        api.On("POST /v1/render/terraform", new RenderTerraformResponse(rendered, []));
        return api;
    }

    private static TerraformInstanceResponse One(string slug) => new(
        slug, slug, "site", "large", $"{slug}-prod", $"{{ \"client\": \"{slug}\" }}\n", $"demo/{slug}-prod/app-secrets", ["token"],
        new MoneyResponse("25.00", "USD"), new MoneyResponse("16.00", "USD"),
        [new CostPartResponse("1 task", new MoneyResponse("9.00", "USD"), true), new CostPartResponse("load balancer", new MoneyResponse("16.00", "USD"), false)],
        "Prices of 2026-11-29. Somewhere.", ["a note"]);
}
