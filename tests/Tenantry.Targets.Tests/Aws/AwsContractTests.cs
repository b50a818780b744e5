using Tenantry.Targets.Contract;

namespace Tenantry.Targets.Tests.Aws;

/// <summary>
/// Every promise, with a stand-in for Terraform that makes what it makes in no time: each run of the real program takes seconds of processor time. What the real one does is in
/// <see cref="AwsLifeTests"/>.
/// </summary>
[Collection(AwsEmulatorTests.Name)]
public sealed class AwsContractTests(AwsEmulatorFixture emulator) : TargetContract
{
    public static string? WhyNot => AwsEmulatorFixture.WhyNot;

    protected override Task<ContractHarness> OpenAsync() => Task.FromResult<ContractHarness>(new AwsHarness(emulator));
}
