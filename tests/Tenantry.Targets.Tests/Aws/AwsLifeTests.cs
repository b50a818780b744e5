using System.Text.Json;
using System.Text.RegularExpressions;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws;
using Tenantry.Targets.Contract;

namespace Tenantry.Targets.Tests.Aws;

/// <summary>
/// One whole life of two clients at once, with the real Terraform and its real provider: the first has every part that there is. Beside the other tests, on an emulator of its own,
/// which is compared before and after; most of its time the provider waits by a clock of its own.
/// </summary>
[Collection(AwsLifeEmulatorTests.Name)]
public sealed class AwsLifeTests(AwsEmulatorFixture emulator)
{
    private const string Tiers = """{ "large": { "min": 2, "max": 4, "redis": { "nodeType": "cache.t4g.micro", "nodes": 2 }, "exit": "nat" }, "small": { "monitoring": false } }""";

    [NeedsTerraformFact]
    public async Task TwoClientsLiveBesideEachOtherFromCreationToNothing()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(20));
        var tiers = Path.Combine(Directory.CreateTempSubdirectory("tenantry-test-").FullName, "tiers.json");
        await File.WriteAllTextAsync(tiers, Tiers, limit.Token);
        await using var harness = new AwsHarness(emulator, isReal: true, ("tiers", tiers), ("entrance", "load-balancer"), ("drift-every", "1h"), ("certificate", await CertificateAsync()), ("gateways", "10.0.0.0/8"));
        var looking = harness.Open(("drift-every", "0s"));
        // The second client has an account of its own: Terraform enters it by its role.
        var apart = harness.Open(("certificate", ""), ("isolation", "account"), ("account-email", "aws+{tenant}@example.com"));
        await AddAccountAsync("demo-client2");
        var (first, second) = (Sample(harness, "client1", "large"), Small(Sample(harness, "client2", "small")));
        var before = await LeftAsync();

        var firstSteps = ConvergeAsync(harness.Target, first, limit.Token);
        var secondSteps = ConvergeAsync(apart, second, limit.Token);
        (await secondSteps).ShouldNotContain(step => step.Resource.Kind == "redis" || step.Resource.Kind == "load-balancer");
        foreach (var part in (string[])["load-balancer", "nat-gateway", "redis", "volume", "volume-door", "alarm", "dashboard", "scaling"])
            (await firstSteps).ShouldContain(step => step.Resource.Kind == part && step.State == StepState.Done, part);
        var seen = await harness.Target.ObserveAsync(first.Ref, limit.Token);
        (seen.State, seen.Health, seen.WorkloadDigest).ShouldBe((ObservedState.Running, InstanceHealth.Healthy, first.Digest), seen.Trouble);
        (await emulator.JsonAsync("ecs", "AmazonEC2ContainerServiceV20141113.ListClusters", "{}")).ShouldNotContain(AwsNames.Short(second.Ref), customMessage: "it is in its own account");
        var looks = (await harness.Aws.LookAsync(first.Ref, limit.Token)).ToDictionary(look => look.What, look => look.IsTrue);
        foreach (var what in (string[])["its secret demo/client1-prod/app-secrets is there", "its log /demo/client1-prod is there", "all its tasks run", "its alarms are set and none rings", "there is a dashboard"])
            looks.ShouldContainKeyAndValue(what, true);
        looks.ShouldContainKeyAndValue("the load balancer finds it healthy", false, "the emulator's runs no task");
        seen.Endpoint.ShouldNotBeNull().Host.ShouldContain("elb");
        (await harness.Target.PlanAsync(first, seen, limit.Token)).Steps.ShouldBeEmpty();
        (await RangesAsync(harness)).ShouldBeUnique();
        await NothingSecretIsKeptAsync(harness);

        // Removed by hand it is found, and nothing else, and made again in the same pass as the tenant gets another size.
        await emulator.JsonAsync("logs", "Logs_20140328.DeleteLogGroup", """{"logGroupName":"/demo/client1-prod"}""");
        seen = await looking.ObserveAsync(first.Ref, limit.Token);
        seen.Drift.ShouldHaveSingleItem().ShouldBe(new DriftItem("log client1-prod/module.logs.aws_cloudwatch_log_group.this", "as it was made", "missing"));
        first = SampleApp.Digested(first with { Limits = first.Limits with { Cpu = 1m, MemoryBytes = 2L << 30 } });
        var healed = await AllAsync(looking.ApplyAsync(await looking.PlanAsync(first, seen, limit.Token), first, limit.Token));
        healed.ShouldContain(step => step.Resource.Kind == "log" && step.Action == StepAction.Create && step.State == StepState.Done);
        healed.ShouldContain(step => step.Resource.Kind == "service" && step.Action == StepAction.Update && step.State == StepState.Done);

        // Asleep, and whole again.
        await AllAsync(harness.Target.SleepAsync(first.Ref, limit.Token));
        seen = await looking.ObserveAsync(first.Ref, limit.Token);
        (seen.State, seen.Drift.Count).ShouldBe((ObservedState.Stopped, 0), string.Join(", ", seen.Drift));
        (await AllAsync(harness.Target.WakeAsync(first, limit.Token))).ShouldContain(step => step.Action == StepAction.Start && step.State == StepState.Done);

        await Task.WhenAll(AllAsync(harness.Target.DeleteAsync(first.Ref, limit.Token)), AllAsync(harness.Target.DeleteAsync(second.Ref, limit.Token)));
        (await harness.Target.ListOwnedAsync(harness.Owner, limit.Token)).ShouldBeEmpty();
        (await ObjectsAsync()).ShouldNotContain(harness.Owner);
        (await LeftAsync()).ShouldBe(before, "the account is as it was before");
        Directory.Delete(Path.GetDirectoryName(tiers)!, recursive: true);
    }

    private static InstanceWorkload Sample(AwsHarness harness, string tenant, string tier)
    {
        var sample = harness.Fit(SampleApp.Make(tenant, harness.Owner));
        return SampleApp.Digested(sample with { Labels = sample.Labels with { Tier = tier }, Egress = new EgressRules(EgressMode.Internet, []) });
    }

    private static InstanceWorkload Small(InstanceWorkload sample) =>
        SampleApp.Digested(sample with { EntryPort = null, Services = [sample.Services[0] with { Volumes = [], Files = [] }] });

    private async Task<string> CertificateAsync() => JsonSerializer.Deserialize<JsonElement>(await emulator.JsonAsync("acm", "CertificateManager.RequestCertificate", """{"DomainName":"example.com"}"""))
        .GetProperty("CertificateArn").GetString()!;

    // As the target would; what AWS has in an account from the start comes with the first question.
    private async Task AddAccountAsync(string name)
    {
        await emulator.JsonAsync("organizations", "AWSOrganizationsV20161128.CreateOrganization", """{"FeatureSet":"ALL"}""");
        var made = JsonSerializer.Deserialize<JsonElement>(await emulator.JsonAsync("organizations", "AWSOrganizationsV20161128.CreateAccount", $$"""{"AccountName":"{{name}}","Email":"aws+client2@example.com"}"""));
        var role = $"arn:aws:iam::{made.GetProperty("CreateAccountStatus").GetProperty("AccountId").GetString()}:role/OrganizationAccountAccessRole";
        using var entered = await emulator.SendAsync(HttpMethod.Post, "", "sts", $"Action=AssumeRole&Version=2011-06-15&RoleSessionName=test&RoleArn={role}");
        var key = Regex.Match(await entered.Content.ReadAsStringAsync(), "<AccessKeyId>([^<]+)").Groups[1].Value;
        using var touched = await emulator.SendAsync(HttpMethod.Post, "", "ec2", "Action=DescribeVpcs&Version=2016-11-15", key: key);
        touched.IsSuccessStatusCode.ShouldBeTrue();
    }

    // What AWS has in an account from the start comes with the first question.
    private async Task<string> LeftAsync()
    {
        using var touched = await emulator.SendAsync(HttpMethod.Post, "", "ec2", "Action=DescribeVpcs&Version=2016-11-15");
        using var answer = await emulator.SendAsync(HttpMethod.Get, $"emulator/left?region={AwsEmulatorFixture.Region}", "ec2");
        return await answer.Content.ReadAsStringAsync();
    }

    private async Task NothingSecretIsKeptAsync(AwsHarness harness)
    {
        using var state = await emulator.SendAsync(HttpMethod.Get, $"{AwsEmulatorFixture.Bucket}/{harness.Owner}/states/client1-prod/instance.tfstate", "s3");
        (await state.Content.ReadAsStringAsync()).ShouldNotContain("canary-secret-value");
        foreach (var file in Directory.EnumerateFiles(harness.Folder, "*", SearchOption.AllDirectories).Where(file => !file.Contains("/providers/", StringComparison.Ordinal)))
            (await File.ReadAllTextAsync(file)).ShouldNotContain("canary-secret-value", customMessage: file);
        (await emulator.JsonAsync("secretsmanager", "secretsmanager.GetSecretValue", """{"SecretId":"demo/client1-prod/app-secrets"}""")).ShouldContain("canary-secret-value");
    }

    private async Task<IReadOnlyList<string>> RangesAsync(AwsHarness harness)
    {
        var found = new List<string>();
        foreach (var one in await harness.Target.ListOwnedAsync(harness.Owner, CancellationToken.None))
        {
            using var answer = await emulator.SendAsync(HttpMethod.Get, $"{AwsEmulatorFixture.Bucket}/{harness.Owner}/records/{harness.Owner}/{one.Id}.json", "s3");
            found.Add(JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync()).GetProperty("variables").GetProperty("network").GetProperty("cidr").GetString()!);
        }

        found.Count.ShouldBe(2);
        return found;
    }

    private async Task<string> ObjectsAsync()
    {
        using var answer = await emulator.SendAsync(HttpMethod.Get, AwsEmulatorFixture.Bucket, "s3");
        return await answer.Content.ReadAsStringAsync();
    }

    private static async Task<IReadOnlyList<StepEvent>> ConvergeAsync(ITarget target, InstanceWorkload workload, CancellationToken cancellationToken)
    {
        var plan = await target.PlanAsync(workload, await target.ObserveAsync(workload.Ref, cancellationToken), cancellationToken);
        return await AllAsync(target.ApplyAsync(plan, workload, cancellationToken));
    }

    private static async Task<IReadOnlyList<StepEvent>> AllAsync(IAsyncEnumerable<StepEvent> steps)
    {
        var all = new List<StepEvent>();
        await foreach (var step in steps)
            all.Add(step);
        return all;
    }
}
