using Tenantry.Model.Workloads;
using Tenantry.Targets.Contract;

namespace Tenantry.Targets.Tests.Local;

/// <summary>The whole contract under gVisor.</summary>
public sealed class RunscContractTests : TargetContract
{
    public static string? WhyNot => NeedsCrunFactAttribute.WhyNotWith("runsc");

    protected override Task<ContractHarness> OpenAsync() =>
        Task.FromResult<ContractHarness>(new LocalHarness(fit: Fit, options: ("runtime", "runsc")));

    // gVisor's own kernel takes threads and memory out of the instance's limits.
    private static InstanceWorkload Fit(InstanceWorkload workload) =>
        SampleApp.WithLimits(workload, workload.Limits with { Pids = 256, MemoryBytes = 256 << 20 });
}
