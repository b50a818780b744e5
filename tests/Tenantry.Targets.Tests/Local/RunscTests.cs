using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Contract;

namespace Tenantry.Targets.Tests.Local;

/// <summary>What gVisor gives and takes. That it keeps the contract: <see cref="RunscContractTests"/>.</summary>
public class RunscTests
{
    [NeedsCrunFact("runsc")]
    public async Task AnInstanceUnderGVisorHasAKernelOfItsOwn()
    {
        await using var instances = new Instances(new LocalHarness());
        var workload = instances.Workload("alice");
        await instances.ApplyAsync(SampleApp.WithLimits(workload, workload.Limits with { Runtime = "runsc", Pids = 128, MemoryBytes = 128 << 20 }));

        var (code, output) = await instances.RunAsync(workload, "uname -v; dmesg");

        code.ShouldBe(0);
        output.ShouldContain("gVisor");
        output.ShouldNotContain((await File.ReadAllTextAsync("/proc/sys/kernel/version", instances.Stop)).Trim());
    }

    [NeedsCrunFact("runsc")]
    public async Task ATierTooSmallForGVisorIsRefusedBeforeAnythingIsMade()
    {
        await using var instances = new Instances(new LocalHarness());
        var workload = instances.Workload("alice");
        var small = SampleApp.WithLimits(workload, workload.Limits with { Runtime = "runsc" });

        var refused = await Should.ThrowAsync<TargetException>(instances.ApplyAsync(small));

        refused.Retryable.ShouldBeFalse();
        refused.Sentence.ShouldContain("at least 128 pids and 128 MiB");
        (await instances.ObserveAsync(workload)).State.ShouldBe(Tenantry.Model.Instances.ObservedState.Absent);
    }
}
