using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws;
using Tenantry.Targets.Aws.Api;
using Tenantry.Targets.Aws.Running;
using Tenantry.Targets.Aws.Storage;
using Tenantry.Targets.Aws.Terraform;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Aws;

/// <summary>What is in AWS and in no state, and what is not ours: neither is made twice, lost, written or removed.</summary>
[Collection(AwsEmulatorTests.Name)]
public sealed class AwsLeftTests(AwsEmulatorFixture emulator)
{
    private const string Cluster = "module.service.aws_ecs_cluster.this";

    [NeedsEmulatorFact]
    public async Task ATerraformKilledUnderALivingEngineIsTakenForACrashByTheNextPass()
    {
        await using var harness = new AwsHarness(emulator);
        var sample = Sample(harness, "dies");
        var failure = await Should.ThrowAsync<TargetException>(() => ConvergeAsync(harness.Target, sample));
        (failure.Retryable, failure.Message).ShouldBe((true, $"Applying {sample.Labels.Tenant}-prod failed: Terraform was ended by the signal KILL. What it had made is looked for and kept."));
        File.Exists(Path.Combine(harness.Folder, "data", "runs", $"{sample.Labels.Tenant}-prod.run.json")).ShouldBeTrue("the run is remembered");

        ShouldTakeIn(await ConvergeAsync(harness.Target, sample), Cluster);
        (await harness.Target.ObserveAsync(sample.Ref, default)).State.ShouldBe(ObservedState.Running);
        File.Exists(Path.Combine(harness.Folder, "data", "runs", $"{sample.Labels.Tenant}-prod.run.json")).ShouldBeFalse("the next one came to its end");
    }

    [NeedsEmulatorFact]
    public async Task AStateThatAnotherMachineUnlocksIsLookedThroughBeforeAnythingIsMadeAgain()
    {
        await using var harness = new AwsHarness(emulator);
        var sample = Sample(harness, "dies");
        await Should.ThrowAsync<TargetException>(() => ConvergeAsync(harness.Target, sample));
        var elsewhere = harness.OpenElsewhere();
        (await Should.ThrowAsync<TargetException>(() => ConvergeAsync(elsewhere, sample))).Message.ShouldContain("is held by");
        await elsewhere.BreakHoldAsync(sample.Ref, (await elsewhere.FindHolderAsync(sample.Ref, default))!.Id, default);

        ShouldTakeIn(await ConvergeAsync(elsewhere, sample), Cluster);
        (await elsewhere.ObserveAsync(sample.Ref, default)).State.ShouldBe(ObservedState.Running);
        (await ConvergeAsync(elsewhere, SampleApp.WithVariable(sample, "GREETING", "other"))).ShouldNotContain(step => step.Resource.Name.EndsWith(Cluster, StringComparison.Ordinal), "it is known now");
    }

    [NeedsEmulatorFact]
    public async Task ADeletionStaysOpenWhileSomethingCarriesTheInstancesTags()
    {
        await using var harness = new AwsHarness(emulator);
        var sample = Sample(harness, "left");
        await ConvergeAsync(harness.Target, sample);
        var vpc = Regex.Match(await QueryAsync("CreateVpc", "CidrBlock=10.9.0.0/16&TagSpecification.1.ResourceType=vpc" + Tag(1, "Workspace", $"{sample.Labels.Tenant}-prod") + Tag(2, "Owner", harness.Owner)), "<vpcId>([^<]+)").Groups[1].Value;

        var failure = await Should.ThrowAsync<TargetException>(() => AllAsync(harness.Target.DeleteAsync(sample.Ref, default)));
        (failure.Retryable, failure.Message.Contains($"vpc/{vpc}", StringComparison.Ordinal)).ShouldBe((true, true), failure.Message);
        (await harness.Target.ListOwnedAsync(harness.Owner, default)).ShouldContain(sample.Ref, "the record stays until nothing is left");

        await QueryAsync("DeleteVpc", $"VpcId={vpc}");
        await AllAsync(harness.Target.DeleteAsync(sample.Ref, default));
        (await harness.Target.ListOwnedAsync(harness.Owner, default)).ShouldNotContain(sample.Ref);
        var revisions = await emulator.JsonAsync("ecs", "AmazonEC2ContainerServiceV20141113.ListTaskDefinitions", $$"""{"familyPrefix":"{{AwsNames.Short(sample.Ref)}}","status":"INACTIVE"}""");
        revisions.ShouldNotContain("task-definition/", customMessage: "revisions of the task definition go too");
    }

    [NeedsEmulatorFact]
    public async Task ASecretOfTheSameNameThatAnotherOwnsIsNeitherWrittenNorRemoved()
    {
        await using var harness = new AwsHarness(emulator);
        var sample = Sample(harness, "sec");
        var name = $"demo/{sample.Labels.Tenant}-prod/app-secrets";
        await emulator.JsonAsync("secretsmanager", "secretsmanager.CreateSecret", $$"""{"Name":"{{name}}","SecretString":"theirs","Tags":[{"Key":"Owner","Value":"another"}]}""");
        var refused = await Should.ThrowAsync<TargetException>(() => ConvergeAsync(harness.Target, sample));
        (refused.Retryable, refused.Message).ShouldBe((false, $"The secret {name} is in this account already and belongs to another control plane (its tag Owner is another): it was left as it is."));
        await AllAsync(harness.Target.DeleteAsync(sample.Ref, default));
        (await emulator.JsonAsync("secretsmanager", "secretsmanager.GetSecretValue", $$"""{"SecretId":"{{name}}"}""")).ShouldContain("theirs");
    }

    [NeedsEmulatorFact]
    public async Task ADeploymentThatAwsWentBackFromIsNoDeploymentThatIsDone()
    {
        await using var harness = new AwsHarness(emulator);
        var sample = Sample(harness, "back");
        await ConvergeAsync(harness.Target, sample);
        var name = AwsNames.Short(sample.Ref);
        await emulator.JsonAsync("ecs", "AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition", $$"""{"family":"{{name}}","containerDefinitions":[{"name":"web","image":"x","memory":64}]}""");
        await emulator.JsonAsync("ecs", "AmazonEC2ContainerServiceV20141113.UpdateService", $$"""{"cluster":"{{name}}","service":"{{name}}","taskDefinition":"{{name}}:2"}""");

        var seen = await harness.Target.ObserveAsync(sample.Ref, default);
        (seen.Health, seen.WorkloadDigest).ShouldBe((InstanceHealth.Unhealthy, null));
        seen.Trouble.ShouldBe($"AWS went back to {name}:2, and {name}:1 is wanted: it gives no reason.");
        seen.Drift.ShouldContain(item => item.Resource == $"service {sample.Labels.Tenant}-prod/module.service.aws_ecs_service.this" && item.Seen == $"{name}:2");
        var waits = new Plan([new PlanStep(AwsNames.Tasks($"{sample.Labels.Tenant}-prod"), StepAction.Wait, "")]);
        (await Should.ThrowAsync<TargetException>(() => AllAsync(harness.Target.ApplyAsync(waits, sample, default)))).Message.ShouldContain("AWS went back to");
        await AllAsync(harness.Target.DeleteAsync(sample.Ref, default));
    }

    [NeedsEmulatorFact]
    public async Task WhatHasNeitherNameNorTagIsFoundByWhatItHangsOn()
    {
        using var aws = new AwsClient(new AwsPlace(AwsEmulatorFixture.Region, emulator.Endpoint), null, TimeProvider.System);
        var nets = Regex.Matches(await QueryAsync("DescribeSubnets", ""), "<subnetId>([^<]+)").Select(match => match.Groups[1].Value).Take(2).ToList();
        var files = JsonSerializer.Deserialize<JsonElement>(await FilesAsync("file-systems", $$"""{"CreationToken":"{{Guid.NewGuid():N}}"}""")).GetProperty("FileSystemId").GetString()!;
        var door = JsonSerializer.Deserialize<JsonElement>(await FilesAsync("mount-targets", $$"""{"FileSystemId":"{{files}}","SubnetId":"{{nets[1]}}"}""")).GetProperty("MountTargetId").GetString();
        (await FileSystems.FindDoorAsync(aws, files, nets[1], default)).ShouldBe(door);
        (await FileSystems.FindDoorAsync(aws, files, nets[0], default)).ShouldBeNull();

        var balancer = Regex.Match(await BalancingAsync("CreateLoadBalancer", $"Name=hang&Subnets.member.1={nets[0]}&Subnets.member.2={nets[1]}"), "<LoadBalancerArn>([^<]+)").Groups[1].Value;
        await BalancingAsync("CreateListener", $"LoadBalancerArn={balancer}&Protocol=HTTP&Port=80&DefaultActions.member.1.Type=fixed-response&DefaultActions.member.1.FixedResponseConfig.StatusCode=200");
        (await LoadBalancers.FindListenerAsync(aws, balancer, 80, default)).ShouldNotBeNull().ShouldContain(":listener/");
        (await LoadBalancers.FindListenerAsync(aws, balancer, 443, default)).ShouldBeNull();
        await BalancingAsync("DeleteLoadBalancer", $"LoadBalancerArn={balancer}");
    }

    [Fact]
    public void ADeploymentThatAwsGaveUpIsUnhealthyAndSaysWhy()
    {
        var service = JsonSerializer.Deserialize<JsonElement>("""
            {"desiredCount":1,"runningCount":1,"taskDefinition":"arn:x:task-definition/a:1","deployments":[
              {"status":"PRIMARY","taskDefinition":"arn:x:task-definition/a:1","rolloutState":"COMPLETED","failedTasks":0},
              {"status":"ACTIVE","taskDefinition":"arn:x:task-definition/a:2","rolloutState":"FAILED","rolloutStateReason":"ECS deployment circuit breaker: tasks failed to start."}]}
            """);
        var seen = EcsTasks.Read(service);
        AwsObserver.HealthOf(seen, "arn:x:task-definition/a:2").ShouldBe(InstanceHealth.Unhealthy);
        AwsObserver.HealthOf(seen, "arn:x:task-definition/a:1").ShouldBe(InstanceHealth.Healthy);
        seen.GivenUp.ShouldBe("ECS deployment circuit breaker: tasks failed to start.");
        var first = EcsTasks.Read(JsonSerializer.Deserialize<JsonElement>("""{"desiredCount":1,"runningCount":0,"deployments":[{"status":"PRIMARY","rolloutState":"FAILED","rolloutStateReason":"no"}]}"""));
        AwsObserver.HealthOf(first, "").ShouldBe(InstanceHealth.Unhealthy);
    }

    [Fact]
    public void WhatIsFoundByItsNameIsNamedSoByTheModuleSet()
    {
        foreach (var (address, tag) in ModuleParts.All)
        {
            var (type, block) = (ModuleParts.TypeOf(address), address[(address.LastIndexOf(".aws_", StringComparison.Ordinal) + 1)..].Split('.')[1].Split('[')[0]);
            var folder = Regex.Match(address, "^module\\.([a-z]+)").Groups[1].Value switch { "network" => "vpc", "service" => "ecs", "balancer" => "alb", "files" => "efs", var same => same };
            var text = System.Text.Encoding.UTF8.GetString(TerraformRoot.Files[$"modules/{folder}/main.tf"]);
            var at = text.IndexOf($"resource \"{type}\" \"{block}\" {{", StringComparison.Ordinal);
            at.ShouldBeGreaterThan(-1, address);
            var body = text[at..(text.IndexOf("\n}", at, StringComparison.Ordinal))];
            if (tag is null)
                continue;
            string[] names = tag.Length == 0 ? ["Name = var.name }"] : [.. ((string[])["count.index", "each.key", "each.value"]).Select(key => $"Name = \"${{var.name}}{tag.Replace("#", $"${{{key}}}", StringComparison.Ordinal)}\"")];
            names.ShouldContain(name => body.Contains(name, StringComparison.Ordinal), address);
            var one = address.Replace("#", "0", StringComparison.Ordinal);
            ModuleParts.AddressOf(type, ModuleParts.TagOf(one, "tn-a-1"), "tn-a-1").ShouldBe(one);
        }

        ModuleParts.TagOf("module.network.aws_vpc_endpoint.interface[\"ecr.api\"]", "tn-a").ShouldBe("tn-a-ecr.api");
        ModuleParts.AddressOf("aws_security_group", "tn-a-redis", "tn-a").ShouldBe("module.redis[0].aws_security_group.this");
    }

    [Fact]
    public async Task AClaimIsThereWholeOrNotAtAllAndOneOfManyGetsIt()
    {
        using var folder = new TemporaryFolder();
        var blobs = new FolderBlobs(folder.File("state"));
        var got = await Task.WhenAll(Enumerable.Range(0, 16).Select(number => Task.Run(() => blobs.PutNewAsync("claims/alice-prod", new byte[] { (byte)number }, default))));
        got.Count(one => one).ShouldBe(1);
        (await blobs.GetAsync("claims/alice-prod", default)).ShouldBe([(byte)Array.IndexOf(got, true)]);
        (await blobs.ListAsync("claims/", default)).ShouldBe(["claims/alice-prod"]);
    }

    [Fact]
    public async Task AnotherProgramHasAFolderOfItsOwn()
    {
        using var folder = new TemporaryFolder();
        var root = new TerraformRoot(folder.File("work"), TimeProvider.System);
        var made = new List<string>();
        Task Initialize(string one, CancellationToken token)
        {
            made.Add(one);
            return Task.CompletedTask;
        }

        foreach (var program in (string[])["terraform", "tofu", "terraform"])
            await root.PrepareAsync([], program, Initialize, default);
        made.ShouldBeUnique();
        made.Count.ShouldBe(2);
    }

    private async Task<string> FilesAsync(string path, string body)
    {
        using var answer = await emulator.SendAsync(HttpMethod.Post, $"2015-02-01/{path}", "elasticfilesystem", body);
        return await answer.Content.ReadAsStringAsync();
    }

    private async Task<string> BalancingAsync(string action, string more)
    {
        using var answer = await emulator.SendAsync(HttpMethod.Post, "", "elasticloadbalancing", $"Action={action}&Version=2015-12-01&{more}");
        var text = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, text);
        return text;
    }

    private static string Tag(int number, string key, string value) => $"&TagSpecification.1.Tag.{number}.Key={key}&TagSpecification.1.Tag.{number}.Value={value}";

    private async Task<string> QueryAsync(string action, string more)
    {
        using var answer = await emulator.SendAsync(HttpMethod.Post, "", "ec2", $"Action={action}&Version=2016-11-15&{more}");
        var text = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, text);
        return text;
    }

    private static void ShouldTakeIn(IReadOnlyList<StepEvent> steps, string address) =>
        steps.ShouldContain(step => step.Resource.Name.EndsWith(address, StringComparison.Ordinal) && step.Action == StepAction.Update && step.Message.Contains("brought into the state", StringComparison.Ordinal));

    private static InstanceWorkload Sample(AwsHarness harness, string prefix) => SampleApp.Digested(harness.Fit(SampleApp.Make($"{prefix}-{Guid.NewGuid():N}"[..12], harness.Owner)));

    private static async Task<IReadOnlyList<StepEvent>> ConvergeAsync(ITarget target, InstanceWorkload workload) =>
        await AllAsync(target.ApplyAsync(await target.PlanAsync(workload, await target.ObserveAsync(workload.Ref, default), default), workload, default));

    private static async Task<IReadOnlyList<StepEvent>> AllAsync(IAsyncEnumerable<StepEvent> steps)
    {
        var all = new List<StepEvent>();
        await foreach (var step in steps)
            all.Add(step);
        return all;
    }
}
