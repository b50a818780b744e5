using Tenantry.Model.Instances;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Contract;

namespace Tenantry.Targets.Tests.Local;

/// <summary>What an instance does under Docker's runtime.</summary>
public class RuncTests
{
    [NeedsCrunFact("runc")]
    public async Task AnInstanceUnderRuncAnswersSleepsWakesAndGoesWithoutATrace()
    {
        await using var instances = new Instances(new LocalHarness(null, null, null, ("runtime", "runc")));
        var workload = SampleApp.Make("alice", instances.Harness.Owner);

        await instances.ApplyAsync(workload);
        (await instances.ObserveAsync(workload)).ShouldSatisfyAllConditions(
            seen => seen.State.ShouldBe(ObservedState.Running), seen => seen.Health.ShouldBe(InstanceHealth.Healthy));
        await instances.AllAsync(instances.Harness.Target.SleepAsync(workload.Ref, instances.Stop));
        (await instances.ObserveAsync(workload)).State.ShouldBe(ObservedState.Stopped);
        await instances.AllAsync(instances.Harness.Target.WakeAsync(workload, instances.Stop));
        (await instances.ObserveAsync(workload)).Health.ShouldBe(InstanceHealth.Healthy);
        await instances.AllAsync(instances.Harness.Target.DeleteAsync(workload.Ref, instances.Stop));
        (await instances.ObserveAsync(workload)).State.ShouldBe(ObservedState.Absent);
    }

    [NeedsCrunFact("runc")]
    public async Task ACommandInsideThatRuncCannotRunIsRefusedWithAReason()
    {
        await using var instances = new Instances(new LocalHarness(null, null, null, ("runtime", "runc")));
        var workload = instances.Workload("alice");
        await instances.ApplyAsync(workload);

        var refused = await Should.ThrowAsync<TargetException>(instances.RunAsync(workload, "echo hello"));

        refused.Retryable.ShouldBeFalse();
        refused.Sentence.ShouldContain("runc cannot run commands inside");
    }
}
