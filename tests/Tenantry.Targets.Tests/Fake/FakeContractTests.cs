using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Fake;

namespace Tenantry.Targets.Tests.Fake;

public sealed class FakeContractTests : TargetContract
{
    protected override Task<ContractHarness> OpenAsync() => Task.FromResult<ContractHarness>(new FakeHarness());

    private sealed class FakeHarness : ContractHarness
    {
        private readonly FakeWorld world = new();
        private readonly FakeScript script = new();

        public FakeHarness() => Target = Reopen();

        public override bool ShowsFiles => false;

        public override ITarget Target { get; }

        public override ITarget Reopen() => new FakeTarget(
            new TargetContext(
                "fake",
                Owner,
                Path.GetTempPath(),
                Path.GetTempPath(),
                new Dictionary<string, string>(StringComparer.Ordinal),
                TimeProvider.System,
                NullLogger.Instance),
            world,
            script);

        public override InstanceWorkload Failing(InstanceWorkload workload)
        {
            script.Next(FakeCall.Step, new FakeReaction.Fail("web ended with code 3. Its last line: boom", Retryable: true), workload.Ref.Id);
            return workload;
        }

        public override Task KillAsync(InstanceRef instance)
        {
            world.Crash(instance.Id, "killed by hand");
            return Task.CompletedTask;
        }

        public override ValueTask DisposeAsync()
        {
            world.Violations.ShouldBeEmpty();
            return ValueTask.CompletedTask;
        }
    }
}
