using System.Net;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws;
using Tenantry.Targets.Contract;

namespace Tenantry.Targets.Tests.Aws;

/// <summary>What another control plane made with the same module set: taken over with its state, its names and its network; holds and bills.</summary>
[Collection(AwsEmulatorTests.Name)]
public sealed class AwsTakeoverTests(AwsEmulatorFixture emulator)
{
    [NeedsEmulatorFact]
    public async Task AWorkspaceOfAnotherControlPlaneIsTakenOverWithItsNamesAndItsNetwork()
    {
        await using var old = new AwsHarness(emulator, isReal: false, ("pools", "10.77.0.0/16"));
        await using var heir = new AwsHarness(emulator);
        var (made, source) = await MadeAsync(old);
        var wanted = SampleApp.Digested(made with { Ref = new InstanceRef($"i{Guid.NewGuid():N}", made.Ref.Slug, heir.Owner) });

        var plan = await heir.Aws.PlanAdoptionAsync(wanted, source, default);
        plan.Steps.ShouldAllBe(step => step.Action == StepAction.Update || step.Resource.Kind == "task");
        (await heir.Target.ListOwnedAsync(heir.Owner, default)).ShouldBeEmpty();
        await heir.Aws.OfferAsync(wanted, source, default);
        await heir.Aws.OfferAsync(wanted, source, default);
        await ConvergeAsync(heir, wanted);

        var seen = await heir.Target.ObserveAsync(wanted.Ref, default);
        (seen.State, seen.WorkloadDigest, seen.Health).ShouldBe((ObservedState.Running, wanted.Digest, InstanceHealth.Healthy), seen.Trouble);
        (await heir.Ranges.FindAsync(wanted.Ref.Id, default)).ShouldBe(IPNetwork.Parse("10.77.0.0/16"));
        (await heir.Ranges.FindAsync(INetworkRanges.Reserved($"{made.Ref.Slug}-prod"), default)).ShouldBeNull();
        // One cluster, under the name that it had.
        (await emulator.JsonAsync("ecs", "AmazonEC2ContainerServiceV20141113.ListClusters", "{}")).ShouldContain(AwsNames.Short(made.Ref));
        (await emulator.JsonAsync("ecs", "AmazonEC2ContainerServiceV20141113.ListClusters", "{}")).ShouldNotContain(AwsNames.Short(wanted.Ref));
        (await heir.Target.PlanAsync(wanted, seen, default)).Steps.ShouldBeEmpty();
        await Should.ThrowAsync<TargetException>(() => heir.Aws.OfferAsync(wanted, source, default));
        await AllAsync(heir.Target.DeleteAsync(wanted.Ref, default));
    }

    [NeedsEmulatorFact]
    public async Task WhatWouldHaveToBeMadeAnewIsNotTakenOver()
    {
        await using var old = new AwsHarness(emulator);
        await using var heir = new AwsHarness(emulator, isReal: false, ("zones", "eu-central-1b,eu-central-1c"));
        var (made, source) = await MadeAsync(old);
        var wanted = SampleApp.Digested(made with { Ref = new InstanceRef($"i{Guid.NewGuid():N}", made.Ref.Slug, heir.Owner) });
        var refused = await Should.ThrowAsync<TargetException>(() => heir.Aws.OfferAsync(wanted, source, default));
        (refused.Retryable, refused.Message).ShouldBe((false, $"Taking {made.Ref.Slug}-prod over would remove or make anew module.network.aws_vpc.this, module.network.aws_subnet.public[0]: nothing was changed."));
        (await heir.Ranges.FindAsync(INetworkRanges.Reserved($"{made.Ref.Slug}-prod"), default)).ShouldBeNull();
        await AllAsync(old.Target.DeleteAsync(made.Ref, default));
    }

    [Fact]
    public void EveryMistakeInWhatIsOfferedIsToldAtOnce()
    {
        var sample = SampleApp.Make("alice", "owner");
        var refused = Should.Throw<TargetException>(() => AwsAdoption.Read(sample, new AdoptionSource("""{"version":4,"serial":1,"outputs":{},"resources":[]}""", """{"workspace":"bob-prod","network":{"cidr":"10.X.0.0/16"}}""")));
        refused.Message.ShouldBe("alice-prod cannot be taken over: its state is none of this module set: it has no module.service.aws_ecs_service.this; its variables are of the workspace 'bob-prod', and this instance's is alice-prod; its variables have no name; its variables have no network.cidr that is a network ('10.X.0.0/16').");
    }

    [NeedsEmulatorFact]
    public async Task AHoldIsShownWithItsHolderAndBrokenOnlyOnRequest()
    {
        await using var harness = new AwsHarness(emulator);
        var (sample, _) = await MadeAsync(harness);
        (await harness.Aws.FindHolderAsync(sample.Ref, default)).ShouldBeNull();
        var path = $"{AwsEmulatorFixture.Bucket}/{harness.Owner}/states/{sample.Ref.Slug}-prod/instance.tfstate.tflock";
        var body = """{"ID":"42","Operation":"OperationTypeApply","Info":"","Who":"ann@laptop","Version":"1.11.4","Created":"2026-11-29T07:49:28Z","Path":"x"}""";
        using (var put = await emulator.SendAsync(HttpMethod.Put, path, "s3", body))
            put.IsSuccessStatusCode.ShouldBeTrue();
        var held = (await harness.Aws.FindHolderAsync(sample.Ref, default)).ShouldNotBeNull();
        held.ShouldBe(new StateHolder("42", "ann@laptop", "apply", new DateTimeOffset(2026, 11, 29, 7, 49, 28, TimeSpan.Zero), IsAtWork: false));
        (await Should.ThrowAsync<TargetException>(() => harness.Aws.BreakHoldAsync(sample.Ref, "41", default))).Message.ShouldContain("is held by ann@laptop");
        await harness.Aws.BreakHoldAsync(sample.Ref, "42", default);
        (await harness.Aws.FindHolderAsync(sample.Ref, default)).ShouldBeNull();
        await AllAsync(harness.Target.DeleteAsync(sample.Ref, default));
    }

    [NeedsEmulatorFact]
    public async Task AProgramOfAnotherNameDrivesAWholeLife()
    {
        var tofu = Path.Combine(Directory.CreateTempSubdirectory("tenantry-test-").FullName, "tofu");
        File.CreateSymbolicLink(tofu, AwsHarness.StandInProgram);
        await using var harness = new AwsHarness(emulator, isReal: false, ("program", tofu));
        (await harness.Target.ProbeAsync(default)).Findings.ShouldContain(finding => finding.Subject == "terraform" && finding.Message.StartsWith("tofu 1.", StringComparison.Ordinal));
        var (sample, _) = await MadeAsync(harness);
        (await harness.Target.ObserveAsync(sample.Ref, default)).State.ShouldBe(ObservedState.Running);
        await AllAsync(harness.Target.DeleteAsync(sample.Ref, default));
        (await harness.Target.ListOwnedAsync(harness.Owner, default)).ShouldBeEmpty();
        Directory.Delete(Path.GetDirectoryName(tofu)!, recursive: true);
    }

    [NeedsEmulatorFact]
    public async Task ABillIsReadByTheTagsThatEverythingCarries()
    {
        await using var harness = new AwsHarness(emulator);
        var (sample, _) = await MadeAsync(harness);
        var answer = $$$$"""
            {"results":[{"ResultsByTime":[{"TimePeriod":{"Start":"2026-11-01","End":"2026-12-01"},"Estimated":true,"Total":{},"Groups":[
              {"Keys":["Workspace${{{{sample.Ref.Slug}}}}-prod"],"Metrics":{"UnblendedCost":{"Amount":"12.5000000001","Unit":"USD"}}},
              {"Keys":["Workspace$gone-prod"],"Metrics":{"UnblendedCost":{"Amount":"3","Unit":"USD"}}},
              {"Keys":["Workspace$"],"Metrics":{"UnblendedCost":{"Amount":"99","Unit":"USD"}}}]}]}]}
            """;
        using (var queued = await emulator.SendAsync(HttpMethod.Post, "moto-api/static/ce/cost-and-usage-results", "ce", answer))
            queued.IsSuccessStatusCode.ShouldBeTrue();
        var costs = await harness.Aws.ReadCostsAsync(harness.Owner, new DateOnly(2026, 11, 1), default);
        costs.ShouldBe([new ActualCost(new InstanceRef("", "gone-prod", harness.Owner), new Money(3, "USD")), new ActualCost(sample.Ref, new Money(12.5000000001m, "USD"))], ignoreOrder: true);
        await AllAsync(harness.Target.DeleteAsync(sample.Ref, default));
    }

    private async Task<(InstanceWorkload Made, AdoptionSource Source)> MadeAsync(AwsHarness harness)
    {
        var sample = SampleApp.Digested(harness.Fit(SampleApp.Make($"old-{Guid.NewGuid():N}"[..12], harness.Owner)));
        await ConvergeAsync(harness, sample);
        using var state = await emulator.SendAsync(HttpMethod.Get, $"{AwsEmulatorFixture.Bucket}/{harness.Owner}/states/{sample.Ref.Slug}-prod/instance.tfstate", "s3");
        using var record = await emulator.SendAsync(HttpMethod.Get, $"{AwsEmulatorFixture.Bucket}/{harness.Owner}/records/{harness.Owner}/{sample.Ref.Id}.json", "s3");
        var variables = System.Text.Json.Nodes.JsonNode.Parse(await record.Content.ReadAsStringAsync())!["variables"]!.ToJsonString();
        return (sample, new AdoptionSource(await state.Content.ReadAsStringAsync(), variables));
    }

    private static async Task ConvergeAsync(AwsHarness harness, InstanceWorkload workload) =>
        await AllAsync(harness.Target.ApplyAsync(await harness.Target.PlanAsync(workload, await harness.Target.ObserveAsync(workload.Ref, default), default), workload, default));

    private static async Task AllAsync(IAsyncEnumerable<StepEvent> steps)
    {
        await foreach (var _ in steps)
        {
            // Only the end matters.
        }
    }
}
