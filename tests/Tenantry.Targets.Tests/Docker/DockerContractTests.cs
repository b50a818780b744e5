using Tenantry.Targets.Contract;

namespace Tenantry.Targets.Tests.Docker;

[Collection(EngineTests.Name)]
public sealed class DockerContractTests(EngineFixture engine) : TargetContract
{
    protected override Task<ContractHarness> OpenAsync() => Task.FromResult<ContractHarness>(new DockerHarness(engine));
}
