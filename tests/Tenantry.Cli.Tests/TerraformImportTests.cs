using System.Diagnostics;
using Tenantry.Cli.Importing;
using Tenantry.Model.Wire;
using Tenantry.Targets.Processes;

namespace Tenantry.Cli.Tests;

/// <summary><c>tenantry import terraform</c>, with the real Terraform on its local backend.</summary>
public sealed class TerraformImportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tenantry-import-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [NeedsTerraformFact]
    public async Task WorkspacesOfOthersBecomeTenantsWithAReservedNetworkAndASecondRunChangesNothing()
    {
        Workspace("client1-prod", State("10.1.0.0/16"), "client1-prod.tfvars", "client_name = \"client1\"\nenvironment = \"prod\"\nvpc_cidr = \"10.1.0.0/16\" # unique\n");
        Workspace("client2-staging", State("10.2.0.0/16"), "environments/client2-staging.tfvars", "client_name = \"client2\"\nenvironment = \"staging\"\n");
        await InitAsync();
        await using var api = await ApiAsync();
        OnReserve(api, "client1-prod", "10.1.0.0/16");
        OnReserve(api, "client2-staging", "10.2.0.0/16");
        api.On("POST /v1/tenants", Samples.Tenant);

        var plan = await CliRun.Of(api, ["import", "terraform", _folder]);
        plan.ExitCode.ShouldBe(0, plan.Error);
        plan.Out.ShouldMatch("client1-prod +client1 +prod +10.1.0.0/16 +1 +tenant made, network reserved");
        plan.Out.ShouldContain("Nothing was changed.");
        api.Requests.ShouldAllBe(request => request.Method == "GET" || request.Query.Contains("dryRun=true", StringComparison.Ordinal));

        var done = await CliRun.Of(api, ["import", "terraform", _folder, "--apply", "-o", "json"]);
        done.ExitCode.ShouldBe(0, done.Error);
        FakeApi.Read<ImportedWorkspaceResponse>(done.Json[1].GetRawText()).ShouldSatisfyAllConditions(one => one.Workspace.ShouldBe("client2-staging"), one => one.Outcome.ShouldBe("done"));
        api.Requests.Where(request => request is { Method: "POST", Path: "/v1/tenants", Query: "" }).Select(request => FakeApi.Read<CreateTenantRequest>(request.Body).Name).ShouldBe(["client1", "client2"]);

        api.OnList("GET /v1/networks", new NetworkResponse("client1-prod", "10.1.0.0/16", "reserved", null), new NetworkResponse("client2-staging", "10.2.0.0/16", "reserved", null));
        api.Requests.Clear();
        (await CliRun.Of(api, ["import", "terraform", _folder, "--apply"])).Out.ShouldMatch("client1-prod .* is so already");
        api.Requests.ShouldAllBe(request => request.Method == "GET");
    }

    [NeedsTerraformFact]
    public async Task AWorkspaceOfOurModuleSetBecomesAnInstanceWithItsStateAndItsVariables()
    {
        const string Own = """{"version":4,"terraform_version":"1.11.4","serial":3,"lineage":"x","outputs":{"record":{"value":{},"type":["object",{}]}},"resources":[{"module":"module.service","mode":"managed","type":"aws_ecs_service","name":"this","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{"schema_version":0,"attributes":{"id":"s"}}]}]}""";
        Workspace("crm-staging", Own, "crm-staging.tfvars.json", """{ "client": "alice", "stem": "crm", "environment": "staging", "network": { "cidr": "10.4.0.0/16" } }""");
        await InitAsync();
        await using var api = await ApiAsync();
        api.On("POST /v1/instances", new PlanResponse([], [new PlanStepResponse("service", "crm-staging/x", Tenantry.Model.Plans.StepAction.Update, "it is not as it is wanted")], null, []));
        var run = await CliRun.Of(api, ["import", "terraform", _folder, "--app", "site", "--target", "aws"]);
        run.ExitCode.ShouldBe(0, run.Error);
        run.Out.ShouldContain("becomes an instance; 1 change");
        run.Out.ShouldContain("  update service crm-staging/x");
        var sent = FakeApi.Read<CreateInstanceRequest>(api.Single("POST /v1/instances").Body);
        (sent.Tenant, sent.Slug, sent.Environment, sent.Target, sent.NewTenant!.Name).ShouldBe(("alice", "crm-staging", "staging", "aws", "alice"));
        sent.Adopt.ShouldNotBeNull().State.ShouldContain("\"lineage\":\"x\"");
        sent.Adopt!.Variables.ShouldBe("""{"client":"alice","stem":"crm","environment":"staging","network":{"cidr":"10.4.0.0/16"}}""");
    }

    [NeedsTerraformFact]
    public async Task EveryMistakeIsToldAtOnceAndNothingIsChanged()
    {
        Workspace("client1-prod", State("10.1.0.0/16"), "client1-prod.tfvars", "client_name = \"client9\"\nenvironment = \"prod\"\nvpc_cidr = \"10.X.0.0/16\"\nmongo = \"x:${var.password}@y\"\n");
        Workspace("client2-prod", State("10.1.0.0/16"), "client2-prod.tfvars", "client_name = \"client2\"\nvpc_cidr = \"10.3.0.0/16\"\n");
        Workspace("client3-prod", State("10.5.0.0/16"), "client3-prod.tfvars", "client_name = \"client3\"\n");
        Workspace("client4-prod", State("10.5.0.0/17"), "client4-prod.tfvars", "client_name = \"client4\"\n");
        await InitAsync();
        await using var api = await ApiAsync();
        OnReserve(api, "client3-prod", "10.5.0.0/16");
        OnReserve(api, "client4-prod", "10.5.0.0/17");
        var run = await CliRun.Of(api, ["import", "terraform", _folder, "--apply"]);
        run.ExitCode.ShouldBe(2);
        foreach (var mistake in (string[])[
            "client1-prod.tfvars:4", "names another variable", "Its variables are of 'client9-prod'", "'10.X.0.0/16' is no network", "client1-prod.tfvars:3",
            "Its variables say 10.3.0.0/16, and its network is 10.1.0.0/16", "Its network 10.5.0.0/17 overlaps with 10.5.0.0/16 of client3-prod"])
            run.Error.ShouldContain(mistake);
        api.Requests.ShouldAllBe(request => request.Method == "GET" || request.Query.Contains("dryRun=true", StringComparison.Ordinal));
    }

    [Fact]
    public void AFileOfVariablesIsReadAsFarAsAnImportNeedsIt()
    {
        var read = TerraformVariables.Read("x.tfvars", "a = \"b\"\r\n# c = 1\n  d=12 // x\ne = true\nlist = [\"a\"]\ntext = <<EOT\nf\nEOT\n");
        read.Values.ShouldBe(new Dictionary<string, string>(StringComparer.Ordinal) { ["a"] = "b", ["d"] = "12", ["e"] = "true" }, ignoreOrder: true);
        read.Lines["d"].ShouldBe(3);
        TerraformVariables.Read("x.tfvars.json", """{ "network": { "cidr": "10.0.0.0/16" } }""").Values["network.cidr"].ShouldBe("10.0.0.0/16");
        TerraformVariables.Read("x.tfvars.json", "{\n").Mistakes.Count.ShouldBe(1);
    }

    [Fact]
    public async Task AHoldIsShownAndBrokenOnlyWhenItsHolderIsNotSeenAtWork()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("GET /v1/instances/alice", Samples.Alice);
        (await CliRun.Of(api, ["target", "unlock", "alice", "--yes"])).Out.ShouldContain("Nobody holds the state of alice.");
        api.On("GET /v1/instances/alice/holder", new HolderResponse("alice", "42", "ann@laptop", "apply", Samples.Then, IsAtWork: true));
        var refused = await CliRun.Of(api, ["target", "unlock", "alice", "--yes"]);
        (refused.ExitCode, refused.Error).ShouldSatisfyAllConditions(run => run.ExitCode.ShouldBe(4), run => run.Error.ShouldContain("The engine sees it at work."));
        api.On("GET /v1/instances/alice/holder", new HolderResponse("alice", "42", "ann@laptop", "apply", Samples.Then, IsAtWork: false));
        api.On("DELETE /v1/instances/alice/holder/42", context => { context.Response.StatusCode = 204; return Task.CompletedTask; });
        var run = await CliRun.Of(api, ["target", "unlock", "alice", "--yes"]);
        run.ExitCode.ShouldBe(0, run.Error);
        run.Out.ShouldContain("is held by ann@laptop since 2026-11-28 10:00:00 UTC (apply, 42).");
        api.Single("DELETE /v1/instances/alice/holder/42").Query.ShouldBe("");
    }

    [Fact]
    public async Task ActualCostsAreAskedForAMonthAndWhatNoBillNamesIsSaid()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("GET /v1/costs", new ActualCostsResponse([new ActualCostResponse("client1", "client1", "aws", "2026-11", new MoneyResponse("12.50", "USD"))], []));
        var run = await CliRun.Of(api, ["cost", "actual", "--month", "2026-11", "client1", "client2"]);
        run.ExitCode.ShouldBe(3);
        run.Out.ShouldContain("12.50 USD");
        run.Error.ShouldContain("client2: no bill names it.");
        api.Single("GET /v1/costs").Query.ShouldBe("?month=2026-11");
    }

    private static async Task<FakeApi> ApiAsync()
    {
        var api = await FakeApi.StartAsync();
        api.OnList<InstanceResponse>("GET /v1/instances");
        api.OnList<NetworkResponse>("GET /v1/networks");
        return api;
    }

    private static void OnReserve(FakeApi api, string name, string network) => api.On(
        $"PUT /v1/networks/{name}",
        context => context.Request.Query.ContainsKey("dryRun")
            ? FakeApi.WriteAsync(context, new PlanResponse([], [], null, []), 200)
            : FakeApi.WriteAsync(context, new NetworkResponse(name, network, "reserved", null), 200));

    // As the local backend keeps workspaces.
    private void Workspace(string name, string state, string variablesFile, string variables)
    {
        File.WriteAllText(Path.Combine(_folder, "main.tf"), "terraform {}\n");
        Directory.CreateDirectory(Path.Combine(_folder, "terraform.tfstate.d", name));
        File.WriteAllText(Path.Combine(_folder, "terraform.tfstate.d", name, "terraform.tfstate"), state);
        var file = Path.Combine(_folder, variablesFile);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, variables);
    }

    private static string State(string network) =>
        $$$"""{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"x","outputs":{},"resources":[{"module":"module.vpc","mode":"managed","type":"aws_vpc","name":"main","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{"schema_version":1,"attributes":{"id":"vpc-1","cidr_block":"{{{network}}}"}}]}]}""";

    private async Task InitAsync()
    {
        using var init = Process.Start(new ProcessStartInfo("terraform", [$"-chdir={_folder}", "init", "-no-color", "-input=false"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = await init.StandardOutput.ReadToEndAsync() + await init.StandardError.ReadToEndAsync();
        await init.WaitForExitAsync();
        init.ExitCode.ShouldBe(0, said);
    }

    private sealed class NeedsTerraformFactAttribute : FactAttribute
    {
        public NeedsTerraformFactAttribute() => Skip = Programs.Find("terraform") is null ? "skipped: needs terraform 1.10 or newer" : null;
    }
}
