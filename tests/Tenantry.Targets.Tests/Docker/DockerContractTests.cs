using Tenantry.Targets.Contract;

namespace Tenantry.Targets.Tests.Docker;

[Collection(EngineTests.Name)]
public sealed class DockerContractTests(EngineFixture engine) : TargetContract
{
    public static string? WhyNot => NeedsDockerFactAttribute.WhyNotHere;

    protected override Task<ContractHarness> OpenAsync() => Task.FromResult<ContractHarness>(new DockerHarness(engine));
}
