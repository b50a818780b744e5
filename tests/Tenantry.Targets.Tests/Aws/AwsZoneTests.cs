using System.Text.Json;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Contract;

namespace Tenantry.Targets.Tests.Aws;

/// <summary>Availability zones: which there are is each account's own.</summary>
[Collection(AwsEmulatorTests.Name)]
public sealed class AwsZoneTests(AwsEmulatorFixture emulator)
{
    [NeedsEmulatorFact]
    public async Task AZoneThatTheAccountDoesNotHaveIsNamedByTheCheckWithThoseThatItHas()
    {
        await using var harness = new AwsHarness(emulator, isReal: false, ("zones", "eu-central-1a,eu-central-1z"));
        var report = await harness.Target.ProbeAsync(default);
        var finding = report.Findings.Where(one => one.Subject == "zones").ShouldHaveSingleItem();
        (report.Works, finding.Level, finding.Message).ShouldBe((false, ProbeLevel.Missing, "This account has no zone eu-central-1z. It has: eu-central-1a, eu-central-1b, eu-central-1c."));
        finding.Fix.ShouldBe("tenantry target set aws --option zones=eu-central-1a,eu-central-1b");
    }

    [NeedsEmulatorFact]
    public async Task ZonesAreCorrectedWhileNothingStandsAndStayAfterwards()
    {
        await using var harness = new AwsHarness(emulator, isReal: false, ("zones", "eu-central-1a,eu-central-1z"));
        var sample = harness.Fit(SampleApp.Make($"zone-{Guid.NewGuid():N}"[..12], harness.Owner));
        var held = $"{AwsEmulatorFixture.Bucket}/{harness.Owner}/states/{sample.Ref.Slug}-prod/instance.tfstate.tflock";
        using (var put = await emulator.SendAsync(HttpMethod.Put, held, "s3", """{"ID":"42","Operation":"apply","Info":"","Who":"ann@laptop","Version":"1.11.4","Created":"2026-11-29T07:49:28Z","Path":"x"}"""))
            put.IsSuccessStatusCode.ShouldBeTrue();
        await Should.ThrowAsync<TargetException>(() => ConvergeAsync(harness.Target, sample));
        (await ZonesAsync(harness, sample)).ShouldBe("""["eu-central-1a","eu-central-1z"]""", "nothing was made");
        using (var gone = await emulator.SendAsync(HttpMethod.Delete, held, "s3"))
            gone.IsSuccessStatusCode.ShouldBeTrue();

        var corrected = harness.Open(("zones", "eu-central-1a,eu-central-1b"));
        await ConvergeAsync(corrected, sample);
        (await ZonesAsync(harness, sample)).ShouldBe("""["eu-central-1a","eu-central-1b"]""");
        var other = harness.Open(("zones", "eu-central-1b,eu-central-1c"));
        (await other.PlanAsync(sample, await other.ObserveAsync(sample.Ref, default), default)).Steps.ShouldBeEmpty("its subnets are where they are");
    }

    private async Task<string> ZonesAsync(AwsHarness harness, InstanceWorkload sample)
    {
        using var answer = await emulator.SendAsync(HttpMethod.Get, $"{AwsEmulatorFixture.Bucket}/{harness.Owner}/records/{harness.Owner}/{sample.Ref.Id}.json", "s3");
        return JsonSerializer.Serialize(JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync()).GetProperty("variables").GetProperty("network").GetProperty("zones"));
    }

    private static async Task ConvergeAsync(ITarget target, InstanceWorkload workload)
    {
        var plan = await target.PlanAsync(workload, await target.ObserveAsync(workload.Ref, default), default);
        await foreach (var _ in target.ApplyAsync(plan, workload, default))
        {
            // Only the end matters.
        }
    }
}
