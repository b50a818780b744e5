using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws;
using Tenantry.Targets.Aws.Api;
using Tenantry.Targets.Aws.Storage;
using Tenantry.Targets.Aws.Terraform;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Ranges;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Aws;

/// <summary>What went wrong where people keep workspaces by hand, each once.</summary>
public sealed class AwsDefectTests
{
    [Fact]
    public void TheBackendNamesNoVariableSinceTerraformAllowsNoneThere()
    {
        var backend = TerraformRoot.BackendFile(new BucketBlobs(null!, "states", "prod", new AwsPlace("eu-central-1", null), null).Backend);
        backend.ShouldNotContain("${");
        backend.ShouldContain("\"workspace_key_prefix\": \"prod/states\"");
        backend.ShouldContain("\"use_lockfile\": true");
    }

    [Fact]
    public void AFileOfVariablesNamesNoOtherVariableAndNoSecret()
    {
        var text = Variables(Of("client1")).ToJsonString();
        text.ShouldNotContain("${");
        text.ShouldNotContain("canary");
    }

    [Fact]
    public void EachClientHasANetworkOfItsOwnAndTheOneThatFindsNoneIsToldWhy()
    {
        var wish = new RangeWish([IPNetwork.Parse("10.0.0.0/8")], 16, TimeSpan.FromDays(30));
        var taken = new List<TakenRange>();
        for (var i = 0; i < 256; i++)
            taken.Add(new TakenRange($"i{i}", RangePicker.Pick(wish, taken, DateTimeOffset.UnixEpoch), null));
        taken.Select(one => one.Range).ShouldBeUnique();
        var full = Should.Throw<TargetException>(() => RangePicker.Pick(wish, taken, DateTimeOffset.UnixEpoch));
        (full.Retryable, full.Message).ShouldBe((false, "No network range of the size /16 is free in 10.0.0.0/8: 256 in use, 0 given back less than 30 days ago."));
    }

    [Fact]
    public void TwoClientsInOneEnvironmentHaveNoNameInCommon()
    {
        var names = ((string[])["client1", "client2"]).Select(Of).Select(workload => (string[])[AwsNames.Workspace(workload), AwsNames.Short(workload.Ref), AwsNames.Secret("shop", AwsNames.Workspace(workload))]).ToList();
        names[0].Intersect(names[1]).ShouldBeEmpty();
        AwsNames.Secret("shop", "client1-prod").ShouldBe("shop/client1-prod/app-secrets");
    }

    [Fact]
    public void AWorkflowReadsTheSecretThatItsEnvironmentsHaveAndOneRunAtATimeChangesAWorkspace()
    {
        var text = GithubWorkflow.Render([("client1", "client1-prod"), ("client2", "client2-prod")], "https://tenantry.example.com", "shop");
        text.ShouldContain("secrets.TENANTRY_TOKEN");
        text.ShouldNotContain("_CLIENT1");
        text.ShouldContain("concurrency:");
        text.ShouldContain("          - client1-prod\n          - client2-prod\n");
    }

    [Fact]
    public void AWorkflowHasTheProgramPlansThePullRequestsManifestAndHoldsNoDeploymentUp()
    {
        var text = GithubWorkflow.Render([("client1", "client1-prod")], "https://tenantry.example.com", "shop", "https://example.com/tenantry.tar.gz");
        text.Split("name: Have tenantry").Length.ShouldBe(3, "each job fetches it");
        text.ShouldContain("  TENANTRY_CLI: 'https://example.com/tenantry.tar.gz'\n");
        text.ShouldContain("curl -fsSL --proto '=https' --retry 3 -o \"$RUNNER_TEMP/tenantry.tar.gz\" \"$TENANTRY_CLI\"");
        text.ShouldContain("- run: tenantry plan ${{ matrix.slug }} -f tenantry.yaml\n");
        text.ShouldContain("group: tenantry-plan-${{ matrix.workspace }}-${{ github.event.pull_request.number }}\n");
        text.ShouldContain("group: tenantry-${{ inputs.workspace }}\n");
        GithubWorkflow.Render([("client1", "client1-prod")], "https://tenantry.example.com", "shop").ShouldContain("command -v tenantry ||");
    }

    // Where a state is empty there is nothing to destroy, and Terraform asks nobody.
    [NeedsTerraformProgramFact]
    public async Task TheWrongWorkspaceIsNeitherPlannedNorDestroyed()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllBytesAsync(folder.File("variables.tf"), TerraformRoot.Files["variables.tf"]);
        await File.WriteAllTextAsync(folder.File("main.tf"), "resource \"terraform_data\" \"this\" {}\n");
        foreach (var client in (string[])["client1", "client2"])
        {
            var variables = AwsVariables.Whole(Variables(Of(client)), AwsTargetOptions.Parse(new Dictionary<string, string>(StringComparer.Ordinal) { ["region"] = "eu-central-1" }), "", isAsleep: false);
            await File.WriteAllTextAsync(folder.File($"{client}-prod.tfvars.json"), variables.ToJsonString());
        }

        (await RunAsync(folder.Path, "default", "init", "-input=false")).Code.ShouldBe(0);
        var made = await RunAsync(folder.Path, "client2-prod", "apply", "-auto-approve", "-no-color", "-input=false", "-var-file=client2-prod.tfvars.json");
        made.Code.ShouldBe(0, made.Said);
        foreach (string[] verb in (string[][])[["plan"], ["apply", "-auto-approve"], ["destroy", "-auto-approve"]])
        {
            var wrong = await RunAsync(folder.Path, "client2-prod", [.. verb, "-no-color", "-input=false", "-var-file=client1-prod.tfvars.json"]);
            wrong.Code.ShouldBe(1, wrong.Said);
            string.Join(' ', wrong.Said.Split((char[])[' ', '\n', '│'], StringSplitOptions.RemoveEmptyEntries)).ShouldContain("These variables are of the workspace client1-prod, and this is client2-prod: nothing was changed.");
        }

        (await RunAsync(folder.Path, "client2-prod", "state", "list")).Said.ShouldContain("terraform_data.this");
    }

    [Fact]
    public async Task KeysThatWereReplacedInTheFileAreReadAgainWithoutANewStart()
    {
        using var folder = new TemporaryFolder();
        using var http = new HttpClient();
        var (clock, file) = (new Clock(), folder.File("credentials"));
        Environment.SetEnvironmentVariable("AWS_SHARED_CREDENTIALS_FILE", file);
        try
        {
            await File.WriteAllTextAsync(file, "[acme]\naws_access_key_id=A\naws_secret_access_key=a\n");
            var credentials = new AwsCredentials(http, new Uri("http://127.0.0.1:9/"), "acme", clock);
            (await credentials.GetAsync(default)).Id.ShouldBe("A");
            await File.WriteAllTextAsync(file, "[acme]\naws_access_key_id=B\naws_secret_access_key=b\n");
            (await credentials.GetAsync(default)).Id.ShouldBe("A", "not at every question");
            clock.Now += TimeSpan.FromMinutes(2);
            (await credentials.GetAsync(default)).Id.ShouldBe("B");
        }
        finally
        {
            Environment.SetEnvironmentVariable("AWS_SHARED_CREDENTIALS_FILE", null);
        }
    }

    [Fact]
    public void ARoleIsEnteredOnceAndNotForEachQuestion()
    {
        using var folder = new TemporaryFolder();
        var options = new Dictionary<string, string>(StringComparer.Ordinal) { ["region"] = "eu-central-1" };
        using var host = new AwsHost(new TargetContext("aws", "owner", folder.File("data"), folder.File("run"), options, TimeProvider.System, NullLogger.Instance), AwsTargetOptions.Parse(options));
        host.AwsOf("arn:aws:iam::2:role/x").ShouldBeSameAs(host.AwsOf("arn:aws:iam::2:role/x"));
        host.AwsOf("arn:aws:iam::3:role/x").ShouldNotBeSameAs(host.AwsOf("arn:aws:iam::2:role/x"));
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => Now;

        public override long GetTimestamp() => Now.Ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;
    }

    private static async Task<(int Code, string Said)> RunAsync(string folder, string workspace, params string[] arguments)
    {
        var start = new ProcessStartInfo("terraform", [$"-chdir={folder}", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["TF_WORKSPACE"] = workspace;
        start.Environment["TF_IN_AUTOMATION"] = "1";
        using var run = Process.Start(start)!;
        var error = run.StandardError.ReadToEndAsync();
        var said = await run.StandardOutput.ReadToEndAsync() + await error;
        await run.WaitForExitAsync();
        return (run.ExitCode, said);
    }

    private static InstanceWorkload Of(string tenant)
    {
        var sample = SampleApp.Make(tenant, "owner");
        return sample with { Ref = new InstanceRef($"i-{tenant}", tenant, "owner"), Services = [sample.Services[0] with { Image = AwsHarness.Image }] };
    }

    private static JsonObject Variables(InstanceWorkload workload) => AwsVariables.Of(
        new AwsVariableParts(workload, new AwsTier(), IPNetwork.Parse("10.4.0.0/16"), "", new Dictionary<string, string>(StringComparer.Ordinal)),
        AwsTargetOptions.Parse(new Dictionary<string, string>(StringComparer.Ordinal) { ["region"] = "eu-central-1" }));

    private sealed class NeedsTerraformProgramFactAttribute : FactAttribute
    {
        public NeedsTerraformProgramFactAttribute() => Skip = Processes.Programs.Find("terraform") is null ? "skipped: needs terraform 1.10 or newer" : null;
    }
}
