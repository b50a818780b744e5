using System.Text.Json;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Contract;

namespace Tenantry.Targets.Tests.Aws;

/// <summary>An account for each client. The emulator keeps accounts apart.</summary>
[Collection(AwsEmulatorTests.Name)]
public sealed class AwsAccountTests(AwsEmulatorFixture emulator)
{
    [NeedsEmulatorFact]
    public async Task EachClientGetsAnAccountOfItsOwnAndKeepsItForTheNextInstance()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        await emulator.JsonAsync("organizations", "AWSOrganizationsV20161128.CreateOrganization", """{"FeatureSet":"ALL"}""");
        await using var harness = new AwsHarness(emulator, isReal: false, ("isolation", "account"), ("account-email", "aws+{tenant}@example.com"));
        var tenant = $"acct-{Guid.NewGuid():N}"[..12];
        var sample = harness.Fit(SampleApp.Make(tenant, harness.Owner));

        var plan = await harness.Target.PlanAsync(sample, InstanceObservation.Absent(sample.Ref), limit.Token);
        plan.Steps[0].ShouldBe(new PlanStep(new ResourceName("account", $"demo-{tenant}"), StepAction.Create, "each client has one of its own"));
        await AllAsync(harness.Target.ApplyAsync(plan, sample, limit.Token));

        var account = await AccountAsync($"demo-{tenant}");
        var seen = await harness.Target.ObserveAsync(sample.Ref, limit.Token);
        (seen.State, seen.Health).ShouldBe((ObservedState.Running, InstanceHealth.Healthy), seen.Trouble);
        seen.Resources[0].Resource.ShouldBe(new ResourceName("account", account));
        // Nothing of it is in the account of the credentials.
        (await emulator.JsonAsync("ecs", "AmazonEC2ContainerServiceV20141113.ListClusters", "{}")).ShouldNotContain(Targets.Aws.AwsNames.Short(sample.Ref));
        (await emulator.JsonAsync("secretsmanager", "secretsmanager.ListSecrets", "{}")).ShouldNotContain($"{tenant}-prod");

        await AllAsync(harness.Target.DeleteAsync(sample.Ref, limit.Token));
        (await harness.Target.ObserveAsync(sample.Ref, limit.Token)).State.ShouldBe(ObservedState.Absent);
        var again = harness.Fit(SampleApp.Make(tenant, harness.Owner));
        (await harness.Target.PlanAsync(again, InstanceObservation.Absent(again.Ref), limit.Token)).Steps.ShouldNotContain(step => step.Resource.Kind == "account");
    }

    [NeedsEmulatorFact]
    public async Task TwoInstancesOfOneTenantThatAreMadeAtOnceShareItsAccount()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        await emulator.JsonAsync("organizations", "AWSOrganizationsV20161128.CreateOrganization", """{"FeatureSet":"ALL"}""");
        await using var harness = new AwsHarness(emulator, isReal: false, ("isolation", "account"), ("account-email", "aws+{tenant}@example.com"));
        var tenant = $"twice-{Guid.NewGuid():N}"[..12];
        var wanted = ((string[])["", "-dev", "-test"]).Select(suffix => harness.Fit(SampleApp.Make(tenant + suffix, harness.Owner))).Select(sample => sample with { Labels = sample.Labels with { Tenant = tenant } }).ToList();
        await Task.WhenAll(wanted.Select(async sample => await AllAsync(harness.Target.ApplyAsync(await harness.Target.PlanAsync(sample, InstanceObservation.Absent(sample.Ref), limit.Token), sample, limit.Token))));
        // One, or this would throw.
        (await AccountAsync($"demo-{tenant}")).ShouldNotBeEmpty();
    }

    private async Task<string> AccountAsync(string name)
    {
        var answer = JsonSerializer.Deserialize<JsonElement>(await emulator.JsonAsync("organizations", "AWSOrganizationsV20161128.ListAccounts", "{}"));
        return answer.GetProperty("Accounts").EnumerateArray().Single(account => account.GetProperty("Name").GetString() == name).GetProperty("Id").GetString()!;
    }

    private static async Task AllAsync(IAsyncEnumerable<StepEvent> steps)
    {
        await foreach (var _ in steps)
        {
            // Only the end matters.
        }
    }
}
