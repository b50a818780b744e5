using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Aws;
using Tenantry.Targets.Aws.Terraform;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Aws;

/// <summary>What the real Terraform would make of shapes that no life has: planned, not made.</summary>
[Collection(AwsEmulatorTests.Name)]
public sealed class AwsShapeTests(AwsEmulatorFixture emulator)
{
    [NeedsTerraformFact]
    public async Task ShapesThatNoLifeHasArePlannedAsTheyAreMeant()
    {
        using var folder = new TemporaryFolder();
        RealTerraform.Use(folder.Path);
        TerraformRoot.Write(folder.Path, TerraformRoot.BackendFile(new() { ["local"] = new System.Text.Json.Nodes.JsonObject { ["workspace_dir"] = "states" } }));
        await RunAsync(folder.Path, "init", "-input=false");

        // No way out, a volume and one task; Redis of one node.
        var closed = await PlanAsync(folder.Path, Sample(EgressMode.None), new AwsTier { Redis = new AwsRedis("cache.t4g.micro") });
        var service = closed["module.service.aws_ecs_service.this"];
        (Number(service, "deployment_minimum_healthy_percent"), Number(service, "deployment_maximum_percent")).ShouldBe((0, 100), "two tasks never write one volume");
        closed["module.service.aws_ecs_task_definition.this"].GetProperty("skip_destroy").GetBoolean().ShouldBeTrue();
        closed.Keys.ShouldNotContain(address => address.Contains("nat", StringComparison.Ordinal) && address.Contains("aws_", StringComparison.Ordinal) && !address.Contains("aws_route", StringComparison.Ordinal));
        foreach (var name in (string[])["ecr.api", "ecr.dkr", "logs", "secretsmanager"])
            Text(closed[$"module.network.aws_vpc_endpoint.interface[\"{name}\"]"], "policy").ShouldContain("\"aws:PrincipalAccount\":\"123456789012\"", customMessage: name);
        Text(closed["module.network.aws_vpc_endpoint.interface[\"ecr.dkr\"]"], "policy").ShouldNotContain("ecr:Put");
        var bucket = Text(closed["module.network.aws_vpc_endpoint.s3[0]"], "policy");
        bucket.ShouldContain("arn:aws:s3:::prod-eu-central-1-starport-layer-bucket/*");
        bucket.ShouldContain("\"Action\":\"s3:GetObject\"");
        closed["module.redis[0].aws_elasticache_cluster.this[0]"].GetProperty("apply_immediately").GetBoolean().ShouldBeTrue();
        Number(closed["module.balancer[0].aws_lb.this"], "idle_timeout").ShouldBe(4000);
        closed["module.service.aws_iam_role.execution"].GetProperty("permissions_boundary").GetString().ShouldBe("arn:aws:iam::123456789012:policy/tenantry-boundary");
        var check = closed["module.balancer[0].aws_lb_target_group.this"].GetProperty("health_check")[0];
        (Text(check, "path"), Text(check, "port"), Text(check, "matcher"), Number(check, "interval"), Number(check, "timeout"), Number(check, "unhealthy_threshold")).ShouldBe(("/ready", "9000", "200-399", 7, 3, 4));
        Ports(closed["module.service.aws_security_group.this"], "ingress").ShouldBe([8080, 9000]);
        Ports(closed["module.balancer[0].aws_security_group.this"], "egress").ShouldBe([8080, 9000]);
        var entrance = closed["module.balancer[0].aws_security_group.this"].GetProperty("ingress").EnumerateArray().ToList();
        entrance.Select(rule => Number(rule, "from_port")).Order().ShouldBe([80, 443]);
        entrance.ShouldAllBe(rule => rule.GetProperty("cidr_blocks").GetArrayLength() == 1 && rule.GetProperty("cidr_blocks")[0].GetString() == "10.0.0.0/8", "nobody comes past the gateway");

        // A gateway for each zone, a Redis group, and tasks that follow the load.
        var wide = await PlanAsync(folder.Path, Sample(EgressMode.Internet), new AwsTier { Min = 2, Max = 4, Exit = "nat-per-zone", Redis = new AwsRedis("cache.t4g.micro", 3) });
        wide.Keys.Count(address => address.Contains("aws_nat_gateway.this[", StringComparison.Ordinal)).ShouldBe(2);
        wide.Keys.ShouldNotContain(address => address.Contains("aws_vpc_endpoint", StringComparison.Ordinal));
        (Number(wide["module.service.aws_ecs_service.this"], "deployment_minimum_healthy_percent"), Number(wide["module.service.aws_ecs_service.this"], "deployment_maximum_percent")).ShouldBe((100, 200));
        var group = wide["module.redis[0].aws_elasticache_replication_group.this[0]"];
        (Number(group, "num_cache_clusters"), group.GetProperty("apply_immediately").GetBoolean()).ShouldBe((3, true));
        wide.Keys.ShouldContain("module.service.aws_appautoscaling_policy.this[\"cpu\"]");
    }

    private static InstanceWorkload Sample(EgressMode egress)
    {
        var sample = SampleApp.Make("alice", "owner");
        var health = new HealthWorkload("/ready", 9000, null, TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(3), 4, TimeSpan.FromSeconds(20));
        return sample with { Egress = new EgressRules(egress, []), Services = [sample.Services[0] with { Image = AwsHarness.Image, Health = health }] };
    }

    private async Task<Dictionary<string, JsonElement>> PlanAsync(string folder, InstanceWorkload workload, AwsTier tier)
    {
        var options = AwsTargetOptions.Parse(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["region"] = AwsEmulatorFixture.Region,
            ["endpoint"] = emulator.Endpoint.ToString(),
            ["files-image"] = AwsHarness.FilesImage,
            ["gateways"] = "10.0.0.0/8",
            ["certificate"] = "arn:aws:acm:eu-central-1:123456789012:certificate/x",
            ["boundary"] = "arn:aws:iam::123456789012:policy/tenantry-boundary",
        });
        var variables = AwsVariables.Whole(AwsVariables.Of(new AwsVariableParts(workload, tier, IPNetwork.Parse("10.4.0.0/16"), "", new Dictionary<string, string>(StringComparer.Ordinal)), options), options, "", isAsleep: false);
        await File.WriteAllTextAsync(Path.Combine(folder, "shape.tfvars.json"), variables.ToJsonString());
        await RunAsync(folder, "plan", "-input=false", "-no-color", "-lock=false", "-out=shape.plan", "-var-file=shape.tfvars.json");
        var plan = JsonSerializer.Deserialize<JsonElement>(await RunAsync(folder, "show", "-json", "shape.plan"));
        return plan.GetProperty("planned_values").GetProperty("root_module").GetProperty("child_modules").EnumerateArray()
            .SelectMany(module => module.GetProperty("resources").EnumerateArray())
            .ToDictionary(one => one.GetProperty("address").GetString()!, one => one.GetProperty("values"), StringComparer.Ordinal);
    }

    private static async Task<string> RunAsync(string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("terraform", [$"-chdir={folder}", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["TF_WORKSPACE"] = "alice-prod";
        start.Environment["TF_IN_AUTOMATION"] = "1";
        using var run = Process.Start(start)!;
        var error = run.StandardError.ReadToEndAsync();
        var said = await run.StandardOutput.ReadToEndAsync();
        await run.WaitForExitAsync();
        run.ExitCode.ShouldBe(0, $"{string.Join(' ', arguments)}: {said}{await error}");
        return said;
    }

    private static int Number(JsonElement values, string name) => values.GetProperty(name).GetInt32();

    private static string Text(JsonElement values, string name) => values.GetProperty(name).GetString()!;

    private static IEnumerable<int> Ports(JsonElement group, string way) => group.GetProperty(way).EnumerateArray().Select(rule => Number(rule, "from_port")).Order();
}
