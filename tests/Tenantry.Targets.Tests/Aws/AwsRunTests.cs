using System.Diagnostics;
using System.Globalization;
using System.Text;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws.Terraform;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Aws;

/// <summary>What an earlier control plane left, and what others hold.</summary>
[Collection(AwsEmulatorTests.Name)]
public sealed class AwsRunTests(AwsEmulatorFixture emulator)
{
    [NeedsEmulatorFact]
    public async Task ALockThatAnotherHoldsIsShownWithItsHolderAndNotBroken()
    {
        await using var harness = new AwsHarness(emulator);
        var sample = await RunningAsync(harness);
        await LockAsync(harness, sample, "ann@laptop");
        var changed = SampleApp.WithVariable(sample, "GREETING", "other");
        var failure = await Should.ThrowAsync<TargetException>(() => ConvergeAsync(harness, changed));
        failure.Retryable.ShouldBeTrue();
        failure.Sentence.ShouldContain("is held by ann@laptop since 2026-11-29 07:49:28 UTC (apply). If nobody works on it any more, give it free: tenantry target unlock run-");
        using (var answer = await emulator.SendAsync(HttpMethod.Delete, LockPath(harness, sample), "s3"))
            answer.IsSuccessStatusCode.ShouldBeTrue();
        await ConvergeAsync(harness, changed);
        (await harness.Target.ObserveAsync(sample.Ref, CancellationToken.None)).WorkloadDigest.ShouldBe(changed.Digest);
    }

    [NeedsEmulatorFact]
    public async Task ALockThatOurDeadRunLeftIsGivenFreeByTheNextPass()
    {
        await using var harness = new AwsHarness(emulator);
        var sample = await RunningAsync(harness);
        await LockAsync(harness, sample, $"root@{Environment.MachineName}");
        WriteRun(harness, sample, new ProcessIdentity(1, 1, "another boot"));
        var changed = SampleApp.WithVariable(sample, "GREETING", "other");
        await ConvergeAsync(harness, changed);
        (await harness.Target.ObserveAsync(sample.Ref, CancellationToken.None)).WorkloadDigest.ShouldBe(changed.Digest);
        using var left = await emulator.SendAsync(HttpMethod.Get, LockPath(harness, sample), "s3");
        left.IsSuccessStatusCode.ShouldBeFalse("the lock is given back");
    }

    [NeedsEmulatorFact]
    public async Task ARunThatAnEarlierControlPlaneBeganIsWaitedFor()
    {
        await using var harness = new AwsHarness(emulator);
        var sample = await RunningAsync(harness);
        using var folder = new TemporaryFolder();
        var (run, end) = StartElsewhere(folder.File("pipe"));
        using var ending = end;
        WriteRun(harness, sample, run);
        var seen = await harness.Target.ObserveAsync(sample.Ref, CancellationToken.None);
        (seen.State, seen.Trouble).ShouldBe((ObservedState.Partial, "A run of Terraform that an earlier control plane began is still at work on it."));

        var changed = SampleApp.WithVariable(sample, "GREETING", "other");
        var plan = await harness.Target.PlanAsync(changed, seen, CancellationToken.None);
        var events = new List<StepEvent>();
        await foreach (var step in harness.Target.ApplyAsync(plan, changed, CancellationToken.None))
        {
            events.Add(step);
            // It ends when it was seen to be waited for.
            if (step.Message.Contains("still at work", StringComparison.Ordinal))
                await end.DisposeAsync();
        }

        events.ShouldContain(step => step.Action == StepAction.Wait && step.Message.Contains("earlier control plane", StringComparison.Ordinal));
        (await harness.Target.ObserveAsync(sample.Ref, CancellationToken.None)).WorkloadDigest.ShouldBe(changed.Digest);
    }

    // No child of this runtime's, which waits for its own, and would end this process if somebody else had. Ends when the stream does.
    private static (ProcessIdentity Run, FileStream End) StartElsewhere(string pipe)
    {
        using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", $"mkfifo {pipe}; cat <{pipe} >/dev/null 2>&1 & echo $!"]) { RedirectStandardOutput = true })!;
        var run = int.Parse(shell.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture);
        shell.WaitForExit();
        return (ProcessIdentity.Of(run)!, new FileStream(pipe, FileMode.Open, FileAccess.Write));
    }

    private static async Task<InstanceWorkload> RunningAsync(AwsHarness harness)
    {
        var sample = harness.Fit(SampleApp.Make($"run-{Guid.NewGuid():N}"[..12], harness.Owner));
        sample = SampleApp.Digested(sample);
        await ConvergeAsync(harness, sample);
        return sample;
    }

    private static async Task ConvergeAsync(AwsHarness harness, InstanceWorkload workload)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        var plan = await harness.Target.PlanAsync(workload, await harness.Target.ObserveAsync(workload.Ref, limit.Token), limit.Token);
        await foreach (var _ in harness.Target.ApplyAsync(plan, workload, limit.Token))
        {
            // Only the end matters.
        }
    }

    private static void WriteRun(AwsHarness harness, InstanceWorkload sample, ProcessIdentity process) => AtomicFile.WriteJson(
        Path.Combine(harness.Folder, "data", "runs", $"{sample.Labels.Tenant}-prod.run.json"), new TerraformRun(process, new DateTimeOffset(2026, 11, 29, 7, 49, 27, TimeSpan.Zero)), durable: false);

    private static string LockPath(AwsHarness harness, InstanceWorkload sample) => $"{AwsEmulatorFixture.Bucket}/{harness.Owner}/states/{sample.Labels.Tenant}-prod/instance.tfstate.tflock";

    private async Task LockAsync(AwsHarness harness, InstanceWorkload sample, string who)
    {
        var body = $$"""{"ID":"42","Operation":"OperationTypeApply","Info":"","Who":"{{who}}","Version":"1.11.4","Created":"2026-11-29T07:49:28.848497136Z","Path":"x"}""";
        using var answer = await emulator.SendAsync(HttpMethod.Put, LockPath(harness, sample), "s3", body);
        answer.IsSuccessStatusCode.ShouldBeTrue(Encoding.UTF8.GetString(await answer.Content.ReadAsByteArrayAsync()));
    }
}
